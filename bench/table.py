"""What a benchmark found, as a table: each figure beside its goal."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. goal: what it should be at most or at least; None when it is only told."""

    value: float
    goal: float | None = None
    sense: Literal["<=", ">="] = "<="
    digits: int = 2

    @property
    def is_met(self) -> bool:
        """True when the goal is reached, or there is none."""
        if self.goal is None:
            return True
        return self.value <= self.goal if self.sense == "<=" else self.value >= self.goal


def show(title: str, figures: Mapping[str, Figure]) -> None:
    """Print a table in Markdown."""
    lines = [f"\n{title}\n", "| figure | found | goal | |", "|---|---|---|---|"]
    for name, one in figures.items():
        goal = "" if one.goal is None else f"{one.sense} {one.goal:g}"
        verdict = "" if one.goal is None else ("met" if one.is_met else "MISSED")
        lines.append(f"| {name} | {one.value:.{one.digits}f} | {goal} | {verdict} |")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
