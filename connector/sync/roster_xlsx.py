"""Reads an Excel workbook as the person sees it: the visible sheet, shown values, merged cells filled.

openpyxl does the reading. Its streaming mode keeps 100,000 rows within bounds, and knows nothing of merged cells;
those few lines of the sheet's XML are looked up beside it.
"""

import io
import re
import warnings
import zipfile
from collections.abc import Collection, Iterator
from datetime import date, datetime, time
from typing import Any, cast

from connector.errors import UserError
from connector.sync.cleaners import tidy
from connector.sync.table import Table

# A small file can unpack to something that fills the machine.
MAX_UNPACKED = 400_000_000
_LOOKED_AT = 10
_MERGED = re.compile(rb'<mergeCell\b[^>]*\bref="([A-Z]+\d+:[A-Z]+\d+)"')
Range = tuple[int, int, int, int]  # first column, first line, last column, last line, counted from 1
_SAVE_AGAIN = "open it in the spreadsheet program, save it as .xlsx again and hand in that file."


def read(raw: bytes, known: Collection[str]) -> Table:
    """The lines of the sheet that a person sees. known: headings by which one of several sheets is chosen.

    Raises UserError when it is no workbook, unpacks to too much, or nobody can tell which sheet is meant.
    """
    import openpyxl  # here: most rosters are CSV, and it takes a while to load

    _check(raw)
    try:
        # openpyxl warns of features that it leaves out, none of which changes a cell
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=False)
            shown = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
            number, notes = _sheet(book, known)
            table = _table(book.worksheets[number], shown.worksheets[number])
            merged = _merged(raw, book.worksheets[number])
    except UserError:
        raise
    except Exception as error:  # openpyxl and zipfile raise whatever they met in a damaged file
        raise UserError(f"The workbook cannot be read ({type(error).__name__}).", next_step=_SAVE_AGAIN) from None
    if lines := _fill(dict(table.lines), merged):
        notes.append(f"merged cells in line {', '.join(map(str, lines[:5]))}: each row takes the shared value")
    return Table(table.lines, tuple(notes), table.wrong)


def _check(raw: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            names = packed.namelist()
            unpacked = sum(info.file_size for info in packed.infolist())
    except zipfile.BadZipFile:
        raise UserError("The workbook is damaged.", next_step=_SAVE_AGAIN) from None
    if "xl/workbook.xml" not in names:
        raise UserError("The roster is a ZIP file, not a workbook.", next_step=_SAVE_AGAIN)
    if unpacked > MAX_UNPACKED:
        raise UserError(
            f"The workbook unpacks to more than {MAX_UNPACKED // 1_000_000} MB.",
            next_step="check that it is the roster; if so, save its sheet as 'CSV UTF-8' and hand in that.",
        )


def _sheet(book: Any, known: Collection[str]) -> tuple[int, list[str]]:
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
            hits[number] = len(set(known).intersection(first))
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


def _table(sheet: Any, shown: Any) -> Table:
    """The lines of a sheet. shown: the same sheet with the values of its formulas as they were when it was saved."""
    sheet.reset_dimensions()
    shown.reset_dimensions()
    lines: list[tuple[int, list[str]]] = []
    wrong: dict[int, dict[int, str]] = {}
    for number, (cells, values) in enumerate(zip(sheet.iter_rows(), _rows(shown), strict=False), start=1):
        texts = []
        for column, (cell, value) in enumerate(zip(cells, values, strict=False)):
            text, why = _cell(cell, value)
            texts.append(text)
            if why:
                wrong.setdefault(number, {})[column] = why
        lines.append((number, texts))
    return Table(lines, wrong=wrong)


def _cell(cell: Any, value: Any) -> tuple[str, str]:
    """The text that a person sees in a cell, and what is wrong with it."""
    if cell.value is None:
        return "", ""
    if cell.data_type == "f" and value is None:
        return "", "holds a formula without a saved value"
    if isinstance(value, str):
        is_error = re.fullmatch(r"#(N/A|REF!|VALUE!|NAME\?|NUM!|NULL!|DIV/0!)", value)
        return ("", f"holds the error {value}") if is_error and cell.data_type in "ef" else (value, "")
    return shown_as(value, cell.number_format), ""


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


def _merged(raw: bytes, sheet: Any) -> list[Range]:
    """The merged ranges of a sheet."""
    from openpyxl.utils import range_boundaries

    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        # the streaming mode has no public name for the part that it reads
        xml = packed.read(sheet._worksheet_path.lstrip("/"))
    return [cast(Range, range_boundaries(ref.decode())) for ref in _MERGED.findall(xml)]


def _fill(lines: dict[int, list[str]], merged: list[Range]) -> list[int]:
    """Give every cell of a merged range that spans lines the value of its first. Returns the lines that got one."""
    filled = set()
    for left, top, right, bottom in merged:
        source = lines.get(top, [])
        value = source[left - 1] if left <= len(source) else ""
        for line in range(top + 1, min(bottom, max(lines, default=0)) + 1):
            cells = lines[line]
            cells += [""] * (right - len(cells))
            for column in range(left - 1, right):
                if value and not cells[column]:
                    cells[column] = value
                    filled.add(line)
    return sorted(filled)
