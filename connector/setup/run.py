"""The set-up loop: read what the site has, decide what is missing, make it. Safe to run as often as one likes.

What exists is never changed but for a group that hangs in the wrong place and a field that lacks choices: titles,
labels and switched-off things belong to the staff, and what was made otherwise than we need it is reported, because
only a person can say why.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connector.civicrm.answers import Row
from connector.civicrm.client import Call, CiviClient
from connector.civicrm.records import IDENTITY, check_identity
from connector.errors import UserError
from connector.leases import Lease
from connector.plan import Action, Change, FieldChange, Plan
from connector.setup.kinds import KINDS, new_options
from connector.setup.wanted import COMPONENT, Setup, Thing

FLOW = "setup"
_COMPONENTS: Call = ("Setting", "get", {"select": ["enable_components"]})
# Without a flush CiviCRM shows no new page, and does not move a contact's modified_date when a new field changes.
_FLUSHED = frozenset({"CustomGroup", "CustomField", "Afform", "Navigation"})

Existing = Mapping[tuple[str, str], Row]  # (entity, name) → the row in CiviCRM


def look(client: CiviClient, wanted: Setup) -> Plan:
    """Compare the site with the file, in three requests. Writes nothing."""
    return Plan(FLOW, tuple(decide(wanted, read(client, wanted))))


def read(client: CiviClient, wanted: Setup) -> Existing:
    """Everything on the site that set-up could have made. What belongs to a switched-off component is not there."""
    found = client.multi({**IDENTITY, "components": _COMPONENTS})
    check_identity(found)
    components = set(found["components"][0]["value"] or ())
    calls = {
        entity: kind.call(entity, [thing.name for thing in wanted.things if thing.entity == entity])
        for entity, kind in KINDS.items()
        if not kind.component or kind.component in components
    }
    found = client.multi(calls)
    names = {row["id"]: row["name"] for row in found["Group"]}
    for row in found["CustomGroup"]:
        row["sub_type"] = next(iter(row.get("extends_entity_column_value:name") or ()), None)
    for row in found["Group"]:
        row["parent"] = [names.get(int(parent)) for parent in row.get("parents") or ()]
        row["saved_search"] = row.get("saved_search_id.name")
    instruments = {int(row["id"]): row["name"] for row in found.get("PaymentInstrument", ())}
    for row in found.get("AssetAccount", ()):
        row["name"] = instruments.get(int(row["entity_id"]))
        row["account"] = row["financial_account_id.name"]
    _add_options(client, found["CustomField"])
    rows = {(entity, KINDS[entity].name_of(row)): row for entity in found for row in found[entity]}
    return rows | {(COMPONENT, name): {} for name in components}


def _add_options(client: CiviClient, fields: Sequence[Row]) -> None:
    """Beside each field the choices that it has, switched-off ones too: those are the staff's will."""
    groups = sorted({field["option_group_id"] for field in fields if field.get("option_group_id")})
    where = [["option_group_id", "IN", groups]]
    options = client.api4("OptionValue", "get", select=["option_group_id", "value"], where=where) if groups else []
    for field in fields:
        own = [one["value"] for one in options if one["option_group_id"] == field.get("option_group_id")]
        field["options"] = frozenset(own)


def decide(wanted: Setup, existing: Existing) -> Iterator[Change]:
    """What is missing, what hangs in the wrong place, and what a person has to look at. Pure."""
    for thing in wanted.things:
        row = existing.get((thing.entity, thing.name))
        if row is None:
            fields = tuple(FieldChange(name, None, _text(value)) for name, value in thing.values.items())
            yield Change(Action.CREATE, thing.entity, thing.name, "CiviCRM does not have it", fields=fields)
            continue
        if row.get("is_active") is False:
            yield _ask(thing, row, "it is switched off in CiviCRM; switch it on there")
        for name, value in thing.fixed.items():
            if name in row and name != "parent" and row[name] != value:
                yield _differs(thing, row, name)
        if missing := _missing_options(thing, row):
            fields = (FieldChange("options", None, _text(missing)),)
            yield Change(Action.UPDATE, thing.entity, thing.name, "it lacks choices", _id(row), fields=fields)
        if thing.entity == "Group" and "parent" in thing.values and thing.values["parent"] not in (row["parent"] or ()):
            parent = thing.values["parent"]
            fields = (FieldChange("parent", None, parent),)
            yield Change(Action.UPDATE, "Group", thing.name, f"it is not below {parent}", row["id"], fields=fields)


def _missing_options(thing: Thing, row: Row) -> dict[str, str]:
    """The choices that a field lacks; what those that it has are called belongs to the staff."""
    there = row.get("options")
    return {} if there is None else {k: v for k, v in thing.values.get("options", {}).items() if k not in there}


