"""Monthly gifts: what a ContributionRecur must be for a Subscription of Stripe. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connector.civicrm.answers import Row
from connector.civicrm.client import Call
from connector.money import cents, from_minor
from connector.webhooks.decide import DELETED, EDITED, Question
from connector.webhooks.objects import Subscription
from connector.webhooks.table import stamp

WRITTEN = "Solidarity_Stripe_Gift.Last_Written"
TWICE, TRASH = "twice", "trash"
KINDS = (EDITED, DELETED, TWICE, TRASH, "giver", "chapter", "parked")
SELECT = ["id", "contact_id", "contribution_status_id:name", "amount", "processor_id", "contact_id.is_deleted", WRITTEN]
# https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses → CiviCRM's contribution_recur_status
_STATUS = {
    "incomplete": "Pending",
    "incomplete_expired": "Failed",
    "trialing": "In Progress",
    "active": "In Progress",
    "past_due": "Failing",
    "unpaid": "Failed",  # Stripe has given up; it would go on with a gift that is past due
    "paused": "Pending",
    "canceled": "Cancelled",
}


@dataclass(frozen=True, slots=True)
class Recur:
    """A ContributionRecur as it stands. written: the state that the connector last wrote; is_in_trash: its contact."""

    id: int
    contact: int
    status: str
    amount: Decimal
    written: str
    is_in_trash: bool = False


def entry(row: Row) -> Recur:
    """A row of `call`."""
    return Recur(
        id=int(row["id"]),
        contact=int(row["contact_id"]),
        status=str(row["contribution_status_id:name"]),
        amount=cents(str(row["amount"])),
        written=str(row.get(WRITTEN) or ""),
        is_in_trash=bool(row.get("contact_id.is_deleted")),
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


def as_it_stands(there: Recur) -> str:
    """A state in which nothing was edited, and that is none of Stripe's: the next look writes the whole of it."""
    return f"{there.status}|{there.amount}|"


def was_edited(there: Recur) -> bool:
    """True when somebody else changed the state or the amount since the connector wrote them."""
    return there.written.split("|")[:2] != [there.status, str(there.amount)]


def was_never_paid(gift: Subscription) -> bool:
    """True when its first payment did not come, so that nobody gave anything (yet)."""
    return gift.status in ("incomplete", "incomplete_expired")


def questions(gift: Subscription, known: Sequence[Recur], *, was_made: bool) -> Iterator[Question]:
    """What a person has to decide. known: its rows in CiviCRM, oldest first; was_made: we made one once."""
    goes_on = "its payments go on coming in."
    if not known:
        if was_made:
            what = f"The recurring contribution of monthly gift {gift.id} was deleted in CiviCRM; Stripe still has it."
            next_step = "end the gift in Stripe, or take Stripe's value to enter it again, or keep CiviCRM's;"
            yield Question(DELETED, what, f"{next_step} {goes_on}")
        return
    first = known[0]
    if len(known) > 1:
        ids = ", ".join(str(one.id) for one in known)
        what = f"Monthly gift {gift.id} is in CiviCRM more than once: recurring contributions {ids}."
        yield Question(TWICE, what, f"keep {first.id}, which gets its payments, and delete the others.")
    if first.is_in_trash:
        what = f"Contact {first.contact} of monthly gift {gift.id} is in the trash; Stripe still has the gift."
        next_step = "end the gift in Stripe, or take the contact out of the trash; until then its payments go to the"
        yield Question(TRASH, what, f"{next_step} contact with the giver's e-mail, or a new one.")
    if was_edited(first):
        what = (
            f"Recurring contribution {first.id} of monthly gift {gift.id} was changed in CiviCRM to {first.status}"
            f" {first.amount}; Stripe says {status(gift)} {amount(gift)}."
        )
        next_step = "change the gift in Stripe, or take Stripe's value, or keep CiviCRM's;"
        yield Question(EDITED, what, f"{next_step} {goes_on}", first.id)


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
