"""CiviCRM's side of a roster of contacts: what is there, what becomes of it, how it is written."""

from collections.abc import Collection, Mapping as MappingType, Sequence
from dataclasses import dataclass

from connector.civicrm.client import CiviClient
from connector.civicrm.greetings import Greetings
from connector.civicrm.records import Group
from connector.civicrm.site import Site
from connector.leavings import group_field, removal_after
from connector.memory import Agreement, Remember
from connector.plan import Change
from connector.sync import plan as table, writing
from connector.sync.current import Current, Reader
from connector.sync.desired import Desired
from connector.sync.mapping import Mapping
from connector.sync.plan import Decision
from connector.sync.writing import Written


@dataclass(frozen=True, slots=True)
class ContactSide:
    """The contacts of one look; see `sync.run.Side`."""

    client: CiviClient
    mapping: Mapping
    current: Current
    greetings: Greetings

    @property
    def groups(self) -> MappingType[str, Group]:
        """Every group by name."""
        return self.current.groups

    def decide(self, desired: Desired, remember: Remember) -> Decision:
        """What becomes of each row."""
        seen = {person.id for person in self.current.people()}
        return table.decide(desired, self.current, remember(seen), self.mapping)

    def announced(self, batch: Sequence[Change]) -> list[Agreement]:
        """Who is about to be taken out of which group, so that it is never taken for the person's own wish."""
        return [
            (id_, group_field(place.group), removal_after(place.removals[-1] if place.removals else 0))
            for id_, place in writing.removals(batch, self.current)
        ]

    def write(self, batch: Sequence[Change], groups: MappingType[str, Group]) -> Written:
        """Carry out a batch."""
        return writing.write(self.client, self.mapping, batch, self.current, groups, self.greetings)


def read(
    client: CiviClient,
    mapping: Mapping,
    site: Site,
    desired: Desired,
    links: MappingType[str, int],
    gone: Collection[int],
) -> ContactSide:
    """Read the contacts of these rows. links: row key → contact; gone: linked contacts whose row is not there now."""
    current = Reader(client, mapping, site).read(desired, links, gone)
    return ContactSide(client, mapping, current, site.greetings)
