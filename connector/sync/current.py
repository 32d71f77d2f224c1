"""What is: the contacts of a roster as they stand in CiviCRM, with their groups and with who left what and when.

Three requests however long the roster is, and one or two more only when rows have to be searched for or were merged.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping as MappingType, Sequence
from dataclasses import dataclass, field, replace

from connector.civicrm import records
from connector.civicrm.answers import Row
from connector.civicrm.client import CiviClient
from connector.civicrm.records import Group
from connector.civicrm.schema import LOCATIONS, as_read
from connector.civicrm.site import Site
from connector.leavings import Membership, back_at, is_doubtful
from connector.sync.desired import Desired
from connector.sync.mapping import Mapping
from connector.sync.rows import ALL, AT_LARGE, Wanted
from connector.sync.standing import Standing
from connector.sync.ties import Tie

CAME_BACK = "Solidarity_Member.Came_Back_On"


@dataclass(frozen=True, slots=True)
class Person:
    """One contact as CiviCRM has it. fields: canonical values; location_ids: its first e-mail, phone, address."""

    id: int
    contact_type: str
    is_deleted: bool
    opted_out: bool
    external_identifier: str | None
    fields: MappingType[str, str | None]
    location_ids: MappingType[str, int | None]
    came_back_on: str | None = None
    back_at: int = 0  # see leavings
    groups: MappingType[str, Membership] = field(default_factory=dict)
    ties: tuple[Tie, ...] = ()
    named: frozenset[tuple[str, int]] = frozenset()  # who is related to this contact now: type, contact
    sub_types: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Found:
    """What CiviCRM has for one row. by_key: found by the link or the number, not by looking alike."""

    people: tuple[Person, ...]
    by_key: bool
    gone: bool = False  # linked before, and neither there nor merged into another
    doubtful: bool = False  # only so similar that a person has to decide


@dataclass(frozen=True, slots=True)
class Current:
    """Everything the decision needs.

    absent: linked contacts in the scope's groups, whose row is gone. targets: external identifier, in small letters,
    → the living contact that a relationship can name.
    """

    found: MappingType[str, Found]
    groups: MappingType[str, Group]
    absent: tuple[Person, ...] = ()
    targets: MappingType[str, int] = field(default_factory=dict)

    def people(self) -> Iterator[Person]:
        """Everybody who was found, and those whose row is gone."""
        for found in self.found.values():
            yield from found.people
        yield from self.absent


@dataclass(frozen=True, slots=True)
class _Match:
    """Which contacts fit one row, before they are known whole; see Found."""

    ids: tuple[int, ...]
    by_key: bool = True
    gone: bool = False
    doubtful: bool = False


class Reader:
    """Reads what is there for one mapping on one site."""

    def __init__(self, client: CiviClient, mapping: Mapping, site: Site) -> None:
        self._client, self._mapping, self._site = client, mapping, site
        self._read_as = {path: as_read(path, site.schema.field(mapping.entity, path)) for path in mapping.fields}
        came_back = [CAME_BACK] if site.schema.field(mapping.entity, CAME_BACK) else []
        self._select = ["contact_sub_type", *(stored for stored, _ in self._read_as.values()), *came_back]

    def read(self, desired: Desired, links: MappingType[str, int], gone: Collection[int]) -> Current:
        """The current state of these rows. links: row key → contact id; gone: contacts whose row is not there now."""
        rows = {int(row["id"]): row for row in self._linked_and_numbered(desired, links)}
        targets = _targets(rows.values())
        merged = self._follow(rows, links.values())
        matches = self._by_key(desired, rows, merged, links)
        missing = [w for w in desired.wanted if not matches[w.key].ids and not matches[w.key].gone]
        matches |= self._alike(missing, rows)
        ids = sorted({id_ for match in matches.values() for id_ in match.ids})
        standing = self._standing(desired, ids)
        people = self._came_back({id_: self._person(rows[id_], standing) for id_ in ids})
        found = {
            key: Found(tuple(people[id_] for id_ in match.ids), match.by_key, match.gone, match.doubtful)
            for key, match in matches.items()
        }
        absent = [
            Person(id_, self._mapping.entity, False, False, None, {}, {}, groups=theirs)
            for id_, theirs in sorted(standing.places.items())
            if id_ in gone and id_ not in people
        ]
        return Current(found, self._site.groups, tuple(absent), targets)

    def _linked_and_numbered(self, desired: Desired, links: MappingType[str, int]) -> list[Row]:
        """The rows' contacts by number and by link, and the contacts that their relationships name."""
        own = {number for wanted in desired.wanted if (number := wanted.fields.get("external_identifier"))}
        others = {tie.to for wanted in desired.wanted for tie in wanted.relationships}
        others |= {one.who for wanted in desired.wanted for one in wanted.named}
        linked = sorted({links[wanted.key] for wanted in desired.wanted if wanted.key in links})
        return records.contacts(self._client, self._select, numbers=sorted(own | others), ids=linked)

    def _follow(self, rows: dict[int, Row], linked: Iterable[int]) -> dict[int, int]:
        """Old id → survivor, for linked contacts that were merged away; the survivors are read into `rows`."""
        lost = [id_ for id_ in linked if id_ in rows and rows[id_]["is_deleted"]]
        merged = records.survivors(self._client, lost, self._site.contact_actions)
        for row in records.contacts(self._client, self._select, ids=sorted(set(merged.values()) - set(rows))):
            rows[int(row["id"])] = row
        return merged

    def _by_key(
        self,
        desired: Desired,
        rows: MappingType[int, Row],
        merged: MappingType[int, int],
        links: MappingType[str, int],
    ) -> dict[str, _Match]:
        """What is found by the link and by the number. CiviCRM takes numbers that differ in case only for the same."""
        numbered: defaultdict[str, set[int]] = defaultdict(set)
        for id_, row in rows.items():
            numbered[(row.get("external_identifier") or "").casefold()].add(id_)
        found = {}
        for wanted in desired.wanted:
            linked = links.get(wanted.key)
            number = wanted.fields.get("external_identifier")
            ids = set(numbered[number.casefold()]) if number else set()
            if linked in merged:
                ids.discard(linked or 0)  # the loser of a merge keeps its number, in the trash
            if linked:
                ids.add(merged.get(linked, linked))
            there = tuple(id_ for id_ in sorted(ids) if id_ in rows)
            found[wanted.key] = _Match(there, gone=bool(linked) and not there)
        return found

    def _alike(self, missing: Sequence[Wanted], rows: dict[int, Row]) -> dict[str, _Match]:
        """Who looks like the row, by the first rule of `match` or `look_alike` that finds any; read into `rows`."""
        found = {wanted.key: _Match(()) for wanted in missing}
        same = [(rule, self._mapping.entity, False) for rule in self._mapping.match]
        similar = [(rule, "Contact", True) for rule in self._mapping.look_alike]
        for rule, entity, doubtful in (*same, *similar):
            if rule == ("external_identifier",):
                continue  # looked for already, in the trash and among other types too
            open_ = [w for w in missing if not found[w.key].ids and all(w.fields.get(path) for path in rule)]
            values = sorted({wanted.fields[rule[0]] for wanted in open_})
            alike: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
            for row in records.same_value(self._client, entity, self._select, rule[0], values):
                rows[int(row["id"])] = row
                alike[_looks(self._fields(row, rule), rule)].append(int(row["id"]))
            for wanted in open_:
                found[wanted.key] = _Match(tuple(alike[_looks(wanted.fields, rule)]), by_key=False, doubtful=doubtful)
        return found

    def _standing(self, desired: Desired, ids: Sequence[int]) -> Standing:
        """Where these contacts stand; the scope's groups are read whole."""
        rule = self._mapping.group
        inside = records.tree(self._site.groups, rule.network) if rule else set()
        here = [group for group in self._site.groups.values() if group.id in inside]
        read = records.belonging(
            self._client,
            ids,
            groups=sorted(inside),
            whole_groups=[group.id for group in here if self._in_scope(group.name, desired)],
            relationship_types=self._mapping.relationship_types,
            types_to=self._mapping.checked_types,
        )
        return Standing(read, {group.id: group.name for group in here})

    def _came_back(self, people: dict[int, Person]) -> dict[int, Person]:
        """The same, with what tells whether those who left on the day on which they came back left before or after."""
        doubtful = [id_ for id_, one in people.items() if is_doubtful(one.groups.values(), one.came_back_on or "")]
        inside = records.tree(self._site.groups, self._mapping.group.network) if self._mapping.group else set()
        for id_, rows in records.additions(self._client, doubtful, sorted(inside)).items():
            one = people[id_]
            people[id_] = replace(one, back_at=back_at(one.groups.values(), rows, one.came_back_on or ""))
        return people

    def _in_scope(self, name: str, desired: Desired) -> bool:
        rule = self._mapping.group
        if rule is None:
            return False
        if name == rule.default:
            return ALL in desired.scope or AT_LARGE in desired.scope
        prefix = rule.name.partition("{")[0]
        code = name.removeprefix(prefix)
        return name.startswith(prefix) and (ALL in desired.scope or code in desired.scope)

    def _fields(self, row: Row, paths: Iterable[str]) -> dict[str, str | None]:
        """Canonical values of some of the mapping's fields."""
        return {path: form(row.get(stored)) for path in paths for stored, form in (self._read_as[path],)}

    def _person(self, row: Row, standing: Standing) -> Person:
        id_ = int(row["id"])
        return Person(
            id=id_,
            contact_type=row["contact_type"],
            is_deleted=bool(row["is_deleted"]),
            opted_out=bool(row["is_opt_out"]),
            external_identifier=row.get("external_identifier") or None,
            fields=self._fields(row, self._read_as),
            location_ids={name: row.get(name) for name in LOCATIONS},
            sub_types=frozenset(row.get("contact_sub_type") or ()),
            came_back_on=str(row[CAME_BACK])[:10] if row.get(CAME_BACK) else None,
            groups=standing.places.get(id_, {}),
            ties=tuple(standing.ties.get(id_, ())),
            named=frozenset(standing.named.get(id_, ())),
        )


def _looks(fields: MappingType[str, str | None], rule: Sequence[str]) -> tuple[str, ...]:
    return tuple((fields.get(path) or "").casefold() for path in rule)


def _targets(rows: Iterable[Row]) -> dict[str, int]:
    return {
        str(row["external_identifier"]).casefold(): int(row["id"])
        for row in rows
        if row.get("external_identifier") and not row["is_deleted"]
    }
