"""create, save, update and delete for every entity: match, check, store record by record, and answer.

Nothing here is transactional, on purpose: what was stored before a record failed stays stored, as in CiviCRM.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.civicrm import query
from sandbox.civicrm.errors import CONSTRAINT, ApiError, NotPermitted, mandatory_missing, wrong_type
from sandbox.civicrm.schema import CONTACT_ENTITIES
from sandbox.civicrm.site import Call
from sandbox.civicrm.store import Row
from sandbox.civicrm.values import Record, read_record


@dataclass(frozen=True, slots=True)
class Rules:
    """What is special about writing one entity; the defaults suit a plain table."""

    # May change the record's columns or refuse; `old` is None for a new row.
    before: Callable[[Call, str, Record, Row | None], None] = lambda call, entity, record, old: None
    # Follows the stored row: history, nesting, other rows. `old` is a copy of what was there.
    after: Callable[[Call, Record, Row, Row | None], None] = lambda call, record, row, old: None
    # After all records of one call were stored (contacts write their e-mails only then).
    last: Callable[[Call, Record, Row, bool], None] = lambda call, record, row, is_new: None
    remove: Callable[[Call, Row, dict[str, Any]], None] = lambda call, row, params: None
    answer: Callable[[Call, Record, Row, bool], Row] | None = None


class Instead(Exception):
    """A rule answers by itself instead of storing (duplicate relationships)."""

    def __init__(self, answer: Row) -> None:
        super().__init__()
        self.answer = answer


@dataclass
class Written:
    """The answers of a write, and for `save` how many records matched."""

    values: list[Any]
    matched: int | None = None


def create(call: Call, entity: str, params: dict[str, Any], rules: Rules) -> Written:
    """One new row from `values`."""
    values = params.get("values") or {}
    if not isinstance(values, dict):
        raise wrong_type("values", "array")
    record = read_record(call, entity, values)
    _check_required(call, entity, "create", [(record, None)])
    return Written(_store_all(call, entity, [(record, None)], rules, params.get("reload")))


def save(call: Call, entity: str, params: dict[str, Any], rules: Rules) -> Written:
    """Upsert `records`, each matched before any is written."""
    sent = params.get("records")
    if not sent:
        raise ApiError('Parameter "records" is required.')
    if not isinstance(sent, list):
        raise wrong_type("records", "array")
    records = [read_record(call, entity, {**(params.get("defaults") or {}), **r}) for r in sent]
    # Every record is matched before any is written: equal new keys in one call collide instead of meeting.
    work = [(r, _existing(call, entity, r, params.get("match") or [])) for r in records]
    _check_required(call, entity, "save", work)
    matched = sum(old is not None for _, old in work)
    return Written(_store_all(call, entity, work, rules, params.get("reload")), matched)


def update(call: Call, entity: str, params: dict[str, Any], rules: Rules) -> Written:
    """Change the rows that `where` finds."""
    values = dict(params.get("values") or {})
    where = list(params.get("where") or [])
    if values.get("id"):
        where.append(["id", "=", values.pop("id")])
    if not where:
        raise ApiError('Parameter "where" is required unless primary keys are supplied in values.')
    if len(where) == 1 and where[0][0] == "id" and where[0][1] == "=":
        rows = [_the_one(call, entity, where[0][2])]
    else:
        rows = query.rows_of(call, entity, where)
    # Only the untyped entity is checked: Individual.update by id goes through without the permission.
    if rows and entity == "Contact" and not call.caller.may("edit all contacts"):
        raise NotPermitted("ACL check failed")
    work: list[tuple[Record, Row | None]] = [(read_record(call, entity, values), row) for row in rows]
    return Written(_store_all(call, entity, work, rules, params.get("reload")))


def delete(call: Call, entity: str, params: dict[str, Any], rules: Rules) -> Written:
    """Delete the rows that `where` finds."""
    where = params.get("where")
    if not where:
        raise ApiError('Parameter "where" is required.')
    rows = query.rows_of(call, entity, where)
    for row in rows:
        rules.remove(call, row, {**params, "entity": entity})
        if entity not in CONTACT_ENTITIES:  # a contact only goes to the trash; its rule decides
            call.site.table(entity).delete(row)
    # All but contacts are named by text here, as PHP got them from the database.
    return Written([{"id": row["id"] if entity in CONTACT_ENTITIES else str(row["id"])} for row in rows])


def _the_one(call: Call, entity: str, row_id: Any) -> Row:
    row = call.site.table(entity).get(int(row_id) if str(row_id).isdigit() else None)
    if row is None and entity in CONTACT_ENTITIES:
        raise ApiError("Expected one Contact but found 0")
    if row is None and entity == "GroupContact":
        raise NotPermitted("ACL check failed")
    if row is None and entity == "Relationship":
        raise ApiError("getFieldValue failed")
    # Elsewhere CiviCRM answers as if it had written; `store` knows such a row by its lack of everything but the id.
    return {"id": int(row_id)} if row is None else row


def _existing(call: Call, entity: str, record: Record, match: list[str]) -> Row | None:
    """The row to update: named by id, or the only one that matches; two or more count as none."""
    if record.core.get("id"):
        return _the_one(call, entity, record.core["id"])
    clauses = [[path, "=", _sent_value(record, path)] for path in match]
    if not clauses or any(value in (None, "") for _, _, value in clauses):
        return None
    found = query.rows_of(call, entity, clauses)
    return found[0] if len(found) == 1 else None


def _sent_value(record: Record, path: str) -> Any:
    """As sent, not as it will be held: a text that is going to be cut does not match its cut self."""
    return record.sent[path] if path in record.sent else record.core.get(path, record.custom.get(path))


def _check_required(call: Call, entity: str, action: str, work: list[tuple[Record, Row | None]]) -> None:
    fields = [
        f
        for f in call.site.fields(entity).values()
        if (f.required and f.default is None and not f.readonly) or f.required_if
    ]
    for record, old in work:
        if old is None:
            missing = [
                f.name
                for f in fields
                if record.core.get(f.name) is None and (f.required or _is_needed(str(f.required_if), record))
            ]
            if missing:
                raise mandatory_missing(entity, action, missing)


def _is_needed(condition: str, record: Record) -> bool:
    """Conditions look like `empty($values.title)`."""
    return record.core.get(condition.removeprefix("empty($values.").removesuffix(")")) is None


def _store_all(call: Call, entity: str, work: list[tuple[Record, Row | None]], rules: Rules, reload: Any) -> list[Row]:
    stored: list[tuple[Record, Row, bool]] = []
    answers: list[Row] = []
    for record, old in work:
        try:
            row, answer = store(call, entity, record, old, rules)
            stored.append((record, row, old is None))
            answers.append(answer)
        except Instead as instead:
            answers.append(instead.answer)
    for record, row, is_new in stored:
        rules.last(call, record, row, is_new)
    return _reloaded(call, entity, answers, reload) if reload else answers


def store(call: Call, entity: str, record: Record, old: Row | None, rules: Rules) -> tuple[Row, Row]:
    """Write one record; the row and its answer."""
    table = call.site.table(entity)
    if old is not None and old["id"] not in table.rows:
        return old, {"id": old["id"], **record.core, "custom": None, "check_permissions": None}
    before = dict(old) if old is not None else None
    rules.before(call, entity, record, before)
    record.core.pop("id", None)
    if old is None:
        _check_links(call, entity, record)
        defaults = {
            f.name: f.default for f in call.site.fields(entity).values() if f.type == "Field" and f.name != "id"
        }
        row = table.insert({**defaults, **{k: v for k, v in record.core.items() if v is not None}})
    else:
        _check_links(call, entity, record)
        table.update(old, record.core)
        row = old
    rules.after(call, record, row, before)
    answer = rules.answer or _plain_answer
    return row, answer(call, record, row, old is None)


def _check_links(call: Call, entity: str, record: Record) -> None:
    """The database's foreign keys."""
    for name, value in record.core.items():
        link = call.site.fields(entity)[name].fk if name in call.site.fields(entity) else None
        if isinstance(value, int) and link in call.site.tables and value not in call.site.tables[link].rows:
            raise ApiError(CONSTRAINT)


def _plain_answer(call: Call, record: Record, row: Row, is_new: bool) -> Row:
    """What was sent and what the rules filled in, but not the database's own defaults."""
    return {"id": row["id"], **{name: row.get(name) for name in record.core}, "custom": None, "check_permissions": None}


def full_answer(call: Call, record: Record, row: Row, is_new: bool) -> Row:
    """For the entities that answer their whole row without the empty columns."""
    known = {name: value for name, value in row.items() if value is not None}
    return {**known, "custom": None, "check_permissions": None}


def _reloaded(call: Call, entity: str, answers: list[Row], reload: Any) -> list[Row]:
    table = call.site.table(entity)
    ids = [answer["id"] for answer in answers if answer["id"] in table.rows]
    if not call.site.dialect.wordpress:
        ids.sort()  # 6.18 reads the rows back with one query; 5.77 keeps the order of the records
    select = reload if isinstance(reload, list) else ["*"]
    return query.shown(call, entity, [table.rows[i] for i in ids], select, {})
