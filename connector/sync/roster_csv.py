"""Reads the text of a CSV file: which encoding, which delimiter, which cells."""

import csv
import io
import re
from collections import Counter

from connector.errors import UserError
from connector.sync.table import MAX_ROWS, Table, too_long

DELIMITERS = (",", ";", "\t")
# the first line that Excel writes and reads to name the delimiter
_SAID_DELIMITER = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
# how much of the beginning is looked at for the delimiter: the first lines may be titles
_LOOKED_AT, _LOOKED_AT_CHARACTERS = 10, 50_000
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
# bytes above ASCII that stand together, with what stands directly around them
_RUN = re.compile(rb"([A-Za-z]?)([\x80-\xff]+)(?=([A-Za-z]?))")
# signs that follow no letter, and what stands for bytes that Windows-1252 does not have
_ODD_SIGN = re.compile("[^\\W\\d_][¹³¼½¾£¤¥¦§¨¬¯±¶¸‡†ˆ˜¡¿]|\ufffd")
# what bytes that are no UTF-8 become when they are read as UTF-8 with "surrogateescape", and all other letters
_BROKEN, _WHOLE = re.compile("[\udc80-\udcff]"), re.compile("[^\x00-\x7f\udc80-\udcff]")
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
            if any(cells) and not (said and started == 1):
                found.append((started, cells))
            if len(found) > MAX_ROWS + 1:
                raise too_long()
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
        line = _line(raw, error.start)
    text = raw.decode("utf-8", "surrogateescape")
    if raw.startswith(b"\xef\xbb\xbf") or len(_WHOLE.findall(text)) > len(_BROKEN.findall(text)):
        raise UserError(f"The roster is written in UTF-8, but line {line} is damaged.", next_step=_AS_UTF_8)
    encoding, name = _code_page(raw)
    note = f"not written in UTF-8 (line {line}); read as {name}. If names look wrong, {_AS_UTF_8}"
    try:
        return _text(raw.decode(encoding)), (note,)
    except UnicodeDecodeError as error:
        told = f"The roster looks like {name}, but line {_line(raw, error.start)} has a character that is none."
        raise UserError(told, next_step=_AS_UTF_8) from None


def _line(raw: bytes, position: int) -> int:
    return raw.count(b"\n", 0, position) + 1


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


def _code_page(raw: bytes) -> tuple[str, str]:
    """Windows-1256 when the letters above ASCII make Arabic words, Windows-1252 when they stand inside Latin words.

    Both can read nearly every byte, so only what the letters make tells them apart. Anything else is not guessed at.
    """
    runs = list(_RUN.finditer(raw))
    kind_of = [_kind(*run.groups()) for run in runs]
    kinds = Counter(kind_of)
    arabic, latin, other = kinds["arabic"], kinds["latin"], kinds["other"]
    if arabic > 10 * (latin + other):
        return "cp1256", "Windows-1256 (Arabic)"
    if latin > 10 * (arabic + other) or (kinds["both"] and not arabic + other):
        return "cp1252", "Windows-1252 (Western)"
    odd = runs[kind_of.index("other" if other else kind_of[0])]
    told = f"Nobody can tell in which encoding the roster is written (line {_line(raw, odd.start())})."
    raise UserError(told, next_step=_AS_UTF_8)


def _kind(before: bytes, run: bytes, after: bytes) -> str:
    """What a run of bytes above ASCII speaks for: arabic, latin, other; both or alone when it tells nothing."""
    western, eastern = run.decode("cp1252", "replace"), run.decode("cp1256")
    if (before or after) and _is_odd(before.decode() + western + after.decode()):
        return "other"
    if western == eastern:
        return "both"  # quotation marks, blanks, a few accents
    if before or after:
        return "latin" if len(run) <= 3 else "other"
    letters = [char for char in eastern if char.isalpha()]
    if len(letters) > 1:
        return "arabic" if all("\u0600" <= char <= "\u06ff" for char in letters) else "other"
    return "alone"  # "Ö. Yilmaz", or an Arabic "and"


def _is_odd(word: str) -> bool:
    """True for what another code page leaves inside words: signs ("Pawe³"), misplaced capitals ("MŸller", "JosŽ")."""
    capitals = (
        two.isupper() and (one.islower() or three.islower())
        for one, two, three in zip(word, word[1:], word[2:] + " ", strict=False)
        if one.isalpha()
    )
    return bool(_ODD_SIGN.search(word)) or any(capitals)


def _text(text: str) -> str:
    if _CONTROLS.search(text):
        raise _binary()
    return text


def _binary() -> UserError:
    return UserError("The roster is a binary file, not a CSV file or a workbook.", next_step=_AS_UTF_8)


def _delimiter(text: str) -> str:
    """The delimiter that cuts most of the first lines into equally many cells, into more cells when that is equal.

    Addresses have commas too, but rarely the same number in each row. What stands in quotation marks does not count.
    """
    bare = re.sub(r'"[^"]*"', "", text[:_LOOKED_AT_CHARACTERS])
    lines = [line for line in bare.splitlines() if line.strip(" ")][:_LOOKED_AT]

    def agreeing(delimiter: str) -> tuple[int, int]:
        cuts = Counter(cuts for line in lines if (cuts := line.count(delimiter)))
        return max(((count, cuts) for cuts, count in cuts.items()), default=(0, 0))

    return max(DELIMITERS, key=agreeing)
