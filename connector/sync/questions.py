"""Rows of a roster that ask a person: as connector problems, and what becomes of them when somebody decides."""

from collections.abc import Sequence

from connector import lockdown, memory, report
from connector.civicrm.client import CiviClient
from connector.desk import problems, why
from connector.desk.activities import AGAIN, DISMISS, Decision
from connector.desk.deciding import Answered
from connector.desk.problems import Problem
from connector.memory import Hasher
from connector.plan import Action, Change
from connector.store import Store
from connector.sync.mapping import PLEDGE
from connector.sync.run import Look
from connector.sync.writing import as_seen, guarded

TAKE_ROSTER, KEEP_CIVICRM = "roster", "civicrm"


def keep_up(client: CiviClient, look: Look, assignee: int) -> None:
    """Open a problem for each row that asks, and close those of rows that ask no more. assignee: who is asked."""
    flow = look.plan.flow
    asked = [change for change in look.plan.changes if change.action is Action.ASK]
    many = len(asked) > problems.MOST
    found = [_many(flow, asked)] if many else [_problem(flow, change) for change in asked]
    there = problems.open_ones(client, f"{flow}:")
    wanted = {problem.key for problem in found}
    for problem in found:
        if problem.key not in {one.key for one in there}:
            problems.open_one(client, problem, assignee)
    for problem in there:
        looked_at = problem.key == f"{flow}:many" or any(problem.key.startswith(f"{flow}:{row}:") for row in look.keys)
        if problem.key not in wanted and looked_at and not many:
            problems.close(client, problem, problems.SOLVED)


def answer(client: CiviClient, store: Store, hasher: Hasher, problem: Problem, decision: Decision) -> Answered | None:
    """What becomes of a row that asks, now that somebody decided about it. None: it has to wait."""
    if lockdown.is_on(store):
        return None
    if decision.verdict in (TAKE_ROSTER, KEEP_CIVICRM):
        return Answered(_chosen(client, store, hasher, problem, decision), problems.SOLVED)
    if decision.verdict in (AGAIN, DISMISS):
        state = problems.DISMISSED if decision.verdict == DISMISS else problems.SOLVED
        return Answered("Closed; it is opened again if a later roster asks it again.", state)
    return Answered("That is no answer to a problem.", problems.OPEN)


def _chosen(client: CiviClient, store: Store, hasher: Hasher, problem: Problem, decision: Decision) -> str:
    """Carry out what somebody decided about a row where roster and CiviCRM differ. Returns what was done, in words.

    The roster's value is written under the value that was seen; either way both sides then agree on it.
    """
    if not problem.fields:
        return "There is no value to choose here; correct it as the problem says."
    remembered_as = PLEDGE if problem.entity == PLEDGE else "Contact"
    if decision.verdict == TAKE_ROSTER:
        # Contact, not Individual: CiviCRM checks permissions and writes first e-mails and phones through it
        entity = PLEDGE if problem.entity == PLEDGE else "Contact"
        taken = [["id", "=", problem.record], *(as_seen(one.field, one.after) for one in problem.fields)]
        calls = {
            "take": guarded(entity, problem.record, problem.fields),
            # not what the write says: it may have been done by us before we were ended
            "taken": (entity, "get", {"select": ["id"], "where": taken}),
        }
        if not client.multi(calls)["taken"]:
            return "CiviCRM's value changed meanwhile; nothing was written."
        _tell_why(client, problem, decision)
    agreed = [(problem.record, one.field, one.after) for one in problem.fields]
    memory.keep(store, hasher, remembered_as, agreed)
    return "The roster's value was written." if decision.verdict == TAKE_ROSTER else "CiviCRM's value stays."


def _tell_why(client: CiviClient, problem: Problem, decision: Decision) -> None:
    """On the contact: what was written by whose answer. Told once, however often this is begun."""
    if problem.entity == PLEDGE:
        return
    names = tuple(one.field for one in problem.fields)
    wrote = why.Wrote(problem.record, report.TOLD[Action.UPDATE][0], names, None)
    source = f"{problem.key.partition(':')[0]}, problem {problem.id}"
    origin = dict.fromkeys(names, "the roster's value was chosen")
    why.tell(client, [wrote], source=source, origin=origin, by=decision.by, again=True)


def _problem(flow: str, change: Change) -> Problem:
    fields = ", ".join(one.field for one in change.fields)
    return Problem(
        key=f"{flow}:{change.key}:{fields or change.reason}",
        what=f"Row {change.key} of the roster of {flow}: {f'{fields}: ' if fields else ''}{change.reason}",
        next_step="decide here, or correct it in CiviCRM or in the roster; it closes by itself with the next roster.",
        contact=change.id or 0 if change.entity != PLEDGE else 0,
        entity=change.entity,
        record=change.id or 0,
        fields=change.fields,
    )


def _many(flow: str, asked: Sequence[Change]) -> Problem:
    return Problem(
        key=f"{flow}:many",
        what=f"{len(asked)} rows of the roster of {flow} ask for a decision.",
        next_step="open the roster that was handed in: its file lists them; correct them and hand it in again.",
    )