def _differs(thing: Thing, row: Row, name: str) -> Change:
    """What to do about a value that is not as it has to be."""
    if KINDS[thing.entity].remade == name:
        fields = tuple(FieldChange(field, None, _text(value)) for field, value in thing.values.items())
        return Change(Action.UPDATE, thing.entity, thing.name, "an older version made it", _id(row), fields=fields)
    there, wanted = row[name] or "empty", thing.values[name]
    return _ask(thing, row, f"its {name} is {there} and has to be {wanted}; correct it in CiviCRM")


def apply(client: CiviClient, plan: Plan, lease: Lease, *, unfinished: bool) -> list[Change]:
    """Make what the plan says is missing. unfinished: an earlier set-up died before it rebuilt the triggers.

    Raises UserError when a title is taken, and what the client raises; running it again goes on where it stopped.
    """
    done: list[Change] = []
    for entity in (COMPONENT, *KINDS):
        for changes in _rounds([change for change in plan.acting if change.entity == entity]):
            lease.renew()
            _make(client, entity, changes)
            done += changes
    if unfinished or {change.entity for change in done} & _FLUSHED:
        lease.renew()
        client.api4("System", "flush", triggers=True)
    return done


def _make(client: CiviClient, entity: str, changes: Sequence[Change]) -> None:
    if entity == COMPONENT:
        if changes:
            there = client.api4(*_COMPONENTS[:2], **_COMPONENTS[2])[0]["value"] or []
            client.api4("Setting", "set", values={"enable_components": [*there, *(change.key for change in changes)]})
        return
    kind = KINDS[entity]
    if entity == "CustomField":
        _make_options(client, [change for change in changes if change.action is Action.UPDATE])
        changes = [change for change in changes if change.action is Action.CREATE]
    records = [_record(client, entity, change) for change in changes]
    if records:
        match = list(kind.match or kind.name)
        client.api4(kind.api or entity, "save", records=records, match=match, **(kind.more or {}))


def _make_options(client: CiviClient, changes: Sequence[Change]) -> None:
    """Add choices to fields that exist. A save of the field itself would not."""
    ids = [change.id for change in changes]
    fields = client.api4("CustomField", "get", select=["option_group_id"], where=[["id", "IN", ids]]) if ids else []
    groups = {field["id"]: field["option_group_id"] for field in fields}
    records = [one for change in changes for one in new_options(change, groups[change.id])]
    if records:
        client.api4("OptionValue", "save", records=records, match=["option_group_id", "value"])


def _record(client: CiviClient, entity: str, change: Change) -> Row:
    values: Row = {one.field: one.after for one in change.fields}
    parent = values.pop("parent", None) if entity == "Group" else None
    parents = {"parents": _parents(client, change, parent)} if parent else {}
    linked = {"entity_id": _instrument(client, change.key)} if entity == "AssetAccount" else {}
    return KINDS[entity].record(change, values) | parents | linked


def _instrument(client: CiviClient, name: str) -> int:
    """The id of a payment instrument, by which its account is linked."""
    where = [["option_group_id:name", "=", "payment_instrument"], ["name", "=", name]]
    (row,) = client.api4("OptionValue", "get", select=["id"], where=where)
    return int(row["id"])


def _parents(client: CiviClient, change: Change, parent: str) -> list[int]:
    """The ids of a group's parents with `parent` added: CiviCRM replaces the whole list."""
    rows = client.api4("Group", "get", select=["id", "name", "parents"], where=[["name", "IN", [parent, change.key]]])
    there = {row["name"]: row for row in rows}
    if parent not in there:
        raise UserError(f"CiviCRM has no group {parent}.", next_step="run `solidarity setup apply` again.")
    kept = [int(id_) for id_ in (there.get(change.key, {}).get("parents") or ())]
    return sorted({*kept, int(there[parent]["id"])})


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _rounds(changes: Sequence[Change]) -> Iterator[list[Change]]:
    """Changes that can go into one request: a group only after the group it hangs below."""
    waiting = list(changes)
    while waiting:
        names = {change.key for change in waiting}
        ready = [
            change for change in waiting if not names & {one.after for one in change.fields if one.field == "parent"}
        ]
        yield ready
        waiting = [change for change in waiting if change not in ready]


def _ask(thing: Thing, row: Row, reason: str) -> Change:
    return Change(Action.ASK, thing.entity, thing.name, reason, id=_id(row))


def _id(row: Row) -> int | None:
    found: Any = row.get("id")
    return int(found) if found else None
