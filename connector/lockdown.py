"""The lock-down: one switch in our own database that stops all syncing and sending, while gifts keep flowing.

Whoever is about to write or to send asks here first. It needs no CiviCRM, so it works when CiviCRM is away; that it is
shown there is the worker's business (connector/desk/locked.py).
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from connector import clock
from connector.errors import UserError
from connector.store import Moment, Store, metadata

LONGEST_WHY = 120  # it stands in the subject of an activity, after the date
END = "the administrator ends it with `solidarity lockdown off`"
# one row, which the migration makes: `turn` counts the changes, `told` is the last one that CiviCRM shows
lockdown = sa.Table(
    "lockdown",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("since", Moment),  # empty while it is off
    sa.Column("why", sa.String(LONGEST_WHY), nullable=False),
    sa.Column("turn", sa.Integer, nullable=False),
    sa.Column("told", sa.Integer, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Lockdown:
    """A lock-down that is on. since: aware UTC. why: one sentence that names nobody."""

    since: datetime
    why: str

    def in_words(self) -> str:
        """Since when, and why."""
        return f"Lock-down since {self.since:%Y-%m-%d %H:%M} UTC: {self.why}"


class LockedDown(UserError):
    """What was asked for waits until the lock-down is ended."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How the switch stands. now: None when it is off. turn: of its changes; is_told: whether CiviCRM shows it."""

    now: Lockdown | None
    turn: int
    is_told: bool


def is_on(store: Store) -> bool:
    """Whether nothing may be synced or sent."""
    return state(store) is not None


def state(store: Store) -> Lockdown | None:
    """The lock-down, None when it is off."""
    return standing(store).now


def refuse(store: Store) -> None:
    """Raise LockedDown when it is on. Asked before each write of a sync."""
    if found := state(store):
        raise LockedDown(
            f"{found.in_words().rstrip('.')}. Nothing is synced or sent.",
            next_step=f"{END} when the danger is over; then run this again: it goes on where it stopped.",
        )


def switch_on(store: Store, why: str) -> None:
    """Begin a lock-down. One that is on already keeps its beginning, and is told the new why."""
    since = sa.func.coalesce(lockdown.c.since, sa.literal(clock.now(), Moment()))
    store.write(sa.update(lockdown).values(since=since, why=why, turn=lockdown.c.turn + 1))


def switch_off(store: Store) -> None:
    """End it; nothing happens when it is off."""
    off = {"since": None, "why": "", "turn": lockdown.c.turn + 1}
    store.write(sa.update(lockdown).where(lockdown.c.since.is_not(None)).values(off))


def standing(store: Store) -> Standing:
    """How the switch stands, and whether CiviCRM shows it so."""
    (row,) = store.read(sa.select(lockdown))
    now = Lockdown(row.since, row.why) if row.since else None
    return Standing(now, row.turn, row.told == row.turn)


def told(store: Store, turn: int) -> None:
    """Note that CiviCRM shows the switch as it was at `turn`; if it was changed meanwhile, that is still to be told."""
    store.write(sa.update(lockdown).where(lockdown.c.turn == turn).values(told=turn))
