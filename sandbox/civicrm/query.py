"""The `get` action: which rows a caller sees, joined, filtered, sorted, cut and shown.

Update, delete and `match` find their rows through `rows_of`, so that they share its default filters.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sandbox.civicrm import bridges, grouping
from sandbox.civicrm.errors import ApiError
from sandbox.civicrm.paths import JOINED, Column, Reader, column
from sandbox.civicrm.permissions import may_open
from sandbox.civicrm.schema import CONTACT_ENTITIES, CONTACT_TYPES
from sandbox.civicrm.site import Call
from sandbox.civicrm.store import Row, fold
from sandbox.civicrm.where import Clause, Test, candidates, compare, compile_where

# Where rows of test mode hide unless one of these keys or `is_test` itself is asked for.
_TESTS = {
    "Contribution": ("id", "trxn_id", "invoice_id", "creditnote_id"),
    "ContributionRecur": ("id", "trxn_id", "invoice_id"),
    **dict.fromkeys(("MailingJob", "MailingEventQueue"), ("id",)),
}
_OF_CONTACT = ("Email", "Phone", "Address", "Activity")
# Columns of Contact that `*` leaves out for the other contact types.
_ONLY_FOR = {
    "Individual": {
        "first_name",
        "middle_name",
        "last_name",
        "prefix_id",
        "suffix_id",
        "formal_title",
        "job_title",
        "gender_id",
        "birth_date",
        "employer_id",
    },
    "Organization": {"organization_name", "legal_name", "sic_code"},
    "Household": {"household_name"},
}


@dataclass
class Found:
    """The rows of an answer, and how many matched before the limit."""

    values: list[Any]
    matched: int


def get(call: Call, entity: str, params: dict[str, Any]) -> Found:
    """The rows that the parameters ask for."""
    if params.get("having"):
        raise ApiError("The sandbox knows no having.")
    joins = params.get("join") or []
    aliases = {_alias(join): _target(join) for join in joins}
    rows = rows_of(call, entity, params.get("where") or [], joins, aliases)
    matched = len(rows)
    if params.get("groupBy"):
        return Found(grouping.grouped(call, entity, rows, params.get("select") or [], params["groupBy"]), matched)
    rows = _sorted(call, entity, rows, params.get("orderBy") or {}, aliases)
    start, limit = int(params.get("offset") or 0), int(params.get("limit") or 0)
    rows = rows[start : start + limit] if limit else rows[start:]
    select = params.get("select") or ["*"]
    if list(select) == ["row_count"]:
        return Found([], matched)
    return Found(shown(call, entity, rows, select, aliases), matched)


def rows_of(
    call: Call, entity: str, where: list[Clause], joins: list[Any] | None = None, aliases: dict[str, str] | None = None
) -> list[Row]:
    """The rows that the caller sees and the clauses allow, by id."""
    if not _may_see(call, entity):
        return []
    found = candidates(call, entity, where)
    rows: Iterable[Row] = found if found is not None else call.site.table(entity)
    rows = filter(_default_test(call, entity, where), rows)
    for join in joins or []:
        rows = _joined(call, entity, list(rows), join, aliases or {})
    return list(filter(compile_where(call, entity, where, aliases), rows))


def shown(call: Call, entity: str, rows: list[Row], select: list[str], aliases: dict[str, str]) -> list[Row]:
    """The rows as answered: id first, unknown names left out without a word."""
    readers = _readers(call, entity, select, aliases)
    if entity == "Contact" and "*" in select:
        return [_without_foreign(row, {name: read(row) for name, read in readers}) for row in rows]
    return [{name: read(row) for name, read in readers} for row in rows]


def _without_foreign(row: Row, answer: Row) -> Row:
    foreign = {name for kind, names in _ONLY_FOR.items() if kind != row.get("contact_type") for name in names}
    return {name: value for name, value in answer.items() if name not in foreign}


def _readers(call: Call, entity: str, select: list[str], aliases: dict[str, str]) -> list[tuple[str, Reader]]:
    own = [] if entity == "Afform" else ["id"]  # pages are files: they have a name only
    names = dict.fromkeys([*own, *(name for path in select for name in _expand(call, entity, path))])
    found = ((name, column(call, entity, name, aliases)) for name in names)
    return [(name, c.read) for name, c in found if c is not None and _may_read(call, entity, c)]


def _expand(call: Call, entity: str, path: str) -> list[str]:
    if path == "*":
        return [f.name for f in call.site.fields(entity).values() if f.type == "Field"]
    if path.endswith(".*"):
        return [f.name for f in call.site.fields(entity).values() if f.custom_group == path[:-2]]
    return [path]


def _may_read(call: Call, entity: str, found: Column) -> bool:
    if found.entity == "File" and entity != "File":
        return call.caller.may("access uploaded files")
    if found.field.type == "Custom":
        return call.caller.may("access all custom data")
    return found.field.name != "api_key" or call.caller.may("edit api keys")


def _may_see(call: Call, entity: str) -> bool:
    if entity in CONTACT_ENTITIES or entity in _OF_CONTACT:
        return call.caller.may("view all contacts")
    return True


def _own_user_only(call: Call) -> Test:
    return lambda row: call.caller.may("cms:administer users") or row["contact_id"] == call.caller.contact_id


def _default_test(call: Call, entity: str, where: list[Clause]) -> Test:
    """What CiviCRM adds by itself: the contact type, and the trash hidden unless asked for."""
    if entity == "User":
        return _own_user_only(call)
    if entity == "Afform":
        return lambda row: may_open(call.caller, row)
    if entity in _TESTS:
        hide = not any(_names(where, key) for key in _TESTS[entity]) and not _mentions(where, "is_test")
        return lambda row: not (hide and row.get("is_test"))
    if entity not in CONTACT_ENTITIES:
        return lambda row: True
    kind = entity if entity in CONTACT_TYPES else None
    hide_trash = not call.caller.may("access deleted contacts") or not _lifts_trash_filter(call, entity, where)
    return lambda row: (kind is None or row["contact_type"] == kind) and not (hide_trash and row["is_deleted"])


def _lifts_trash_filter(call: Call, entity: str, where: list[Clause]) -> bool:
    """A look-up by a unique key finds trashed contacts too; for the typed entities and on 5.77 only `id` counts."""
    keys = {"id"} if entity != "Contact" or call.site.dialect.wordpress else {"id", "external_identifier"}
    return any(_names(where, key) for key in keys) or _mentions(where, "is_deleted")


def _names(where: list[Clause], key: str) -> bool:
    return any(len(c) == 3 and c[0] == key and _names_rows(c) for c in where)


def _names_rows(clause: Clause) -> bool:
    """`=`, `IN`, and a LIKE without a wildcard, which CiviCRM takes for `=`."""
    return clause[1] in ("=", "IN") or (clause[1] == "LIKE" and not {"%", "_"} & set(str(clause[2])))


def _mentions(clauses: list[Clause], name: str) -> bool:
    return any(_mentions(c[1], name) if c[0] in ("AND", "OR", "NOT") else c[0] == name for c in clauses)


def _sorted(call: Call, entity: str, rows: list[Row], order: dict[str, str], aliases: dict[str, str]) -> list[Row]:
    # The last key first: Python's sort keeps the order of equals. NULL comes first, as in MySQL.
    for path, direction in reversed(list(order.items()) if isinstance(order, dict) else []):
        found = column(call, entity, path, aliases)
        if found is None:
            raise ApiError(f"Invalid field '{path}'")
        rows = sorted(rows, key=_sort_key(found), reverse=str(direction).upper() == "DESC")
    return rows


def _sort_key(found: Column) -> Any:
    def key(row: Row) -> tuple[bool, Any]:
        value = found.read(row)
        plain = fold(str(value) if isinstance(value, list) else value)
        return (value is not None, "" if value is None else plain)

    return key


def _alias(join: list[Any]) -> str:
    return str(join[0]).split(" AS ")[-1].strip()


def _target(join: list[Any]) -> str:
    return str(join[0]).split(" AS ")[0].strip()


def _joined(call: Call, entity: str, rows: list[Row], join: list[Any], aliases: dict[str, str]) -> list[Row]:
    """LEFT, INNER and EXCLUDE joins; each row is copied, with the joined row hung under "@alias"."""
    alias, target = _alias(join), _target(join)
    kind = str(join[1]) if len(join) > 1 and isinstance(join[1], str) else "LEFT"
    conditions = [c for c in join[1:] if isinstance(c, list)]
    link = None if bridges.of(join) else _index_link(call, entity, alias, target, conditions)
    result: list[Row] = []
    for row in rows:
        if bridge := bridges.of(join):
            reached = [{**row, JOINED + alias: one} for one in bridges.partners(call, row, bridge, alias, conditions)]
            result += reached or ([row] if kind == "LEFT" else [])
            continue
        pool = call.site.table(target).find(link[0], link[1](row)) if link else call.site.table(target)
        partners = [
            made for other in pool if _holds(call, entity, made := {**row, JOINED + alias: other}, conditions, aliases)
        ]
        if kind == "EXCLUDE":
            result += [] if partners else [row]
        else:
            result += partners or ([row] if kind == "LEFT" else [])
    return result


def _index_link(
    call: Call, entity: str, alias: str, target: str, conditions: list[Clause]
) -> tuple[str, Reader] | None:
    for left, operator, right in (c for c in conditions if len(c) == 3):
        for mine, other in ((left, right), (right, left)):
            name = str(mine).removeprefix(f"{alias}.")
            partner = column(call, entity, str(other))
            if operator == "=" and name != mine and name in call.site.table(target).indexed and partner:
                return name, partner.held
    return None


def _holds(call: Call, entity: str, row: Row, conditions: list[Clause], aliases: dict[str, str]) -> bool:
    for left, operator, right in ((*c, None)[:3] for c in conditions):
        found = column(call, entity, left, aliases)
        if found is None:
            raise ApiError(f"Invalid field '{left}'")
        other = column(call, entity, right, aliases) if isinstance(right, str) else None
        value = other.held(row) if other else right.strip("\"'") if isinstance(right, str) else right
        if not compare(call, found, operator, value)(row):
            return False
    return True
