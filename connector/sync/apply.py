"""Carries out what was shown, batch by batch, and looks again whenever the outcome of a write is unknown.

What a batch wrote is found again by the next look, so an apply that was killed is finished by running it again.
"""

import logging
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping as MappingType
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from connector.civicrm import records
from connector.civicrm.records import Group
from connector.errors import AlreadyExists, PermanentError, UnknownOutcome, UserError
from connector.leases import Lease
from connector.leavings import group_field
from connector.plan import Change, only_shown
from connector.sync.run import Look, Sync
from connector.sync.writing import Written

log = logging.getLogger(__name__)

BATCH = 250
# The first batch is small and goes alone. It fills CiviCRM's caches, which two requests at a time would both try to do
# ("already exists"), and whatever is wrong shows on few rows.
FIRST_BATCH = 25
# After trouble, rows go in batches of an eighth of the size, down to single rows: 250, 31, 3, 1, and 1 once more.
SPLIT, ROUNDS = 8, 5

Rows = dict[str, list[Change]]  # row key → its changes, in the order of the plan


@dataclass(slots=True)
class Result:
    """What an apply did. left_out: rows that moved since they were shown; failed: row key → why."""

    done: list[Change] = field(default_factory=list)
    left_out: list[Change] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    rows_left: int = 0  # rows beyond the limit


class Apply:
    """One apply. shown: the hashes of all that may be done. limit: of so many rows, None for all.

    workers: how many batches are under way at CiviCRM at a time. Only the sending of them is done in threads of their
    own; what is remembered, before and after, is written by one.
    tell: called with how many rows are done, and of how many. sleep: waits `grace` seconds after an unknown outcome,
    because CiviCRM goes on working on a request whose sender is gone.
    """

    def __init__(
        self,
        sync: Sync,
        *,
        shown: frozenset[bytes],
        lease: Lease,
        limit: int | None = None,
        workers: int = 1,
        tell: Callable[[int, int], None] = lambda done, of: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sync, self._shown, self._lease, self._limit = sync, shown, lease, limit
        self._workers, self._tell, self._sleep = workers, tell, sleep
        self._total = 0
        self.result = Result()

    def run(self, look: Look) -> Result:
        """Carry out the allowed part of `look`. Raises UserError and TransientError when nothing more can be done."""
        allowed, self.result.left_out = only_shown(look.plan.changes, self._shown, self._sync.hasher)
        first = by_row(allowed)
        rows = {key: first[key] for key in list(first)[: self._limit]}
        self.result.rows_left, self._total = len(first) - len(rows), len(rows)
        size = BATCH
        for _ in range(ROUNDS):
            suspects = self._round(look, rows, size)
            if not suspects:
                break
            look = self._sync.look()
            again = by_row(only_shown(look.plan.changes, self._shown, self._sync.hasher)[0])
            self._finished(change for key in suspects if key not in again for change in first[key])
            rows = {key: again[key] for key in suspects if key in again}
            size = max(1, size // SPLIT)
        else:
            self.result.failed |= {key: suspects[key] for key in rows}
        self._sync.keep(look.new_links, [])
        return self.result

    def _round(self, look: Look, rows: Rows, size: int) -> dict[str, str]:
        """Write these rows in batches of `size`. Returns the keys of those whose outcome is not known, with why."""
        suspects: dict[str, str] = {}
        unknown = False
        try:
            groups = self._with_new_groups(look, rows)
        except UnknownOutcome as error:
            self._sleep(0 if isinstance(error, AlreadyExists) else self._lease.seconds)
            return dict.fromkeys(rows, error.what)
        with ThreadPoolExecutor(self._workers) as pool:  # an error leaves it only when nothing is under way any more
            for batch, written in self._sent(pool, look, rows, size, groups):
                try:
                    self._keep(batch, written.result())
                except PermanentError as error:
                    told = self.result.failed if len(batch) == 1 else suspects
                    told |= dict.fromkeys(batch, error.what)
                except UnknownOutcome as error:
                    suspects |= dict.fromkeys(batch, error.what)
                    unknown = unknown or not isinstance(error, AlreadyExists)
        if suspects:
            log.warning("%d rows are looked at again: %s", len(suspects), next(iter(suspects.values())))
        if unknown:
            self._sleep(self._lease.seconds)
        return suspects

    def _with_new_groups(self, look: Look, rows: Rows) -> dict[str, Group]:
        """Every group by name, after making those that these rows need and that are missing."""
        there = dict(look.side.groups)
        named = {one.field for changes in rows.values() for change in changes for one in change.fields}
        wanted = [
            [one.after or "" for one in change.fields]
            for change in look.plan.acting
            if change.entity == "Group" and (change.key in rows or group_field(change.fields[0].after or "") in named)
        ]
        titles = {group.title: group.name for group in there.values()}
        taken = [f"'{title}' is the title of {titles[title]}" for _, title, _ in wanted if title in titles]
        missing = sorted({parent for _, _, parent in wanted} - set(there))
        if taken or missing:
            raise UserError(
                "Groups that the roster needs cannot be made.",
                problems=[*taken, *(f"there is no group {name} to put them under" for name in missing)],
                next_step="rename that group in CiviCRM or correct [group] in the mapping, then run it again.",
            )
        if not wanted:
            return there
        self._lease.renew()
        made = records.create_groups(
            self._sync.client, [(name, title, there[parent].id) for name, title, parent in wanted]
        )
        return there | {group.name: group for group in made}

    def _sent(
        self, pool: ThreadPoolExecutor, look: Look, rows: Rows, size: int, groups: MappingType[str, Group]
    ) -> Iterator[tuple[Rows, Future[Written]]]:
        """Batches with what will come of them, in their order; as many are under way at a time as there are workers."""
        sent: deque[tuple[Rows, Future[Written]]] = deque()
        first, rest = list(rows)[:FIRST_BATCH], list(rows)[FIRST_BATCH:]
        for number, keys in enumerate([*records.chunks(first, size), *records.chunks(rest, size)]):
            if number == 1 or len(sent) == self._workers:
                yield sent.popleft()
            self._lease.renew()
            batch = [change for key in keys for change in rows[key] if change.entity != "Group"]
            self._sync.keep({}, look.side.announced(batch))
            sent.append(({key: rows[key] for key in keys}, pool.submit(look.side.write, batch, groups)))
        yield from sent

    def _keep(self, batch: Rows, written: Written) -> None:
        self._sync.keep(written.made, written.agreed)
        changes = [change for key in batch for change in batch[key]]
        # a group was made before, whatever became of the rest of its row
        moved = [change for change in changes if change.key in written.moved and change.entity != "Group"]
        self.result.left_out += moved
        self._finished(change for change in changes if change.key not in written.moved or change.entity == "Group")

    def _finished(self, changes: Iterable[Change]) -> None:
        self.result.done += changes
        self._tell(len({change.key for change in self.result.done}), self._total)


def by_row(changes: Iterable[Change]) -> Rows:
    """The changes of each row, in the order of the plan."""
    found: defaultdict[str, list[Change]] = defaultdict(list)
    for change in changes:
        found[change.key].append(change)
    return dict(found)
