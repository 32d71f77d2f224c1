"""Reads from Stripe all that it holds now about one payment or one monthly gift. What a webhook told is not asked."""

from collections.abc import Iterator
from dataclasses import replace

from connector.stripe_api import Object, StripeApi, expanded
from connector.webhooks import parsing
from connector.webhooks.objects import Payment, Person, Subscription
from connector.webhooks.parsing import moment


def payment(api: StripeApi, id_: str) -> Payment:
    """A PaymentIntent with its charges, refunds, disputes, and with the Checkout or the monthly gift it belongs to.

    Four or five reads, one more for a debit: a card's money never goes back by itself. Raises what the door to Stripe
    raises; NotFound when it is not of this account.
    """
    found = api.payment_intent(id_)
    charge = expanded(found, "latest_charge")
    is_debit = bool(charge and charge["id"].startswith("py_"))
    bounced = api.earlier_charges(id_, charge["id"]) if charge and is_debit else ()
    session = api.session_of(payment_intent=id_)
    invoice = None if session else api.invoice_of(id_)
    made = Payment(
        id=id_,
        status=found["status"],
        amount=int(found["amount"]),
        currency=found["currency"],
        livemode=bool(found["livemode"]),
        canceled=moment(found.get("canceled_at")),
        metadata=_metadata(session, found),
        charge=parsing.charge(charge) if charge else None,
        bounced=tuple(one for one in map(parsing.charge, bounced) if one.has_bounced),
        refunds=tuple(map(parsing.refund, api.refunds(id_))) if charge else (),
        disputes=tuple(map(parsing.dispute, api.disputes(id_))) if charge else (),
        invoice=str(invoice["id"]) if invoice else "",
        subscription=subscription_of(invoice) if invoice else "",
        is_complete=bool(session) or is_debit,
    )
    if session:
        made = replace(made, session=session["id"], message=_message(session))
    return replace(made, person=_giver(session, made))


def subscription(api: StripeApi, id_: str) -> Subscription:
    """A Subscription with its giver."""
    return parsing.subscription(api.subscription(id_))


def payments_of(invoice: Object) -> Iterator[str]:
    """The PaymentIntents that paid an Invoice or try to; it may have several."""
    for one in (invoice.get("payments") or {}).get("data") or ():
        intent = one["payment"].get("payment_intent")
        if intent and one["status"] != "canceled":
            yield str(intent["id"] if isinstance(intent, dict) else intent)


def subscription_of(invoice: Object) -> str:
    """The Subscription that an Invoice belongs to, empty for none."""
    details = (invoice.get("parent") or {}).get("subscription_details") or {}
    found = details.get("subscription") or ""
    return str(found["id"] if isinstance(found, dict) else found)


def _metadata(session: Object | None, intent: Object) -> dict[str, str]:
    both = {**((session or {}).get("metadata") or {}), **(intent.get("metadata") or {})}
    return {str(name): str(value) for name, value in both.items()}


def _message(session: Object) -> str:
    """What the giver wrote into Checkout's own text fields."""
    texts = [(one.get("text") or {}).get("value") for one in session.get("custom_fields") or ()]
    return " / ".join(text.strip() for text in texts if text and text.strip())


def _giver(session: Object | None, made: Payment) -> Person:
    """As Checkout has it; where that says nothing, as the card or the bank has it."""
    given = parsing.person((session or {}).get("customer_details"))
    return given if given != Person() or made.charge is None else made.charge.person
