"""In which encodings people's sheets come: what proves itself, what its words tell apart, what nobody can tell."""

import csv
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from connector.errors import UserError
from connector.sync.cleaners import tidy
from connector.sync.roster import Roster, read


@pytest.fixture
def sheet(tmp_path: Path):
    """Write bytes as a roster and read it."""

    def read_back(content: bytes) -> Roster:
        path = tmp_path / "members.csv"
        path.write_bytes(content)
        return read(path)

    return read_back


ARABIC = "رقم,الاسم,المدينة\n1,أمينة حداد,الخليل\n2,Omar عمر,Jericho\n"
WESTERN = "No;Name;Ort\n1;Zoë Müller;Österreich\n2;Åsa Škoda;Malmö\n3;Nuñez «Paco»;A Coruña\n"


@pytest.mark.parametrize(
    ("text", "encoding", "told"),
    [
        (ARABIC, "cp1256", "read as Windows-1256 (Arabic)"),
        (WESTERN, "cp1252", "read as Windows-1252 (Western)"),
        (ARABIC, "utf-16", ""),
        (WESTERN.replace(";", "\t"), "utf-16-le", ""),
        (ARABIC, "utf-16-be", ""),
        (ARABIC, "utf-8-sig", ""),
    ],
)
def test_the_encodings_that_spreadsheets_write_are_found_and_told(sheet, text, encoding, told) -> None:
    expected, found = sheet(text.encode()), sheet(text.encode(encoding))
    assert (found.headings, found.rows) == (expected.headings, expected.rows)
    assert bool(found.notes) == bool(told)
    assert told in " ".join(found.notes)


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("Müller", "cp1252"),
        ("Ö. Müller", "cp1252"),  # a letter that stands alone speaks for nothing
        ("O\u2019Brien", "cp1252"),  # the sign is the same in both
        ("Lieu à Zoë", "cp1252"),  # so are some accents
        ("\u201cMalmö\u201d", "cp1252"),
        ("أمينة", "cp1256"),
        ("Hélène, أمينة", "cp1256"),
        ("پروانه", "cp1256"),
    ],
)
def test_one_word_is_enough_to_know(sheet, name: str, encoding: str) -> None:
    assert sheet(f"No;Name\n1;{name}\n".encode(encoding)).rows[0].cells["Name"] == name


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("Мария", "cp1251"),
        ("Müller", "mac_roman"),  # would be MŸller
        ("José", "mac_roman"),  # would be JosŽ
        ("Paweł", "cp1250"),  # would be Pawe³
        ("Ö.", "cp1252"),  # the same byte is an Arabic letter, and nothing else tells
    ],
)
def test_what_nobody_can_tell_is_refused_with_its_line(sheet, name: str, encoding: str) -> None:
    with pytest.raises(UserError, match=r"in which encoding .* \(line 3\)") as refused:
        sheet(f"No;Name\n1;Omar\n2;{name}\n".encode(encoding))
    assert "CSV UTF-8" in refused.value.next_step


def test_a_byte_that_the_code_page_does_not_have_is_refused_with_its_line(sheet) -> None:
    lines = ["No;Name", *(f"{number};Malmö" for number in range(20))]
    with pytest.raises(UserError, match=r"looks like Windows-1252 .* line 22 "):
        sheet("\n".join(lines).encode("cp1252") + b"\n21;x\x81y\n")


def test_damaged_utf_8_is_not_read_as_something_else(sheet) -> None:
    with pytest.raises(UserError, match="in UTF-8, but line 4 is damaged"):
        sheet("No;Name\n1;Müller\n2;José\n".encode() + b"3;Andr\xe9s\n")


def words(syllables: list[str]) -> st.SearchStrategy[list[list[str]]]:
    """Rows of two words that are made as words are: in Latin ones, accents stand beside letters without."""
    word = st.lists(st.sampled_from(syllables), min_size=2, max_size=4).map("".join)
    return st.lists(st.lists(word, min_size=2, max_size=2), min_size=1, max_size=5)


CELLS = st.text(st.characters(codec="cp1252", exclude_categories=["Cc"]), max_size=8)
ANYTHING = st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=5)
WRITTEN = st.one_of(
    st.tuples(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), ANYTHING),
    st.tuples(st.just("cp1252"), words(["ma", "lö", "nñe", "té", "ße", "rå", "sø", "k"])),
    st.tuples(st.just("cp1256"), words(list("ابتثجحخدذرزسشصضطظعغفقكلمنهوي"))),
)


@given(written=WRITTEN, delimiter=st.sampled_from(",;\t"))
def test_whatever_a_spreadsheet_can_save_reads_back(tmp_path_factory, written, delimiter) -> None:
    encoding, rows = written
    path = tmp_path_factory.mktemp("any") / "any.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([["No", "Name"], *rows])
    expected = [[tidy(cell) for cell in row] for row in rows]
    found = [[row.cells["No"], row.cells["Name"]] for row in read(path).rows]
    assert found == [row for row in expected if any(row)]
