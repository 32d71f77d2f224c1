"""A messy sheet, and what becomes of each of its rows; `--golden-update` writes the expected file anew."""

import json
from typing import Any

import pytest

from connector.sync import desired, roster

from .site import GOLDEN, members, schema

SHEETS = sorted((GOLDEN / "rosters").glob("*.csv"))


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.stem)
def test_each_row_of_the_sheet_becomes_what_is_expected(sheet, request: pytest.FixtureRequest) -> None:
    expected = sheet.with_suffix(".expected.json")
    became = row_by_row(desired.read(roster.read(sheet), members(), schema()))
    if request.config.getoption("--golden-update"):
        expected.write_text(json.dumps(became, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    assert became == json.loads(expected.read_text(encoding="utf-8"))


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
