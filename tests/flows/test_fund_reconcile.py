"""`solidarity reconcile`: what no webhook told, edits on either side, and payouts to the cent, on the command line."""

from pathlib import Path

import pytest

from tests.fund import stories
from tests.fund.books import Books, amount
from tests.stripe_sandbox import StripeSandbox

from .conftest import Connector, Site

PAYOUT = "po_QFwaHvnzQSnC3qRLp9bDfpx4"
SINCE = ("--since", "2026-06-01")


@pytest.fixture
def connector(connector: Connector, bare: Site, stripe: StripeSandbox) -> Connector:
    """With Stripe's settings besides, and everything of the payout's stories happened, but nobody told."""
    own = {"STRIPE_API_KEY": stripe.api_key, "STRIPE_API_BASE": stripe.url}
    connector.env |= {**own, "STRIPE_WEBHOOK_SECRETS": stripe.webhook_secret}
    return connector


@pytest.fixture
def settled(connector: Connector, stripe: StripeSandbox, books: Books) -> Books:
    """All stories that the payout is made of, entered by a reconciliation."""
    stripe.story(*stories.GIFTS, "f-payout")
    stripe.post("clock", end=True)
    connector.run("reconcile", *SINCE, "--apply")
    return books


def verdicts(books: Books) -> dict[str, str]:
    return {name: row["Solidarity_Stripe.Payout_Verdict"] for name, row in books.contributions().items()}


def test_without_apply_it_shows_what_is_missing_and_writes_nothing(connector, stripe, books) -> None:
    stripe.story("a-onetime-card")
    stripe.post("clock", end=True)
    found = connector.json("reconcile", *SINCE, code=3)
    assert [(one["action"], one["entity"]) for one in found["changes"]] == [("create", "Contribution")]
    assert books.contributions() == {}


def test_what_no_webhook_told_is_entered_and_the_payout_proven(connector, settled) -> None:
    found = connector.json("reconcile", *SINCE)
    (payout,) = found["payouts"]
    assert (payout["payout"], payout["amount"], payout["proven"]) == (PAYOUT, "271.25", True)
    assert [(line["type"], line["net"]) for line in payout["without_a_gift"]] == [("stripe_fee", "-2.00")]
    expected = stories.told("f-payout")["expected"]["by_transaction"]
    assert {line["id"]: line["net"] for line in payout["transactions"]} == {one["txn"]: one["net"] for one in expected}
    assert found["changes"] == []


def test_the_nets_of_its_contributions_are_the_payout(settled) -> None:
    rows = [row for row in settled.contributions().values() if row["Solidarity_Stripe.Payouts"]]
    tagged = stories.told("f-payout")["expected"]["contributions_tagged_with_payout"]
    assert {row["trxn_id"] for row in rows} == set(tagged)
    assert sum(stories.cents(amount(row["net_amount"])) for row in rows) == stories.cents("273.25")


@pytest.mark.parametrize(
    "tampered", [{"total_amount": "45.00"}, {"fee_amount": "0.99"}, {"net_amount": "48.99"}], ids=str
)
def test_one_tampered_contribution_is_named_alone_and_repaired(connector, settled, tampered) -> None:
    stories.check("a-onetime-card", _only(settled, "pi_nNc06jaWkVxAn6gTBjdSRQrh"))
    gift = settled.contributions()["pi_nNc06jaWkVxAn6gTBjdSRQrh"]
    settled.call("Contribution", "update", where=[["id", "=", gift["id"]]], values=tampered)
    found = connector.json("reconcile", *SINCE, code=5)
    (difference,) = found["payouts"][0]["differences"]
    assert (difference["contribution"], difference["stripe"]) == (gift["id"], "49.00")
    assert {change["id"] for change in found["changes"]} == {gift["id"]}
    told = connector.run("reconcile", *SINCE, code=5)
    assert f"solidarity reconcile --apply --take {gift['id']}" in told
    connector.run("reconcile", *SINCE, "--apply", "--take", gift["id"])
    assert connector.json("reconcile", *SINCE)["payouts"][0]["proven"]
    repaired = settled.contributions()[gift["invoice_id"]]
    assert [amount(repaired[name]) for name in ("total_amount", "fee_amount", "net_amount")] == [
        "50.00",
        "1.00",
        "49.00",
    ]
    assert settled.bank() == sum(map(stories.cents, ("49", "119.65", "77.80", "-1", "48.25", "-21.45")))


def _only(books: Books, invoice: str) -> Books:
    """As if this were the only gift."""
    rows = {invoice: books.contributions()[invoice]}

    class One(Books):
        def contributions(self):
            return rows

        def recurs(self):
            return {}

    return One(books.url, books.key)


def test_an_edit_is_not_overwritten_by_an_apply_without_take(connector, settled) -> None:
    gift = settled.contributions()["pi_nNc06jaWkVxAn6gTBjdSRQrh"]
    settled.call("Contribution", "update", where=[["id", "=", gift["id"]]], values={"total_amount": "45.00"})
    connector.run("reconcile", *SINCE, "--apply", code=5)
    assert amount(settled.contributions()[gift["invoice_id"]]["total_amount"]) == "45.00"
    assert f"stripe:{gift['invoice_id']}:edited" in settled.problems()


def test_a_contribution_that_stripe_does_not_know_is_named(connector, settled) -> None:
    gift = settled.contributions()["pi_nNc06jaWkVxAn6gTBjdSRQrh"]
    values = {"invoice_id": "pi_never", "trxn_id": "ch_never"}
    settled.call("Contribution", "update", where=[["id", "=", gift["id"]]], values=values)
    found = connector.json("reconcile", *SINCE, code=5)
    refused = [change for change in found["changes"] if change["action"] == "refuse"]
    assert [change["key"] for change in refused] == ["pi_never"]
    assert "Stripe has no such payment_intent" in refused[0]["reason"]


def test_take_needs_a_contribution_of_ours(connector, settled) -> None:
    told = connector.run("reconcile", *SINCE, "--apply", "--take", "999999", code=1)
    assert "Contribution 999999 is none that the connector made." in told
    assert "--take goes with --apply" in connector.run("reconcile", "--take", "1", code=2)


def test_a_payout_that_failed_later_is_told(connector, stripe, books, tmp_path: Path) -> None:
    metadata = {"fund_campaign": "protector-pilot"}
    stripe.do("give", amount=5000, name="Amina Example", email="amina@example.org", metadata=metadata)
    stripe.do("wait", days=10)
    stripe.do("payout")
    stripe.do("payout_paid")
    connector.run("reconcile", *SINCE, "--apply")
    (row,) = books.contributions().values()
    assert row["Solidarity_Stripe.Payout_Verdict"].endswith(" proven")
    stripe.do("payout_fails")
    connector.run("reconcile", *SINCE, "--apply")
    (row,) = books.contributions().values()
    assert row["Solidarity_Stripe.Payout_Verdict"].endswith(" failed")
    assert any(name.endswith(":unproven") for name in books.problems())
