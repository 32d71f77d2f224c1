"""Connector problems: one activity for each thing that needs a person, opened once, closed when it is solved."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.civicrm.client import Call, CiviClient
from connector.errors import UserError
from connector.plan import FieldChange

PROBLEM = "Solidarity_Problem"
OPEN, SOLVED, DISMISSED = "open", "solved", "dismissed"
# More at once would bury what they are about: then one problem stands for all of them.
MOST = 50
_SELECT = ["id", "subject", "target_contact_id", *(f"{PROBLEM}.{one}" for one in ("Key", "Asked", "State", "Decision"))]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that needs a person.

    key: what it is about, the same as long as it is the same problem. what: for the subject; next_step: who does what.
    contact: whom it is about in CiviCRM, 0 for none; entity, record, fields: where two values differ, what they are.
    decision: the one that closed it, 0 for none.
    """

    key: str
    what: str
    next_step: str
    contact: int = 0
    entity: str = ""
    record: int = 0
    fields: tuple[FieldChange, ...] = ()
    id: int = 0
    state: str = OPEN
    decision: int = 0


def open_ones(client: CiviClient, about: str) -> list[Problem]:
    """The open problems whose keys begin with `about`. Raises UserError where CiviCRM has no problems yet."""
    types = [["option_group_id:name", "=", "activity_type"], ["name", "=", PROBLEM]]
    if not client.api4("OptionValue", "get", select=["id"], where=types):
        raise UserError(
            "CiviCRM has no connector problems yet.", next_step="the administrator runs `solidarity setup apply`."
        )
    return _read(client, [[f"{PROBLEM}.Key", "LIKE", f"{about}%"], [f"{PROBLEM}.State", "=", OPEN]])


def by_number(client: CiviClient, ids: Iterable[int]) -> dict[int, Problem]:
    """The problems with these numbers, closed ones too."""
    wanted = sorted(set(ids))
    return {one.id: one for one in _read(client, [["id", "IN", wanted]])} if wanted else {}


def _read(client: CiviClient, where: list[Any]) -> list[Problem]:
    rows = client.api4(
        "Activity",
        "get",
        select=_SELECT,
        where=[["activity_type_id:name", "=", PROBLEM], ["is_deleted", "=", False], *where],
        orderBy={"id": "ASC"},
    )
    return [_problem(row) for row in rows]


def call(keys: Iterable[str]) -> Call:
    """The question for the problems with these keys, whatever became of them; `by_key` reads its answer."""
    where = [["activity_type_id:name", "=", PROBLEM], ["is_deleted", "=", False], [f"{PROBLEM}.Key", "IN", list(keys)]]
    return ("Activity", "get", {"select": _SELECT, "where": where, "orderBy": {"id": "ASC"}})


def by_key(rows: Iterable[dict[str, Any]]) -> dict[str, Problem]:
    """Key → the newest problem with it."""
    return {problem.key: problem for problem in map(_problem, rows)}


def open_new(client: CiviClient, known: Mapping[str, Problem], found: Iterable[Problem]) -> None:
    """Open what was found, unless it is open already or a person dismissed it. known: by key, as of `by_key`."""
    for problem in {one.key: one for one in found}.values():
        if problem.key not in known or known[problem.key].state == SOLVED:
            open_one(client, problem, 0)


def keep_up(client: CiviClient, known: Mapping[str, Problem], found: Sequence[Problem]) -> None:
    """Open what was found, and close what is not found any more. known: of everything that was looked at."""
    open_new(client, known, found)
    wanted = {problem.key for problem in found}
    for key, problem in known.items():
        if problem.state == OPEN and key not in wanted:
            close(client, problem, SOLVED)


def keep_up_alarms(client: CiviClient, known: Mapping[str, Problem], found: Sequence[Problem]) -> None:
    """As `keep_up`, for what comes and goes: one that a person dismissed is told again when it was over meanwhile."""
    keep_up(client, known, found)
    wanted = {problem.key for problem in found}
    for key, problem in known.items():
        if problem.state == DISMISSED and key not in wanted:
            close(client, problem, SOLVED, was=DISMISSED)


def close(client: CiviClient, problem: Problem, state: str, decision: int = 0, *, was: str = OPEN) -> None:
    """End a problem. What it asked about is forgotten: the values stand in the contact alone."""
    values: dict[str, Any] = {f"{PROBLEM}.State": state, f"{PROBLEM}.Asked": None, "status_id:name": "Completed"}
    by = {f"{PROBLEM}.Decision": decision} if decision else {}
    where = [["id", "=", problem.id], [f"{PROBLEM}.State", "=", was]]
    client.api4("Activity", "update", where=where, values=values | by)


def open_one(client: CiviClient, problem: Problem, assignee: int) -> None:
    """Make the activity of a problem, assigned to whoever is asked."""
    asked = {
        "entity": problem.entity,
        "record": problem.record,
        "fields": [[one.field, one.before, one.after] for one in problem.fields],
    }
    values: dict[str, Any] = {
        "activity_type_id:name": PROBLEM,
        "source_contact_id": "user_contact_id",
        "status_id:name": "Scheduled",
        "subject": problem.what[:250],
        "details": f"<p>{_escaped(problem.what)}</p><p>Next: {_escaped(problem.next_step)}</p>",
        f"{PROBLEM}.Key": problem.key[:255],
        f"{PROBLEM}.Asked": json.dumps(asked, ensure_ascii=False) if problem.record else None,
        "assignee_contact_id": [assignee] if assignee else [],
        "target_contact_id": [problem.contact] if problem.contact else [],
    }
    client.api4("Activity", "create", values=values)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _problem(row: dict[str, Any]) -> Problem:
    asked = json.loads(row[f"{PROBLEM}.Asked"] or "{}")
    return Problem(
        key=str(row[f"{PROBLEM}.Key"] or ""),
        what=str(row["subject"] or ""),
        next_step="",
        contact=next(iter(row.get("target_contact_id") or ()), 0),
        entity=str(asked.get("entity") or ""),
        record=int(asked.get("record") or 0),
        fields=tuple(FieldChange(name, before, after) for name, before, after in asked.get("fields", ())),
        id=int(row["id"]),
        state=str(row[f"{PROBLEM}.State"] or ""),
        decision=int(row[f"{PROBLEM}.Decision"] or 0),
    )
