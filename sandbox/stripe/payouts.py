"""Payouts: everything that has settled goes to the bank, less what Stripe keeps for itself."""

from sandbox.stripe.balance import transaction
from sandbox.stripe.shapes import Json, new
from sandbox.stripe.world import DAY, Refused, World


def payout(world: World, step: Json) -> None:
    """Pay out what has settled; `fee` makes a line of Stripe's own, `early` takes also what has not settled yet."""
    world.advance(1)
    fee = int(step.get("fee", 0))
    lines = [
        line
        for line in world.of("balance_transaction")
        if line["id"] not in world.payout_of and (step.get("early") or line["available_on"] <= world.clock)
    ]
    amount = sum(line["net"] for line in lines) - fee
    if amount <= 0:
        raise Refused(f"nothing to pay out: {amount}")
    if fee:
        lines.append(transaction(world, "stripe_fee", -fee, "eur", source=None, available_on=world.clock))
        lines[-1]["description"] = "Billing - usage fee"
    found = new("payout", id=world.id("po"), amount=amount, created=world.clock, arrival_date=world.clock + 2 * DAY)
    found["automatic"] = not step.get("manual", False)
    own = _line(world, found, "payout", -amount, "STRIPE PAYOUT")
    found["balance_transaction"] = own["id"]
    world.put(found)
    if not found["automatic"]:
        found["reconciliation_status"] = "not_applicable"
    else:
        world.payout_of.update({line["id"]: found["id"] for line in [own, *lines]})
    world.tell("payout.created", found)
    if found["automatic"]:
        world.advance(3600)
        world.change("payout.updated", found, reconciliation_status="completed")
        world.tell("payout.reconciliation_completed", found)


def _line(world: World, found: Json, type: str, amount: int, name: str) -> Json:
    return transaction(world, type, amount, "eur", source=found["id"], description=name, available_on=world.clock)


def _payout_of(world: World, step: Json, *statuses: str) -> Json:
    found = world.get(step["payout"], "payout") if step.get("payout") else list(world.of("payout"))[-1]
    if found["status"] not in statuses:
        raise Refused(f"{found['id']} is {found['status']}")
    return found


def payout_paid(world: World, step: Json) -> None:
    """It should have arrived by now."""
    found = _payout_of(world, step, "in_transit", "pending")
    world.advance_to(found["arrival_date"])
    trace = {"status": "supported", "value": "ABCDEF1234567890"}
    world.change("payout.paid", found, status="paid", trace_id=trace)


def payout_fails(world: World, step: Json) -> None:
    """The bank sent it back, maybe after it was paid; the next payout brings it again."""
    found = _payout_of(world, step, "in_transit", "pending", "paid")
    world.advance(1)
    back = _line(world, found, "payout_failure", found["amount"], "STRIPE PAYOUT FAILURE")
    code, message = step.get("code", "account_closed"), "The bank account has been closed."
    values = {"failure_code": code, "failure_message": message, "failure_balance_transaction": back["id"]}
    world.change("payout.failed", found, status="failed", **values)
