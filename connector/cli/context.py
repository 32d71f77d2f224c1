"""What every command shares: the settings, the connections made from them, and how errors end the process."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click
from rich.console import Console

from connector import clock, log
from connector.civicrm.client import CiviClient
from connector.errors import ConnectorError, TransientError, UnknownOutcome
from connector.leases import Lease
from connector.plan import Exit
from connector.settings import Settings
from connector.store import Store, opened


@dataclass(slots=True)
class Context:
    """Settings and the two consoles. `out` carries results, `err` everything else."""

    settings: Settings
    debug: bool
    out: Console
    err: Console

    @classmethod
    def from_env(cls, *, debug: bool, verbose: bool) -> "Context":
        """Read the settings and set up the log."""
        log.configure(verbose=verbose)
        return cls(Settings.from_env(), debug, Console(highlight=False), Console(stderr=True, highlight=False))

    @contextmanager
    def client(self, *, key: str = "civicrm_api_key") -> Iterator[CiviClient]:
        """A connection to CiviCRM under the key in the setting `key`."""
        self.settings.need("civicrm_url", key)
        client = CiviClient(
            url=self.settings.civicrm_url,
            api_key=getattr(self.settings, key),
            url_form=self.settings.civicrm_url_form,
            timeout=self.settings.civicrm_timeout_seconds,
        )
        try:
            yield client
        finally:
            client.close()

    @contextmanager
    def store(self) -> Iterator[Store]:
        """The connector's database."""
        with opened(self.settings.database_url) as store:
            yield store

    @contextmanager
    def lease(self, store: Store, name: str) -> Iterator[Lease]:
        """Be the only one who applies `name`. Waits for what a run that was killed may still have under way.

        Raises TransientError when another run is alive.
        """
        lease = Lease(store, name, self.settings.civicrm_grace_seconds)
        first = until = lease.take()
        if first:
            self.err.print(
                f"An earlier run of {name} ended in the middle of a write, or another one is at work; waiting."
            )
        while until and until <= (first or until):
            time.sleep(max(0.02, (until - clock.now()).total_seconds()))
            until = lease.take()
        if until:
            raise TransientError(
                f"Another run of {name} is at work.", next_step="wait until it has ended, then run this one again."
            )
        try:
            with lease.kept():
                yield lease
        except (UnknownOutcome, KeyboardInterrupt):
            raise  # CiviCRM may still be at work: the lease runs out by itself
        except BaseException:
            lease.give_back()
            raise
        lease.give_back()


class Group(click.Group):
    """A group of commands that turns our errors into one message and an exit code."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command; without --debug nobody is shown a traceback."""
        try:
            return super().invoke(context)
        except ConnectorError as error:
            if context.params.get("debug"):
                raise
            click.echo(f"solidarity: {error}", err=True)
            sys.exit(Exit.FAILED)
        except (click.exceptions.Exit, click.ClickException, click.Abort):
            raise
        except Exception as error:
            if context.params.get("debug"):
                raise
            # Its text could quote a value; the traceback shows it to whoever asks for it.
            click.echo(f"solidarity: a mistake of the connector itself ({type(error).__name__}).", err=True)
            click.echo("  Next: run the same command with `solidarity --debug …` and report what it shows.", err=True)
            sys.exit(Exit.FAILED)
        except KeyboardInterrupt:
            click.echo("solidarity: stopped; run the same command again to finish.", err=True)
            sys.exit(Exit.FAILED)
