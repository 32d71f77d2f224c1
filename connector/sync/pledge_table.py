"""What becomes of each promise in a roster: the decision table of pledges. Pure.

CiviCRM makes a pledge's payments together with it and never moves them afterwards: what they were made from is asked
about when it changes, and everything else follows the same rule as any other field.
"""

from collections.abc import Iterator, Mapping as MappingType
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from connector.memory import Agreement, Memory
from connector.plan import Action, Change, FieldChange
from connector.sync.mapping import PLEDGE, PLEDGE_NEEDS, Mapping
from connector.sync.plan import Decision, Verdict, settle_field
from connector.sync.rows import Wanted

CANCELLED = "Cancelled"
CONTACT = "contact"  # the name under which a plan shows whose pledge it is
SCHEDULE = frozenset({*PLEDGE_NEEDS, "original_installment_amount", "currency", "frequency_day"})
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Pledge:
    """One pledge as CiviCRM has it. fields: canonical values."""

    id: int
    contact: int
    status: str
    fields: MappingType[str, str | None]


@dataclass(frozen=True, slots=True)
class Promise:
    """What CiviCRM has for one row.

    contact: whose pledge it should be, None when there is nobody; in_trash: that contact is there.
    pledges: those with the row's number, and the one that it is linked to. alike: of the same contact, without a
    number, with the same amount and first day. gone: linked before, and there no more.
    """

    contact: int | None
    in_trash: bool = False
    pledges: tuple[Pledge, ...] = ()
    alike: tuple[Pledge, ...] = ()
    gone: bool = False


@dataclass(slots=True)
class _Told:
    """The fields of one pledge by what becomes of them."""

    update: list[FieldChange] = field(default_factory=list)
    keep: list[FieldChange] = field(default_factory=list)
    ask: list[FieldChange] = field(default_factory=list)
    schedule: list[FieldChange] = field(default_factory=list)


def decide(
    wanted: tuple[Wanted, ...],
    told: tuple[Change, ...],
    found: MappingType[str, Promise],
    memory: Memory,
    mapping: Mapping,
) -> Decision:
    """What becomes of each row. told: what reading the roster told already."""
    decision = Decision(changes=list(told))
    for row in wanted:
        promise = found[row.key]
        if refused := _refusal(row, promise):
            decision.changes.append(Change(Action.REFUSE, "row", row.key, refused, line=row.line))
        elif question := _question(row, promise):
            decision.changes.append(_change(Action.ASK, row, question))
        elif not promise.pledges:
            whose = FieldChange(CONTACT, None, row.contact)
            fields = (whose, *(FieldChange(name, None, value) for name, value in row.fields.items()))
            decision.changes.append(_change(Action.CREATE, row, "not in CiviCRM yet", fields=fields))
        else:
            decision.records[row.key] = promise.pledges[0].id
            decision.changes += _compare(row, promise.pledges[0], memory, mapping, decision)
    return decision


def _refusal(row: Wanted, promise: Promise) -> str | None:
    """Why no pledge can be made of the row, or None."""
    if promise.contact is None:
        return f"CiviCRM has no contact with the external identifier {row.contact}; apply the members' roster first"
    total, each = row.fields.get("amount"), row.fields.get("original_installment_amount")
    count = int(row.fields["installments"]) if "installments" in row.fields else 1
    if total and each and Decimal(each) != (Decimal(total) / count).quantize(_CENT, ROUND_HALF_UP):
        return f"{count} payments of {each} are not {total}; correct the row"
    return None


def _question(row: Wanted, promise: Promise) -> str | None:
    """Why a person has to decide about the row, or None."""
    ids = ", ".join(str(pledge.id) for pledge in promise.pledges)
    if promise.in_trash:
        return f"its contact {promise.contact} is in the trash; restore it or take the row out"
    if promise.gone:
        return "its pledge was deleted in CiviCRM; take the row out, or give it another number to enter it again"
    if len(promise.pledges) > 1:
        return f"more than one pledge has this number: {ids}; give all but one another number in CiviCRM"
    if promise.pledges and promise.pledges[0].contact != promise.contact:
        whose = promise.pledges[0].contact
        return f"pledge {ids} belongs to contact {whose}, the row names contact {promise.contact}; correct one of them"
    if not promise.pledges and promise.alike:
        alike = promise.alike[0].id
        return (
            f"pledge {alike} of the same contact has this amount and first day, and no number; "
            "enter this number there if it is the same promise, any other number if it is not"
        )
    return None


def _compare(row: Wanted, pledge: Pledge, memory: Memory, mapping: Mapping, decision: Decision) -> Iterator[Change]:
    """The row against its pledge, field by field."""
    if pledge.status == CANCELLED:
        yield _change(Action.SKIP, row, "cancelled in CiviCRM; stays cancelled", pledge.id)
        return
    told = _Told()
    same: list[Agreement] = []
    for name, value in row.fields.items():
        there = pledge.fields.get(name)
        verdict = settle_field(value, there, memory, pledge.id, name, mapping.wins(name))
        one = FieldChange(name, there, value)
        if verdict is Verdict.SAME:
            same.append((pledge.id, name, value))
        elif verdict is Verdict.UPDATE:
            (told.schedule if name in SCHEDULE else told.update).append(one)
        else:
            (told.keep if verdict is Verdict.KEEP else told.ask).append(one)
    decision.agreed += memory.news(same)
    schedule = "CiviCRM cannot change a promise's schedule; cancel it there and give the new one a number of its own"
    for action, reason, fields in (
        (Action.UPDATE, "the roster changed", told.update),
        (Action.KEEP, "changed in CiviCRM; CiviCRM's value stays", told.keep),
        (Action.ASK, "roster and CiviCRM differ; say which one is right", told.ask),
        (Action.ASK, schedule, told.schedule),
    ):
        if fields:
            yield _change(action, row, reason, pledge.id, tuple(fields))


def _change(
    action: Action, row: Wanted, reason: str, id_: int | None = None, fields: tuple[FieldChange, ...] = ()
) -> Change:
    return Change(action, PLEDGE, row.key, reason, id_, row.line, row.key, fields)
