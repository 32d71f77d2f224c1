"""What a roster asks a person becomes a connector problem; it is answered inside CiviCRM, or closes by itself."""

import pytest

from tests.flows.conftest import Connector, RosterFile, Site, member
from tests.flows.staff import Staff

EMAIL = "email_primary.email"


@pytest.fixture
def staff(ready: Site, connector: Connector) -> Staff:
    return Staff(ready, connector)


@pytest.fixture
def asked(staff: Staff, roster: RosterFile) -> int:
    """Roster and CiviCRM both changed the e-mail of M00001; the number of the problem."""
    people = [member(n) for n in range(1, 7)]
    staff.connector.run("apply", "members", roster.write(*people), "--yes", "--force", "first-run")
    where = [["contact_id.external_identifier", "=", "M00001"]]
    staff.site.api("Email", "update", where=where, values={"email": "staff@example.org"})
    people[0] = member(1, Email="roster@example.org")
    staff.hand_in(roster.write(*people))
    staff.works()
    (number,) = staff.problems()
    return number


def email(staff: Staff) -> str:
    return str(staff.site.person("M00001", EMAIL)[EMAIL])


def test_a_conflict_is_one_problem_that_says_what_to_do(staff: Staff, asked: int, roster: RosterFile) -> None:
    assert staff.problems() == {
        asked: f"Row M00001 of the roster of members: {EMAIL}: roster and CiviCRM differ; say which one is right"
    }
    select = ["details", "assignee_contact_id", "target_contact_id"]
    (row,) = staff.site.api("Activity", "get", select=select, where=[["id", "=", asked]])
    assert "Next: decide here" in row["details"]
    assert "example.org" not in row["details"]  # the values stand in the contact
    assert row["target_contact_id"] == [staff.site.person("M00001")["id"]]
    (handed_in,) = staff.site.api(
        "Activity", "get", select=["source_contact_id"], where=[["activity_type_id:name", "=", "Solidarity_Roster"]]
    )
    assert row["assignee_contact_id"] == [handed_in["source_contact_id"]]
    staff.hand_in(roster.path)
    staff.works()
    assert list(staff.problems()) == [asked]  # asked once, however often the roster is handed in


def test_taking_the_rosters_value_writes_it_and_nobody_is_asked_again(
    staff: Staff, asked: int, roster: RosterFile
) -> None:
    decision = staff.answer(asked, "roster")
    staff.works()
    assert staff.decision(decision) == ("done", "The roster's value was written.")
    assert email(staff) == "roster@example.org"
    assert staff.problems() == {}
    select, where = ["subject", "target_contact_id", "details"], [["activity_type_id:name", "=", "Solidarity_Written"]]
    (told,) = staff.site.api("Activity", "get", select=select, where=where)
    assert told["subject"] == f"Changed in CiviCRM: {EMAIL}"
    assert told["target_contact_id"] == [staff.site.person("M00001")["id"]]
    assert f"From members, problem {asked}." in told["details"]
    assert "Nothing to do" in staff.connector.run("plan", "members", roster.path)


def test_keeping_civicrms_value_settles_it_too(staff: Staff, asked: int, roster: RosterFile) -> None:
    decision = staff.answer(asked, "civicrm")
    staff.works()
    assert staff.decision(decision) == ("done", "CiviCRM's value stays.")
    assert email(staff) == "staff@example.org"
    told = staff.connector.json("plan", "members", roster.path)
    assert told["counts"] == {"keep CiviCRM's": 1}


def test_a_value_that_changed_meanwhile_is_not_overwritten(staff: Staff, asked: int) -> None:
    where = [["contact_id.external_identifier", "=", "M00001"]]
    staff.site.api("Email", "update", where=where, values={"email": "newer@example.org"})
    decision = staff.answer(asked, "roster")
    staff.works()
    assert staff.decision(decision) == ("done", "CiviCRM's value changed meanwhile; nothing was written.")
    assert email(staff) == "newer@example.org"


def test_a_problem_closes_by_itself_when_the_roster_is_corrected(staff: Staff, asked: int, roster: RosterFile) -> None:
    staff.hand_in(roster.write(member(1, Email="staff@example.org"), *(member(n) for n in range(2, 7))))
    staff.works()
    assert staff.problems() == {}


