"""Monthly gifts: what a ContributionRecur must be for a Subscription of Stripe. Pure."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connector.civicrm.answers import Row
from connector.civicrm.client import Call
from connector.money import cents, from_minor
from connector.webhooks.objects import Subscription
from connector.webhooks.table import stamp

WRITTEN = "Solidarity_Stripe_Gift.Last_Written"
SELECT = ["id", "contact_id", "contribution_status_id:name", "amount", "processor_id", WRITTEN]
# https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses → CiviCRM's contribution_recur_status
_STATUS = {
    "incomplete": "Pending",
    "incomplete_expired": "Failed",
    "trialing": "In Progress",
    "active": "In Progress",
    "past_due": "Failing",
    "unpaid": "Failing",
    "paused": "Pending",
    "canceled": "Cancelled",
}


@dataclass(frozen=True, slots=True)
class Recur:
    """A ContributionRecur as it stands. written: the state that the connector last wrote."""

    id: int
    contact: int
    status: str
    amount: Decimal
    written: str


def entry(row: Row) -> Recur:
    """A row of `call`."""
    return Recur(
        id=int(row["id"]),
        contact=int(row["contact_id"]),
        status=str(row["contribution_status_id:name"]),
        amount=cents(str(row["amount"])),
        written=str(row.get(WRITTEN) or ""),
    )


def call(subscriptions: list[str]) -> Call:
    """The question for the monthly gifts of these subscriptions."""
    where = [["processor_id", "IN", subscriptions], ["is_test", "IN", [True, False]]]
    return ("ContributionRecur", "get", {"select": SELECT, "where": where})


def amount(gift: Subscription) -> Decimal:
    """What is given each time."""
    return from_minor(gift.amount, gift.currency)


def status(gift: Subscription) -> str:
    """CiviCRM's name for the state of a monthly gift."""
    if gift.status == "canceled" and gift.why_canceled == "payment_failed":
        return "Failed"
    if gift.is_paused and gift.status in ("active", "trialing"):
        return "Pending"
    return _STATUS.get(gift.status, "Pending")


def state(gift: Subscription) -> str:
    """All that is written of a monthly gift, in one line, beside it."""
    ends = f"{_day(gift.canceled)} {_day(gift.ended)}"
    return f"{status(gift)}|{amount(gift)}|{gift.interval} {gift.unit}|{ends}"


def was_edited(there: Recur) -> bool:
    """True when somebody else changed the state or the amount since the connector wrote them."""
    return there.written.split("|")[:2] != [there.status, str(there.amount)]


def values(gift: Subscription) -> dict[str, Any]:
    """What is written, at first and whenever Stripe's state changed."""
    return {
        "contribution_status_id:name": status(gift),
        "amount": str(amount(gift)),
        "frequency_unit": gift.unit,
        "frequency_interval": gift.interval,
        "cancel_date": stamp(gift.canceled),
        "cancel_reason": gift.why_canceled or None,
        "end_date": stamp(gift.ended),
        WRITTEN: state(gift),
    }


def create(gift: Subscription, base: dict[str, Any]) -> dict[str, Any]:
    """A new ContributionRecur. base: whose it is, and what the fund's names are in CiviCRM."""
    return {
        **base,
        **values(gift),
        "currency": gift.currency.upper(),
        "start_date": stamp(gift.started),
        "create_date": stamp(gift.started),
        "processor_id": gift.id,
        "is_test": not gift.livemode,
        "is_email_receipt": False,  # one receipt, from one owner
    }


def _day(moment: Any) -> str:
    return moment.date().isoformat() if moment else "-"
