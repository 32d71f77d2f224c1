"""Whatever is wrong, in the file, the settings or CiviCRM: one clear message, who does what next, and nothing lost."""

from pathlib import Path

import pytest

from tests.flows.conftest import Connector, RosterFile, Site, member

FIRST = ("--yes", "--force", "first-run")


@pytest.fixture
def path(roster: RosterFile) -> Path:
    return roster.write(*(member(n) for n in range(1, 4)))


@pytest.mark.parametrize(
    ("env", "told"),
    [
        ({"CIVICRM_API_KEY": "wrong"}, "does not accept the key"),
        ({"CIVICRM_API_KEY": ""}, "Not set: CIVICRM_API_KEY"),
        ({"CIVICRM_URL": ""}, "Not set: CIVICRM_URL"),
        ({"CIVICRM_URL": "crm.example.org"}, "CIVICRM_URL does not start with"),
        ({"CIVICRM_URL": "http://127.0.0.1:9"}, "cannot be reached"),
        ({"CIVICRM_URL_FORM": "joomla"}, "CIVICRM_URL_FORM is none of"),
        ({"CONNECTOR_FINGERPRINT_KEY": "short"}, "shorter than 32"),
        ({"DATABASE_URL": "sqlite:////nowhere/else/x.sqlite3"}, "database"),
    ],
)
def test_wrong_settings(ready: Site, connector: Connector, path: Path, env: dict[str, str], told: str) -> None:
    if "nowhere" in str(env):
        env = {"DATABASE_URL": f"sqlite:////{path}/inside-a-file/x.sqlite3"}
    output = connector.run("plan", "members", path, code=1, **env)
    assert told in output
    assert "Next: " in output


def test_a_role_that_lost_a_permission(ready: Site, connector: Connector, path: Path) -> None:
    _take_from_role(ready, "add contacts")
    output = connector.run("apply", "members", path, *FIRST, code=1)
    assert "Individual.save" in output
    assert "permission" in output
    assert "missing: add contacts" in connector.run("doctor", code=5)


def test_a_role_that_sees_nobody_is_no_empty_site(ready: Site, connector: Connector, path: Path) -> None:
    """CiviCRM answers a stranger's every read with no rows and HTTP 200."""
    _take_from_role(ready, "edit all contacts")
    assert "as to a stranger" in connector.run("plan", "members", path, code=1)


def _take_from_role(site: Site, permission: str) -> None:
    (role,) = site.api("Role", "get", where=[["permissions", "CONTAINS", "add contacts"], ["name", "!=", "admin"]])
    kept = [name for name in role["permissions"] if name != permission]
    site.api("Role", "update", where=[["id", "=", role["id"]]], values={"permissions": kept})


@pytest.mark.parametrize("kind", ["html200", "redirect", "db_down", "http503", "drop_before"])
def test_a_short_trouble_of_civicrm_is_sat_out(ready: Site, connector: Connector, path: Path, kind: str) -> None:
    ready.faults({"kind": kind, "count": 1}, {"kind": kind, "count": 1, "entity": "Individual", "action": "save"})
    connector.run("apply", "members", path, *FIRST)
    assert "Nothing to do" in connector.run("plan", "members", path)


