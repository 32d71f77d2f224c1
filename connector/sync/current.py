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
from connector.civicrm.schema import LOCATIONS, canonical
from connector.civicrm.site import Site
from connector.sync.desired import Desired
from connector.sync.mapping import Mapping
from connector.sync.rows import ALL, AT_LARGE, Wanted
from connector.sync.ties import Tie

CAME_BACK = "Solidarity_Member.Came_Back_On"


@dataclass(frozen=True, slots=True)
class Membership:
    """One contact's place in one group. removals: ids of the times it was Removed, oldest first."""

    group: str
    status: str
    row_id: int | None
    removals: tuple[int, ...] = ()
    removed_on: str = ""
    method: str = ""


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


class Reader:
    """Reads what is there for one mapping on one site."""

    def __init__(self, client: CiviClient, mapping: Mapping, site: Site) -> None:
        self._client, self._mapping, self._site = client, mapping, site
        self._fields = {path: site.schema.field(mapping.entity, path) for path in mapping.fields}
        came_back = [CAME_BACK] if site.schema.field(mapping.entity, CAME_BACK) else []
        self._select = ["contact_sub_type", *mapping.fields, *came_back]

    def read(self, desired: Desired, links: MappingType[str, int], gone: Collection[int]) -> Current:
        """The current state of these rows. links: row key → contact id; gone: contacts whose row is not there now."""
        rows = self._linked_and_numbered(desired, links)
        targets = _targets(rows)
        people = {int(row["id"]): self._person(row) for row in rows}
        merged = self._follow(people, links.values())
        found = self._by_key(desired, people, merged, links)
        missing = [w for w in desired.wanted if not found[w.key].people and not found[w.key].gone]
        found |= self._alike(missing)
        return replace(self._with_groups(desired, found, gone), targets=targets)

    def _linked_and_numbered(self, desired: Desired, links: MappingType[str, int]) -> list[Row]:
        """The rows' contacts by number and by link, and the contacts that their relationships name."""
        own = {number for wanted in desired.wanted if (number := wanted.fields.get("external_identifier"))}
        others = {tie.to for wanted in desired.wanted for tie in wanted.relationships}
        others |= {one.who for wanted in desired.wanted for one in wanted.named}
        linked = sorted({links[wanted.key] for wanted in desired.wanted if wanted.key in links})
        return records.contacts(self._client, self._select, numbers=sorted(own | others), ids=linked)

    def _follow(self, people: dict[int, Person], linked: Iterable[int]) -> dict[int, int]:
        """Old id → survivor, for linked contacts that were merged away; the survivors are read into `people`."""
        lost = [id_ for id_ in linked if id_ in people and people[id_].is_deleted]
        merged = records.survivors(self._client, lost, self._site.contact_actions)
        for row in records.contacts(self._client, self._select, ids=sorted(set(merged.values()) - set(people))):
            people[int(row["id"])] = self._person(row)
        return merged

    def _by_key(
        self,
        desired: Desired,
        people: MappingType[int, Person],
        merged: MappingType[int, int],
        links: MappingType[str, int],
    ) -> dict[str, Found]:
        """What is found by the link and by the number. CiviCRM takes numbers that differ in case only for the same."""
        numbered: defaultdict[str, set[int]] = defaultdict(set)
        for person in people.values():
            numbered[(person.external_identifier or "").casefold()].add(person.id)
        found = {}
        for wanted in desired.wanted:
            linked = links.get(wanted.key)
            number = wanted.fields.get("external_identifier")
            ids = set(numbered[number.casefold()]) if number else set()
            if linked in merged:
                ids.discard(linked or 0)  # the loser of a merge keeps its number, in the trash
            if linked:
                ids.add(merged.get(linked, linked))
            there = tuple(people[id_] for id_ in sorted(ids) if id_ in people)
            found[wanted.key] = Found(there, by_key=True, gone=bool(linked) and not there)
        return found

    def _alike(self, missing: Sequence[Wanted]) -> dict[str, Found]:
        """Contacts that look like the row, by the first rule of `match` or `look_alike` under which there is any."""
        found: dict[str, Found] = {wanted.key: Found((), by_key=True) for wanted in missing}
        same = [(rule, self._mapping.entity, False) for rule in self._mapping.match]
        similar = [(rule, "Contact", True) for rule in self._mapping.look_alike]
        for rule, entity, doubtful in (*same, *similar):
            if rule == ("external_identifier",):
                continue  # looked for already, in the trash and among other types too
            open_ = [w for w in missing if not found[w.key].people and all(w.fields.get(path) for path in rule)]
            values = sorted({wanted.fields[rule[0]] for wanted in open_})
            rows = records.same_value(self._client, entity, self._select, rule[0], values)
            alike: defaultdict[tuple[str, ...], list[Person]] = defaultdict(list)
            for person in map(self._person, rows):
                alike[_looks(person.fields, rule)].append(person)
            for wanted in open_:
                people = tuple(alike[_looks(wanted.fields, rule)])
                found[wanted.key] = Found(people, by_key=False, doubtful=doubtful)
        return found

    def _with_groups(self, desired: Desired, found: dict[str, Found], gone: Collection[int]) -> Current:
        rule = self._mapping.group
        inside = records.tree(self._site.groups, rule.network) if rule else set()
        here = [group for group in self._site.groups.values() if group.id in inside]
        ids = sorted({person.id for one in found.values() for person in one.people})
        read = records.belonging(
            self._client,
            ids,
            groups=sorted(inside),
            whole_groups=[group.id for group in here if self._in_scope(group.name, desired)],
            relationship_types=self._mapping.relationship_types,
            types_to=self._mapping.checked_types,
        )
        places = _places(read.places, read.removals, {group.id: group.name for group in here})
        ties = _ties(read.ties)
        named: defaultdict[int, set[tuple[str, int]]] = defaultdict(set)
        for row in read.ties_to:
            if row["is_active"]:
                named[int(row["contact_id_b"])].add((row["relationship_type_id:name"], int(row["contact_id_a"])))

        def whole(person: Person) -> Person:
            return replace(
                person,
                groups=places.get(person.id, {}),
                ties=tuple(ties.get(person.id, ())),
                named=frozenset(named[person.id]),
            )

        complete = {key: replace(one, people=tuple(map(whole, one.people))) for key, one in found.items()}
        kind = self._mapping.entity
        absent = [
            Person(id_, kind, False, False, None, {}, {}, groups=theirs)
            for id_, theirs in sorted(places.items())
            if id_ in gone and id_ not in ids
        ]
        return Current(complete, self._site.groups, tuple(absent))

    def _in_scope(self, name: str, desired: Desired) -> bool:
        rule = self._mapping.group
        if rule is None:
            return False
        if name == rule.default:
            return ALL in desired.scope or AT_LARGE in desired.scope
        prefix = rule.name.partition("{")[0]
        code = name.removeprefix(prefix)
        return name.startswith(prefix) and (ALL in desired.scope or code in desired.scope)

    def _person(self, row: Row) -> Person:
        return Person(
            id=int(row["id"]),
            contact_type=row["contact_type"],
            is_deleted=bool(row["is_deleted"]),
            opted_out=bool(row["is_opt_out"]),
            external_identifier=row.get("external_identifier") or None,
            fields={path: canonical(path, field, row.get(path)) for path, field in self._fields.items()},
            location_ids={name: row.get(name) for name in LOCATIONS},
            sub_types=frozenset(row.get("contact_sub_type") or ()),
            came_back_on=str(row[CAME_BACK])[:10] if row.get(CAME_BACK) else None,
        )


