"""`solidarity doctor`: shows what the checks of connector/setup/checks.py found."""

import json
import sys
from collections.abc import Callable
from contextlib import ExitStack

import click
from rich.table import Table
from rich.text import Text

from connector import lockdown
from connector.civicrm.client import CiviClient
from connector.cli.context import Context
from connector.errors import UserError
from connector.mail import Mailer
from connector.plan import Exit
from connector.setup import checks, wanted
from connector.setup.checks import Finding


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
@click.pass_obj
def doctor(context: Context, as_json: bool) -> None:
    """Check keys, permissions, set-up, version, time zone, mail, Stripe, the lock-down; say who does what about it."""
    with ExitStack() as stack:
        runtime = stack.enter_context(context.client())
        has_setup_key = bool(context.settings.civicrm_setup_key)
        setup = stack.enter_context(context.client(key="civicrm_setup_key")) if has_setup_key else None
        file = wanted.load(context.settings.connector_mappings / "setup.toml")
        findings = [*checks.run(runtime, setup, file), checks.mail(_mailer(context)), *_stripe(context, runtime)]
        findings.append(_locked(context))
    if as_json:
        click.echo(json.dumps([finding.as_json() for finding in findings], ensure_ascii=False))
    else:
        table = Table()
        for column in ("", "check", "found", "what to do"):
            table.add_column(column, overflow="fold")
        for one in findings:
            mark = Text("ok", style="green") if one.ok else Text("look", style="bold yellow")
            table.add_row(mark, one.check, Text(one.found), Text(one.next_step))
        context.out.print(table)
    sys.exit(Exit.DONE if all(finding.ok for finding in findings) else Exit.PERSON)


def _locked(context: Context) -> Finding:
    """The switch of the lock-down; a database that cannot be opened is told instead."""
    try:
        with context.store() as store:
            return checks.locked(lockdown.state(store))
    except UserError as error:
        return Finding("lock-down", False, error.what, error.next_step)


def _stripe(context: Context, runtime: CiviClient) -> list[Finding]:
    """The fund's checks; none where there is no fund."""
    settings = context.settings
    if not settings.stripe_api_key:
        return []
    from connector.setup import stripe_checks  # here: Stripe's library takes a while to load
    from connector.stripe_api import StripeApi
    from connector.webhooks import fund, ledger

    api = StripeApi(settings.stripe_api_key, settings.stripe_api_base)
    found = stripe_checks.run(
        api, settings.stripe_api_key, livemode=settings.stripe_livemode, secrets=settings.webhook_secrets
    )
    funds = fund.load(settings.connector_mappings).values()
    look = stripe_checks.names(lambda: ledger.names(funds, runtime.multi(ledger.name_calls(funds))))
    return [*found, look, stripe_checks.permission(runtime)]


def _mailer(context: Context) -> Callable[[], Mailer] | None:
    """How to reach the mail server; None where no mail is sent."""
    url, sender = context.settings.smtp_url, context.settings.mail_from
    return (lambda: Mailer(url, sender)) if url else None
