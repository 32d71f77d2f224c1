"""Reads a roster file into rows with their line numbers. Decides nothing about what they mean."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from connector.errors import UserError
from connector.sync.cleaners import tidy

MAX_BYTES = 20_000_000
DELIMITERS = (",", ";", "\t")
# the first line that Excel writes and reads to name the delimiter
_SAID_DELIMITER = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
# how files begin that are often handed in instead of a CSV
_NOT_CSV = {b"PK\x03\x04": "an Excel or ZIP file", b"\xd0\xcf\x11\xe0": "an old Excel file", b"%PDF": "a PDF"}


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One row: the line it starts on in the file, and its tidied cells by heading."""

    line: int
    cells: dict[str, str]
    too_long: bool = False


@dataclass(frozen=True, slots=True)
class Roster:
    """A whole file, as read."""

    headings: tuple[str, ...]
    rows: tuple[RosterRow, ...]


def read(path: Path) -> Roster:
    """Read a CSV file (comma, semicolon or tab; UTF-8 with or without byte order mark).

    Raises UserError when the file is missing, empty, too large, not text, or has no headings.
    """
    text = _text(path)
    said = _SAID_DELIMITER.match(text)
    delimiter = said[1] if said else _delimiter(text)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    found: list[RosterRow] = []
    headings: tuple[str, ...] = ()
    started = 1
    try:
        for cells in lines:
            tidied = [tidy(cell) for cell in cells]
            if said and started == 1:
                pass  # the line that says which delimiter it is
            elif any(tidied) and not headings:
                headings = tuple(tidied)
            elif any(tidied):
                found.append(_row(started, headings, tidied))
            started = lines.line_num + 1
    except csv.Error as error:
        raise UserError(
            f"The roster cannot be read from line {started} on: {error}.",
            next_step="look for a quotation mark that is opened and not closed there, then run it again.",
        ) from None
    return Roster(headings, tuple(found))


def _row(line: int, headings: Sequence[str], cells: Sequence[str]) -> RosterRow:
    named = {heading: cell for heading, cell in zip(headings, cells, strict=False) if heading}
    return RosterRow(line, named, too_long=any(cells[len(headings) :]))


def _text(path: Path) -> str:
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
    kind = next((name for start, name in _NOT_CSV.items() if raw.startswith(start)), None)
    if kind or b"\0" in raw:
        raise UserError(
            f"The roster is {kind or 'a binary file'}, not a CSV file.",
            next_step="open it in the spreadsheet program and save it as 'CSV UTF-8'.",
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"The roster is not written in UTF-8 (line {line}).",
            next_step="save it from the spreadsheet program as 'CSV UTF-8'.",
        ) from None


def _delimiter(text: str) -> str:
    """The delimiter that the line of headings uses most, outside quotation marks."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(DELIMITERS, key=re.sub(r'"[^"]*"', "", first).count)
