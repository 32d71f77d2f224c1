"""Receipts that CiviCRM sends: one for each gift, once it stands in the books, however often the worker dies."""

import shutil
from pathlib import Path

import pytest

from connector.settings import SHIPPED_MAPPINGS
from tests.flows.conftest import FundFlow
from tests.flows.fund import AMINA, together
from tests.flows.test_fund_killed import Killer, killer as killer


@pytest.fixture(autouse=True)
def _civicrm_sends(fund: FundFlow, tmp_path: Path) -> None:
    """A network that wants CiviCRM's receipts, not Stripe's."""
    folder = tmp_path / "mappings"
    shutil.copytree(SHIPPED_MAPPINGS, folder)
    stripe = folder / "stripe.toml"
    text = stripe.read_text(encoding="utf-8")
    assert 'receipts = "stripe"' in text
    stripe.write_text(text.replace('receipts = "stripe"', 'receipts = "civicrm"'), encoding="utf-8")
    fund.connector.env.update(CONNECTOR_MAPPINGS=str(folder), MAIL_FROM="giving@example.org")


def asked(fund: FundFlow) -> int:
    """How often CiviCRM was asked to send a receipt."""
    return fund.site.asked_for("Contribution", "sendconfirmation")


def dates(fund: FundFlow) -> list[object]:
    rows = fund.books.call("Contribution", "get", select=["receipt_date"], where=[["is_test", "=", True]])
    return [row["receipt_date"] for row in rows]


def test_each_gift_has_one_however_often_the_worker_looks(fund: FundFlow) -> None:
    for number in range(3):
        fund.told("give", name=f"Giver {number}", email=f"giver{number}@example.org")
    fund.delivers(times=2)
    for _ in range(3):
        fund.works()
    assert all(dates(fund))
    assert asked(fund) == 3


def test_none_before_the_money_is_there(fund: FundFlow) -> None:
    fund.told("give", **AMINA, method="sepa_debit")
    fund.works()
    assert asked(fund) == 0
    fund.told("debit_succeeds")
    fund.works()
    assert asked(fund) == 1


def test_a_gift_keeps_the_sender_that_it_was_made_under(fund: FundFlow) -> None:
    shipped = str(SHIPPED_MAPPINGS)
    fund.told("give", **AMINA)
    fund.works(CONNECTOR_MAPPINGS=shipped)
    fund.works()  # CiviCRM is the sender now: not of this one, whose receipt came from Stripe
    assert asked(fund) == 0


def test_who_wants_no_mail_gets_none(fund: FundFlow) -> None:
    values = {"first_name": "Amina", "last_name": "Example", "email_primary.email": AMINA["email"]}
    fund.site.api("Individual", "create", values=values | {"do_not_email": True})
    fund.told("give", **AMINA)
    fund.works()
    assert asked(fund) == 0


def test_two_workers_send_one(fund: FundFlow) -> None:
    fund.told("give", **AMINA)
    together(fund.connector, [("work", "--drain")] * 3)
    fund.works()
    assert asked(fund) == 1


def test_killed_at_every_request_it_is_sent_once(killer: Killer, monkeypatch: pytest.MonkeyPatch) -> None:
    fund, since = killer.fund, [0]
    state, put_back = killer._state, killer._put_back

    def begin_again() -> None:
        put_back()
        since[0] = asked(fund)

    monkeypatch.setattr(killer, "_state", lambda: [*state(), f"{asked(fund) - since[0]} receipts"])
    monkeypatch.setattr(killer, "_put_back", begin_again)
    fund.told("give", **AMINA)
    since[0] = asked(fund)
    killer.check_every_request()
    assert asked(fund) - since[0] == 1
