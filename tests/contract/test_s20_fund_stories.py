"""Whole stories of payments, settled into the site under test by the connector itself, to the cent.

A sandbox gets set up for it alone; on a real site `solidarity setup apply` leaves its set-up behind.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connector.webhooks.entered import Entered
from connector.webhooks.reconcile import Reconciliation
from tests.fund import stories
from tests.fund.books import Books, of_row
from tests.fund.connector import Fund, connected
from tests.stripe_sandbox import StripeSandbox

from .wire import Site

ROOT = Path(__file__).parents[2]
BANK = {
    "a-onetime-card": "49",
    "b1-debit-succeeds": "119.65",
    "b2-debit-fails": "0",
    "c-monthly": "77.80",
    "d1-refund-full": "-1",
    "d2-refund-partial": "48.25",
    "e1-dispute-lost": "-21.45",
}


# What seldom happens, the books of each contribution after it, and what stands on the account then.
HARD = [
    (
        "an appeal that is under way",
        ["give amount=8000", "dispute", "dispute_lost", "dispute_appealed"],
        ["Chargeback 80.00 21.45 -21.45"],
        "-21.45",
    ),
    (
        "an appeal that is won",
        ["give amount=8000", "dispute", "dispute_lost", "dispute_appealed", "dispute_won_after_all"],
        ["Chargeback 80.00 21.45 -21.45", "Completed 80.00 0.00 80.00"],
        "58.55",
    ),
    (
        "refunded after an appeal that was won",
        ["give amount=8000", "dispute", "dispute_lost", "dispute_won_after_all", "refund amount=3000"],
        ["Chargeback 80.00 21.45 -21.45", "Completed 50.00 0.00 50.00"],
        "28.55",
    ),
    (
        "all refunded after an appeal that was won",
        ["give amount=8000", "dispute", "dispute_lost", "dispute_won_after_all", "refund"],
        ["Chargeback 80.00 21.45 -21.45", "Refunded 80.00 0.00 0.00"],
        "-21.45",
    ),
    (
        "two disputes, the second won by appeal",
        [
            "give amount=8000",
            "dispute amount=3000",
            "dispute_lost",
            "dispute amount=5000",
            "dispute_lost",
            "dispute_won_after_all",
        ],
        ["Chargeback 80.00 41.45 -41.45", "Completed 50.00 0.00 50.00"],
        "8.55",
    ),
    (
        "a debit that bounced and is tried again",
        ["give amount=7500 method=sepa_debit", "debit_succeeds", "debit_bounces", "debit_again"],
        ["Refunded 75.00 0.35 -0.35"],
        "-0.35",
    ),
    (
        "a debit that bounced and came after all",
        ["give amount=7500 method=sepa_debit", "debit_succeeds", "debit_bounces", "debit_again", "debit_succeeds"],
        ["Completed 75.00 0.70 74.30"],
        "74.30",
    ),
    (
        "a debit that bounced and was given up",
        ["give amount=7500 method=sepa_debit", "debit_succeeds", "debit_bounces", "cancel_payment"],
        ["Refunded 75.00 0.35 -0.35"],
        "-0.35",
    ),
]


@contextmanager
def stand_ins() -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "sandbox", "serve"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def sides(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Books, str, StripeSandbox]]:
    """A CiviCRM that is set up, the key of the small role, and a Stripe."""
    with stand_ins() as there:
        own = there["civicrm"]
        url, setup, runtime = own["url"], own["setup_key"], own["api_key"]
        if not site.is_sandbox:
            url, setup, runtime = site.url, site.setup_key, site.runtime_key
        env = {**os.environ, "CIVICRM_URL": url, "CIVICRM_API_KEY": runtime, "CIVICRM_SETUP_KEY": setup}
        env |= {"CONNECTOR_FINGERPRINT_KEY": "k" * 40}
        env |= {"DATABASE_URL": f"sqlite:///{tmp_path_factory.mktemp('setup')}/setup.sqlite3"}
        command = [str(Path(sys.executable).with_name("solidarity")), "setup", "apply"]
        subprocess.run(command, env=env, check=True, capture_output=True, timeout=300)
        yield Books(url, setup), runtime, StripeSandbox(**there["stripe"])


@pytest.fixture
def books(sides: tuple[Books, str, StripeSandbox]) -> Iterator[Books]:
    """As if nobody had given yet."""
    sides[0].clean()
    yield sides[0]
    sides[0].clean()


@pytest.fixture
def fund(sides: tuple[Books, str, StripeSandbox], books: Books, tmp_path: Path) -> Iterator[Fund]:
    _, key, stripe = sides
    stripe.reset()
    with connected(books.url, key, stripe, tmp_path) as found:
        yield found


@pytest.mark.parametrize("backwards", [False, True], ids=["as sent", "backwards"])
@pytest.mark.parametrize("story", BANK)
def test_a_story_ends_to_the_cent_in_its_rows_and_on_the_account(
    sides, books, fund, story: str, backwards: bool
) -> None:
    stripe = sides[2]
    names = stripe.story(story)
    before = books.bank()
    for name in names[::-1] if backwards else names:
        stripe.deliver(events=[name])
        fund.drain()
    stories.check(story, books)
    assert books.bank() - before == stories.cents(BANK[story])
    written = len(fund.writes)
    fund.again()
    assert len(fund.writes) == written


@pytest.mark.parametrize(("name", "steps", "after", "bank"), HARD, ids=[one[0] for one in HARD])
def test_a_hard_case_ends_to_the_cent(sides, books, fund, name: str, steps, after: list[str], bank: str) -> None:
    """Each step is settled by itself, then all of them once more."""
    stripe, before = sides[2], books.bank()
    for step in steps:
        stripe.do(step.partition(" ")[0], **dict(one.split("=") for one in step.split(" ")[1:]))
        stripe.deliver()
        fund.drain()
    rows = [of_row(row) for row in books.contributions().values()]
    assert rows == after
    assert books.bank() - before == stories.cents(bank)
    written = len(fund.writes)
    fund.again()
    assert len(fund.writes) == written


def test_a_pledge_is_kept_by_gifts_and_opens_again(sides, books, fund) -> None:
    """By a payment that names it, and by a contribution that staff enter; then both are given back."""
    stripe = sides[2]
    person = {"first_name": "Amina", "last_name": "Example", "source": "Stripe", "contact_type": "Individual"}
    (contact,) = [row["id"] for row in books.call("Contact", "create", values=person)]
    ours = {"financial_type_id:name": "Protector Pilot Fund", "currency": "EUR", "is_test": True, "contact_id": contact}
    terms = {"amount": 100, "original_installment_amount": 50, "installments": 2, "frequency_unit": "month"}
    terms |= {"create_date": "2020-01-01", "start_date": "2020-01-01", "frequency_interval": 1}
    (made,) = books.call("Pledge", "create", values={**ours, **terms, "status_id:name": "Pending"})
    named = {"fund_campaign": "protector-pilot", "contact_id": str(contact), "pledge_id": str(made["id"])}

    def instalments() -> list[str]:
        order = {"scheduled_date": "ASC", "status_id": "ASC"}
        asked = {"select": ["*", "status_id:name", "pledge_id.status_id:name"], "orderBy": order}
        rows = books.call("PledgePayment", "get", where=[["pledge_id", "=", made["id"]]], **asked)
        shown = [f"{row['scheduled_amount']:g} {row['status_id:name']}" for row in rows]
        return [rows[0]["pledge_id.status_id:name"], *shown]

    stripe.do("give", name="Amina Example", amount=7000, metadata=named)
    stripe.deliver()
    fund.drain()
    assert instalments() == ["Overdue", "50 Completed", "20 Completed", "30 Overdue"]
    (given,) = books.call("Contribution", "create", values={**ours, "total_amount": 30})
    entered = Entered(fund.settler)
    while entered.step():
        pass
    assert instalments() == ["Completed", "50 Completed", "20 Completed", "30 Completed"]
    stripe.do("refund", amount=3000)
    stripe.deliver()
    fund.drain()
    books.call("Contribution", "update", where=[["id", "=", given["id"]]], values={"total_amount": 10})
    while entered.step():
        pass
    assert instalments() == ["Overdue", "40 Completed", "10 Overdue", "10 Completed", "20 Overdue", "20 Overdue"]
    written = len(fund.writes)
    fund.again()
    Reconciliation(fund.settler, datetime(2020, 1, 1, tzinfo=UTC)).apply()
    assert len(fund.writes) == written


def test_the_payout_of_all_of_them_is_proven(sides, books, fund) -> None:
    stripe = sides[2]
    for story in BANK:
        stripe.deliver(events=stripe.story(story))
    stripe.deliver(events=stripe.story("f-payout"))
    fund.drain()
    tagged = set(stories.told("f-payout")["expected"]["contributions_tagged_with_payout"])
    rows = {row["trxn_id"]: row for row in books.contributions().values()}
    for trxn in tagged:
        assert rows[trxn]["Solidarity_Stripe.Payout_Verdict"] == "po_QFwaHvnzQSnC3qRLp9bDfpx4 proven", trxn
        assert rows[trxn]["Solidarity_Stripe.Payouts"].startswith("po_QFwaHvnzQSnC3qRLp9bDfpx4: txn_")
    assert {trxn for trxn, row in rows.items() if row["Solidarity_Stripe.Payout_Verdict"]} == tagged