def _looks(fields: MappingType[str, str | None], rule: Sequence[str]) -> tuple[str, ...]:
    return tuple((fields.get(path) or "").casefold() for path in rule)


def _targets(rows: Iterable[Row]) -> dict[str, int]:
    return {
        str(row["external_identifier"]).casefold(): int(row["id"])
        for row in rows
        if row.get("external_identifier") and not row["is_deleted"]
    }


def _ties(rows: Iterable[Row]) -> dict[int, list[Tie]]:
    found: defaultdict[int, list[Tie]] = defaultdict(list)
    for row in rows:
        tie = Tie(int(row["id"]), row["relationship_type_id:name"], int(row["contact_id_b"]), bool(row["is_active"]))
        found[int(row["contact_id_a"])].append(tie)
    return found


def _places(rows: Iterable[Row], past: Iterable[Row], names: MappingType[int, str]) -> dict[int, dict[str, Membership]]:
    """Contact id → group name → membership. A row that was deleted after a removal still counts as Removed."""
    found: defaultdict[int, dict[str, Membership]] = defaultdict(dict)
    for row in past:
        name = names[int(row["group_id"])]
        before = found[int(row["contact_id"])].get(name)
        found[int(row["contact_id"])][name] = Membership(
            group=name,
            status="Removed",
            row_id=None,
            removals=(*(before.removals if before else ()), int(row["id"])),
            removed_on=str(row["date"])[:10],
            method=row["method"],
        )
    for row in rows:
        name, contact = names[int(row["group_id"])], int(row["contact_id"])
        known = found[contact].get(name) or Membership(name, "", None)
        found[contact][name] = replace(known, status=row["status"], row_id=int(row["id"]))
    return dict(found)
