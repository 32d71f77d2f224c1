"""One sync, seen whole: look at both sides, decide, remember what was shown. Applying stands in sync/apply.py."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from connector.civicrm.client import CiviClient
from connector.civicrm.schema import LOCATIONS
from connector.civicrm.site import read as read_site
from connector.plan import Plan, brakes
from connector.store import Store
from connector.sync import desired, mapping as mappings, memory, plan as table, roster as rosters
from connector.sync.current import Current, Reader
from connector.sync.history import History
from connector.sync.memory import Hasher


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at both sides found. new_links: row key → its contact, where that is not remembered yet."""

    plan: Plan
    current: Current
    new_links: dict[str, int]


class Sync:
    """One mapping, one roster file, one site.

    Raises UserError when the mapping or the file cannot be used.
    """

    def __init__(
        self, *, client: CiviClient, store: Store, hasher: Hasher, mapping: Path, roster: Path, scope: Iterable[str]
    ) -> None:
        self.client, self.store, self.hasher = client, store, hasher
        self.mapping = mappings.load(mapping)
        self.history = History(store, self.mapping.name)
        self._roster = rosters.read(roster)
        self._scope = tuple(scope)

    def look(self) -> Look:
        """Read both sides and decide. Writes nothing to CiviCRM; remembers what both sides agree on already."""
        site = read_site(self.client, [self.mapping.contact_type, *LOCATIONS.values()])
        wanted = desired.read(self._roster, self.mapping, site.schema, self._scope)
        known, gone = self._links(wanted.keys)
        current = Reader(self.client, self.mapping, site).read(wanted, known, gone)
        seen = [person.id for found in current.found.values() for person in found.people]
        remembered = memory.load(self.store, self.hasher, "Contact", [*seen, *(one.id for one in current.absent)])
        decision = table.decide(wanted, current, remembered, self.mapping)
        memory.keep(self.store, self.hasher, "Contact", decision.agreed)
        stopped_by = brakes(
            decision.changes,
            rows=wanted.row_count,
            last_rows=self.history.last_rows(wanted.scope),
            first_run=self.history.is_first(wanted.scope),
            limits=self.mapping.limits,
        )
        plan = Plan(self.mapping.name, tuple(decision.changes), wanted.scope, wanted.row_count, stopped_by)
        new_links = {key: id_ for key, id_ in decision.contacts.items() if known.get(key) != id_}
        return Look(plan, current, new_links)

    def _links(self, keys: Iterable[str]) -> tuple[dict[str, int], frozenset[int]]:
        """Row key → linked contact, and the linked contacts that no row of this file is linked to."""
        links = memory.load_links(self.store, self.mapping.name)
        hashed = {key: memory.key_hash(self.hasher, self.mapping.name, key) for key in keys}
        known = {key: links.pop(name) for key, name in hashed.items() if name in links}
        return known, frozenset(links.values()) - frozenset(known.values())
