"""`solidarity mapping`: holds mappings against the live site and their own examples, and drafts new ones."""

import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping as MappingType
from dataclasses import dataclass
from pathlib import Path

import click
from rich.text import Text

from connector.civicrm import site as sites
from connector.civicrm.schema import Schema
from connector.cli.context import Context
from connector.errors import UserError
from connector.plan import Exit, worst
from connector.report import plain
from connector.sync import desired, mapping_file as mappings, roster as rosters, suggest as suggestions
from connector.sync.mapping import Mapping

# What stands beside the mappings and is none.
OTHERS = frozenset({"setup", "stripe", "alerts", "alert_templates"})


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that a person has to correct. unusable: the file says nothing that could be held against the site."""

    mapping: str
    what: str
    unusable: bool = False


@click.group()
def mapping() -> None:
    """Check the mappings (docs/mappings.md explains every word)."""


@mapping.command("check")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of lines.")
@click.argument("name", required=False)
@click.pass_obj
def check(context: Context, name: str | None, as_json: bool) -> None:
    """Hold mapping NAME, or every mapping, against the live site and its own examples. Changes nothing."""
    folder = context.settings.connector_mappings
    loaded, problems = _load(folder, name)
    checked = [one for one in loaded.values() if name in (None, one.name)]
    problems += [one for one in both_win(loaded.values()) if name in (None, one.mapping)]
    if checked:
        with context.client() as client:
            schema = sites.read(client, [entity for one in checked for entity in one.entities]).schema
        problems += [problem for one in checked for problem in on_site(one, schema)]
    names = [name] if name else sorted({*loaded, *(problem.mapping for problem in problems)})
    _show(context, names, problems, as_json)
    sys.exit(worst(*(Exit.FAILED if problem.unusable else Exit.PERSON for problem in problems)))


@mapping.command("suggest")
@click.argument("file", type=click.Path(path_type=Path))
def suggest(file: Path) -> None:
    """Draft a mapping for the roster FILE, from its headings and how its cells look. Asks nobody, changes nothing."""
    click.echo(suggestions.draft(rosters.read(file, suggestions.HEADINGS), file.stem), nl=False)


def on_site(mapping: Mapping, schema: Schema) -> Iterator[Problem]:
    """Where a mapping does not fit the site; when it does, which of its examples give something else."""
    fits = list(desired.problems_of(mapping, schema))
    for what in fits or desired.examples(mapping, schema):
        yield Problem(mapping.name, what)


def both_win(loaded: Iterable[Mapping]) -> Iterator[Problem]:
    """The fields that two mappings both take from their roster: each run would undo the other's, for ever."""
    winners: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for one in loaded:
        for path, source in one.fields.items():
            # the number is what a record is found by; two rosters that say the same of it is how they meet
            if source.wins == "roster" and path != "external_identifier":
                winners[one.entity, path].append(one.name)
    for (entity, path), names in winners.items():
        for name in names if len(names) > 1 else ():
            others = " and ".join(f"{other}.toml" for other in names if other != name)
            why = f"fields.{path}.wins: {others} wins this field of {entity} too; only one mapping may say roster"
            yield Problem(name, why)


def _load(folder: Path, name: str | None) -> tuple[dict[str, Mapping], list[Problem]]:
    """Every mapping that can be read, by its name, and why others cannot.

    With a name the others are read too, because two could win one field; that they cannot be read is not told then.
    """
    there = {path.stem for path in folder.glob("*.toml")} - OTHERS
    loaded, problems = {}, []
    for one in sorted(there | ({name} if name else set())):
        try:
            loaded[one] = mappings.load(folder / f"{one}.toml")
        except UserError as error:
            if one == name or not name:
                told = [what.removeprefix(f"{one}.toml  ") for what in error.problems or (error.what,)]
                problems += [Problem(one, what, unusable=True) for what in told]
    if not loaded and not problems:
        raise UserError("There are no mappings.", next_step="set CONNECTOR_MAPPINGS to the folder that holds them.")
    return loaded, problems


def _show(context: Context, names: Iterable[str], problems: Iterable[Problem], as_json: bool) -> None:
    found: MappingType[str, list[str]] = {name: [] for name in names}
    for problem in problems:
        found[problem.mapping].append(problem.what)
    if as_json:
        click.echo(json.dumps({"mappings": found}, ensure_ascii=False))
        return
    for name, told in found.items():
        mark = Text("look", style="bold yellow") if told else Text("ok", style="green")
        context.out.print(Text(f"{name}.toml  ").append(mark))
        for what in told:
            context.out.print(Text(f"  - {plain(what)}"), soft_wrap=True)
    if any(found.values()):
        context.out.print("Next: correct these lines; docs/mappings.md explains each word.", soft_wrap=True)
        context.out.print(
            "  A field that CiviCRM does not have is made there, or by `solidarity setup apply`.", soft_wrap=True
        )
