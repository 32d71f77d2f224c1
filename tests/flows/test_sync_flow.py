"""The life of a roster: first sync, staff at work, people who leave, people who move. Over HTTP, as processes."""

from datetime import date
from pathlib import Path

import openpyxl

from connector import clock
from tests.flows.conftest import CHAPTERS, MEMBERS, Connector, RosterFile, Site, member

FIRST = ("--yes", "--force", "first-run")


def test_a_roster_becomes_people_in_groups_and_then_there_is_nothing_to_do(ready: Site, connector: Connector) -> None:
    connector.run("apply", "members", MEMBERS, *FIRST)

    person = ready.person("M01-00003", "first_name", "email_primary.email", "preferred_language")
    assert person["first_name"] == "Nguyễn"
    assert person["preferred_language"] == "en_US"
    assert ready.status("M01-00003", "chapter_COR06") == "Added"
    assert ready.status("M01-00009", "members_at_large") == "Added"  # a row without a chapter
    assert "Nothing to do" in connector.run("plan", "members", MEMBERS, code=0)


def test_set_up_twice_makes_nothing_twice_and_leaves_the_titles_to_the_staff(ready: Site, connector: Connector) -> None:
    ready.api("Group", "update", where=[["name", "=", "members_at_large"]], values={"title": "Friends everywhere"})
    before = ready.state()
    assert "Nothing to do" in connector.run("setup", "plan")
    connector.run("setup", "apply")
    assert ready.state() == before


def test_what_staff_changed_between_two_runs_survives(ready: Site, connector: Connector, roster: RosterFile) -> None:
    path = roster.write(*(member(n) for n in range(1, 11)))
    connector.run("apply", "members", path, *FIRST)

    ready.api("Contact", "update", where=[["external_identifier", "=", "M00001"]], values={"first_name": "Aminah"})
    ready.api(
        "Phone", "update", where=[["contact_id.external_identifier", "=", "M00002"]], values={"phone": "+1 555 1"}
    )
    ready.set_status("M00003", "chapter_COR06", "Removed")
    ready.api("Contact", "update", where=[["external_identifier", "=", "M00004"]], values={"is_opt_out": True})
    seen = ready.state()

    found = connector.json("plan", "members", path)
    assert found["counts"] == {"keep CiviCRM's": 2, "respect": 1}
    connector.run("apply", "members", path, "--yes")
    assert ready.state() == seen


def test_who_left_one_group_is_added_to_no_other(ready: Site, connector: Connector, roster: RosterFile) -> None:
    connector.run("apply", "members", roster.write(member(1), member(2)), *FIRST)
    ready.set_status("M00001", "chapter_COR06", "Removed")

    moved = roster.write(member(1, Chapter_Code="WIE01"), member(2))
    told = connector.run("apply", "members", moved, *FIRST)
    assert "left on 20" in told
    assert ready.status("M00001", "chapter_WIE01") is None
    assert ready.status("M00001", "chapter_COR06") == "Removed"


def test_who_comes_back_is_added_again_once_staff_enter_the_day(
    ready: Site, connector: Connector, roster: RosterFile
) -> None:
    path = roster.write(member(1))
    connector.run("apply", "members", path, *FIRST)
    ready.set_status("M00001", "chapter_COR06", "Removed")
    assert connector.json("plan", "members", path)["counts"] == {"respect": 1}

    values = {"Solidarity_Member.Came_Back_On": "2099-01-01"}
    ready.api("Contact", "update", where=[["external_identifier", "=", "M00001"]], values=values)
    connector.run("apply", "members", path, "--yes")
    assert ready.status("M00001", "chapter_COR06") == "Added"


def test_who_comes_back_and_leaves_again_on_the_same_day_stays_away(
    ready: Site, connector: Connector, roster: RosterFile
) -> None:
    path = roster.write(member(1))
    connector.run("apply", "members", path, *FIRST)
    ready.set_status("M00001", "chapter_COR06", "Removed")
    today = clock.now().date().isoformat()
    values = {"Solidarity_Member.Came_Back_On": today}
    ready.api("Contact", "update", where=[["external_identifier", "=", "M00001"]], values=values)
    connector.run("apply", "members", path, "--yes")
    assert ready.status("M00001", "chapter_COR06") == "Added"
    ready.set_status("M00001", "chapter_COR06", "Removed")
    assert f"left on {today}" in connector.run("apply", "members", path, "--yes")
    assert ready.status("M00001", "chapter_COR06") == "Removed"


