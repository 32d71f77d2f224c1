"""The settle table: what a contribution must be for what Stripe holds now, and the writes that lead there. Pure.

total_amount is what the fund keeps: given − refunded − lost in disputes. Setting a state twice is harmless, adding a
difference twice is not, so nothing is ever added. CiviCRM refuses some moves and books others wrongly: each step here
was tried on a real one to the cent (tests/contract/test_s09_*).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connector.money import NOTHING, cents, from_minor
from connector.webhooks.objects import TAKING, Charge, Dispute, Payment, moved

PENDING, COMPLETED, FAILED = "Pending", "Completed", "Failed"
REFUNDED, CHARGEBACK = "Refunded", "Chargeback"
# How often a contribution may be written until it is as it must be: from a failed debit to a lost dispute it is four.
MOST_STEPS = 8


@dataclass(frozen=True, slots=True)
class Books:
    """The money of one contribution, in CiviCRM's terms and in the currency of the gift."""

    status: str
    total: Decimal
    fee: Decimal = NOTHING
    net: Decimal = NOTHING

    def __str__(self) -> str:
        """What is written beside the money, so that a change by somebody else is seen."""
        return f"{self.status} {self.total} {self.fee} {self.net}"

    @classmethod
    def parse(cls, text: str) -> "Books | None":
        """The books that were written beside the money, or None when nothing was."""
        parts = text.split()
        return cls(parts[0], *map(cents, parts[1:])) if len(parts) == 4 else None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a payment has to be. gross: as it was given. ended, reason: of what failed, was refunded or lost.

    told: what CiviCRM cannot say in its books, for a person.
    """

    books: Books
    gross: Decimal
    trxn_id: str
    ended: datetime | None = None
    reason: str = ""
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One write. values: CiviCRM field → value; after: the books that it leads to."""

    values: dict[str, Any]
    after: Books


def wanted(payment: Payment, *, is_there: bool) -> Wanted | None:
    """What the contribution of this payment must be; None when there must be none.

    is_there: CiviCRM has one already, which then has to follow even where none would be made.
    """
    gross = from_minor(payment.amount, payment.currency)
    charge = payment.charge
    trxn_id = charge.id if charge else ""
    if charge and payment.status == charge.status == "succeeded":
        return _kept(payment, charge, gross)
    for one in (charge, *payment.bounced):
        if one and one.has_bounced:
            # CiviCRM refuses Completed to Failed, and has the money back as Refunded. So it stays until a further try
            # succeeds: a Refunded one cannot wait
            fee = fees(payment)
            return Wanted(Books(REFUNDED, gross, fee, -fee), gross, one.id, one.created, one.failure_code or "failed")
    if payment.status != "canceled" and (payment.status == "processing" or (charge and charge.status == "pending")):
        return Wanted(_open(PENDING, gross), gross, trxn_id)
    if not (is_there or payment.is_complete):
        return None  # a declined card, an unfinished or expired Checkout: nobody gave anything
    if payment.status == "canceled":
        # Failed: for a Cancelled one CiviCRM books the whole amount as if it had come (tried on 6.18)
        return Wanted(_open(FAILED, gross), gross, trxn_id, payment.canceled, "canceled")
    if charge and charge.status == "failed":
        return Wanted(_open(FAILED, gross), gross, charge.id, charge.created, charge.failure_code or "failed")
    return Wanted(_open(PENDING, gross), gross, trxn_id)


def _open(status: str, gross: Decimal) -> Books:
    """CiviCRM counts the net of a gift that never came as if it had."""
    return Books(status, gross, NOTHING, gross)


