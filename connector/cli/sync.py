"""`solidarity plan` and `solidarity apply`: show what a roster would change, and carry out what was shown."""

import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress

from connector import lockdown
from connector.cli import show
from connector.cli.context import Context
from connector.errors import PermanentError, UserError
from connector.memory import Hasher
from connector.plan import Action, Brake, Exit, Plan, worst
from connector.sync import last_roster, questions
from connector.sync.apply import Apply, Result
from connector.sync.history import APPLIED, TRIAL
from connector.sync.run import Look, Sync

# The first run of a scope begins with so many rows at most, for a person to look at in CiviCRM.
TRIAL_ROWS = 20
FORCEABLE = ("first-run", "creates", "updates", "removals", "half-empty")


def _roster_arguments(command: Callable[..., None]) -> Callable[..., None]:
    """What plan and apply are both told."""
    for add in (
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables."),
        click.option(
            "--scope", multiple=True, metavar="CODE", help="Chapter codes, or 'all'. Default: those in the file."
        ),
        click.argument("roster", type=click.Path(path_type=Path)),
        click.argument("mapping"),
    ):
        command = add(command)
    return command


@click.command()
@_roster_arguments
@click.option(
    "--save",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=show.saved_as,
    metavar="FILE",
    help="Keep the plan too: as a page (.html), for a spreadsheet (.csv) or for a script (.json).",
)
@click.pass_obj
def plan(
    context: Context, mapping: str, roster: Path, scope: tuple[str, ...], as_json: bool, file: Path | None
) -> None:
    """Show what applying ROSTER through MAPPING would change. Changes nothing in CiviCRM."""
    with _sync(context, mapping, roster, scope) as sync:
        found = sync.look().plan
        checksum = sync.history.show(found, sync.hasher) if found.acting else None
    if file:
        show.save(file, found, checksum)
    if as_json:
        click.echo(show.as_json(found, checksum))
    else:
        show.show_plan(context.out, found)
        if checksum:
            context.out.print(_how_to_apply(mapping, roster, scope, checksum), soft_wrap=True, markup=False)
    sys.exit(found.exit_code())


@click.command()
@_roster_arguments
@click.option("--plan", "checksum", metavar="CHECKSUM", help="Do only what the plan with this checksum showed.")
@click.option("--yes", is_flag=True, help="Do what a plan would show now, without showing it. Brakes still hold.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N rows that change.")
@click.option("--force", multiple=True, type=click.Choice(FORCEABLE), help="Pass this brake; it is recorded with who.")
@click.pass_obj
def apply(
    context: Context,
    mapping: str,
    roster: Path,
    scope: tuple[str, ...],
    as_json: bool,
    checksum: str | None,
    yes: bool,
    limit: int | None,
    force: tuple[str, ...],
) -> None:
    """Carry out what ROSTER through MAPPING asks for."""
    if bool(checksum) == yes:
        raise click.UsageError("give either --plan CHECKSUM (from `solidarity plan`) or --yes")
    with (
        _sync(context, mapping, roster, scope, writes=True) as sync,
        context.lease(sync.store, f"sync {mapping}") as lease,
    ):
        look = sync.look()
        shown = _shown(sync, look, checksum)
        stopped = [brake for brake in look.plan.brakes if not _passes(sync, look.plan, brake, force, limit)]
        if stopped:
            _show_stop(context, look.plan, stopped, as_json)
            sys.exit(Exit.BRAKE)
        with _progress(context) as tell:
            workers = context.settings.civicrm_workers
            result = Apply(sync, shown=shown, lease=lease, limit=limit, workers=workers, tell=tell).run(look)
        unasked = _ask_in_civicrm(sync, look)
        # once a day, and not when nothing changed: such a run writes nothing at all
        if result.done and not result.rows_left and not sync.history.applied_today(look.plan.scope):
            last_roster.note(sync.client, sync.mapping, look.plan)
        passed = [brake.name for brake in look.plan.brakes if brake.name in force]
        sync.history.applied(
            look.plan, TRIAL if result.rows_left or result.left_out else APPLIED, passed, by=f"uid {os.getuid()}"
        )
    _show_result(context, look.plan, result, as_json)
    if unasked:
        context.err.print(unasked, style="yellow", markup=False)
    sys.exit(
        worst(
            Exit.FAILED if result.failed else Exit.DONE,
            Exit.CHANGES_WAIT if result.left_out else Exit.DONE,
            Exit.PERSON if look.plan.waits_for_person else Exit.DONE,
        )
    )


