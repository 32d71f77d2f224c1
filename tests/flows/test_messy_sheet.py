"""A sheet with every mistake that spreadsheets hold, applied whole: each row ends as its reader would expect."""

import csv
import io
from pathlib import Path

from tests.flows.conftest import PROJECT, Connector, Site

SHEET = PROJECT / "tests" / "golden" / "rosters" / "members-messy.csv"
FIRST = ("--yes", "--force", "first-run")

# member number → what the plan says about the row, or nothing when it is taken as it stands
EXPECTED = {
    "T-001": None,  # blanks and capitals in the e-mail are tidied
    "T-002": None,  # marks of writing direction are removed
    "T-003": "refuse: Email is not an e-mail address",
    "T-004": "note: the same row as line 5",
    "T-005": "refuse: lines 7, 8 have one Member No but differ; nobody guesses which one is right",
    "T-006": None,  # a formula is text
    "T-007": "refuse: Country is not in CiviCRM's list",
    "T-008": "refuse: Joined is not a date written as YYYY-MM-DD",
    "T-009": "note: First name is longer than CiviCRM's 64 characters and is cut",
    "T-011": None,
    "T-016": "refuse: CiviCRM has no contact with the external identifier NOPE99; apply its own roster first",
}


def sheet(folder: Path) -> Path:
    """The golden sheet, and a row of a chapter that nobody knows."""
    path = folder / "messy.csv"
    unknown = "T-016;Sol;Mar;sol@example.org;;;Cork;EX26;IE;en;NOPE99;member;2026-02-14"
    path.write_text(SHEET.read_text(encoding="utf-8").rstrip("\n") + f"\n{unknown}\n", encoding="utf-8")
    return path


def test_every_row_of_a_messy_sheet_ends_as_expected(ready: Site, connector: Connector, tmp_path: Path) -> None:
    path = sheet(tmp_path)
    told: dict[str, str] = {}
    for change in connector.json("plan", "members", path, code=5)["changes"]:
        if change["action"] in ("refuse", "note"):
            told[change["key"]] = f"{change['action']}: {change['reason']}"
    assert {key: told.get(key) for key in EXPECTED} == EXPECTED

    connector.run("apply", "members", path, *FIRST, code=5)
    there = {
        row["external_identifier"]: row
        for row in ready.api(
            "Individual",
            "get",
            select=["external_identifier", "first_name", "last_name", "email_primary.email"],
            where=[["external_identifier", "LIKE", "T-%"]],
        )
    }
    taken = {key for key, what in EXPECTED.items() if what is None or what.startswith("note")}
    assert set(there) - {"T-015"} == taken
    assert there["T-001"]["email_primary.email"] == "samira.odeh@example.org"
    assert there["T-002"]["first_name"] == "ليلى"
    assert there["T-006"]["first_name"] == '=HYPERLINK("http://x.example.org")'
    assert len(there["T-009"]["first_name"]) == 64
    assert connector.json("plan", "members", path, code=5)["counts"].keys() == {"note", "refuse"}


def test_a_formula_never_becomes_one_in_a_report(ready: Site, connector: Connector, tmp_path: Path) -> None:
    report = tmp_path / "plan.csv"
    connector.run("plan", "members", sheet(tmp_path), "--save", report, code=5)
    rows = csv.reader(io.StringIO(report.read_text(encoding="utf-8-sig")))
    cells = [cell for row in rows for cell in row]
    assert '\'=HYPERLINK("http://x.example.org")' in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]
