"""PaymentIntents and charges: tried, declined, on their way, arrived, bounced."""

from typing import Any

from sandbox.stripe import money
from sandbox.stripe.balance import transaction
from sandbox.stripe.shapes import Json, new, part
from sandbox.stripe.world import Refused, World

FAILURES = {
    "card_declined": "Your card was declined.",
    "expired_card": "Your card has expired.",
    "insufficient_funds": "The customer's account has insufficient funds to cover this payment.",
    "debit_not_authorized": "The customer has notified their bank that this payment was unauthorized.",
}


def intent(world: World, amount: int, currency: str, **values: Any) -> Json:
    """A new PaymentIntent, of which nothing is told yet."""
    id = world.id("pi")
    made = new("payment_intent", id=id, amount=amount, currency=currency, created=world.clock)
    made.update(client_secret=f"{id}_secret_{'x' * 12}", status="requires_payment_method", **values)
    return world.put(made)


def charge(world: World, found: Json, method: str, who: Json) -> Json:
    """A new try to get the money of a PaymentIntent; `who` is the giver's details."""
    bank = method == "sepa_debit"
    made = new(
        "charge",
        id=world.id("py" if bank else "ch"),
        amount=found["amount"],
        amount_captured=found["amount"],
        currency=found["currency"],
        created=world.clock,
        customer=found["customer"],
        description=found["description"],
        metadata=dict(found["metadata"]),
        payment_intent=found["id"],
        payment_method=world.id("pm"),
        billing_details={key: who.get(key) for key in ("address", "email", "name", "phone")} | {"tax_id": None},
        receipt_email=who.get("email"),
        payment_method_details=part(method),
        outcome=part("authorized"),
        status="pending" if bank else "succeeded",
        paid=not bank,
        balance_transaction=None,
    )
    if not bank:
        made["payment_method_details"]["card"]["amount_authorized"] = found["amount"]
        made["payment_method_details"]["card"]["overcapture"]["maximum_amount_capturable"] = found["amount"]
    world.method_of[made["id"]] = method
    found.update(latest_charge=made["id"], payment_method_types=[method])
    return world.put(made)


def succeed(world: World, found: Json, made: Json, settles_now: bool) -> None:
    """The money came: told by the charge, then by the PaymentIntent. Cards settle a moment later, debits at once."""
    made.update(status="succeeded", paid=True, captured=True)
    if settles_now:
        made["balance_transaction"] = settle(world, made)["id"]
    world.tell("charge.succeeded", made)
    world.change(
        "payment_intent.succeeded",
        found,
        status="succeeded",
        amount_received=found["amount"],
        payment_method=made["payment_method"],
        last_payment_error=None,
        next_action=None,
    )


def settle(world: World, made: Json) -> Json:
    """The balance transaction of a charge."""
    method = world.method_of[made["id"]]
    euro = money.settled(made["amount"], made["currency"]).amount
    type = "payment" if made["id"].startswith("py_") else "charge"
    fee = money.fee(euro, method)
    return transaction(world, type, made["amount"], made["currency"], source=made["id"], fee=fee)


def tell_fee(world: World, made: Json) -> None:
    """Settled, and so the fee is known: the charge gets its balance transaction."""
    if made["balance_transaction"] or made["status"] != "succeeded":
        raise Refused(f"{made['id']} is {made['status']}, with {made['balance_transaction']}")
    receipt = f"https://pay.example.org/receipts/{made['id']}"
    world.change("charge.updated", made, balance_transaction=settle(world, made)["id"], receipt_url=receipt)


def fail(world: World, found: Json, made: Json, code: str = "") -> None:
    """The charge failed; the PaymentIntent waits for another way to pay."""
    bank = made["id"].startswith("py_")
    code = code or ("insufficient_funds" if bank else "card_declined")
    message = FAILURES.get(code, "The payment failed.")
    outcome = part("declined") | {"reason": code}
    made.update(amount_captured=0, captured=False, paid=False, outcome=outcome, status="failed")
    world.change("charge.failed", made, failure_code=code, failure_message=message)
    error = {"charge": made["id"], "decline_code": code, "message": message, "type": "card_error"}
    error["code"] = "payment_intent_payment_attempt_failed" if bank else code
    world.change(
        "payment_intent.payment_failed",
        found,
        status="requires_payment_method",
        amount_received=0,
        payment_method=None,
        last_payment_error=error,
    )


def intent_of(world: World, step: Json) -> Json:
    """The PaymentIntent that a step names, by itself, by a charge or by a session."""
    for key in ("payment_intent", "charge", "session"):
        if step.get(key):
            found = world.get(step[key])
            return found if found["object"] == "payment_intent" else world.get(found["payment_intent"])
    return list(world.of("payment_intent"))[-1] if any(world.of("payment_intent")) else world.get("pi_none")


def charge_of(world: World, step: Json) -> Json:
    """The charge that a step names, by itself or by its PaymentIntent; else the newest."""
    if step.get("charge"):
        return world.get(step["charge"], "charge")
    return world.get(str(intent_of(world, step)["latest_charge"]), "charge")


def session_of(world: World, found: Json) -> Json | None:
    """The session through which a PaymentIntent was made."""
    return next(world.of("checkout.session", payment_intent=found["id"]), None)
