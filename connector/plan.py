"""A plan: what would change, why, and what stops it. Shared by all flows; pure, nothing is read or written here."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any


class Exit(IntEnum):
    """Exit codes of the command line."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    CHANGES_WAIT = 3
    BRAKE = 4
    PERSON = 5


class Action(StrEnum):
    """What happens to one thing. The first six write to CiviCRM, the others tell."""

    CREATE = "create"
    UPDATE = "update"
    ADD = "add to group"
    REMOVE = "take out of group"
    RELATE = "relate"
    END = "end relationship"
    KEEP = "keep CiviCRM's"
    SKIP = "respect"
    NOTE = "note"
    ASK = "ask"
    REFUSE = "refuse"


ACTING = frozenset({Action.CREATE, Action.UPDATE, Action.ADD, Action.REMOVE, Action.RELATE, Action.END})
PERSON_DECIDES = frozenset({Action.ASK, Action.REFUSE})


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field's value before and after, both in canonical form; None is empty."""

    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that would happen, or that a person should know.

    key: the roster row's key, or the name of what set-up makes. subject: whose change it is for a checksum, so that
    a change counts as shown only for the same contact. id: the row in CiviCRM, None while it does not exist.
    """

    action: Action
    entity: str
    key: str
    reason: str
    id: int | None = None
    line: int | None = None
    subject: str = ""
    fields: tuple[FieldChange, ...] = ()

    @property
    def acts(self) -> bool:
        """True when carrying it out writes to CiviCRM."""
        return self.action in ACTING

    def atoms(self) -> Iterator[tuple[str, ...]]:
        """The change as its smallest parts, so that a half-done one is recognised as part of what was shown."""
        for field in self.fields:
            yield (self.subject or self.key, self.entity, field.field, field.before or "", field.after or "")

    def as_json(self) -> dict[str, Any]:
        """The change for `--json`."""
        return {
            "action": self.action.value,
            "entity": self.entity,
            "key": self.key,
            "id": self.id,
            "line": self.line,
            "reason": self.reason,
            "fields": {field.field: {"before": field.before, "after": field.after} for field in self.fields},
        }


@dataclass(frozen=True, slots=True)
class Brake:
    """Something suspicious that stops an apply. passable: `--force NAME` lets it go on."""

    name: str
    reason: str
    passable: bool = True


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a roster may change at once before a person has to look: shares in percent of its rows."""

    creates: int = 30
    updates: int = 30
    removals: int = 5
    # shares mean nothing in a small roster: up to so many changes are never stopped
    always_allowed: int = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """All changes of one run, in the order in which they are carried out."""

    flow: str
    changes: tuple[Change, ...]
    scope: tuple[str, ...] = ()
    row_count: int = 0
    brakes: tuple[Brake, ...] = ()

    @property
    def acting(self) -> tuple[Change, ...]:
        """The changes that write."""
        return tuple(change for change in self.changes if change.acts)

    def counts(self) -> dict[str, int]:
        """How many changes of each action there are."""
        found = Counter(change.action.value for change in self.changes)
        return {action.value: found[action.value] for action in Action if found[action.value]}

    def atoms(self) -> set[tuple[str, ...]]:
        """Everything that carrying out this plan would do."""
        return {atom for change in self.acting for atom in change.atoms()}

    @property
    def waits_for_person(self) -> bool:
        """True when a row is asked about or refused."""
        return any(change.action in PERSON_DECIDES for change in self.changes)

    def exit_code(self) -> Exit:
        """What a command that only shows this plan ends with.

        `first-run` is no fault of the roster and asks for nothing yet, so it does not count here; an apply heeds it.
        """
        return worst(
            Exit.BRAKE if any(brake.name != "first-run" for brake in self.brakes) else Exit.DONE,
            Exit.PERSON if self.waits_for_person else Exit.DONE,
            Exit.CHANGES_WAIT if self.acting else Exit.DONE,
        )


def worst(*codes: Exit) -> Exit:
    """The code to end with when several hold."""
    order = (Exit.USAGE, Exit.FAILED, Exit.BRAKE, Exit.PERSON, Exit.CHANGES_WAIT)
    return next((code for code in order if code in codes), Exit.DONE)


def pieces(shown: bytes, size: int) -> frozenset[bytes]:
    """Cut packed hashes apart again."""
    return frozenset(shown[start : start + size] for start in range(0, len(shown), size))


def only_shown(
    changes: Sequence[Change], shown: frozenset[bytes], hashed: Callable[..., bytes]
) -> tuple[list[Change], list[Change]]:
    """Split the acting changes into those that were shown and those left out because their row moved since.

    A row of which any part was not shown is left out whole. hashed: the keyed hash of one atom.
    """
    moved = {
        change.key for change in changes if change.acts and any(hashed(*atom) not in shown for atom in change.atoms())
    }
    allowed = [change for change in changes if change.acts and change.key not in moved]
    return allowed, [change for change in changes if change.acts and change.key in moved]


def brakes(
    changes: Iterable[Change], *, rows: int, last_rows: int | None, first_run: bool, limits: Limits
) -> tuple[Brake, ...]:
    """What stops these changes.

    rows: how many the roster has. last_rows: how many it had when it was last applied, None if never.
    """
    if rows == 0:
        return (Brake("empty", "the roster has no rows; an empty roster is never applied", passable=False),)
    acting = [change for change in changes if change.acts and change.entity != "Group"]
    found = []
    if last_rows and rows * 2 <= last_rows:
        found.append(Brake("half-empty", f"the roster has {rows} rows; when last applied it had {last_rows}"))
    if first_run and acting:
        found.append(Brake("first-run", "this scope was never applied before"))
    shares: Mapping[str, tuple[frozenset[Action], int]] = {
        "creates": (frozenset({Action.CREATE}), limits.creates),
        "updates": (frozenset({Action.UPDATE}), limits.updates),
        "removals": (frozenset({Action.REMOVE}), limits.removals),
    }
    for name, (actions, percent) in shares.items():
        count = len({change.key for change in acting if change.action in actions})
        if count > max(limits.always_allowed, rows * percent / 100) and not (first_run and name == "creates"):
            found.append(Brake(name, f"{count} {name} in a roster of {rows} rows; {percent} % pass without a look"))
    return tuple(found)