def _ask_in_civicrm(sync: Sync, look: Look) -> str:
    """Put what asks a person into CiviCRM, as for a roster that staff hand in. Returns a note when it cannot be.

    Without a question now or ever there is nothing to open or to close, and CiviCRM is not asked.
    """
    if Action.ASK.value not in look.plan.counts() and not sync.history.ever_asked():
        return ""
    try:
        questions.keep_up(sync.client, look, assignee=0)
    except (UserError, PermanentError) as error:
        return f"What asks a person stands only here: {error.what} Next: {error.next_step}"
    return ""


def _how_to_apply(mapping: str, roster: Path, scope: Sequence[str], checksum: str) -> str:
    words = ["apply", mapping, str(roster), *(word for code in scope for word in ("--scope", code)), "--plan", checksum]
    return f"To do exactly this: solidarity {shlex.join(words)}"


@contextmanager
def _sync(
    context: Context, mapping: str, roster: Path, scope: Sequence[str], *, writes: bool = False
) -> Iterator[Sync]:
    """The sync of this roster. writes: refused during a lock-down, which stops it before its next write too."""
    context.settings.need("civicrm_url", "civicrm_api_key", "connector_fingerprint_key")
    codes = [code.strip() for one in scope for code in one.split(",") if code.strip()]
    with context.client() as client, context.store() as store:
        if writes:
            lockdown.refuse(store)
        yield Sync(
            client=client.asking_first(partial(lockdown.refuse, store)) if writes else client,
            store=store,
            hasher=Hasher(context.settings.connector_fingerprint_key),
            mapping=context.settings.connector_mappings / f"{mapping}.toml",
            roster=roster,
            scope=codes,
        )


def _shown(sync: Sync, look: Look, checksum: str | None) -> frozenset[bytes]:
    """What may be done: what the named plan showed, or with --yes all that was found now."""
    if checksum is None:
        return frozenset(sync.hasher(*atom) for atom in look.plan.atoms())
    shown = sync.history.shown(checksum)
    if shown is None:
        raise UserError(
            f"No plan with the checksum {checksum} was shown for this mapping.",
            next_step="run `solidarity plan` again and copy the checksum it ends with.",
        )
    return shown


def _passes(sync: Sync, plan: Plan, brake: Brake, force: Sequence[str], limit: int | None) -> bool:
    if not brake.passable or brake.name in force:
        return brake.passable
    if brake.name != "first-run":
        return False
    if limit is not None and limit <= TRIAL_ROWS:
        return True
    return sync.history.had_trial(plan.scope) and _typed_count(plan)


def _typed_count(plan: Plan) -> bool:
    """A person at a terminal types how many rows will change; nobody else can."""
    if not sys.stdin.isatty():
        return False
    count = len({change.key for change in plan.acting})
    return str(click.prompt(f"{count} rows change in CiviCRM. Type this number to go on")).strip() == str(count)


def _show_stop(context: Context, plan: Plan, stopped: Sequence[Brake], as_json: bool) -> None:
    if as_json:
        click.echo(show.as_json(plan, done={}, stopped_by=[brake.name for brake in stopped]))
    for brake in stopped:
        context.err.print(f"Stopped by the brake {brake.name}: {brake.reason}.", style="bold yellow")
        if brake.name == "first-run":
            context.err.print(
                f"  Next: run it with --limit {TRIAL_ROWS}, look at these people in CiviCRM, then run it again at a "
                "terminal and type the number of rows; or pass it with --force first-run."
            )
        elif brake.passable:
            context.err.print(f"  Next: look at the plan; if it is right, add --force {brake.name}.")
        else:
            context.err.print("  Next: hand in the whole roster.")


@contextmanager
def _progress(context: Context) -> Iterator[Callable[[int, int], None]]:
    """A bar at a terminal, nothing otherwise."""
    with Progress(console=context.err, transient=True, disable=not context.err.is_terminal) as bar:
        task = bar.add_task("rows", total=None)

        def tell(done: int, of: int) -> None:
            bar.update(task, completed=done, total=of)

        yield tell


def _show_result(context: Context, plan: Plan, result: Result, as_json: bool) -> None:
    if as_json:
        more: dict[str, Any] = {
            "done": Plan(plan.flow, tuple(result.done)).counts(),
            "left_out": [change.as_json() for change in result.left_out],
            "failed": result.failed,
            "rows_left": result.rows_left,
        }
        click.echo(show.as_json(plan, **more))
        return
    show.show_done(context.out, result.done)
    for key in dict.fromkeys(change.key for change in result.left_out):
        context.out.print(f"Left out: {key} changed in CiviCRM since the plan; plan again.", style="yellow")
    for key, why in result.failed.items():
        context.out.print(f"Failed: {key}: {why}", style="bold red", markup=False)
    if result.rows_left:
        context.out.print(f"{result.rows_left} rows are left for the next run.")
    show.show_changes(context.out, [change for change in plan.changes if not change.acts])
