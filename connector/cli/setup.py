"""`solidarity setup`: what CiviCRM must have before the first roster, compared and made."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from connector.civicrm.client import CiviClient
from connector.cli import show
from connector.cli.context import Context
from connector.plan import Exit, Plan
from connector.setup import run, wanted
from connector.store import Store
from connector.sync.history import APPLIED, UNFINISHED, History


@click.group()
def setup() -> None:
    """Make what the connector needs CiviCRM to have (mappings/setup.toml). Uses CIVICRM_SETUP_KEY."""


@setup.command("plan")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
@click.pass_obj
def plan(context: Context, as_json: bool) -> None:
    """Show what is missing. Changes nothing."""
    with _connected(context) as (client, _):
        found = run.look(client, _wanted(context))
    if as_json:
        click.echo(show.as_json(found))
    else:
        show.show_plan(context.out, found)
    sys.exit(found.exit_code())


@setup.command("apply")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
@click.pass_obj
def apply(context: Context, as_json: bool) -> None:
    """Make what is missing. Safe to run again; titles and labels that staff changed stay."""
    with _connected(context) as (client, store), context.lease(store, run.FLOW) as lease:
        history = History(store, run.FLOW)
        found = run.look(client, _wanted(context))
        unfinished = history.last_state() == UNFINISHED
        if found.acting:
            history.applied(found, UNFINISHED, [], by=f"uid {os.getuid()}")
        done = run.apply(client, found, lease, unfinished=unfinished)
        if found.acting or unfinished:
            history.applied(found, APPLIED, [], by=f"uid {os.getuid()}")
    if as_json:
        click.echo(show.as_json(found, done=Plan(run.FLOW, tuple(done)).counts()))
    else:
        show.show_done(context.out, done)
        show.show_changes(context.out, [change for change in found.changes if not change.acts])
    sys.exit(Exit.PERSON if found.waits_for_person else Exit.DONE)


@contextmanager
def _connected(context: Context) -> Iterator[tuple[CiviClient, Store]]:
    with context.client(key="civicrm_setup_key") as client, context.store() as store:
        yield client, store


def _wanted(context: Context) -> wanted.Setup:
    return wanted.load(context.settings.connector_mappings / "setup.toml")
