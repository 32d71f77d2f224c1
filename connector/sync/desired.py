"""What should be: a whole roster read through a mapping. Every row becomes a Wanted or a refusal with its line."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from connector.civicrm.schema import Schema
from connector.errors import UserError
from connector.mappings import not_usable, suggest
from connector.plan import Action, Change
from connector.sync.cleaners import tidy
from connector.sync.mapping import Mapping
from connector.sync.roster import Roster, RosterRow
from connector.sync.rows import ALL, ReadRow, RowReader, Wanted


@dataclass(frozen=True, slots=True)
class Desired:
    """A whole roster, read. keys: of all its rows, refused ones too: a row with a mistake has not disappeared."""

    wanted: tuple[Wanted, ...]
    told: tuple[Change, ...]
    keys: frozenset[str]
    scope: tuple[str, ...]
    row_count: int


def read(roster: Roster, mapping: Mapping, schema: Schema, scope: Iterable[str] = ()) -> Desired:
    """Read every row. scope: chapter codes, or `all`; without any, the codes that stand in the file.

    Raises UserError when the mapping does not fit the site, or the file lacks a column that the mapping reads.
    """
    if problems := list(problems_of(mapping, schema)):
        raise not_usable(f"{mapping.name}.toml", problems)
    _check_headings(roster, mapping)
    reader = RowReader(mapping, schema, roster.headings)
    rows = [reader.read(row) for row in roster.rows]
    in_scope = tuple(dict.fromkeys(scope)) or tuple(sorted({row.wanted.scope for row in rows if row.wanted}))
    rows = [_inside(in_scope, row) for row in rows]
    heading = " and ".join(mapping.key)
    rows = sorted((row for same in _by_number(rows) for row in _agreed(same, heading)), key=lambda row: row.line)
    return Desired(
        wanted=tuple(row.wanted for row in rows if row.wanted),
        told=tuple(Change(Action.NOTE, "roster", "", note) for note in roster.notes)
        + tuple(
            Change(Action.REFUSE if row.refused else Action.NOTE, "row", row.key, why, line=row.line)
            for row in rows
            for why in row.told
        ),
        keys=frozenset(row.key for row in rows if row.key),
        scope=in_scope,
        row_count=len(rows),
    )


def problems_of(mapping: Mapping, schema: Schema) -> Iterator[str]:
    """Where the mapping does not fit the live site."""
    for path, source in mapping.fields.items():
        told = schema.problem(mapping.entity, path)
        field = schema.field(mapping.entity, path)
        if told:
            yield f"fields.{path}: {told}"
        elif field and field.options is not None and source.choices:
            for name in source.choices.values():
                if field.option(name) is None:
                    yield f"fields.{path}.choices: this CiviCRM has no '{name}'{suggest(name, field.options)}"


def examples(mapping: Mapping, schema: Schema) -> Iterator[str]:
    """What is wrong with the mapping's own examples, one line each."""
    for number, example in enumerate(mapping.examples, start=1):
        cells = {heading: tidy(cell) for heading, cell in example.row.items()}
        row = RowReader(mapping, schema, tuple(cells)).read(RosterRow(1, cells))
        gives = _as_example(row.wanted) if row.wanted else {}
        if gives != dict(example.gives):
            yield f"example {number}: {f'gives {gives}' if gives else '; '.join(row.told)}"


def _as_example(wanted: Wanted) -> dict[str, str]:
    ties = ", ".join(f"{tie.kind} {tie.to}" for tie in wanted.relationships)
    others = {"contact": wanted.contact, "group": wanted.group, "relationship": ties}
    return {**wanted.fields, **{name: value for name, value in others.items() if value}}


def _inside(scope: Sequence[str], row: ReadRow) -> ReadRow:
    if row.wanted is None or ALL in scope or row.wanted.scope in scope:
        return row
    why = f"belongs to {row.wanted.scope}, which is outside the scope of this run"
    return replace(row, wanted=None, told=(why,), refused=True)


def _by_number(rows: Iterable[ReadRow]) -> Iterator[list[ReadRow]]:
    """The rows that have one number together. CiviCRM takes numbers that differ in case only for the same."""
    found: defaultdict[str, list[ReadRow]] = defaultdict(list)
    for row in rows:
        if row.key:
            found[row.key.casefold()].append(row)
        else:
            yield [row]
    yield from found.values()


def _asks_for(wanted: Wanted | None) -> object:
    """All that a row asks for, to be compared."""
    if wanted is None:
        return None
    return (
        wanted.key,
        wanted.contact,
        wanted.group,
        wanted.own_group,
        wanted.relationships,
        *sorted(wanted.fields.items()),
    )


def _agreed(same: Sequence[ReadRow], heading: str) -> Iterator[ReadRow]:
    """Rows with one key: taken once when they are equal, not at all when they differ. Nobody guesses."""
    first, *others = same
    if not others:
        yield first
    elif len({_asks_for(row.wanted) for row in same}) == 1 and first.wanted:
        yield first
        for row in others:
            yield replace(row, wanted=None, told=(f"the same row as line {first.line}",))
    else:
        lines = ", ".join(str(row.line) for row in same)
        why = f"lines {lines} have one {heading} but differ; nobody guesses which one is right"
        for row in same:
            own = row.told if row.refused else ()
            yield replace(row, wanted=None, told=("; ".join((*own, why)),), refused=True)


def _check_headings(roster: Roster, mapping: Mapping) -> None:
    there = Counter(roster.headings)
    if not there:
        return
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
