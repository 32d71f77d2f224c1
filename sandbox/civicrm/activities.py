"""Activities: their contacts, the defaults of their custom fields, and the files that hang on them.

Rules for Activity. Who belongs to an activity is held on its row; CiviCRM has a table of its own for it.
"""

from typing import Any

from sandbox.civicrm import dates, files
from sandbox.civicrm.errors import CONSTRAINT, ApiError, NotPermitted
from sandbox.civicrm.schema import Field
from sandbox.civicrm.site import Call
from sandbox.civicrm.store import Row
from sandbox.civicrm.values import Record, clean
from sandbox.civicrm.writing import Rules

CONTACTS = ("source_contact_id", "target_contact_id", "assignee_contact_id")
_LISTS = CONTACTS[1:]


def _before(call: Call, entity: str, record: Record, old: Row | None) -> None:
    values = record.core
    for name in _LISTS:
        if name in values:
            values[name] = [int(contact) for contact in values[name] or []] or None
    if old is None:
        now = dates.now()
        values.setdefault("activity_date_time", now)
        values.update(created_date=now, modified_date=now)
        return
    # CiviCRM takes the old contacts off first, even where they stay the same.
    if not values.keys().isdisjoint(CONTACTS) and not call.caller.may("delete activities"):
        raise NotPermitted("Authorization failed: CiviCRM APIv4 (ActivityContact::delete)")
    if any(value != old.get(name) for name, value in values.items()):
        values["modified_date"] = dates.now()


def _after(call: Call, record: Record, row: Row, old: Row | None) -> None:
    known = call.site.table("Contact").rows
    if any(contact not in known for name in _LISTS for contact in row.get(name) or []):
        raise ApiError(CONSTRAINT)
    _store_custom(call, record, row, is_new=old is None)


def _store_custom(call: Call, record: Record, row: Row, *, is_new: bool) -> None:
    """All custom fields at once: one that cannot be read leaves them all as they were, the defaults too."""
    if not call.caller.may("access all custom data"):
        return
    fields = call.site.fields("Activity")
    values = dict(_defaults(call, row)) if is_new else {}
    values |= {name: clean(call, fields[name], value) for name, value in record.custom.items()}
    for name in (name for name in values if fields[name].fk == "File"):
        if row.get(name) not in (None, values[name]):
            files.remove(call.site, row[name])
    if any(fields[name].custom_group in call.site.triggers for name in values):
        values["modified_date"] = dates.now()
    call.site.table("Activity").update(row, values)


def _defaults(call: Call, row: Row) -> list[tuple[str, Any]]:
    """Of the fields that belong to this type of activity."""
    kind = str(row["activity_type_id"])
    groups = {
        group["name"]
        for group in call.site.table("CustomGroup")
        if group["extends"] == "Activity" and kind in (group.get("extends_entity_column_value") or [kind])
    }
    return [(f.name, f.default) for f in _custom(call) if f.custom_group in groups and f.default is not None]


def _custom(call: Call) -> list[Field]:
    return [field for field in call.site.fields("Activity").values() if field.type == "Custom"]


def _answer(call: Call, record: Record, row: Row, is_new: bool) -> Row:
    """What was sent; contacts and custom fields are named, but never with their values."""
    own = {name: value for name, value in record.core.items() if name not in CONTACTS}
    unread = dict.fromkeys((*(n for n in CONTACTS if n in record.core), *record.custom))
    return {"id": row["id"], **own, **unread, "custom": None, "check_permissions": None}


RULES = Rules(before=_before, after=_after, answer=_answer)
