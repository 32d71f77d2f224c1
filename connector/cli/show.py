"""Shows a plan or a result to a person at a terminal, wide or narrow, and saves a plan to a file."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from connector import report
from connector.errors import UserError
from connector.plan import Action, Change, Plan
from connector.report import Section, as_json, plain

__all__ = ["as_json", "save", "saved_as", "show_changes", "show_done", "show_plan"]

# How many rows of one section a person is shown: of what would be done, and of what asks for a person. The rest is
# counted; `--json` and `--save` have them all.
SHOWN, SHOWN_TO_DECIDE = 10, 50
# From so many columns on, a field, its old and its new value stand beside each other; below, in one cell.
WIDE = 110
STYLES = {"acts": "bold green", "person": "bold yellow", "quiet": "bold"}
WRITERS: dict[str, Callable[[Plan, str | None], str]] = {
    ".json": report.as_json,
    ".csv": report.as_csv,
    ".html": report.as_html,
}


def show_plan(console: Console, plan: Plan) -> None:
    """The whole plan: a table for each thing that happens and why, then what stops it, and the sum."""
    if plan.scope:
        console.print(Text(plain(f"Scope: {', '.join(plan.scope)}    rows: {plan.row_count}"), style="bold"))
    show_changes(console, plan.changes)
    if plan.changes:
        console.print()
    for brake in plan.brakes:
        console.print(Text(plain(f"Brake {brake.name}: {brake.reason}"), style="bold yellow"), soft_wrap=True)
    if plan.changes:
        words = [Text(told, style=STYLES[report.kind(action)]) for action, told in report.summary(plan.changes)]
        console.print(Text(", ").join(words).append("."))
    if not plan.acting:
        console.print("Nothing to do.", style="bold green")


def show_done(console: Console, done: Sequence[Change]) -> None:
    """What was carried out, in one line."""
    told = ", ".join(words for _, words in report.summary(done))
    console.print(f"Done: {told or 'nothing to do'}.", style="bold green")


def show_changes(console: Console, changes: Sequence[Change]) -> None:
    """A table for each thing that happens and why."""
    for section in report.sections(changes):
        console.print()
        why = f", {section.reason}" if section.reason else ""
        heading = plain(f"{section.heading}: {len(section.changes)} × {section.entity}{why}")
        console.print(Text(heading, style=STYLES[report.kind(section.action)]), soft_wrap=True)
        shown = SHOWN_TO_DECIDE if report.kind(section.action) == "person" else SHOWN
        console.print(_table(section, shown, wide=console.width >= WIDE))
        if len(section.changes) > shown:
            console.print(f"… and {len(section.changes) - shown} more; --json shows them all.", style="dim")


def _table(section: Section, shown: int, *, wide: bool) -> Table:
    """The rows of a section; columns that would stay empty are left out."""
    beside = wide and section.action is not Action.CREATE
    rows = [row for change in section.changes[:shown] for row in _rows(section, change, beside=beside)]
    sides = ("before", "after") if report.kind(section.action) == "acts" else ("in CiviCRM", "in the roster")
    names = ("line", "key", "id", *(("field", *sides) if beside else ("what",)), "why")
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0))
    there = [number for number, name in enumerate(names) if any(row[number].plain for row in rows)]
    for number in there:
        table.add_column(names[number], overflow="fold", no_wrap=names[number] in ("line", "id"))
    for row in rows:
        table.add_row(*(row[number] for number in there))
    return table


def _rows(section: Section, change: Change, *, beside: bool) -> Iterator[tuple[Text, ...]]:
    """The lines of one change. Text, because what stands in a roster must not be read as Rich's markup."""
    who = (Text(str(change.line or "")), Text(plain(change.key)), Text(str(change.id or "")))
    why = Text("" if section.reason else plain(change.reason))
    fields = [report.told(field) for field in change.fields]
    if not beside:
        between = "; " if change.action is Action.CREATE else "\n"
        yield (*who, Text(between).join(_told(change.action, *told) for told in fields), why)
        return
    for number, (field, before, after) in enumerate(fields or [("", "", "")]):
        first = (*who, why) if number == 0 else (Text(),) * 4
        yield (*first[:3], Text(field, style="dim"), Text(before), Text(after, style="bold"), first[3])


def _told(action: Action, field: str, before: str, after: str) -> Text:
    """One field in one cell."""
    name = (f"{field} ", "dim")
    if action is Action.CREATE:
        return Text.assemble(name, after)
    if report.kind(action) == "acts":
        return Text.assemble(name, before, " → ", (after, "bold"))
    return Text.assemble(name, ("in CiviCRM ", "dim"), before, (", in the roster ", "dim"), after)


def saved_as(_context: click.Context, _option: click.Parameter, path: Path | None) -> Path | None:
    """Check the ending of a file that a plan is to be saved as, before anybody is asked anything."""
    if path is not None and path.suffix.lower() not in WRITERS:
        raise click.UsageError(f"--save takes a file that ends in {', '.join(WRITERS)}, not '{path.suffix}'")
    return path


def save(path: Path, plan: Plan, checksum: str | None) -> None:
    """Write the plan to a file that only its owner may read: it names people. Raises UserError when it cannot."""
    text = WRITERS[path.suffix.lower()](plan, checksum)
    try:
        with open(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8", newline=""
        ) as out:
            os.fchmod(out.fileno(), 0o600)
            out.write(text)
    except OSError as error:
        raise UserError(
            f"The plan cannot be saved ({error.strerror}).",
            next_step="name a file in a folder that exists and that you may write to.",
        ) from None
