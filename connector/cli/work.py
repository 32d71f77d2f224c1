"""`solidarity work`: the worker, which does what staff handed in and decided, and sends the daily summary."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

import click

from connector.alerts.activities import ALERT
from connector.alerts.deciding import answer
from connector.civicrm.client import CiviClient
from connector.cli import alerts
from connector.cli.context import Context
from connector.desk import locked
from connector.desk.activities import ROSTER
from connector.desk.deciding import Answer, Answering, Deciding, Handler
from connector.desk.locked import LockdownShown
from connector.desk.problems import PROBLEM
from connector.desk.summary import DailySummary
from connector.leases import Lease
from connector.mail import Mailer
from connector.memory import Hasher
from connector.store import Store
from connector.sync import questions
from connector.sync.handed_in import HandedInRosters

TryLease = Callable[[str], AbstractContextManager[Lease | None]]


@click.command()
@click.option("--drain", "drains", is_flag=True, help="Do all that waits now, and end.")
@click.pass_obj
def work(context: Context, drains: bool) -> None:
    """Do what waits: rosters that staff handed in, what they decided, the daily summary. Looks each minute."""
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

        steps = _steps(context, client, store, lease, nightly=not drains)
        if drains:
            click.echo(f"{engine.drain(steps, _waiter(context, store))} done.")
        else:
            engine.work(context.settings.queue_url, steps)


def _waiter(context: Context, store: Store) -> Callable[[], bool]:
    """What `--drain` waits for before it ends."""
    if not context.settings.stripe_api_key:
        return lambda: False
    from connector.cli import fund

    return fund.waiter(context, store)


def _steps(
    context: Context, client: CiviClient, store: Store, lease: TryLease, *, nightly: bool
) -> list[Callable[[], int]]:
    """What the worker does, one after the other; each flow adds a line. nightly: also what no one waits for."""
    settings = context.settings
    hasher = Hasher(settings.connector_fingerprint_key)
    rosters = HandedInRosters(client, store, hasher, settings.connector_mappings, lease)
    answers: dict[str, Answer] = {locked.KEY: locked.answer, "alerts": answer}
    steps: list[Callable[[], int]] = [LockdownShown(client, store, lease).step]
    if settings.stripe_api_key:
        from connector.cli import fund  # here: Stripe's library takes a while to load

        answers["stripe"] = fund.answerer(context, client, store)
        steps += fund.steps(context, client, store, nightly=nightly)
    about_problems = Answering(client, answers, rest=partial(questions.answer, client, store, hasher))
    handlers: dict[str, Handler] = {ROSTER: rosters.decide, PROBLEM: about_problems.decide}
    loop = alerts.loop(context, client, store)
    handlers[ALERT] = alerts.decisions(context, loop).decide
    # what was decided first: `again` lets the next step plan anew
    steps += [Deciding(client, handlers).step, loop.step, rosters.step]
    if settings.smtp_url and settings.admin_email:
        settings.need("mail_from")
        mailer = Mailer(settings.smtp_url, settings.mail_from)
        steps.append(DailySummary(client, store, mailer, settings.admin_email).step)
    return steps
