"""The decision table of sync, the half about groups: who is added, who is moved, who left and stays away."""

from dataclasses import replace

import pytest

from connector.leavings import back_at, group_field, is_doubtful, left_on, removal_after
from connector.plan import Action, FieldChange
from connector.sync.mapping import KEEP
from connector.sync.rows import OwnGroup

from .builders import ANNA, Remembered, decided, done, found, left, mapping, memory, person, place, wanted

COR, WIE, LARGE = "chapter_COR06", "chapter_WIE01", "members_at_large"
IN_COR = {group_field(COR): "Added"}
at_home = place(COR, "Added")


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


@pytest.mark.parametrize("status", ["Removed", "Pending"])
def test_nobody_is_removed_from_where_they_are_no_more(status) -> None:
    elsewhere = place(WIE, status, removals=(31,), days=("2026-03-01",), method="Email")
    remembered = {**IN_COR, group_field(WIE): "Added"}
    assert decided([(wanted(), found(person(at_home, elsewhere)))], memory(remembered)).changes == []


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


@pytest.mark.parametrize(
    ("removals", "added", "has_left"),
    [
        pytest.param((31,), (), False, id="not yet added again"),
        pytest.param((31,), (9,), False, id="joined, left and came back"),
        pytest.param((31, 33), (9, 32), True, id="was back, and left again"),
    ],
)
def test_who_leaves_again_on_the_day_of_coming_back_has_left(removals, added, has_left) -> None:
    day = "2026-03-01"
    there = [place(COR, "Removed", removals=removals, days=(day,) * len(removals), method="Email")]
    assert is_doubtful(there, day)
    back = back_at(there, [{"id": id_} for id_ in added], day)
    assert (left_on(there, 1, day, Remembered(), back) is not None) == has_left  # type: ignore[arg-type]


def test_the_last_of_several_leavings_counts() -> None:
    twice = person(left(COR, "2026-03-01"), left(WIE, "2026-05-01"), came_back_on="2026-04-01")
    assert left_on(twice.groups.values(), twice.id, "", Remembered()) == "2026-05-01"  # type: ignore[arg-type]


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
    return place(COR, "Removed", removals=removals, days=("2026-03-01",) * len(removals), method=method)


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


def test_a_group_that_two_rows_make_is_made_once_and_before_their_contacts() -> None:
    own = OwnGroup(COR, "Chapter of somewhere", "network")
    rows = [(replace(wanted(key), group=None, own_group=own), found()) for key in ("M1", "M2")]
    first, *others = decided(rows, groups=("network",)).changes
    assert (first.action, first.entity, first.key) == (Action.CREATE, "Group", "M1")
    made = {part.field: part.after for part in first.fields}
    assert made == {"name": COR, "title": "Chapter of somewhere", "parents": "network"}
    assert "Group" not in {one.entity for one in others}


def test_a_row_whose_group_is_missing_is_refused_with_who_makes_it() -> None:
    (change,) = decided([(wanted(), found())], groups=("network",)).changes
    assert (change.action, change.line) == (Action.REFUSE, 2)
    assert f"no group {COR}; apply the roster that makes it first" in change.reason


@pytest.mark.parametrize("group", ["chapter_COR06", "chapter_WIE01"])
def test_a_removed_of_which_no_history_tells_is_respected_too(group: str) -> None:
    (change,) = decided([(wanted(), found(person(place(group, "Removed"))))]).changes
    assert change.action is Action.SKIP
    assert "left on an unknown day" in change.reason


def test_coming_back_does_not_lift_a_leaving_of_an_unknown_day() -> None:
    back = person(place("chapter_COR06", "Removed"), came_back_on="2026-05-01")
    (change,) = decided([(wanted(), found(back))]).changes
    assert change.action is Action.SKIP