def _kept(payment: Payment, charge: Charge, gross: Decimal) -> Wanted:
    refunds = [one for one in payment.refunds if one.status in TAKING]
    lost = [one for one in payment.disputes if one.is_lost]
    refunded = from_minor(sum(one.amount for one in refunds), payment.currency)
    taken = from_minor(sum(_lost(one, payment.currency) for one in lost), payment.currency)
    fee, kept = fees(payment), gross - refunded - taken
    told = [_worked_out(one, payment.currency) for one in lost if _is_worked_out(one, payment.currency)]
    if kept > 0:
        return Wanted(Books(COMPLETED, kept, fee, kept - fee), gross, charge.id, told=tuple(told))
    if refunded >= gross:
        # CiviCRM cannot move from Refunded to Chargeback; what a bank took on top stands in the net
        told += [f"{taken} were lost in a dispute on top of a full refund"] if taken else []
        books = Books(REFUNDED, gross, fee, kept - fee)
        return Wanted(books, gross, charge.id, refunds[-1].created, refunds[-1].id, tuple(told))
    books = Books(CHARGEBACK, gross - refunded, fee, -fee)
    return Wanted(books, gross, charge.id, lost[-1].created, lost[-1].id, tuple(told))


def _lost(dispute: Dispute, currency: str) -> int:
    """What a lost dispute cost, in the smallest unit of the gift's currency: all of it, unless a part came back.

    Of an account in another currency only the share that came back is known.
    """
    own = [one.amount for one in dispute.transactions if one.currency.lower() == currency.lower()]
    if own:
        return -sum(own)
    if not _is_worked_out(dispute, currency):
        return dispute.amount
    taken = -sum(one.amount for one in dispute.transactions if one.amount < 0)
    share = Decimal(-sum(one.amount for one in dispute.transactions)) / taken
    return int((dispute.amount * share).quantize(Decimal(1), ROUND_HALF_UP))


def _is_worked_out(dispute: Dispute, currency: str) -> bool:
    """True where a part came back in another currency than it was given in."""
    moved = dispute.transactions
    other = all(one.currency.lower() != currency.lower() for one in moved)
    return other and any(one.amount > 0 for one in moved) and any(one.amount < 0 for one in moved)


def _worked_out(dispute: Dispute, currency: str) -> str:
    lost = from_minor(_lost(dispute, currency), currency)
    return f"a part of dispute {dispute.id} came back in another currency; the {lost} lost are worked out by its share"


def won_back(there: Books | None, want: Wanted, payment: Payment) -> tuple[Wanted, dict[str, Wanted]]:
    """What was lost in disputes and won back by appeal: CiviCRM cannot make a Chargeback Completed again.

    So the first contribution stays lost, and what came back is one more for each dispute, by its id, newest first. What
    is refunded afterwards lowers those. Elsewhere `want` and nothing.
    """
    goal = want.books
    won = [one for one in payment.disputes if one.status == "won"]
    if there is None or there.status != CHARGEBACK or goal.status == CHARGEBACK or not won:
        return want, {}
    left, seconds = goal.total if goal.status == COMPLETED else NOTHING, {}
    for one in reversed(won):
        gross = from_minor(one.amount, payment.currency)
        kept = min(left, gross)
        books = _completed(kept, NOTHING) if kept else Books(REFUNDED, gross, NOTHING, NOTHING)
        seconds[one.id] = replace(want, books=books, gross=gross, trxn_id="")
        left -= kept
    if left:
        return want, {}  # more is kept than came back: CiviCRM has no way there, so a person is asked
    return replace(want, books=Books(CHARGEBACK, there.total, goal.fee, -goal.fee)), seconds


def fees(payment: Payment) -> Decimal:
    """What Stripe took for this payment, less what it gave back, in the currency of the gift.

    Nothing when the account is kept in another currency: that fee stands beside the settled amount. A dispute's fee
    counts once the dispute has ended; until then the money may come back as if nothing had been.
    """
    ended = replace(payment, disputes=tuple(one for one in payment.disputes if not one.holds))
    own = [one for one in moved(ended) if one.currency.lower() == payment.currency.lower()]
    return from_minor(sum(one.fee for one in own), payment.currency)


def steps(there: Books | None, want: Wanted) -> Iterator[Step]:
    """The writes, in their order, that lead from the books that are there to those that must be. None when they are."""
    for _ in range(MOST_STEPS):
        step = next_step(there, want)
        if step is None:
            return
        yield step
        there = step.after


