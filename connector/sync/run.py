"""One sync, seen whole: look at both sides, decide, remember what was shown. Applying stands in sync/apply.py."""

from collections.abc import Iterable, Mapping as MappingType, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from connector import memory
from connector.civicrm.client import CiviClient
from connector.civicrm.records import Group
from connector.civicrm.site import read as read_site
from connector.memory import Agreement, Hasher, Remember
from connector.plan import Change, Plan, brakes
from connector.store import Store
from connector.sync import contacts, desired, mapping_file, pledges, roster as rosters
from connector.sync.desired import Desired
from connector.sync.history import History
from connector.sync.mapping import PLEDGE
from connector.sync.plan import Decision
from connector.sync.writing import Written


class Side(Protocol):
    """CiviCRM's side of one look: the records that rows are about. One for contacts, one for pledges."""

    @property
    def groups(self) -> MappingType[str, Group]:
        """Every mailing group by name."""

    def decide(self, desired: Desired, remember: Remember) -> Decision:
        """What becomes of each row. Writes nothing."""

    def announced(self, batch: Sequence[Change]) -> list[Agreement]:
        """What has to be remembered before this batch is written."""

    def write(self, batch: Sequence[Change], groups: MappingType[str, Group]) -> Written:
        """Carry out a batch. groups: every group, the new ones too. Raises what the client raises."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at both sides found.

    new_links: row key → its record, where that is not remembered yet. keys: of all rows of the file.
    """

    plan: Plan
    side: Side
    new_links: dict[str, int]
    keys: frozenset[str] = frozenset()


class Sync:
    """One mapping, one roster file, one site.

    Raises UserError when the mapping or the file cannot be used.
    """

    def __init__(
        self, *, client: CiviClient, store: Store, hasher: Hasher, mapping: Path, roster: Path, scope: Iterable[str]
    ) -> None:
        self.client, self.store, self.hasher = client, store, hasher
        self.mapping = mapping_file.load(mapping)
        self.history = History(store, self.mapping.name)
        self._roster = rosters.read(roster, [one for names in self.mapping.columns for one in names])
        self._scope = tuple(scope)

    def look(self) -> Look:
        """Read both sides and decide. Writes nothing to CiviCRM; remembers what both sides agree on already."""
        site = read_site(self.client, self.mapping.entities)
        wanted = desired.read(self._roster, self.mapping, site.schema, self._scope)
        known, gone = self._links(wanted.keys)
        read = pledges.read if self.mapping.entity == PLEDGE else contacts.read
        side: Side = read(self.client, self.mapping, site, wanted, known, gone)
        decision = side.decide(wanted, self._remember)
        self.keep({}, decision.agreed)
        stopped_by = brakes(
            decision.changes,
            rows=wanted.row_count,
            last_rows=self.history.last_rows(wanted.scope),
            first_run=self.history.is_first(wanted.scope),
            limits=self.mapping.limits,
        )
        plan = Plan(self.mapping.name, tuple(decision.changes), wanted.scope, wanted.row_count, stopped_by)
        new_links = {key: id_ for key, id_ in decision.records.items() if known.get(key) != id_}
        return Look(plan, side, new_links, wanted.keys)

    def keep(self, links: MappingType[str, int], agreed: Iterable[Agreement]) -> None:
        """Remember which record each row became, and what both sides agree on."""
        hashed = {memory.key_hash(self.hasher, self.mapping.name, key): id_ for key, id_ in links.items()}
        memory.keep_links(self.store, self.mapping.name, hashed)
        memory.keep(self.store, self.hasher, self.mapping.remembered_as, agreed)

    def records(self, keys: Iterable[str]) -> dict[str, int]:
        """Row key → its record in CiviCRM, for those that are known."""
        return self._links(keys)[0]

    def _remember(self, ids: Iterable[int]) -> memory.Memory:
        return memory.load(self.store, self.hasher, self.mapping.remembered_as, ids)

    def _links(self, keys: Iterable[str]) -> tuple[dict[str, int], frozenset[int]]:
        """Row key → linked record, and the linked records that no row of this file is linked to."""
        links = memory.load_links(self.store, self.mapping.name)
        hashed = {key: memory.key_hash(self.hasher, self.mapping.name, key) for key in keys}
        known = {key: links.pop(name) for key, name in hashed.items() if name in links}
        return known, frozenset(links.values()) - frozenset(known.values())