def test_a_move_takes_a_person_from_one_chapter_to_the_next_and_back(
    ready: Site, connector: Connector, roster: RosterFile
) -> None:
    scope = ("--scope", "COR06,WIE01")
    connector.run("apply", "members", roster.write(member(1)), *FIRST, *scope)
    connector.run("apply", "members", roster.write(member(1, Chapter_Code="WIE01")), *FIRST, *scope)
    assert ready.status("M00001", "chapter_COR06") == "Removed"
    assert ready.status("M00001", "chapter_WIE01") == "Added"

    connector.run("apply", "members", roster.write(member(1)), *FIRST, *scope)
    assert ready.status("M00001", "chapter_COR06") == "Added"  # our own removal is nobody's will
    assert ready.status("M00001", "chapter_WIE01") == "Removed"
    assert "Nothing to do" in connector.run("plan", "members", roster.path, *scope)


def test_a_row_that_is_gone_leaves_the_group_but_never_the_contact(
    ready: Site, connector: Connector, roster: RosterFile
) -> None:
    connector.run("apply", "members", roster.write(*(member(n) for n in range(1, 6))), *FIRST)
    connector.run("apply", "members", roster.write(*(member(n) for n in range(2, 6))), "--yes")
    assert ready.status("M00001", "chapter_COR06") == "Removed"
    assert ready.person("M00001")["is_deleted"] is False


def test_an_apply_does_only_what_was_shown(ready: Site, connector: Connector, roster: RosterFile) -> None:
    path = roster.write(member(1), member(2), member(3))
    checksum = connector.json("plan", "members", path, code=3)["checksum"]
    # meanwhile somebody enters one of them by hand, and the coordinator adds another row
    ready.api(
        "Individual",
        "create",
        values={"first_name": "A", "last_name": "Haddad2", "email_primary.email": "m2@example.org"},
    )
    roster.write(member(1), member(2), member(3), member(4))

    result = connector.json("apply", "members", path, "--plan", checksum, "--force", "first-run", code=3)
    assert sorted({change["key"] for change in result["left_out"]}) == ["M00002", "M00004"]
    assert ready.person("M00001")["id"]
    assert ready.api("Contact", "get", select=["row_count"], where=[["external_identifier", "=", "M00004"]]) == []


def test_a_conflict_is_asked_and_two_hits_are_never_guessed(
    ready: Site, connector: Connector, roster: RosterFile
) -> None:
    for first in ("Noor", "Nour"):
        values = {"first_name": first, "last_name": "Haddad1", "email_primary.email": "m1@example.org"}
        ready.api("Individual", "create", values=values)
    found = connector.json("plan", "members", roster.write(member(1)), code=5)
    assert "more than one contact fits" in found["changes"][-1]["reason"]
    connector.run("apply", "members", roster.path, *FIRST, code=5)
    assert ready.api("Contact", "get", select=["id"], where=[["external_identifier", "=", "M00001"]]) == []


def test_nobody_is_written_to_in_the_trash(ready: Site, connector: Connector, roster: RosterFile) -> None:
    path = roster.write(member(1))
    connector.run("apply", "members", path, *FIRST)
    ready.api("Contact", "update", where=[["external_identifier", "=", "M00001"]], values={"is_deleted": True})
    seen = ready.state()
    roster.write(member(1, First_name="Changed"))
    assert "in the trash" in connector.run("apply", "members", path, "--yes", code=5)
    assert ready.state() | {"Activity": []} == seen  # but that a person is asked


