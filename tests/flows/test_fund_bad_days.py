"""Bad days of the fund: Stripe or CiviCRM away, keys and clocks wrong. Everything waits, says why, and comes right."""

import re
import sqlite3
import time
from contextlib import closing
from typing import Any

import pytest

from connector import clock, store
from tests.flows.conftest import FundFlow
from tests.flows.fund import AMINA
from tests.flows.staff import Staff

DOWN = {"CIVICRM_URL": "http://127.0.0.1:9"}


@pytest.fixture
def expected(fund: FundFlow) -> list[str]:
    """What one gift is in the end, on a good day; then everything is as before it."""
    fund.site.keep("before")
    fund.told("give", **AMINA)
    fund.works()
    found = fund.books.state()
    fund.site.put_back("before")
    fund.begin_again()
    return found


@pytest.mark.parametrize("kind", ["down", "slow", "500", "html"])
def test_a_short_trouble_of_stripe_is_sat_out(fund: FundFlow, expected: list[str], kind: str) -> None:
    fund.told("give", **AMINA)
    fund.stripe.faults({"kind": kind, "times": 1, "seconds": 0.1})
    fund.works()
    assert fund.books.state() == expected


@pytest.mark.parametrize("kind", ["down", "429", "500", "html"])
def test_a_long_trouble_of_stripe_makes_rows_wait_and_say_why(fund: FundFlow, expected: list[str], kind: str) -> None:
    fund.told("give", **AMINA)
    fund.stripe.faults({"kind": kind, "times": 500})
    fund.works()
    waiting = [row for row in fund.inbox()["rows"] if row["state"] == "waiting"]
    assert waiting
    assert {row["why"].partition(" for a ")[0] for row in waiting} == {"Stripe did not answer"}
    fund.forgive()
    fund.later(minutes=5)
    fund.works()
    assert fund.books.state() == expected


def test_civicrm_away_for_three_days(fund: FundFlow, expected: list[str]) -> None:
    fund.told("give", **AMINA)
    for _ in range(3):
        fund.works(**DOWN)
        fund.later(days=1)
    assert "parked" not in fund.counts()
    assert any("cannot be reached" in row["why"] for row in fund.inbox("--state", "waiting")["rows"])
    fund.works()
    assert set(fund.counts()) == {"done", "ignored"} or set(fund.counts()) == {"done"}
    assert fund.books.state() == expected


def test_a_row_that_waits_for_an_hour_is_told_and_no_more_when_it_is_settled(fund: FundFlow) -> None:
    fund.told("give", **AMINA)
    fund.works(STRIPE_API_KEY="sk_test_wrong")
    assert fund.books.problems() == []
    fund.later(minutes=61)
    fund.works(STRIPE_API_KEY="sk_test_wrong")
    fund.works(STRIPE_API_KEY="sk_test_wrong")
    assert fund.books.problems() == ["stripe:inbox:late"]
    fund.later(hours=2)
    fund.works()
    assert fund.books.problems() == []


def test_an_alarm_that_was_dismissed_is_told_again_the_next_time(fund: FundFlow) -> None:
    staff = Staff(fund.site, fund.connector)
    fund.told("give", **AMINA)
    fund.later(minutes=61)
    fund.works(STRIPE_API_KEY="sk_test_wrong")
    staff.answer(fund.problem("late"), "dismiss")
    for _ in range(2):
        fund.works(STRIPE_API_KEY="sk_test_wrong")
        assert fund.books.problems() == []
    fund.later(hours=2)
    fund.works()
    fund.told("give", **AMINA)
    fund.works(STRIPE_API_KEY="sk_test_wrong")
    fund.later(hours=4)
    fund.works(STRIPE_API_KEY="sk_test_wrong")
    assert fund.books.problems() == ["stripe:inbox:late"]


def test_a_row_that_a_clock_ahead_received_is_told_within_an_hour_of_the_right_time(fund: FundFlow) -> None:
    right = clock.now
    fund.later(hours=5)
    with fund.door():
        fund.told("give", **AMINA)
    fund.works(STRIPE_API_KEY="sk_test_wrong")  # puts it off, by the same clock
    fund.monkeypatch.setattr("connector.clock.now", right)
    fund.works(STRIPE_API_KEY="sk_test_wrong")
    fund.later(minutes=61)
    fund.works(STRIPE_API_KEY="sk_test_wrong")
    assert fund.books.problems() == ["stripe:inbox:late"]
    fund.later(hours=1)
    fund.works()
    assert fund.only()["contribution_status_id:name"] == "Completed"
    assert fund.books.problems() == []


