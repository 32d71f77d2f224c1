"""What a file holds before anybody says which line has the headings: lines of cells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connector.errors import UserError

MAX_ROWS = 200_000


@dataclass(frozen=True, slots=True)
class Table:
    """Lines of a file: number, cells. wrong: line → column → why its cell cannot be read. notes: for a person."""

    lines: Sequence[tuple[int, list[str]]]
    notes: tuple[str, ...] = ()
    wrong: Mapping[int, Mapping[int, str]] = field(default_factory=dict)


def too_long() -> UserError:
    """What is told of a file with more than MAX_ROWS rows."""
    return UserError(
        f"The roster has more than {MAX_ROWS} rows.",
        next_step="check that it is the roster; if so, split it by chapter and hand in the parts.",
    )
