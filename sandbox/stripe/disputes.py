"""Disputes: asked about, withdrawn, answered, won, lost, won after all."""

from sandbox.stripe import payments
from sandbox.stripe.balance import transaction
from sandbox.stripe.shapes import Json, new
from sandbox.stripe.world import DAY, Refused, World

FEE = 2000
REASONS = {"fraudulent": "10.4", "duplicate": "12.6", "subscription_canceled": "13.2"}


def dispute(world: World, step: Json) -> None:
    """A bank doubts a charge, or `amount` of it; with `status` warning_needs_response it only asks."""
    made = payments.charge_of(world, step)
    others = world.of("dispute", charge=made["id"])
    left = made["amount"] - sum(one["amount"] for one in others if one["status"] not in ("won", "warning_closed"))
    amount = int(step.get("amount") or min(left, made["amount"] - made["amount_refunded"]))
    if made["status"] != "succeeded" or not 0 < amount <= left:
        raise Refused(f"{made['id']} is {made['status']}, of {made['amount']}")
    world.advance(1)
    status, reason = step.get("status", "needs_response"), step.get("reason", "fraudulent")
    found = new(
        "dispute",
        id=world.id("du"),
        amount=amount,
        charge=made["id"],
        created=world.clock,
        currency=made["currency"],
        payment_intent=made["payment_intent"],
        reason=reason,
        status=status,
        is_charge_refundable=status.startswith("warning_"),
        network_reason_code=REASONS.get(reason, "10.4"),
    )
    found["evidence_details"].update(due_by=world.clock + 18 * DAY, has_evidence=False, submission_count=0)
    if made["id"].startswith("py_"):
        found.update(payment_method_details={"type": "sepa_debit"}, network_reason_code=None)
    else:
        found["payment_method_details"]["card"]["network_reason_code"] = found["network_reason_code"]
        found["payment_method_details"]["card"]["case_type"] = _case(status)
    world.put(found)
    world.hidden[found["id"]] = {"fee": int(step.get("fee", FEE))}
    if not status.startswith("warning_"):
        _withdraw(world, found)
    world.tell("charge.dispute.created", found)
    if not status.startswith("warning_"):
        world.tell("charge.dispute.funds_withdrawn", found)
    world.change("charge.updated", made, disputed=True)


def _case(status: str) -> str:
    return "inquiry" if status.startswith("warning_") else "chargeback"


def _withdraw(world: World, found: Json) -> None:
    fee = world.hidden[found["id"]]["fee"]
    _move(world, found, -found["amount"], fee, "Chargeback withdrawal")


def _move(world: World, found: Json, amount: int, fee: int, name: str) -> None:
    moved = transaction(
        world,
        "adjustment",
        amount,
        found["currency"],
        source=found["id"],
        fee=fee,
        fee_name="Dispute fee",
        description=name,
    )
    found["balance_transactions"] = [*found["balance_transactions"], moved]


def _dispute_of(world: World, step: Json, *statuses: str) -> Json:
    found = world.get(step["dispute"], "dispute") if step.get("dispute") else list(world.of("dispute"))[-1]
    if not found["status"].startswith(statuses):
        raise Refused(f"{found['id']} is {found['status']}")
    world.advance(int(step.get("days", 0)) * DAY + 1)
    return found


def dispute_escalates(world: World, step: Json) -> None:
    """An inquiry becomes a dispute: now the money goes."""
    found = _dispute_of(world, step, "warning_")
    _withdraw(world, found)
    if "card" in found["payment_method_details"]:
        found["payment_method_details"]["card"]["case_type"] = _case("needs_response")
    values = {"is_charge_refundable": False, "balance_transactions": found["balance_transactions"]}
    world.change("charge.dispute.updated", found, status="needs_response", **values)
    world.tell("charge.dispute.funds_withdrawn", found)


def dispute_answered(world: World, step: Json) -> None:
    """Evidence was sent in; the bank looks at it."""
    found = _dispute_of(world, step, "needs_response", "warning_needs_response", "appeal_needs_response")
    details = found["evidence_details"] | {"has_evidence": True, "submission_count": 1, "submission_method": "manual"}
    status = found["status"].replace("needs_response", "under_review")
    world.change("charge.dispute.updated", found, status=status, evidence_details=details)


def dispute_won(world: World, step: Json) -> None:
    """The money comes back, and the fee only with `fee_back`."""
    found = _dispute_of(world, step, "needs_response", "under_review", "warning_")
    if found["status"].startswith("warning_"):
        world.change("charge.dispute.closed", found, status="warning_closed")
        return
    _reinstate(world, found, found["amount"], bool(step.get("fee_back")))
    world.change("charge.dispute.closed", found, status="won")
    world.tell("charge.dispute.funds_reinstated", found)


def _reinstate(world: World, found: Json, amount: int, fee_back: bool) -> None:
    fee = world.hidden[found["id"]]["fee"] if fee_back else 0
    _move(world, found, amount, -fee, "Chargeback reversal")


def dispute_lost(world: World, step: Json) -> None:
    """The money stays away; `returned` of it comes back when only a part was lost."""
    found = _dispute_of(world, step, "needs_response", "under_review", "appeal_")
    returned = int(step.get("returned", 0))
    if returned:
        _reinstate(world, found, returned, bool(step.get("fee_back")))
    world.change("charge.dispute.closed", found, status="lost")
    if returned:
        world.tell("charge.dispute.funds_reinstated", found)


def dispute_appealed(world: World, step: Json) -> None:
    """A lost one is taken up once more."""
    found = _dispute_of(world, step, "lost")
    world.change("charge.dispute.updated", found, status="appeal_under_review")


def dispute_won_after_all(world: World, step: Json) -> None:
    """A lost one is won by appeal."""
    found = _dispute_of(world, step, "lost", "appeal_")
    _reinstate(world, found, found["amount"], bool(step.get("fee_back")))
    world.change("charge.dispute.updated", found, status="won")
    world.tell("charge.dispute.funds_reinstated", found)