def test_a_wrong_key_of_stripe(fund: FundFlow) -> None:
    fund.told("give", **AMINA)
    fund.works(STRIPE_API_KEY="sk_test_wrong")
    assert {row["state"] for row in fund.inbox()["rows"]} <= {"waiting", "ignored"}
    assert any("does not let us read" in row["why"] for row in fund.inbox()["rows"])
    assert "STRIPE_API_KEY" in fund.connector.run("doctor", code=5, STRIPE_API_KEY="sk_test_wrong")
    fund.later(minutes=5)
    fund.works()
    assert fund.only()["contribution_status_id:name"] == "Completed"


def test_a_permission_that_was_taken_away(fund: FundFlow, expected: list[str]) -> None:
    (role,) = fund.site.api("Role", "get", where=[["permissions", "CONTAINS", "add contacts"], ["name", "!=", "admin"]])
    kept = [name for name in role["permissions"] if name != "edit contributions"]
    fund.site.api("Role", "update", where=[["id", "=", role["id"]]], values={"permissions": kept})
    fund.told("give", **AMINA)
    fund.works()
    assert fund.counts()["waiting"]
    assert any("Authorization failed" in row["why"] for row in fund.inbox()["rows"])
    assert "missing: edit contributions" in fund.connector.run("doctor", code=5, CIVICRM_SETUP_KEY="")
    fund.site.api("Role", "update", where=[["id", "=", role["id"]]], values={"permissions": role["permissions"]})
    fund.later(minutes=5)
    fund.works()
    assert fund.books.state() == expected


def test_a_database_that_is_locked_answers_503_and_stripe_sends_again(fund: FundFlow) -> None:
    fund.stripe.do("give", **AMINA)
    with closing(sqlite3.connect(fund.folder / "solidarity.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert {one["status"] for one in fund.stripe.deliver(next=1)} == {503}
        other.execute("ROLLBACK")
    assert "could not be kept" in fund.log()
    fund.delivers()
    fund.works()
    assert fund.only()["contribution_status_id:name"] == "Completed"


def test_a_worker_whose_database_is_locked_says_so_and_goes_on_later(fund: FundFlow) -> None:
    prepare = store._prepare_sqlite

    def impatient(connection: Any, record: Any) -> None:
        prepare(connection, record)
        connection.execute("PRAGMA busy_timeout=10")

    fund.monkeypatch.setattr(store, "_prepare_sqlite", impatient)
    fund.told("give", **AMINA)
    with closing(sqlite3.connect(fund.folder / "solidarity.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for words in (("work", "--drain"), ("reconcile", "--since", "2020-01-01", "--apply")):
            assert "The connector's database does not answer" in fund.connector.run(*words, code=1)
        other.execute("ROLLBACK")
    fund.works()
    assert fund.only()["contribution_status_id:name"] == "Completed"


def test_a_clock_that_goes_wrong(fund: FundFlow) -> None:
    """An hour fast: no webhook is taken, as doctor says, and the reconciliation enters what was given all the same."""
    right = clock.now
    fund.later(hours=1)
    told = fund.connector.run("doctor", code=5)
    assert re.search(r"36\d\d s apart; from 300 s on", told)
    fund.stripe.do("give", **AMINA)
    fund.connector.run("reconcile", "--since", "2020-01-01", "--apply")
    assert fund.only()["contribution_status_id:name"] == "Completed"
    fund.monkeypatch.setattr("connector.clock.now", right)
    fund.delivers()
    fund.works()
    assert len(fund.books.contributions()) == 1


def test_secrets_that_are_rolled(fund: FundFlow) -> None:
    new = "whsec_of_tomorrow"
    old = fund.stripe.webhook_secret
    with fund.door(STRIPE_WEBHOOK_SECRETS=f"{new},{old}"):
        for secrets in ([old], [new], [old, new]):
            fund.stripe.do("give", **AMINA)
            fund.delivers(secrets=secrets)
    with fund.door(STRIPE_WEBHOOK_SECRETS=new):
        fund.stripe.do("give", **AMINA)
        assert {one["status"] for one in fund.stripe.deliver(next=1, secrets=[old])} == {400}
        fund.delivers(secrets=[new])
    fund.works()
    assert len(fund.books.contributions()) == 4


def test_a_clock_that_is_ahead_is_told_to_the_log(fund: FundFlow) -> None:
    fund.stripe.do("give", **AMINA)
    assert {one["status"] for one in fund.stripe.deliver(next=1, signed_at=time.time() - 400)} == {400}
    assert "is this machine's clock right?" in fund.log()
    assert fund.rows() == []
