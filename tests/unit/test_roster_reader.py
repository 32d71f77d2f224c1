"""Files as people hand them in, and what is told about those that are no roster."""

from pathlib import Path

import pytest

from connector.errors import UserError
from connector.sync import roster_csv
from connector.sync.roster import MAX_BYTES, read


@pytest.fixture
def sheet(tmp_path: Path):
    """Write a file and return its path."""

    def write(content: str | bytes) -> Path:
        path = tmp_path / "members.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_every_way_in_which_spreadsheets_save_reads_the_same(sheet, delimiter, end, mark) -> None:
    text = end.join(delimiter.join(cells) for cells in (("No", "Name"), ("1", "Nguyễn"), ("2", "Åsa")))
    found = read(sheet(mark + text.encode()))
    assert found.headings == ("No", "Name")
    assert [(row.line, row.cells) for row in found.rows] == [
        (2, {"No": "1", "Name": "Nguyễn"}),
        (3, {"No": "2", "Name": "Åsa"}),
    ]


def test_a_delimiter_inside_a_quoted_cell_is_text(sheet) -> None:
    (row,) = read(sheet('No,Name\n1,"Haddad, Amina"\n')).rows
    assert row.cells["Name"] == "Haddad, Amina"


def test_cells_and_headings_are_tidied(sheet) -> None:
    found = read(sheet(" No ;\u200fName\n 1\u00a0; Amina  H \n"))
    assert found.headings == ("No", "Name")
    assert found.rows[0].cells == {"No": "1", "Name": "Amina H"}


def test_a_row_is_told_by_the_line_it_starts_on_even_after_line_breaks_in_cells(sheet) -> None:
    found = read(sheet('No,Note\r\n1,"a\r\nb\r\nc"\r\n\r\n2,x\r\n'))
    assert [row.line for row in found.rows] == [2, 6]
    assert found.rows[0].cells["Note"] == "a b c"


def test_blank_lines_are_no_rows_and_do_not_move_the_line_numbers(sheet) -> None:
    found = read(sheet("\n\nNo,Name\n\n , \n1,Amina\n\n"))
    assert found.headings == ("No", "Name")
    assert [row.line for row in found.rows] == [6]


def test_a_short_row_lacks_its_last_cells(sheet) -> None:
    (row,) = read(sheet("No,Name,City\n1,Amina\n")).rows
    assert row.cells == {"No": "1", "Name": "Amina"}
    assert row.wrong == ()


def test_a_row_with_more_cells_than_headings_is_marked_unless_they_are_empty(sheet) -> None:
    long, padded = read(sheet("No,Name\n1,Amina,Cork\n2,Omar,,\n")).rows
    assert long.wrong == ("has more cells than there are headings",)
    assert padded.wrong == ()


def test_headings_alone_are_a_roster_without_rows(sheet) -> None:
    found = read(sheet("No,Name\n"))
    assert found.headings == ("No", "Name")
    assert found.rows == ()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(b"", "is empty", id="no byte at all"),
        pytest.param(b" \r\n\n", "is empty", id="blank lines only"),
        pytest.param(b"PK\x03\x04 a workbook", "workbook is damaged", id="a damaged workbook"),
        pytest.param(b"\xd0\xcf\x11\xe0 old", "an old Excel file", id="an old workbook"),
        pytest.param(b"%PDF-1.7", "a PDF", id="a PDF"),
        pytest.param(b"\x7fELF\x02\x01\x01\0\0\0\0\0", "a binary file", id="a program"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "a binary file", id="a picture"),
        pytest.param(b"\n<HTML><table><tr><td>Amina", "a web page", id="a web page that is named .xls"),
        pytest.param(b'\xef\xbb\xbf<?xml version="1.0"?><Workbook/>', "an XML file", id="a workbook of 2003"),
        pytest.param(b'No,Name\n1,a\n2,"Amina\n3,b\n', "cannot be read from line 3 on", id="an unclosed quote"),
    ],
)
def test_what_is_no_roster_is_refused_with_what_to_do(sheet, content, told) -> None:
    with pytest.raises(UserError, match=told) as refused:
        read(sheet(content))
    assert refused.value.next_step
    assert "Amina" not in str(refused.value)


def test_a_huge_file_is_refused_before_it_is_read(tmp_path) -> None:
    path = tmp_path / "members.csv"
    with path.open("wb") as file:
        file.truncate(50_000_000)  # a sparse file: it takes no space
    assert path.stat().st_size > MAX_BYTES
    with pytest.raises(UserError, match="larger than 20 MB"):
        read(path)


@pytest.mark.parametrize("missing", ["nowhere.csv", "."])
def test_a_file_that_is_not_there_is_told_without_its_path(tmp_path, missing) -> None:
    with pytest.raises(UserError, match="cannot be read") as refused:
        read(tmp_path / missing)
    assert str(tmp_path) not in str(refused.value)


def test_a_delimiter_inside_quotation_marks_does_not_count(sheet) -> None:
    assert read(sheet('"Name, first, given";No\nAmina;1\n')).headings == ("Name, first, given", "No")


def test_commas_inside_cells_are_not_taken_for_the_delimiter(sheet) -> None:
    found = read(sheet("Name;Address\nHaddad, Amina;1 Lane, Cork, Ireland\nSaleh, Omar;2 Lane, Cork, Ireland\n"))
    assert found.headings == ("Name", "Address")
    assert found.rows[0].cells["Address"] == "1 Lane, Cork, Ireland"


def test_a_file_of_very_many_rows_is_refused_and_blank_lines_are_no_rows(sheet, monkeypatch) -> None:
    monkeypatch.setattr(roster_csv, "MAX_ROWS", 3)
    assert len(read(sheet("No,Name\n1,a\n2,b\n3,c\n" + ",\n" * 50)).rows) == 3
    with pytest.raises(UserError, match=r"more than \d+ rows"):
        read(sheet("No,Name\n1,a\n2,b\n3,c\n4,d\n"))


def test_the_line_in_which_excel_names_the_delimiter_is_no_row(sheet) -> None:
    found = read(sheet("sep=;\r\nNo;Name\r\n1;Amina, called Noor\r\n"))
    assert found.headings == ("No", "Name")
    assert [(one.line, one.cells) for one in found.rows] == [(3, {"No": "1", "Name": "Amina, called Noor"})]


# --- what stands above the headings ----------------------------------------------------------------------------------


def test_titles_and_groups_of_headings_above_the_headings_are_left_out_and_told(sheet) -> None:
    text = "Members of Cork 2026,,\n,Person,\nNo,Name,City\n1,Amina,Cork\n"
    found = read(sheet(text), known=["No", "Name", "City"])
    assert found.headings == ("No", "Name", "City")
    assert [row.line for row in found.rows] == [4]
    assert found.notes == ("line 3 was taken for the headings; what stands above it was left out",)


def test_without_a_known_heading_the_first_line_with_a_text_has_them(sheet) -> None:
    assert read(sheet("\nA,B\n1,2\n"), known=["No"]).headings == ("A", "B")
