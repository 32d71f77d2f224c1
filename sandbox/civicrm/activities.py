"""Activities: who did what with whom, and when. Their contacts are held in the row itself."""

from typing import Any

from sandbox.civicrm import dates, files
from sandbox.civicrm.errors import mandatory_missing
from sandbox.civicrm.site import Call
from sandbox.civicrm.store import Row
from sandbox.civicrm.values import Record, clean, store_custom
from sandbox.civicrm.writing import Rules

COMPLETED = 2
_CONTACTS = ("source_contact_id", "target_contact_id", "assignee_contact_id")


def _before(call: Call, entity: str, record: Record, old: Row | None) -> None:
    values = record.core
    values["modified_date"] = dates.now()
    if old is None:
        if not record.extra.get("source_contact_id"):
            raise mandatory_missing(entity, "create", ["source_contact_id"])
        values.setdefault("status_id", COMPLETED)
        values.setdefault("activity_date_time", dates.now())
        values["created_date"] = dates.now()


def _after(call: Call, record: Record, row: Row, old: Row | None) -> None:
    contacts = {name: _contacts(call, record.extra[name]) for name in _CONTACTS if name in record.extra}
    if old is None:
        source: list[int | None] = [*contacts.get("source_contact_id", ()), call.caller.contact_id]
        row.update(target_contact_id=None, assignee_contact_id=None, source_contact_id=source[0])
        _defaults(call, record)
    for name, found in contacts.items():
        row[name] = found[0] if name == "source_contact_id" else found
    for name, value in record.custom.items():
        if value is None and call.site.fields("Activity")[name].input == "File":
            files.remove(call.site, row.get(name))  # emptying the field deletes the file
    store_custom(call, "Activity", record, row)


def _defaults(call: Call, record: Record) -> None:
    """The defaults of the custom fields of this type."""
    for field in call.site.fields("Activity").values():
        if field.type == "Custom" and field.default is not None:
            record.custom.setdefault(field.name, field.default)


def _contacts(call: Call, sent: Any) -> list[int]:
    kind = call.site.fields("Activity")["source_contact_id"]
    return [clean(call, kind, one) for one in (sent if isinstance(sent, list) else [sent]) if one is not None]


def _answer(call: Call, record: Record, row: Row, is_new: bool) -> Row:
    """Custom fields are answered empty, as what was sent cannot be read without `reload`."""
    own = {name: row.get(name) for name in record.core if name not in ("modified_date", "created_date")}
    return {"id": row["id"], **own, **dict.fromkeys(record.custom), "custom": None, "check_permissions": None}


ACTIVITY_RULES = Rules(before=_before, after=_after, answer=_answer)
