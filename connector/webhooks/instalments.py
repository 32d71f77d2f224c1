"""Which instalments of pledges a gift pays, the oldest open ones first, and which it pays no longer. Pure.

What a gift pays already stays its own as long as its money does, so that nothing moves without a reason. A part of an
instalment is paid by splitting it in two, one paid and one open: their sum, the pledge, stays.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from connector.money import NOTHING

PENDING, OVERDUE, COMPLETED, IN_PROGRESS = "Pending", "Overdue", "Completed", "In Progress"
# Instalments that money can pay. CiviCRM makes them so; Cancelled and Failed ones are a person's.
OPEN = frozenset({PENDING, OVERDUE})


@dataclass(frozen=True, slots=True)
class Instalment:
    """One PledgePayment. contribution: what pays it, 0 for nothing; paid: how much of that."""

    id: int
    pledge: int
    due: date
    status: str
    scheduled: Decimal
    contribution: int = 0
    paid: Decimal = NOTHING


@dataclass(frozen=True, slots=True)
class Gift:
    """One contribution. kept: its money, nothing when it is not Completed; pledges: those that it may pay."""

    id: int
    kept: Decimal
    pledges: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class Move:
    """One instalment as it was seen becomes `amount`, paid by `contribution` (0: open again).

    rest: what becomes an open instalment of its own, of the same day.
    """

    seen: Instalment
    contribution: int
    amount: Decimal
    rest: Decimal = NOTHING


def moves(gifts: Iterable[Gift], instalments: Iterable[Instalment]) -> list[Move]:
    """What the first gift that pays too much or too little needs; empty when none does.

    One gift at a time, because what it splits is only known to the next one when CiviCRM has it.
    """
    ordered = sorted(instalments, key=lambda one: (one.due, one.pledge, one.id))
    for gift in gifts:
        mine = [one for one in ordered if one.contribution == gift.id]
        left = gift.kept - sum((one.paid for one in mine), NOTHING)
        if left < 0:
            found = list(_release(-left, [one for one in reversed(mine) if one.status == COMPLETED]))
        else:
            found = list(_pay(gift, left, [one for one in ordered if _is_open(one) and one.pledge in gift.pledges]))
        if found:
            return found
    return []


def carried_out(found: Iterable[Move], instalments: Iterable[Instalment], today: date) -> list[Instalment]:
    """The instalments as these moves leave them. What is split off has a number below 0 until CiviCRM gives it one."""
    after = {one.id: one for one in instalments}
    for move in found:
        seen = move.seen
        unpaid = replace(seen, status=open_status(seen.due, today), contribution=0, paid=NOTHING)
        paid = replace(seen, status=COMPLETED, contribution=move.contribution, paid=move.amount)
        after[seen.id] = replace(paid if move.contribution else unpaid, scheduled=move.amount)
        if move.rest:
            number = min(0, *after) - 1
            after[number] = replace(unpaid, id=number, scheduled=move.rest)
    return list(after.values())


def open_status(due: date, today: date) -> str:
    """What CiviCRM calls an instalment that nobody paid yet."""
    return OVERDUE if due < today else PENDING


def counted_status(statuses: Collection[str]) -> str | None:
    """The status of a pledge with such instalments; None when a person had a hand in them."""
    if not statuses or not set(statuses) <= {COMPLETED, *OPEN}:
        return None
    if OVERDUE in statuses:
        return OVERDUE
    if set(statuses) == {COMPLETED}:
        return COMPLETED
    return IN_PROGRESS if COMPLETED in statuses else PENDING


def _is_open(one: Instalment) -> bool:
    return one.status in OPEN and not one.contribution and one.scheduled > 0


def _pay(gift: Gift, left: Decimal, instalments: Sequence[Instalment]) -> Iterator[Move]:
    for one in instalments:
        amount = min(left, one.scheduled)
        if amount <= 0:
            return
        yield Move(one, gift.id, amount, one.scheduled - amount)
        left -= amount


def _release(excess: Decimal, instalments: Sequence[Instalment]) -> Iterator[Move]:
    for one in instalments:
        back = min(excess, one.paid)
        if back <= 0:
            return
        stays = one.paid - back
        if stays:
            yield Move(one, one.contribution, stays, max(one.scheduled - stays, NOTHING))
        else:
            yield Move(one, 0, one.scheduled)
        excess -= back
