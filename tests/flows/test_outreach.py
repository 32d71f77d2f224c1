"""Whom chapters reach out to: people with their chapter, and on no list."""

from pathlib import Path

import pytest

from tests.flows.conftest import ROSTERS, Connector, Site

OUTREACH = ROSTERS / "outreach.csv"


def test_the_sample_becomes_people_of_their_chapters_on_no_list(ready: Site, connector: Connector) -> None:
    connector.run("apply", "outreach", OUTREACH, "--yes", "--force", "first-run")
    mayor = ready.person("O-COR06-1", "job_title", "Solidarity_Outreach.Kind", "email_primary.email")
    assert (mayor["job_title"], mayor["Solidarity_Outreach.Kind"]) == ("Mayor of Cork", "official")
    where = [["contact_id_a", "=", mayor["id"]]]
    fields = ["relationship_type_id:name", "contact_id_b.external_identifier"]
    (tie,) = ready.api("Relationship", "get", select=fields, where=where)
    assert (tie["relationship_type_id:name"], tie["contact_id_b.external_identifier"]) == ("Outreach_Contact", "COR06")
    assert ready.api("GroupContact", "get", where=[["contact_id", "=", mayor["id"]]]) == []
    assert "Nothing to do" in connector.run("plan", "outreach", OUTREACH)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("O9,Ann,Example,official,Mayor,ann@example.org,,NONE99,en", "NONE99"),
        ("O9,Ann,Example,official,Mayor,ann@example.org,,,en", "Chapter Code"),
        ("O9,Ann,Example,enemy,Mayor,ann@example.org,,COR06,en", "Kind"),
        ("O9,Ann,,official,Mayor,ann@example.org,,COR06,en", "Last name"),
    ],
)
def test_a_mistake_refuses_its_row_and_no_other(
    ready: Site, connector: Connector, tmp_path: Path, row: str, told: str
) -> None:
    sheet = tmp_path / "outreach.csv"
    good = "O8,Bea,Example,media,Editor,bea@example.org,,COR06,en"
    heading = OUTREACH.read_text(encoding="utf-8").splitlines()[0]
    sheet.write_text("\n".join((heading, row, good)), encoding="utf-8")
    shown = connector.run("apply", "outreach", sheet, "--yes", "--force", "first-run", code=5)
    assert told in shown
    assert ready.person("O8")["id"]
