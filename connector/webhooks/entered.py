"""Contributions that staff entered or changed: the pledges of their givers follow, within a minute."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connector import clock
from connector.civicrm.answers import Row
from connector.civicrm.records import chunks
from connector.leases import Leases, given_back
from connector.plan import Change
from connector.webhooks import ledger
from connector.webhooks.pledges import Paying, Pledges
from connector.webhooks.settle import Settler
from connector.webhooks.table import stamp

# How far back each look goes. The nightly reconciliation finds what was entered while no worker ran.
LATELY = timedelta(hours=1)
# How many contributions are looked at together.
BATCH = 200
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
        busy = self._settle([row for key, row in rows.items() if key not in self._done])
        settled = {key for key, row in rows.items() if int(row["contact_id"]) not in busy}
        count = len(settled - self._done)
        self._done = settled
        return count

    def apply(self, since: datetime) -> Iterator[str]:
        """Let pledges follow all that was entered or changed since (aware UTC). Yields what was not done."""
        for contact in sorted(self._settle(self._rows(since))):
            yield f"pledges of contact {contact}: another worker is at work on them"

    def plan(self, since: datetime) -> Iterator[Change]:
        """What `apply` would do."""
        one = self.settler
        pledges = Pledges(one.client, Leases(one.store, one.seconds), one.types)
        for rows in chunks(self._rows(since), BATCH):
            yield from pledges.differences(_paying(rows))

    def _settle(self, rows: Sequence[Row]) -> set[int]:
        """Returns the contacts whose pledges another worker is at work on."""
        busy: set[int] = set()
        for some in chunks(rows, BATCH):
            with given_back(self.settler.store, self.settler.seconds) as leases:
                busy |= set(Pledges(self.settler.client, leases, self.settler.types).settle(_paying(some)).busy)
        return busy

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


def _paying(rows: Sequence[Row]) -> list[Paying]:
    return [Paying(int(row["id"]), int(row["contact_id"])) for row in rows]
