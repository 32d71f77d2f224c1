"""Reads Stripe's objects: checked once by marshmallow where they come in, then plain values (objects.py)."""

from datetime import UTC, datetime
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, pre_load

from connector.errors import PermanentError
from connector.stripe_api import Object
from connector.webhooks.objects import Charge, Dispute, Person, Refund, Subscription, Transaction


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
