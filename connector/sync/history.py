"""The runs of one mapping: which plans were shown, which were applied, and how large the roster was then."""

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa

from connector import clock
from connector.memory import BYTES, Hasher
from connector.plan import Action, Plan
from connector.store import Store, runs

PLANNED, APPLIED, TRIAL, UNFINISHED = "planned", "applied", "trial", "unfinished"
KEEP_SHOWN = timedelta(days=30)


class History:
    """Reads and writes the rows of `runs` that belong to one mapping."""

    def __init__(self, store: Store, mapping: str) -> None:
        self._store, self._mapping = store, mapping

    def show(self, plan: Plan, hasher: Hasher) -> str:
        """Remember a plan that a person is shown, and return the checksum by which it can be applied."""
        shown = b"".join(sorted(hasher(*atom) for atom in plan.atoms()))
        checksum = hasher.hex("plan", self._mapping, *plan.scope, shown.hex())[:12]
        old = sa.and_(runs.c.state == PLANNED, runs.c.at < clock.now() - KEEP_SHOWN)
        self._store.write(sa.delete(runs).where(old), self._insert(plan, PLANNED, checksum, shown))
        return checksum

    def shown(self, checksum: str) -> frozenset[bytes] | None:
        """The hashes of what the plan with this checksum showed; None when no such plan was shown."""
        query = sa.select(runs.c.shown).where(self._mine, runs.c.state == PLANNED, runs.c.checksum == checksum)
        found = self._store.read(query)
        if not found:
            return None
        packed: bytes = found[-1].shown
        return frozenset(packed[start : start + BYTES] for start in range(0, len(packed), BYTES))

    def applied(self, plan: Plan, state: str, forced: Sequence[str], by: str) -> None:
        """Remember how an apply ended, and which brakes were passed by whom."""
        self._store.write(self._insert(plan, state, "", b"", {"brakes": list(forced), "by": by} if forced else {}))

    def last_rows(self, scope: Sequence[str]) -> int | None:
        """How many rows the roster of exactly this scope had when it was last applied, or None."""
        query = sa.select(runs.c.row_count, runs.c.scope).where(self._mine, runs.c.state == APPLIED)
        same = [row.row_count for row in self._store.read(query.order_by(runs.c.id)) if row.scope == list(scope)]
        return same[-1] if same else None

    def is_first(self, scope: Sequence[str]) -> bool:
        """True when a part of this scope was never applied."""
        return not set(scope) <= self._covered(APPLIED) and "all" not in self._covered(APPLIED)

    def had_trial(self, scope: Sequence[str]) -> bool:
        """True when a few rows of all of this scope were applied on trial."""
        return set(scope) <= self._covered(TRIAL)

    def last_state(self) -> str | None:
        """How the newest apply ended, or None."""
        found = self._store.read(sa.select(runs.c.state).where(self._mine, runs.c.state != PLANNED).order_by(runs.c.id))
        return found[-1].state if found else None

    def ever_asked(self) -> bool:
        """True when a run of this mapping ever asked a person, so that a problem may be open in CiviCRM."""
        found = self._store.read(sa.select(runs.c.counts).where(self._mine))
        return any(Action.ASK.value in row.counts for row in found)

    def applied_today(self, scope: Sequence[str]) -> bool:
        """True when all of this scope was applied on this day (UTC) already."""
        midnight = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        today = sa.and_(self._mine, runs.c.state == APPLIED, runs.c.at >= midnight)
        return set(scope) <= {
            code for row in self._store.read(sa.select(runs.c.scope).where(today)) for code in row.scope
        }

    @property
    def _mine(self) -> sa.ColumnElement[bool]:
        return runs.c.mapping == self._mapping

    def _covered(self, state: str) -> set[str]:
        found = self._store.read(sa.select(runs.c.scope).where(self._mine, runs.c.state == state))
        return {code for row in found for code in row.scope}

    def _insert(
        self, plan: Plan, state: str, checksum: str, shown: bytes, forced: dict[str, object] | None = None
    ) -> sa.Insert:
        return sa.insert(runs).values(
            mapping=self._mapping,
            scope=list(plan.scope),
            state=state,
            checksum=checksum,
            shown=shown,
            row_count=plan.row_count,
            counts=plan.counts(),
            forced=forced or {},
            at=clock.now(),
        )
