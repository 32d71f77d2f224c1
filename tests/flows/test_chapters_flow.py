"""The life of chapters: organization, own mailing group, community, and the members that belong to them."""

from pathlib import Path

import pytest

from tests.flows.conftest import CHAPTERS, MEMBERS, Connector, RosterFile, Site, member

FIRST = ("--yes", "--force", "first-run")
HEADINGS = "Chapter Code,Chapter Name,Kind,Community,City,Country,Started,Coordinator No,Status"


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    return tmp_path / "chapters.csv"


def write(path: Path, *rows: str) -> Path:
    path.write_text("\n".join([HEADINGS, *rows]) + "\n", encoding="utf-8")
    return path


def ties(site: Site, number: str) -> list[tuple[str, str, bool]]:
    rows = site.api(
        "Relationship",
        "get",
        select=["relationship_type_id:name", "contact_id_b.external_identifier", "is_active"],
        where=[["contact_id_a.external_identifier", "=", number]],
    )
    return sorted(
        (row["relationship_type_id:name"], row["contact_id_b.external_identifier"], row["is_active"]) for row in rows
    )


def test_a_chapter_gets_its_group_its_facts_and_its_community(bare: Site, connector: Connector) -> None:
    connector.run("apply", "chapters", CHAPTERS, *FIRST)
    chapter = bare.person("COR06", "contact_sub_type", "Solidarity_Chapter.Kind:name", "Solidarity_Chapter.Started_On")
    assert chapter["contact_sub_type"] == ["Solidarity_Chapter"]
    assert chapter["Solidarity_Chapter.Kind:name"] == "community"
    assert chapter["Solidarity_Chapter.Started_On"] == "2025-08-21"
    assert ties(bare, "COR06") == [("Stands_With", "community:ras_al_auja", True)]
    (group,) = bare.api("Group", "get", select=["title", "parents"], where=[["name", "=", "chapter_COR06"]])
    (friends,) = bare.api("Group", "get", select=["id"], where=[["name", "=", "friends_ras_al_auja"]])
    assert group["title"] == "Cork for Ras al-Auja 6"
    assert [int(parent) for parent in group["parents"]] == [friends["id"]]
    assert "Nothing to do" in connector.run("plan", "chapters", CHAPTERS)


def test_members_belong_to_the_chapters_that_are_there(bare: Site, connector: Connector) -> None:
    connector.run("apply", "chapters", CHAPTERS, *FIRST)
    connector.run("apply", "members", MEMBERS, *FIRST)
    assert ties(bare, "M01-00003") == [("Chapter_Member", "COR06", True)]
    assert ties(bare, "M01-00006") == [("Chapter_Coordinator", "COR06", True)]
    assert ties(bare, "M01-00009") == []  # at large
    assert "Nothing to do" in connector.run("plan", "members", MEMBERS)


def test_members_of_a_chapter_that_is_not_there_wait_for_it(bare: Site, connector: Connector) -> None:
    output = connector.run("apply", "members", MEMBERS, *FIRST, code=5)
    assert "no contact with the external identifier COR06; apply its own roster first" in output
    assert bare.api("Contact", "get", select=["id"], where=[["external_identifier", "=", "M01-00003"]]) == []
    assert bare.status("M01-00009", "members_at_large") == "Added"

    connector.run("apply", "chapters", CHAPTERS, *FIRST)
    connector.run("apply", "members", MEMBERS, "--yes", "--force", "creates")
    assert ties(bare, "M01-00003") == [("Chapter_Member", "COR06", True)]


def test_a_move_and_a_new_role_end_the_old_relationship_and_begin_the_new(
    bare: Site, connector: Connector, roster: RosterFile
) -> None:
    connector.run("apply", "chapters", CHAPTERS, *FIRST)
    scope = ("--scope", "COR06,WIE01")
    connector.run("apply", "members", roster.write(member(1)), *FIRST, *scope)
    connector.run("apply", "members", roster.write(member(1, Chapter_Code="WIE01", Role="coordinator")), *FIRST, *scope)
    assert ties(bare, "M00001") == [("Chapter_Coordinator", "WIE01", True), ("Chapter_Member", "COR06", False)]

    connector.run("apply", "members", roster.write(member(1)), *FIRST, *scope)
    assert ties(bare, "M00001") == [("Chapter_Coordinator", "WIE01", False), ("Chapter_Member", "COR06", True)]
    (again,) = bare.api(
        "Relationship",
        "get",
        select=["end_date"],
        where=[["is_active", "=", True], ["contact_id_a.external_identifier", "=", "M00001"]],
    )
    assert again["end_date"] is None
    assert "Nothing to do" in connector.run("plan", "members", roster.path, *scope)


