"""The decision table of sync: what becomes of each row and each of its fields. Pure.

`decide` is all of it. It is given what should be, what is, and what was remembered, and returns changes; it reads and
writes nothing. Every branch says in a comment which case it is. Groups and relationships stand beside: places, ties.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping as MappingType
from dataclasses import dataclass, field
from enum import Enum, auto

from connector.memory import Agreement, Memory
from connector.plan import Action, Change, FieldChange
from connector.sync.current import Current, Found
from connector.sync.desired import Desired
from connector.sync.mapping import Mapping
from connector.sync.places import decide_absent, decide_own_group, decide_places, new_place
from connector.sync.rows import Wanted
from connector.sync.ties import compare_named, decide_ties, new_ties


class Verdict(Enum):
    """What becomes of one field."""

    SAME = auto()
    UPDATE = auto()
    KEEP = auto()
    ASK = auto()


_TOLD = {
    Verdict.UPDATE: (Action.UPDATE, "the roster changed"),
    Verdict.KEEP: (Action.KEEP, "changed in CiviCRM; CiviCRM's value stays"),
    Verdict.ASK: (Action.ASK, "roster and CiviCRM differ; say which one is right"),
}


@dataclass(slots=True)
class Decision:
    """The changes, and what both sides turned out to agree on already. records: row key → its id in CiviCRM."""

    changes: list[Change] = field(default_factory=list)
    agreed: list[Agreement] = field(default_factory=list)
    records: dict[str, int] = field(default_factory=dict)


def decide(desired: Desired, current: Current, memory: Memory, mapping: Mapping) -> Decision:
    """What has to happen so that CiviCRM holds what the roster says, without undoing anything that people did."""
    decision = Decision(changes=list(desired.told))
    shared, alike = _claimed_twice(current), _Lookalikes(current, mapping)
    made: set[str] = set()
    for wanted in desired.wanted:
        found = current.found[wanted.key]
        refused = _refusal(wanted, current)
        if refused:
            decision.changes.append(Change(Action.REFUSE, "row", wanted.key, refused, line=wanted.line))
            continue
        decision.changes += decide_own_group(wanted, current.groups, made)
        question = _question(wanted, found, shared, mapping) or _renumbered(wanted, found, alike)
        if question:
            decision.changes.append(_change(Action.ASK, wanted, question, mapping))
        elif not found.people:
            # no such contact anywhere: the row becomes a new one
            decision.changes += _create(wanted, mapping, current.targets)
        else:
            _decide_person(wanted, found, memory, mapping, decision, current.targets)
    decision.changes += decide_absent(current, memory, mapping)
    return decision


def settle_field(wanted: str | None, there: str | None, memory: Memory, person: int, name: str, wins: str) -> Verdict:
    """One field: the roster's value against CiviCRM's and the last value that both agreed on.

    wanted, there: canonical values, None when empty. wins: who is right when both changed, or nothing is remembered.
    """
    if wanted is None or wanted == there:
        return Verdict.SAME  # an empty cell means "not known"; or there is nothing to do
    if memory.agreed(person, name, there):
        return Verdict.UPDATE  # only the roster changed since the two agreed
    if memory.agreed(person, name, wanted):
        return Verdict.KEEP  # only CiviCRM changed: a person's edit, an erased value among them
    if there is None and not memory.knows(person, name):
        return Verdict.UPDATE  # never filled in CiviCRM: nobody's work is lost
    return {"roster": Verdict.UPDATE, "civicrm": Verdict.KEEP, "ask": Verdict.ASK}[wins]  # both changed


def _claimed_twice(current: Current) -> frozenset[int]:
    claims: defaultdict[int, set[str]] = defaultdict(set)
    for key, found in current.found.items():
        for person in found.people:
            claims[person.id].add(key)
    return frozenset(id_ for id_, keys in claims.items() if len(keys) > 1)


class _Lookalikes:
    """Which contacts look like a row, by the rules of `match` that take more than one field; built when first asked."""

    def __init__(self, current: Current, mapping: Mapping) -> None:
        self._current = current
        self.rules = [rule for rule in mapping.match if len(rule) > 1]
        self._found: dict[tuple[tuple[str, ...], tuple[str, ...]], set[int]] | None = None

    def of(self, fields: MappingType[str, str | None], rule: tuple[str, ...]) -> set[int]:
        """The ids of the contacts that have these values in the fields of a rule."""
        if self._found is None:
            self._found = defaultdict(set)
            for person in self._current.people():
                for one in self.rules:
                    if all(person.fields.get(path) for path in one):
                        self._found[one, _values(person.fields, one)].add(person.id)
        return self._found.get((rule, _values(fields, rule)), set())


def _values(fields: MappingType[str, str | None], rule: tuple[str, ...]) -> tuple[str, ...]:
    return tuple((fields.get(path) or "").casefold() for path in rule)


def _renumbered(wanted: Wanted, found: Found, alike: _Lookalikes) -> str | None:
    """A sheet that was sorted without its column of numbers: the number is one contact's, all else is another's."""
    if not (found.by_key and found.people):
        return None
    person = found.people[0]
    for rule in alike.rules:
        if all(wanted.fields.get(path) == person.fields.get(path) for path in rule):
            continue  # it looks like its own contact
        others = alike.of(wanted.fields, rule)
        if others and person.id not in others:
            ids = ", ".join(map(str, sorted(others)))
            return f"its number is that of contact {person.id}, the rest looks like contact {ids}; correct it"
    return None


def _refusal(wanted: Wanted, current: Current) -> str | None:
    """What the row names and CiviCRM does not have, or None."""
    for tie in wanted.relationships:
        if tie.to.casefold() not in current.targets:
            return f"CiviCRM has no contact with the external identifier {tie.to}; apply its own roster first"
    for name in filter(None, (wanted.own_group.parent if wanted.own_group else None, wanted.group)):
        if name not in current.groups:
            return f"CiviCRM has no group {name}; apply the roster that makes it first, or run `solidarity setup apply`"
        if not current.groups[name].is_active:
            return f"the group {name} is switched off in CiviCRM; switch it on there or correct the row"
    return None


def _question(wanted: Wanted, found: Found, shared: frozenset[int], mapping: Mapping) -> str | None:
    """Why a person has to decide about this row, or None."""
    ids = ", ".join(str(person.id) for person in found.people)
    if found.gone:
        return "its contact was deleted for good; say whether the person should be entered again"
    if len(found.people) > 1:
        return f"more than one contact fits: {ids}; merge them, or give the right one this number"
    if not found.people:
        return None
    if found.doubtful:
        return (
            f"contact {ids} looks alike; if it is the same person correct it in CiviCRM, if not enter the person there"
        )
    person = found.people[0]
    if person.is_deleted:
        return f"its contact {ids} is in the trash; restore it or take the row out"
    if person.contact_type != mapping.entity:
        return f"contact {ids} is of type {person.contact_type}, not {mapping.entity}"
    number = wanted.fields.get("external_identifier")
    if number and person.external_identifier and person.external_identifier.casefold() != number.casefold():
        return f"contact {ids} fits but carries another external identifier"
    if mapping.contact_sub_type and mapping.contact_sub_type not in person.sub_types:
        return f"contact {ids} fits but is no {mapping.contact_sub_type}; give it this sub type, or another number"
    if person.id in shared:
        return f"another row of this roster fits contact {ids} too"
    return None


def _create(wanted: Wanted, mapping: Mapping, targets: MappingType[str, int]) -> Iterator[Change]:
    fields = tuple(FieldChange(name, None, value) for name, value in wanted.fields.items())
    yield _change(Action.CREATE, wanted, "not in CiviCRM yet", mapping, fields=fields)
    yield from new_place(wanted)
    yield from new_ties(wanted, targets)
    yield from compare_named(wanted, None, frozenset(), targets)


def _decide_person(
    wanted: Wanted,
    found: Found,
    memory: Memory,
    mapping: Mapping,
    decision: Decision,
    targets: MappingType[str, int],
) -> None:
    person = found.people[0]
    subject = wanted.key if found.by_key else f"{wanted.key}@{person.id}"
    decision.records[wanted.key] = person.id
    differ: defaultdict[Verdict, list[FieldChange]] = defaultdict(list)
    same: list[Agreement] = []
    for name, value in wanted.fields.items():
        there = person.fields.get(name)
        verdict = settle_field(value, there, memory, person.id, name, mapping.wins(name))
        if verdict is not Verdict.SAME:
            differ[verdict].append(FieldChange(name, there, value))
        else:
            same.append((person.id, name, value))
    for verdict, (action, reason) in _TOLD.items():
        if fields := tuple(differ.get(verdict, ())):
            decision.changes.append(_change(action, wanted, reason, mapping, person.id, subject, fields))
    if wanted.group:
        decision.changes += decide_places(wanted, wanted.group, person, subject, memory, same)
    decision.changes += decide_ties(wanted, person.id, subject, person.ties, targets, memory, same)
    decision.agreed += memory.news(same)
    decision.changes += compare_named(wanted, person.id, person.named, targets)


def _change(
    action: Action,
    wanted: Wanted,
    reason: str,
    mapping: Mapping,
    id_: int | None = None,
    subject: str = "",
    fields: tuple[FieldChange, ...] = (),
) -> Change:
    return Change(action, mapping.entity, wanted.key, reason, id_, wanted.line, subject, fields)
