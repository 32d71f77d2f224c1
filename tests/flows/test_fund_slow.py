"""Stripe or CiviCRM answer slower than a lease lasts: nobody else gets in, and nothing is written twice."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest

from connector import clock
from connector.civicrm.client import CiviClient
from connector.store import leases, opened
from connector.stripe_api import StripeApi
from connector.webhooks.gather import LATER, Outcome
from connector.webhooks.settle import Settler
from tests.flows.proxy import Proxy, proxied
from tests.fund.books import Books
from tests.fund.connector import Fund
from tests.stripe_sandbox import StripeSandbox

LEASE = 1.0
OURS = {"fund_campaign": "protector-pilot"}


@dataclass
class Slow:
    """Two workers, each with a database connection of its own; requests of the first hang until the test says so."""

    first: Settler
    second: Settler
    proxies: dict[str, Proxy]
    hangs: threading.Event = field(default_factory=threading.Event)
    goes_on: threading.Event = field(default_factory=threading.Event)

    def hang(self, where: str, when: Callable[[str], bool]) -> None:
        """The first such request hangs."""

        def sees(_number: int, text: str, _writes: bool) -> None:
            if not self.hangs.is_set() and when(text):
                self.hangs.set()
                assert self.goes_on.wait(30)

        self.proxies[where].sees = sees

    @contextmanager
    def settling(self, root: str) -> Iterator[Future[Outcome]]:
        """While the first worker hangs, for longer than its leases last; then it goes on."""
        with ThreadPoolExecutor(1) as pool:
            outcome = pool.submit(lambda: self.first.settle([root])[root])
            try:
                assert self.hangs.wait(30)
                threading.Event().wait(2 * LEASE)
                yield outcome
            finally:
                self.goes_on.set()


@pytest.fixture
def slow(worker: Fund, stripe: StripeSandbox) -> Iterator[Slow]:
    url, key = worker.settings.civicrm_url, worker.settings.civicrm_api_key
    with proxied(url) as civicrm, proxied(stripe.url) as behind, opened(worker.settings.database_url) as other:
        client = CiviClient(url=civicrm.url, api_key=key)
        first = replace(
            worker.settler, api=StripeApi(stripe.api_key, behind.url), client=client, store=other, seconds=LEASE
        )
        yield Slow(first, replace(worker.settler, seconds=LEASE), {"civicrm": civicrm, "stripe": behind})
        client.close()


@pytest.fixture
def payment(worker: Fund, stripe: StripeSandbox) -> str:
    made = stripe.do("give", amount=5000, name="Amina Example", email="amina@example.org", metadata=OURS)
    return made["payment_intent"][0]


@pytest.mark.parametrize(
    ("where", "when"),
    [
        ("stripe", "/v1/payment_intents/"),
        ("stripe", "/v1/checkout/sessions"),
        ("civicrm", '"ContributionRecur","get"'),
        ("civicrm", '"Contribution","create"'),
    ],
)
def test_nobody_gets_in_while_a_request_hangs(slow: Slow, payment: str, books: Books, where: str, when: str) -> None:
    slow.hang(where, lambda text: when in text)
    with slow.settling(payment) as outcome:
        other = slow.second.settle([payment])[payment]
        assert (other.state, other.why) == (LATER, "another worker is at work on it")
        assert other.until
        assert other.until > clock.now()
    assert outcome.result().state == "done"
    assert slow.second.settle([payment])[payment].state == "done"
    (row,) = books.contributions().values()
    assert str(row["net_amount"]) == "49"


def test_who_slept_for_longer_than_its_leases_writes_nothing_after_another(
    slow: Slow, payment: str, books: Books
) -> None:
    """A machine that was suspended prolongs nothing; it finds out before its next write."""
    slow.hang("civicrm", lambda text: "/Individual/save" in text)
    stolen = leases.update().where(leases.c.name == f"stripe {payment}").values(holder="another")
    with slow.settling(payment) as outcome:
        slow.second.store.write(stolen)
    told = outcome.result()
    assert (told.state, "another one took over" in told.why) == (LATER, True)
    assert books.contributions() == {}
