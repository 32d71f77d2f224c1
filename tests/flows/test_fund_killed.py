"""The fund's worker killed with -9 before and after every request that goes out, then run again: the same end."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flows.conftest import FundFlow
from tests.flows.fund import AMINA
from tests.flows.proxy import Proxy, proxied

WORK = ("work", "--drain")
CHAPTER = {"fund_campaign": "protector-pilot", "fund_source": "website", "chapter": "COR06"}


class Killer:
    """Runs the worker again and again, each time killed at another request, and compares what stands in the end."""

    def __init__(self, fund: FundFlow, civicrm: Proxy, stripe: Proxy) -> None:
        self.fund, self.proxies = fund, (civicrm, stripe)
        fund.connector.env.update(CIVICRM_URL=civicrm.url, STRIPE_API_BASE=stripe.url)

    def check_every_request(self) -> None:
        """From where things are now. After a request that only reads, nothing is otherwise than before the next one.

        Stripe is only read, all of it before anything is written: the first and the last request stand for the others.
        """
        self._keep()
        self._arm()
        self.fund.works()
        wanted = self._state()
        assert wanted != self.before
        counted = [(proxy, proxy.count, sorted(proxy.writes)) for proxy in self.proxies]
        assert all(requests for _, requests, _ in counted)
        for proxy, requests, writes in counted:
            every = range(1, requests + 1)
            for when, numbers in (("before", every if writes else {every[0], every[-1]}), ("after", writes)):
                for number in numbers:
                    self._put_back()
                    self._kill_at(proxy, number, when)
                    self._works_later()
                    assert self._state() == wanted, f"killed {when} request {number} of {requests} to {proxy.target}"
        assert self._changes_nothing(wanted)

    def _changes_nothing(self, wanted: list[str]) -> bool:
        """Everything looked at once more is as it was."""
        self.fund.connector.run("inbox", "replay", *map(str, range(1, len(self.fund.rows()) + 1)))
        self.fund.works()
        return self._state() == wanted

    def _works_later(self) -> None:
        """When the claims of the dead worker and its leases have run out."""
        with pytest.MonkeyPatch.context() as patch:
            FundFlow(self.fund.site, self.fund.connector, self.fund.folder, patch).later(minutes=15)
            self.fund.works()

    def _state(self) -> list[str]:
        return [*self.fund.books.state(), *map(str, self.fund.rows())]

    def _keep(self) -> None:
        self.before = self._state()
        self.fund.site.keep("beginning")
        self._kept = {path: path.read_bytes() for path in self._files()}

    def _put_back(self) -> None:
        self.fund.site.put_back("beginning")
        for path in self._files():
            path.unlink()
        for path, content in self._kept.items():
            path.write_bytes(content)

    def _files(self) -> list[Path]:
        return list(self.fund.folder.glob("solidarity.sqlite3*"))

    def _arm(self, victim: Proxy | None = None, number: int | None = None, when: str = "") -> None:
        for proxy in self.proxies:
            proxy.arm(number if proxy is victim else None, when)

    def _kill_at(self, proxy: Proxy, number: int, when: str) -> None:
        self._arm(proxy, number, when)
        with tempfile.TemporaryFile() as output:
            victim = self.fund.connector.start(WORK, output, {})
            proxy.watch(victim)
            _, status = os.waitpid(victim, 0)
        assert os.WIFSIGNALED(status), f"was not killed {when} request {number} to {proxy.target}"
        self._arm()


@pytest.fixture
def killer(fund: FundFlow) -> Iterator[Killer]:
    with proxied(fund.site.url) as civicrm, proxied(fund.stripe.url) as stripe:
        yield Killer(fund, civicrm, stripe)


def test_a_first_gift_of_somebody_new_with_a_chapter(killer: Killer) -> None:
    killer.fund.told("give", **AMINA, metadata=CHAPTER, note="For the children")
    killer.check_every_request()


def test_a_giver_without_an_address(killer: Killer) -> None:
    killer.fund.told("give", name="Amina Example")
    killer.check_every_request()


def test_the_first_month_of_a_monthly_gift(killer: Killer) -> None:
    killer.fund.told("subscribe", **AMINA)
    killer.check_every_request()


@pytest.mark.parametrize(
    "steps",
    [
        [("refund", {})],
        [("dispute", {}), ("dispute_lost", {})],
    ],
    ids=["a full refund", "a lost dispute"],
)
def test_a_known_gift_that_is_taken_back(killer: Killer, steps: list[tuple[str, dict[str, Any]]]) -> None:
    killer.fund.told("give", **AMINA, metadata=CHAPTER)
    killer.fund.works()
    for what, step in steps:
        killer.fund.told(what, **step)
    killer.check_every_request()


def test_a_bank_debit_that_failed_and_then_succeeds(killer: Killer) -> None:
    killer.fund.told("give", **AMINA, method="sepa_debit")
    killer.fund.told("debit_fails")
    killer.fund.works()
    for step in ("debit_again", "debit_succeeds"):
        killer.fund.told(step)
    killer.check_every_request()


def test_a_lost_dispute_that_an_appeal_wins(killer: Killer) -> None:
    killer.fund.told("give", **AMINA, metadata=CHAPTER)
    for step in ("dispute", "dispute_lost"):
        killer.fund.told(step)
    killer.fund.works()
    killer.fund.told("dispute_won_after_all")
    killer.check_every_request()
