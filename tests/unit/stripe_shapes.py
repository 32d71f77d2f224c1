"""Does an object look as Stripe's SDK says? Walks the typed classes; unknown fields and wrong types are named."""

import inspect
import sys
import types
import typing
from collections.abc import Iterator
from typing import Any

import stripe
from stripe._stripe_object import StripeObject, UntypedStripeObject

KINDS: dict[str, type[StripeObject]] = {
    "account": stripe.Account,
    "balance": stripe.Balance,
    "balance_transaction": stripe.BalanceTransaction,
    "billing_portal.session": stripe.billing_portal.Session,
    "charge": stripe.Charge,
    "checkout.session": stripe.checkout.Session,
    "customer": stripe.Customer,
    "dispute": stripe.Dispute,
    "event": stripe.Event,
    "invoice": stripe.Invoice,
    "invoice_payment": stripe.InvoicePayment,
    "payment_intent": stripe.PaymentIntent,
    "payout": stripe.Payout,
    "refund": stripe.Refund,
    "subscription": stripe.Subscription,
    "webhook_endpoint": stripe.WebhookEndpoint,
}
# A class that the SDK imports for type checkers only, under a name of its own: always a link to another object.
ANOTHER = object()


def faults(found: dict[str, Any]) -> list[str]:
    """What is wrong with an object."""
    if found["object"] == "event":
        inner = found["data"]["object"]
        return [*_fields(found | {"data": {}}, stripe.Event, "event"), *_fields(inner, KINDS[inner["object"]], "data")]
    return list(_fields(found, KINDS[found["object"]], found["object"]))


def _fields(found: dict[str, Any], cls: type, path: str) -> Iterator[str]:
    known: dict[str, tuple[Any, type]] = {}
    for base in reversed(cls.__mro__):
        known |= {name: (hint, base) for name, hint in inspect.get_annotations(base).items()}
    for name, value in found.items():
        if name not in known:
            yield f"{path}.{name} is unknown"
        else:
            yield from _value(value, *known[name], f"{path}.{name}")


def _value(value: Any, hint: Any, owner: type, path: str) -> Iterator[str]:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        tries = [list(_value(value, one, owner, path)) for one in inner]
        if all(tries):
            yield min(tries, key=lambda one: (f"{path} is " in one[0], len(one)))[0]
    elif origin is typing.Literal:
        if value not in inner:
            yield f"{path} is {value!r}, not one of {inner}"
    elif isinstance(hint, (str, typing.ForwardRef)):
        yield from _value(value, _named(hint if isinstance(hint, str) else hint.__forward_arg__, owner), owner, path)
    elif origin is list or (origin and origin.__name__ == "ListObject"):
        entries = value.get("data") if isinstance(value, dict) and origin is not list else value
        if not isinstance(entries, list):
            yield f"{path} is no list"
        for number, one in enumerate(entries or []):
            yield from _value(one, inner[0], owner, f"{path}[{number}]")
    elif origin is dict or origin is UntypedStripeObject or hint is UntypedStripeObject:
        if not isinstance(value, dict):
            yield f"{path} is {value!r}"
    elif isinstance(hint, type) and issubclass(hint, StripeObject):
        if isinstance(value, dict):
            yield from _fields(value, hint, path)
        else:
            yield f"{path} is {value!r}, not a {hint.__name__}"
    elif hint is ANOTHER:
        if not isinstance(value, str) and not (isinstance(value, dict) and "object" in value):
            yield f"{path} is {value!r}, no object and no id"
    elif isinstance(hint, type) and not _fits(value, hint):
        yield f"{path} is {value!r}, not {hint.__name__}"


def _fits(value: Any, hint: type) -> bool:
    if hint.__name__ == "Decimal":  # on the wire a text
        return isinstance(value, str)
    return isinstance(value, (int, float) if hint is float else hint) and not (hint is int and isinstance(value, bool))


def _named(name: str, owner: type) -> Any:
    """A class by its name: of the owner's module, of the SDK, or nested as in `Charge.Outcome`."""
    found: Any = sys.modules[owner.__module__]
    for part in name.split("."):
        found = getattr(found, part, None) or getattr(stripe, part, None)
    return found or ANOTHER
