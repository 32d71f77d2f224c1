"""The decision table of sync: what becomes of each row, each field and each place in a group. Pure.

`decide` is all of it. It is given what should be, what is, and what was remembered, and returns changes; it reads and
writes nothing. Every branch says in a comment which case it is.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto

from connector.plan import Action, Change, FieldChange
from connector.sync.current import Current, Found, Membership, Person
from connector.sync.desired import Desired
from connector.sync.mapping import TAKE_OUT, Mapping
from connector.sync.memory import Memory
from connector.sync.rows import Wanted

ADDED, REMOVED = "Added", "Removed"
UNKNOWN_DAY = "an unknown day"
Agreement = tuple[int, str, str | None]  # contact id, field, value


class Verdict(Enum):
    """What becomes of one field."""

    SAME = auto()
    UPDATE = auto()
    KEEP = auto()
    ASK = auto()


@dataclass(slots=True)
class Decision:
    """The changes, and what both sides turned out to agree on already. contacts: row key → contact it belongs to."""

    changes: list[Change] = field(default_factory=list)
    agreed: list[Agreement] = field(default_factory=list)
    contacts: dict[str, int] = field(default_factory=dict)


def decide(desired: Desired, current: Current, memory: Memory, mapping: Mapping) -> Decision:
    """What has to happen so that CiviCRM holds what the roster says, without undoing anything that people did."""
    decision = Decision(changes=list(desired.told))
    decision.changes += _missing_groups(desired, current, mapping)
    shared = _claimed_twice(current)
    for wanted in desired.wanted:
        found = current.found[wanted.key]
        question = _question(wanted, found, shared, mapping)
        if question:
            decision.changes.append(_change(Action.ASK, wanted, question, mapping))
        elif not found.people:
            # no such contact anywhere: the row becomes a new one
            decision.changes += _create(wanted, mapping)
        else:
            _decide_person(wanted, found, memory, mapping, decision)
    decision.changes += _disappeared(current, memory, mapping)
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


def left_on(person: Person, memory: Memory) -> str | None:
    """The day on which the person last left a group of the network, as YYYY-MM-DD; "an unknown day"; or None.

    A Removed that the connector wrote itself is no leaving. The day of "came back" that staff enter lifts what was
    before it, and no leaving whose day is unknown.
    """
    days = [
        place.removed_on or UNKNOWN_DAY
        for place in person.groups.values()
        if place.status == REMOVED and not removed_by_us(place, person.id, memory)
    ]
    came_back = person.came_back_on or ""
    return max((day for day in days if day == UNKNOWN_DAY or day > came_back), default=None)


def removed_by_us(place: Membership, person: int, memory: Memory) -> bool:
    """True when the newest removal is the one that the connector announced to itself before writing it."""
    earlier = place.removals[-2] if len(place.removals) > 1 else 0
    return place.method == "API" and memory.agreed(person, group_field(place.group), removal_after(earlier))


def ours(place: Membership, person: int, memory: Memory) -> bool:
    """True when a roster put the person there, or when taking them out was announced and then never carried out."""
    name, last = group_field(place.group), place.removals[-1] if place.removals else 0
    return memory.agreed(person, name, ADDED) or memory.agreed(person, name, removal_after(last))


def group_field(group: str) -> str:
    """The name under which a place in a group is remembered."""
    return f"group:{group}"


def removal_after(last_removal: int) -> str:
    """What is remembered before we take somebody out: the next removal after this one is ours, any later is not."""
    return f"{REMOVED} after {last_removal}"


def _missing_groups(desired: Desired, current: Current, mapping: Mapping) -> Iterator[Change]:
    titles = {wanted.group: wanted.group_title for wanted in desired.wanted if wanted.group not in current.groups}
    for name, title in sorted(titles.items()):
        fields = (FieldChange("title", None, title or name), FieldChange("parents", None, mapping.group.parent))
        yield Change(Action.CREATE, "Group", name, "rows name this group and it does not exist", fields=fields)


def _claimed_twice(current: Current) -> frozenset[int]:
    claims: defaultdict[int, set[str]] = defaultdict(set)
    for key, found in current.found.items():
        for person in found.people:
            claims[person.id].add(key)
    return frozenset(id_ for id_, keys in claims.items() if len(keys) > 1)


def _question(wanted: Wanted, found: Found, shared: frozenset[int], mapping: Mapping) -> str | None:
    """Why a person has to decide about this row, or None."""
    ids = ", ".join(str(person.id) for person in found.people)
    if found.gone:
        return "its contact was deleted for good; say whether the person should be entered again"
    if len(found.people) > 1:
        return f"more than one contact fits: {ids}; merge them, or give the right one this number"
    if not found.people:
        return None
    person = found.people[0]
    if person.is_deleted:
        return f"its contact {ids} is in the trash; restore it or take the row out"
    if person.contact_type != mapping.contact_type:
        return f"contact {ids} is of type {person.contact_type}, not {mapping.contact_type}"
    number = wanted.fields.get("external_identifier")
    if number and person.external_identifier and person.external_identifier.casefold() != number.casefold():
        return f"contact {ids} fits but carries another external identifier"
    if person.id in shared:
        return f"another row of this roster fits contact {ids} too"
    return None


def _create(wanted: Wanted, mapping: Mapping) -> Iterator[Change]:
    fields = tuple(FieldChange(name, None, value) for name, value in wanted.fields.items())
    yield _change(Action.CREATE, wanted, "not in CiviCRM yet", mapping, fields=fields)
    yield _place(Action.ADD, wanted.group, None, wanted, "named by the row")


def _decide_person(wanted: Wanted, found: Found, memory: Memory, mapping: Mapping, decision: Decision) -> None:
    person = found.people[0]
    subject = wanted.key if found.by_key else f"{wanted.key}@{person.id}"
    decision.contacts[wanted.key] = person.id
    by_verdict: dict[Verdict, list[FieldChange]] = {verdict: [] for verdict in Verdict}
    for name, value in wanted.fields.items():
        there = person.fields.get(name)
        verdict = settle_field(value, there, memory, person.id, name, mapping.wins(name))
        by_verdict[verdict].append(FieldChange(name, there, value))
        if verdict is Verdict.SAME and not memory.agreed(person.id, name, value):
            decision.agreed.append((person.id, name, value))
    told = (
        (Verdict.UPDATE, Action.UPDATE, "the roster changed"),
        (Verdict.KEEP, Action.KEEP, "changed in CiviCRM; CiviCRM's value stays"),
        (Verdict.ASK, Action.ASK, "roster and CiviCRM differ; say which one is right"),
    )
    for verdict, action, reason in told:
        if by_verdict[verdict]:
            fields = tuple(by_verdict[verdict])
            decision.changes.append(_change(action, wanted, reason, mapping, person.id, subject, fields))
    decision.changes += _places(wanted, person, subject, memory, decision.agreed)


def _places(wanted: Wanted, person: Person, subject: str, memory: Memory, agreed: list[Agreement]) -> Iterator[Change]:
    place = person.groups.get(wanted.group) or Membership(wanted.group, "", None)
    name = group_field(wanted.group)
    day = left_on(person, memory)
    if place.status == ADDED:
        # in the right group already
        if not memory.agreed(person.id, name, ADDED):
            agreed.append((person.id, name, ADDED))
    elif day:
        # left a group of the network: added to none of them until the person or the staff say otherwise
        yield _respect(wanted, person, f"left on {day}; added to no group")
        return
    elif person.opted_out:
        yield _respect(wanted, person, "opted out of mailings; added to no group")
        return
    elif place.status == "Pending":
        # has been asked by mail to confirm: only the person's own click counts
        yield _respect(wanted, person, "has yet to confirm by mail; added to no group")
        return
    elif not place.status and memory.agreed(person.id, name, ADDED):
        # staff deleted the membership itself
        yield _respect(wanted, person, "taken out of the group in CiviCRM; stays out")
        return
    else:
        # never there, or taken out by an earlier roster
        yield _place(Action.ADD, wanted.group, place.status or None, wanted, "named by the row", person.id, subject)
    for other in person.groups.values():
        # moved: only out of groups that a roster put the person into, never out of those that staff chose
        if other.group != wanted.group and other.status == ADDED and ours(other, person.id, memory):
            reason = f"the row names {wanted.group} now"
            yield _place(Action.REMOVE, other.group, ADDED, wanted, reason, person.id, subject)


def _disappeared(current: Current, memory: Memory, mapping: Mapping) -> Iterator[Change]:
    """People whose row is gone. Only groups that a roster put them into are touched; the contact never is."""
    if mapping.when_row_disappears != TAKE_OUT:
        return
    for person in current.absent:
        for place in person.groups.values():
            if place.status == ADDED and ours(place, person.id, memory):
                key = f"contact {person.id}"
                fields = (FieldChange(group_field(place.group), ADDED, REMOVED),)
                reason = "no row of the roster is theirs any more"
                yield Change(Action.REMOVE, "GroupContact", key, reason, id=person.id, fields=fields)


def _respect(wanted: Wanted, person: Person, reason: str) -> Change:
    return Change(Action.SKIP, "GroupContact", wanted.key, reason, id=person.id, line=wanted.line)


def _place(
    action: Action,
    group: str,
    before: str | None,
    wanted: Wanted,
    reason: str,
    id_: int | None = None,
    subject: str = "",
) -> Change:
    after = ADDED if action is Action.ADD else REMOVED
    fields = (FieldChange(group_field(group), before, after),)
    return Change(action, "GroupContact", wanted.key, reason, id_, wanted.line, subject, fields)


def _change(
    action: Action,
    wanted: Wanted,
    reason: str,
    mapping: Mapping,
    id_: int | None = None,
    subject: str = "",
    fields: tuple[FieldChange, ...] = (),
) -> Change:
    return Change(action, mapping.contact_type, wanted.key, reason, id_, wanted.line, subject, fields)
