"""A messy sheet, and what becomes of each of its rows; `--golden-update` writes the expected file anew."""

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from connector.sync import desired, roster, roster_csv

from .site import GOLDEN, members, schema

SHEETS = sorted((GOLDEN / "rosters").glob("*.csv"))


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.stem)
def test_each_row_of_the_sheet_becomes_what_is_expected(sheet, request: pytest.FixtureRequest) -> None:
    expected = sheet.with_suffix(".expected.json")
    became = row_by_row(desired.read(roster.read(sheet), members(), schema()))
    if request.config.getoption("--golden-update"):
        expected.write_text(json.dumps(became, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    assert became == json.loads(expected.read_text(encoding="utf-8"))


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.stem)
def test_the_same_sheet_as_a_workbook_becomes_the_same(sheet: Path, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active
    for line, cells in roster_csv.read(sheet.read_bytes()).lines:
        for column, text in enumerate(cells, start=1):
            if text:
                cell = book.active.cell(line, column, text)
                cell.data_type = "s"  # a text that begins with "=" is no formula
    book.save(tmp_path / "members.xlsx")
    became = row_by_row(desired.read(roster.read(tmp_path / "members.xlsx"), members(), schema()))
    assert became == json.loads(sheet.with_suffix(".expected.json").read_text(encoding="utf-8"))


def test_every_kind_of_outcome_is_in_the_golden_sheets() -> None:
    outcomes = [json.loads(sheet.with_suffix(".expected.json").read_text(encoding="utf-8")) for sheet in SHEETS]
    told = {one["action"] for expected in outcomes for one in expected["told"]}
    assert told == {"refuse", "note"}
    assert all(expected["wanted"] for expected in outcomes)


def row_by_row(read: desired.Desired) -> dict[str, Any]:
    return {
        "rows": read.row_count,
        "scope": list(read.scope),
        "told": [{"line": one.line, "key": one.key, "action": one.action, "reason": one.reason} for one in read.told],
        "wanted": [
            {"line": one.line, "key": one.key, "group": one.group, "fields": dict(one.fields)} for one in read.wanted
        ],
    }