def test_a_problem_of_another_chapter_stays_open(staff: Staff, asked: int, roster: RosterFile) -> None:
    staff.hand_in(roster.write(member(9, Chapter_Code="WIE01")))
    staff.works()
    assert list(staff.problems()) == [asked]


def test_a_dismissed_problem_is_closed_and_its_values_are_forgotten(staff: Staff, asked: int) -> None:
    staff.answer(asked, "dismiss")
    staff.works()
    assert staff.problems() == {}
    (row,) = staff.site.api("Activity", "get", select=["Solidarity_Problem.*"], where=[["id", "=", asked]])
    assert (row["Solidarity_Problem.State"], row["Solidarity_Problem.Asked"]) == ("dismissed", None)
    assert email(staff) == "staff@example.org"


def test_very_many_questions_are_one_problem(staff: Staff, roster: RosterFile) -> None:
    for number in range(1, 53):
        staff.site.api(
            "Individual",
            "create",
            values={"first_name": "Amina", "last_name": f"Haddad{number}", EMAIL: "x@example.org"},
        )
        staff.site.api(
            "Individual",
            "create",
            values={"first_name": "Amina", "last_name": f"Haddad{number}", EMAIL: "x@example.org"},
        )
    staff.hand_in(roster.write(*(member(n, Email="x@example.org") for n in range(1, 53))))
    staff.works()
    assert list(staff.problems().values()) == ["52 rows of the roster of members ask for a decision."]


def test_what_the_command_line_asks_stands_in_civicrm_too(staff: Staff, roster: RosterFile) -> None:
    people = [member(n) for n in range(1, 4)]
    staff.connector.run("apply", "members", roster.write(*people), "--yes", "--force", "first-run")
    where = [["contact_id.external_identifier", "=", "M00001"]]
    staff.site.api("Email", "update", where=where, values={"email": "staff@example.org"})
    people[0] = member(1, Email="roster@example.org")
    staff.connector.run("plan", "members", roster.write(*people), code=5)
    assert staff.problems() == {}  # a plan writes nothing
    staff.connector.run("apply", "members", roster.path, "--yes", code=5)
    staff.connector.run("apply", "members", roster.path, "--yes", code=5)
    (problem,) = staff.problems()
    staff.answer(problem, "roster")
    staff.works()
    assert email(staff) == "roster@example.org"
    staff.connector.run("apply", "members", roster.path, "--yes")
    assert staff.problems() == {}


def test_a_corrected_roster_closes_what_the_command_line_asked(staff: Staff, asked: int, roster: RosterFile) -> None:
    path = roster.write(member(1, Email="staff@example.org"), *(member(n) for n in range(2, 7)))
    staff.connector.run("apply", "members", path, "--yes")
    assert staff.problems() == {}


def test_where_civicrm_has_no_problems_yet_an_apply_is_done_and_says_so(
    ready: Site, connector: Connector, roster: RosterFile
) -> None:
    """A site that an older version set up."""
    where = [["option_group_id:name", "=", "activity_type"], ["name", "=", "Solidarity_Problem"]]
    ready.api("OptionValue", "delete", where=where)
    row = member(2)
    alike = {"first_name": row["First name"], "last_name": row["Last name"], "email_primary.email": row["Email"]}
    for _ in range(2):  # two who look like member 2, so that the row asks
        ready.api("Individual", "create", values=alike)
    rows = roster.write(member(1), member(2))
    told = connector.run("apply", "members", rows, "--yes", "--force", "first-run", code=5)
    assert "What asks a person stands only here: CiviCRM has no connector problems yet." in told
    assert ready.status("M00001", "chapter_COR06") == "Added"


def test_of_two_answers_the_first_counts(staff: Staff, asked: int) -> None:
    first, second = staff.answer(asked, "civicrm"), staff.answer(asked, "roster")
    staff.works()
    assert staff.decision(first)[0] == "done"
    assert staff.decision(second) == ("void", f"Problem {asked} is closed already.")
    assert email(staff) == "staff@example.org"
