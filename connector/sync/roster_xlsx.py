"""Reads an Excel workbook as the person sees it: the visible sheet, shown values, cells merged over lines filled.

openpyxl does the reading. Its streaming mode keeps 100,000 rows within bounds, and knows nothing of merged cells;
those few lines of the sheet's XML are looked up beside it. A workbook comes from outside: every size has a limit.
"""

import io
import re
import warnings
import zipfile
from bisect import bisect_left
from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import date, datetime, time
from itertools import chain, repeat
from typing import Any, cast

from connector.errors import UserError
from connector.sync.cleaners import tidy
from connector.sync.table import MAX_ROWS, Table, too_long

# A small file can unpack to something that fills the machine. Measured: 100,000 members unpack to 73 MB, 14 times the
# packed size; a million formatted empty lines to 92 MB, 11 times.
MAX_UNPACKED = 400_000_000
MAX_RATIO = 200
MAX_LINES = 1_048_576  # as Excel itself has it
MAX_CELLS = 20_000_000  # empty ones too: 200,000 rows of 100 columns
_LOOKED_AT = 10
_PIECE = 1_000_000
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\b[^>]*\bref="([A-Z]+\d+:[A-Z]+\d+)"')
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_ERROR = re.compile(r"#[A-Z0-9_/]+[!?]?")
Range = tuple[int, int, int, int]  # first column, first line, last column, last line, counted from 1
_SAVE_AGAIN = "open it in the spreadsheet program, save it as .xlsx again and hand in that file."
_NEW_BOOK = "copy the cells of the roster, and no others, into a new workbook and hand in that one."


def read(raw: bytes, known: Container[str]) -> Table:
    """The lines with a text of the sheet that a person sees. known: headings by which one of several sheets is chosen.

    Raises UserError when it is no workbook, is too large, or nobody can tell which sheet is meant.
    """
    import openpyxl  # here: most rosters are CSV, and it takes a while to load

    _check(raw)
    try:
        # openpyxl warns of features that it leaves out, none of which changes a cell
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
            number, notes = _sheet(book, known)
            merged, has_formulas = _beside(raw, book.worksheets[number])
            # what stands in a formula's cell says only whether it was saved; a second reading knows the formulas
            written = openpyxl.load_workbook(io.BytesIO(raw), read_only=True).worksheets[number] if has_formulas else ()
            table = _table(book.worksheets[number], written)
            filled = _fill(dict(table.lines), merged)
    except UserError:
        raise
    except Exception as error:  # openpyxl and zipfile raise whatever they met in a damaged file
        raise UserError(f"The workbook cannot be read ({type(error).__name__}).", next_step=_SAVE_AGAIN) from None
    if filled:
        notes.append(f"merged cells in line {', '.join(map(str, filled[:5]))}: each row takes the shared value")
    return Table(table.lines, tuple(notes), table.wrong)


