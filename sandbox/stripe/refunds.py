"""Refunds: at once or pending, succeeded, failed after all, canceled."""

from sandbox.stripe import payments
from sandbox.stripe.balance import transaction
from sandbox.stripe.shapes import Json, new
from sandbox.stripe.world import Refused, World


def refund(world: World, step: Json) -> Json:
    """Give a charge back, in full or `amount` of it; `status` succeeded, pending or requires_action."""
    made = payments.charge_of(world, step)
    amount = int(step.get("amount") or made["amount"] - made["amount_refunded"])
    if made["status"] != "succeeded" or not 0 < amount <= made["amount"] - made["amount_refunded"]:
        raise Refused(f"Refund amount ({amount}) is greater than unrefunded amount on charge, or there is none.")
    for dispute in world.of("dispute", charge=made["id"]):
        if not dispute["status"].startswith(("warning_", "won")):
            raise Refused(f"Charge {made['id']} has been charged back; cannot issue a refund.")
    world.advance(1)
    bank = made["id"].startswith("py_")
    status = step.get("status", "pending" if bank else "succeeded")
    found = new(
        "refund",
        id=world.id("pyr" if bank else "re"),
        amount=amount,
        charge=made["id"],
        created=world.clock,
        currency=made["currency"],
        customer=made["customer"],
        payment_intent=made["payment_intent"],
        payment_method=made["payment_method"],
        reason=step.get("reason", "requested_by_customer"),
        metadata=dict(step.get("metadata", {})),
        status=status,
    )
    if bank:
        sent = {"reference": None, "reference_status": "pending"}
        found["destination_details"] = {"type": "eu_bank_transfer", "eu_bank_transfer": sent}
    world.put(found)
    if status != "requires_action":  # then the money has not left yet
        _take(world, found)
    world.tell("refund.created", found)
    total = made["amount_refunded"] + amount
    world.change("charge.refunded", made, amount_refunded=total, refunded=total == made["amount"])
    if status == "succeeded" and not bank:
        world.advance(5)
        card = found["destination_details"]["card"] | {"reference": "7415", "reference_status": "available"}
        _updated(world, found, destination_details={"card": card, "type": "card"})
    return found


def _take(world: World, found: Json) -> None:
    type = "payment_refund" if found["id"].startswith("pyr_") else "refund"
    left = transaction(
        world, type, -found["amount"], found["currency"], source=found["id"], description="REFUND FOR CHARGE"
    )
    found["balance_transaction"] = left["id"]


def _updated(world: World, found: Json, **values: object) -> None:
    """Told twice: once by its own name, once by the old one."""
    event = world.change("refund.updated", found, **values)
    world.tell("charge.refund.updated", found, event["data"].get("previous_attributes"))


def _refund_of(world: World, step: Json, *statuses: str) -> Json:
    found = world.get(step["refund"], "refund") if step.get("refund") else list(world.of("refund"))[-1]
    if found["status"] not in statuses:
        raise Refused(f"{found['id']} is {found['status']}")
    world.advance(1)
    return found


def refund_succeeds(world: World, step: Json) -> None:
    """A pending refund arrived at the giver."""
    found = _refund_of(world, step, "pending", "requires_action")
    if not found["balance_transaction"]:
        _take(world, found)
    _updated(world, found, status="succeeded")


def refund_fails(world: World, step: Json) -> None:
    """It came back, maybe after it had succeeded: the money is ours again."""
    found = _refund_of(world, step, "pending", "requires_action", "succeeded")
    found["failure_reason"] = step.get("reason", "lost_or_stolen_card")
    _undo(world, found)
    world.change("refund.failed", found, status="failed")
    world.tell("charge.refund.updated", found)
    _give_up(world, found)


def refund_canceled(world: World, step: Json) -> None:
    """Taken back before it left."""
    found = _refund_of(world, step, "pending", "requires_action")
    _undo(world, found)
    _updated(world, found, status="canceled")
    _give_up(world, found)


def _undo(world: World, found: Json) -> None:
    if found["balance_transaction"]:
        name = "REFUND FAILURE"
        back = transaction(
            world, "refund_failure", found["amount"], found["currency"], source=found["id"], description=name
        )
        found["failure_balance_transaction"] = back["id"]


def _give_up(world: World, found: Json) -> None:
    made = world.get(found["charge"])
    world.change("charge.updated", made, amount_refunded=made["amount_refunded"] - found["amount"], refunded=False)
