"""Settles payments and monthly gifts: reads both sides, decides, writes the differences. The one function of the fund.

The door, the nightly run and the command line only wake it. A batch costs four or five requests to CiviCRM, however
many gifts it holds. Killed anywhere and run again it ends as if it had not been.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from connector.civicrm import records
from connector.civicrm.client import CiviClient
from connector.desk import problems
from connector.desk.problems import Problem
from connector.errors import ConnectorError, PermanentError
from connector.inbox import DONE, IGNORED
from connector.leases import Leases, given_back
from connector.plan import Action, Change
from connector.store import Store
from connector.stripe_api import StripeApi
from connector.webhooks import apart, changes, made, mistakes, reading, recurring
from connector.webhooks.decide import Question, decide
from connector.webhooks.fund import Fund
from connector.webhooks.gather import LATER, Gathered, Outcome, gather, lease_name, outcome_of
from connector.webhooks.look import key, look
from connector.webhooks.objects import Payment, Subscription, number
from connector.webhooks.people import People
from connector.webhooks.pledges import Paying, Pledges
from connector.webhooks.writing import Writer

# How long a lease holds while both sides are only read. Whoever dies then leaves nothing under way.
READING = 30.0


@dataclass(slots=True)
class Settler:
    """Settles roots of Stripe (pi_…, in_…, sub_…) into one CiviCRM.

    seconds: how long a lease holds while something is written, so for how long CiviCRM may go on with a request whose
    answer was lost.
    secret: keys the names of leases on e-mails.
    """

    api: StripeApi
    client: CiviClient
    store: Store
    funds: Mapping[str, Fund]
    secret: str
    seconds: float = 120.0

    @property
    def types(self) -> set[str]:
        """The financial types of the funds."""
        return {fund.financial_type for fund in self.funds.values()}

    def survivors_of(self, ids: Iterable[int]) -> dict[int, int]:
        """Merged contact → its survivor; asked for only when a gift names a contact that is in the trash."""
        actions = self.client.api4("Contact", "getActions", select=["name"])
        return records.survivors(self.client, ids, {row["name"] for row in actions})

    def settle(self, roots: Sequence[str]) -> dict[str, Outcome]:
        """Root → what became of it. A root that CiviCRM cannot take does not hold up the others."""
        return apart.do(roots, self._together, outcome_of, self.is_answered)

    def _together(self, roots: Sequence[str]) -> tuple[dict[str, Outcome], set[str]]:
        """Settle a batch; or nothing, when some of its roots may have been the end of another one."""
        with self._gathered(roots) as (gathered, leases):
            doubtful = _doubtful(gathered, leases) if len(roots) > 1 else set()
            return ({} if doubtful else _Batch(self, leases, gathered).carry_out()), doubtful

    def differences(self, roots: Sequence[str]) -> Iterator[Change]:
        """What `settle` would do, without doing it. Raises what the doors to Stripe and CiviCRM raise."""

        def refused(root: str, error: PermanentError) -> Change:
            return Change(Action.REFUSE, changes.CONTRIBUTION, root, f"cannot be settled: {error.what}")

        return apart.look(roots, self._differences, refused, self.is_answered)

    def _differences(self, roots: Sequence[str]) -> list[Change]:
        with self._gathered(roots) as (gathered, leases):
            batch = _Batch(self, leases, gathered)
            found = list(changes.of_batch(batch.payments, batch.gifts, batch.decisions, batch.there, gathered))
            pledges = Pledges(self.client, leases, self.types)
            return [*found, *pledges.differences(list(batch.paying({}, {}).values()))]

    def is_answered(self) -> bool:
        """True when CiviCRM answers a plain question: the trouble was with what was asked, not with CiviCRM."""
        try:
            self.client.api4("Contact", "get", select=["id"], limit=1)
        except ConnectorError:
            return False
        return True

    def is_ours(self, intent: str) -> bool:
        """True when this payment, or the monthly gift that it belongs to, names one of our funds."""
        payment = reading.payment(self.api, intent)
        gift = reading.subscription(self.api, payment.subscription) if payment.subscription else None
        return self.names_fund(payment.metadata) or bool(gift and self.names_fund(gift.metadata))

    def names_fund(self, metadata: Mapping[str, str]) -> bool:
        """True when Stripe's metadata name one of our funds."""
        return metadata.get("fund_campaign") in self.funds

    @contextmanager
    def _gathered(self, roots: Sequence[str]) -> Iterator[tuple[Gathered, Leases]]:
        """Stripe's side, under its leases, which are kept however long the rest takes."""
        with given_back(self.store, min(READING, self.seconds)) as leases, mistakes.told():
            yield gather(self.api, roots, leases), leases


def _doubtful(gathered: Gathered, leases: Leases) -> set[str]:
    """Roots whose last batch was killed, or whose writes nobody knows the outcome of: they may have been the cause."""
    return {root for root, ids in gathered.roots.items() if any(lease_name(id_) in leases.ran_out for id_ in ids)}