def _check(raw: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            parts = packed.infolist()
    except zipfile.BadZipFile:
        raise UserError("The workbook is damaged.", next_step=_SAVE_AGAIN) from None
    names = {part.filename for part in parts}
    if "xl/workbook.xml" not in names:
        kind = "an OpenDocument file" if "content.xml" in names else "a ZIP file"
        raise UserError(f"The roster is {kind}, not a workbook.", next_step=_SAVE_AGAIN)
    limit = min(MAX_UNPACKED, max(_PIECE, MAX_RATIO * len(raw)))
    if sum(part.file_size for part in parts) > limit:
        raise UserError(
            f"The workbook unpacks to more than {limit // 1_000_000} MB, too much for its size.", next_step=_NEW_BOOK
        )


def _sheet(book: Any, known: Container[str]) -> tuple[int, list[str]]:
    """The number of the sheet that is read, counted from 0, and what to tell of the others."""
    hits: dict[int, int] = {}
    hidden = 0
    for number, sheet in enumerate(book.worksheets):
        if sheet.sheet_state != "visible":
            hidden += 1
            continue
        sheet.reset_dimensions()  # what a file says of its own size is often wrong
        first = [tidy(str(value)) for row in _rows(sheet, _LOOKED_AT) for value in row if value is not None]
        if first:
            hits[number] = sum(cell in known for cell in set(first))
    if not hits:
        raise UserError("The workbook has no visible sheet with a text in it.", next_step=_SAVE_AGAIN)
    best = [number for number, found in hits.items() if found == max(hits.values())]
    if len(best) > 1:
        sheets = ", ".join(str(number + 1) for number in best)
        raise UserError(
            f"The workbook has several sheets that could be the roster: number {sheets}.",
            next_step="hide or delete those that are not meant, save it and hand it in again.",
        )
    left = [str(number + 1) for number in hits if number != best[0]]
    notes = [f"sheet {best[0] + 1} was read; not read: sheet {', '.join(left)}"] if left else []
    notes += [f"{hidden} hidden sheet{'s' * (hidden > 1)} left out"] if hidden else []
    return best[0], notes


def _rows(sheet: Any, limit: int | None = None) -> Iterator[tuple[Any, ...]]:
    return iter(sheet.iter_rows(max_row=limit, values_only=True))


def _beside(raw: bytes, sheet: Any) -> tuple[list[Range], bool]:
    """The merged ranges of a sheet, and whether it has formulas."""
    from openpyxl.utils import range_boundaries

    merged: list[Range] = []
    has_formulas, rest = False, b""
    # the streaming mode has no public name for the part that it reads
    name = sheet._worksheet_path.lstrip("/")
    with zipfile.ZipFile(io.BytesIO(raw)) as packed, packed.open(name) as part:
        while piece := part.read(_PIECE):
            piece = rest + piece
            has_formulas = has_formulas or bool(_FORMULA.search(piece))
            ended = 0
            for found in _MERGED.finditer(piece):
                merged.append(cast(Range, range_boundaries(found[1].decode())))
                ended = found.end()
            rest = piece[max(ended, len(piece) - 200) :]  # a tag may lie across two pieces
    return merged, has_formulas


def _table(shown: Any, written: Any) -> Table:
    """The lines of a sheet that hold a text. shown: with saved values; written: with formulas, or empty."""
    shown.reset_dimensions()
    if written:
        written.reset_dimensions()
    lines: list[tuple[int, list[str]]] = []
    wrong: dict[int, dict[int, str]] = {}
    seen = 0
    formulas: Iterable[Sequence[Any]] = chain(written.iter_rows() if written else (), repeat(()))
    for number, (cells, as_written) in enumerate(zip(shown.iter_rows(), formulas, strict=False), start=1):
        seen += len(cells)
        if number > MAX_LINES or seen > MAX_CELLS:
            raise UserError("The workbook has more lines or cells than a roster can have.", next_step=_NEW_BOOK)
        texts = []
        for column, cell in enumerate(cells):
            text, why = _cell(cell, column < len(as_written) and as_written[column].data_type == "f")
            texts.append(text)
            if why:
                wrong.setdefault(number, {})[column] = why
        if any(map(str.strip, texts)):  # sheets are often formatted far below their last row
            lines.append((number, texts))
        if len(lines) > MAX_ROWS + 1:
            raise too_long()
    return Table(lines, wrong=wrong)


def _cell(cell: Any, is_formula: bool) -> tuple[str, str]:
    """The text that a person sees in a cell, and what is wrong with it."""
    value, kind = cell.value, cell.data_type
    if kind == "e":
        return "", f"holds the error {value}" if _ERROR.fullmatch(str(value)) else "holds an error"
    if value is None:
        # "str" is a formula whose saved value is an empty text, as of =IF(A2="","",A2)
        return "", "holds a formula without a saved value" if is_formula and kind != "str" else ""
    return (value if isinstance(value, str) else shown_as(value, cell.number_format)), ""


def shown_as(value: Any, number_format: str = "General") -> str:
    """A value as text: days as YYYY-MM-DD, whole numbers without decimals, `007` where the cell shows it so."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float):
        if "%" in number_format:
            return f"{value * 100:.15g}%"
        text = str(int(value)) if value == int(value) else f"{value:.15g}"
        return text.zfill(len(number_format)) if re.fullmatch("0+", number_format) else text
    return str(value)


def _fill(lines: dict[int, list[str]], merged: Sequence[Range]) -> list[int]:
    """Give the rows below a merged range's first its value, in its first column. Returns the lines that got one."""
    if sum(bottom - top for _, top, _, bottom in merged) > MAX_CELLS:
        raise UserError("The workbook has more merged cells than a roster can have.", next_step=_NEW_BOOK)
    numbers = sorted(lines)
    filled = set()
    for left, top, _, bottom in merged:
        source = lines.get(top, [])
        value = source[left - 1] if left <= len(source) else ""
        below = numbers[bisect_left(numbers, top + 1) : bisect_left(numbers, bottom + 1)] if value else ()
        for line in below:
            cells = lines[line]
            cells += [""] * (left - len(cells))
            if not cells[left - 1]:
                cells[left - 1] = value
                filled.add(line)
    return sorted(filled)
