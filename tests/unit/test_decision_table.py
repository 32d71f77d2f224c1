"""The decision table of sync, line by line: what the roster says, what CiviCRM has, what was remembered, and then."""

import pytest

from connector.plan import Action, FieldChange
from connector.sync.mapping import KEEP
from connector.sync.plan import Verdict, group_field, left_on, removal_after, settle_field

from .builders import (
    ANNA,
    Remembered,
    change,
    decided,
    done,
    found,
    left,
    mapping,
    memory,
    person,
    place,
    wanted,
)

COR, WIE, LARGE = "chapter_COR06", "chapter_WIE01", "members_at_large"
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
    assert decision.contacts == {"M1": ANNA}


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
    assert decision.contacts == {}
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


# --- where a person is mailed ----------------------------------------------------------------------------------------


def test_a_person_who_was_never_in_the_group_is_added() -> None:
    assert done(decided([(wanted(), found(person()))])) == [(Action.ADD, group_field(COR), "Added")]


def test_a_person_who_is_in_the_group_stays_and_it_is_remembered() -> None:
    decision = decided([(wanted(), found(person(at_home)))])
    assert done(decision) == []
    assert (ANNA, group_field(COR), "Added") in decision.agreed


def test_a_row_that_names_another_chapter_moves_the_person() -> None:
    decision = decided([(wanted(group=WIE), found(person(at_home)))], memory(IN_COR))
    assert done(decision) == [(Action.ADD, group_field(WIE), "Added"), (Action.REMOVE, group_field(COR), "Removed")]


def test_a_move_that_was_half_done_is_finished() -> None:
    both = person(place(WIE, "Added"), at_home)
    decision = decided([(wanted(group=WIE), found(both))], memory(IN_COR))
    assert done(decision) == [(Action.REMOVE, group_field(COR), "Removed")]


def test_a_group_that_staff_chose_is_left_alone_when_the_row_moves() -> None:
    decision = decided([(wanted(group=WIE), found(person(at_home)))])
    assert done(decision) == [(Action.ADD, group_field(WIE), "Added")]


@pytest.mark.parametrize("group", [COR, WIE, LARGE, "friends_ras_al_auja"])
def test_whoever_left_any_group_of_the_network_is_added_to_none(group) -> None:
    (respected,) = decided([(wanted(), found(person(left(group))))]).changes
    assert respected.action is Action.SKIP
    assert respected.reason.startswith("left on 2026-03-01")


def test_a_removal_by_staff_is_respected_like_any_other() -> None:
    by_staff = left(COR, method="Web")
    assert decided([(wanted(), found(person(by_staff)))], memory(IN_COR)).changes[0].action is Action.SKIP


def test_whoever_left_one_group_keeps_the_place_in_another() -> None:
    decision = decided([(wanted(), found(person(at_home, left(WIE))))])
    assert decision.changes == []


@pytest.mark.parametrize(
    ("came_back_on", "action"),
    [
        pytest.param("2026-03-02", Action.ADD, id="after leaving"),
        pytest.param("2026-03-01", Action.ADD, id="on the same day"),
        pytest.param("2026-02-28", Action.SKIP, id="before leaving again"),
        pytest.param(None, Action.SKIP, id="never"),
    ],
)
def test_the_day_of_coming_back_lifts_what_was_before_it(came_back_on, action) -> None:
    decision = decided([(wanted(), found(person(left(COR), came_back_on=came_back_on)))])
    assert [one.action for one in decision.changes] == [action]


def test_the_last_of_several_leavings_counts() -> None:
    twice = person(left(COR, "2026-03-01"), left(WIE, "2026-05-01"), came_back_on="2026-04-01")
    assert left_on(twice, Remembered()) == "2026-05-01"  # type: ignore[arg-type]


def test_nobody_who_opted_out_is_added() -> None:
    (respected,) = decided([(wanted(), found(person(opted_out=True)))]).changes
    assert respected.action is Action.SKIP
    assert "opted out" in respected.reason


