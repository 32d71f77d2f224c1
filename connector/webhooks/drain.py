"""Does what waits in the inbox: a batch at a time, each row ended, put off, or left for a person."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from connector import clock
from connector.civicrm.client import CiviClient
from connector.desk import problems
from connector.desk.problems import Problem
from connector.errors import ConnectorError
from connector.inbox import OLDEST, PARKED, WRONG_MODE, Inbox, Waiting
from connector.webhooks.gather import LATER, Outcome
from connector.webhooks.look import key

log = logging.getLogger(__name__)

# How many payments one batch may hold: so many gifts share the four or five requests of a batch.
BATCH = 50
# How long a row may wait before a person is told.
ALARM_AFTER = timedelta(hours=1)
_LATE = Problem(
    key="stripe:inbox:late",
    what="Payments wait to be entered for more than an hour.",
    next_step="the administrator runs `solidarity doctor` and `solidarity inbox list`, which say why.",
)
_WRONG_MODE = Problem(
    key="stripe:inbox:mode",
    what="Stripe told of payments in the mode, live or test, that the connector is not in; they are parked.",
    next_step="the administrator compares STRIPE_LIVEMODE with Stripe's webhook endpoint, then replays or dismisses"
    " what `solidarity inbox list --state parked` lists.",
)

Settle = Callable[[Sequence[str]], dict[str, Outcome]]


@dataclass(frozen=True, slots=True)
class Drain:
    """The fund's part of the worker. others: root's beginning → what settles it instead, such as payouts."""

    inbox: Inbox
    client: CiviClient
    settle: Settle
    others: dict[str, Settle]

    def step(self) -> int:
        """Do a batch of what waits. Returns how many rows were ended."""
        claimed = self.inbox.claim(BATCH)
        ended = 0
        for prefix in ("", *self.others):
            mine = [one for one in claimed if self._prefix(one.root) == prefix]
            settle = self.others.get(prefix, self.settle)
            outcomes = settle([one.root for one in mine]) if mine else {}
            ended += sum(self._end(one, outcomes[one.root]) for one in mine)
        return ended

    def alarm(self) -> int:
        """Tell the staff of what waits for too long or came in the wrong mode, and no more when it is over. Returns 0.

        The door tells nobody itself: it asks no one before it answers.
        """
        oldest = self.inbox.oldest()
        is_late = oldest is not None and clock.now() - oldest > ALARM_AFTER
        found = [_LATE] * is_late + [_WRONG_MODE] * self.inbox.has_parked(WRONG_MODE)
        known = problems.by_key(self.client.multi({"known": problems.call([_LATE.key, _WRONG_MODE.key])})["known"])
        problems.keep_up_alarms(self.client, known, found)
        return 0

    def _prefix(self, root: str) -> str:
        return next((prefix for prefix in self.others if root.startswith(prefix)), "")

    def _end(self, waiting: Waiting, outcome: Outcome) -> int:
        if outcome.state == LATER and outcome.until:
            self.inbox.busy(waiting, outcome.until)
            return 0
        if outcome.state == LATER and self.inbox.is_too_old(waiting):
            return self._park(waiting, f"not settled for {OLDEST.days} days: {outcome.why}")
        if outcome.state == LATER:
            self.inbox.retry_later(waiting, outcome.why)
            return 0
        if outcome.state == PARKED:
            return self._park(waiting, outcome.why)
        self.inbox.end(waiting, outcome.state, outcome.why)
        return len(waiting.ids)

    def _park(self, waiting: Waiting, why: str) -> int:
        """A parked row is a person's. As long as nobody can be told of it, it is tried again instead."""
        problem = _parked(waiting.root, why)
        try:
            known = problems.by_key(self.client.multi({"parked": problems.call([problem.key])})["parked"])
            problems.keep_up(self.client, known, [problem])
        except ConnectorError as error:
            log.warning("%s: %s Nobody could be told of it: %s", waiting.root, why, error.what)
            self.inbox.retry_later(waiting, why)
            return 0
        log.warning("%s is parked: %s", waiting.root, why)
        self.inbox.end(waiting, PARKED, why)
        return len(waiting.ids)


def _parked(root: str, why: str) -> Problem:
    return Problem(
        key=key(root, "parked"),
        what=f"{root} could not be settled: {why}",
        next_step="put right what it says, then decide to look at it again; or dismiss it.",
    )