def test_a_relationship_that_staff_ended_stays_ended(bare: Site, connector: Connector, roster: RosterFile) -> None:
    connector.run("apply", "chapters", CHAPTERS, *FIRST)
    connector.run("apply", "members", roster.write(member(1)), *FIRST)
    where = [["contact_id_a.external_identifier", "=", "M00001"]]
    bare.api("Relationship", "update", where=where, values={"is_active": False})
    assert "stays ended" in connector.run("apply", "members", roster.path, "--yes")
    assert ties(bare, "M00001") == [("Chapter_Member", "COR06", False)]


def test_a_renamed_code_is_asked_about(bare: Site, connector: Connector, sheet: Path) -> None:
    connector.run(
        "apply", "chapters", write(sheet, "COR06,Cork,community,Ras al-Auja,Cork,IE,2025-08-21,,Active"), *FIRST
    )
    output = connector.run(
        "plan", "chapters", write(sheet, "COR66,Cork,community,Ras al-Auja,Cork,IE,2025-08-21,,Active"), code=5
    )
    assert "carries another external identifier" in output


def test_a_closed_chapter_makes_no_group_and_its_group_is_told(bare: Site, connector: Connector, sheet: Path) -> None:
    closed = "COR06,Cork,community,Ras al-Auja,Cork,IE,2025-08-21,,Closed"
    connector.run("apply", "chapters", write(sheet, closed), *FIRST)
    assert bare.api("Group", "get", where=[["name", "=", "chapter_COR06"]]) == []

    connector.run("apply", "chapters", write(sheet, closed.replace("Closed", "Active")), "--yes")
    assert "switch the group off" in connector.run("apply", "chapters", write(sheet, closed), "--yes")
    assert bare.person("COR06", "Solidarity_Chapter.Status:name")["Solidarity_Chapter.Status:name"] == "closed"


def test_an_unknown_community_is_refused_with_its_line(bare: Site, connector: Connector, sheet: Path) -> None:
    row = "COR06,Cork,community,Somewhere else,Cork,IE,2025-08-21,,Active"
    assert "Community is none of: ras al-auja" in connector.run("plan", "chapters", write(sheet, row), code=5)


def test_an_organization_of_the_same_name_that_is_no_chapter_is_asked_about(
    bare: Site, connector: Connector, sheet: Path
) -> None:
    bare.api("Organization", "create", values={"organization_name": "Cork"})
    row = "COR06,Cork,community,Ras al-Auja,Cork,IE,2025-08-21,,Active"
    assert "is no Solidarity_Chapter" in connector.run("plan", "chapters", write(sheet, row), code=5)


def test_a_group_that_staff_deleted_is_made_again(bare: Site, connector: Connector) -> None:
    connector.run("apply", "chapters", CHAPTERS, *FIRST)
    bare.api("Group", "delete", where=[["name", "=", "chapter_COR06"]])
    connector.run("apply", "chapters", CHAPTERS, "--yes")
    assert len(bare.api("Group", "get", where=[["name", "=", "chapter_COR06"]])) == 1


def test_a_group_title_that_is_taken(bare: Site, connector: Connector, sheet: Path) -> None:
    bare.api("Group", "create", values={"name": "something_else", "title": "Cork"})
    row = "COR06,Cork,community,Ras al-Auja,Cork,IE,2025-08-21,,Active"
    output = connector.run("apply", "chapters", write(sheet, row), *FIRST, code=1)
    assert "'Cork' is the title of something_else" in output


def test_a_group_that_staff_switched_off_takes_nobody(bare: Site, connector: Connector, roster: RosterFile) -> None:
    connector.run("apply", "chapters", CHAPTERS, *FIRST)
    bare.api("Group", "update", where=[["name", "=", "chapter_COR06"]], values={"is_active": False})
    told = connector.run("apply", "members", roster.write(member(1)), *FIRST, code=5)
    assert "the group chapter_COR06 is switched off" in told
    assert bare.status("M00001", "chapter_COR06") is None


def test_the_coordinator_of_the_sheet_is_compared_and_never_written(
    bare: Site, connector: Connector, sheet: Path, roster: RosterFile
) -> None:
    row = "COR06,Cork,community,Ras al-Auja,Cork,IE,2025-08-21,M00001,Active"
    assert "M00001 is not in CiviCRM" in connector.run("apply", "chapters", write(sheet, row), *FIRST)
    connector.run("apply", "members", roster.write(member(1)), *FIRST)
    assert "M00001 is not that in CiviCRM" in connector.run("apply", "chapters", sheet, "--yes")
    assert ties(bare, "M00001") == [("Chapter_Member", "COR06", True)]
    connector.run("apply", "members", roster.write(member(1, Role="coordinator")), "--yes")
    assert "M00001" not in connector.run("apply", "chapters", sheet, "--yes")
