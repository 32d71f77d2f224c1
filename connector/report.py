"""A plan for people and scripts to keep: as JSON, as CSV, and as one HTML page. Pure: what it gives is text.

The sections made here are also what the terminal shows (cli/show.py): what happens, and why, with the rows below.
"""

import csv
import io
import json
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.plan import PERSON_DECIDES, Action, Change, FieldChange, Plan

if TYPE_CHECKING:
    from jinja2 import Template

# What happens, in the order in which it is told, and the words for it: as a heading, and after a number.
TOLD = {
    Action.CREATE: ("New in CiviCRM", "new"),
    Action.UPDATE: ("Changed in CiviCRM", "changed"),
    Action.ADD: ("Added to a group", "into groups"),
    Action.REMOVE: ("Taken out of a group", "out of groups"),
    Action.RELATE: ("New relationships", "related"),
    Action.END: ("Relationships that end", "ended"),
    Action.KEEP: ("Staff's edits that stay", "kept"),
    Action.SKIP: ("Respected", "respected"),
    Action.NOTE: ("To know", "to know"),
    Action.ASK: ("A person has to decide", "asked"),
    Action.REFUSE: ("Rows that are refused", "refused"),
}
# A reason that so many share has a section of its own; the others share one, each row with its reason.
COMMON = 3
# How many rows of a section the page shows: more is read by nobody, and a browser would crawl.
ON_PAGE = 1000
IN_DETAILS = 15  # the same for an activity in CiviCRM; the whole plan hangs on it as a file
COLUMNS = ("action", "entity", "key", "id", "line", "field", "before", "after", "reason", "plan")
# What a spreadsheet takes for the start of a formula, full-width forms too (OWASP, "CSV Injection").
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
# Marks that turn the direction of all that follows: one in a name could make a whole line read backwards.
_TURNS = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))


@dataclass(frozen=True, slots=True)
class Section:
    """The changes of one kind to one entity. reason: why, when all share it; empty when each has its own."""

    action: Action
    entity: str
    reason: str
    changes: tuple[Change, ...]

    @property
    def heading(self) -> str:
        """What happens, in words."""
        return TOLD[self.action][0]


def sections(changes: Sequence[Change]) -> tuple[Section, ...]:
    """The changes by what happens and why, in the order of TOLD."""
    found: defaultdict[tuple[Action, str], defaultdict[str, list[Change]]] = defaultdict(lambda: defaultdict(list))
    for change in changes:
        found[change.action, change.entity][change.reason].append(change)
    order = list(TOLD)
    return tuple(
        section
        for action, entity in sorted(found, key=lambda kind: order.index(kind[0]))
        for section in _by_reason(action, entity, list(found[action, entity].values()))
    )


def _by_reason(action: Action, entity: str, groups: list[list[Change]]) -> Iterator[Section]:
    rare = [group for group in groups if len(group) < COMMON]
    for group in groups:
        if len(group) >= COMMON or len(rare) == 1:
            yield Section(action, entity, group[0].reason, tuple(group))
    if len(rare) > 1:
        together = sorted((change for group in rare for change in group), key=lambda change: change.line or 0)
        yield Section(action, entity, "", tuple(together))


def summary(changes: Sequence[Change]) -> tuple[tuple[Action, str], ...]:
    """What happens, counted: `120 new`, `8 groups`, `2 refused`."""
    counts: defaultdict[tuple[Action, str], int] = defaultdict(int)
    for change in changes:
        group = change.action is Action.CREATE and change.entity == "Group"
        counts[change.action, "groups" if group else TOLD[change.action][1]] += 1
    order = list(TOLD)
    return tuple(
        (action, f"{count:,} {'group' if (word, count) == ('groups', 1) else word}")
        for (action, word), count in sorted(
            counts.items(), key=lambda one: (order.index(one[0][0]), one[0][1] == "groups")
        )
    )


def told(field: FieldChange) -> tuple[str, str, str]:
    """A field with its values before and after, as a person reads them."""
    before, after = plain(field.before or ""), plain(field.after or "")
    kind, _, name = field.field.partition(":")
    if kind == "group":
        return f"group {plain(name)}", before or "not in it", after
    if kind == "relationship":
        type_, _, other = name.rpartition(":")
        return f"{plain(type_)} of contact {plain(other)}", before or "none", after
    return plain(field.field), before or "empty", after or "empty"


def plain(text: str) -> str:
    """Text that can do nothing but be read: what steers a terminal or turns the line around becomes visible."""
    return "".join("\ufffd" if unicodedata.category(sign) == "Cc" or sign in _TURNS else sign for sign in text)


def as_json(plan: Plan, checksum: str | None = None, **more: Any) -> str:
    """The whole plan for a script."""
    return json.dumps(
        {
            "flow": plan.flow,
            "scope": list(plan.scope),
            "rows": plan.row_count,
            "checksum": checksum,
            "counts": plan.counts(),
            "brakes": [{"name": brake.name, "reason": brake.reason} for brake in plan.brakes],
            "changes": [change.as_json() for change in plan.changes],
            **more,
        },
        ensure_ascii=False,
    )


def as_csv(plan: Plan, checksum: str | None = None) -> str:
    """The whole plan for a spreadsheet: a line for each field that changes, and for each row that is told about.

    Starts with a byte order mark, without which Excel does not see that it is UTF-8. Every cell is quoted: where
    Excel separates by semicolons, what stands behind one in an unquoted cell would become a cell of its own.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for change in plan.changes:
        for field in change.fields or (FieldChange("", None, None),):
            row = (change.action.value, change.entity, change.key, change.id, change.line)
            writer.writerow(
                map(_defused, (*row, field.field, field.before, field.after, change.reason, checksum or ""))
            )
    return "\ufeff" + out.getvalue()


def _defused(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text


def as_html(plan: Plan, checksum: str | None = None) -> str:
    """The whole plan as one page that needs nothing else; what a person has to decide stands first."""
    return _page("report.html").render(
        plan=plan,
        checksum=checksum,
        summary=summary(plan.changes),
        sections=sorted(sections(plan.changes), key=lambda section: section.action not in PERSON_DECIDES),
        shown=ON_PAGE,
        told=told,
        plain=plain,
        kind=kind,
    )


def as_details(plan: Plan, needed: int | None = None) -> str:
    """The plan as a piece of HTML for an activity: what stops it, then the first rows of each section.

    needed: the number that has to be typed where something stops it.
    """
    return _page("details.html").render(
        plan=plan,
        needed=needed,
        summary=summary(plan.changes),
        sections=sorted(sections(plan.changes), key=lambda section: section.action not in PERSON_DECIDES),
        shown=IN_DETAILS,
        told=told,
        plain=plain,
        kind=kind,
    )


def kind(action: Action) -> str:
    """How a page or a terminal colours an action: what is written, what asks for a person, and the rest."""
    if action in PERSON_DECIDES:
        return "person"
    return "quiet" if action in (Action.KEEP, Action.SKIP, Action.NOTE) else "acts"


@cache
def _page(name: str) -> "Template":
    import jinja2  # here, so that a command that makes no page does not load it

    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    strict = jinja2.StrictUndefined  # a misspelt name in the page is an error, not a gap
    return jinja2.Environment(autoescape=True, undefined=strict, trim_blocks=True, lstrip_blocks=True).from_string(text)