class _Batch:
    """One batch: both sides read and everything decided, then carried out."""

    def __init__(self, settler: Settler, leases: Leases, gathered: Gathered) -> None:
        self.settler, self.leases, self.gathered = settler, leases, gathered
        self.there = look(settler.client, settler.store, self.gathered, settler.funds)
        self.payments, self.gifts = self._ours()
        self.strangers = {*self.gathered.gifts, *self.gathered.payments} - {*self.gifts, *self.payments}
        self.decisions = {id_: decide(payment, self.there.found(payment)) for id_, payment in self.payments.items()}
        self._leave_out_unpaid_gifts()
        people = People(settler.client, settler.survivors_of, leases, settler.secret)
        self.people = people.find(self.payments, self.gifts, self.decisions, self.there)
        for id_, until in self.people.busy.items():
            self._leave(id_, Outcome(LATER, "another worker is at work on this giver", until))
        for id_, entry in self.people.by_hand.items():
            self.decisions[id_] = decide(self.payments[id_], self.there.found(self.payments[id_], entry))
        # a process that slept for longer than its leases wakes up before a write, not in the middle of nothing
        self.client = settler.client.asking_first(lambda: leases.renew(settler.seconds))

    def carry_out(self) -> dict[str, Outcome]:
        """Write the differences, and ask what a person has to decide."""
        self.leases.renew(self.settler.seconds)
        # before the writing: what only a new gift tells would be lost with a run that is killed after it
        known = {name: problem for name, problem in self.there.problems.items() if _stays(name)} | self.people.problems
        problems.open_new(self.client, known, [_problem(id_, told) for id_, told in self.people.told()])
        writer = Writer(self.client, self.there, self.people)
        for id_ in writer.write(self.payments, self.gifts, self.decisions):
            self.gathered.end(id_, Outcome(LATER, "CiviCRM changed between look and write"))
        there = {id_: entry.id for id_, entry in self.there.entries.items()}
        there |= {id_: known[0].id for id_, known in self.there.recurs.items()}
        made.keep(self.settler.store, writer.made | {id_: there[id_] for id_ in there if id_ not in self.there.made})
        self._follow_pledges(writer)
        self._ask(writer.questions)
        return {root: self._outcome(root) for root in self.gathered.roots}

    def _follow_pledges(self, writer: Writer) -> None:
        """Pledges follow what was written. Last, because nothing waits for them."""
        paying = self.paying(writer.made, writer.givers)
        done = Pledges(self.client, self.leases, self.settler.types).settle(list(paying.values()))
        for id_, one in paying.items():
            if one.contribution in done.questions:
                what = f"Payment {id_} names {done.questions[one.contribution]}; it pays no pledge."
                next_step = "link it in CiviCRM by hand where it is meant for another pledge; then dismiss this."
                writer.ask(id_, Question("pledge", what, next_step, one.contribution))
            if one.contact in done.busy:
                why = "somebody else is at work on the pledges of this giver"
                self.gathered.end(id_, Outcome(LATER, why, done.busy[one.contact]))

    def paying(self, new: Mapping[str, int], givers: Mapping[str, int]) -> dict[str, Paying]:
        """Payments that name a pledge or pay one already. new, givers: contributions made now, and their contacts."""
        found = {}
        for id_, payment in self.payments.items():
            entry, named = self.there.entries.get(id_), number(payment.metadata, "pledge_id")
            contribution, contact = (entry.id, entry.contact) if entry else (new.get(id_, 0), givers.get(id_, 0))
            if contribution and (named or id_ in self.there.paying):
                found[id_] = Paying(contribution, contact, named)
        return found

    def _leave(self, id_: str, outcome: Outcome) -> None:
        """Leave a payment or gift for later, and a gift's payments with it."""
        self.gathered.end(id_, outcome)
        self.payments.pop(id_, None)
        self.gifts.pop(id_, None)
        for payment in [one.id for one in self.payments.values() if one.subscription == id_]:
            self._leave(payment, outcome)

    def _ours(self) -> tuple[dict[str, Payment], dict[str, Subscription]]:
        """What names one of our funds, or is in CiviCRM already; everything else of the account is left alone."""
        names_fund, there = self.settler.names_fund, self.there
        gifts = {
            id_: gift for id_, gift in self.gathered.gifts.items() if names_fund(gift.metadata) or there.recurs.get(id_)
        }
        payments = {
            id_: payment
            for id_, payment in self.gathered.payments.items()
            if names_fund(payment.metadata) or id_ in there.entries or payment.subscription in gifts
        }
        return payments, gifts

    def _leave_out_unpaid_gifts(self) -> None:
        """A monthly gift whose first payment did not come is none; while that is on its way it is one."""
        on_its_way = {self.payments[id_].subscription for id_, one in self.decisions.items() if one.creates or one.seen}
        for id_, gift in list(self.gifts.items()):
            if recurring.was_never_paid(gift) and self.there.makes(id_) and id_ not in on_its_way:
                del self.gifts[id_]

    def _ask(self, more: Mapping[str, Sequence[Question]]) -> None:
        ours = {*self.payments, *self.gifts}
        of_roots = {root: told for root, told in self.gathered.questions.items() if ours & {*self.gathered.roots[root]}}
        asked = [(id_, one) for id_, told in of_roots.items() for one in told]
        asked += [(id_, one) for id_, decision in self.decisions.items() for one in decision.questions]
        asked += [(id_, one) for id_, told in more.items() for one in told]
        known = {name: problem for name, problem in self.there.problems.items() if not _stays(name)}
        problems.keep_up(self.client, known, [_problem(id_, one) for id_, one in asked])

    def _outcome(self, root: str) -> Outcome:
        if root in self.gathered.ended:
            return self.gathered.ended[root]
        ids = self.gathered.roots[root]
        if ids and all(id_ in self.strangers for id_ in ids):
            return Outcome(IGNORED, "names none of our funds")
        return Outcome(DONE)


def _stays(name: str) -> bool:
    """True for questions that only a person ends."""
    return name.endswith((":giver", ":chapter"))


def _problem(id_: str, question: Question) -> Problem:
    return Problem(
        key=key(id_, question.kind),
        what=question.what,
        next_step=question.next_step,
        entity="Contribution",
        record=question.record,
    )
