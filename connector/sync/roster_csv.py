"""Reads the text of a CSV file: which encoding, which delimiter, which cells."""

import csv
import io
import re

from connector.errors import UserError
from connector.sync.table import Table

DELIMITERS = (",", ";", "\t")
# the first line that Excel writes and reads to name the delimiter
_SAID_DELIMITER = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
# how many lines of the beginning are looked at for the delimiter: the first may be a title
_LOOKED_AT = 10
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
# bytes above ASCII that stand together, with what stands directly around them
_RUN = re.compile(rb"([A-Za-z]?)([\x80-\xff]+)(?=([A-Za-z]?))")
_AS_UTF_8 = "save it from the spreadsheet program as 'CSV UTF-8'."


def read(raw: bytes) -> Table:
    """The lines of a CSV file. Raises UserError when it is no text, or a quotation mark is not closed."""
    text, notes = decode(raw)
    said = _SAID_DELIMITER.match(text)
    delimiter = said[1] if said else _delimiter(text)
    found: list[tuple[int, list[str]]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    started = 1
    try:
        for cells in reader:
            if not (said and started == 1):
                found.append((started, cells))
            started = reader.line_num + 1
    except csv.Error as error:
        raise UserError(
            f"The roster cannot be read from line {started} on: {error}.",
            next_step="look for a quotation mark that is opened and not closed there, then run it again.",
        ) from None
    return Table(found, notes)


def decode(raw: bytes) -> tuple[str, tuple[str, ...]]:
    """The text and what a person should know of its encoding. Raises UserError when no encoding fits."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in raw:
        return _utf_16(raw), ()
    try:
        return _text(raw.decode("utf-8-sig")), ()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
    encoding, name = _code_page(raw, line)
    note = f"not written in UTF-8 (line {line}); read as {name}. If names look wrong, {_AS_UTF_8}"
    return _text(raw.decode(encoding)), (note,)


def _utf_16(raw: bytes) -> str:
    """Excel's 'Unicode text', with or without its byte order mark."""
    for encoding in ("utf-16",) if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-16-le", "utf-16-be"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not _CONTROLS.search(text) and any(mark in text for mark in (*DELIMITERS, "\n", "\r")):
            return text
    raise _binary()


def _code_page(raw: bytes, line: int) -> tuple[str, str]:
    """Windows-1256 when the letters above ASCII make Arabic words, Windows-1252 when they stand inside Latin words.

    Both can read nearly every byte, so only what the letters make tells them apart. Anything else is not guessed at.
    """
    arabic = latin = other = 0
    for before, run, after in _RUN.findall(raw):
        letters = [char for char in run.decode("cp1256") if char.isalpha()]
        if not letters:
            continue  # quotation marks, non-breaking blanks
        if len(letters) > 1 and not before and not after and all("\u0621" <= char <= "\u064a" for char in letters):
            arabic += 1
        elif (before or after) and len(run) <= 3:
            latin += 1
        else:
            other += 1
    if arabic > latin and other <= arabic // 10:
        return "cp1256", "Windows-1256 (Arabic)"
    try:
        raw.decode("cp1252")
    except UnicodeDecodeError:
        latin = 0
    if latin > arabic and other <= latin // 10:
        return "cp1252", "Windows-1252 (Western)"
    raise UserError(f"Nobody can tell in which encoding the roster is written (line {line}).", next_step=_AS_UTF_8)


def _text(text: str) -> str:
    if _CONTROLS.search(text):
        raise _binary()
    return text


def _binary() -> UserError:
    return UserError("The roster is a binary file, not a CSV file or a workbook.", next_step=_AS_UTF_8)


def _delimiter(text: str) -> str:
    """The delimiter that the first lines use most, outside quotation marks."""
    first = "\n".join(text.lstrip().splitlines()[:_LOOKED_AT])
    return max(DELIMITERS, key=re.sub(r'"[^"]*"', "", first).count)
