"""Reads a roster file into rows with their line numbers. Decides nothing about what they mean.

What kind of file it is, its first bytes say, not its name: workbooks are read by roster_xlsx, text by roster_csv.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path

from connector.errors import UserError
from connector.sync import roster_csv, roster_xlsx
from connector.sync.cleaners import tidy
from connector.sync.table import Table

MAX_BYTES = 20_000_000
# Titles and groups of headings may stand above the headings; so many lines are looked at.
HEADINGS_WITHIN = 10
# how files begin that are often handed in instead of a roster
_NO_ROSTER = {
    b"\xd0\xcf\x11\xe0": "an old Excel file, or one with a password",
    b"%pdf": "a PDF",
    b"<html": "a web page",
    b"<!doctype": "a web page",
    b"<table": "a web page",
    b"<?xml": "an XML file",
    b"{\\rtf": "a text document",
}


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One row: the line it starts on in the file, its tidied cells by heading, and what is wrong with it already."""

    line: int
    cells: dict[str, str]
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Roster:
    """A whole file, as read. notes: what was done to read it, for a person to know."""

    headings: tuple[str, ...]
    rows: tuple[RosterRow, ...]
    notes: tuple[str, ...] = ()


def read(path: Path, known: Container[str] = ()) -> Roster:
    """Read a CSV file or an Excel workbook (.xlsx).

    known: headings that are looked for; the line with the most of them holds the headings, else the first with a text.
    Raises UserError when the file is missing, empty, too large, of another kind, or cannot be understood.
    """
    raw = _bytes(path)
    table = roster_xlsx.read(raw, known) if raw.startswith(b"PK\x03\x04") else roster_csv.read(raw)
    tidied = [(line, [tidy(cell) for cell in cells]) for line, cells in table.lines]
    filled = [(line, cells) for line, cells in tidied if any(cells)]
    start = _headings_at([cells for _, cells in filled[:HEADINGS_WITHIN]], known)
    headings = tuple(filled[start][1]) if filled else ()
    notes = list(table.notes)
    if start:
        notes.append(f"line {filled[start][0]} was taken for the headings; what stands above it was left out")
    rows = tuple(_row(line, headings, cells, table) for line, cells in filled[start + 1 :])
    return Roster(headings, rows, tuple(notes))


def _headings_at(first: Sequence[Sequence[str]], known: Container[str]) -> int:
    """Which of the first lines holds the headings."""
    hits = [sum(cell in known for cell in set(cells)) for cells in first]
    return hits.index(max(hits)) if hits else 0


def _row(line: int, headings: Sequence[str], cells: Sequence[str], table: Table) -> RosterRow:
    named = {heading: cell for heading, cell in zip(headings, cells, strict=False) if heading}
    wrong = ["has more cells than there are headings"] if any(cells[len(headings) :]) else []
    for column, why in table.wrong.get(line, {}).items():
        heading = headings[column] if column < len(headings) else ""
        wrong += [f"{heading} {why}"] if heading else []
    return RosterRow(line, named, tuple(wrong))


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserError(
                f"The roster is larger than {MAX_BYTES // 1_000_000} MB.",
                next_step="check that it is the roster; if so, split it by chapter and hand in the parts.",
            )
        raw = path.read_bytes()
    except OSError as error:
        raise UserError(f"The roster file cannot be read ({error.strerror}).", next_step="check its path.") from None
    if not raw.strip():
        raise UserError("The roster file is empty.", next_step="save the spreadsheet again and hand in that file.")
    begins = raw[:100].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    kind = next((name for start, name in _NO_ROSTER.items() if begins.startswith(start)), None)
    if kind:
        raise UserError(
            f"The roster is {kind}, not a CSV file or a workbook.",
            next_step="open it in the spreadsheet program and save it as .xlsx without a password, or as 'CSV UTF-8'.",
        )
    return raw
