"""Settles payments and monthly gifts: reads both sides, decides, writes the differences. The one function of the fund.

The door, the nightly run and the command line only wake it. A batch costs four or five requests to CiviCRM, however
many gifts it holds. Killed anywhere and run again it ends as if it had not been.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from connector.civicrm import records
from connector.civicrm.client import CiviClient
from connector.desk import problems
from connector.desk.problems import Problem
from connector.errors import AlreadyExists, ConnectorError, PermanentError, UnknownOutcome
from connector.inbox import DONE, IGNORED
from connector.store import Leases, Store
from connector.stripe_api import StripeApi
from connector.webhooks import made
from connector.webhooks.decide import Decision, Question, decide
from connector.webhooks.fund import Fund
from connector.webhooks.gather import LATER, Gathered, Outcome, gather, outcome_of
from connector.webhooks.look import Look, key, look
from connector.webhooks.objects import Payment, Subscription
from connector.webhooks.people import People
from connector.webhooks.writing import Writer

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Settler:
    """Settles roots of Stripe (pi_…, in_…, sub_…) into one CiviCRM.

    seconds: how long a lease holds, so for how long CiviCRM may go on with a request whose answer was lost.
    secret: keys the names of leases on e-mails.
    """

    api: StripeApi
    client: CiviClient
    store: Store
    funds: Mapping[str, Fund]
    secret: str
    seconds: float = 120.0

    def survivors_of(self, ids: Iterable[int]) -> dict[int, int]:
        """Merged contact → its survivor; asked for only when a gift names a contact that is in the trash."""
        actions = self.client.api4("Contact", "getActions", select=["name"])
        return records.survivors(self.client, ids, {row["name"] for row in actions})

    def settle(self, roots: Sequence[str]) -> dict[str, Outcome]:
        """Root → what became of it. A root that CiviCRM refuses does not hold up the others."""
        try:
            return self._batch(roots)
        except (PermanentError, AlreadyExists) as error:
            if len(roots) > 1:
                return {root: outcome for one in roots for root, outcome in self.settle([one]).items()}
            return {roots[0]: outcome_of(error)}
        except ConnectorError as error:
            return dict.fromkeys(roots, outcome_of(error))

    def _batch(self, roots: Sequence[str]) -> dict[str, Outcome]:
        leases = Leases(self.store, self.seconds)
        try:
            outcomes = _Batch(self, leases).run(roots)
        except UnknownOutcome as error:
            if isinstance(error, AlreadyExists):
                leases.give_back()
            raise  # else CiviCRM may still be at work: the leases run out by themselves
        except ConnectorError:
            leases.give_back()
            raise
        leases.give_back()
        return outcomes


@dataclass(slots=True)
class _Batch:
    """One batch, step by step."""

    settler: Settler
    leases: Leases
    questions: dict[str, list[Question]] = field(default_factory=dict)
    strangers: set[str] = field(default_factory=set)

    def run(self, roots: Sequence[str]) -> dict[str, Outcome]:
        """Settle them all."""
        one = self.settler
        gathered = gather(one.api, roots, self.leases)
        there = look(one.client, one.store, gathered, one.funds)
        payments, gifts = self._ours(gathered, there)
        self.questions = {id_: list(told) for id_, told in gathered.questions.items()}
        decisions = {id_: decide(payment, there.found(payment)) for id_, payment in payments.items()}
        people = People(one.client, one.survivors_of, self.leases, one.secret)
        found = people.find(payments, gifts, decisions, there)
        for id_, until in found.busy.items():
            gathered.end(id_, Outcome(LATER, "another worker is at work on this giver", until))
            payments.pop(id_, None)
            gifts.pop(id_, None)
        for id_, entry in found.by_hand.items():
            decisions[id_] = decide(payments[id_], there.found(payments[id_], entry))
        # before the writing: what only a new gift tells would be lost with a run that is killed after it
        known = {name: one for name, one in there.problems.items() if _stays(name)}
        problems.open_new(one.client, known, [_problem(id_, told) for id_, told in found.told()])
        self.leases.renew()
        writer = Writer(one.client, there, found, one.funds)
        moved = writer.write(payments, gifts, decisions)
        for id_ in moved:
            gathered.end(id_, Outcome(LATER, "CiviCRM changed between look and write"))
        made.keep(one.store, writer.made | {id_: entry.id for id_, entry in there.entries.items() if id_ in payments})
        self._ask(there, decisions, writer.questions)
        return {root: self._outcome(root, gathered) for root in roots}

    def _ours(self, gathered: Gathered, there: Look) -> tuple[dict[str, Payment], dict[str, Subscription]]:
        """What names one of our funds, or is in CiviCRM already; everything else of the account is left alone."""
        gifts = {
            id_: gift
            for id_, gift in gathered.gifts.items()
            if self._names_fund(gift.metadata) or there.recurs.get(id_)
        }
        payments = {
            id_: payment
            for id_, payment in gathered.payments.items()
            if self._names_fund(payment.metadata)
            or id_ in there.entries
            or (payment.subscription in gifts if payment.subscription else False)
        }
        self.strangers = {*gathered.gifts, *gathered.payments} - {*gifts, *payments}
        return payments, gifts

    def _names_fund(self, metadata: Mapping[str, str]) -> bool:
        return metadata.get("fund_campaign") in self.settler.funds

    def _ask(self, there: Look, decisions: Mapping[str, Decision], more: Mapping[str, Sequence[Question]]) -> None:
        asked = [(id_, one) for id_, told in self.questions.items() for one in told]
        asked += [(id_, one) for id_, decision in decisions.items() for one in decision.questions]
        asked += [(id_, one) for id_, told in more.items() for one in told]
        known = {name: problem for name, problem in there.problems.items() if not _stays(name)}
        problems.keep_up(self.settler.client, known, [_problem(id_, one) for id_, one in asked])

    def _outcome(self, root: str, gathered: Gathered) -> Outcome:
        if root in gathered.ended:
            return gathered.ended[root]
        ids = gathered.roots[root]
        if ids and all(id_ in self.strangers for id_ in ids):
            return Outcome(IGNORED, "names none of our funds")
        return Outcome(DONE)


def _stays(name: str) -> bool:
    """True for questions that only a person ends."""
    return name.endswith((":giver", ":chapter"))


def _problem(id_: str, question: Question) -> Problem:
    return Problem(key=key(id_, question.kind), what=question.what, next_step=question.next_step)