def test_a_merged_contact_is_followed_to_the_survivor(ready: Site, connector: Connector, roster: RosterFile) -> None:
    path = roster.write(member(1))
    connector.run("apply", "members", path, *FIRST)
    (twin,) = ready.api("Individual", "create", values={"first_name": "Amina", "last_name": "Haddad1"})
    loser = ready.person("M00001")["id"]
    ready.api("Contact", "mergeDuplicates", contactId=twin["id"], duplicateId=loser, mode="aggressive")

    connector.run("apply", "members", path, "--yes", code=None)
    roster.write(member(1, Mobile="+353 87 999 9999"))
    connector.run("apply", "members", path, "--yes")
    phones = ready.api("Phone", "get", select=["phone"], where=[["contact_id", "=", twin["id"]]])
    assert "+353 87 999 9999" in [row["phone"] for row in phones]


def test_two_thousand_members_need_few_requests(ready: Site, connector: Connector, roster: RosterFile) -> None:
    codes = [line.partition(",")[0] for line in CHAPTERS.read_text(encoding="utf-8").splitlines()[1:]]
    path = roster.write(*(member(n, Chapter_Code=codes[n % len(codes)]) for n in range(1, 2001)))
    before = ready.requests_so_far()
    connector.run("apply", "members", path, *FIRST)
    assert ready.requests_so_far() - before <= 0.02 * 2000

    before = ready.requests_so_far()
    connector.run("plan", "members", path)
    assert ready.requests_so_far() - before <= 3


def test_the_first_run_takes_twenty_then_a_person(ready: Site, connector: Connector, roster: RosterFile) -> None:
    path = roster.write(*(member(n) for n in range(1, 31)))
    told = connector.run("apply", "members", path, "--yes", code=4)
    assert "--limit 20" in told
    assert ready.api("Contact", "get", select=["id"], where=[["external_identifier", "LIKE", "M0%"]]) == []

    connector.run("apply", "members", path, "--yes", "--limit", "20")
    assert len(ready.api("Contact", "get", select=["id"], where=[["external_identifier", "LIKE", "M0%"]])) == 20
    connector.run("apply", "members", path, "--yes", code=4)  # nobody at a terminal to type the number
    connector.run("apply", "members", path, *FIRST)
    assert len(ready.api("Contact", "get", select=["id"], where=[["external_identifier", "LIKE", "M0%"]])) == 30


def test_the_database_names_nobody(ready: Site, connector: Connector, roster: RosterFile, tmp_path: Path) -> None:
    connector.run("plan", "members", roster.write(member(1)), code=3)
    connector.run("apply", "members", roster.path, *FIRST)
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("solidarity.sqlite3*"))
    for secret in (b"Amina", b"Haddad1", b"m1@example.org", b"M00001", b"555 0001"):
        assert secret not in stored
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.glob("solidarity.sqlite3*"))


def test_a_workbook_is_a_roster_too_and_what_was_done_to_read_it_is_told(
    ready: Site, connector: Connector, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    assert book.active
    book.active.append(["Members of Cork, as of today"])
    headings = RosterFile.HEADINGS.split(",")
    for row in ({name: name for name in headings}, member(1, Joined=""), member(2)):
        book.active.append([row.get(name) for name in headings])
    book.active["M3"] = date(2026, 1, 31)
    path = tmp_path / "members.xlsx"
    book.save(path)
    told = connector.run("apply", "members", path, *FIRST)
    assert "line 2 was taken for the headings" in told
    assert ready.person("M00001", "Solidarity_Member.Joined_On")["Solidarity_Member.Joined_On"] == "2026-01-31"
    assert "Nothing to do" in connector.run("plan", "members", path)


def test_the_chapters_say_when_their_last_roster_was_applied(
    ready: Site, connector: Connector, roster: RosterFile
) -> None:
    def days() -> set[str]:
        where = [["Solidarity_Chapter.Last_Roster_On", "IS NOT NULL"]]
        return {row["external_identifier"] for row in ready.api("Organization", "get", where=where)}

    path = roster.write(*(member(n) for n in range(1, 4)))
    connector.run("apply", "members", path, "--yes", "--limit", "1")
    assert days() == set()  # there is more of it to come
    connector.run("apply", "members", path, *FIRST)
    assert days() == {"COR06"}  # those of the scope of the run
