"""Does what waits in the inbox: a batch at a time, each row ended, put off, or left for a person."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from connector import clock
from connector.civicrm.client import CiviClient
from connector.desk import problems
from connector.desk.problems import Problem
from connector.inbox import PARKED, Inbox, Waiting
from connector.webhooks.gather import LATER, Outcome
from connector.webhooks.look import key

log = logging.getLogger(__name__)

# How many payments one batch may hold: so many gifts share the four or five requests of a batch.
BATCH = 50
# How long a row may wait before a person is told.
ALARM_AFTER = timedelta(hours=1)
ALARM = "stripe:inbox:late"

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
        """Tell the staff when the oldest row waits for too long, and tell no more when it does not. Returns 0."""
        oldest = self.inbox.oldest()
        is_late = oldest is not None and clock.now() - oldest > ALARM_AFTER
        known = problems.by_key(self.client.multi({"late": problems.call([ALARM])})["late"])
        late = Problem(
            key=ALARM,
            what="Payments wait to be entered for more than an hour.",
            next_step="the administrator runs `solidarity doctor` and `solidarity inbox list`, which say why.",
        )
        problems.keep_up(self.client, known, [late] if is_late else [])
        return 0

    def _prefix(self, root: str) -> str:
        return next((prefix for prefix in self.others if root.startswith(prefix)), "")

    def _end(self, waiting: Waiting, outcome: Outcome) -> int:
        if outcome.state == LATER and outcome.until:
            self.inbox.busy(waiting, outcome.until)
            return 0
        if outcome.state == LATER:
            if self.inbox.retry_later(waiting, outcome.why):
                return 0
            self._tell(waiting, f"not settled in time: {outcome.why}")
            return len(waiting.ids)
        self.inbox.end(waiting, outcome.state, outcome.why)
        if outcome.state == PARKED:
            self._tell(waiting, outcome.why)
        return len(waiting.ids)

    def _tell(self, waiting: Waiting, why: str) -> None:
        """A parked row is a person's."""
        log.warning("%s is parked: %s", waiting.root, why)
        name = key(waiting.root, "parked")
        known = problems.by_key(self.client.multi({"parked": problems.call([name])})["parked"])
        problems.keep_up(self.client, known, [_parked(waiting.root, why)])


def _parked(root: str, why: str) -> Problem:
    return Problem(
        key=key(root, "parked"),
        what=f"{root} could not be settled: {why}",
        next_step="put right what it says, then decide to look at it again; or dismiss it.",
    )
