"""Excel workbooks: read as the person at the spreadsheet sees them."""

import io
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, strategies as st
from openpyxl.worksheet.worksheet import Worksheet

from connector.errors import UserError
from connector.sync import roster_xlsx
from connector.sync.roster import Roster, read
from connector.sync.roster_xlsx import shown_as

HEADINGS = ("Member No", "Name", "Joined")
KNOWN = HEADINGS
MIDNIGHT = datetime(2026, 1, 31)  # noqa: DTZ001  a workbook's times have no zone


class Workbook:
    """A workbook that a test fills; `read` saves it and reads it as a roster."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "members.xlsx"
        self.book = openpyxl.Workbook()
        assert self.book.active
        self.sheet: Worksheet = self.book.active

    def rows(self, *rows: tuple[Any, ...]) -> "Workbook":
        for row in rows:
            self.sheet.append(row)
        return self

    def read(self) -> Roster:
        self.book.save(self.path)
        return read(self.path, KNOWN)


@pytest.fixture
def workbook(tmp_path: Path) -> Workbook:
    return Workbook(tmp_path)


def cells(roster: Roster) -> list[tuple[int, list[str]]]:
    return [(row.line, [row.cells.get(heading, "") for heading in HEADINGS]) for row in roster.rows]


def test_a_sheet_reads_as_the_same_csv_would(workbook: Workbook) -> None:
    found = workbook.rows(
        HEADINGS, ("M1", " Amina\u00a0", date(2026, 1, 31)), (None, None, None), ("M2", "ليلى")
    ).read()
    assert found.headings == HEADINGS
    assert cells(found) == [(2, ["M1", "Amina", "2026-01-31"]), (4, ["M2", "ليلى", ""])]
    assert found.notes == ()


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (1042, "General", "1042"),
        (1042.0, "General", "1042"),
        (100000.0, "0.00E+00", "100000"),
        (42, "00000", "00042"),
        (0.1 + 0.2, "General", "0.3"),
        (0.5, "0%", "50%"),
        (True, "General", "yes"),
        (MIDNIGHT, "General", "2026-01-31"),
        (MIDNIGHT.replace(hour=9, minute=30), "General", "2026-01-31 09:30:00"),
        (date(2026, 1, 31), "General", "2026-01-31"),
    ],
)
def test_numbers_and_days_are_text_as_people_read_them(value, number_format, text) -> None:
    assert shown_as(value, number_format) == text


def test_numbers_as_keys_are_whole_numbers_and_long_ones_are_not_shortened(workbook: Workbook) -> None:
    workbook.rows(HEADINGS, (1.0, "Amina", None), (100000, "Omar", None))
    workbook.sheet["A3"].number_format = "0.E+00"
    assert [row.cells["Member No"] for row in workbook.read().rows] == ["1", "100000"]


def test_a_formula_counts_with_its_saved_value_and_without_one_its_row_is_refused(workbook: Workbook) -> None:
    found = workbook.rows(HEADINGS, ("M1", '="Ami"&"na"', None)).read()  # openpyxl saves no values
    assert found.rows[0].wrong == ("Name holds a formula without a saved value",)

    put_into(workbook.path, b'r="B2"', b'r="B2" t="str"', b"<v></v>", b"<v>Amina</v>", b"<v />", b"<v>Amina</v>")
    found = read(workbook.path, KNOWN)
    assert (found.rows[0].cells["Name"], found.rows[0].wrong) == ("Amina", ())


def test_text_that_looks_like_a_formula_stays_text(workbook: Workbook) -> None:
    workbook.rows(HEADINGS, ("M1", "x", None))
    workbook.sheet["B2"].value = "=cmd|' /C calc'!A0"
    workbook.sheet["B2"].data_type = "s"
    found = workbook.read()
    assert (found.rows[0].cells["Name"], found.rows[0].wrong) == ("=cmd|' /C calc'!A0", ())


def test_an_error_in_a_cell_refuses_its_row(workbook: Workbook) -> None:
    workbook.rows(HEADINGS, ("M1", "#N/A", None))
    workbook.sheet["B2"].data_type = "e"
    assert workbook.read().rows[0].wrong == ("Name holds the error #N/A",)


def test_a_formula_that_gives_no_text_leaves_its_cell_empty(workbook: Workbook) -> None:
    workbook.rows(HEADINGS, ("M1", '=IF(C2="","",C2)', None)).read()
    put_into(workbook.path, b'<c r="B2">', b'<c r="B2" t="str">')  # as Excel saves an empty text
    found = read(workbook.path, KNOWN)
    assert (cells(found), found.rows[0].wrong) == ([(2, ["M1", "", ""])], ())


@pytest.mark.parametrize("error", ["#SPILL!", "#NAME?", "#DIV/0!"])
def test_every_kind_of_error_refuses_its_row(workbook: Workbook, error: str) -> None:
    workbook.rows(HEADINGS, ("M1", error, None))
    workbook.sheet["B2"].data_type = "e"
    assert workbook.read().rows[0].wrong == (f"Name holds the error {error}",)


def test_lines_that_are_only_formatted_are_no_rows(workbook: Workbook, monkeypatch) -> None:
    monkeypatch.setattr(roster_xlsx, "MAX_ROWS", 2)
    workbook.rows(HEADINGS, ("M1", "Amina", None))
    for line in range(3, 50):
        workbook.sheet.cell(line, 1).number_format = "0.00"
    assert cells(workbook.read()) == [(2, ["M1", "Amina", ""])]
    with pytest.raises(UserError, match=r"more than \d+ rows"):
        workbook.rows(("M2", "x", None), ("M3", "x", None)).read()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b'<row r="2">', b'<row r="900000000">', id="a line far below the last that Excel has"),
        pytest.param(
            b"</sheetData>",
            b"</sheetData><mergeCells>" + b'<mergeCell ref="A1:A1048576" />' * 30 + b"</mergeCells>",
            id="ranges over each other",
        ),
    ],
)
def test_a_small_file_that_asks_for_endless_work_is_refused(workbook: Workbook, old: bytes, new: bytes) -> None:
    workbook.rows(HEADINGS, ("M1", "Amina", None)).read()
    put_into(workbook.path, old, new)
    with pytest.raises(UserError, match="than a roster can have"):
        read(workbook.path, KNOWN)


def test_hidden_sheets_are_left_out_and_told(workbook: Workbook) -> None:
    old = workbook.book.create_sheet("last year", 0)
    old.append(HEADINGS)
    old.append(("M9", "Omar", None))
    old.sheet_state = "hidden"
    found = workbook.rows(HEADINGS, ("M1", "Amina", None)).read()
    assert cells(found) == [(2, ["M1", "Amina", ""])]
    assert found.notes == ("1 hidden sheet left out",)


def test_of_several_sheets_the_one_with_the_headings_is_read_and_the_others_are_told(workbook: Workbook) -> None:
    workbook.rows(("How to fill this in",))
    roster = workbook.book.create_sheet("list")
    roster.append(HEADINGS)
    roster.append(("M1", "Amina", None))
    found = workbook.read()
    assert cells(found) == [(2, ["M1", "Amina", ""])]
    assert found.notes == ("sheet 2 was read; not read: sheet 1",)


def test_two_sheets_that_could_both_be_the_roster_are_asked_about_by_number(workbook: Workbook) -> None:
    workbook.rows(HEADINGS)
    workbook.book.create_sheet("Amina's copy").append(HEADINGS)
    with pytest.raises(UserError, match=r"several sheets .* number 1, 2") as refused:
        workbook.read()
    assert "Amina" not in str(refused.value)


def test_a_title_and_two_lines_of_headings(workbook: Workbook) -> None:
    workbook.rows(("Members of Cork",), ("Person", None, None), HEADINGS, ("M1", "Amina", None))
    workbook.sheet.merge_cells("A1:C1")
    workbook.sheet.merge_cells("A2:B2")
    found = workbook.read()
    assert cells(found) == [(4, ["M1", "Amina", ""])]
    assert "line 3 was taken for the headings" in found.notes[0]


def test_cells_merged_over_lines_count_for_each_line_and_are_told(workbook: Workbook) -> None:
    workbook.rows(HEADINGS, ("M1", "Amina", date(2026, 1, 31)), ("M2", "Omar", None), ("M3", "Nour", None))
    workbook.sheet.merge_cells("C2:C3")
    found = workbook.read()
    assert [row[2] for _, row in cells(found)] == ["2026-01-31", "2026-01-31", ""]
    assert found.notes == ("merged cells in line 3: each row takes the shared value",)


def test_a_cell_merged_over_lines_and_columns_counts_for_its_first_column(workbook: Workbook) -> None:
    workbook.rows(HEADINGS, ("M1", "Amina", None), ("M2", None, None))
    workbook.sheet.merge_cells("B2:C3")
    assert [row for _, row in cells(workbook.read())] == [["M1", "Amina", ""], ["M2", "Amina", ""]]


def test_the_first_bytes_count_and_not_the_name(workbook: Workbook) -> None:
    workbook.path = workbook.path.with_suffix(".csv")
    assert cells(workbook.rows(HEADINGS, ("M1", "Amina", None)).read()) == [(2, ["M1", "Amina", ""])]


def test_a_file_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(workbook: Workbook, monkeypatch) -> None:
    monkeypatch.setattr(roster_xlsx, "MAX_UNPACKED", 1000)
    with pytest.raises(UserError, match="unpacks to more than"):
        workbook.rows(HEADINGS).read()


def packed(**parts: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name, content in parts.items():
            file.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (packed(notes=b"x"), "a ZIP file, not a workbook"),
        (packed(content_xml=b"x"), "an OpenDocument file, not a workbook"),
        (packed(xl__workbook_xml=b"<broken"), "workbook cannot be read"),
        (packed(xl__workbook_xml=b"x")[:30], "workbook is damaged"),
    ],
    ids=["another archive", "LibreOffice's own", "no workbook inside", "cut off"],
)
def test_a_damaged_workbook_is_told(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "members.xlsx"
    path.write_bytes(content)
    with pytest.raises(UserError, match=told) as refused:
        read(path)
    assert refused.value.next_step


def test_an_empty_workbook_is_told(workbook: Workbook) -> None:
    with pytest.raises(UserError, match="no visible sheet with a text"):
        workbook.read()


@given(value=st.integers(-(10**14), 10**14))
def test_a_whole_number_is_never_shortened_whichever_way_excel_holds_it(value) -> None:
    assert shown_as(value) == shown_as(float(value)) == str(value)


def put_into(path: Path, *replacements: bytes) -> None:
    """Replace bytes in the first sheet of a saved workbook, as Excel would have saved them."""
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    for old, new in zip(replacements[::2], replacements[1::2], strict=True):
        sheet = sheet.replace(old, new)
    parts["xl/worksheets/sheet1.xml"] = sheet
    with zipfile.ZipFile(path, "w") as file:
        for name, content in parts.items():
            file.writestr(name, content)
