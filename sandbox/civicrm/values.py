"""What a caller sends, turned into what is held: names into ids, text cut, dates read, joins looked up.

First half of every write; rules per entity and the writing itself follow in writing.py.
"""

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sandbox.civicrm import dates, options
from sandbox.civicrm.errors import UNKNOWN_DB_ERROR, ApiError, PhpFatal
from sandbox.civicrm.schedule import cents
from sandbox.civicrm.schema import CONTACT_ENTITIES, Field
from sandbox.civicrm.site import Call
from sandbox.civicrm.store import Row

JSON = 3  # how a column holds a structure, in Field.serialize
_NUMBER = re.compile(r"\s*-?(\d+\.?\d*|\.\d+)")
LOCATIONS = {
    f"{kind}_{flag}": kind.capitalize() for kind in ("address", "email", "phone") for flag in ("primary", "billing")
}


@dataclass
class Record:
    """One record of a write: its own columns, its custom fields, and what belongs to `email_primary` and the like."""

    core: Row = field(default_factory=dict)
    custom: Row = field(default_factory=dict)
    locations: dict[str, Row] = field(default_factory=dict)
    # Extra parameters that are no fields (option_values, password, skip_greeting_processing …).
    extra: Row = field(default_factory=dict)
    # The record as it was sent, to be echoed.
    sent: Row = field(default_factory=dict)


def read_record(call: Call, entity: str, sent: Row) -> Record:
    """Sort what was sent into columns, custom fields, locations and the rest."""
    record = Record(sent=sent)
    for path, value in sent.items():
        _place(call, entity, record, path, value)
    return record


def _place(call: Call, entity: str, record: Record, path: str, value: Any) -> None:
    plain, _, suffix = path.partition(":")
    if found := call.site.fields(entity).get(plain):
        value = _by_name(call, entity, found, suffix, value, record.sent) if suffix else value
        if found.type == "Custom":
            record.custom[plain] = value  # read later: a bad custom value fails only after the contact was stored
        elif found.type == "Extra" and not found.fk:
            record.extra[plain] = value
        else:
            record.core[plain] = clean(call, found, value)
        return
    head, _, rest = plain.partition(".")
    if entity in CONTACT_ENTITIES and head in LOCATIONS and rest:
        record.locations.setdefault(head, {})[path.partition(".")[2]] = value
    elif rest and (link := call.site.fields(entity).get(head)) and link.fk:
        record.core[head] = _by_join(call, link.fk, rest, value)
    else:
        record.extra[path] = value  # unknown names are ignored, as CiviCRM does


def _by_name(call: Call, entity: str, found: Field, suffix: str, value: Any, row: Row) -> Any:
    choices = options.choices(call.site, entity, found, row)
    if isinstance(value, list):
        return [c for v in value if (c := options.id_of(choices, suffix, v)) is not None]
    return options.id_of(choices, suffix, value)


def _by_join(call: Call, entity: str, name: str, value: Any) -> int:
    table = call.site.table(entity)
    found = table.find(name, value) if name in table.indexed else [r for r in table if r.get(name) == value]
    if len(found) != 1:
        raise ApiError(f"Expected to find one {entity} record, but there were {'zero' if not found else 'multiple'}.")
    return int(found[0]["id"])


def clean(call: Call, kind: Field, value: Any) -> Any:
    """The form in which a value of this field is held."""
    if kind.serialize == JSON:
        return _as_php(value)
    if kind.serialize:
        return _as_list(value)
    if value is None or value == "":
        return None
    if isinstance(value, list | dict):
        raise PhpFatal(f"{kind.name} got an array")
    if kind.data_type == "Boolean":
        return str(value).lower() in ("true", "1")
    if kind.data_type == "Timestamp":
        return (dates.read_naive if kind.naive else dates.read_timestamp)(value, call.zone)
    if kind.data_type == "Date":
        return dates.read_date(value, call.zone)
    if kind.data_type == "Integer":
        return _integer(call, kind, value)
    if kind.data_type in ("Float", "Money"):
        return _number(kind, value)
    return _text(kind, value)


def _as_php(value: Any) -> Any:
    """PHP knows one kind of array: an empty object comes back as an empty list."""
    if isinstance(value, dict):
        return {key: _as_php(v) for key, v in value.items()} or []
    return [_as_php(v) for v in value] if isinstance(value, list) else value


def _as_list(value: Any) -> list[str] | None:
    if value in (None, "", []):
        return None
    return [str(v) for v in (value if isinstance(value, list) else [value])]


def _integer(call: Call, kind: Field, value: Any) -> Any:
    if value == "user_contact_id" and kind.fk == "Contact":
        return call.caller.contact_id
    if value == "current_domain" and kind.fk == "Domain":
        return 1
    if str(value).lstrip("-").isdigit():
        return int(value)
    if kind.type == "Custom":
        # The real text names the type "Timestamp"; it means Integer.
        raise ApiError(f"One of the parameters  (value: {value}) is not of the type Timestamp")
    return 0  # what PHP makes of a word


def _number(kind: Field, value: Any) -> float:
    """PHP reads as far as it understands: "1,234.50" is 1, a word is 0. Money is held with two places."""
    found = _NUMBER.match(str(value))
    number = Decimal(found[0] if found else 0)
    return cents(number) if kind.data_type == "Money" else float(number)


def money(amount: Any) -> float:
    """An amount as it is held: two places."""
    return cents(Decimal(str(amount)))


def store_custom(call: Call, entity: str, record: Record, row: Row) -> None:
    """Custom fields come after the row is stored: when one fails, the row stays."""
    fields = call.site.fields(entity)
    for name, value in record.custom.items():
        call.site.table(entity).update(row, {name: clean(call, fields[name], value)})


def _text(kind: Field, value: Any) -> str:
    text = str(value)
    if kind.maxlength is None or len(text) <= kind.maxlength:
        return text
    if kind.type == "Custom":
        raise ApiError(UNKNOWN_DB_ERROR)
    return text[: kind.maxlength - 3] + "..."
