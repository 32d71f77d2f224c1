"""What givers promised and gave: CiviCRM's pledges, their instalments and the contributions that may pay them."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from connector.civicrm.answers import Row
from connector.civicrm.client import Call
from connector.money import NOTHING, cents
from connector.webhooks import ledger
from connector.webhooks.instalments import Gift, Instalment
from connector.webhooks.table import COMPLETED

CANCELLED = "Cancelled"
_COMMON = ["id", "contact_id", "is_test", "currency", "financial_type_id:name", "campaign_id"]


@dataclass(frozen=True, slots=True)
class Pledge:
    """A promise. campaign: 0 for none; since: the first day of whose gifts it may be paid."""

    id: int
    contact: int
    status: str
    amount: Decimal
    currency: str
    financial_type: str
    campaign: int
    is_test: bool
    since: date


@dataclass(slots=True)
class Account:
    """One giver's. questions: contribution → why it cannot pay the pledge that it names."""

    pledges: dict[int, Pledge] = field(default_factory=dict)
    instalments: list[Instalment] = field(default_factory=list)
    gifts: list[Gift] = field(default_factory=list)
    questions: dict[int, str] = field(default_factory=dict)


def calls(contacts: Sequence[int], named: Collection[int]) -> dict[str, Call]:
    """The questions for the accounts of these contacts. named: pledges that gifts name, whosever they are."""
    days = ["status_id:name", "amount", "start_date", "create_date"]
    whose = ["OR", [["contact_id", "IN", list(contacts)], *([["id", "IN", sorted(named)]] if named else [])]]
    money = ["contribution_status_id:name", "total_amount", "receive_date", ledger.WRITTEN]
    paid = ["scheduled_amount", "actual_amount", "contribution_id", "pledge_id.contact_id"]
    return {
        "pledges": ("Pledge", "get", {"select": [*_COMMON, *days], "where": [whose, ledger.TEST_TOO]}),
        "instalments": (
            "PledgePayment",
            "get",
            {
                "select": ["id", "pledge_id", "status_id:name", "scheduled_date", *paid],
                "where": [["pledge_id.contact_id", "IN", list(contacts)]],
            },
        ),
        "gifts": (
            "Contribution",
            "get",
            {
                "select": [*_COMMON, *money],
                "where": [["contact_id", "IN", list(contacts)], ledger.TEST_TOO],
                "orderBy": {"receive_date": "ASC", "id": "ASC"},
            },
        ),
    }


def read(
    contacts: Iterable[int], named: Mapping[int, int], types: Collection[str], found: Mapping[str, Sequence[Row]]
) -> dict[int, Account]:
    """Contact → account, from the answers to `calls`.

    named: contribution → the pledge that it names; types: the funds' financial types, whose contributions by staff pay.
    """
    pledges = {one.id: one for one in map(_pledge, found["pledges"])}
    accounts = {contact: Account() for contact in contacts}
    for pledge in pledges.values():
        if pledge.contact in accounts:
            accounts[pledge.contact].pledges[pledge.id] = pledge
    for row in found["instalments"]:
        accounts[int(row["pledge_id.contact_id"])].instalments.append(_instalment(row))
    for row in found["gifts"]:
        account, id_ = accounts[int(row["contact_id"])], int(row["id"])
        if id_ in named and (why := _why_not(row, named[id_], pledges.get(named[id_]))):
            account.questions[id_] = why
        account.gifts += _gift(row, account, named.get(id_, 0), types)
    return accounts


def _gift(row: Row, account: Account, named: int, types: Collection[str]) -> Iterator[Gift]:
    """A contribution that pays something, or may. One of another currency than what it pays is a person's."""
    id_ = int(row["id"])
    paying = {one.pledge for one in account.instalments if one.contribution == id_}
    if any(not _are_one_money(row, account.pledges[pledge]) for pledge in paying if pledge in account.pledges):
        return
    by_staff = not row[ledger.WRITTEN] and row["financial_type_id:name"] in types
    may = {
        one.id
        for one in account.pledges.values()
        if one.status != CANCELLED
        and _are_one_money(row, one)
        and (one.id in paying or one.id == named or (by_staff and _is_meant(row, one)))
    }
    if may or paying:
        is_kept = row["contribution_status_id:name"] == COMPLETED
        yield Gift(id_, cents(str(row["total_amount"])) if is_kept else NOTHING, frozenset(may))


def _is_meant(row: Row, pledge: Pledge) -> bool:
    """A contribution that staff entered for the purpose of a pledge, after it was made."""
    return (
        row["financial_type_id:name"] == pledge.financial_type
        and int(row["campaign_id"] or 0) in (0, pledge.campaign)
        and str(row["receive_date"])[:10] >= pledge.since.isoformat()
    )


def _are_one_money(row: Row, pledge: Pledge) -> bool:
    return row["currency"] == pledge.currency and bool(row["is_test"]) == pledge.is_test


def _why_not(row: Row, number: int, pledge: Pledge | None) -> str:
    """Why a contribution cannot pay the pledge that it names; empty when it can."""
    if pledge is None:
        return f"pledge {number}, which CiviCRM does not have"
    if pledge.contact != int(row["contact_id"]):
        return f"pledge {number}, which is contact {pledge.contact}'s and not contact {row['contact_id']}'s"
    if pledge.status == CANCELLED:
        return f"pledge {number}, which is cancelled"
    if not _are_one_money(row, pledge):
        return f"pledge {number}, which is in {'test' if pledge.is_test else 'real'} {pledge.currency}"
    return ""


def _pledge(row: Row) -> Pledge:
    days = [str(row[name])[:10] for name in ("start_date", "create_date") if row[name]]
    return Pledge(
        id=int(row["id"]),
        contact=int(row["contact_id"]),
        status=str(row["status_id:name"]),
        amount=cents(str(row["amount"])),
        currency=str(row["currency"]),
        financial_type=str(row["financial_type_id:name"]),
        campaign=int(row["campaign_id"] or 0),
        is_test=bool(row["is_test"]),
        since=date.fromisoformat(min(days)),
    )


def _instalment(row: Row) -> Instalment:
    contribution = int(row["contribution_id"] or 0)
    scheduled = cents(str(row["scheduled_amount"] or 0))
    paid = scheduled if row["actual_amount"] is None else cents(str(row["actual_amount"]))
    return Instalment(
        id=int(row["id"]),
        pledge=int(row["pledge_id"]),
        due=date.fromisoformat(str(row["scheduled_date"])[:10]),
        status=str(row["status_id:name"]),
        scheduled=scheduled,
        contribution=contribution,
        paid=paid if contribution else NOTHING,
    )
