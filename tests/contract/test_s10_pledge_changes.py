"""FACTS §10: matching, changing, paying and cancelling a pledge, and when its status is counted anew."""

from typing import Any

import pytest

from .pledging import PAST, days, pay, payments, pledge, read, status, statuses, terms
from .wire import Site


@pytest.fixture(scope="module")
def source(site: Site) -> str:
    """A custom field on pledges for the source's own number."""
    name = site.unique("Pledge").replace("-", "_")
    site.save("CustomGroup", {"name": name, "title": name, "extends": "Pledge"}, match=["name"])
    field = {"name": "Source_Id", "label": "Source", "html_type": "Text", "data_type": "String", "text_length": 64}
    site.save("CustomField", {"custom_group_id.name": name, "is_searchable": True, **field})
    return f"{name}.Source_Id"


def change(site: Site, pledge_id: int, who: str = "setup", **values: Any) -> dict[str, Any]:
    answer = site.call("Pledge", "update", {"where": [["id", "=", pledge_id]], "values": values}, who).values
    assert isinstance(answer, list)
    return dict(answer[0])


def test_s10_a_pledge_is_matched_by_a_custom_field(site: Site, source: str, runtime: str) -> None:
    key = site.unique("pl")
    record = terms(site.person(), **{source: key})
    rows = [site.save("Pledge", record, match=[source], who=runtime)[0] for _ in range(2)]
    assert rows[0]["id"] == rows[1]["id"]
    assert rows[0][source] is None  # answered empty, stored all the same
    found = site.get("Pledge", [[source, "IN", [key]]], "id", source, who=runtime)
    assert found == [{"id": rows[0]["id"], source: key}]
    assert len(payments(site, rows[0]["id"])) == 3
    through = site.get("PledgePayment", [[f"pledge_id.{source}", "=", key]], "id", "pledge_id.contact_id", who=runtime)
    assert {row["pledge_id.contact_id"] for row in through} == {record["contact_id"]}


def test_s10_equal_new_numbers_in_one_save_make_two_pledges(site: Site, source: str) -> None:
    record = terms(site.person(), **{source: site.unique("pl")})
    assert len({row["id"] for row in site.save("Pledge", record, record, match=[source])}) == 2


def test_s10_a_long_custom_text_fails_after_the_pledge_was_stored(site: Site, source: str) -> None:
    person = site.person()
    answer = site.call("Pledge", "save", {"records": [terms(person, **{source: "x" * 65})]})
    assert answer.error == "DB Error: unknown error"
    assert [row[source] for row in site.get("Pledge", [["contact_id", "=", person]], source)] == [None]


def test_s10_a_custom_field_alone_updates_a_matched_pledge(site: Site, source: str) -> None:
    key = site.unique("pl")
    made = pledge(site, start_date=PAST, **{source: key})
    answer = site.save("Pledge", {source: key}, match=[source])[0]
    assert answer == {"id": made, "status_id": 6, source: None, "custom": None, "check_permissions": None}


def test_s10_a_sent_status_overwrites_at_the_second_save(site: Site, source: str) -> None:
    record = terms(site.person(), start_date=PAST, **{source: site.unique("pl")})
    made = site.save("Pledge", record, match=[source])[0]["id"]
    assert status(site, made) == "Overdue"
    site.save("Pledge", record, match=[source])
    assert (status(site, made), statuses(site, made)) == ("Pending", ["Overdue"] * 3)


def test_s10_any_update_that_sends_no_status_counts_it_anew(site: Site) -> None:
    made = pledge(site, start_date=PAST)
    change(site, made, **{"status_id:name": "Completed"})
    assert (status(site, made), read(site, made, "end_date")["end_date"]) == ("Completed", None)
    assert change(site, made, max_reminders=2)["status_id"] == 6
    assert status(site, made) == "Overdue"


def test_s10_an_unknown_status_in_an_update_is_none_at_all(site: Site) -> None:
    made = pledge(site)
    assert change(site, made, **{"status_id:name": "Nonesuch"})["status_id"] is None
    assert read(site, made, "status_id", "status_id:name") == {"id": made, "status_id": 0, "status_id:name": None}


def test_s10_a_contact_deleted_for_good_takes_its_pledges_along(site: Site) -> None:
    made = pledge(site, contact_id=(person := site.person()))
    site.call("Contact", "delete", {"where": [["id", "=", person]], "useTrash": False})
    assert site.get("Pledge", [["id", "=", made]], "id") == []
    assert payments(site, made) == []


