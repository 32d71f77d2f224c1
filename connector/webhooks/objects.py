"""Stripe's objects as far as the fund needs them: checked once where they come in, then plain frozen values.

Amounts stay whole numbers of the smallest unit of their currency; times become aware UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, pre_load

from connector.errors import PermanentError
from connector.stripe_api import Object

# Refunds that take money from the fund, now or in a few days; failed and canceled ones gave it back.
TAKING = frozenset({"succeeded", "pending", "requires_action"})


@dataclass(frozen=True, slots=True)
class Transaction:
    """A balance transaction: what moved on our account at Stripe, in the currency that the account is kept in."""

    id: str
    type: str
    amount: int
    fee: int
    net: int
    currency: str


@dataclass(frozen=True, slots=True)
class Person:
    """Who gave, as they wrote it themselves. Everything may be empty."""

    name: str = ""
    email: str = ""
    street_address: str = ""
    city: str = ""
    postal_code: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Charge:
    """One attempt to move the money. transaction: None until Stripe knows its fee.

    failure: how the money went back when a debit bounced after it had arrived.
    """

    id: str
    status: str
    created: datetime
    failure_code: str
    transaction: Transaction | None
    person: Person
    failure: Transaction | None = None


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back, or tried to."""

    id: str
    amount: int
    status: str
    created: datetime
    transactions: tuple[Transaction, ...]


@dataclass(frozen=True, slots=True)
class Dispute:
    """A giver's bank wants the money back. due: until when Stripe takes our evidence."""

    id: str
    amount: int
    status: str
    created: datetime
    due: datetime | None
    transactions: tuple[Transaction, ...]


@dataclass(frozen=True, slots=True)
class Subscription:
    """A monthly gift. amount: each time; unit and interval: every so many months, weeks, …"""

    id: str
    status: str
    amount: int
    currency: str
    unit: str
    interval: int
    started: datetime
    canceled: datetime | None
    ended: datetime | None
    why_canceled: str
    is_paused: bool
    livemode: bool
    metadata: Mapping[str, str]
    person: Person


