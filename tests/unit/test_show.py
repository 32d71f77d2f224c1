"""What a person sees of a plan at a terminal, wide and narrow, and in a file that the output goes to."""

import io

import pytest
from rich.console import Console

from connector.cli import show
from connector.plan import Action, Brake, Change, FieldChange, Plan

from .builders import change
from .test_report import INPUT, plan_in

NARROW, LARGE = 80, 140


def seen(plan: Plan, width: int = LARGE, *, terminal: bool = False) -> str:
    out = io.StringIO()
    color = "truecolor" if terminal else None
    show.show_plan(Console(file=out, width=width, force_terminal=terminal, color_system=color, highlight=False), plan)
    return out.getvalue()


def of(*changes: Change) -> Plan:
    return Plan("members", changes, ("COR06",), len(changes))


@pytest.mark.parametrize("width", [NARROW, LARGE, 200])
def test_every_row_of_the_plan_can_be_read_at_any_width(width: int) -> None:
    plan, _ = plan_in(INPUT)
    told = seen(plan, width)
    words = set(told.split())
    for one in plan.changes:
        assert one.key in told
        assert one.line is None or str(one.line) in words
        for field in one.fields:
            assert set((field.after or "").split()) <= words | {word.rstrip(";,") for word in words}
    headings = ("Scope", "Staff's", "Brake", "New", "A person")
    assert all(len(line.rstrip()) <= width for line in told.splitlines() if not line.startswith(headings))


def test_refused_rows_are_told_with_line_and_reason() -> None:
    rows = [Change(Action.REFUSE, "row", f"M{line}", f"mistake {line}", line=line) for line in (7, 9)]
    told = [line.split() for line in seen(of(*rows)).splitlines()]
    assert ["line", "key", "why"] in told
    assert ["7", "M7", "mistake", "7"] in told
    assert ["9", "M9", "mistake", "9"] in told


def test_all_that_asks_for_a_person_is_shown_and_of_the_rest_the_first() -> None:
    refused = [Change(Action.REFUSE, "row", f"R{line}", "no", line=line) for line in range(40)]
    told = seen(of(*refused, *(change(Action.CREATE, f"N{number}") for number in range(40))))
    assert all(f"R{line}" in told for line in range(40))
    assert ("N9" in told, "N10" in told) == (True, False)
    assert "… and 30 more" in told


def test_relationships_are_shown() -> None:
    told = seen(of(change(Action.RELATE, "M1", FieldChange("relationship:Chapter_Member:88", None, "active"))))
    assert "New relationships: 1 × Relationship" in told or "New relationships: 1 × Individual" in told
    assert "Chapter_Member of contact 88" in told


def test_the_sum_stands_at_the_end() -> None:
    plan, _ = plan_in(INPUT)
    *_, last = seen(plan, 200).splitlines()
    assert last.startswith("4 new, 1 group, 3 changed, ")
    assert last.endswith("3 asked, 5 refused.")


def test_nothing_to_do_is_said() -> None:
    assert seen(of()).splitlines()[-1] == "Nothing to do."
    assert seen(of(change(Action.ASK, "M1"))).splitlines()[-2:] == ["1 asked.", "Nothing to do."]


def test_a_brake_is_told() -> None:
    plan = Plan("members", (), ("COR06",), 0, (Brake("empty", "no [bold]rows[/]"),))
    assert "Brake empty: no [bold]rows[/]" in seen(plan)


def test_colours_are_for_terminals_only() -> None:
    plan, _ = plan_in(INPUT)
    assert "\x1b[" not in seen(plan)
    assert "\x1b[" in seen(plan, terminal=True)


@pytest.mark.parametrize("width", [NARROW, LARGE])
def test_nothing_in_a_roster_steers_the_terminal(width: int) -> None:
    evil = "\x1b[2J\x9b31m[red]\u202eoops"
    plan = of(
        change(Action.UPDATE, evil, FieldChange(evil, evil, evil), reason=evil),
        change(Action.CREATE, evil, FieldChange(evil, None, evil), reason=evil),
        change(Action.ASK, evil, FieldChange(evil, evil, evil), reason=evil),
    )
    told = seen(Plan(plan.flow, plan.changes, (evil,), 3, (Brake("creates", evil),)), width)
    assert not {"\x1b", "\x9b", "\u202e"} & set(told)
    assert "[red]" in told


def test_both_sides_of_a_question_are_named() -> None:
    asked = of(change(Action.ASK, "M1", FieldChange("city", "Cork", "Leeds")))
    assert "city in CiviCRM Cork, in the roster Leeds" in seen(asked, NARROW)
    assert "in CiviCRM   in the roster" in seen(asked, LARGE)
