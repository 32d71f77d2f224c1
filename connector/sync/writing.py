"""Writes one batch of people to CiviCRM: two requests, whatever their changes are.

Every update carries the value that was seen as a condition, so that an edit made since the look is never overwritten;
a new membership is created without a match, so that one that appeared meanwhile is an error and not re-subscribed.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping as MappingType, Sequence
from dataclasses import dataclass, field, replace

from connector import clock
from connector.civicrm import records
from connector.civicrm.answers import Row
from connector.civicrm.client import Call, CiviClient
from connector.civicrm.greetings import Greetings
from connector.civicrm.records import Group
from connector.civicrm.schema import LOCATIONS
from connector.leavings import ADDED, Membership, group_field
from connector.memory import Agreement
from connector.plan import Action, Change, FieldChange
from connector.sync.current import Current, Person
from connector.sync.mapping import Mapping
from connector.sync.ties import ACTIVE, parts


@dataclass(slots=True)
class Written:
    """What a batch did. made: row key → id of what was created.

    moved: keys of rows where CiviCRM had changed between look and write, so nothing was done.
    """

    made: dict[str, int] = field(default_factory=dict)
    agreed: list[Agreement] = field(default_factory=list)
    moved: set[str] = field(default_factory=set)


def write(
    client: CiviClient,
    mapping: Mapping,
    batch: Sequence[Change],
    current: Current,
    groups: MappingType[str, Group],
    greetings: Greetings,
) -> Written:
    """Carry out a batch. groups: every group by name, the new ones too.

    Raises what the client raises; some of the batch may then have been carried out.
    """
    done = Written()
    new = [change for change in batch if change.action is Action.CREATE]
    entity = mapping.entity
    kind = {"contact_sub_type": [mapping.contact_sub_type]} if mapping.contact_sub_type else {}
    sent = greetings.added(entity, [_record(change.fields) | kind for change in new])
    ids = records.create_contacts(client, entity, sent)
    done.made = {change.key: id_ for change, id_ in zip(new, ids, strict=True)}
    done.agreed += [(id_, f.field, f.after) for change, id_ in zip(new, ids, strict=True) for f in change.fields]
    calls = _Calls(entity, groups)
    for change in batch:
        id_ = change.id or done.made[change.key]
        person = _person(change, current)
        calls.add(change, id_, person)
    found = client.multi(calls.all() | greetings.calls(sent, ids))
    records.save_again(client, entity, greetings.wrong(found, sent, ids))
    done.moved = {key for name, key in calls.guarded.items() if not found[name]}
    done.agreed += [agreement for key, agreement in calls.agreed if key not in done.moved]
    return done


class _Calls:
    """Collects the calls of one batch: guarded updates one by one, new rows of one entity together."""

    def __init__(self, entity: str, groups: MappingType[str, Group]) -> None:
        self._entity, self._groups = entity, groups
        self._new: defaultdict[str, list[Row]] = defaultdict(list)
        self._updates: dict[str, Call] = {}
        self.guarded: dict[str, str] = {}
        self.agreed: list[tuple[str, Agreement]] = []

    def all(self) -> dict[str, Call]:
        """The calls, new rows before updates: added to the new group before taken out of the old one."""
        news: dict[str, Call] = {f"new {name}": (name, "save", {"records": rows}) for name, rows in self._new.items()}
        return news | self._updates

    def add(self, change: Change, id_: int, person: Person | None) -> None:
        """Add the calls for one change of the contact `id_`."""
        if change.entity == "GroupContact":
            self._place(change, id_, person)
            return
        if change.entity == "Relationship":
            self._tie(change, id_, person)
            return
        own = [f for f in change.fields if f.field.partition(".")[0] not in LOCATIONS]
        if own and change.action is Action.UPDATE:
            self._update(change, self._entity, id_, own)
        for location, entity in LOCATIONS.items():
            part = [f for f in change.fields if f.field.startswith(f"{location}.")]
            if part:
                self._location(change, entity, id_, part, person.location_ids.get(location) if person else None)
        if change.action is Action.UPDATE:
            self.agreed += [(change.key, (id_, f.field, f.after)) for f in change.fields]

    def _location(self, change: Change, entity: str, id_: int, part: Sequence[FieldChange], row_id: int | None) -> None:
        names = {f.field: f.field.partition(".")[2] for f in part}
        if row_id is None:
            values = {names[f.field]: f.after for f in part}
            self._new[entity].append({"contact_id": id_, "is_primary": True, **values})
        else:
            # a bounced address stays on hold by itself; a new one has not bounced yet
            extra = {"on_hold": 0} if entity == "Email" else {}
            self._update(change, entity, row_id, part, names, extra)

    def _place(self, change: Change, id_: int, person: Person | None) -> None:
        (change_of_status,) = change.fields
        name = change_of_status.field.partition(":")[2]
        group = self._groups[name].id
        place = person.groups.get(name) if person else None
        if place is None or place.row_id is None:
            self._new["GroupContact"].append({"contact_id": id_, "group_id": group, "status": change_of_status.after})
        else:
            self._update(
                change, "GroupContact", place.row_id, [FieldChange("status", place.status, change_of_status.after)]
            )
        if change_of_status.after == ADDED:
            self.agreed.append((change.key, (id_, group_field(name), ADDED)))

    def _tie(self, change: Change, id_: int, person: Person | None) -> None:
        (one,) = change.fields
        kind, other = parts(one.field)
        known = next((tie for tie in (person.ties if person else ()) if (tie.kind, tie.other) == (kind, other)), None)
        if known is None:
            row = {"contact_id_a": id_, "contact_id_b": other, "relationship_type_id:name": kind, "is_active": True}
            # keeps hundreds of rows out of the key's own list of recently seen; a site that does not know it ignores it
            self._new["Relationship"].append(row | {"skipRecentView": True})
        else:
            # is_active alone would leave an old end date on a relationship that is active again
            values = {"is_active": one.after == ACTIVE, "end_date": None if one.after == ACTIVE else _today()}
            where = [["id", "=", known.id], ["is_active", "=", known.is_active]]
            name = f"{change.key} {change.action} Relationship {known.id}"
            self._updates[name] = ("Relationship", "update", {"where": where, "values": values})
            self.guarded[name] = change.key
        self.agreed.append((change.key, (id_, one.field, one.after)))

    def _update(
        self,
        change: Change,
        entity: str,
        row_id: int,
        part: Sequence[FieldChange],
        names: MappingType[str, str] | None = None,
        extra: MappingType[str, int] | None = None,
    ) -> None:
        named = [replace(f, field=names[f.field]) for f in part] if names else part
        name = f"{change.key} {change.action} {entity} {row_id}"
        self._updates[name] = guarded(entity, row_id, named, extra)
        self.guarded[name] = change.key


def guarded(
    entity: str, row_id: int, fields: Sequence[FieldChange], extra: MappingType[str, int] | None = None
) -> Call:
    """An update that finds nothing when one of these fields is no longer as it was seen."""
    where = [["id", "=", row_id], *(as_seen(one.field, one.before) for one in fields)]
    values = {one.field: one.after for one in fields} | dict(extra or {})
    return (entity, "update", {"where": where, "values": values})


def removals(batch: Iterable[Change], current: Current) -> Iterator[tuple[int, Membership]]:
    """(contact id, the place to be lost) of everyone whom the batch takes out of a group."""
    for change in batch:
        person = _person(change, current) if change.action is Action.REMOVE else None
        if person:
            yield from ((person.id, person.groups[one.field.partition(":")[2]]) for one in change.fields)


def _today() -> str:
    return clock.now().date().isoformat()


def as_seen(name: str, before: str | None) -> list[str | None]:
    """The condition that a field holds this value."""
    return [name, "IS EMPTY"] if before is None else [name, "=", before]


def _record(fields: Iterable[FieldChange]) -> Row:
    return {one.field: one.after for one in fields if one.field.partition(".")[0] not in LOCATIONS}


def _person(change: Change, current: Current) -> Person | None:
    found = current.found.get(change.key)
    if found and found.people:
        return found.people[0]
    return next((person for person in current.absent if person.id == change.id), None)
