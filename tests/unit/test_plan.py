"""What a plan is to those who run it: exit codes, what counts as shown, and what stops it."""

import hashlib

import pytest

from connector.plan import Action, Brake, Exit, FieldChange, Limits, Plan, brakes, only_shown, worst

from .builders import ANNA, change, decided, found, person, wanted


def hashed(*atom: str) -> bytes:
    return hashlib.sha256("|".join(atom).encode()).digest()


def shown_by(*changes) -> frozenset[bytes]:
    return frozenset(hashed(*atom) for atom in Plan("members", changes).atoms())


# --- exit codes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ((), Exit.DONE),
        ((Exit.DONE, Exit.CHANGES_WAIT), Exit.CHANGES_WAIT),
        ((Exit.CHANGES_WAIT, Exit.PERSON), Exit.PERSON),
        ((Exit.PERSON, Exit.BRAKE), Exit.BRAKE),
        ((Exit.BRAKE, Exit.FAILED, Exit.PERSON), Exit.FAILED),
    ],
)
def test_of_several_exit_codes_the_worst_is_told(codes, expected) -> None:
    assert worst(*codes) is expected


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        ([], Exit.DONE),
        ([Action.KEEP, Action.SKIP, Action.NOTE], Exit.DONE),
        ([Action.UPDATE], Exit.CHANGES_WAIT),
        ([Action.UPDATE, Action.ASK], Exit.PERSON),
        ([Action.CREATE, Action.REFUSE], Exit.PERSON),
    ],
)
def test_a_plan_ends_with_what_it_asks_for(actions, expected) -> None:
    assert Plan("members", tuple(change(action) for action in actions)).exit_code() is expected


def test_a_brake_comes_before_a_persons_decision() -> None:
    stopped = Plan("members", (change(Action.ASK),), brakes=(Brake("creates", "too many"),))
    assert stopped.exit_code() is Exit.BRAKE


def test_a_first_run_only_tells_that_changes_wait() -> None:
    first = Plan("members", (change(Action.CREATE),), brakes=(Brake("first-run", "never applied"),))
    assert first.exit_code() is Exit.CHANGES_WAIT


def test_the_exit_codes_are_the_promised_numbers() -> None:
    assert [code.value for code in Exit] == [0, 1, 2, 3, 4, 5]


def test_counts_name_only_what_happens() -> None:
    plan = Plan("members", (change(Action.UPDATE), change(Action.UPDATE, "M2"), change(Action.ASK, "M3")))
    assert plan.counts() == {"update": 2, "ask": 1}


# --- only what was shown ---------------------------------------------------------------------------------------------


def test_what_was_shown_may_be_done() -> None:
    update, told = change(Action.UPDATE), change(Action.NOTE, "M2")
    assert only_shown([update, told], shown_by(update), hashed) == ([update], [])


def test_a_row_of_which_a_part_was_not_shown_is_left_out_whole() -> None:
    city, name = FieldChange("city", "Cork", "Leeds"), FieldChange("last_name", "Haddad", "Byrne")
    before, now = change(Action.UPDATE, "M1", city), change(Action.UPDATE, "M1", city, name)
    joined = change(Action.ADD, "M1", FieldChange("group:x", None, "Added"), entity="GroupContact")
    other = change(Action.UPDATE, "M2")
    allowed, left_out = only_shown([now, joined, other], shown_by(before, joined, other), hashed)
    assert allowed == [other]
    assert left_out == [now, joined]


def test_a_field_that_moved_in_civicrm_since_then_was_not_shown() -> None:
    seen = change(Action.UPDATE, "M1", FieldChange("city", "Cork", "Leeds"))
    moved = change(Action.UPDATE, "M1", FieldChange("city", "Ghent", "Leeds"))
    assert only_shown([moved], shown_by(seen), hashed) == ([], [moved])


def test_a_half_done_change_is_still_part_of_what_was_shown() -> None:
    city, name = FieldChange("city", "Cork", "Leeds"), FieldChange("last_name", "Haddad", "Byrne")
    whole, rest = change(Action.UPDATE, "M1", city, name), change(Action.UPDATE, "M1", name)
    assert only_shown([rest], shown_by(whole), hashed) == ([rest], [])