@dataclass(frozen=True, slots=True)
class Payment:
    """All that Stripe holds about one PaymentIntent now.

    session, invoice: of Checkout, of a monthly gift; empty without. is_complete: the giver finished Checkout, so that
    a debit is under way or was, and not only a card that was declined.
    """

    id: str
    status: str
    amount: int
    currency: str
    livemode: bool
    canceled: datetime | None
    metadata: Mapping[str, str]
    charge: Charge | None = None
    refunds: tuple[Refund, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    session: str = ""
    invoice: str = ""
    subscription: str = ""
    is_complete: bool = False
    message: str = ""
    person: Person = field(default_factory=Person)


def moved(payment: Payment) -> list[Transaction]:
    """Every balance transaction of a payment: its charge's, its refunds', its disputes'."""
    charge = payment.charge
    found = [one for one in (charge.transaction, charge.failure) if one] if charge else []
    found += [one for refund in payment.refunds for one in refund.transactions]
    return found + [one for dispute in payment.disputes for one in dispute.transactions]


def transaction(found: Any) -> Transaction | None:
    """A balance transaction that was expanded; None when there is none yet."""
    return _load(_TransactionSchema(), found) if isinstance(found, dict) else None


def charge(found: Object) -> Charge:
    """A Charge with its balance transaction expanded."""
    made: Charge = _load(_ChargeSchema(), found)
    return made


def refund(found: Object) -> Refund:
    """A Refund with its balance transactions expanded."""
    made: Refund = _load(_RefundSchema(), found)
    return made


def dispute(found: Object) -> Dispute:
    """A Dispute."""
    made: Dispute = _load(_DisputeSchema(), found)
    return made


def subscription(found: Object) -> Subscription:
    """A Subscription with its customer expanded."""
    made: Subscription = _load(_SubscriptionSchema(), found)
    return made


def person(found: Any) -> Person:
    """The giver in a session's customer_details, a charge's billing_details or a Customer."""
    return _load(_PersonSchema(), found) if isinstance(found, dict) else Person()


def moment(seconds: int | None) -> datetime | None:
    """Stripe's seconds of the epoch as aware UTC."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


class _Known(Schema):
    class Meta:
        """Stripe's objects have many more fields."""

        unknown = EXCLUDE


class _Moment(fields.Field[datetime]):
    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> datetime:
        return datetime.fromtimestamp(int(value), UTC)


class _TransactionSchema(_Known):
    id = fields.String(required=True)
    type = fields.String(required=True)
    amount = fields.Integer(required=True)
    fee = fields.Integer(required=True)
    net = fields.Integer(required=True)
    currency = fields.String(required=True)

    @post_load
    def _made(self, data: dict[str, Any], **_kwargs: Any) -> Transaction:
        return Transaction(**data)


class _PersonSchema(_Known):
    name = fields.String(load_default="")
    email = fields.String(load_default="")
    street_address = fields.String(load_default="")
    city = fields.String(load_default="")
    postal_code = fields.String(load_default="")
    country = fields.String(load_default="")

    @pre_load
    def _flat(self, data: Object, **_kwargs: Any) -> Object:
        address = data.get("address") or {}
        street = ", ".join(filter(None, (address.get("line1"), address.get("line2"))))
        found = {**address, "street_address": street, "name": data.get("name"), "email": data.get("email")}
        return {name: value for name, value in found.items() if value}

    @post_load
    def _made(self, data: dict[str, Any], **_kwargs: Any) -> Person:
        return Person(**{name: " ".join(value.split()) for name, value in data.items()})


class _ChargeSchema(_Known):
    id = fields.String(required=True)
    status = fields.String(required=True)
    created = _Moment(required=True)
    failure_code = fields.String(load_default="", allow_none=True)
    balance_transaction = fields.Raw(load_default=None, allow_none=True)
    failure_balance_transaction = fields.Raw(load_default=None, allow_none=True)
    billing_details = fields.Raw(load_default=None, allow_none=True)

    @post_load
    def _made(self, data: dict[str, Any], **_kwargs: Any) -> Charge:
        known, billing = transaction(data.pop("balance_transaction")), person(data.pop("billing_details"))
        code, back = data.pop("failure_code") or "", transaction(data.pop("failure_balance_transaction"))
        return Charge(**data, failure_code=code, transaction=known, person=billing, failure=back)


class _RefundSchema(_Known):
    id = fields.String(required=True)
    amount = fields.Integer(required=True)
    status = fields.String(required=True)
    created = _Moment(required=True)
    balance_transaction = fields.Raw(load_default=None, allow_none=True)
    failure_balance_transaction = fields.Raw(load_default=None, allow_none=True)

    @post_load
    def _made(self, data: dict[str, Any], **_kwargs: Any) -> Refund:
        both = data.pop("balance_transaction"), data.pop("failure_balance_transaction")
        return Refund(**data, transactions=tuple(one for found in both if (one := transaction(found))))


class _DisputeSchema(_Known):
    id = fields.String(required=True)
    amount = fields.Integer(required=True)
    status = fields.String(required=True)
    created = _Moment(required=True)
    evidence_details = fields.Dict(load_default=dict, allow_none=True)
    balance_transactions = fields.List(fields.Nested(_TransactionSchema), load_default=list)

    @post_load
    def _made(self, data: dict[str, Any], **_kwargs: Any) -> Dispute:
        due = (data.pop("evidence_details") or {}).get("due_by")
        moved = tuple(data.pop("balance_transactions"))
        return Dispute(**data, due=moment(due), transactions=moved)


class _SubscriptionSchema(_Known):
    id = fields.String(required=True)
    status = fields.String(required=True)
    currency = fields.String(required=True)
    start_date = _Moment(required=True, data_key="start_date")
    canceled_at = _Moment(load_default=None, allow_none=True)
    ended_at = _Moment(load_default=None, allow_none=True)
    cancellation_details = fields.Dict(load_default=dict, allow_none=True)
    pause_collection = fields.Raw(load_default=None, allow_none=True)
    livemode = fields.Boolean(required=True)
    metadata = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)
    items = fields.Dict(required=True)
    customer = fields.Raw(load_default=None, allow_none=True)

    @post_load
    def _made(self, data: dict[str, Any], **_kwargs: Any) -> Subscription:
        items = data["items"]["data"]
        rhythm = items[0]["price"]["recurring"]
        return Subscription(
            id=data["id"],
            status=data["status"],
            amount=sum(int(one["price"]["unit_amount"]) * int(one.get("quantity") or 1) for one in items),
            currency=data["currency"],
            unit=rhythm["interval"],
            interval=int(rhythm["interval_count"]),
            started=data["start_date"],
            canceled=data["canceled_at"],
            ended=data["ended_at"],
            why_canceled=str((data["cancellation_details"] or {}).get("reason") or ""),
            is_paused=bool(data["pause_collection"]),
            livemode=data["livemode"],
            metadata=data["metadata"],
            person=person(data["customer"]),
        )


def _load(schema: Schema, found: Any) -> Any:
    try:
        return schema.load(found)
    except (ValidationError, LookupError, TypeError, ValueError):
        name = type(schema).__name__.strip("_").removesuffix("Schema")
        raise PermanentError(
            f"Stripe's {name} {str(found.get('id'))[:64]} has another shape than this version of its API says.",
            next_step="a developer looks at it; it is settled when the connector knows the shape.",
        ) from None
