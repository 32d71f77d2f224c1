"""Relationships: who may stand in which type, and the odd answer CiviCRM gives to a duplicate.

These are the rules for Relationship.
"""

from sandbox.civicrm import dates
from sandbox.civicrm.errors import ApiError
from sandbox.civicrm.site import Call
from sandbox.civicrm.store import Row
from sandbox.civicrm.values import Record
from sandbox.civicrm.writing import Instead, Rules

_DAYS = ("start_date", "end_date")


def _before(call: Call, entity: str, record: Record, old: Row | None) -> None:
    values = record.core
    values["modified_date"] = dates.now()
    if old is not None:
        # Switching one off is always allowed; anything else looks at both people again.
        if values.get("is_active") is not False and not _allowed(call, {**old, **values}):
            raise ApiError("Invalid Relationship")
        return
    values.setdefault("created_date", values["modified_date"])
    values["description"] = values.get("description") or ""
    if twin := _twin(call, values):
        if call.site.dialect.wordpress:
            raise ApiError("Duplicate Relationship")
        raise Instead({"duplicate_id": twin["id"], "error_code": "duplicate", "id": twin["id"]})
    if not _allowed(call, values):
        raise ApiError("Invalid Relationship")


def _twin(call: Call, values: Row) -> Row | None:
    """The same two people in the same type, either way round, active, with the same dates."""
    table = call.site.table("Relationship")
    pair = {values["contact_id_a"], values["contact_id_b"]}
    found = (r for side in ("contact_id_a", "contact_id_b") for r in table.find(side, values["contact_id_a"]))
    return next(
        (
            r
            for r in found
            if {r["contact_id_a"], r["contact_id_b"]} == pair
            and r["relationship_type_id"] == values["relationship_type_id"]
            and r["is_active"]
            and all(r.get(day) == values.get(day) for day in ("start_date", "end_date"))
        ),
        None,
    )


def _allowed(call: Call, values: Row) -> bool:
    kind = call.site.table("RelationshipType").get(values["relationship_type_id"])
    if kind is None:
        return False
    people = call.site.table("Contact")
    return all(
        _fits(
            people.get(values[f"contact_id_{side}"]),
            kind.get(f"contact_type_{side}"),
            kind.get(f"contact_sub_type_{side}"),
        )
        for side in ("a", "b")
    )


def _fits(contact: Row | None, wanted_type: str | None, wanted_subtype: str | None) -> bool:
    if contact is None:
        return False
    subtypes = contact.get("contact_sub_type") or []
    return wanted_type in (None, contact["contact_type"]) and (wanted_subtype is None or wanted_subtype in subtypes)


def _answer(call: Call, record: Record, row: Row, is_new: bool) -> Row:
    """Without `reload` the dates come as the database was given them: 20260131, or the word NULL.

    An update that says `is_active` answers what was sent; any other answers the whole row.
    """
    days = {n: (row.get(n) or "NULL").replace("-", "") for n in _DAYS if is_new or n in record.core or row.get(n)}
    ends: Row = {name: row[name] for name in ("contact_id_a", "contact_id_b", "relationship_type_id")}
    rest: Row = {**dict.fromkeys(record.extra), "custom": None, "check_permissions": None}
    if not is_new and "is_active" in record.core:
        own = {name: days.get(name, row[name]) for name in record.core if name != "modified_date"}
        return {"id": row["id"], **ends, **own, **rest}
    stamps = {
        name: str(row[name]).translate(str.maketrans("", "", "-: ")) for name in ("created_date", "modified_date")
    }
    return {
        "id": row["id"],
        **ends,
        **days,
        "is_active": row["is_active"],
        "description": row.get("description") or "",
        "is_permission_a_b": row["is_permission_a_b"],
        "is_permission_b_a": row["is_permission_b_a"],
        **stamps,
        **rest,
    }


RELATIONSHIP_RULES = Rules(before=_before, answer=_answer)
