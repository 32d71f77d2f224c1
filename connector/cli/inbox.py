"""`solidarity inbox`: what Stripe told and what became of it."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click
from rich.table import Table

from connector.cli.context import Context
from connector.errors import UserError
from connector.inbox import DONE, IGNORED, PARKED, WAITING, WORKING, Inbox

STATES = (WAITING, WORKING, DONE, IGNORED, PARKED)


@click.group()
def inbox() -> None:
    """What Stripe told the connector, and what became of it. It holds ids and money, never a person."""


@inbox.command("list")
@click.option("--state", type=click.Choice(STATES), multiple=True, help="Only rows in this state (may be repeated).")
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many, newest first."
)
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_obj
def list_(context: Context, state: Sequence[str], limit: int, as_json: bool) -> None:
    """The newest rows, and how many there are in each state."""
    with _opened(context) as found:
        counts, rows = found.counts(), [_row(row) for row in found.rows(states=state, limit=limit)]
    if as_json:
        click.echo(json.dumps({"counts": counts, "rows": rows}))
        return
    context.out.print(", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "The inbox is empty.")
    table = Table("id", "event", "concerns", "amount", "state", "why", box=None)
    for row in rows:
        table.add_row(str(row["id"]), row["type"], row["root"], _money(row), row["state"], row["why"])
    if rows:
        context.out.print(table)


@inbox.command()
@click.argument("id_", metavar="ID", type=int)
@click.pass_obj
def show(context: Context, id_: int) -> None:
    """One row, whole, as JSON."""
    with _opened(context) as found:
        rows = found.rows(ids=[id_])
    if not rows:
        raise _unknown([id_])
    click.echo(json.dumps(_row(rows[0]), indent=2))


@inbox.command()
@click.argument("ids", metavar="ID...", type=int, nargs=-1, required=True)
@click.pass_obj
def replay(context: Context, ids: Sequence[int]) -> None:
    """Let rows wait again, whatever became of them. Settling twice changes nothing."""
    with _opened(context) as found:
        _all_there(found, ids)
        click.echo(f"{found.replay(ids)} wait again; the worker looks each minute, `solidarity work --drain` now.")


@inbox.command()
@click.argument("ids", metavar="ID...", type=int, nargs=-1, required=True)
@click.option("--why", required=True, help="Kept beside the rows.")
@click.pass_obj
def dismiss(context: Context, ids: Sequence[int], why: str) -> None:
    """Say that nothing has to be done for these rows."""
    with _opened(context) as found:
        _all_there(found, ids)
        click.echo(f"{found.dismiss(ids, why)} dismissed.")


@contextmanager
def _opened(context: Context) -> Iterator[Inbox]:
    with context.store() as store:
        yield Inbox(store)


def _all_there(found: Inbox, ids: Sequence[int]) -> None:
    missing = sorted(set(ids) - {row.id for row in found.rows(ids=ids, limit=len(ids))})
    if missing:
        raise _unknown(missing)


def _unknown(ids: Sequence[int]) -> UserError:
    listed = ", ".join(map(str, ids))
    return UserError(f"The inbox has no row {listed}.", next_step="see `solidarity inbox list`.")


def _row(row: Any) -> dict[str, Any]:
    found = dict(row._mapping)
    return found | {name: found[name].isoformat() for name in ("created", "received", "due")}


def _money(row: dict[str, Any]) -> str:
    return "" if row["amount"] is None else f"{row['amount']} {row['currency'].upper()} (smallest unit)"
