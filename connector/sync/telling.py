"""On every contact that a roster touched: what was written, from which line, through which column, and by whom.

What is about to be written is kept before the first write, and dropped when it was told. So an apply that is ended in
between tells, when it is finished, what it did before and after.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connector import memory, report
from connector.desk import why
from connector.desk.activities import Decision, HandedIn
from connector.plan import Change, only_shown
from connector.store import untold
from connector.sync import wording
from connector.sync.apply import Result
from connector.sync.mapping import PLEDGE
from connector.sync.run import Look, Sync


@dataclass(frozen=True, slots=True)
class Part:
    """One change as it is kept: no values. row: the keyed hash of the row's key; contact: 0 while it is not made."""

    row: str
    entity: str
    what: str
    fields: tuple[str, ...]
    contact: int
    line: int | None


class Telling:
    """What one roster's apply tells. Pledges tell nothing: each carries its own number."""

    def __init__(self, sync: Sync, roster: HandedIn) -> None:
        self._sync, self._roster = sync, roster
        self._parts: list[Part] = []
        self._begun = False

    def announce(self, look: Look, shown: Collection[bytes]) -> None:
        """Keep what is about to be written, beside what an earlier attempt was about to write."""
        if self._sync.mapping.entity == PLEDGE:
            return
        earlier = self._kept()
        self._begun = bool(earlier)
        allowed = only_shown(look.plan.changes, frozenset(shown), self._sync.hasher)[0]
        # what is left of a half-made contact is a change to it by now, and still a part of making it
        known = {(part.row, field) for part in earlier for field in part.fields}
        new = [part for part in self._made(allowed) if any((part.row, field) not in known for field in part.fields)]
        self._parts = earlier + new
        packed = [[one.row, one.entity, one.what, one.fields, one.contact, one.line] for one in self._parts]
        self._sync.store.put(untold, [{"activity": self._roster.id, "parts": packed}])

    def tell(self, decision: Decision, look: Look, result: Result) -> None:
        """Tell what was done, by this attempt and by those before it; look: what this attempt began with."""
        done = {(part.row, field) for part in self._made(result.done) for field in part.fields}
        open_ = {(part.row, field) for part in self._made(look.plan.changes) for field in part.fields} - done
        told = [part for part in self._parts if not any((part.row, field) in open_ for field in part.fields)]
        if told:
            ids = {self._row(key): id_ for key, id_ in self._sync.records(look.keys).items()}
            wrote = [
                why.Wrote(contact, part.what, part.fields, part.line)
                for part in told
                if (contact := part.contact or ids.get(part.row))
            ]
            origin = {path: wording.origin(source) for path, source in self._sync.mapping.fields.items()}
            source = f"{self._roster.kind}, roster {self._roster.id}"
            why.tell(self._sync.client, wrote, source=source, origin=origin, by=decision.by, again=self._begun)
        self._sync.store.write(sa.delete(untold).where(untold.c.activity == self._roster.id))

    def _kept(self) -> list[Part]:
        found = self._sync.store.read(sa.select(untold.c.parts).where(untold.c.activity == self._roster.id))
        packed: list[Any] = found[0].parts if found else []
        return [Part(row, entity, what, tuple(names), *rest) for row, entity, what, names, *rest in packed]

    def _made(self, changes: Iterable[Change]) -> Iterator[Part]:
        for one in changes:
            if one.entity != "Group":
                fields = tuple(field.field for field in one.fields)
                what = report.TOLD[one.action][0]
                yield Part(self._row(one.key), one.entity, what, fields, one.id or 0, one.line)

    def _row(self, key: str) -> str:
        return memory.key_hash(self._sync.hasher, self._sync.mapping.name, key)