def next_step(there: Books | None, want: Wanted) -> Step | None:
    """The next write, or None when the books are as they must be, or CiviCRM cannot bring them nearer."""
    goal = want.books
    if there is None:
        return _create(want)
    if there == goal:
        return None
    move = _MOVES.get(there.status)
    return move(there, want) if move else None


def _create(want: Wanted) -> Step:
    """A new contribution. Created as Refunded or Chargeback CiviCRM would book it as income, so it becomes that later.

    One that failed is made Pending first.
    """
    goal = want.books
    if goal.status in (PENDING, FAILED):
        return _step(None, _open(PENDING, want.gross), want, trxn_id=want.trxn_id or None)
    total = goal.total if goal.status == CHARGEBACK else want.gross
    return _step(None, _completed(total, goal.fee), want, trxn_id=want.trxn_id or None)


def _completed(total: Decimal, fee: Decimal) -> Books:
    return Books(COMPLETED, total, fee, total - fee)


def _from_pending(there: Books, want: Wanted) -> Step:
    goal = want.books
    if goal.status == FAILED:
        return _step(there, replace(there, status=FAILED), want)
    if goal.status == PENDING:
        return _step(there, goal, want)
    # status and total in one update would be booked twice
    return _step(there, _completed(there.total, goal.fee), want, trxn_id=want.trxn_id)


def _from_failed(there: Books, want: Wanted) -> Step | None:
    """Tried again. CiviCRM refuses Failed to Completed."""
    if want.books.status == FAILED:
        return None
    return _step(there, replace(there, status=PENDING), want)


def _from_completed(there: Books, want: Wanted) -> Step | None:
    goal = want.books
    if goal.status in (PENDING, FAILED):
        return None
    if there.total != goal.total:
        # total and fee in one update are booked right; the status must not be in it
        return _step(there, _completed(goal.total, goal.fee if goal.status == COMPLETED else there.fee), want)
    return _step(there, goal, want)


def _from_refunded(there: Books, want: Wanted) -> Step | None:
    goal = want.books
    if goal.status == COMPLETED:
        # a refund failed, or a debit that had bounced came after all: the money is ours again
        return _step(there, _completed(there.total, goal.fee), want, trxn_id=want.trxn_id or None)
    return _step(there, goal, want) if (goal.status, goal.total) == (REFUNDED, there.total) else None


def _from_chargeback(there: Books, want: Wanted) -> Step | None:
    goal = want.books
    return _step(there, goal, want) if (goal.status, goal.total) == (CHARGEBACK, there.total) else None


_MOVES = {
    PENDING: _from_pending,
    FAILED: _from_failed,
    COMPLETED: _from_completed,
    REFUNDED: _from_refunded,
    CHARGEBACK: _from_chargeback,
}
_ENDED = frozenset({FAILED, REFUNDED, CHARGEBACK})


def _step(there: Books | None, after: Books, want: Wanted, **more: Any) -> Step:
    """The write from one state of the books to another: only what differs, so that nothing is booked twice."""
    values: dict[str, Any] = dict(more)
    if there is None or there.status != after.status:
        values["contribution_status_id:name"] = after.status
    if there is None or there.total != after.total:
        values["total_amount"] = str(after.total)
    if (NOTHING if there is None else there.fee) != after.fee:
        values["fee_amount"] = str(after.fee)
    only_net = there is not None and there == replace(after, net=there.net)
    if only_net or {after.status, there.status if there else ""} & {REFUNDED, CHARGEBACK}:
        values["net_amount"] = str(after.net)  # elsewhere it follows by itself
    if after.status in _ENDED:
        values |= {"cancel_date": stamp(want.ended), "cancel_reason": want.reason}
    elif there and there.status in _ENDED:
        values |= {"cancel_date": None, "cancel_reason": None}
    return Step(values, after)


def stamp(moment: datetime | None) -> str | None:
    """A moment as CiviCRM takes it: with its zone, which CiviCRM turns into the API user's."""
    return moment.strftime("%Y-%m-%d %H:%M:%S+00:00") if moment else None
