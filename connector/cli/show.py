"""Shows a plan or a result: as tables for a person, as JSON for a script."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from connector.plan import Action, Change, Plan

# How many changes of one kind a person is shown; the rest is counted. `--json` has them all.
SHOWN = 10
HEADINGS = {
    Action.CREATE: "New in CiviCRM",
    Action.UPDATE: "Changed in CiviCRM",
    Action.ADD: "Added to a group",
    Action.REMOVE: "Taken out of a group",
    Action.ASK: "A person has to decide",
    Action.REFUSE: "Rows that are refused",
    Action.SKIP: "Respected",
    Action.KEEP: "Staff's edits that stay",
    Action.NOTE: "To know",
}


def as_json(plan: Plan, checksum: str | None = None, **more: Any) -> str:
    """The whole plan for a script."""
    return json.dumps(
        {
            "flow": plan.flow,
            "scope": list(plan.scope),
            "rows": plan.row_count,
            "checksum": checksum,
            "counts": plan.counts(),
            "brakes": [{"name": brake.name, "reason": brake.reason} for brake in plan.brakes],
            "changes": [change.as_json() for change in plan.changes],
            **more,
        },
        ensure_ascii=False,
    )


def show_plan(console: Console, plan: Plan) -> None:
    """The whole plan for a person: a table for each thing that happens and why, then what stops it."""
    if plan.scope:
        console.print(f"Scope: {', '.join(plan.scope)}    rows: {plan.row_count}", style="bold")
    show_changes(console, plan.changes)
    for brake in plan.brakes:
        console.print(f"Brake {brake.name}: {brake.reason}", style="bold yellow")
    if not plan.acting:
        console.print("Nothing to do.", style="bold green")


def show_done(console: Console, done: Sequence[Change]) -> None:
    """What was carried out, in one line."""
    told = ", ".join(f"{count} {action}" for action, count in Plan("", tuple(done)).counts().items())
    console.print(f"Done: {told or 'nothing to do'}.", style="bold green")


def show_changes(console: Console, changes: Sequence[Change]) -> None:
    """A table for each thing that happens and each reason, in the order of HEADINGS."""
    for (action, entity, reason), group in _grouped(changes).items():
        console.print()
        console.print(Text(f"{HEADINGS[action]}: {len(group)} × {entity}, {reason}", style="bold"), soft_wrap=True)
        table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0))
        columns = [
            ("line", [str(change.line or "") for change in group]),
            ("key", [change.key for change in group]),
            ("id", [str(change.id or "") for change in group]),
            ("what", ["; ".join(_lines(change)) for change in group]),
        ]
        there = [(name, cells) for name, cells in columns if any(cells)]
        for name, _ in there:
            table.add_column(name, overflow="fold", no_wrap=name != "what")
        for cells in list(zip(*(cells for _, cells in there), strict=True))[:SHOWN]:
            # Text, because what stands in a roster must not be read as Rich's markup
            table.add_row(*(Text(cell) for cell in cells))
        console.print(table)
        if len(group) > SHOWN:
            console.print(f"… and {len(group) - SHOWN} more; --json shows them all.")


def _grouped(changes: Sequence[Change]) -> dict[tuple[Action, str, str], list[Change]]:
    found: defaultdict[tuple[Action, str, str], list[Change]] = defaultdict(list)
    for action in HEADINGS:
        for change in changes:
            if change.action is action:
                found[action, change.entity, change.reason].append(change)
    return dict(found)


def _lines(change: Change) -> Iterable[str]:
    for one in change.fields:
        if change.action is Action.CREATE:
            yield f"{one.field} {one.after}"
        elif one.field.startswith("group:"):
            yield f"{one.field.removeprefix('group:')} {one.before or 'not in it'} → {one.after}"
        elif change.acts:
            yield f"{one.field} {one.before or 'empty'} → {one.after}"
        else:
            yield f"{one.field} in CiviCRM {one.before or 'empty'}, in the roster {one.after}"
