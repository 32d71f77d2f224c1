"""The lock-down where staff see it: a connector problem that is open while it is on, shown over every list."""

from connector import lockdown
from connector.civicrm.client import CiviClient
from connector.desk import problems
from connector.desk.activities import Decision
from connector.desk.deciding import Answered
from connector.desk.problems import OPEN, SOLVED, Problem
from connector.leases import given_back
from connector.lockdown import Lockdown
from connector.store import Store

KEY = "lockdown"  # mappings/setup.toml shows the problem with this key over every list
# Two workers at once would open two; who dies in between loses the right after so long.
SECONDS = 60


class LockdownShown:
    """The step that keeps the problem in step with the switch. While that is off and was told, it asks nothing."""

    def __init__(self, client: CiviClient, store: Store) -> None:
        self._client, self._store = client, store

    def step(self) -> int:
        """Open the problem, or close it. Returns how many were opened and closed.

        While the switch is on this looks each minute: somebody may have closed the problem by hand.
        """
        found = lockdown.standing(self._store)
        if found.now is None and found.is_told:
            return 0
        with given_back(self._store, SECONDS) as leases:
            if leases.take(KEY):
                return 0
            did = self._agree(found)
            lockdown.told(self._store, found.turn)
        return did

    def _agree(self, found: lockdown.Standing) -> int:
        there = [one for one in problems.open_ones(self._client, KEY) if one.key == KEY]
        if found.now and found.is_told and there:
            return 0
        for problem in there:  # of another why, or of a lock-down that is over
            problems.close(self._client, problem, SOLVED)
        if found.now:
            problems.open_one(self._client, _problem(found.now), 0)
        return len(there) + bool(found.now)


def answer(_problem: Problem, _decision: Decision) -> Answered:
    """What a person decides about the problem itself: nothing, the switch alone opens and closes it."""
    return Answered(f"This closes by itself when the lock-down ends: {lockdown.END}.", OPEN)


def _problem(now: Lockdown) -> Problem:
    return Problem(
        key=KEY,
        what=f"{now.in_words().rstrip('.')}. Nothing is synced or sent, what you decide waits. Gifts go on.",
        next_step=f"{lockdown.END} when the danger is over. This closes by itself then.",
    )
