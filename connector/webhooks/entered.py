"""Contributions that staff entered or changed: the pledges of their givers follow, within a minute."""

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connector import clock
from connector.civicrm.answers import Row
from connector.civicrm.records import chunks
from connector.errors import PermanentError
from connector.leases import Leases, given_back
from connector.plan import Action, Change
from connector.webhooks import apart, ledger
from connector.webhooks.pledges import Paying, Pledges
from connector.webhooks.settle import Settler
from connector.webhooks.table import stamp

log = logging.getLogger(__name__)

# How far back each look goes. The nightly reconciliation finds what was entered while no worker ran.
LATELY = timedelta(hours=1)
# How many givers are looked at together.
BATCH = 200
_BUSY = "another worker is at work on them"
# When one of these is another, it is looked at again: its time alone has whole seconds only.
_SEEN = ("id", "contact_id", "modified_date", "total_amount", "contribution_status_id:name")


@dataclass(slots=True)
class Entered:
    """What staff entered for one of the funds. The step of the worker asks one question when nothing is new."""

    settler: Settler
    _done: set[tuple[Any, ...]] = field(default_factory=set)

    def step(self) -> int:
        """Let pledges follow what was entered lately. Returns how many contributions were new, or changed."""
        rows = {tuple(row[name] for name in _SEEN): row for row in self._rows(clock.now() - LATELY)}
        undone = self._settle([row for key, row in rows.items() if key not in self._done])
        for line in _told({contact: why for contact, why in undone.items() if why != _BUSY}):
            log.warning("Not settled: %s", line)
        settled = {key for key, row in rows.items() if int(row["contact_id"]) not in undone}
        count = len(settled - self._done)
        self._done = settled
        return count

    def apply(self, since: datetime) -> Iterator[str]:
        """Let pledges follow all that was entered or changed since (aware UTC). Yields what was not done."""
        yield from _told(self._settle(self._rows(since)))

    def plan(self, since: datetime) -> Iterator[Change]:
        """What `apply` would do."""
        one = self.settler
        pledges = Pledges(one.client, Leases(one.store, one.seconds), one.types)
        of_contact = _by_contact(self._rows(since))

        def together(contacts: Sequence[int]) -> Iterator[Change]:
            return pledges.differences([gift for contact in contacts for gift in of_contact[contact]])

        def refused(contact: int, error: PermanentError) -> Change:
            return Change(Action.REFUSE, "Pledge", f"contact {contact}", f"its pledges cannot follow: {error.what}")

        for some in chunks(sorted(of_contact), BATCH):
            yield from apart.look(some, together, refused, one.is_answered)

    def _settle(self, rows: Sequence[Row]) -> dict[int, str]:
        """Returns the contacts whose pledges do not follow yet, and why."""
        of_contact = _by_contact(rows)

        def together(contacts: Sequence[int]) -> tuple[dict[int, str], set[int]]:
            with given_back(self.settler.store, self.settler.seconds) as leases:
                pledges = Pledges(self.settler.client, leases, self.settler.types)
                doubtful = pledges.doubtful(contacts) if len(contacts) > 1 else set()
                paying = [one for contact in contacts for one in of_contact[contact]]
                return ({} if doubtful else dict.fromkeys(pledges.settle(paying).busy, _BUSY)), doubtful

        undone: dict[int, str] = {}
        for some in chunks(sorted(of_contact), BATCH):
            undone |= apart.do(some, together, lambda error: error.what, self.settler.is_answered)
        return undone

    def _rows(self, since: datetime) -> list[Row]:
        return self.settler.client.api4(
            "Contribution",
            "get",
            select=list(_SEEN),
            where=[
                ["modified_date", ">=", stamp(since)],
                ["financial_type_id:name", "IN", sorted(self.settler.types)],
                ledger.TEST_TOO,
                [ledger.WRITTEN, "IS EMPTY"],
            ],
        )


def _by_contact(rows: Sequence[Row]) -> Mapping[int, list[Paying]]:
    found: defaultdict[int, list[Paying]] = defaultdict(list)
    for row in rows:
        found[int(row["contact_id"])].append(Paying(int(row["id"]), int(row["contact_id"])))
    return found


def _told(undone: Mapping[int, str]) -> Iterator[str]:
    for contact, why in sorted(undone.items()):
        yield f"pledges of contact {contact}: {why}"
