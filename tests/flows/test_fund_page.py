"""The fund's numbers as everybody sees them, counted by the worker from CiviCRM."""

import xml.etree.ElementTree as ET
from decimal import Decimal

import pytest

from connector.pages import site
from tests.flows.fund import AMINA
from tests.flows.giving import Giver, giver as giver
from tests.flows.test_fund_pledges import Promise


def test_before_the_worker_counted(giver: Giver) -> None:
    assert [giver.web.get(path).status_code for path in ("/fund", "/fund.json", "/fund.svg")] == [503] * 3


def test_received_under_way_and_pledged_stand_apart(giver: Giver) -> None:
    promise = Promise(giver.fund, start_date="2090-01-01")
    giver.fund.told("give", amount=300_000, **AMINA)
    giver.fund.told("give", amount=10_000, method="sepa_debit", **AMINA)
    giver.fund.told("give", amount=4_000, metadata=promise.named, **AMINA)
    giver.fund.told("give", amount=700, currency="usd", **AMINA)
    giver.fund.told("give", amount=99_900, metadata={"fund_campaign": "another"}, **AMINA)
    giver.fund.works()
    counted = giver.web.get("/fund.json").json
    assert counted
    sums = {name: counted[name] for name in ("received", "under_way", "pledged", "other_currencies")}
    assert sums == {
        "received": "3040.00", "under_way": "100.00", "pledged": "110.00", "other_currencies": {"USD": "7.00"},
    }  # fmt: skip
    months = ("protector_months_funded", "next_month_covered_at", "next_month_missing", "pilot_has_ended")
    assert [counted[name] for name in months] == [2, "4200.00", "1160.00", False]


def test_what_is_given_back_lowers_it_and_what_is_paid_out_is_proven(giver: Giver) -> None:
    giver.fund.told("give", amount=300_000, **AMINA)
    giver.fund.told("refund", amount=100_000)
    for step in ({"do": "wait", "days": 10}, {"do": "payout"}, {"do": "payout_paid"}):
        giver.fund.told(step.pop("do"), **step)  # type: ignore[arg-type]
    giver.fund.works()
    counted = giver.web.get("/fund.json").json
    assert counted
    assert (counted["received"], counted["proven"]) == ("2000.00", "2000.00")


@pytest.mark.parametrize(("days", "ended"), [(90, False), (100, True)])
def test_after_the_last_month_it_says_so(giver: Giver, monkeypatch: pytest.MonkeyPatch, days: int, ended: bool) -> None:
    """The pilot of mappings/stripe.toml goes from September 2026 to the end of February 2027."""
    from datetime import UTC, datetime, timedelta

    giver.fund.told("give", amount=500_000, **AMINA)
    giver.fund.works()
    moment = datetime(2026, 11, 24, tzinfo=UTC) + timedelta(days=days)
    monkeypatch.setattr("connector.clock.now", lambda: moment)
    assert ("has ended" in giver.web.get("/fund").text) is ended


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        ("7000", "EUR", "€7,000"),
        ("7000.50", "EUR", "€7,000.50"),
        ("1000000", "EUR", "€1,000,000"),
        ("0", "EUR", "€0"),
        ("10", "EUR", "€10"),
        ("1000", "JPY", "¥1,000"),
        ("1000", "KWD", "KWD1,000"),
        ("1000.125", "KWD", "KWD1,000.125"),
    ],
)
def test_whole_amounts_are_written_without_decimals(giver: Giver, amount: str, currency: str, written: str) -> None:
    with giver.web.application.test_request_context("/fund?lang=en"):
        assert site.money(Decimal(amount), currency) == written


def test_the_picture_may_be_shown_anywhere_in_both_directions(giver: Giver) -> None:
    giver.fund.told("give", amount=700_000, **AMINA)
    giver.fund.works()
    for language, text in (("en", "5 of 36 protector-months are funded"), ("ar", "تم تمويل 5 من أصل 36 شهر حماية")):
        answer = giver.web.get(f"/fund.svg?lang={language}")
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        drawn = ET.fromstring(answer.text)  # noqa: S314  # our own
        assert drawn[0].text == text


PAGES = ("/give", "/give/manage", "/give/thanks", "/give/portal/x", "/fund", "/nothing")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_page_is_small_guarded_and_asks_nobody_else(giver: Giver, path: str, language: str) -> None:
    answer = giver.web.get(f"{path}?lang={language}")
    with giver.web.get("/static/style.css") as style:
        assert len(answer.data) + len(style.data) < 60_000
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'")
    assert "unsafe" not in policy
    for name in ("X-Content-Type-Options", "Referrer-Policy", "Permissions-Policy", "Cross-Origin-Opener-Policy"):
        assert name in answer.headers
    assert f'lang="{language}"' in answer.text
    assert "http" not in answer.text.replace("http-equiv", "")
    assert "<script" not in answer.text
    assert "style=" not in answer.text
