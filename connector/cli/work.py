"""`solidarity work`: the worker, which does what staff handed in and decided."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from connector.cli.context import Context
from connector.store import Lease
from connector.sync.handed_in import HandedInRosters
from connector.sync.memory import Hasher


@click.command()
@click.option("--drain", "drains", is_flag=True, help="Do all that waits now, and end.")
@click.pass_obj
def work(context: Context, drains: bool) -> None:
    """Do what waits: rosters that staff handed in, and what they decided. Looks each minute until it is ended."""
    from connector import engine  # here: no other command needs it

    context.settings.need("civicrm_url", "civicrm_api_key", "connector_fingerprint_key")
    with context.client() as client, context.store() as store:

        @contextmanager
        def lease(name: str) -> Iterator[Lease | None]:
            taken = Lease(store, name, context.settings.civicrm_grace_seconds)
            if taken.take():
                yield None
                return
            with taken.kept():
                yield taken
            taken.give_back()  # not after an error: CiviCRM may still be at work, and the lease runs out by itself

        hasher = Hasher(context.settings.connector_fingerprint_key)
        rosters = HandedInRosters(client, store, hasher, context.settings.connector_mappings, lease)
        if drains:
            click.echo(f"{engine.drain(rosters.step)} done.")
        else:
            engine.work(context.settings.queue_url, rosters.step)
