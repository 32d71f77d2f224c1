"""Balance transactions: every cent that comes to the account or leaves it."""

from typing import Any

from sandbox.stripe import money
from sandbox.stripe.shapes import Json, new
from sandbox.stripe.world import DAY, World

CATEGORIES = {
    "payment": "charge",
    "payment_refund": "refund",
    "adjustment": "dispute",
    "payment_failure_refund": "charge_failure",
    "stripe_fee": "fee",
    "payout_failure": "payout_reversal",
}


def transaction(world: World, type: str, amount: int, currency: str, **values: Any) -> Json:
    """A new one of `amount` in `currency`, settled in euro; `fee` comes off, `description` names it."""
    euro = money.settled(amount, currency)
    fee = int(values.pop("fee", 0))
    values.setdefault("description", None)
    details = [{"amount": fee, "application": None, "currency": "eur", "type": "stripe_fee"}] if fee else []
    for detail in details:
        detail["description"] = values.pop("fee_name", "Stripe processing fees")
    values.pop("fee_name", None)
    return world.put(
        new(
            "balance_transaction",
            id=world.id("txn"),
            amount=euro.amount,
            currency=euro.currency,
            exchange_rate=euro.exchange_rate,
            fee=fee,
            fee_details=details,
            net=euro.amount - fee,
            created=world.clock,
            available_on=values.pop("available_on", world.clock + 2 * DAY),
            type=type,
            reporting_category=CATEGORIES.get(type, type),
            status="pending",
            **values,
        )
    )