def test_whoever_has_yet_to_confirm_by_mail_is_not_added_for_them() -> None:
    (respected,) = decided([(wanted(), found(person(place(COR, "Pending"))))]).changes
    assert respected.action is Action.SKIP
    assert "confirm" in respected.reason


def test_a_membership_that_staff_deleted_stays_deleted() -> None:
    (respected,) = decided([(wanted(), found(person()))], memory(IN_COR)).changes
    assert respected.action is Action.SKIP
    assert "stays out" in respected.reason


def test_fields_are_kept_up_to_date_even_for_those_who_left() -> None:
    row = (wanted(city="Leeds"), found(person(left(COR), city="Cork")))
    decision = decided([row], memory({"city": "Cork"}))
    assert [one.action for one in decision.changes] == [Action.UPDATE, Action.SKIP]


# --- removals that are our own ---------------------------------------------------------------------------------------


def removed(*removals: int, method: str = "API"):
    """A place that was Removed so many times; `removals` are the ids of CiviCRM's history, oldest first."""
    return place(COR, "Removed", removals=removals, removed_on="2026-03-01", method=method)


def test_whom_the_connector_took_out_is_added_when_the_row_comes_back() -> None:
    announced = {group_field(COR): removal_after(0)}
    decision = decided([(wanted(), found(person(removed(31))))], memory(announced))
    (add,) = decision.changes
    assert (add.action, add.fields) == (Action.ADD, (FieldChange(group_field(COR), "Removed", "Added"),))


def test_an_older_removal_before_ours_does_not_hide_that_the_newest_is_ours() -> None:
    announced = {group_field(COR): removal_after(31)}
    decision = decided([(wanted(), found(person(removed(31, 44))))], memory(announced))
    assert [one.action for one in decision.changes] == [Action.ADD]


def test_a_removal_after_ours_is_a_persons_will() -> None:
    announced = {group_field(COR): removal_after(0)}
    decision = decided([(wanted(), found(person(removed(31, 44))))], memory(announced))
    assert [one.action for one in decision.changes] == [Action.SKIP]


def test_a_removal_by_mail_is_never_taken_for_ours() -> None:
    announced = {group_field(COR): removal_after(0)}
    decision = decided([(wanted(), found(person(removed(31, method="Email"))))], memory(announced))
    assert [one.action for one in decision.changes] == [Action.SKIP]


def test_a_removal_that_was_announced_and_never_carried_out_is_carried_out() -> None:
    announced = {group_field(COR): removal_after(0)}
    decision = decided([(wanted(group=WIE), found(person(at_home)))], memory(announced))
    assert done(decision) == [(Action.ADD, group_field(WIE), "Added"), (Action.REMOVE, group_field(COR), "Removed")]


# --- rows that disappeared -------------------------------------------------------------------------------------------


def test_whose_row_disappeared_is_taken_out_of_the_group_a_roster_chose() -> None:
    (remove,) = decided([], memory(IN_COR), absent=(person(at_home),)).changes
    assert (remove.action, remove.id, remove.entity) == (Action.REMOVE, ANNA, "GroupContact")
    assert remove.fields == (FieldChange(group_field(COR), "Added", "Removed"),)


def test_whose_row_disappeared_stays_where_staff_put_them() -> None:
    assert decided([], absent=(person(at_home),)).changes == []


def test_whose_row_disappeared_and_who_left_is_not_removed_again() -> None:
    assert decided([], memory(IN_COR), absent=(person(left(COR)),)).changes == []


def test_a_mapping_may_keep_those_whose_row_disappeared() -> None:
    assert decided([], memory(IN_COR), mapping(KEEP), absent=(person(at_home),)).changes == []


# --- groups that do not exist yet ------------------------------------------------------------------------------------


def test_a_group_that_rows_name_is_made_once_before_anybody_is_added() -> None:
    rows = [(wanted("M1"), found()), (wanted("M2"), found())]
    first, *others = decided(rows, groups=("network",)).changes
    assert (first.action, first.entity, first.key) == (Action.CREATE, "Group", COR)
    assert {part.field: part.after for part in first.fields} == {"title": "Chapter of somewhere", "parents": "network"}
    assert "Group" not in {one.entity for one in others}
