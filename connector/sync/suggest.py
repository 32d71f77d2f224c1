"""Drafts a mapping for a roster that has none, from its headings and from how its cells look. Pure.

No cell of a person ends in the draft: only headings, and the words of roles and languages that nobody is called by.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from difflib import get_close_matches

from connector.errors import UserError
from connector.sync import cleaners
from connector.sync.cleaners import Unclean
from connector.sync.roster import Roster
from connector.sync.suggest_words import KNOWN, LANGUAGES, ROLES

CLEANED = {
    "email_primary.email": "e-mail",
    "phone_primary.phone": "phone",
    "address_primary.country_id:name": "country",
}
MOST_CHOICES = 12  # a column with more different words is no list of choices
# what a heading does not look like, but a cell about a person does
_DATA = re.compile(r"@|\d.*\d.*\d")
_CODE = re.compile(r"[A-Za-z]{0,5}[ ./-]?\d{1,9}")
# the columns whose words may be shown
_SHOWN = ("preferred_language", "role")
DATES = ("YYYY-MM-DD", "DD.MM.YYYY", "DD/MM/YYYY", "MM/DD/YYYY")


class _Headings:
    """Every heading that a draft knows, for `roster.read`."""

    def __contains__(self, heading: object) -> bool:
        return isinstance(heading, str) and _field(heading) is not None


HEADINGS = _Headings()


@dataclass(frozen=True, slots=True)
class _Column:
    """One column: its heading, and its cells that are not empty."""

    heading: str
    cells: Sequence[str]
    full: bool  # no cell is empty

    @property
    def tells_rows_apart(self) -> bool:
        return bool(self.cells) and self.full and len({cell.casefold() for cell in self.cells}) == len(self.cells)


def draft(roster: Roster, name: str) -> str:
    """The text of a mapping file for this roster. name: of the file, for the line `about`.

    Raises UserError when no heading is known: what stands there may be the first person's row.
    """
    columns = [_column(roster, heading) for heading in dict.fromkeys(roster.headings) if heading]
    found, left = _assigned(columns)
    if not found:
        raise UserError(
            "None of the file's first lines holds headings that are known.",
            next_step="write above each column what it holds, as `First name` or `Email`, and run it again.",
        )
    named = _words(column for column in (*found.values(), *left) if column not in map(found.get, _SHOWN))
    lines = [*_top(found, left, name), *_fields(found, named), *_below(found, named), *_left(roster, found, left)]
    return "\n".join(lines) + "\n"


def _column(roster: Roster, heading: str) -> _Column:
    cells = [row.cells.get(heading, "") for row in roster.rows]
    return _Column(heading, [cell for cell in cells if cell], full=all(cells))


def _assigned(columns: Sequence[_Column]) -> tuple[dict[str, _Column], list[_Column]]:
    """Field → the column that holds it, and the columns that nobody recognises or that fill no field."""
    found: dict[str, _Column] = {}
    left = []
    for column in columns:
        field = _field(column.heading)
        if field and field not in found:
            found[field] = column
        else:
            left.append(column)
    if "first_name" in found and "last_name" not in found and "full_name" in found:
        found["last_name"] = found.pop("full_name")  # `Vorname, Name`
    return found, left


def _field(heading: str) -> str | None:
    word = _letters(heading)
    if word in _NAMES:
        return _NAMES[word]
    close = get_close_matches(word, [known for known in _NAMES if len(known) > 4], n=1, cutoff=0.85)
    return _NAMES[close[0]] if close else None


def _letters(text: str) -> str:
    """Small letters and digits only, without accents: headings are typed in many ways."""
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKD", text).casefold())


_NAMES = {_letters(known): field for field, words in KNOWN.items() for known in words.split()}


def _words(columns: Iterable[_Column]) -> frozenset[str]:
    """Every word that stands in these columns."""
    return frozenset(word for column in columns for cell in column.cells for word in _words_of(cell))


def _words_of(cell: str) -> Set[str]:
    return set(re.findall(r"\w+", cell.casefold()))


def _top(found: dict[str, _Column], left: Sequence[_Column], name: str) -> Iterator[str]:
    """The lines above [fields]."""
    number, email = found.get("number"), found.get("email_primary.email")
    yield "# A draft: read every line, then run `solidarity mapping check`. docs/mappings.md explains each word."
    yield f"about = {_text(f'Roster {name}')}"
    yield 'entity = "Individual"'
    if number and number.tells_rows_apart:
        yield f"key = [{_text(number.heading)}]"
        match, alike = [["external_identifier"], ["email_primary.email", "last_name"]], []
    else:
        for column in left:
            if len(column.cells) > 1 and column.tells_rows_apart and all(map(_CODE.fullmatch, column.cells)):
                yield f"# {_heading(column)} is different in each row: it can be the key if it never changes"
        if number:
            yield f"# {_text(number.heading)} is empty or the same in several rows, so it cannot be the key"
        yield f"key = [{_text(email.heading if email else 'WHICH COLUMN SAYS WHO A ROW IS?')}]"
        match = [["email_primary.email", "last_name", "first_name"]]
        alike = [["email_primary.email"], ["last_name", "first_name"]]
    if "chapter" in found:
        yield f"scope = {_text(found['chapter'].heading)}"
    fields = set(found) | ({"external_identifier"} if number and number.tells_rows_apart else set())
    yield f"match = {json.dumps([rule for rule in match if fields.issuperset(rule)])}"
    if alike := [rule for rule in alike if fields.issuperset(rule)]:
        yield f"look_alike = {json.dumps(alike)}"
    yield 'wins = "civicrm"   # or "roster", or "ask": who is right when both sides changed'


def _fields(found: dict[str, _Column], named: Set[str]) -> Iterator[str]:
    yield "\n[fields]"
    number = found.get("number")
    if number and number.tells_rows_apart:
        yield f'external_identifier = {{ column = {_text(number.heading)}, clean = ["key"], required = true }}'
    for field, column in found.items():
        if field in ("number", "chapter", "role", "full_name"):
            continue
        if field == "preferred_language":
            choices, remarks = _choices(column, LANGUAGES, named)
            yield from remarks
            how = f"choices = {choices}"
        elif field == "Solidarity_Member.Joined_On":
            fits = [pattern for pattern in DATES if _reads(f"date {pattern}", column)]
            if len(fits) != 1:
                yield f"# Nobody can tell how these days are written; it could be {' or '.join(fits or DATES)}:"
            how = f'clean = ["date {(fits or DATES)[0]}"]'
        else:
            how = f'clean = ["{CLEANED.get(field, "trim")}"]'
        required = ", required = true" if field == "last_name" else ""
        quoted = field if re.fullmatch(r"\w+", field) else _text(field)
        yield f"{quoted} = {{ column = {_text(column.heading)}, {how}{required} }}"


def _choices(column: _Column, words: dict[str, str], named: Set[str]) -> tuple[str, list[str]]:
    """What each cell of a column means, `?` where a person has to say it, and remarks.

    named: words of the other columns. A cell with one of them may be about a person, and is not shown.
    """
    cells = sorted({cell.casefold() for cell in column.cells})
    if not cells or len(cells) > MOST_CHOICES:
        shown, remarks = sorted(words), []
    else:
        shown = [cell for cell in cells if cell in words or not (_DATA.search(cell) or named & _words_of(cell))]
        hidden = len(cells) - len(shown)
        remarks = [f"# {hidden} words of {_text(column.heading)} are not shown, as they may name people: add them"]
        remarks = remarks if hidden else []
    return "{ " + ", ".join(f"{_text(cell)} = {_text(words.get(cell, '?'))}" for cell in shown) + " }", remarks


def _reads(name: str, column: _Column) -> bool:
    """True when this cleaner reads every cell."""
    clean = cleaners.cleaner(name)
    try:
        return bool(clean and [clean(cell) for cell in column.cells])
    except Unclean:
        return False


def _below(found: dict[str, _Column], named: Set[str]) -> Iterator[str]:
    if "chapter" not in found:
        return
    code = found["chapter"].heading
    yield "\n[group]"
    yield f"name = {_text(f'chapter_{{{code}}}')}"
    yield 'default = "members_at_large"'
    yield 'network = "solidarity_network"'
    yield "\n[[relationship]]"
    if "role" in found:
        role = found["role"]
        choices, remarks = _choices(role, ROLES, named)
        yield from remarks
        yield f"type = {{ column = {_text(role.heading)}, choices = {choices} }}"
    else:
        yield 'type = { always = "Chapter_Member" }'
    yield f"to = {{ column = {_text(code)} }}"


def _left(roster: Roster, found: dict[str, _Column], left: Sequence[_Column]) -> Iterator[str]:
    """What a person should know: columns that are not taken, and why."""
    if left:
        yield "\n# Columns that are not taken: " + ", ".join(map(_heading, left))
    if "full_name" in found:
        yield f"# {_heading(found['full_name'])} holds whole names, and nobody should guess where a last name begins:"
        yield "# make two columns of it in the sheet, First name and Last name, and draft again."
    if "role" in found and "chapter" not in found:
        yield f"# {_heading(found['role'])} is not taken either: a role is held in a chapter, and no column names one."
    if "last_name" not in found:
        yield "# Nobody found the column with the last name: add last_name under [fields]."
    for column in (*found.values(), *left):
        if roster.headings.count(column.heading) > 1:
            yield f"# {_heading(column)} stands above several columns: give each its own heading."
    for note in roster.notes:
        yield f"# The file: {note}"


def _heading(column: _Column) -> str:
    """A heading, unless it looks as if it were about a person."""
    return "(a heading that looks like somebody's data)" if _DATA.search(column.heading) else _text(column.heading)


def _text(text: str) -> str:
    """A TOML string: JSON's are a part of them."""
    return json.dumps(text, ensure_ascii=False)
