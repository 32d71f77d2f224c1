"""Leases: the right to be the only one at work on something. They stand in the database and run out with time."""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

import sqlalchemy as sa

from connector import clock
from connector.errors import AlreadyExists, ConnectorError, TransientError, UnknownOutcome
from connector.store import Store, leases

# No lease is held for longer than until midnight; one that says so was written by a clock that was ahead.
_LONGEST = timedelta(days=2)


class Lease:
    """The right to be the only writer of one thing. Whoever dies loses it when its time runs out, not before.

    ran_out: whether the last holder never gave it back; known when it is taken.
    """

    def __init__(self, store: Store, name: str, seconds: float, holder: str = "") -> None:
        self._store, self.name, self.seconds = store, name, seconds
        self._holder = holder or str(uuid.uuid4())
        self.ran_out = False

    def take(self) -> datetime | None:
        """Take the lease. Returns None when it is ours, else until when (aware UTC) another holder has it."""
        now = clock.now()
        try:
            with self._store.engine.begin() as connection:
                over = sa.or_(leases.c.until < now, leases.c.until > now + _LONGEST)
                old = connection.execute(sa.delete(leases).where(leases.c.name == self.name, over))
                mine = {"name": self.name, "holder": self._holder, "until": self._until(now)}
                connection.execute(sa.insert(leases).values(mine))
        except sa.exc.IntegrityError:
            held = self._store.read(sa.select(leases.c.until).where(leases.c.name == self.name))
            return held[0].until if held else now
        self.ran_out = old.rowcount == 1
        return None

    def renew(self) -> None:
        """Prolong the lease before a write. Raises TransientError when it ran out and another took it."""
        mine = sa.and_(leases.c.name == self.name, leases.c.holder == self._holder)
        with self._store.engine.begin() as connection:
            renewed = connection.execute(sa.update(leases).where(mine).values(until=self._until(clock.now())))
            if renewed.rowcount != 1:
                raise _taken_over(self.name)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Prolong the lease all the while, however long a single write takes; it stops with the process."""
        with _beating(self.renew, lambda: self.seconds):
            yield

    def give_back(self) -> None:
        """Release the lease."""
        self._store.write(sa.delete(leases).where(leases.c.name == self.name, leases.c.holder == self._holder))

    def hold_until(self, moment: datetime) -> None:
        """Keep it until then although we are done: nobody does the same thing again before."""
        mine = sa.and_(leases.c.name == self.name, leases.c.holder == self._holder)
        self._store.write(sa.update(leases).where(mine).values(until=moment))

    def _until(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self.seconds)


class Leases:
    """Several leases that are taken one after the other, and kept or given back together.

    ran_out: those of ours whose last holder never gave them back: it died, or lost track of what it wrote.
    """

    def __init__(self, store: Store, seconds: float) -> None:
        self._store, self._seconds, self._holder = store, seconds, str(uuid.uuid4())
        self._held: set[str] = set()
        self.ran_out: set[str] = set()

    def take(self, name: str) -> datetime | None:
        """Take one more. Returns None when it is ours, else until when (aware UTC) another holder has it."""
        if name in self._held:
            return None
        lease = Lease(self._store, name, self._seconds, self._holder)
        if until := lease.take():
            return until
        self._held.add(name)
        self.ran_out |= {name} if lease.ran_out else set()
        return None

    def renew(self, seconds: float) -> None:
        """Prolong all by so much, before a write; those taken later last as long.

        Raises TransientError when one ran out and another took it.
        """
        self._seconds = seconds
        if self.prolong() != len(self._held):
            raise _taken_over("what it was at work on")

    def prolong(self) -> int:
        """Let all that are still ours last as long again. Returns how many they are."""
        mine = sa.update(leases).where(leases.c.holder == self._holder)
        with self._store.engine.begin() as connection:
            until = clock.now() + timedelta(seconds=self._seconds)
            return connection.execute(mine.values(until=until)).rowcount

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Prolong all of them all the while, however long Stripe or CiviCRM take to answer."""
        with _beating(self.prolong, lambda: self._seconds):
            yield

    def give_back(self) -> None:
        """Release all. Not after a write whose outcome is unknown: then they run out by themselves."""
        mine = sa.delete(leases).where(leases.c.holder == self._holder)
        self._store.write(mine)
        self._held.clear()


@contextmanager
def given_back(store: Store, seconds: float) -> Iterator[Leases]:
    """Leases that are kept all the while and given back at the end, also after trouble.

    Unless CiviCRM may still be at work on a write: then they run out by themselves, so many seconds from then on.
    """
    leases = Leases(store, seconds)
    try:
        with leases.kept():
            yield leases
    except UnknownOutcome as error:
        if isinstance(error, AlreadyExists):
            leases.give_back()
        else:
            leases.prolong()
        raise
    except ConnectorError:
        leases.give_back()
        raise
    leases.give_back()


@contextmanager
def _beating(prolong: Callable[[], object], seconds: Callable[[], float]) -> Iterator[None]:
    """Prolong again and again, three times in what a lease lasts; it stops with the process."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(seconds() / 3):
            with suppress(TransientError, sa.exc.SQLAlchemyError):  # the next `renew` of the run itself tells it
                prolong()

    thread = threading.Thread(target=beat, name="leases", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _taken_over(what: str) -> TransientError:
    return TransientError(
        f"This run was away for too long and another one took over {what}.",
        next_step="nothing is lost; run the command again when the other one has ended.",
    )
