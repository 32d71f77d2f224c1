"""What staff decide is read once and handed to the flow that it concerns; what concerns none is said to be void."""

from dataclasses import dataclass, field
from typing import Any

import pytest
import responses

from connector.desk.activities import DECISION, DONE, VOID, Decision
from connector.desk.deciding import Answered, Answering, Deciding, done
from connector.desk.problems import DISMISSED, OPEN, PROBLEM, SOLVED, Problem
from connector.errors import ConnectorError, TransientError, UserError
from tests.doors.civicrm import API4, answer, client, sent

ROSTER, ALERT, MEETING = "Solidarity_Roster", "Solidarity_Alert", "Meeting"


def decided(id_: int, about: Any, form: str = "Decide", verdict: str = "apply") -> dict[str, Any]:
    """The submission of a form."""
    fields = {f"{DECISION}.About": about, f"{DECISION}.Verdict": verdict}
    data = {"Activity1": [{"id": id_, "fields": fields}]}
    return {"afform_name": f"afformSolidarity{form}", "contact_id": 3, "data": data}


@dataclass
class Desk:
    """A CiviCRM with these submissions of forms, and activities of these types by their numbers."""

    site: responses.RequestsMock
    submissions: list[dict[str, Any]] = field(default_factory=list)
    types: dict[int, str] = field(default_factory=dict)
    seen: list[Decision] = field(default_factory=list)

    def step(self, **handlers: Any) -> int:
        """One step with these handlers, by type."""
        made = [one["data"]["Activity1"][0]["id"] for one in self.submissions]
        new = [{"id": id_, "created_date": "2026-10-01 10:00:00"} for id_ in made]
        answer(self.site, {"values": new}, url=f"{API4}/Activity/get")
        answer(self.site, {"values": self.submissions}, url=f"{API4}/AfformSubmission/get")
        there = [{"id": id_, "activity_type_id:name": name} for id_, name in self.types.items()]
        answer(self.site, {"values": there}, url=f"{API4}/Activity/get")
        answer(self.site, {"values": [{"id": 1}]}, url=f"{API4}/Activity/update")
        return Deciding(client(), handlers).step()

    def takes(self, decision: Decision) -> int:
        """A handler that has time for everything."""
        self.seen.append(decision)
        return 1

    def closed(self) -> dict[int, tuple[str, str]]:
        """Decision → its state and what was said of it."""
        updates = [sent(call.request) for call in self.site.calls if str(call.request.url).endswith("Activity/update")]
        return {
            one["where"][0][2]: (one["values"][f"{DECISION}.State"], one["values"]["subject"])
            for one in updates
            if f"{DECISION}.State" in one["values"]
        }


@pytest.fixture
def desk(site: responses.RequestsMock) -> Desk:
    return Desk(site)


def test_nothing_decided_is_one_request(desk: Desk) -> None:
    assert desk.step(Solidarity_Roster=desk.takes) == 0
    assert len(desk.site.calls) == 1


def test_each_goes_to_the_flow_that_it_concerns_and_all_are_looked_up_at_once(desk: Desk) -> None:
    desk.submissions = [decided(10, 1), decided(11, 2, "DecideAlert"), decided(12, 1)]
    desk.types = {1: ROSTER, 2: ALERT}
    alerts: list[Decision] = []
    assert desk.step(Solidarity_Roster=desk.takes, Solidarity_Alert=lambda one: alerts.append(one) or 1) == 3
    assert [one.id for one in desk.seen] == [10, 12]  # in the order in which they were made
    assert [(one.id, one.about, one.by) for one in alerts] == [(11, 2, 3)]
    assert len(desk.site.calls) == 3
    where = sent(desk.site.calls[2].request)["where"]
    assert where == [["id", "IN", [1, 2]], ["is_deleted", "=", False]]


@pytest.mark.parametrize(
    ("form", "about", "type_", "told"),
    [
        ("Decide", 7, "", "There is no roster 7."),
        ("Answer", 7, MEETING, "There is no problem 7."),
        ("DecideAlert", 7, ALERT, "There is no alert 7."),  # nobody registered for alerts
        ("Decide", "seven", "", "There is no roster 0."),
    ],
)
def test_what_concerns_no_flow_is_void(desk: Desk, form: str, about: Any, type_: str, told: str) -> None:
    desk.submissions = [decided(10, about, form)]
    desk.types = {7: type_} if type_ else {}
    assert desk.step(Solidarity_Roster=desk.takes) == 1
    assert desk.closed() == {10: (VOID, told)}
    assert desk.seen == []


