"""CiviCRM's side of a batch: contributions, monthly gifts, credits and questions of its payments, in one request."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from connector.civicrm.answers import Row
from connector.civicrm.client import Call, CiviClient
from connector.desk import problems
from connector.desk.problems import Problem
from connector.store import Store
from connector.webhooks import ledger, made, recurring
from connector.webhooks.decide import KINDS, OF_DISPUTES, Found
from connector.webhooks.fund import Fund
from connector.webhooks.gather import Gathered
from connector.webhooks.ledger import Entry, Names
from connector.webhooks.objects import Payment
from connector.webhooks.recurring import Recur


@dataclass(frozen=True, slots=True)
class Credit:
    """A soft credit of a chapter for a contribution."""

    id: int
    chapter: int
    amount: str


@dataclass(frozen=True, slots=True)
class Look:
    """What CiviCRM holds. entries: by invoice_id; others: with another of its numbers; problems: by key, in any state.

    recurs: by subscription, more than one where somebody doubled it. made: payments, disputes and monthly gifts that we
    made a contribution or a recurring one for.
    paying: payments whose contributions pay instalments of a pledge.
    """

    entries: Mapping[str, Entry]
    others: Sequence[Entry]
    recurs: Mapping[str, Sequence[Recur]]
    credits: Mapping[str, Credit]
    problems: Mapping[str, Problem]
    names: Mapping[str, Names]
    made: Mapping[str, int] = field(default_factory=dict)
    paying: Collection[str] = ()

    def found(self, payment: Payment, by_hand: Entry | None = None) -> Found:
        """What is known of one payment."""
        numbers = _numbers(payment)
        return Found(
            entry=self.entries.get(payment.id),
            seconds={one.id: self.entries[one.id] for one in payment.disputes if one.id in self.entries},
            foreign=next((one for one in self.others if one.invoice_id != payment.id and _has(one, numbers)), None),
            by_hand=by_hand,
            made={id_ for id_ in (payment.id, *(one.id for one in payment.disputes)) if id_ in self.made},
            dismissed={kind for kind in kinds(payment) if self.is_dismissed(payment.id, kind)},
        )

    def makes(self, gift: str) -> bool:
        """True when a monthly gift is to be made: it is not there, and nobody has deleted it."""
        return not self.recurs.get(gift) and gift not in self.made

    def has_giver(self, gift: str) -> bool:
        """True when a monthly gift's payments are of its own contact: one that is made now, or that lives."""
        known = self.recurs.get(gift)
        return not known[0].is_in_trash if known else self.makes(gift)

    def is_dismissed(self, id_: str, kind: str) -> bool:
        """True when a person waved this question aside."""
        known = self.problems.get(key(id_, kind))
        return known is not None and known.state == problems.DISMISSED


def key(id_: str, kind: str) -> str:
    """The key of a problem about a payment, a monthly gift or an invoice."""
    return f"stripe:{id_}:{kind}"


def kinds(payment: Payment) -> list[str]:
    """Every kind of question that there can be about a payment."""
    disputes = [f"{word}:{one.id}" for one in payment.disputes for word in OF_DISPUTES]
    return [*KINDS, *disputes, *(f"refund:{one.id}" for one in payment.refunds), f"told:{payment.id}"]


def look(client: CiviClient, store: Store, gathered: Gathered, funds: Mapping[str, Fund]) -> Look:
    """Read everything that the decisions need, givers apart."""
    payments, gifts = gathered.payments, gathered.gifts
    invoices = [*payments, *(dispute.id for one in payments.values() for dispute in one.disputes)]
    numbers = sorted({number for one in payments.values() for number in _numbers(one)})
    keys = [key(id_, kind) for id_, one in payments.items() for kind in kinds(one)]
    keys += [key(id_, kind) for id_ in gifts for kind in recurring.KINDS]
    keys += [key(id_, one.kind) for id_, told in gathered.questions.items() for one in told]
    keys += [key(root, "parked") for root in gathered.roots]
    invoice = "contribution_id.invoice_id"
    credit = {"select": ["id", "contact_id", "amount", invoice]}
    of_these = [[invoice, "IN", invoices], ["contribution_id.is_test", "IN", [True, False]]]
    calls: dict[str, Call] = {
        **ledger.calls(invoices, numbers),
        "recurs": recurring.call(sorted(gifts)),
        "credits": ("ContributionSoft", "get", {**credit, "where": of_these}),
        "paying": ("PledgePayment", "get", {"select": [invoice], "where": [[invoice, "IN", invoices]]}),
        "problems": problems.call(keys),
        **ledger.name_calls(funds.values()),
    }
    found = client.multi(calls)
    entries = [ledger.entry(row) for row in found["ours"]]
    return Look(
        entries={one.invoice_id: one for one in entries},
        others=[ledger.entry(row) for row in found["others"]],
        recurs=_by_subscription(found["recurs"]),
        credits={row[invoice]: _credit(row) for row in found["credits"]},
        problems=problems.by_key(found["problems"]),
        names=ledger.names(funds.values(), found),
        made=made.known(store, [*invoices, *gifts]),
        paying={row[invoice] for row in found["paying"]},
    )


def _credit(row: Row) -> Credit:
    return Credit(int(row["id"]), int(row["contact_id"]), str(row["amount"]))


def _by_subscription(rows: Sequence[Row]) -> dict[str, list[Recur]]:
    found: dict[str, list[Recur]] = {}
    for row in rows:
        found.setdefault(row["processor_id"], []).append(recurring.entry(row))
    return found


def _numbers(payment: Payment) -> list[str]:
    """The numbers under which others, such as CiviCRM's own Stripe extension, enter a payment."""
    return [number for number in (payment.id, payment.charge.id if payment.charge else "", payment.invoice) if number]


def _has(entry: Entry, numbers: Sequence[str]) -> bool:
    return entry.trxn_id in numbers or entry.invoice_id in numbers
