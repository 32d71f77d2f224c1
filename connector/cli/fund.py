"""How the fund's parts are put together from the settings."""

import time
from collections.abc import Callable
from datetime import timedelta

from connector import clock
from connector.civicrm.client import CiviClient
from connector.cli.context import Context
from connector.desk.deciding import Answer
from connector.inbox import Inbox
from connector.store import Store
from connector.stripe_api import StripeApi
from connector.webhooks import answers, fund as funds
from connector.webhooks.drain import Drain
from connector.webhooks.entered import Entered
from connector.webhooks.nightly import Nightly
from connector.webhooks.progress import Counting
from connector.webhooks.proving import Prover
from connector.webhooks.receipts import Receipts
from connector.webhooks.settle import Settler

# A lease outlives the request that its holder died in: CiviCRM goes on working after its client left. For a sync the
# grace is short, because a person waits; here nobody does.
LEASE_FACTOR = 12


def settler(context: Context, client: CiviClient, store: Store) -> Settler:
    """What settles payments, made from the settings. Raises UserError when one is missing."""
    settings = context.settings
    settings.need("stripe_api_key", "connector_fingerprint_key")
    return Settler(
        api=StripeApi(settings.stripe_api_key, settings.stripe_api_base),
        client=client,
        store=store,
        funds=funds.load(settings.connector_mappings),
        secret=settings.connector_fingerprint_key,
        seconds=LEASE_FACTOR * settings.civicrm_grace_seconds,
    )


def steps(context: Context, client: CiviClient, store: Store, *, nightly: bool) -> list[Callable[[], int]]:
    """The fund's part of the worker: the inbox, its alarm, and, if so, the reconciliation of the night."""
    settling = settler(context, client, store)
    drain = Drain(Inbox(store), client, settling.settle, {"po_": Prover(settling).settle})
    return [
        drain.step,
        drain.alarm,
        Entered(settling).step,
        *_afterwards(context, client, store),
        *([Nightly(settling).step] if nightly else []),
    ]


def _afterwards(context: Context, client: CiviClient, store: Store) -> list[Callable[[], int]]:
    """Receipts that CiviCRM sends, and the numbers that the fund's pages show."""
    settings = context.settings
    ours = list(funds.load(settings.connector_mappings).values())
    steps: list[Callable[[], int]] = []
    if any(fund.receipts == funds.CIVICRM for fund in ours):
        settings.need("mail_from")
    if settings.mail_from:  # also when receipts are Stripe's now: some gifts may wait for theirs from before
        steps.append(Receipts(client, store, settings.mail_from).step)
    if settings.public_url:
        steps.append(Counting(client, store, ours, settings.stripe_livemode).step)
    return steps


def waiter(context: Context, store: Store) -> Callable[[], bool]:
    """Waits for payments that another worker is at work on, or was when it died: not longer than its lease lasts.

    What was put off after trouble is looked at now.
    """
    inbox, patience = Inbox(store), timedelta(seconds=LEASE_FACTOR * context.settings.civicrm_grace_seconds + 60)
    end = clock.now() + patience
    inbox.wake()

    def wait() -> bool:
        due = inbox.at_work()
        if due is None or clock.now() > end:
            return False
        time.sleep(max(0.05, min((due - clock.now()).total_seconds(), 5.0)))
        return True

    return wait


def answerer(context: Context, client: CiviClient, store: Store) -> Answer:
    """What carries out decisions about the fund's problems."""
    settling = settler(context, client, store)
    return lambda problem, decision: answers.answer(settling, problem, decision)
