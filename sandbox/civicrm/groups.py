"""Groups, their tree, and who is in them with which status; every change of status leaves a SubscriptionHistory row.

These are the rules for Group, GroupContact and SavedSearch (which smart.py runs).
"""

import re
from typing import Any

from sandbox.civicrm import dates, groups_of
from sandbox.civicrm.errors import CONSTRAINT, ApiError, NotPermitted
from sandbox.civicrm.site import Call
from sandbox.civicrm.store import Row
from sandbox.civicrm.values import Record
from sandbox.civicrm.writing import Rules, delete

MAILING_LIST = "2"


def _group_before(call: Call, entity: str, record: Record, old: Row | None) -> None:
    if not call.caller.may("edit groups") and not _is_new_mailing_list(call, record, old):
        raise NotPermitted("ACL check failed")
    values = record.core
    values["modified_id"] = call.caller.contact_id
    if "group_type" in values:
        values["group_type"] = values["group_type"] or []
    if old is not None:
        return
    values["created_id"] = call.caller.contact_id
    if not values.get("title"):
        values["title"] = values["name"]
    if not values.get("name"):
        values["name"] = _name_from(call, values["title"])
    if not values.get("frontend_title"):
        values["frontend_title"] = values["title"]


def _is_new_mailing_list(call: Call, record: Record, old: Row | None) -> bool:
    """All that `access CiviMail` allows: a new group of type Mailing List; not even its maker may save it again."""
    return old is None and call.caller.may("access CiviMail") and MAILING_LIST in (record.core.get("group_type") or [])


def _name_from(call: Call, title: str) -> str:
    variable = re.sub(r"[^a-zA-Z0-9_]+", "_", title)
    return f"{variable if call.site.dialect.wordpress else variable[:-4]}_{call.site.table('Group').next_id}"


def _group_after(call: Call, record: Record, row: Row, old: Row | None) -> None:
    call.site.smart.pop(row["id"], None)
    if "parents" not in record.core:
        return
    nesting = call.site.table("GroupNesting")
    affected = {row["id"], *groups_of.parents(call.site, row["id"])}
    for link in nesting.find("child_group_id", row["id"]):
        nesting.delete(link)
    for parent in map(int, record.core["parents"] or []):
        nesting.insert({"child_group_id": row["id"], "parent_group_id": parent})
        affected.add(parent)
    _show_tree(call, affected)


def _show_tree(call: Call, group_ids: set[int]) -> None:
    """`parents` and `children` are lists of ids as text, or NULL."""
    for group_id in group_ids:
        if group := call.site.table("Group").get(group_id):
            group["parents"] = [str(i) for i in groups_of.parents(call.site, group_id)] or None
            group["children"] = [str(i) for i in groups_of.children(call.site, group_id)] or None


def _group_removed(call: Call, row: Row, params: dict[str, Any]) -> None:
    nesting, members = call.site.table("GroupNesting"), call.site.table("GroupContact")
    neighbours = {*groups_of.parents(call.site, row["id"]), *groups_of.children(call.site, row["id"])}
    for column in ("child_group_id", "parent_group_id"):
        for link in nesting.find(column, row["id"]):
            nesting.delete(link)
    for member in members.find("group_id", row["id"]):
        members.delete(member)
    call.site.smart.pop(row["id"], None)
    _show_tree(call, neighbours)


def _member_before(call: Call, entity: str, record: Record, old: Row | None) -> None:
    values = record.core
    if old is None and not values.get("status"):
        values["status"] = "Added"
    for column, table in (("contact_id", "Contact"), ("group_id", "Group")):
        if column in values and call.site.table(table).get(values[column]) is None:
            raise ApiError(CONSTRAINT)


def _member_after(call: Call, record: Record, row: Row, old: Row | None) -> None:
    write_history(call, row, row["status"])


def _member_removed(call: Call, row: Row, params: dict[str, Any]) -> None:
    write_history(call, row, "Deleted")


def write_history(call: Call, row: Row, status: str) -> None:
    """One line for every save, even one that changed nothing; a method or tracking that was sent is not used."""
    call.site.table("SubscriptionHistory").insert(
        {
            "contact_id": row["contact_id"],
            "group_id": row["group_id"],
            "date": dates.now(),
            "method": call.method,
            "status": status,
            "tracking": None,
        }
    )


def set_status(call: Call, group_id: int, contact_id: int, status: str) -> None:
    """What a person at the screen does; the API comes through the rules above."""
    members = call.site.table("GroupContact")
    row = next((r for r in members.find("contact_id", contact_id) if r["group_id"] == group_id), None)
    if row is None:
        row = members.insert({"group_id": group_id, "contact_id": contact_id, "status": status})
    members.update(row, {"status": status})
    write_history(call, row, status)


def _search_before(call: Call, entity: str, record: Record, old: Row | None) -> None:
    record.core["modified_id"] = call.caller.contact_id
    if old is None:
        record.core["created_id"] = call.caller.contact_id


def _search_removed(call: Call, row: Row, params: dict[str, Any]) -> None:
    """The database deletes the groups that are made of a search together with it."""
    if any(group.get("saved_search_id") == row["id"] for group in call.site.table("Group")):
        delete(call, "Group", {"where": [["saved_search_id", "=", row["id"]]]}, GROUP_RULES)


GROUP_RULES = Rules(before=_group_before, after=_group_after, remove=_group_removed)
SAVED_SEARCH_RULES = Rules(before=_search_before, remove=_search_removed)
GROUP_CONTACT_RULES = Rules(before=_member_before, after=_member_after, remove=_member_removed)