def test_a_half_done_create_is_finished_later_by_the_same_checksum() -> None:
    asked_for = wanted(city="Cork")
    planned = decided([(asked_for, found())]).changes
    # CiviCRM stored the contact, and the rest of the batch was lost
    later = decided([(asked_for, found(person()))]).changes
    assert [one.action for one in later] == [Action.UPDATE, Action.ADD]
    assert only_shown(later, shown_by(*planned), hashed) == (later, [])


def test_a_contact_that_only_looks_alike_counts_as_shown_for_that_contact_alone() -> None:
    row = wanted(city="Cork")
    first = decided([(row, found(person(external_identifier=None), by_key=False))]).changes
    another = decided([(row, found(person(id=8, external_identifier=None), by_key=False))]).changes
    assert only_shown(first, shown_by(*first), hashed) == (first, [])
    assert only_shown(another, shown_by(*first), hashed) == ([], another)


def test_a_shown_create_does_not_allow_writing_to_a_look_alike() -> None:
    row = wanted(city="Cork")
    planned = decided([(row, found())]).changes
    alike = decided([(row, found(person(external_identifier=None), by_key=False))]).changes
    assert only_shown(alike, shown_by(*planned), hashed) == ([], alike)


def test_what_a_plan_tells_without_acting_is_no_part_of_the_checksum() -> None:
    quiet = change(Action.KEEP), change(Action.ASK), change(Action.REFUSE)
    assert Plan("members", quiet).atoms() == set()


# --- brakes ----------------------------------------------------------------------------------------------------------


def stopped_by(action: Action | None = None, count: int = 0, *, rows: int = 100, **more) -> list[str]:
    changes = [change(action, f"M{number}", id=ANNA + number) for number in range(count)] if action else []
    options = {"last_rows": rows, "first_run": False, "limits": Limits()} | more
    return [brake.name for brake in brakes(changes, rows=rows, **options)]


def test_a_usual_change_is_not_stopped() -> None:
    assert stopped_by(Action.UPDATE, 30) == []


@pytest.mark.parametrize(
    ("action", "count", "name"),
    [
        (Action.CREATE, 31, "creates"),
        (Action.UPDATE, 31, "updates"),
        (Action.REMOVE, 6, "removals"),
    ],
)
def test_too_large_a_share_is_stopped(action, count, name) -> None:
    assert stopped_by(action, count - 1) == []
    assert stopped_by(action, count) == [name]


def test_the_limits_are_the_mappings() -> None:
    assert stopped_by(Action.UPDATE, 11, limits=Limits(updates=10)) == ["updates"]
    assert stopped_by(Action.REMOVE, 50, limits=Limits(removals=50)) == []


def test_in_a_small_roster_a_plain_count_is_allowed() -> None:
    assert stopped_by(Action.REMOVE, 5, rows=8) == []
    assert stopped_by(Action.REMOVE, 6, rows=8) == ["removals"]


def test_several_changes_of_one_row_count_once() -> None:
    places = [
        change(Action.REMOVE, "M1", FieldChange(f"group:{n}", "Added", "Removed"), entity="GroupContact")
        for n in range(9)
    ]
    assert brakes(places, rows=8, last_rows=8, first_run=False, limits=Limits()) == ()


@pytest.mark.parametrize("first_run", [True, False])
def test_an_empty_roster_is_stopped_and_nobody_can_pass_it(first_run) -> None:
    (empty,) = brakes([], rows=0, last_rows=100, first_run=first_run, limits=Limits())
    assert empty.name == "empty"
    assert not empty.passable


def test_a_roster_that_lost_half_of_its_rows_is_stopped() -> None:
    assert stopped_by(rows=50, last_rows=100) == ["half-empty"]
    assert stopped_by(rows=51, last_rows=100) == []
    assert stopped_by(rows=50, last_rows=None) == []


def test_a_first_run_is_stopped_for_being_the_first_and_not_for_its_creates() -> None:
    assert stopped_by(Action.CREATE, 100, first_run=True, last_rows=None) == ["first-run"]
    assert stopped_by(Action.REMOVE, 20, first_run=True, last_rows=None) == ["first-run", "removals"]


def test_a_first_run_that_changes_nothing_is_not_stopped() -> None:
    assert stopped_by(first_run=True, last_rows=None) == []


def test_new_groups_are_no_rows() -> None:
    groups = [change(Action.CREATE, f"chapter_{n}", entity="Group") for n in range(50)]
    assert brakes(groups, rows=10, last_rows=10, first_run=False, limits=Limits()) == ()
