"""The `where` language: clauses compiled once into a test that is then run on each row.

Also finds, through the tables' indexes, the few rows that can match at all: a look-up of ten thousand keys is fast.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.civicrm import dates, groups_of, options
from sandbox.civicrm.errors import ApiError, wrong_type
from sandbox.civicrm.paths import Column, column
from sandbox.civicrm.schema import CONTACT_ENTITIES
from sandbox.civicrm.site import Call
from sandbox.civicrm.store import Row, fold

Test = Callable[[Row], bool]
Clause = list[Any]
_NOTHING = object()  # equal to no value: what an unknown option name is compared with


def compile_where(call: Call, entity: str, clauses: Iterable[Clause], joins: dict[str, str] | None = None) -> Test:
    tests = [_compile(call, entity, clause, joins or {}) for clause in clauses]
    return lambda row: all(test(row) for test in tests)


def _compile(call: Call, entity: str, clause: Clause, joins: dict[str, str]) -> Test:
    if not isinstance(clause, list) or not clause:
        raise wrong_type("where", "array")
    if clause[0] in ("AND", "OR", "NOT"):
        return _nested(call, entity, clause[0], clause[1], joins)
    path, operator, value = (*clause, None)[:3]
    if entity in CONTACT_ENTITIES and str(path).partition(":")[0] == "groups":
        return _in_groups(call, path, operator, value)
    if entity == "Activity" and path in ("target_contact_id", "assignee_contact_id"):
        return _is_about(str(path), value)
    found = column(call, entity, path, joins)
    if found is None or (found.field.type == "Custom" and not call.caller.may("access all custom data")):
        raise ApiError(f"Invalid field '{path}'")
    if found.field.name == "api_key" and not call.caller.may("edit api keys"):
        return lambda row: True  # CiviCRM drops a condition that the caller may not use, and so finds everything
    return compare(call, found, str(operator).upper(), value)


def _nested(call: Call, entity: str, operator: str, clauses: list[Clause], joins: dict[str, str]) -> Test:
    tests = [_compile(call, entity, clause, joins) for clause in clauses]
    if operator == "OR":
        return lambda row: any(test(row) for test in tests)
    if operator == "NOT":
        return lambda row: not all(test(row) for test in tests)
    return lambda row: all(test(row) for test in tests)


def _in_groups(call: Call, path: str, operator: str, value: Any) -> Test:
    wanted = value if isinstance(value, list) else [value]
    if ":" in path:
        found = options.choices(call.site, "GroupContact", call.site.fields("GroupContact")["group_id"])
        wanted = [options.id_of(found, path.partition(":")[2], v) for v in wanted]
    members = groups_of.members(call.site, {int(v) for v in wanted if v is not None})
    if operator.upper() in ("NOT IN", "!="):
        return lambda row: row["id"] not in members
    return lambda row: row["id"] in members


def _is_about(name: str, value: Any) -> Test:
    """Whichever operator: one of the activity's contacts is among those asked for."""
    wanted = {int(contact) for contact in (value if isinstance(value, list) else [value])}
    return lambda row: not wanted.isdisjoint(row.get(name) or [])


def compare(call: Call, found: Column, operator: str, value: Any) -> Test:
    read = found.held
    if operator in ("IS NULL", "IS NOT NULL"):
        return lambda row: (read(row) is None) == (operator == "IS NULL")
    if operator in ("IS EMPTY", "IS NOT EMPTY"):
        return lambda row: (read(row) in (None, "", 0, [])) == (operator == "IS EMPTY")
    if operator in ("IN", "NOT IN"):
        return _among(call, found, operator, value)
    if operator in ("LIKE", "NOT LIKE"):
        return _like(found, operator, str(value))
    if operator in ("CONTAINS", "NOT CONTAINS"):
        return _contains(call, found, operator, value)
    if operator in ("BETWEEN", "NOT BETWEEN"):
        low, high = (operand(call, found, v) for v in value)
        return lambda row: (v := _plain(read(row))) is not None and (low <= v <= high) == (operator == "BETWEEN")
    if operator not in _ORDER:
        raise ApiError("Illegal operator")
    if value is None:
        return lambda row: False  # as in SQL, nothing equals NULL
    holds, right = _ORDER[operator], operand(call, found, value)
    return lambda row: (left := _plain(read(row))) is not None and holds(left, right)


_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    "<>": lambda a, b: bool(a != b),
    "<": lambda a, b: _comparable(a, b) and a < b,
    ">": lambda a, b: _comparable(a, b) and a > b,
    "<=": lambda a, b: _comparable(a, b) and a <= b,
    ">=": lambda a, b: _comparable(a, b) and a >= b,
}


def _comparable(left: Any, right: Any) -> bool:
    return isinstance(left, str) == isinstance(right, str) and right is not _NOTHING


