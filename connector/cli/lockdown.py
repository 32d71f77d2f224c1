"""`solidarity lockdown`: the switch that stops all syncing and sending. It needs the database alone, not CiviCRM."""

import json
import sys

import click

from connector import lockdown as switch
from connector.cli.context import Context
from connector.lockdown import LONGEST_WHY, Lockdown
from connector.plan import Exit

WAITS = "Syncs, alerts and personal links stand still; gifts go on. CiviCRM shows it within a minute."


@click.group()
def lockdown() -> None:
    """Stop all syncing and sending at once, when a list may have leaked or somebody is in danger."""


def _json(command: click.decorators.FC) -> click.decorators.FC:
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(command)


@lockdown.command()
@click.option("--why", required=True, help="One sentence for everybody who stands before it. Name nobody.")
@_json
@click.pass_obj
def on(context: Context, why: str, as_json: bool) -> None:
    """Begin a lock-down. One that is on already keeps its beginning and is told the new why."""
    told = " ".join(why.split())
    if not 0 < len(told) <= LONGEST_WHY:
        raise click.UsageError(f"--why takes one sentence of at most {LONGEST_WHY} letters")
    with context.store() as store:
        switch.switch_on(store, told)
        _show(switch.state(store), as_json)


@lockdown.command()
@_json
@click.pass_obj
def off(context: Context, as_json: bool) -> None:
    """End the lock-down: what waited is done by the worker's next look."""
    with context.store() as store:
        switch.switch_off(store)
        _show(switch.state(store), as_json)


@lockdown.command()
@_json
@click.pass_obj
def status(context: Context, as_json: bool) -> None:
    """Say whether it is on. Ends with 0 when it is off and with 4 when it is on."""
    with context.store() as store:
        found = switch.state(store)
    _show(found, as_json)
    sys.exit(Exit.BRAKE if found else Exit.DONE)


def _show(found: Lockdown | None, as_json: bool) -> None:
    if as_json:
        told = {"since": found.since.isoformat(), "why": found.why} if found else {}
        click.echo(json.dumps({"on": bool(found), **told}, ensure_ascii=False))
    elif found:
        click.echo(f"{found.in_words()}\n{WAITS}\n`solidarity lockdown off` ends it.")
    else:
        click.echo("There is no lock-down.")
