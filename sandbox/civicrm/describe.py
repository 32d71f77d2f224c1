"""getFields, getActions and settings: what the site says about itself.

Answered from the schema and the permission table, then filtered by the caller's `where` and `select`.
"""

from collections.abc import Iterable
from typing import Any

from sandbox.civicrm import options
from sandbox.civicrm.errors import ApiError
from sandbox.civicrm.paths import Column
from sandbox.civicrm.schema import CONTACT_TYPES, Field
from sandbox.civicrm.site import Call
from sandbox.civicrm.store import Row
from sandbox.civicrm.where import compare


def get_fields(call: Call, entity: str, params: dict[str, Any]) -> list[Row]:
    """The entity's fields, described as getFields does."""
    # The typed entities answer contact_type without listing it.
    fields = (f for f in call.site.fields(entity).values() if f.name != "contact_type" or entity not in CONTACT_TYPES)
    return narrowed(call, (_described(call, entity, f, params.get("loadOptions")) for f in fields), params)


def _described(call: Call, entity: str, field: Field, load: Any) -> Row:
    listed = options.has_options(entity, field) and (entity, field.name) not in options.UNLISTED
    found = options.choices(call.site, entity, field) if load and listed else []
    return {
        "name": field.name,
        "title": field.title or field.name.replace("_", " ").title(),
        "type": field.type,
        "data_type": field.data_type,
        "required": field.required,
        "required_if": field.required_if,
        "nullable": field.nullable,
        "readonly": field.readonly,
        "default_value": field.default,
        "fk_entity": field.fk,
        "serialize": field.serialize,
        "input_type": field.input,
        "input_attrs": {"maxlength": field.maxlength} if field.maxlength else {},
        "suffixes": list(field.suffixes) or None,
        "deprecated": False,
        "localizable": False,
        "description": None,
        "entity": entity,
        "options": _options(found, load) if found else listed,
    }


def _options(found: list[options.Choice], load: Any) -> Any:
    if load is True:
        return {str(c[0]): c[2] for c in found}
    column = {"id": 0, "name": 1, "label": 2}
    return [{key: c[column[key]] if key in column else None for key in load} for c in found]


def settings(call: Call, params: dict[str, Any]) -> list[Row]:
    """The asked settings; an unknown name is an error."""
    wanted = params.get("select") or list(call.site.settings)
    unknown = [name for name in wanted if name not in call.site.settings]
    if unknown:
        raise ApiError(f"Unknown settings for domain 1: {', '.join(unknown)}")
    return [{"name": name, "value": call.site.settings[name], "domain_id": 1} for name in wanted]


def narrowed(call: Call, rows: Iterable[Row], params: dict[str, Any]) -> list[Row]:
    """`where` and `select` for answers that are no table rows."""
    found = list(rows)
    for clause in params.get("where") or []:
        path, operator, value = (*clause, None)[:3]
        as_text = Field(str(path), "Boolean" if isinstance(value, bool) else "String")

        def held(row: Row, name: str = str(path)) -> Any:
            return row.get(name)

        found = list(filter(compare(call, Column("", as_text, "", held, held), str(operator).upper(), value), found))
    select = [name for name in params.get("select") or [] if name not in ("*", "row_count")]
    return [{name: row[name] for name in select if name in row} for row in found] if select else found
