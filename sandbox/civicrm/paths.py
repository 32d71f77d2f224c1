"""Field paths (`email_primary.email`, `contact_id.first_name`, `gc.status`, `Group.Field:label`) as readers of rows.

query.py asks for a reader once per query and then calls it once per row, so reading stays fast.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.civicrm import options
from sandbox.civicrm.schema import CONTACT_ENTITIES, Field
from sandbox.civicrm.site import Call
from sandbox.civicrm.store import Row

Reader = Callable[[Row], Any]

# Where a joined row hangs in the row it was joined to: "@" + its alias.
JOINED = "@"
_LOCATIONS = {"email": "Email", "phone": "Phone", "address": "Address"}


@dataclass(frozen=True, slots=True)
class Column:
    """What a path leads to: the field, the entity it belongs to, its `:suffix`, and how to read it from a row."""

    entity: str
    field: Field
    suffix: str
    held: Reader
    read: Reader


def column(call: Call, entity: str, path: str, joins: dict[str, str] | None = None) -> Column | None:
    """None for a path that leads nowhere: ignored in `select`, an error in `where`."""
    plain, _, suffix = path.partition(":")
    found = _follow(call, entity, plain, joins or {}) if isinstance(path, str) else None
    if found is None:
        return None
    owner, field, held = found
    return Column(owner, field, suffix, held, _shown(call, owner, field, suffix, held))


def _follow(call: Call, entity: str, path: str, joins: dict[str, str]) -> tuple[str, Field, Reader] | None:
    fields = call.site.fields(entity)
    if field := fields.get(path):
        return entity, field, _own(entity, path)
    head, _, rest = _first_step(fields, path)
    if not rest:
        return None
    if head in joins:
        return _through(_follow(call, joins[head], rest, {}), lambda row: row.get(JOINED + head))
    if entity in CONTACT_ENTITIES and (step := _location(call, head)):
        target, reader = step
        return _through(_follow(call, target, rest, {}), reader)
    link = fields.get(head)
    if link is None or link.fk is None or link.fk not in (*call.site.tables, *CONTACT_ENTITIES):
        return None
    rows = call.site.table(link.fk).rows
    return _through(_follow(call, link.fk, rest, {}), lambda row: rows.get(row.get(head)))  # type: ignore[arg-type]


def _first_step(fields: dict[str, Field], path: str) -> tuple[str, str, str]:
    """Up to the first dot, or up to the second where that is a custom field that points to another row."""
    group, dot, rest = path.partition(".")
    name, second, further = rest.partition(".")
    if second and f"{group}.{name}" in fields:
        return f"{group}.{name}", second, further
    return group, dot, rest


def _own(entity: str, name: str) -> Reader:
    return lambda row: row.get(name)


def _through(found: tuple[str, Field, Reader] | None, step: Reader) -> tuple[str, Field, Reader] | None:
    if found is None:
        return None
    owner, field, inner = found

    def read(row: Row) -> Any:
        linked = step(row)
        return None if linked is None else inner(linked)

    return owner, field, read


def _location(call: Call, head: str) -> tuple[str, Reader] | None:
    """`email_primary`, `address_billing` …: the contact's one row with that flag."""
    kind, _, flag = head.partition("_")
    if kind not in _LOCATIONS or flag not in ("primary", "billing"):
        return None
    table = call.site.table(_LOCATIONS[kind])
    flag = f"is_{flag}"
    return _LOCATIONS[kind], lambda row: next((r for r in table.find("contact_id", row["id"]) if r[flag]), None)


def _shown(call: Call, entity: str, field: Field, suffix: str, held: Reader) -> Reader:
    if suffix in ("name", "label"):
        return _named(call, entity, field, suffix, held)
    if field.data_type == "Timestamp":
        return lambda row: call.show(field, held(row))
    return held


def _named(call: Call, entity: str, field: Field, suffix: str, held: Reader) -> Reader:
    position = 1 if suffix == "name" else 2
    known: dict[Any, dict[str, Any]] = {}

    def read(row: Row) -> Any:
        kind = row.get("extends")  # the choices of a custom group's sub types depend on what it extends
        if kind not in known:
            known[kind] = {str(c[0]): c[position] for c in options.choices(call.site, entity, field, row)}
        names, value = known[kind], held(row)
        if isinstance(value, list):
            return [names[str(v)] for v in value if str(v) in names]
        return None if value is None else names.get(str(value))

    return read