def test_s10_a_raised_amount_leaves_the_schedule(site: Site) -> None:
    made = pledge(site)
    before = payments(site, made)
    change(site, made, amount=60, installments=5, start_date="2091-01-01", frequency_day=9)
    assert payments(site, made) == before
    assert read(site, made, "amount", "installments", "start_date") == {
        "id": made,
        "amount": 60,
        "installments": 5,
        "start_date": "2091-01-01 00:00:00",
    }


def test_s10_a_paid_instalment_waits_for_the_next_update_of_the_pledge(site: Site, runtime: str) -> None:
    made = pledge(site)
    pay(site, made, 0, who=runtime)
    assert (status(site, made), statuses(site, made)) == ("Pending", ["Completed", "Pending", "Pending"])
    change(site, made, who=runtime, amount=30)
    assert status(site, made) == "In Progress"
    pay(site, made, 1, 2)
    assert change(site, made, amount=30)["status_id"] == 1
    assert read(site, made, "status_id:name", "end_date") == {
        "id": made,
        "status_id:name": "Completed",
        "end_date": None,
    }


def test_s10_overdue_goes_before_what_was_paid(site: Site) -> None:
    made = pledge(site, start_date=PAST)
    pay(site, made, 0)
    change(site, made, amount=30)
    assert status(site, made) == "Overdue"


def test_s10_an_unknown_status_of_a_payment_is_null(site: Site) -> None:
    made = pledge(site, installments=1)
    only = payments(site, made, "id")[0]["id"]
    values = {"status_id:name": "Nonesuch", "actual_amount": "9.50"}
    site.call("PledgePayment", "update", {"where": [["id", "=", only]], "values": values})
    assert payments(site, made, "status_id", "actual_amount") == [{"id": only, "status_id": None, "actual_amount": 9.5}]


def test_s10_a_payment_needs_three_fields(site: Site) -> None:
    answer = site.call("PledgePayment", "create", {"values": {}})
    missing = "pledge_id, scheduled_amount, scheduled_date"
    assert answer.error == f"Mandatory values missing from Api4 PledgePayment::create: {missing}"


@pytest.mark.parametrize("entity", ["Pledge", "PledgePayment"])
def test_s10_an_update_of_nothing_answers_as_if_it_had_written(site: Site, entity: str) -> None:
    where = [["id", "=", 99999999]]
    answer = site.call(entity, "update", {"where": where, "values": {"currency": "GBP"}}).values
    assert answer[0]["id"] == 99999999
    assert site.get(entity, where, "id") == []


def test_s10_cancel_spares_overdue_payments_while_others_are_pending(site: Site, runtime: str) -> None:
    made = pledge(site, start_date=PAST, frequency_unit="year", frequency_interval=50, installments=4)
    pay(site, made, 1)
    assert site.call("Pledge", "cancel", {"where": [["id", "=", made]]}, who=runtime).values == [None]
    assert statuses(site, made) == ["Overdue", "Completed", "Cancelled", "Cancelled"]
    assert (status(site, made), read(site, made, "cancel_date")["cancel_date"] is None) == ("Cancelled", False)


def test_s10_cancel_takes_overdue_payments_too_when_none_is_pending(site: Site) -> None:
    made = pledge(site, start_date=PAST)
    pay(site, made, 0)
    site.call("Pledge", "cancel", {"where": [["id", "=", made]]})
    assert statuses(site, made) == ["Completed", "Cancelled", "Cancelled"]


def test_s10_the_status_cancelled_alone_leaves_payments_and_dates(site: Site) -> None:
    made = pledge(site)
    change(site, made, **{"status_id:name": "Cancelled"})
    assert (statuses(site, made), read(site, made, "cancel_date")["cancel_date"]) == (["Pending"] * 3, None)
    change(site, made, amount=31)
    assert status(site, made) == "Cancelled"
    change(site, made, **{"status_id:name": "Pending"})
    assert status(site, made) == "Pending"


def test_s10_cancel_wants_a_where_and_may_find_nothing(site: Site) -> None:
    assert site.call("Pledge", "cancel", {}).error == 'Parameter "where" is required.'
    assert site.call("Pledge", "cancel", {"where": [["id", "=", 99999999]]}).values == []


def test_s10_a_deleted_pledge_takes_its_payments_along(site: Site) -> None:
    made = pledge(site)
    assert site.call("Pledge", "delete", {"where": [["id", "=", made]]}).values == [{"id": str(made)}]
    assert payments(site, made) == []
    assert days(site, made) == []
