"""The fields of each entity: fields/*.json (trimmed from what getFields of a real 6.18 answers) plus custom fields.

Everything that reads or writes a value asks here what kind of value it is.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FIELDS = Path(__file__).parent / "fields"
CONTACT_TYPES = ("Individual", "Organization", "Household")
CONTACT_ENTITIES = ("Contact", *CONTACT_TYPES)


@dataclass(frozen=True, slots=True)
class Field:
    """What getFields knows of a field, as far as it matters here."""

    name: str
    data_type: str
    type: str = "Field"
    title: str | None = None
    required: bool = False
    required_if: str | None = None
    nullable: bool = False
    readonly: bool = False
    default: Any = None
    fk: str | None = None
    serialize: int | None = None
    input: str | None = None
    maxlength: int | None = None
    suffixes: tuple[str, ...] = ()
    options: tuple[tuple[Any, Any, Any], ...] = ()
    option_group_id: int | None = None
    custom_group: str | None = None
    # A datetime that is kept as it was meant, without a zone.
    naive: bool = False


@cache
def core_fields(entity: str) -> dict[str, Field]:
    """The built-in fields, by name and in CiviCRM's order; empty for an entity that has no table here."""
    path = FIELDS / f"{entity}.json"
    if not path.exists():
        return {}
    return {f["name"]: _field(f) for f in json.loads(path.read_text(encoding="utf-8"))}


def _field(raw: dict[str, Any]) -> Field:
    raw = {**raw, "suffixes": tuple(raw.get("suffixes", ())), "options": tuple(map(tuple, raw.get("options", ())))}
    return Field(**raw)


# Which entity a custom field of this data_type points to; EntityReference says it itself.
_POINTS_TO = {"ContactReference": "Contact", "File": "File"}
# What CustomField.data_type is called in getFields.
_CUSTOM_TYPES = {
    "Int": "Integer",
    "Memo": "Text",
    "Link": "Url",
    "Country": "Integer",
    "StateProvince": "Integer",
    "ContactReference": "Integer",
    "EntityReference": "Integer",
    "File": "Integer",
}


def custom_field(group: dict[str, Any], row: dict[str, Any]) -> Field:
    """A CustomField row of a CustomGroup row, as a field of the entity that the group extends."""
    has_options = row.get("option_group_id") is not None
    return Field(
        name=f"{group['name']}.{row['name']}",
        data_type="Timestamp" if row.get("time_format") else _CUSTOM_TYPES.get(row["data_type"], row["data_type"]),
        type="Custom",
        title=f"{group['title']}: {row['label']}",
        required=bool(row.get("is_required")),
        nullable=True,
        readonly=bool(row.get("is_view")),
        default=row.get("default_value"),
        fk=row.get("fk_entity") or _POINTS_TO.get(row["data_type"]),
        serialize=row.get("serialize") or None,
        input=row.get("html_type"),
        maxlength=row.get("text_length") or (255 if row["data_type"] == "String" else None),
        suffixes=("name", "label", "description") if has_options else (),
        option_group_id=row.get("option_group_id"),
        custom_group=group["name"],
        naive=True,
    )


def extends(group: dict[str, Any], entity: str) -> bool:
    """Whether the custom group's fields appear on this entity; `Contact` shows those of every contact type."""
    target = group["extends"]
    if entity == "Contact":
        return target in CONTACT_ENTITIES
    return target == entity or (target == "Contact" and entity in CONTACT_TYPES)
