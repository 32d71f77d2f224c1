"""How the fund's parts are put together from the settings."""

from connector.civicrm.client import CiviClient
from connector.cli.context import Context
from connector.inbox import Inbox
from connector.store import Store
from connector.stripe_api import StripeApi
from connector.webhooks import fund as funds
from connector.webhooks.drain import Drain
from connector.webhooks.proving import Prover
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


def drain(context: Context, client: CiviClient, store: Store) -> Drain:
    """The fund's part of the worker."""
    settling = settler(context, client, store)
    return Drain(Inbox(store), client, settling.settle, {"po_": Prover(settling).settle})
