"""What becomes of places in mailing groups: who is added, who is moved, who left and stays away. Pure.

Only what a roster did is undone by a roster. A removal that anybody else made is a person's wish, and is respected in
the whole tree of groups.
"""

from collections.abc import Iterator, Mapping as MappingType

from connector.civicrm.records import Group
from connector.leavings import ADDED, REMOVED, Membership, group_field, left_on, removal_after
from connector.memory import Agreement, Memory
from connector.plan import Action, Change, FieldChange
from connector.sync.current import Current, Person
from connector.sync.mapping import TAKE_OUT, Mapping
from connector.sync.rows import Wanted


def new_place(wanted: Wanted) -> Iterator[Change]:
    """The place of a contact that is only going to be made."""
    if wanted.group:
        yield _place(Action.ADD, wanted.group, None, wanted, "named by the row")


def decide_places(
    wanted: Wanted, group: str, person: Person, subject: str, memory: Memory, agreed: list[Agreement]
) -> Iterator[Change]:
    """What becomes of one contact's place in `group` and in others. `agreed` collects what both sides agree on."""
    place = person.groups.get(group) or Membership(group, "", None)
    name = group_field(group)
    day = left_on(person.groups.values(), person.id, person.came_back_on or "", memory, person.back_at)
    if place.status == ADDED:
        # in the right group already
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
        yield _place(Action.ADD, group, place.status or None, wanted, "named by the row", person.id, subject)
    for other in person.groups.values():
        # moved: only out of groups that a roster put the person into, never out of those that staff chose
        if other.group != group and other.status == ADDED and ours(other, person.id, memory):
            reason = f"the row names {group} now"
            yield _place(Action.REMOVE, other.group, ADDED, wanted, reason, person.id, subject)


def decide_absent(current: Current, memory: Memory, mapping: Mapping) -> Iterator[Change]:
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


def decide_own_group(wanted: Wanted, groups: MappingType[str, Group], made: set[str]) -> Iterator[Change]:
    """The mailing group that a row makes. What exists is never changed: title and state belong to the staff."""
    own = wanted.own_group
    if own is None:
        return
    there = groups.get(own.name)
    if there is None and not own.closed and own.name not in made:
        made.add(own.name)
        values = {"name": own.name, "title": own.title, "parents": own.parent}
        fields = tuple(FieldChange(name, None, value) for name, value in values.items())
        reason = "CiviCRM has no such group yet"
        yield Change(Action.CREATE, "Group", wanted.key, reason, line=wanted.line, fields=fields)
    if there is None:
        return
    if own.closed and there.is_active:
        reason = "it is closed and its group is still there; switch the group off in CiviCRM"
        yield Change(Action.NOTE, "Group", wanted.key, reason, there.id, wanted.line)
    elif not own.closed and there.title != own.title:
        reason = "its group has another title in CiviCRM; it stays"
        yield Change(Action.NOTE, "Group", wanted.key, reason, there.id, wanted.line)


def ours(place: Membership, person: int, memory: Memory) -> bool:
    """True when a roster put the person there, or when taking them out was announced and then never carried out."""
    name, last = group_field(place.group), place.removals[-1] if place.removals else 0
    return memory.agreed(person, name, ADDED) or memory.agreed(person, name, removal_after(last))


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
