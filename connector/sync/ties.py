"""What becomes of a contact's relationships: who belongs to which chapter, which chapter stands with whom. Pure.

The same rules as for fields and groups: what a roster made it may end, what people ended stays ended.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connector.memory import Agreement, Memory
from connector.plan import Action, Change, FieldChange
from connector.sync.rows import Wanted

ACTIVE, ENDED = "active", "ended"


@dataclass(frozen=True, slots=True)
class Tie:
    """One relationship of a contact (as a) in CiviCRM, to the contact `other` (b)."""

    id: int
    kind: str
    other: int
    is_active: bool


def tie_field(kind: str, other: int) -> str:
    """The name under which a relationship is remembered."""
    return f"relationship:{kind}:{other}"


def parts(field: str) -> tuple[str, int]:
    """The type and the other contact in the name of a remembered relationship."""
    _, kind, other = field.split(":")
    return kind, int(other)


def new_ties(wanted: Wanted, targets: Mapping[str, int]) -> Iterator[Change]:
    """The relationships of a contact that is only going to be made. targets: external identifier → contact."""
    for name in _asked(wanted, targets):
        yield _change(Action.RELATE, wanted, FieldChange(name, None, ACTIVE))


def decide_ties(
    wanted: Wanted,
    person: int,
    subject: str,
    there: Sequence[Tie],
    targets: Mapping[str, int],
    memory: Memory,
    agreed: list[Agreement],
) -> Iterator[Change]:
    """What becomes of one contact's relationships. `agreed` collects what both sides agree on."""
    asked = _asked(wanted, targets)
    known = {tie_field(tie.kind, tie.other): tie for tie in sorted(there, key=lambda tie: tie.is_active)}
    for name in asked:
        tie = known.get(name)
        if tie and tie.is_active:
            agreed.append((person, name, ACTIVE))
        elif memory.agreed(person, name, ENDED) or (tie is None and not memory.agreed(person, name, ACTIVE)):
            # never there, or ended by an earlier roster
            yield _change(Action.RELATE, wanted, FieldChange(name, ENDED if tie else None, ACTIVE), person, subject)
        else:
            # ended or deleted by the staff
            reason = "relationship ended in CiviCRM; stays ended"
            yield Change(Action.SKIP, "Relationship", wanted.key, reason, person, wanted.line)
    for name, tie in sorted(known.items()):
        # the row names another contact or another type now: only what a roster made is ended
        if name not in asked and tie.is_active and memory.agreed(person, name, ACTIVE):
            yield _change(Action.END, wanted, FieldChange(name, ACTIVE, ENDED), person, subject)


def compare_named(
    wanted: Wanted, person: int | None, named: frozenset[tuple[str, int]], targets: Mapping[str, int]
) -> Iterator[Change]:
    """Whom the row names as related to its contact, where CiviCRM says otherwise. Only told: another roster owns it."""
    for one in wanted.named:
        who = targets.get(one.who.casefold())
        if (one.kind, who) not in named:
            there = "is not that in CiviCRM" if who else "is not in CiviCRM"
            reason = f"{one.heading}: {one.who} {there}; the roster of members decides"
            yield Change(Action.NOTE, "Relationship", wanted.key, reason, person, wanted.line)


def _asked(wanted: Wanted, targets: Mapping[str, int]) -> list[str]:
    """What the row asks for. A row that names a contact which is not there was refused before."""
    return sorted({tie_field(tie.kind, targets[tie.to.casefold()]) for tie in wanted.relationships})


def _change(action: Action, wanted: Wanted, field: FieldChange, person: int | None = None, subject: str = "") -> Change:
    reason = "named by the row" if action is Action.RELATE else "the row names another one now"
    return Change(action, "Relationship", wanted.key, reason, person, wanted.line, subject, (field,))
