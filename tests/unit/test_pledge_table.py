"""The decision table of pledges: made once, its schedule never changed, everything else as for any other field."""

from dataclasses import replace
from datetime import date

import pytest

from connector.plan import Action
from connector.settings import SHIPPED_MAPPINGS
from connector.sync import mapping_file
from connector.sync.plan import Decision
from connector.sync.pledge_table import Pledge, Promise, decide
from connector.sync.pledges import terms
from connector.sync.rows import Wanted

from .builders import Remembered

PLEDGE, AMINA = 31, 7
FIELDS = {
    "Solidarity_Pledge.Source_Id": "P1",
    "amount": "300",
    "currency": "EUR",
    "installments": "6",
    "original_installment_amount": "50",
    "frequency_unit": "month",
    "frequency_interval": "1",
    "start_date": "2026-10-01",
    "campaign_id:name": "protector_pilot",
}
THERE = Pledge(PLEDGE, AMINA, "Overdue", FIELDS)
AGREED = Remembered({(PLEDGE, name): value for name, value in FIELDS.items()})


def row(**changed: str) -> Wanted:
    fields = FIELDS | {name.replace("_name", ":name"): value for name, value in changed.items()}
    return Wanted("P1", 2, "all", fields, contact="M1")


def decided(wanted: Wanted, promise: Promise, memory: Remembered = AGREED) -> Decision:
    mapping = mapping_file.load(SHIPPED_MAPPINGS / "pledges.toml")
    return decide((wanted,), (), {wanted.key: promise}, memory, mapping)  # type: ignore[arg-type]


def test_a_promise_that_is_not_there_is_made_for_its_contact() -> None:
    (create,) = decided(row(), Promise(AMINA)).changes
    assert (create.action, create.entity, create.line) == (Action.CREATE, "Pledge", 2)
    assert {one.field: one.after for one in create.fields} == {"contact": "M1", **FIELDS}


def test_a_promise_that_is_there_as_it_was_changes_nothing_and_is_remembered() -> None:
    decision = decided(row(), Promise(AMINA, pledges=(THERE,)), Remembered())
    assert decision.changes == []
    assert decision.records == {"P1": PLEDGE}
    assert set(decision.agreed) == {(PLEDGE, name, value) for name, value in FIELDS.items()}


@pytest.mark.parametrize(
    "changed",
    [
        {"amount": "600", "original_installment_amount": "100"},
        {"installments": "3", "original_installment_amount": "100"},
        {"start_date": "2026-11-01"},
        {"frequency_interval": "3"},
        {"currency": "GBP"},
    ],
)
def test_a_changed_schedule_is_put_to_a_person_because_civicrm_cannot_change_it(changed) -> None:
    (ask,) = decided(row(**changed), Promise(AMINA, pledges=(THERE,))).changes
    assert (ask.action, ask.id) == (Action.ASK, PLEDGE)
    assert "cancel it there and give the new one a number of its own" in ask.reason
    assert {one.field for one in ask.fields} == set(changed)


def test_what_is_no_schedule_is_updated() -> None:
    (update,) = decided(row(campaign_id_name="second_pilot"), Promise(AMINA, pledges=(THERE,))).changes
    assert update.action is Action.UPDATE
    assert [(one.field, one.before, one.after) for one in update.fields] == [
        ("campaign_id:name", "protector_pilot", "second_pilot")
    ]


def test_an_edit_by_staff_stays() -> None:
    theirs = replace(THERE, fields=FIELDS | {"amount": "360"})
    (keep,) = decided(row(), Promise(AMINA, pledges=(theirs,))).changes
    assert keep.action is Action.KEEP


def test_a_pledge_that_staff_cancelled_stays_cancelled_whatever_the_roster_says() -> None:
    cancelled = replace(THERE, status="Cancelled")
    (skip,) = decided(row(start_date="2026-11-01"), Promise(AMINA, pledges=(cancelled,))).changes
    assert skip.action is Action.SKIP


@pytest.mark.parametrize(
    ("promise", "told"),
    [
        pytest.param(Promise(AMINA, in_trash=True), "contact 7 is in the trash", id="trash"),
        pytest.param(Promise(AMINA, gone=True), "was deleted in CiviCRM", id="gone"),
        pytest.param(Promise(AMINA, pledges=(THERE, replace(THERE, id=32))), "this number: 31, 32", id="two"),
        pytest.param(Promise(8, pledges=(THERE,)), "belongs to contact 7, the row names contact 8", id="another's"),
        pytest.param(Promise(AMINA, alike=(THERE,)), "pledge 31 of the same contact", id="entered by hand"),
    ],
)
def test_a_doubtful_pledge_is_asked_about(promise: Promise, told: str) -> None:
    (ask,) = decided(row(), promise).changes
    assert ask.action is Action.ASK
    assert told in ask.reason


@pytest.mark.parametrize(
    ("wanted", "promise", "told"),
    [
        (row(), Promise(None), "no contact with the external identifier M1"),
        (row(amount="310"), Promise(AMINA), "6 payments of 50 are not 310"),
    ],
)
def test_a_promise_that_cannot_be_made_is_refused(wanted: Wanted, promise: Promise, told: str) -> None:
    (refused,) = decided(wanted, promise).changes
    assert refused.action is Action.REFUSE
    assert told in refused.reason


def test_equal_parts_may_be_rounded() -> None:
    thirds = row(amount="100", installments="3", original_installment_amount="33.33")
    assert decided(thirds, Promise(AMINA)).changes[0].action is Action.CREATE


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, ("Pending", 1)),
        ({"start_date": "2026-10-31"}, ("Pending", 31)),
        ({"installments": "1"}, ("Overdue", 1)),  # CiviCRM takes the status of a single payment as it is sent
        ({"installments": "1", "start_date": "2026-11-23"}, ("Pending", 23)),
        ({"frequency_unit": "week", "start_date": "2026-10-04"}, ("Pending", 0)),  # a Sunday
        ({"frequency_unit": "week", "start_date": "2026-10-07"}, ("Pending", 3)),
    ],
)
def test_payments_fall_on_the_day_of_the_first_one(changed, expected) -> None:
    found = terms(FIELDS | changed, date(2026, 11, 23))
    assert (found["status_id:name"], found["frequency_day"]) == expected
    assert found["create_date"] == "2026-11-23"
