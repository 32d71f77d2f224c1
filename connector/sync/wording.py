"""What staff are told of a roster that they handed in: why it stops, what was planned, what was done. Pure."""

import html

from connector import report
from connector.desk import activities as desk
from connector.desk.activities import Decision, HandedIn
from connector.plan import Plan
from connector.sync.apply import Result
from connector.sync.mapping import Source
from connector.sync.run import Look


def origin(source: Source) -> str:
    """Where a field's value comes from, as a person reads it."""
    return f"column {' or '.join(source.columns)}; wins: {source.wins}" if source.columns else "the same for every row"


def void(decision: Decision, roster: HandedIn) -> str | None:
    """Why a decision cannot be carried out, or None."""
    if roster.decision or roster.state in desk.ENDED:
        return f"Roster {roster.id} was decided about already."
    if roster.state not in desk.DECIDABLE:
        return f"Roster {roster.id} was not planned yet; wait for its plan and read it."
    if decision.verdict == desk.APPLY and (decision.plan != roster.plan or not roster.plan):
        return f"That was an older plan of roster {roster.id}; read the one that stands there now and decide again."
    if decision.verdict not in (desk.APPLY, desk.REFUSE, desk.AGAIN):
        return "No decision was chosen."
    return None


def stopped(plan: Plan, decision: Decision, *, begun: bool) -> str | None:
    """What keeps a plan from being applied, or None. begun: it was begun already, so its brakes were passed."""
    if final := [brake for brake in plan.brakes if not brake.passable]:
        return f"Stopped: {final[0].reason}."
    if plan.brakes and not begun and decision.number != count(plan):
        reasons = "; ".join(brake.reason for brake in plan.brakes)
        return (
            f"Stopped: {reasons}. If it is right, decide again and type the number of rows that change: {count(plan)}."
        )
    return None


def count(plan: Plan) -> int:
    """How many rows of a roster change."""
    return len({change.key for change in plan.acting})


def in_words(plan: Plan) -> str:
    """What a plan would do, in one line."""
    told = ", ".join(words for _, words in report.summary(plan.changes))
    stops = "".join(f" Needs a number: {brake.reason}." for brake in plan.brakes if plan.acting)
    return f"{told or 'Nothing to do'}.{stops}"


def done(result: Result) -> str:
    """What an apply did, in one line."""
    told = ", ".join(words for _, words in report.summary(result.done)) or "nothing to do"
    rows = len({change.key for change in result.left_out})
    left = f" {rows} rows changed in CiviCRM since the plan and were left out." if rows else ""
    failed = f" {len(result.failed)} rows failed." if result.failed else ""
    return f"Done: {told}.{left}{failed}"


def result(look: Look, result: Result) -> str:
    """What came of an apply, for the activity: figures first, then what asks for a person."""
    plan = look.plan
    rest = tuple(change for change in plan.changes if not change.acts)
    left = "".join(
        f"<li>{html.escape(key)}: changed in CiviCRM since the plan</li>"
        for key in dict.fromkeys(change.key for change in result.left_out)
    )
    failed = "".join(f"<li>{html.escape(key)}: {html.escape(why)}</li>" for key, why in result.failed.items())
    listed = f"<ul>{left}{failed}</ul>" if left or failed else ""
    told = report.as_details(Plan(plan.flow, rest, plan.scope, plan.row_count)) if rest else ""
    return f"<p>{html.escape(done(result))}</p>{listed}{told}"
