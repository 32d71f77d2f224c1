"""Reads single rows of a roster through a mapping: cells become the values that CiviCRM would give back."""

import re
from collections.abc import Mapping as MappingType, Sequence
from dataclasses import dataclass

from connector.civicrm.schema import Schema, canonical
from connector.sync.cleaners import Unclean, cleaner
from connector.sync.mapping import Mapping, Source
from connector.sync.roster import RosterRow

AT_LARGE = "(at large)"  # the scope of rows without a chapter code
ALL = "all"  # the scope that holds every other; the only one of a mapping without a scope column
_PLACE = re.compile(r"\{([^{}]+)\}")
# what a code may hold so that a group's name made from it stays one word
_CODE = re.compile(r"[\w.\-]{1,40}")


@dataclass(frozen=True, slots=True)
class OwnGroup:
    """A mailing group that a row makes when it is missing, below the group `parent`."""

    name: str
    title: str
    parent: str
    closed: bool = False


@dataclass(frozen=True, slots=True)
class RelationTo:
    """A relationship that a row asks for. to: the other contact's external identifier."""

    kind: str
    to: str


@dataclass(frozen=True, slots=True)
class NamedBy:
    """Somebody whom a row names as related to its contact. heading: the column; who: their external identifier."""

    heading: str
    kind: str
    who: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one row asks for. fields: canonical values, unknown ones left out.

    contact: of what belongs to a contact, that contact's external identifier. group: where the contact is mailed.
    """

    key: str
    line: int
    scope: str
    fields: MappingType[str, str]
    contact: str | None = None
    group: str | None = None
    own_group: OwnGroup | None = None
    relationships: tuple[RelationTo, ...] = ()
    named: tuple[NamedBy, ...] = ()


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
        self._fields = [
            (path, _Cell(source, headings), field := schema.field(mapping.entity, path), canonical(path, field))
            for path, source in mapping.fields.items()
        ]
        # a key that is a field too counts as cleaned: "A @Example.org" is the same row as "a@example.org"
        fed = {cell.heading: path for path, cell, _field, _form in self._fields if cell.heading}
        self._key = [(heading, fed.get(heading, "")) for heading in mapping.key]
        self._ties = [(_Cell(rule.kind, headings), _Cell(rule.to, headings)) for rule in mapping.relationships]
        self._contact = _Cell(mapping.contact, headings) if mapping.contact else None
        self._checks = [(_Cell(rule.kind, headings), _Cell(rule.who, headings)) for rule in mapping.checks]
        self._group_columns = mapping.group.columns if mapping.group else ()
        own = mapping.own_group
        self._parent = _Cell(own.parent, headings) if own else None
        self._closed = _Cell(own.closed, headings) if own and own.closed else None

    def read(self, row: RosterRow) -> ReadRow:
        """Read one row. Every mistake in it is told at once."""
        values, wrong, notes = self._values(row)
        key = "/".join(values.get(path) or row.cells.get(heading, "") for heading, path in self._key).strip("/")
        code = row.cells.get(self._mapping.scope, "")
        wrong[:0] = row.wrong
        if code and not _CODE.fullmatch(code):
            wrong.append(f"{self._mapping.scope} may hold only letters, digits, '.', '_' and '-'")
        if not key:
            wrong.append(f"{' and '.join(self._mapping.key)} is empty")
        contact = self._contact.read(row, wrong, "contact") if self._contact else None
        own_group = self._own_group(row, wrong)
        ties = self._relationships(row, wrong)
        named = self._named(row, wrong)
        if wrong:
            return ReadRow(key, row.line, None, ("; ".join(dict.fromkeys(wrong)),), refused=True)
        scope = (code or AT_LARGE) if self._mapping.scope else ALL
        wanted = Wanted(key, row.line, scope, values, contact, self._group(row), own_group, ties, named)
        return ReadRow(key, row.line, wanted, tuple(notes))

    def _values(self, row: RosterRow) -> tuple[dict[str, str], list[str], list[str]]:
        """The canonical values, what is wrong, and what to note."""
        values: dict[str, str] = {}
        wrong: list[str] = []
        notes: list[str] = []
        for path, cell, field, form in self._fields:
            text = cell.read(row, wrong, path)
            if text is None:
                continue
            value = text if field is None else field.option(text)
            if value is None:
                wrong.append(f"{cell.heading} is not in CiviCRM's list")
                continue
            if field and field.max_length and len(value) > field.max_length:
                notes.append(f"{cell.heading} is longer than CiviCRM's {field.max_length} characters and is cut")
            if kept := form(value):
                values[path] = kept
        return values, wrong, notes

    def _group(self, row: RosterRow) -> str | None:
        rule = self._mapping.group
        if rule is None:
            return None
        return _filled(rule.name, row) if all(map(row.cells.get, self._group_columns)) else rule.default

    def _own_group(self, row: RosterRow, wrong: list[str]) -> OwnGroup | None:
        rule = self._mapping.own_group
        if rule is None or self._parent is None:
            return None
        parent = self._parent.read(row, wrong, "own_group.parent")
        closed = self._closed.read(row, wrong, "own_group.closed") if self._closed else None
        return OwnGroup(_filled(rule.name, row), _filled(rule.title, row), parent or "", closed == "yes")

    def _relationships(self, row: RosterRow, wrong: list[str]) -> tuple[RelationTo, ...]:
        found = []
        for kind_cell, to_cell in self._ties:
            kind, to = kind_cell.read(row, wrong, "type"), to_cell.read(row, wrong, "to")
            if kind and to:
                found.append(RelationTo(kind, to))
        return tuple(found)

    def _named(self, row: RosterRow, wrong: list[str]) -> tuple[NamedBy, ...]:
        found = []
        for kind_cell, who_cell in self._checks:
            kind, who = kind_cell.read(row, wrong, "type"), who_cell.read(row, wrong, "from")
            if kind and who:
                found.append(NamedBy(who_cell.heading, kind, who))
        return tuple(found)


class _Cell:
    """How one source reads its cell: heading, cleaners and choices, looked up once."""

    def __init__(self, source: Source, headings: Sequence[str]) -> None:
        self._source = source
        self.heading = next((heading for heading in source.columns if heading in headings), "")
        self._clean = [made for name in source.clean if (made := cleaner(name))]

    def read(self, row: RosterRow, wrong: list[str], name: str) -> str | None:
        """The cleaned and chosen text, or None when there is none; what is wrong with it goes to `wrong`."""
        source = self._source
        text = source.always if source.always is not None else row.cells.get(self.heading, "")
        if not text:
            if source.required:
                wrong.append(f"{self.heading or name} is empty")
            return None
        try:
            for one in self._clean:
                text = one(text)
        except Unclean as error:
            wrong.append(f"{self.heading} {error}")
            return None
        if source.choices is None:
            return text
        if text.casefold() not in source.choices:
            wrong.append(f"{self.heading} is none of: {', '.join(source.choices)}")
            return None
        return source.choices[text.casefold()]


def _filled(template: str, row: RosterRow) -> str:
    return _PLACE.sub(lambda place: row.cells.get(place[1], ""), template)
