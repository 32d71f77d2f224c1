"""Reads single rows of a roster through a mapping: cells become the values that CiviCRM would give back."""

import re
from collections.abc import Mapping as MappingType, Sequence
from dataclasses import dataclass

from connector.civicrm.schema import Field, Schema, canonical
from connector.sync.cleaners import Unclean, cleaner
from connector.sync.mapping import Mapping, Source
from connector.sync.roster import RosterRow

AT_LARGE = "(at large)"  # the scope of rows without a chapter code
_PLACE = re.compile(r"\{([^{}]+)\}")
# what a code may hold so that a group's name made from it stays one word
_CODE = re.compile(r"[\w.\-]{1,40}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one row asks for. fields: canonical values, unknown ones left out."""

    key: str
    line: int
    scope: str
    fields: MappingType[str, str]
    group: str
    group_title: str


@dataclass(frozen=True, slots=True)
class ReadRow:
    """One row, read. wanted: None when nothing is to be done for it. told: why not, or what a person should know."""

    key: str
    line: int
    wanted: Wanted | None
    told: tuple[str, ...] = ()
    refused: bool = False


class RowReader:
    """Reads the rows of one file; headings and cleaners are looked up once."""

    def __init__(self, mapping: Mapping, schema: Schema, headings: Sequence[str]) -> None:
        self._mapping = mapping
        there = set(headings)
        self._fields = [
            (
                path,
                source,
                next((heading for heading in source.columns if heading in there), ""),
                [made for name in source.clean if (made := cleaner(name))],
                schema.field(mapping.contact_type, path),
            )
            for path, source in mapping.fields.items()
        ]

    def read(self, row: RosterRow) -> ReadRow:
        """Read one row. Every mistake in it is told at once."""
        key = "/".join(row.cells.get(heading, "") for heading in self._mapping.key).strip("/")
        code = row.cells.get(self._mapping.scope, "")
        values, wrong, notes = self._values(row)
        if row.too_long:
            wrong.insert(0, "has more cells than there are headings")
        if code and not _CODE.fullmatch(code):
            wrong.append(f"{self._mapping.scope} may hold only letters, digits, '.', '_' and '-'")
        if not key:
            wrong.append(f"{' and '.join(self._mapping.key)} is empty")
        if wrong:
            return ReadRow(key, row.line, None, ("; ".join(dict.fromkeys(wrong)),), refused=True)
        wanted = Wanted(key, row.line, code or AT_LARGE, values, *self._group(row))
        return ReadRow(key, row.line, wanted, tuple(notes))

    def _values(self, row: RosterRow) -> tuple[dict[str, str], list[str], list[str]]:
        """The canonical values, what is wrong, and what to note."""
        values: dict[str, str] = {}
        wrong: list[str] = []
        notes: list[str] = []
        for path, source, heading, clean, field in self._fields:
            text = source.always if source.always is not None else row.cells.get(heading, "")
            if not text:
                wrong += [f"{heading or path} is empty"] if source.required else []
                continue
            try:
                for one in clean:
                    text = one(text)
                value = _option(field, _choice(source, text))
            except Unclean as error:
                wrong.append(f"{heading} {error}")
                continue
            if field and field.max_length and len(value) > field.max_length:
                notes.append(f"{heading} is longer than CiviCRM's {field.max_length} characters and is cut")
            if kept := canonical(path, field, value):
                values[path] = kept
        return values, wrong, notes

    def _group(self, row: RosterRow) -> tuple[str, str]:
        rule = self._mapping.group
        if not all(row.cells.get(heading) for heading in rule.columns):
            return rule.default, ""
        return _filled(rule.name, row), _filled(rule.title, row)


def _choice(source: Source, text: str) -> str:
    if source.choices is None:
        return text
    if text.casefold() not in source.choices:
        raise Unclean(f"is none of: {', '.join(source.choices)}")
    return source.choices[text.casefold()]


def _option(field: Field | None, text: str) -> str:
    if field is None or field.options is None:
        return text
    found = field.option(text)
    if found is None:
        raise Unclean("is not in CiviCRM's list")
    return found


def _filled(template: str, row: RosterRow) -> str:
    return _PLACE.sub(lambda place: row.cells.get(place[1], ""), template)
