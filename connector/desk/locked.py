"""The lock-down where staff see it: a connector problem that is open while it is on, shown over every list."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from connector import lockdown
from connector.civicrm.client import CiviClient
from connector.desk import problems
from connector.desk.activities import Decision
from connector.desk.deciding import Answered
from connector.desk.problems import OPEN, SOLVED, Problem
from connector.leases import Lease
from connector.lockdown import Lockdown
from connector.store import Store

KEY = "lockdown"  # mappings/setup.toml shows the problem with this key over every list


class LockdownShown:
    """The step that keeps the problem in step with the switch. While that is off and was told, it asks nothing.

    lease: the right to do so; two workers at once would open two problems.
    """

    def __init__(
        self, client: CiviClient, store: Store, lease: Callable[[str], AbstractContextManager[Lease | None]]
    ) -> None:
        self._client, self._store, self._lease = client, store, lease

    def step(self) -> int:
        """Open the problem, or close it. Returns how many were opened and closed.

        While the switch is on this looks each minute: somebody may have closed the problem by hand.
        """
        found = lockdown.standing(self._store)
        if found.now is None and found.is_told:
            return 0
        with self._lease(KEY) as lease:
            if lease is None:
                return 0
            did = self._agree(found)
            lockdown.told(self._store, found.turn)
        return did

    def _agree(self, found: lockdown.Standing) -> int:
        there = [one for one in problems.open_ones(self._client, KEY) if one.key == KEY]
        if found.now and found.is_told and there:
            return 0
        wanted = _problem(found.now) if found.now else None
        # there already when we were ended before we could note it
        kept = next((one for one in there if wanted and one.what == wanted.what), None)
        over = [one for one in there if one is not kept]
        for problem in over:
            problems.close(self._client, problem, SOLVED)
        if wanted and not kept:
            problems.open_one(self._client, wanted, 0)
        return len(over) + (wanted is not None and not kept)


def answer(_problem: Problem, _decision: Decision) -> Answered:
    """What a person decides about the problem itself: nothing, the switch alone opens and closes it."""
    return Answered(f"This closes by itself when the lock-down ends: {lockdown.END}.", OPEN)


def _problem(now: Lockdown) -> Problem:
    return Problem(
        key=KEY,
        what=f"{now.in_words().rstrip('.')}. Nothing is synced or sent, what you decide waits. Gifts go on.",
        next_step=f"{lockdown.END} when the danger is over. This closes by itself then.",
    )
