"""The decision table of sync, the half about fields and contacts: what the roster says, what CiviCRM has, and then."""

import pytest

from connector.leavings import group_field
from connector.plan import Action, FieldChange
from connector.sync.plan import Verdict, settle_field

from .builders import (
    ANNA,
    change,
    decided,
    done,
    found,
    mapping,
    memory,
    person,
    place,
    wanted,
)

COR = "chapter_COR06"
IN_COR = {group_field(COR): "Added"}
at_home = place(COR, "Added")


# --- one field -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("roster", "civicrm", "remembered", "verdict"),
    [
        pytest.param("Cork", "Cork", {"city": "Cork"}, Verdict.SAME, id="same on both sides"),
        pytest.param("Cork", "Cork", {}, Verdict.SAME, id="same on both sides, never seen before"),
        pytest.param("Cork", "Cork", {"city": "Leeds"}, Verdict.SAME, id="both changed to the same"),
        pytest.param("Leeds", "Cork", {"city": "Cork"}, Verdict.UPDATE, id="only the roster changed"),
        pytest.param("Cork", "Leeds", {"city": "Cork"}, Verdict.KEEP, id="only staff changed it"),
        pytest.param("Cork", None, {"city": "Cork"}, Verdict.KEEP, id="staff erased it"),
        pytest.param(None, "Cork", {"city": "Cork"}, Verdict.SAME, id="an emptied cell erases nothing"),
        pytest.param(None, None, {}, Verdict.SAME, id="empty on both sides"),
        pytest.param("Cork", None, {}, Verdict.UPDATE, id="never filled in CiviCRM"),
    ],
)
@pytest.mark.parametrize("wins", ["roster", "civicrm", "ask"])
def test_a_field_is_settled_without_asking_who_wins(roster, civicrm, remembered, verdict, wins) -> None:
    assert settle_field(roster, civicrm, memory(remembered), ANNA, "city", wins) is verdict


@pytest.mark.parametrize(
    ("civicrm", "remembered"),
    [
        pytest.param("Leeds", {"city": "Ghent"}, id="both changed"),
        pytest.param("Leeds", {}, id="differs and nothing is remembered"),
        pytest.param(None, {"city": "Ghent"}, id="staff erased it and the roster changed"),
    ],
)
@pytest.mark.parametrize(
    ("wins", "verdict"), [("roster", Verdict.UPDATE), ("civicrm", Verdict.KEEP), ("ask", Verdict.ASK)]
)
def test_when_both_sides_changed_the_mapping_says_who_wins(civicrm, remembered, wins, verdict) -> None:
    assert settle_field("Cork", civicrm, memory(remembered), ANNA, "city", wins) is verdict


def test_what_is_remembered_of_one_contact_says_nothing_about_another() -> None:
    assert settle_field("Leeds", "Cork", memory({"city": "Cork"}, person=8), ANNA, "city", "ask") is Verdict.ASK


# --- one row ---------------------------------------------------------------------------------------------------------


def test_a_row_that_is_as_it_was_changes_nothing() -> None:
    known = {"external_identifier": "M1", "last_name": "Haddad", **IN_COR}
    decision = decided([(wanted(), found(person(at_home)))], memory(known))
    assert decision.changes == []
    assert decision.agreed == []
    assert decision.records == {"M1": ANNA}


def test_a_changed_cell_is_written_with_the_value_it_replaces() -> None:
    decision = decided([(wanted(city="Leeds"), found(person(at_home, city="Cork")))], memory({"city": "Cork"}))
    (update,) = decision.changes
    assert (update.action, update.id, update.line) == (Action.UPDATE, ANNA, 2)
    assert update.fields == (FieldChange("city", "Cork", "Leeds"),)


def test_a_staff_edit_stays_and_is_told() -> None:
    decision = decided([(wanted(city="Cork"), found(person(at_home, city="Leeds")))], memory({"city": "Cork"}))
    assert done(decision) == [(Action.KEEP, "city", "Cork")]
    assert not decision.changes[0].acts


def test_two_changed_sides_are_put_to_a_person_when_the_mapping_says_ask() -> None:
    row = (wanted(city="Cork"), found(person(at_home, city="Leeds")))
    assert done(decided([row], memory({"city": "Ghent"}), mapping(city="ask"))) == [(Action.ASK, "city", "Cork")]
    assert done(decided([row], memory({"city": "Ghent"}), mapping(city="roster"))) == [(Action.UPDATE, "city", "Cork")]


def test_fields_of_one_row_are_settled_one_by_one() -> None:
    row = (wanted(city="Cork", last_name="Byrne"), found(person(at_home, city="Leeds")))
    decision = decided([row], memory({"city": "Cork", "last_name": "Haddad"}))
    assert done(decision) == [(Action.UPDATE, "last_name", "Byrne"), (Action.KEEP, "city", "Cork")]


def test_a_contact_found_for_the_first_time_is_remembered_where_both_sides_agree() -> None:
    decision = decided([(wanted(city="Cork"), found(person(at_home, city="Leeds")))])
    assert set(decision.agreed) == {
        (ANNA, "external_identifier", "M1"),
        (ANNA, "last_name", "Haddad"),
        (ANNA, group_field(COR), "Added"),
    }


def test_a_row_that_fits_nobody_becomes_a_new_contact_in_its_group() -> None:
    create, add = decided([(wanted(city="Cork"), found())]).changes
    assert (create.action, create.entity, create.id) == (Action.CREATE, "Individual", None)
    assert {part.field: part.after for part in create.fields}["city"] == "Cork"
    assert (add.action, add.fields) == (Action.ADD, (FieldChange(group_field(COR), None, "Added"),))


def test_what_reading_the_roster_told_stands_in_the_plan_too() -> None:
    refused = change(Action.REFUSE, "M9")
    assert decided([], told=(refused,)).changes == [refused]


# --- rows that a person decides about --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("there", "question"),
    [
        pytest.param(found(person(), person(id=8)), "more than one contact fits: 7, 8", id="found twice"),
        pytest.param(found(person(is_deleted=True)), "in the trash", id="in the trash"),
        pytest.param(found(gone=True), "deleted for good", id="linked and gone"),
        pytest.param(found(person(contact_type="Household")), "of type Household", id="another type"),
        pytest.param(
            found(person(external_identifier="X9"), by_key=False), "another external identifier", id="another number"
        ),
    ],
)
def test_a_doubtful_contact_is_asked_about_and_not_touched(there, question) -> None:
    decision = decided([(wanted(city="Cork"), there)])
    (ask,) = decision.changes
    assert ask.action is Action.ASK
    assert question in ask.reason
    assert decision.records == {}
    assert decision.agreed == []


def test_a_contact_without_a_number_may_be_given_one() -> None:
    alike = person(at_home, external_identifier=None)
    decision = decided([(wanted(), found(alike, by_key=False))])
    assert done(decision) == [(Action.UPDATE, "external_identifier", "M1")]


def test_two_rows_that_fit_one_contact_are_both_asked_about() -> None:
    alike = person(external_identifier=None)
    rows = [(wanted("M1"), found(alike, by_key=False)), (wanted("M2"), found(alike, by_key=False))]
    changes = decided(rows).changes
    assert [(one.action, one.key) for one in changes] == [(Action.ASK, "M1"), (Action.ASK, "M2")]
    assert all("another row" in one.reason for one in changes)


def test_a_question_never_names_the_person() -> None:
    twins = found(person(last_name="Haddad"), person(id=8, last_name="Haddad"))
    assert "Haddad" not in decided([(wanted(), twins)]).changes[0].reason