def test_what_waits_holds_up_later_ones_about_the_same_thing_only(desk: Desk) -> None:
    desk.submissions = [decided(10, 1), decided(11, 1, verdict="refuse"), decided(12, 2)]
    desk.types = {1: ROSTER, 2: ROSTER}
    seen: list[int] = []

    def takes(decision: Decision) -> int:
        seen.append(decision.id)
        return 0 if decision.about == 1 else 1

    assert desk.step(Solidarity_Roster=takes) == 1
    assert seen == [10, 12]
    assert desk.closed() == {}


def test_trouble_of_one_flow_keeps_no_other_from_its_turn(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.submissions = [decided(10, 1), decided(11, 1), decided(12, 2), decided(13, 3)]
    desk.types = {1: PROBLEM, 2: ROSTER, 3: PROBLEM}
    errors: dict[int, ConnectorError] = {
        1: TransientError("Stripe is away.", next_step="wait."),
        3: UserError("Twice.", next_step="choose."),
    }

    def fails(decision: Decision) -> int:
        raise errors[decision.about]

    with pytest.raises(TransientError, match="Stripe is away"):
        desk.step(Solidarity_Roster=desk.takes, Solidarity_Problem=fails)
    assert [one.id for one in desk.seen] == [12]
    assert "Twice. Next: choose." in caplog.text


def test_what_is_said_fits_into_a_subject(desk: Desk) -> None:
    desk.submissions, desk.types = [decided(10, 1)], {1: ROSTER}
    desk.step(Solidarity_Roster=lambda one: done(client(), one, "x" * 300))
    assert desk.closed() == {10: (DONE, f"{'x' * 249}…")}


# --- problems ---------------------------------------------------------------------------------------------------------


def answers(desk: Desk, key: str, *, state: str = OPEN, decision: int = 0, ends: str = SOLVED) -> list[str]:
    """Whose answer to a problem with this key is carried out: `fund`, `rest`, or nobody's."""
    asked: list[str] = []

    def whose(name: str) -> Any:
        def carry_out(problem: Problem, _decision: Decision) -> Answered:
            asked.append(f"{name} {problem.key}")
            return Answered("As you say.", ends)

        return carry_out

    row = {"id": 7, "subject": "What", "target_contact_id": None}
    row |= {f"{PROBLEM}.Key": key, f"{PROBLEM}.State": state, f"{PROBLEM}.Decision": decision, f"{PROBLEM}.Asked": None}
    answer(desk.site, {"values": [row]}, url=f"{API4}/Activity/get")
    answer(desk.site, {"values": [{"id": 1}]}, url=f"{API4}/Activity/update")
    found = Answering(client(), {"stripe": whose("fund")}, rest=whose("rest"))
    assert found.decide(Decision(10, 3, 7, "", "roster", None)) == 1
    return asked


@pytest.mark.parametrize(("key", "whose"), [("stripe:pi_1:edited", "fund"), ("my_members:M1:email", "rest")])
def test_a_problem_is_answered_by_whose_it_is(desk: Desk, key: str, whose: str) -> None:
    assert answers(desk, key) == [f"{whose} {key}"]
    assert desk.closed() == {10: (DONE, "As you say.")}


def test_a_problem_is_closed_as_answered_and_by_which_decision(desk: Desk) -> None:
    answers(desk, "stripe:pi_1:edited", ends=DISMISSED)
    values = sent(desk.site.calls[1].request)["values"]
    assert (values[f"{PROBLEM}.State"], values[f"{PROBLEM}.Decision"]) == (DISMISSED, 10)


def test_an_answer_that_has_to_wait_closes_nothing(desk: Desk) -> None:
    row = {"id": 7, "subject": "What", f"{PROBLEM}.Key": "members:M1", f"{PROBLEM}.State": OPEN}
    row |= {f"{PROBLEM}.Decision": None, f"{PROBLEM}.Asked": None}
    answer(desk.site, {"values": [row]}, url=f"{API4}/Activity/get")
    waits = Answering(client(), {}, rest=lambda problem, decision: None)
    assert waits.decide(Decision(10, 3, 7, "", "roster", None)) == 0
    assert len(desk.site.calls) == 1


@pytest.mark.parametrize(
    ("state", "decision", "ends", "told"),
    [
        (SOLVED, 0, SOLVED, (VOID, "Problem 7 is closed already.")),
        (SOLVED, 10, SOLVED, (DONE, "Carried out.")),
        (OPEN, 0, OPEN, (VOID, "As you say.")),
    ],
    ids=["closed before", "ended before it could say so", "no answer to it"],
)
def test_an_answer_that_cannot_be_carried_out(
    desk: Desk, state: str, decision: int, ends: str, told: tuple[str, str]
) -> None:
    asked = answers(desk, "stripe:pi_1:edited", state=state, decision=decision, ends=ends)
    assert bool(asked) == (state == OPEN)
    assert desk.closed() == {10: told}
    assert len([call for call in desk.site.calls if str(call.request.url).endswith("update")]) == 1
