"""Merging two contacts: what staff do when one person is there twice, and what the loser keeps.

Contact.mergeDuplicates, getMergedTo and getMergedFrom; the v3 actions of the same names come here too.
"""

from typing import Any

from sandbox.civicrm import contacts
from sandbox.civicrm.errors import ApiError
from sandbox.civicrm.site import Call
from sandbox.civicrm.store import Row

_COMPARED = (
    "first_name",
    "middle_name",
    "last_name",
    "organization_name",
    "external_identifier",
    "birth_date",
    "gender_id",
    "nick_name",
    "source",
)


def merge_duplicates(call: Call, params: dict[str, Any]) -> list[Row]:
    """Merge the duplicate into the contact; in safe mode only without conflicts."""
    people = call.site.table("Contact")
    keep, lose = (people.get(int(params[name])) for name in ("contactId", "duplicateId"))
    if keep is None or lose is None:
        raise ApiError("Expected one Contact but found 0")
    pair = {"main_id": keep["id"], "other_id": lose["id"]}
    if params.get("mode", "safe") == "safe" and _conflict(call, keep, lose):
        return [{"merged": [], "skipped": [pair]}]
    _merge(call, keep, lose)
    return [{"merged": [pair], "skipped": []}]


def merged_to(call: Call, params: dict[str, Any]) -> list[Row | None]:
    """The survivor of a merged contact, or None in a list."""
    survivor = call.site.merged.get(int(params["contactId"]))
    return [{"id": survivor} if survivor else None]


def merged_from(call: Call, params: dict[str, Any]) -> list[Row]:
    """The contacts that were merged into this one."""
    wanted = int(params["contactId"])
    return [{"id": loser} for loser, survivor in call.site.merged.items() if survivor == wanted]


def _conflict(call: Call, keep: Row, lose: Row) -> bool:
    def differ(name: str) -> bool:
        return None not in (keep.get(name), lose.get(name)) and keep[name] != lose[name]

    return any(map(differ, _COMPARED)) or _first_email(call, keep) != _first_email(call, lose)


def _first_email(call: Call, contact: Row) -> str | None:
    return next((r["email"] for r in call.site.table("Email").find("contact_id", contact["id"])), None)


def _merge(call: Call, keep: Row, lose: Row) -> None:
    """The survivor is filled up, never overwritten; an external_identifier moves only to one that has none."""
    people = call.site.table("Contact")
    taken = {name: lose[name] for name in _COMPARED if keep.get(name) is None and lose.get(name) is not None}
    if "external_identifier" in taken:
        people.update(lose, {"external_identifier": None})
    people.update(keep, taken)
    for entity in ("Email", "Phone", "Address"):
        _move_locations(call, entity, keep, lose)
    _move_memberships(call, keep, lose)
    relationships = call.site.table("Relationship")
    for side in ("contact_id_a", "contact_id_b"):
        for row in relationships.find(side, lose["id"]):
            relationships.update(row, {side: keep["id"]})
    pledges = call.site.table("Pledge")
    for row in pledges.find("contact_id", lose["id"]):
        pledges.update(row, {"contact_id": keep["id"]})
    contacts.trash(call, lose)
    contacts.touch(call, keep["id"])
    call.site.merged[lose["id"]] = keep["id"]


def _move_locations(call: Call, entity: str, keep: Row, lose: Row) -> None:
    """A row stays with the loser when the survivor already has one of the same location type."""
    table = call.site.table(entity)
    held = {r.get("location_type_id") for r in table.find("contact_id", keep["id"])}
    for row in table.find("contact_id", lose["id"]):
        if row.get("location_type_id") not in held:
            table.update(row, {"contact_id": keep["id"], "is_primary": not held})


def _move_memberships(call: Call, keep: Row, lose: Row) -> None:
    table = call.site.table("GroupContact")
    held = {r["group_id"] for r in table.find("contact_id", keep["id"])}
    for row in table.find("contact_id", lose["id"]):
        if row["group_id"] in held:
            table.delete(row)
        else:
            table.update(row, {"contact_id": keep["id"]})
