"""Joins through a third table: contacts of an activity (ActivityContact), contacts that a contact is related to.

`["Contact AS by", "LEFT", "ActivityContact", ["id", "=", "by.activity_id"], …]`: the bridge's own columns are named by
the alias of what is joined. RelationshipCache holds each relationship twice, once from either side.
"""

from collections.abc import Iterator
from typing import Any

from sandbox.civicrm.errors import ApiError
from sandbox.civicrm.site import Call
from sandbox.civicrm.store import Row

_KINDS = {
    "source_contact_id": "Activity Source",
    "target_contact_id": "Activity Targets",
    "assignee_contact_id": "Activity Assignees",
}


def of(join: list[Any]) -> str:
    """The third table of a join, or nothing."""
    return join[2] if len(join) > 2 and isinstance(join[2], str) else ""


def partners(call: Call, row: Row, bridge: str, alias: str, conditions: list[Any]) -> list[Row]:
    """The contacts that this row reaches through the bridge."""
    found = [id_ for id_, columns in _rows(call, bridge) if all(_holds(row, columns, alias, c) for c in conditions)]
    contacts = call.site.table("Contact").rows
    return [contacts[id_] for id_ in found if id_ in contacts]


def _rows(call: Call, bridge: str) -> Iterator[tuple[int, Row]]:
    """The contact on the far side, and the bridge's columns."""
    if bridge == "ActivityContact":
        for activity in call.site.table("Activity"):
            for name, role in _KINDS.items():
                held = activity.get(name)
                for contact in held if isinstance(held, list) else [held] if held else []:
                    yield contact, {"activity_id": activity["id"], "record_type_id:name": role}
    elif bridge == "RelationshipCache":
        types = call.site.table("RelationshipType").rows
        for one in call.site.table("Relationship"):
            kind, a, b = types[one["relationship_type_id"]], one["contact_id_a"], one["contact_id_b"]
            current = {"is_current": bool(one["is_active"])}
            yield a, {"near_contact_id": a, "far_contact_id": b, "near_relation:name": kind["name_a_b"], **current}
            yield b, {"near_contact_id": b, "far_contact_id": a, "near_relation:name": kind["name_b_a"], **current}
    else:
        raise ApiError(f"The sandbox knows no join through {bridge}.")


def _holds(row: Row, columns: Row, alias: str, condition: list[Any]) -> bool:
    left, operator, right = condition
    if operator != "=":
        raise ApiError("The sandbox joins through a third table by = only.")
    one, other = (_value(row, columns, alias, side) for side in (left, right))
    return bool(one == other)


def _value(row: Row, columns: Row, alias: str, side: Any) -> Any:
    if not isinstance(side, str):
        return side
    if side.startswith(f"{alias}."):
        name = side.removeprefix(f"{alias}.")
        if name not in columns:
            raise ApiError(f"Invalid field '{side}'")
        return columns[name]
    return side[1:-1] if side[:1] in ("'", '"') else row.get(side)
