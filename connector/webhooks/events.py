"""What a webhook tells: ids and money, never a person. Which payment, subscription or payout to look at again. Pure."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from connector.errors import UserError

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """An Event object of Stripe without its body. created: aware UTC.

    root: what has to be settled because of it: pi_…, in_…, sub_… or po_…; empty when nothing has.
    amount: in the smallest unit of currency, where its object has one.
    """

    id: str
    type: str
    object_id: str
    root: str
    livemode: bool
    account: str
    api_version: str
    created: datetime
    amount: int | None
    currency: str


# What is kept is one word of plain ASCII, as all of Stripe's ids are: PostgreSQL keeps no NUL, no database half of a
# surrogate pair, and a log no line break that somebody else wrote.
_WORD = re.compile(r"[!-~]{0,255}\Z")
_id_field = fields.String(required=True, validate=[validate.Length(min=1), validate.Regexp(_WORD)])
# The last second of the last year that a datetime has.
_LAST_SECOND = 253_402_300_799


class _ObjectSchema(Schema):
    class Meta:
        """Everything else stays at Stripe."""

        unknown = EXCLUDE

    id = _id_field


class _DataSchema(Schema):
    class Meta:
        """Everything else stays at Stripe."""

        unknown = EXCLUDE

    object = fields.Nested(_ObjectSchema, required=True, unknown="include")


class _EventSchema(Schema):
    class Meta:
        """Everything else stays at Stripe."""

        unknown = EXCLUDE

    id = _id_field
    object = fields.String(required=True, validate=validate.Equal("event"))
    type = fields.String(required=True, validate=[validate.Length(1, 128), validate.Regexp(_WORD)])
    created = fields.Integer(required=True, validate=validate.Range(0, _LAST_SECOND))
    livemode = fields.Boolean(required=True)
    account = fields.String(load_default="", allow_none=True, validate=validate.Regexp(_WORD))
    api_version = fields.String(load_default="", allow_none=True, validate=validate.Regexp(_WORD))
    data = fields.Nested(_DataSchema, required=True)


_EVENT = _EventSchema()  # made once: making a schema takes longer than using it


def read(body: bytes) -> Event:
    """The event in a webhook's body. Raises UserError when it is none, whatever was sent."""
    try:
        found = _EVENT.load(json.loads(body))
    except (ValueError, ValidationError, RecursionError) as error:
        # a thin event lacks `data`; deep nesting is no ValueError
        kind = type(error).__name__
        raise UserError(f"A webhook's body is no snapshot event ({kind}).", next_step=_SNAPSHOTS) from None
    thing: Object = found["data"]["object"]
    return Event(
        id=found["id"],
        type=found["type"],
        object_id=thing["id"],
        root=root_of(found["type"], thing),
        livemode=found["livemode"],
        account=found["account"] or "",
        api_version=found["api_version"] or "",
        created=datetime.fromtimestamp(found["created"], UTC),
        amount=_amount(thing),
        currency=_currency(thing),
    )


_SNAPSHOTS = "the administrator makes a Stripe webhook endpoint with snapshot payloads; docs/runbook.md says how."
# The money of an object, whichever it has. Of an invoice what is due: nothing was paid yet when it is made or fails.
_AMOUNTS = ("amount_total", "amount_due", "amount")
_LARGEST = 2**63  # the column's
_CURRENCY = re.compile(r"[A-Za-z]{3}\Z")


def _amount(thing: Object) -> int | None:
    found = (thing.get(name) for name in _AMOUNTS)
    return next((one for one in found if type(one) is int and abs(one) < _LARGEST), None)


def _currency(thing: Object) -> str:
    found = thing.get("currency")
    return found if isinstance(found, str) and _CURRENCY.match(found) else ""


def _id(thing: Object, *names: str) -> str:
    """The first id among these fields; an expanded object counts by its own id."""
    for name in names:
        found = thing.get(name)
        found = found.get("id") if isinstance(found, dict) else found
        if isinstance(found, str) and found:
            return found
    return ""


def _of_session(thing: Object) -> str:
    return _id(thing, "payment_intent", "subscription")


def _of_invoice_payment(thing: Object) -> str:
    payment = thing.get("payment")
    return _id(payment, "payment_intent") if isinstance(payment, dict) else ""


def _self(thing: Object) -> str:
    return _id(thing, "id")


def _of_charge(thing: Object) -> str:
    return _id(thing, "payment_intent")


# The first word or words of an event's type → where its object names what has to be settled.
_ROOTS: dict[str, Callable[[Object], str]] = {
    "checkout.session": _of_session,
    "payment_intent": _self,
    "charge": _of_charge,  # of refunds and disputes too, which come as charge.refund.… and charge.dispute.…
    "refund": _of_charge,
    "invoice": _self,
    "invoice_payment": _of_invoice_payment,
    "customer.subscription": _self,
    "payout": _self,
}
# Only what is documented for these objects: an unknown word after them is kept, and nothing is done because of it.
_KINDS = {"payment_intent": "pi_", "invoice": "in_", "customer.subscription": "sub_", "payout": "po_"}


def root_of(kind: str, thing: Object) -> str:
    """What has to be settled because of an event of this type about this object; empty for nothing."""
    parts = kind.split(".")
    for words in (".".join(parts[:2]), parts[0]):
        if words in _ROOTS:
            root = _ROOTS[words](thing)
            return root if root.startswith(_KINDS.get(words, "")) and _WORD.match(root) else ""
    return ""
