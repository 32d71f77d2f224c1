"""Staff hand in a roster inside CiviCRM, read its plan, decide, and read what came of it. Nobody opens a terminal."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.flows.conftest import CHAPTERS, Connector, RosterFile, Site, member
from tests.flows.staff import Staff


@pytest.fixture
def staff(ready: Site, connector: Connector) -> Staff:
    return Staff(ready, connector)


@pytest.fixture
def sheet(roster: RosterFile) -> Path:
    return roster.write(member(1), member(2), member(3, Email="no address"))


def test_from_the_form_to_the_result(staff: Staff, sheet: Path) -> None:
    id_ = staff.hand_in(sheet)
    staff.works()
    planned = staff.roster(id_)
    assert planned["State"] == "planned"
    assert planned["subject"].startswith("2 new, 2 into groups, 2 related, 1 refused.")
    assert "Email is not an e-mail address" in planned["details"]
    assert "type 2 as the number of rows" in planned["details"]  # the first run of a chapter asks for it

    decision = staff.decide(id_, "apply", number=2)
    staff.works()
    assert staff.decision(decision)[0] == "done"
    done = staff.roster(id_)
    assert (done["State"], done["File"]) == ("applied", None)
    assert done["subject"] == "Done: 2 new, 2 into groups, 2 related."
    assert staff.site.status("M00001", "chapter_COR06") == "Added"

    again = staff.hand_in(sheet)
    staff.works()
    assert staff.roster(again)["State"] == "nothing"
    assert staff.roster(again)["File"] is None


def test_the_whole_plan_hangs_on_the_activity_as_a_file(staff: Staff, sheet: Path) -> None:
    id_ = staff.hand_in(sheet)
    staff.works()
    rows = staff.site.api("File", "get", select=["file_name", "url"], where=[["mime_type", "=", "text/csv"]])
    (plan,) = [row for row in rows if row["file_name"].startswith("plan_")]
    assert plan["file_name"] == f"plan_{staff.roster(id_)['Plan']}.csv"
    assert '"Haddad1"' in staff.read(plan["url"]).decode("utf-8-sig")


def test_each_contact_says_what_was_written_from_which_line_and_by_whom(
    staff: Staff, roster: RosterFile, connector: Connector
) -> None:
    connector.run("apply", "members", roster.write(member(1), member(2)), "--yes", "--force", "first-run")
    id_ = staff.hand_in(roster.write(member(1), member(2, Mobile="+353 87 999 0002"), member(3)))
    staff.works()
    decision = staff.decide(id_, "apply")
    staff.works()
    assert staff.decision(decision)[0] == "done"
    written = staff.site.api(
        "Activity",
        "get",
        select=["subject", "details", "source_contact_id", "target_contact_id"],
        where=[["activity_type_id:name", "=", "Solidarity_Written"]],
    )
    (changed,) = [row for row in written if row["subject"] == "Changed in CiviCRM: phone_primary.phone"]
    second = staff.site.person("M00002")["id"]
    assert changed["target_contact_id"] == [second]
    assert f"From members, roster {id_}." in changed["details"]
    assert "phone_primary.phone: column Mobile; wins: roster" in changed["details"]
    assert f"{second}: 3" in changed["details"]
    assert "999 0002" not in changed["details"]
    (roster_row,) = staff.site.api("Activity", "get", select=["source_contact_id"], where=[["id", "=", id_]])
    assert {row["source_contact_id"] for row in written} == {roster_row["source_contact_id"]}
    new = [row["subject"] for row in written if row["target_contact_id"] == [staff.site.person("M00003")["id"]]]
    assert any(subject.startswith("New in CiviCRM: external_identifier, first_name") for subject in new)


def test_without_the_number_a_first_run_is_stopped_and_can_be_decided_again(staff: Staff, sheet: Path) -> None:
    id_ = staff.hand_in(sheet)
    staff.works()
    decision = staff.decide(id_, "apply", number=20)
    staff.works()
    assert staff.decision(decision)[0] == "void"
    assert staff.roster(id_)["State"] == "stopped"
    assert "type the number of rows that change: 2" in staff.roster(id_)["subject"]
    assert staff.site.status("M00001", "chapter_COR06") is None

    staff.decide(id_, "apply", number=2)
    staff.works()
    assert staff.roster(id_)["State"] == "applied"


def test_a_refused_roster_changes_nothing_and_its_file_goes(staff: Staff, sheet: Path) -> None:
    id_ = staff.hand_in(sheet)
    staff.works()
    staff.decide(id_, "refuse")
    staff.works()
    assert (staff.roster(id_)["State"], staff.roster(id_)["File"]) == ("refused", None)
    assert staff.site.status("M00001", "chapter_COR06") is None


def test_an_old_plan_is_not_applied(staff: Staff, sheet: Path) -> None:
    id_ = staff.hand_in(sheet)
    staff.works()
    decision = staff.decide(id_, "apply", number=2, plan="0123456789ab")
    staff.works()
    state, why = staff.decision(decision)
    assert state == "void"
    assert "older plan" in why
    assert staff.roster(id_)["State"] == "planned"


def test_of_two_decisions_at_once_the_first_counts(staff: Staff, sheet: Path) -> None:
    id_ = staff.hand_in(sheet)
    staff.works()
    first, second = staff.decide(id_, "refuse"), staff.decide(id_, "apply", number=2)
    staff.works()
    assert staff.decision(first)[0] == "done"
    assert staff.decision(second) == ("void", f"Roster {id_} was decided about already.")
    assert staff.site.status("M00001", "chapter_COR06") is None


def test_what_changed_since_the_plan_is_left_out_and_listed(
    staff: Staff, roster: RosterFile, connector: Connector
) -> None:
    path = roster.write(member(1), member(2))
    connector.run("apply", "members", path, "--yes", "--force", "first-run")
    id_ = staff.hand_in(roster.write(member(1, Mobile="+353 87 999 0001"), member(2, Mobile="+353 87 999 0002")))
    staff.works()
    where = [["contact_id.external_identifier", "=", "M00001"]]
    staff.site.api("Phone", "update", where=where, values={"phone": "+1 555 1"})
    staff.decide(id_, "apply")
    staff.works()
    assert "1 rows changed in CiviCRM since the plan" in staff.roster(id_)["subject"]
    phones = {
        name: staff.site.person(name, "phone_primary.phone")["phone_primary.phone"] for name in ("M00001", "M00002")
    }
    assert phones == {"M00001": "+1 555 1", "M00002": "+353 87 999 0002"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"%PDF-1.7", "a PDF, not a CSV file or a workbook"),
        (b"Name,Mail\nA,a@example.org\n", "there is no column"),
        (b"\n", "is empty"),
    ],
    ids=["another type", "other headings", "empty"],
)
def test_a_file_that_cannot_be_used_is_told_where_it_was_handed_in(
    staff: Staff, tmp_path: Path, content: bytes, told: str
) -> None:
    path = tmp_path / "members.csv"
    path.write_bytes(content)
    id_ = staff.hand_in(path)
    staff.works()
    found = staff.roster(id_)
    assert found["State"] == "unusable"
    assert told in found["details"]
    assert "Next:" in found["details"]


def test_a_file_that_never_comes_is_told_after_a_while(
    staff: Staff, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "members.csv"
    path.write_bytes(b"x" * 50_000_000)  # CiviCRM's own PHP refuses it after the form was taken
    id_ = staff.hand_in(path, comes=False)
    staff.works()
    assert staff.roster(id_)["State"] == "handed_in"  # it could still be on its way

    monkeypatch.setattr("connector.sync.handed_in.WAIT_FOR_FILE", timedelta(0))  # the worker is a fork of this process
    staff.works()
    assert staff.roster(id_)["State"] == "unusable"
    assert "upload_max_filesize" in staff.roster(id_)["details"]


def test_staff_delete_the_activity_before_its_decision_is_carried_out(staff: Staff, sheet: Path) -> None:
    id_ = staff.hand_in(sheet)
    staff.works()
    decision = staff.decide(id_, "apply", number=2)
    staff.site.api("Activity", "delete", where=[["id", "=", id_]])
    staff.works()
    assert staff.decision(decision) == ("void", f"There is no roster {id_}.")
    assert staff.site.status("M00001", "chapter_COR06") is None


def test_nobody_decides_in_anothers_name(staff: Staff, sheet: Path) -> None:
    id_ = staff.hand_in(sheet, source_contact_id=1)
    (row,) = staff.site.api("Activity", "get", select=["source_contact_id"], where=[["id", "=", id_]])
    who = staff.site.api("Contact", "get", select=["display_name"], where=[["id", "=", row["source_contact_id"]]])
    assert who[0]["display_name"] == "Sandbox Staff"


def test_a_decision_that_no_form_made_is_none(staff: Staff, sheet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may edit activities could otherwise decide in anybody's name, or change what somebody decided."""
    id_ = staff.hand_in(sheet)
    staff.works()
    fields = {"About": id_, "Plan": staff.roster(id_)["Plan"], "Verdict": "apply", "Number_Of_Rows": 2}
    values = {"activity_type_id:name": "Solidarity_Decision", "source_contact_id": 2}
    values |= {f"Solidarity_Decision.{name}": value for name, value in fields.items()}
    (forged,) = staff.site.api("Activity", "create", values=values)
    staff.works()
    assert staff.roster(id_)["State"] == "planned"
    monkeypatch.setattr("connector.desk.activities.WAIT_FOR_SUBMISSION", timedelta(seconds=-5))
    staff.works()
    assert staff.decision(forged["id"])[0] == "void"
    assert staff.site.status("M00001", "chapter_COR06") is None

    refused = staff.decide(id_, "refuse")
    where = [["id", "=", refused]]
    staff.site.api("Activity", "update", where=where, values={"Solidarity_Decision.Verdict": "apply"})
    monkeypatch.undo()
    staff.works()
    assert staff.roster(id_)["State"] == "refused"


def test_chapters_are_handed_in_in_the_same_way(bare: Site, connector: Connector) -> None:
    staff = Staff(bare, connector)
    id_ = staff.hand_in(CHAPTERS, kind="chapters")
    staff.works()
    staff.decide(id_, "apply", number=8)
    staff.works()
    assert staff.roster(id_)["State"] == "applied"
    assert len(bare.api("Group", "get", select=["id"], where=[["name", "LIKE", "chapter_%"]])) == 8


def test_while_civicrm_is_away_everything_waits(staff: Staff, sheet: Path) -> None:
    id_ = staff.hand_in(sheet)
    staff.site.faults(*[{"kind": "html500"}] * 12)
    staff.works()
    staff.site.faults()
    staff.works()
    assert staff.roster(id_)["State"] == "planned"