@pytest.mark.parametrize("kind", ["html500", "drop_after"])
@pytest.mark.parametrize(("entity", "action"), [("Individual", "save"), ("", "calls"), ("Group", "save")])
@pytest.mark.parametrize("batch", [250, 1], ids=["one batch", "two at a time"])
def test_a_write_whose_outcome_is_unknown_is_looked_at_before_it_is_repeated(
    ready: Site,
    connector: Connector,
    path: Path,
    kind: str,
    entity: str,
    action: str,
    batch: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("connector.sync.apply.BATCH", batch)
    # the first multi-call of an apply reads the site; the writing one is the last
    skip = [{"kind": "slow", "seconds": 0, "entity": entity, "action": action, "count": 3}] if action == "calls" else []
    ready.faults(*skip, {"kind": kind, "count": 1, "entity": entity, "action": action})
    connector.run("apply", "members", path, *FIRST, code=None)
    connector.run("apply", "members", path, *FIRST)
    numbers = ready.api(
        "Contact", "get", select=["external_identifier"], where=[["external_identifier", "LIKE", "M0%"]]
    )
    assert sorted(row["external_identifier"] for row in numbers) == ["M00001", "M00002", "M00003"]
    assert len(ready.api("Email", "get", select=["id"], where=[["email", "LIKE", "m%@example.org"]])) == 3


@pytest.mark.parametrize(("kind", "told"), [("html200", "a web page instead of data"), ("db_down", "database is away")])
def test_a_long_trouble_ends_with_one_message(
    ready: Site, connector: Connector, path: Path, kind: str, told: str
) -> None:
    before = ready.state()
    ready.faults({"kind": kind, "count": 50})
    output = connector.run("apply", "members", path, *FIRST, code=1)
    ready.faults()
    assert told in output
    assert ready.state() == before


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04 anything", "The workbook is damaged"),
        (b"Member No\x00\x01", "a binary file"),
        ("Member No,Last name\nM1,Мария\n".encode("cp1251"), "in which encoding"),
        (b"Name,Mail\nA,a@example.org\n", "the file has: Name, Mail"),
        (b'Member No,Last name\n"M1,Haddad\n', "cannot be read from line 2"),
    ],
)
def test_a_file_that_is_no_roster(ready: Site, connector: Connector, tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "handed-in.csv"
    path.write_bytes(content)
    output = connector.run("plan", "members", path, code=1)
    assert told in output
    assert "Next: " in output


def test_fifty_megabytes(ready: Site, connector: Connector, tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    assert "larger than 20 MB" in connector.run("plan", "members", path, code=1)


def test_headings_without_rows_never_empty_a_chapter(
    ready: Site, connector: Connector, roster: RosterFile, path: Path
) -> None:
    connector.run("apply", "members", path, *FIRST)
    before = ready.state()
    roster.write()
    assert "never applied" in connector.run("apply", "members", path, "--yes", "--scope", "COR06", code=4)
    assert ready.state() == before


def test_rows_with_mistakes_are_refused_and_the_others_go_on(
    ready: Site, connector: Connector, roster: RosterFile
) -> None:
    path = roster.write(member(1, Email="not an address"), member(2, Country="Atlantis"), member(3))
    output = connector.run("apply", "members", path, *FIRST, code=5)
    assert "Email is not an e-mail address" in output
    assert "not an address" not in output.replace("is not an e-mail address", "")
    assert ready.status("M00003", "chapter_COR06") == "Added"


def test_half_of_the_rows_gone_stops_even_the_rest(ready: Site, connector: Connector, roster: RosterFile) -> None:
    connector.run("apply", "members", roster.write(*(member(n) for n in range(1, 11))), *FIRST)
    before = ready.state()
    told = connector.run("apply", "members", roster.write(*(member(n) for n in range(1, 6))), "--yes", code=4)
    assert "the roster has 5 rows; when last applied it had 10" in told
    assert ready.state() == before
    connector.run("apply", "members", roster.path, "--yes", "--force", "half-empty")
    assert ready.status("M00007", "chapter_COR06") == "Removed"


def test_another_chapters_people_in_a_chapters_sheet_are_refused(
    ready: Site, connector: Connector, roster: RosterFile
) -> None:
    path = roster.write(member(1), member(2, Chapter_Code="WIE01"))
    told = connector.run("apply", "members", path, *FIRST, "--scope", "COR06", code=5)
    assert "belongs to WIE01, which is outside the scope of this run" in told
    assert ready.status("M00001", "chapter_COR06") == "Added"
    assert ready.status("M00002", "chapter_WIE01") is None


@pytest.mark.parametrize("number", ["another's", "new"])
def test_numbers_given_anew_are_asked_about_and_nobody_is_moved(
    ready: Site, connector: Connector, roster: RosterFile, number: str
) -> None:
    """Somebody sorted the sheet and dragged the numbers down again: each number now stands at another person."""
    connector.run("apply", "members", roster.write(*(member(n) for n in range(1, 9))), *FIRST)
    before = ready.state()
    anew = {n: f"M{n % 8 + 1:05d}" if number == "another's" else f"X{n:05d}" for n in range(1, 9)}
    people = [member(n, Member_No=anew[n]) for n in range(1, 9)]
    told = connector.run("apply", "members", roster.write(*people), "--yes", "--force", "creates", code=5)
    assert ("the rest looks like contact" if number == "another's" else "carries another external identifier") in told
    assert ready.state() | {"Activity": []} == before  # but that a person is asked


def test_two_members_with_one_address_are_two_people(ready: Site, connector: Connector, roster: RosterFile) -> None:
    connector.run("apply", "members", roster.write(member(1), member(2, Email="m1@example.org")), *FIRST)
    assert ready.person("M00001")["id"] != ready.person("M00002")["id"]
    assert "Nothing to do" in connector.run("plan", "members", roster.path)


def test_a_site_that_was_never_set_up(site: Site, connector: Connector, path: Path) -> None:
    output = connector.run("plan", "members", path, code=1)
    assert "Solidarity_Member.Joined_On" in output


def test_two_applies_at_once(ready: Site, connector: Connector, path: Path) -> None:
    """The second waits for the first, or is told that it is at work; nothing is doubled."""
    import os
    import tempfile

    with tempfile.TemporaryFile() as output:
        words = ("apply", "members", path, *FIRST)
        running = [connector.start(words, output, {}) for _ in range(3)]
        for one in running:
            os.waitpid(one, 0)
    connector.run("apply", "members", path, *FIRST)
    assert len(ready.api("Email", "get", select=["id"], where=[["email", "LIKE", "m%@example.org"]])) == 3
