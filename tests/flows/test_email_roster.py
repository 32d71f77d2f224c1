"""Sheets without a member number: the e-mail address says who a row is, and what is doubtful is put to a person."""

from pathlib import Path

from tests.flows.conftest import Connector, RosterFile, Site, member

FIRST = ("--yes", "--force", "first-run")
MAPPING = "members_by_email"


def people(site: Site) -> list[tuple[str, str]]:
    where = [["contact_type", "=", "Individual"], ["email_primary.email", "LIKE", "%@example.org"]]
    rows = site.api("Contact", "get", select=["first_name", "email_primary.email"], where=where)
    return sorted((row["first_name"], row["email_primary.email"]) for row in rows)


def in_chapter(site: Site, email: str) -> list[str]:
    where = [["contact_id.email_primary.email", "=", email], ["group_id.name", "=", "chapter_COR06"]]
    return [row["status"] for row in site.api("GroupContact", "get", select=["status"], where=where)]


def apply(connector: Connector, path: Path, code: int = 0) -> str:
    return connector.run("apply", MAPPING, path, *FIRST, code=code)


def test_a_sheet_is_applied_and_then_there_is_nothing_to_do(
    ready: Site, connector: Connector, roster: RosterFile
) -> None:
    path = roster.write(member(1), member(2, Email="M2 @Example.org"))
    apply(connector, path)
    assert people(ready) == [("Amina", "m1@example.org"), ("Amina", "m2@example.org")]
    assert in_chapter(ready, "m1@example.org") == ["Added"]
    assert "Nothing to do" in connector.run("plan", MAPPING, path)
    roster.write(member(1, City="Galway"), member(2))  # the same address, written otherwise
    apply(connector, path)
    assert len(people(ready)) == 2


def test_a_changed_address_is_asked_about_and_nobody_loses_a_place(
    ready: Site, connector: Connector, roster: RosterFile
) -> None:
    apply(connector, roster.write(member(1)))
    before = ready.state()
    told = apply(connector, roster.write(member(1, Email="new@example.org")), code=5)
    assert "looks alike" in told
    assert ready.state() | {"Activity": []} == before  # but that a person is asked

    where = [["email", "=", "m1@example.org"]]
    ready.api("Email", "update", where=where, values={"email": "new@example.org"})
    apply(connector, roster.path)
    assert people(ready) == [("Amina", "new@example.org")]
    assert "Nothing to do" in connector.run("plan", MAPPING, roster.path)


def test_two_of_a_family_with_one_address_are_not_guessed_apart(
    ready: Site, connector: Connector, roster: RosterFile
) -> None:
    shared = {"Email": "family@example.org", "Last_name": "Haddad"}
    told = apply(connector, roster.write(member(1, **shared), member(2, First_name="Omar", **shared)), code=5)
    assert "lines 2, 3 have one Email but differ" in told
    assert people(ready) == []


def test_somebody_else_with_the_address_of_a_known_contact_is_asked_about(
    ready: Site, connector: Connector, roster: RosterFile
) -> None:
    ready.api("Individual", "create", values={"first_name": "Omar", "email_primary.email": "m1@example.org"})
    assert "looks alike" in apply(connector, roster.write(member(1)), code=5)
    assert people(ready) == [("Omar", "m1@example.org")]


def test_an_address_that_belongs_to_an_organization_is_asked_about(
    ready: Site, connector: Connector, roster: RosterFile
) -> None:
    ready.api(
        "Organization", "create", values={"organization_name": "A school", "email_primary.email": "m1@example.org"}
    )
    assert "looks alike" in apply(connector, roster.write(member(1)), code=5)
