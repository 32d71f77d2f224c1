"""What a file holds before anybody says which line has the headings: lines of cells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Table:
    """Lines of a file: number, cells. wrong: line → column → why its cell cannot be read. notes: for a person."""

    lines: Sequence[tuple[int, list[str]]]
    notes: tuple[str, ...] = ()
    wrong: Mapping[int, Mapping[int, str]] = field(default_factory=dict)
