"""The connector's half of the fund inside the test's own process: its door behind a real server, its worker by hand."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from werkzeug.serving import make_server

from connector import create_app
from connector.civicrm.client import CiviClient
from connector.inbox import Inbox
from connector.settings import Settings
from connector.store import Store
from connector.stripe_api import StripeApi
from connector.webhooks import fund
from connector.webhooks.drain import Drain
from connector.webhooks.proving import Prover
from connector.webhooks.reconcile import Reconciliation
from connector.webhooks.settle import Settler
from tests.stripe_sandbox import StripeSandbox


@dataclass
class Fund:
    """One connector between one Stripe and one CiviCRM."""

    settings: Settings
    store: Store
    client: CiviClient
    settler: Settler
    writes: list[str] = field(default_factory=list)

    @property
    def inbox(self) -> Inbox:
        return Inbox(self.store)

    def drain(self) -> None:
        """Do all that waits."""
        drain = Drain(self.inbox, self.client, self.settler.settle, {"po_": Prover(self.settler).settle})
        while drain.step():
            pass

    def again(self) -> None:
        """Let all that was settled wait again, as after a replay by hand, and settle it."""
        self.inbox.replay(row.id for row in self.inbox.rows(states=["done", "waiting"], limit=1000))
        self.drain()

    def reconcile(self) -> None:
        """Settle everything of the account, told or not."""
        self.drain()
        Reconciliation(self.settler, datetime(2020, 1, 1, tzinfo=UTC)).apply()

    def states(self) -> dict[str, int]:
        return self.inbox.counts()


@contextmanager
def connected(civicrm: str, key: str, stripe: StripeSandbox, folder: Path) -> Iterator[Fund]:
    """A connector whose door is served, and told to Stripe."""
    settings = Settings(
        civicrm_url=civicrm,
        civicrm_api_key=key,
        database_url=f"sqlite:///{folder}/fund.sqlite3",
        stripe_api_key=stripe.api_key,
        stripe_webhook_secrets=stripe.webhook_secret,
        stripe_api_base=stripe.url,
        connector_fingerprint_key="k" * 40,
    )
    store = Store(settings.database_url)
    client = CiviClient(url=civicrm, api_key=key)
    settler = Settler(
        api=StripeApi(stripe.api_key, stripe.url),
        client=client,
        store=store,
        funds=fund.load(settings.connector_mappings),
        secret="k" * 40,
        seconds=30,
    )
    found = Fund(settings, store, client, settler)
    _count_writes(found)
    server = make_server("127.0.0.1", 0, create_app(settings), threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    stripe.post("webhook", url=f"http://127.0.0.1:{server.server_port}/webhooks/stripe")
    try:
        yield found
    finally:
        server.shutdown()
        client.close()
        store.close()


def _count_writes(found: Fund) -> None:
    """Note each request that may write, as the client itself judges it."""
    send = found.client._send

    def noted(path, form, asked, judge):
        if asked.writes:
            found.writes.append(asked.name)
        return send(path, form, asked, judge)

    found.client._send = noted  # type: ignore[method-assign]
