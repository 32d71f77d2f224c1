"""What should be: a roster's rows read through a mapping. Every row becomes a Wanted or a refusal with its line."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping as MappingType
from dataclasses import dataclass

from connector.civicrm.schema import Schema, canonical
from connector.errors import UserError
from connector.mappings import not_usable, suggest
from connector.plan import Action, Change
from connector.sync.cleaners import Unclean, cleaner
from connector.sync.mapping import Mapping, Source
from connector.sync.roster import Roster, RosterRow

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
class Desired:
    """A whole roster, read. keys: of all its rows, refused ones too: a row with a mistake has not disappeared."""

    wanted: tuple[Wanted, ...]
    told: tuple[Change, ...]
    keys: frozenset[str]
    scope: tuple[str, ...]
    row_count: int


def problems_of(mapping: Mapping, schema: Schema) -> list[str]:
    """Where the mapping does not fit the live site."""
    found = []
    for path, source in mapping.fields.items():
        told = schema.problem(mapping.contact_type, path)
        if told:
            found.append(f"fields.{path}: {told}")
            continue
        field = schema.field(mapping.contact_type, path)
        if field and field.options is not None and source.choices:
            for name in source.choices.values():
                if field.option(name) is None:
                    found.append(f"fields.{path}.choices: this CiviCRM has no '{name}'{suggest(name, field.options)}")
    return found


def read(roster: Roster, mapping: Mapping, schema: Schema, scope: Iterable[str] = ()) -> Desired:
    """Read every row. scope: chapter codes, or `all`; without any, the codes that stand in the file.

    Raises UserError when the mapping does not fit the site, or the file lacks a column that the mapping reads.
    """
    problems = problems_of(mapping, schema)
    if problems:
        raise not_usable(f"{mapping.name}.toml", problems)
    _check_headings(roster, mapping)
    reader = _RowReader(mapping, schema, roster.headings)
    asked = tuple(dict.fromkeys(scope))
    read_rows = [(row, reader.key(row), *reader.read(row)) for row in roster.rows]
    codes = sorted({wanted.scope for _, _, wanted, _ in read_rows if wanted})
    in_scope = asked if asked else tuple(codes)
    told: list[Change] = []
    by_key: defaultdict[str, list[Wanted]] = defaultdict(list)
    for row, key, wanted, wrong in read_rows:
        if wanted and "all" not in in_scope and wanted.scope not in in_scope:
            wrong, wanted = [f"belongs to {wanted.scope}, which is outside the scope of this run"], None
        if wanted:
            by_key[key].append(wanted)
            told += [_told(Action.NOTE, key, row.line, note) for note in wrong]
        else:
            told.append(_told(Action.REFUSE, key, row.line, "; ".join(wrong)))
    kept, doubled = _without_doubles(by_key)
    return Desired(
        wanted=tuple(kept),
        told=tuple(sorted([*told, *doubled], key=lambda change: change.line or 0)),
        keys=frozenset(key for _, key, _, _ in read_rows if key),
        scope=in_scope,
        row_count=len(roster.rows),
    )


class _RowReader:
    """Reads single rows; built once so that headings and cleaners are looked up once."""

    def __init__(self, mapping: Mapping, schema: Schema, headings: tuple[str, ...]) -> None:
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

    def key(self, row: RosterRow) -> str:
        """The row's key: its key cells, joined."""
        return "/".join(row.cells.get(heading, "") for heading in self._mapping.key).strip("/")

    def read(self, row: RosterRow) -> tuple[Wanted | None, list[str]]:
        """The row as Wanted with notes, or None with what is wrong."""
        wrong: list[str] = ["has more cells than there are headings"] if row.too_long else []
        notes: list[str] = []
        found: dict[str, str] = {}
        for path, source, heading, clean, field in self._fields:
            text = source.always if source.always is not None else row.cells.get(heading, "")
            if not text:
                if source.required:
                    wrong.append(f"{heading or path} is empty")
                continue
            try:
                for one in clean:
                    text = one(text)
                value = _chosen(source, text)
                if field and field.options is not None:
                    value = field.option(value) or _unclean("is not in CiviCRM's list")
            except Unclean as error:
                wrong.append(f"{heading} {error}")
                continue
            kept = canonical(path, field, value)
            if field and field.max_length and len(value) > field.max_length:
                notes.append(f"{heading} is longer than CiviCRM's {field.max_length} characters and is cut")
            if kept:
                found[path] = kept
        code = row.cells.get(self._mapping.scope, "")
        if code and not _CODE.fullmatch(code):
            wrong.append(f"{self._mapping.scope} may hold only letters, digits, - and _")
        if not self.key(row):
            wrong.append(f"{' and '.join(self._mapping.key)} is empty")
        if wrong:
            return None, list(dict.fromkeys(wrong))
        group, title = self._group(row)
        return Wanted(self.key(row), row.line, code or AT_LARGE, found, group, title), notes

    def _group(self, row: RosterRow) -> tuple[str, str]:
        rule = self._mapping.group
        if not all(row.cells.get(heading) for heading in rule.columns):
            return rule.default, ""
        return _filled(rule.name, row), _filled(rule.title, row)


