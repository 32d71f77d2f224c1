"""The inbox: what Stripe told us, durably, until it is settled. The one truth about what still has to be looked at.

A row is ids and money. It waits, is worked on, and ends as done, ignored or parked; losing the worker's queue, or the
worker, loses nothing, because rows that are due are found again by the next look.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa

from connector import clock
from connector.store import Store, inbox

# How the reason begins of what the door parks: nobody is told of it there.
WRONG_MODE = "an event of the "
WAITING, WORKING, DONE, IGNORED, PARKED = "waiting", "working", "done", "ignored", "parked"
# After how long another worker takes up the rows of one that may be dead. One that is only slow still has the lease.
CLAIMED_FOR = timedelta(seconds=30)
# How soon a row is looked at again that somebody else is at work on.
_SOON = timedelta(seconds=2)
# After how long a row that cannot be settled is a person's: three days of CiviCRM or Stripe away are not.
OLDEST = timedelta(days=7)
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
_OPEN = inbox.c.state.in_((WAITING, WORKING))


@dataclass(frozen=True, slots=True)
class Waiting:
    """All rows of one root that were claimed together. received: of the oldest, aware UTC."""

    root: str
    ids: tuple[int, ...]
    attempts: int
    received: datetime


class Inbox:
    """The rows in one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, **event: Any) -> bool:
        """Keep an event (the columns of the table). Returns False when it was kept before. Raises sqlalchemy errors."""
        now = clock.now()
        given = {"state": WAITING, "why": "", "attempts": 0, "received": now, "due": now} | event
        try:
            with self._store.engine.begin() as connection:
                connection.execute(sa.insert(inbox), given)  # not `.values`, which takes as long as all the rest
        except sa.exc.IntegrityError:
            return False
        return True

    def claim(self, most: int) -> list[Waiting]:
        """Take up to `most` roots that are due, the oldest first, with all rows of each. Nobody else gets them now."""
        now = clock.now()
        self._put_right(now)
        due = sa.and_(_OPEN, inbox.c.due <= now)
        oldest = sa.func.min(inbox.c.id)
        roots = sa.select(inbox.c.root).where(due).group_by(inbox.c.root).order_by(oldest).limit(most)
        claimed: list[Waiting] = []
        for (root,) in self._store.read(roots):
            rows = self._store.read(sa.select(inbox.c.id).where(due, inbox.c.root == root))
            mine = [row.id for row in rows if self._take(row.id, now)]
            if mine:
                claimed.append(self._waiting(root, mine))
        return claimed

    def _put_right(self, now: datetime) -> None:
        """What was written by a clock that was ahead: no pause is so long, and the age of a row counts from now on."""
        for column, latest in ((inbox.c.due, now + _LONGEST_PAUSE), (inbox.c.received, now)):
            wrong = sa.and_(_OPEN, column > latest)
            if self._store.read(sa.select(inbox.c.id).where(wrong).limit(1)):
                self._store.write(sa.update(inbox).where(wrong).values({column.name: now}))

    def _take(self, id_: int, now: datetime) -> bool:
        still_due = sa.and_(inbox.c.id == id_, _OPEN, inbox.c.due <= now)
        with self._store.engine.begin() as connection:
            taken = connection.execute(sa.update(inbox).where(still_due).values(state=WORKING, due=now + CLAIMED_FOR))
        return taken.rowcount == 1

    def _waiting(self, root: str, ids: Sequence[int]) -> Waiting:
        what = sa.select(sa.func.max(inbox.c.attempts), sa.func.min(inbox.c.received)).where(inbox.c.id.in_(ids))
        ((attempts, received),) = self._store.read(what)
        return Waiting(root, tuple(ids), attempts, received)

    def end(self, waiting: Waiting, state: str, why: str = "") -> None:
        """Settled (done), nothing to do with us (ignored), or for a person (parked)."""
        self._set(waiting.ids, state=state, why=why[:255])

    def is_too_old(self, waiting: Waiting) -> bool:
        """True when it has waited for a week: then a person has to look."""
        return clock.now() - waiting.received > OLDEST

    def retry_later(self, waiting: Waiting, why: str) -> None:
        """Try again after a pause that grows."""
        pause = min(_FIRST_PAUSE * 2 ** min(waiting.attempts, 20), _LONGEST_PAUSE)
        self._set(waiting.ids, state=WAITING, why=why[:255], attempts=waiting.attempts + 1, due=clock.now() + pause)

    def busy(self, waiting: Waiting, until: datetime) -> None:
        """Somebody else is at work on this root: look again soon, at the latest when they must be done. No attempt."""
        self._set(waiting.ids, state=WORKING, due=min(until, clock.now() + _SOON))

    def wake(self) -> None:
        """Look at once at what was put off: a person asks for it now."""
        with self._store.engine.begin() as connection:
            connection.execute(sa.update(inbox).where(inbox.c.state == WAITING).values(due=clock.now()))

    def at_work(self) -> datetime | None:
        """When the first of the rows that somebody is at work on, or was when they died, is due; None when none is."""
        query = sa.select(sa.func.min(inbox.c.due)).where(inbox.c.state == WORKING)
        ((found,),) = self._store.read(query)
        return cast(datetime | None, found)

    def replay(self, ids: Iterable[int]) -> int:
        """Let rows wait again, whatever became of them. Returns how many there are."""
        return self._set(tuple(ids), state=WAITING, why="", attempts=0, received=clock.now(), due=clock.now())

    def dismiss(self, ids: Iterable[int], why: str) -> int:
        """A person says that nothing has to be done for these rows. Returns how many there are."""
        return self._set(tuple(ids), state=IGNORED, why=why[:255])

    def rows(
        self, *, states: Iterable[str] = (), ids: Iterable[int] = (), roots: Iterable[str] = (), limit: int = 100
    ) -> Sequence[sa.Row[Any]]:
        """Rows in these states, with these ids and of these roots (each: any, when none is named), the newest first."""
        query = sa.select(inbox).order_by(inbox.c.id.desc()).limit(limit)
        for column, wanted in ((inbox.c.state, states), (inbox.c.id, ids), (inbox.c.root, roots)):
            some = tuple(wanted)
            query = query.where(column.in_(some)) if some else query
        return self._store.read(query)

    def counts(self) -> dict[str, int]:
        """State → how many rows."""
        query = sa.select(inbox.c.state, sa.func.count()).group_by(inbox.c.state)
        return {row[0]: row[1] for row in self._store.read(query)}

    def has_parked(self, why: str) -> bool:
        """True when a row is parked whose reason begins so."""
        parked = sa.and_(inbox.c.state == PARKED, inbox.c.why.startswith(why, autoescape=True))
        return bool(self._store.read(sa.select(inbox.c.id).where(parked).limit(1)))

    def oldest(self) -> datetime | None:
        """When the oldest row that is not settled was received, aware UTC; None when none is."""
        query = sa.select(sa.func.min(inbox.c.received)).where(_OPEN)
        ((found,),) = self._store.read(query)
        return cast(datetime | None, found)

    def _set(self, ids: Sequence[int], **values: Any) -> int:
        with self._store.engine.begin() as connection:
            return connection.execute(sa.update(inbox).where(inbox.c.id.in_(ids)).values(values)).rowcount
