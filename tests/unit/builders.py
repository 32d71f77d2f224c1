"""Small makers of what the pure functions are given, so that a test names only what it is about."""

from collections.abc import Mapping as MappingType, Sequence
from dataclasses import replace
from typing import Any

from connector.civicrm.records import Group
from connector.leavings import Membership
from connector.memory import Agreement
from connector.plan import Action, Change, FieldChange, Limits
from connector.sync.current import Current, Found, Person
from connector.sync.desired import Desired
from connector.sync.mapping import TAKE_OUT, GroupRule, Mapping, Source
from connector.sync.plan import Decision, decide
from connector.sync.rows import Wanted

GROUPS: tuple[str, ...] = ("network", "chapter_COR06", "chapter_WIE01", "members_at_large")
ANNA = 7  # the id of the contact that most tests are about


class Remembered:
    """A memory that is told what both sides agreed on: {(contact id, field): value}."""

    def __init__(self, agreed: MappingType[tuple[int, str], str | None] | None = None) -> None:
        self._agreed = dict(agreed or {})

    def knows(self, entity_id: int, field: str) -> bool:
        return (entity_id, field) in self._agreed

    def agreed(self, entity_id: int, field: str, value: str | None) -> bool:
        return self.knows(entity_id, field) and self._agreed[entity_id, field] == value

    def news(self, agreed: Sequence[Agreement]) -> Sequence[Agreement]:
        return [one for one in agreed if not self.agreed(*one)]


def memory(agreed: MappingType[str, str | None] | None = None, person: int = ANNA) -> Remembered:
    """What is remembered of one person: field → value. A place in a group is `group:NAME`."""
    return Remembered({(person, field): value for field, value in (agreed or {}).items()})


def mapping(when_row_disappears: str = TAKE_OUT, **wins: str) -> Mapping:
    """A members' mapping of three fields. wins: who is right about a field, unlike the rest, where CiviCRM is."""
    names = ("external_identifier", "last_name", "city")
    return Mapping(
        name="members",
        about="",
        entity="Individual",
        contact_sub_type="",
        key=("Member No",),
        scope="Chapter Code",
        match=(("external_identifier",), ("last_name",)),
        look_alike=(),
        fields={name: Source(columns=(name,), wins=wins.get(name, "civicrm")) for name in names},
        contact=None,
        group=GroupRule("chapter_{Chapter Code}", "members_at_large", "network"),
        own_group=None,
        relationships=(),
        checks=(),
        when_row_disappears=when_row_disappears,
        limits=Limits(),
        examples=(),
    )


def wanted(key: str = "M1", *, group: str = "chapter_COR06", line: int = 2, **fields: str) -> Wanted:
    """What one row asks for."""
    given = {"external_identifier": key, "last_name": "Haddad"} | fields
    return Wanted(key, line, "COR06", given, group=group)


def place(group: str, status: str, **more: Any) -> Membership:
    """A place in a group, as CiviCRM has it."""
    return replace(Membership(group, status, row_id=1), **more)


def left(group: str, day: str = "2026-03-01", method: str = "Email") -> Membership:
    """A place that somebody left by the link in a mail."""
    return place(group, "Removed", removals=(31,), days=(day,), method=method)


def person(*places: Membership, id: int = ANNA, **changes: Any) -> Person:
    """A contact in CiviCRM that the row M1 fits. changes: attributes, or fields of the contact."""
    attributes = {name: changes.pop(name) for name in list(changes) if name in Person.__dataclass_fields__}
    number = attributes.get("external_identifier", "M1")
    made = Person(
        id=id,
        contact_type="Individual",
        is_deleted=False,
        opted_out=False,
        external_identifier="M1",
        fields={"external_identifier": number, "last_name": "Haddad", "city": None} | changes,
        location_ids={},
        groups={one.group: one for one in places},
    )
    return replace(made, **attributes)


def found(*people: Person, by_key: bool = True, gone: bool = False) -> Found:
    """What CiviCRM has for one row."""
    return Found(people, by_key, gone)


def decided(
    pairs: list[tuple[Wanted, Found]],
    remembered: Remembered | None = None,
    used: Mapping | None = None,
    *,
    absent: tuple[Person, ...] = (),
    groups: tuple[str, ...] = GROUPS,
    told: tuple[Change, ...] = (),
) -> Decision:
    """The decision about these rows and what CiviCRM has for each."""
    desired = Desired(
        wanted=tuple(row for row, _ in pairs),
        told=told,
        keys=frozenset(row.key for row, _ in pairs),
        scope=("COR06",),
        row_count=len(pairs),
    )
    there = {name: Group(number, name, name, ()) for number, name in enumerate(groups, start=1)}
    current = Current({row.key: one for row, one in pairs}, there, absent)
    return decide(desired, current, remembered or Remembered(), used or mapping())  # type: ignore[arg-type]


def done(decision: Decision) -> list[tuple[Action, str, str]]:
    """A decision as (action, field or group, new value), for the changes that have any."""
    return [(one.action, part.field, part.after or "") for one in decision.changes for part in one.fields]


def change(action: Action, key: str = "M1", *fields: FieldChange, **more: Any) -> Change:
    """A change, as a plan holds it."""
    made = fields or (FieldChange("city", "Cork", "Leeds"),)
    return Change(action, more.pop("entity", "Individual"), key, more.pop("reason", "because"), fields=made, **more)