def _filled(template: str, row: RosterRow) -> str:
    return _PLACE.sub(lambda place: row.cells.get(place[1], ""), template)


def _chosen(source: Source, text: str) -> str:
    if source.choices is None:
        return text
    return source.choices.get(text.casefold()) or _unclean(f"is none of: {', '.join(source.choices)}")


def _unclean(why: str) -> str:
    raise Unclean(why)


def _check_headings(roster: Roster, mapping: Mapping) -> None:
    if not roster.headings:
        return
    there = Counter(roster.headings)
    problems = [
        f"there is no column {' or '.join(repr(heading) for heading in headings)}{suggest(headings[0], there)}"
        for headings in mapping.columns
        if not any(heading in there for heading in headings)
    ]
    problems += [
        f"the column '{heading}' stands there {there[heading]} times"
        for headings in mapping.columns
        for heading in headings
        if there[heading] > 1
    ]
    if problems:
        raise UserError(
            f"The roster does not have the columns that {mapping.name}.toml reads.",
            problems=problems,
            next_step=f"rename the columns or edit the mapping; the file has: {', '.join(filter(None, there))}.",
        )


def _without_doubles(by_key: MappingType[str, list[Wanted]]) -> tuple[list[Wanted], list[Change]]:
    """One Wanted a key: equal rows are taken once, differing ones not at all. Both are told."""
    kept: list[Wanted] = []
    told: list[Change] = []
    for key, rows in by_key.items():
        first, *others = rows
        lines = ", ".join(str(row.line) for row in rows)
        if all((row.fields, row.group) == (first.fields, first.group) for row in others):
            kept.append(first)
            told += [_told(Action.NOTE, key, row.line, f"the same row as line {first.line}") for row in others]
        else:
            why = f"lines {lines} have this number but differ; nobody guesses which one is right"
            told += [_told(Action.REFUSE, key, row.line, why) for row in rows]
    return kept, told


def _told(action: Action, key: str, line: int, reason: str) -> Change:
    return Change(action=action, entity="row", key=key, line=line, reason=reason)


def examples(mapping: Mapping, schema: Schema) -> Iterator[str]:
    """What is wrong with the mapping's own examples, one line each."""
    for number, example in enumerate(mapping.examples, start=1):
        roster = Roster(tuple(example.row), (RosterRow(1, {k: " ".join(v.split()) for k, v in example.row.items()}),))
        reader = _RowReader(mapping, schema, roster.headings)
        wanted, wrong = reader.read(roster.rows[0])
        if wanted is None:
            yield f"example {number}: {'; '.join(wrong)}"
        elif {**wanted.fields, "group": wanted.group} != dict(example.gives):
            yield f"example {number}: gives {dict(wanted.fields) | {'group': wanted.group}}"
