"""What an administrator configures over the API: custom groups and fields, option values, contact types.

These are the rules for CustomGroup, CustomField, OptionGroup, OptionValue, ContactType and RelationshipType.
"""

import re
from typing import Any

from sandbox.civicrm import dates
from sandbox.civicrm.errors import ApiError
from sandbox.civicrm.site import Call
from sandbox.civicrm.store import Row, Table
from sandbox.civicrm.values import Record
from sandbox.civicrm.writing import Rules, full_answer


def munge(text: str) -> str:
    """A label made fit for a machine name."""
    return re.sub(r"\W+", "_", text)


def _next_weight(rows: list[Row]) -> int:
    return max((r.get("weight") or 0 for r in rows), default=0) + 1


def _group_before(call: Call, entity: str, record: Record, old: Row | None) -> None:
    values, fields = record.core, call.site.fields("CustomGroup")
    if "extends" in values and values["extends"] not in [o[0] for o in fields["extends"].options]:
        raise ApiError("Unknown error")
    if old is not None:
        return
    table = call.site.table("CustomGroup")
    values["name"] = values.get("name") or munge(values["title"])
    values["table_name"] = values.get("table_name") or f"civicrm_value_{munge(values['name']).lower()}_{table.next_id}"
    values.update(weight=_next_weight(list(table)), created_id=call.caller.contact_id, created_date=dates.now())


def _group_after(call: Call, record: Record, row: Row, old: Row | None) -> None:
    call.site.custom_version += 1


def _field_before(call: Call, entity: str, record: Record, old: Row | None) -> None:
    values, table = record.core, call.site.table("CustomField")
    if old is not None:
        return
    siblings = [f for f in table if f["custom_group_id"] == values["custom_group_id"]]
    values["name"] = values.get("name") or munge(values["label"])
    values["column_name"] = f"{munge(values['label']).lower()[:59]}_{table.next_id}"
    values["weight"] = _next_weight(siblings)


def _field_after(call: Call, record: Record, row: Row, old: Row | None) -> None:
    """Options are made with the field and never again: `option_values` on an existing field are ignored."""
    sent = record.extra.get("option_values")
    if old is None and sent and not row.get("option_group_id"):
        group = call.site.table("CustomGroup").rows[row["custom_group_id"]]
        made = call.site.table("OptionGroup").insert(
            {
                "name": munge(f"{group['title']}_{row['label']}"),
                "title": f"{group['title']} :: {row['label']}",
                "is_active": True,
            }
        )
        for value, name, label in _option_values(sent):
            add_option(call.site.table("OptionValue"), made["id"], value, name or munge(label), label)
        row["option_group_id"] = made["id"]
    call.site.custom_version += 1


def _option_values(sent: Any) -> list[tuple[str, str | None, str]]:
    if isinstance(sent, dict):
        return [(str(value), None, str(label)) for value, label in sent.items()]
    return [(str(o.get("id", o.get("value"))), o.get("name"), str(o["label"])) for o in sent]


def add_option(table: Table, group_id: int, value: str, name: str, label: str, **more: Any) -> Row:
    """One more choice at the end of an option group."""
    weight = _next_weight(table.find("option_group_id", group_id))
    return table.insert(
        {
            "option_group_id": group_id,
            "value": value,
            "name": name,
            "label": label,
            "weight": weight,
            "is_active": True,
            "is_reserved": False,
            "is_default": False,
            "filter": 0,
            **more,
        }
    )


def _removed(call: Call, row: Row, params: dict[str, Any]) -> None:
    call.site.custom_version += 1
    if params["entity"] == "CustomGroup":
        fields = call.site.table("CustomField")
        for field in [f for f in fields if f["custom_group_id"] == row["id"]]:
            fields.delete(field)


def _option_before(call: Call, entity: str, record: Record, old: Row | None) -> None:
    values = record.core
    if old is not None:
        return
    siblings = call.site.table("OptionValue").find("option_group_id", values["option_group_id"])
    values["name"] = values.get("name") or munge(values["label"])
    if values.get("value") is None:
        numbers = [int(o["value"]) for o in siblings if str(o["value"]).isdigit()]
        values["value"] = str(max(numbers, default=0) + 1)
    values["weight"] = values.get("weight") or _next_weight(siblings)


def _type_before(call: Call, entity: str, record: Record, old: Row | None) -> None:
    values = record.core
    if old is None:
        values["is_active"] = True if values.get("is_active") is None else values["is_active"]
    if old is None and entity == "RelationshipType":
        for side in ("a_b", "b_a"):
            values[f"label_{side}"] = values.get(f"label_{side}") or values[f"name_{side}"]


CUSTOM_GROUP_RULES = Rules(before=_group_before, after=_group_after, remove=_removed, answer=full_answer)
CUSTOM_FIELD_RULES = Rules(before=_field_before, after=_field_after, remove=_removed, answer=full_answer)
OPTION_RULES = Rules(before=_option_before)
TYPE_RULES = Rules(before=_type_before)
