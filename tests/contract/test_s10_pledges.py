"""FACTS §10: a new pledge, the payments that CiviCRM makes of it, and what it does with what it does not know."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from .pledging import COMING, PAST, days, payments, pledge, read, status, statuses, terms
from .wire import Site

MISSING = "original_installment_amount, start_date, create_date, status_id"


def test_s10_a_pledge_needs_six_fields(site: Site) -> None:
    answer = site.call("Pledge", "create", {"values": {}})
    assert answer.error == f"Mandatory values missing from Api4 Pledge::create: contact_id, amount, {MISSING}"
    part = {"contact_id": site.person(), "amount": 10}
    answer = site.call("Pledge", "save", {"records": [part]})
    assert answer.error == f"Mandatory values missing from Api4 Pledge::save: {MISSING}"


def test_s10_a_record_that_lacks_something_stops_the_whole_save(site: Site) -> None:
    person = site.person()
    assert site.call("Pledge", "save", {"records": [terms(person), {"contact_id": person}]}).status == 500
    assert site.get("Pledge", [["contact_id", "=", person]], "id") == []


def test_s10_the_payments_are_made_with_the_pledge(site: Site) -> None:
    made = pledge(site)
    assert [tuple(row.values())[1:] for row in payments(site, made)] == [
        ("2090-01-01 00:00:00", 10, "Pending"),
        ("2090-02-01 00:00:00", 10, "Pending"),
        ("2090-03-01 00:00:00", 10, "Pending"),
    ]
    assert payments(site, made, "actual_amount", "contribution_id", "currency", "reminder_count")[0] == {
        "id": payments(site, made)[0]["id"],
        "actual_amount": None,
        "contribution_id": None,
        "currency": "GBP",
        "reminder_count": 0,
    }


def test_s10_the_answer_has_compact_days_and_the_status_that_was_sent(site: Site) -> None:
    sent = terms(site.person(), start_date=PAST, **{"campaign_id:name": "Nonesuch"})
    answer = site.save("Pledge", sent)[0]
    assert answer == {
        "id": answer["id"],
        "contact_id": sent["contact_id"],
        "financial_type_id": 1,
        "amount": 30,
        "original_installment_amount": 10,
        "currency": "GBP",
        "frequency_unit": "month",
        "frequency_interval": 1,
        "frequency_day": 1,
        "installments": 3,
        "start_date": "20200101000000",
        "create_date": "20200101000000",
        "status_id": 2,
        "campaign_id": None,
        "custom": None,
        "check_permissions": None,
    }


def test_s10_past_payments_are_overdue_and_so_is_the_pledge(site: Site) -> None:
    made = pledge(site, start_date=PAST, frequency_unit="year", frequency_interval=50)
    assert statuses(site, made) == ["Overdue", "Pending", "Pending"]
    assert status(site, made) == "Overdue"


@pytest.mark.parametrize(
    ("sent", "stored"), [("Completed", "Pending"), ("Overdue", "Pending"), ("Cancelled", "Cancelled")]
)
def test_s10_of_a_sent_status_only_cancelled_counts(site: Site, sent: str, stored: str) -> None:
    made = pledge(site, **{"status_id:name": sent})
    assert status(site, made) == stored
    assert statuses(site, made) == ["Pending"] * 3
    assert read(site, made, "cancel_date", "end_date") == {"id": made, "cancel_date": None, "end_date": None}


@pytest.mark.parametrize("sent", ["Completed", "Overdue", "Pending"])
def test_s10_a_single_payment_takes_the_sent_status_even_when_past(site: Site, sent: str) -> None:
    made = pledge(site, installments=1, start_date=PAST, **{"status_id:name": sent})
    assert (statuses(site, made), status(site, made)) == ([sent], sent)
    assert (read(site, made, "end_date")["end_date"] is not None) == (sent == "Completed")


DAYS = [
    ("month", 1, 31, "2090-10-31", ["2090-10-31", "2090-11-30", "2090-12-31", "2091-01-31", "2091-02-28"]),
    ("month", 1, 30, "2090-12-30", ["2090-12-30", "2091-01-30", "2091-02-28", "2091-03-30"]),
    ("month", 1, 29, "2091-12-29", ["2091-12-29", "2092-01-29", "2092-02-29", "2092-03-29"]),
    ("month", 3, 5, "2090-12-02", ["2090-12-02", "2091-03-05", "2091-06-05"]),
    ("month", 1, 5, "2090-12-20", ["2090-12-20", "2091-01-05", "2091-02-05"]),
    ("week", 1, 5, "2090-12-06", ["2090-12-06", "2090-12-15", "2090-12-22"]),
    ("week", 2, 0, "2090-12-06", ["2090-12-06", "2090-12-17", "2090-12-31"]),
    ("day", 10, 5, "2090-12-02", ["2090-12-02", "2090-12-12", "2090-12-22"]),
    ("year", 1, 5, "2092-02-29", ["2092-02-29", "2093-03-01", "2094-03-01"]),
    ("month", 0, 1, "2090-12-01", ["2090-12-01", "2090-12-01", "2090-12-01"]),
]


@pytest.mark.parametrize(("unit", "interval", "day", "start", "expected"), DAYS)
def test_s10_payments_fall_on_the_day_of_the_period_but_the_first_on_the_start(
    site: Site, unit: str, interval: int, day: int, start: str, expected: list[str]
) -> None:
    made = pledge(
        site,
        frequency_unit=unit,
        frequency_interval=interval,
        frequency_day=day,
        start_date=start,
        installments=len(expected),
    )
    assert days(site, made) == expected


def test_s10_a_time_with_an_offset_stays_with_the_first_payment_only(site: Site) -> None:
    made = pledge(site, start_date="2090-12-01T10:00:00+02:00", installments=2)
    assert read(site, made, "start_date")["start_date"] == "2090-12-01 08:00:00"
    assert [row["scheduled_date"] for row in payments(site, made)] == ["2090-12-01 08:00:00", "2091-01-01 00:00:00"]


def test_s10_amounts_are_equal_parts_and_the_last_takes_the_rest(site: Site) -> None:
    made = pledge(site, amount=100, original_installment_amount=10)
    assert [row["scheduled_amount"] for row in payments(site, made)] == [33.33, 33.33, 33.34]
    assert read(site, made, "amount", "original_installment_amount") == {
        "id": made,
        "amount": 100,
        "original_installment_amount": 10,
    }


def test_s10_what_is_not_sent_is_one_payment_in_the_currency_of_the_site(site: Site) -> None:
    made = pledge(site, installments=..., currency=..., frequency_unit=..., frequency_interval=..., frequency_day=...)
    names = ("installments", "currency", "frequency_unit", "frequency_interval", "frequency_day", "max_reminders")
    assert read(site, made, *names) == {
        "id": made,
        "installments": 1,
        "currency": "USD",
        "frequency_unit": "month",
        "frequency_interval": 1,
        "frequency_day": 3,
        "max_reminders": 1,
    }


def test_s10_without_an_interval_all_payments_fall_on_one_day(site: Site) -> None:
    assert days(site, pledge(site, frequency_interval=...)) == ["2090-01-01"] * 3


def test_s10_an_unknown_unit_is_stored_as_the_word_null_with_all_payments_on_one_day(site: Site) -> None:
    made = pledge(site, frequency_unit=..., **{"frequency_unit:name": "fortnight"})
    assert (read(site, made, "frequency_unit")["frequency_unit"], days(site, made)) == ("null", ["2090-01-01"] * 3)


def test_s10_an_unknown_type_or_campaign_is_null_but_an_unknown_status_is_missing(site: Site) -> None:
    made = pledge(site, **{"financial_type_id:name": "Nonesuch", "campaign_id:name": "Nonesuch"})
    assert read(site, made, "financial_type_id", "campaign_id") == {
        "id": made,
        "financial_type_id": None,
        "campaign_id": None,
    }
    answer = site.call("Pledge", "create", {"values": terms(site.person(), **{"status_id:name": "Nonesuch"})})
    assert answer.error == "Mandatory values missing from Api4 Pledge::create: status_id"


@pytest.mark.parametrize("broken", [{"contact_id": 99999999}, {"financial_type_id": 99999}, {"campaign_id": 99999}])
def test_s10_a_link_to_nothing_is_a_constraint_violation(site: Site, broken: dict[str, Any]) -> None:
    values = {**terms(site.person(), **{"financial_type_id:name": ...}), **broken}
    assert site.call("Pledge", "create", {"values": values}).error == "DB Error: constraint violation"


def test_s10_an_unknown_currency_is_stored(site: Site) -> None:
    made = pledge(site, currency="XXX")
    assert read(site, made, "currency")["currency"] == "XXX"
    assert payments(site, made, "currency")[2]["currency"] == "XXX"


@pytest.mark.parametrize(("code", "message"), [("gbp", 'Invalid currency "gbp"'), ("XXXXX", "DB Error: unknown error")])
def test_s10_a_misspelt_currency_is_refused_but_small_letters_are_stored_first(
    site: Site, code: str, message: str
) -> None:
    person = site.person()
    assert site.call("Pledge", "create", {"values": terms(person, currency=code)}).error == message
    left = site.get("Pledge", [["contact_id", "=", person]], "currency")
    assert [row["currency"] for row in left] == (["gbp"] if code == "gbp" else [])


def test_s10_a_thousands_comma_cuts_the_amount(site: Site) -> None:
    made = pledge(site, amount="1,234.50", installments=2)
    assert read(site, made, "amount")["amount"] == 1
    assert [row["scheduled_amount"] for row in payments(site, made)] == [0.5, 0.5]


@pytest.mark.parametrize("broken", [{"amount": "ten"}, {"installments": 0}])
def test_s10_a_word_for_an_amount_or_no_installments_is_an_html_error_after_storing(
    site: Site, broken: dict[str, Any]
) -> None:
    person = site.person()
    answer = site.call("Pledge", "create", {"values": terms(person, **broken)})
    assert (answer.status, answer.is_html) == (500, True)
    made = site.get("Pledge", [["contact_id", "=", person]], "id")
    assert [payments(site, row["id"]) for row in made] == [[]]


def test_s10_a_failing_pledge_leaves_the_ones_before_it(site: Site) -> None:
    person = site.person()
    records = [terms(contact, amount=amount) for amount, contact in ((1, person), (2, 99999999), (3, person))]
    assert site.call("Pledge", "save", {"records": records}).status == 500
    assert [row["amount"] for row in site.get("Pledge", [["contact_id", "=", person]], "amount")] == [1]


def test_s10_a_contact_in_the_trash_may_pledge_and_stays_readable(site: Site) -> None:
    person = site.person()
    site.call("Contact", "delete", {"where": [["id", "=", person]]})
    made = pledge(site, contact_id=person)
    assert [row["id"] for row in site.get("Pledge", [["contact_id", "=", person]], "id")] == [made]


def test_s10_the_runtime_role_makes_pays_and_cancels_but_does_not_delete(site: Site, runtime: str) -> None:
    made = pledge(site, who=runtime)
    where = [["id", "=", made]]
    row = {"pledge_id": made, "scheduled_amount": 1, "scheduled_date": COMING}
    assert site.save("PledgePayment", row, who=runtime)
    assert site.call("Pledge", "cancel", {"where": where}, who=runtime).values == [None]
    answer = site.call("Pledge", "delete", {"where": where}, who=runtime)
    assert (answer.status, answer.error) == (403, "Authorization failed: CiviCRM APIv4 (Pledge::delete)")


def test_s10_reading_and_writing_want_a_permission_each(
    site: Site, runtime: str, without: Callable[[str], AbstractContextManager[None]]
) -> None:
    with without("edit pledges"):
        assert site.call("Pledge", "create", {"values": terms(site.person())}, who=runtime).status == 403
        assert site.get("Pledge", [["id", "=", 0]], "id", who=runtime) == []
    with without("access CiviPledge"):
        assert site.call("Pledge", "get", {"where": [["id", "=", 0]]}, who=runtime).status == 403
