"""Who may send an alert: one rule a test."""

import pytest

from connector.alerts.activities import READY, SENT, Alert, Version
from connector.alerts.approving import Deciders, refused
from connector.alerts.kinds import Kind
from connector.desk.activities import APPROVE, DESPITE, Decision

AUTHOR, OTHER, STRANGER = 4, 5, 6
PLAN = "a" * 20
USUAL = Kind("briefing", most_people=100, most_in_a_week=2, rest_hours=24, close_days=7)
INCIDENT = Kind("incident", most_people=100, most_in_a_week=2, rest_hours=0, close_days=7, alone=True)
OFFICE = Deciders(approvers=frozenset({AUTHOR, OTHER}), on_duty=frozenset(), authors=frozenset({AUTHOR}))


def judged(*, by: int = OTHER, kind: Kind = USUAL, office: Deciders = OFFICE, number: int | None = 40, **how) -> str:
    verdict, state = how.pop("verdict", APPROVE), how.pop("state", READY)
    decision = Decision(9, by, 1, how.pop("seen", PLAN), verdict, number)
    alert = Alert(1, AUTHOR, kind.name, "ras_al_auja", (Version("en", "s", "b", "a"),), (2,), state=state, plan=PLAN)
    given = {"plan": PLAN, "count": 40, "stops": (), "warnings": (), "off_by_percent": 5} | how
    return refused(decision, alert, kind, office, **given)


def test_another_person_with_the_right_number_may() -> None:
    assert judged() == ""


@pytest.mark.parametrize(
    ("number", "may"), [(38, True), (42, True), (37, False), (43, False), (None, False), (0, False)]
)
def test_the_number_is_typed_within_five_percent(number: int | None, may: bool) -> None:
    assert (judged(number=number) == "") is may


def test_whoever_wrote_it_may_not() -> None:
    assert "Whoever wrote an alert cannot approve it" in judged(by=AUTHOR)


def test_who_sent_the_form_is_an_author_whatever_the_activity_says() -> None:
    office = Deciders(OFFICE.approvers, frozenset(), frozenset({AUTHOR, OTHER}))
    assert "Whoever wrote" in judged(office=office)


def test_who_is_not_in_the_group_may_not() -> None:
    assert "not in the group" in judged(by=STRANGER)


def test_on_duty_an_incident_is_sent_alone_and_nothing_else() -> None:
    office = Deciders(frozenset(), frozenset({AUTHOR}), frozenset({AUTHOR}))
    assert judged(by=AUTHOR, kind=INCIDENT, office=office) == ""
    assert "Whoever wrote" in judged(by=AUTHOR, kind=USUAL, office=office)


def test_on_duty_somebody_elses_incident_is_approved_too() -> None:
    office = Deciders(frozenset(), frozenset({OTHER}), frozenset({AUTHOR}))
    assert judged(kind=INCIDENT, office=office) == ""
    assert "not in the group" in judged(kind=USUAL, office=office)


@pytest.mark.parametrize("how", [{"plan": "b" * 20}, {"seen": "b" * 20}, {"seen": ""}])
def test_what_changed_since_the_report_is_read_again(how) -> None:
    assert "changed since the report" in judged(**how)


def test_what_stops_it_nobody_can_pass() -> None:
    assert "without consent" in judged(stops=("without consent",), verdict=DESPITE)


def test_a_warning_is_passed_by_saying_so() -> None:
    assert "The report warns: too often." in judged(warnings=("too often",))
    assert judged(warnings=("too often",), verdict=DESPITE) == ""


def test_nobody_gets_nothing() -> None:
    assert judged(count=0, number=0) == "Nobody would get it."


def test_only_what_is_ready_can_be_approved() -> None:
    assert "only one that is ready" in judged(state=SENT)
