"""Leases: the right to be the only one at work on something. They stand in the database and run out with time."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

import sqlalchemy as sa

from connector import clock
from connector.errors import AlreadyExists, ConnectorError, TransientError, UnknownOutcome
from connector.store import Store, leases


class Lease:
    """The right to be the only writer of one thing. Whoever dies loses it when its time runs out, not before."""

    def __init__(self, store: Store, name: str, seconds: float, holder: str = "") -> None:
        self._store, self.name, self.seconds = store, name, seconds
        self._holder = holder or str(uuid.uuid4())

    def take(self) -> datetime | None:
        """Take the lease. Returns None when it is ours, else until when (aware UTC) another holder has it."""
        now = clock.now()
        try:
            with self._store.engine.begin() as connection:
                connection.execute(sa.delete(leases).where(leases.c.name == self.name, leases.c.until < now))
                mine = {"name": self.name, "holder": self._holder, "until": self._until(now)}
                connection.execute(sa.insert(leases).values(mine))
        except sa.exc.IntegrityError:
            held = self._store.read(sa.select(leases.c.until).where(leases.c.name == self.name))
            return held[0].until if held else now
        return None

    def renew(self) -> None:
        """Prolong the lease before a write. Raises TransientError when it ran out and another took it."""
        mine = sa.and_(leases.c.name == self.name, leases.c.holder == self._holder)
        with self._store.engine.begin() as connection:
            renewed = connection.execute(sa.update(leases).where(mine).values(until=self._until(clock.now())))
            if renewed.rowcount != 1:
                raise TransientError(
                    f"This run was away for too long and another one took over {self.name}.",
                    next_step="nothing is lost; run the command again when the other one has ended.",
                )

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Prolong the lease all the while, however long a single write takes; it stops with the process."""
        ended = threading.Event()

        def beat() -> None:
            while not ended.wait(self.seconds / 3):
                with suppress(TransientError, sa.exc.SQLAlchemyError):  # the next `renew` of the run itself tells it
                    self.renew()

        thread = threading.Thread(target=beat, name=f"lease {self.name}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

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
    """Several leases that are taken one after the other, and kept or given back together."""

    def __init__(self, store: Store, seconds: float) -> None:
        self._store, self._seconds, self._holder = store, seconds, str(uuid.uuid4())
        self._held: dict[str, Lease] = {}

    def take(self, name: str) -> datetime | None:
        """Take one more. Returns None when it is ours, else until when (aware UTC) another holder has it."""
        if name in self._held:
            return None
        lease = Lease(self._store, name, self._seconds, self._holder)
        if until := lease.take():
            return until
        self._held[name] = lease
        return None

    def renew(self, seconds: float) -> None:
        """Prolong all by so much, before a write; those taken later last as long.

        Raises TransientError when one ran out and another took it.
        """
        self._seconds = seconds
        for lease in self._held.values():
            lease.seconds = seconds
            lease.renew()

    def give_back(self) -> None:
        """Release all. Not after a write whose outcome is unknown: then they run out by themselves."""
        mine = sa.delete(leases).where(leases.c.holder == self._holder)
        self._store.write(mine)
        self._held.clear()


@contextmanager
def given_back(store: Store, seconds: float) -> Iterator[Leases]:
    """Leases that are given back at the end, also after trouble: unless CiviCRM may still be at work on a write.

    Then they run out by themselves.
    """
    leases = Leases(store, seconds)
    try:
        yield leases
    except UnknownOutcome as error:
        if isinstance(error, AlreadyExists):
            leases.give_back()
        raise
    except ConnectorError:
        leases.give_back()
        raise
    leases.give_back()
