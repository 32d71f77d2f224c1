"""One-time gifts: by card, by bank debit, declined first, unfinished; by a guest or by a customer."""

from sandbox.stripe import checkout, invoices, payments
from sandbox.stripe.balance import transaction
from sandbox.stripe.shapes import Json, new
from sandbox.stripe.world import DAY, Refused, World


def customer(world: World, step: Json, who: Json) -> Json | None:
    """None for a guest; `customer: true` makes one, and an id names one that is there."""
    wanted = step.get("customer")
    if isinstance(wanted, str):
        return world.get(wanted, "customer")
    if not wanted:
        return None
    id = world.id("cus", 14)
    made = new("customer", id=id, created=world.clock, email=who["email"], name=who["name"], phone=who["phone"])
    made.update(address=who["address"], invoice_prefix=id[4:12].upper(), metadata=dict(step.get("metadata", {})))
    world.put(made)
    world.tell("customer.created", made)
    return made


def give(world: World, step: Json) -> None:
    """Somebody fills in the page and pays; `method` card or sepa_debit, `declines` counts the tries that fail."""
    session = checkout.give_session(world, step)
    if session["mode"] != "payment":
        raise Refused(f"{session['id']} is for {session['mode']}")
    world.advance(60)
    who = checkout.details(step)
    known = customer(world, {"customer": session["customer"]} | step, who)
    owner = known["id"] if known else None
    if session["amount_total"] == 0:
        checkout.finish(world, session, step, customer_details=who, payment_status="no_payment_required")
        return
    is_first_try = not session["payment_intent"]
    found = _intent(world, session, owner)
    if step.get("method", "card") == "sepa_debit":
        _debit(world, found, who)
        checkout.finish(world, session, step, customer_details=who)
        return
    if is_first_try:
        world.tell("payment_intent.created", found)
    for _ in range(int(step.get("declines", 0))):
        payments.fail(world, found, payments.charge(world, found, "card", who), str(step.get("code", "")))
        world.advance(30)
    if step.get("gives_up"):
        return
    world.advance(1)
    made = payments.charge(world, found, "card", who)
    payments.succeed(world, found, made, settles_now=False)
    checkout.finish(world, session, step, customer_details=who, payment_status="paid")
    if not step.get("fee_later"):
        world.advance(2)
        payments.tell_fee(world, made)


def _intent(world: World, session: Json, owner: str | None) -> Json:
    """The session's PaymentIntent: whoever was declined tries again with the same one."""
    if session["payment_intent"]:
        found = world.get(session["payment_intent"])
        found["customer"] = owner
    else:
        metadata = world.hidden.get(session["id"], {}).get("payment_metadata", {})
        found = payments.intent(world, session["amount_total"], session["currency"], customer=owner, metadata=metadata)
    session.update(payment_intent=found["id"], customer=owner)
    return found


def fee(world: World, step: Json) -> None:
    """The fee of a gift that was given with `fee_later`."""
    payments.tell_fee(world, payments.charge_of(world, step))


def _debit(world: World, found: Json, who: Json) -> None:
    made = payments.charge(world, found, "sepa_debit", who)
    world.change("payment_intent.processing", found, status="processing", payment_method=made["payment_method"])
    world.tell("charge.pending", made)


def _waiting(world: World, step: Json) -> tuple[Json, Json]:
    found = payments.intent_of(world, step)
    if found["status"] != "processing":
        raise Refused(f"{found['id']} is {found['status']}")
    world.advance(int(step.get("days", 5)) * DAY)
    return found, world.get(str(found["latest_charge"]))


def _debits(world: World, found: Json) -> list[Json]:
    """The tries by bank debit; cards that were declined before it do not count."""
    return [made for made in world.of("charge", payment_intent=found["id"]) if made["id"].startswith("py_")]


def debit_succeeds(world: World, step: Json) -> None:
    """The bank paid, after `days`."""
    found, made = _waiting(world, step)
    payments.succeed(world, found, made, settles_now=True)
    if payment := invoices.payment_of(world, found):
        invoices.arrived(world, payment)
    session = payments.session_of(world, found)
    if session and session["payment_status"] != "paid":
        session["payment_status"] = "paid"
        # A second debit is made outside Checkout, so the session has nothing to tell of it.
        if len(_debits(world, found)) == 1:
            world.tell("checkout.session.async_payment_succeeded", session)


def debit_fails(world: World, step: Json) -> None:
    """The bank refused, after `days`."""
    found, made = _waiting(world, step)
    payments.fail(world, found, made, str(step.get("code", "")))
    if payment := invoices.payment_of(world, found):
        invoices.bounced(world, payment)
    session = payments.session_of(world, found)
    if session and len(_debits(world, found)) == 1:
        world.tell("checkout.session.async_payment_failed", session)


def debit_again(world: World, step: Json) -> None:
    """The same PaymentIntent is tried once more, with a charge of its own."""
    found = payments.intent_of(world, step)
    if found["status"] != "requires_payment_method" or not found["latest_charge"]:
        raise Refused(f"{found['id']} is {found['status']}")
    before = world.get(found["latest_charge"])
    found["last_payment_error"] = None
    _debit(world, found, before["billing_details"])


def debit_bounces(world: World, step: Json) -> None:
    """The bank takes a debit back that had arrived: the charge fails, and the balance gives the money up."""
    found, made = payments.intent_of(world, step), payments.charge_of(world, step)
    if made["status"] != "succeeded" or not made["id"].startswith("py_"):
        raise Refused(f"{made['id']} is {made['status']}")
    back = transaction(world, "payment_failure_refund", -made["amount"], made["currency"], source=made["id"])
    made["failure_balance_transaction"] = back["id"]
    payments.fail(world, found, made, str(step.get("code", "debit_not_authorized")))


def cancel_payment(world: World, step: Json) -> None:
    """A PaymentIntent that will not be tried again."""
    found = payments.intent_of(world, step)
    if found["status"] in ("succeeded", "canceled"):
        raise Refused(f"{found['id']} is {found['status']}")
    reason = step.get("reason", "abandoned")
    world.change(
        "payment_intent.canceled", found, status="canceled", canceled_at=world.clock, cancellation_reason=reason
    )


def delete_customer(world: World, step: Json) -> None:
    """Only the id stays."""
    found = world.get(step["customer"], "customer")
    world.tell("customer.deleted", found)
    world.put({"id": found["id"], "object": "customer", "deleted": True})


def redact(world: World, step: Json) -> None:
    """A giver's data is erased at Stripe: everything that was paid stays, nothing says by whom."""
    email = step["email"]
    for found in world.objects.values():
        for key in ("customer_details", "billing_details"):
            if (found.get(key) or {}).get("email") == email:
                found[key].update(email=None, name=None, phone=None, address=None)
        for key in ("email", "receipt_email", "customer_email"):
            if found.get(key) == email:
                found[key] = None
                for other in {"name", "phone", "customer_name", "customer_address"} & found.keys():
                    found[other] = None
