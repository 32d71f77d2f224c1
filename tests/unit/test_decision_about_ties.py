"""The decision about relationships: begun by a roster, ended by it, and left alone where people ended them."""

from dataclasses import replace

import pytest

from connector.plan import Action
from connector.sync.rows import RelationTo
from connector.sync.ties import ACTIVE, ENDED, Tie, decide_ties, new_ties, parts, tie_field

from .builders import ANNA, decided as whole_decision, found, memory, wanted

CORK, WIEN = 50, 60
TARGETS = {"cor06": CORK, "wie01": WIEN}
IN_CORK = tie_field("Chapter_Member", CORK)


def row(code: str = "COR06", kind: str = "Chapter_Member"):
    return replace(wanted(), relationships=(RelationTo(kind, code),))


def decided(there: list[Tie], remembered: dict[str, str], code: str = "COR06", kind: str = "Chapter_Member"):
    agreed: list = []
    changes = decide_ties(row(code, kind), ANNA, "M1", there, TARGETS, memory(remembered), agreed)
    return [(one.action, one.fields[0].field if one.fields else "") for one in changes], agreed


def tie(kind: str = "Chapter_Member", other: int = CORK, is_active: bool = True) -> Tie:
    return Tie(7, kind, other, is_active)


def test_a_relationship_that_is_missing_is_begun() -> None:
    assert decided([], {}) == ([(Action.RELATE, IN_CORK)], [])


def test_one_that_is_there_is_remembered() -> None:
    assert decided([tie()], {}) == ([], [(ANNA, IN_CORK, ACTIVE)])


@pytest.mark.parametrize("there", [[], [tie(is_active=False)]], ids=["deleted", "ended"])
def test_what_staff_ended_or_deleted_stays_so(there: list[Tie]) -> None:
    assert decided(there, {IN_CORK: ACTIVE}) == ([(Action.SKIP, "")], [])


def test_one_that_was_ended_before_the_connector_knew_it_stays_ended() -> None:
    assert decided([tie(is_active=False)], {}) == ([(Action.SKIP, "")], [])


def test_what_a_roster_ended_is_begun_again() -> None:
    assert decided([tie(is_active=False)], {IN_CORK: ENDED}) == ([(Action.RELATE, IN_CORK)], [])


def test_a_move_begins_the_new_and_ends_the_old() -> None:
    changes, _ = decided([tie()], {IN_CORK: ACTIVE}, code="WIE01")
    assert changes == [(Action.RELATE, tie_field("Chapter_Member", WIEN)), (Action.END, IN_CORK)]


def test_a_relationship_that_staff_made_is_never_ended() -> None:
    changes, _ = decided([tie()], {}, code="WIE01")
    assert changes == [(Action.RELATE, tie_field("Chapter_Member", WIEN))]


def test_of_two_equal_ones_the_active_counts() -> None:
    assert decided([tie(is_active=True), tie(is_active=False)], {IN_CORK: ACTIVE})[0] == []


def test_a_new_contact_is_related_to_what_its_row_names() -> None:
    assert [one.fields[0].field for one in new_ties(row(), TARGETS)] == [IN_CORK]


def test_a_row_that_names_a_contact_which_is_not_there_is_refused() -> None:
    (change,) = whole_decision([(row("NOPE99"), found())]).changes
    assert change.action is Action.REFUSE
    assert "no contact with the external identifier NOPE99; apply its own roster first" in change.reason


def test_the_name_of_a_remembered_relationship_can_be_read_back() -> None:
    assert parts(IN_CORK) == ("Chapter_Member", CORK)