def _plain(value: Any) -> Any:
    """A held value in the form in which it is compared; a list of one is compared as that one."""
    if isinstance(value, list):
        return fold(str(value[0])) if len(value) == 1 else tuple(map(str, value))
    return fold(value)


def _among(call: Call, found: Column, operator: str, value: Any) -> Test:
    read, inside = found.held, operator == "IN"
    wanted = {operand(call, found, v) for v in (value if isinstance(value, list) else [value]) if v is not None}
    if not wanted:
        return lambda row: not inside
    return lambda row: (left := _plain(read(row))) is not None and (left in wanted) == inside


def _like(found: Column, operator: str, pattern: str) -> Test:
    read, wanted = found.held, operator == "LIKE"
    # a backslash takes the next sign's meaning away, as in SQL
    signs = re.findall(r"\\.|.", str(fold(pattern)), re.DOTALL)
    parts = (".*" if s == "%" else "." if s == "_" else re.escape(s[-1]) for s in signs)
    matches = re.compile("".join(parts), re.DOTALL).fullmatch
    return lambda row: (v := read(row)) is not None and (matches(str(fold(str(v)))) is not None) == wanted


def _contains(call: Call, found: Column, operator: str, value: Any) -> Test:
    read, wanted = found.held, operator == "CONTAINS"
    needles = [operand(call, found, v) for v in (value if isinstance(value, list) else [value])]

    def test(row: Row) -> bool:
        held = read(row)
        if held is None:
            return not wanted
        if isinstance(held, list):
            return (any(str(n) in {str(fold(v)) for v in held} for n in needles)) == wanted
        return any(str(n) in str(fold(held)) for n in needles) == wanted

    return test


def operand(call: Call, found: Column, value: Any) -> Any:
    """The value of a clause in the form in which held values are compared."""
    field = found.field
    if found.suffix in ("name", "label"):
        value = options.id_of(options.choices(call.site, found.entity, field), found.suffix, value)
        if value is None:
            return _NOTHING
    if value == "user_contact_id" and (field.name == "id" or field.fk == "Contact"):
        return call.caller.contact_id
    if value == "current_domain" and field.fk == "Domain":
        return 1
    if field.data_type == "Boolean":
        return str(value).lower() in ("true", "1")
    if field.serialize:
        return fold(str(value))
    if field.data_type == "Integer":
        return int(value) if str(value).lstrip("-").isdigit() else _NOTHING
    if field.data_type == "Timestamp":
        return (dates.read_naive if field.naive else dates.read_timestamp)(value, call.zone)
    if field.data_type == "Date":
        return dates.read_date(value, call.zone)
    if field.data_type in ("Float", "Money"):
        return _number(value)
    return fold(str(value))


def _number(value: Any) -> Any:
    """As MySQL compares a number with a text."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return _NOTHING


def candidates(call: Call, entity: str, clauses: Iterable[Clause]) -> list[Row] | None:
    """The rows that an indexed top-level clause allows, by id; None when no index helps."""
    best: list[Row] | None = None
    for clause in clauses:
        if len(clause) == 3 and clause[1] in ("=", "IN") and clause[2] not in (None, "user_contact_id"):
            wanted = clause[2] if isinstance(clause[2], list) else [clause[2]]
            found = _through_index(call, entity, str(clause[0]), wanted)
            if found is not None and (best is None or len(found) < len(best)):
                best = found
    return best


def _through_index(call: Call, entity: str, path: str, wanted: list[Any]) -> list[Row] | None:
    table = call.site.table(entity)
    if path == "id":
        ids = sorted({int(v) for v in wanted if str(v).isdigit()})
        return [table.rows[i] for i in ids if i in table.rows]
    if path in ("email_primary.email", "phone_primary.phone") and entity in CONTACT_ENTITIES:
        kind, column_name = path.split(".")
        locations = call.site.table(kind.partition("_")[0].capitalize())
        contacts = {row["contact_id"] for v in wanted for row in locations.find(column_name, str(v))}
        return [table.rows[i] for i in sorted(contacts)]
    if path == "contact_id.external_identifier" and "contact_id" in table.indexed:
        people = [row["id"] for v in wanted for row in call.site.table("Contact").find("external_identifier", str(v))]
        return _through_index(call, entity, "contact_id", people)
    if path not in table.indexed and not _indexed_now(call, entity, path):
        return None
    typed = [int(v) if path.endswith(("_id", "_a", "_b")) and str(v).isdigit() else v for v in wanted]
    rows = {row["id"]: row for v in typed for row in table.find(path, v)}
    return [rows[i] for i in sorted(rows)]


def _indexed_now(call: Call, entity: str, path: str) -> bool:
    """Custom text fields get an index when one is first looked up: a source's own ids are matched again and again."""
    field = call.site.fields(entity).get(path)
    if field is None or field.type != "Custom" or field.data_type != "String" or field.serialize:
        return False
    call.site.table(entity).add_index(path)
    return True
