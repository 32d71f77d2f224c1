"""What becomes of one payment: which writes, and what a person is asked. Pure.

A contribution is ours to change only as long as it stands as we wrote it. Whatever somebody changed, deleted or entered
by hand is asked about, never overwritten and never made again.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from connector.webhooks import ledger
from connector.webhooks.ledger import Entry
from connector.webhooks.objects import Payment
from connector.webhooks.table import COMPLETED, Books, Step, Wanted, stamp, steps, wanted, won_back

# What is asked. A key names payment and kind, so that the same thing is asked once, and known again when answered.
EDITED, DELETED, FOREIGN, BY_HAND, STUCK, UNPAID = "edited", "deleted", "foreign", "by-hand", "stuck", "unpaid"
KINDS = (EDITED, DELETED, FOREIGN, BY_HAND, STUCK, UNPAID, "giver", "chapter", "pledge")
# Of each dispute: that it is open, that it was won back by appeal, that somebody changed what was won back.
OF_DISPUTES = ("dispute", "won", "second")


@dataclass(frozen=True, slots=True)
class Question:
    """One thing for a person. kind: see KINDS, or what it is and its id; record: the contribution, 0 for none."""

    kind: str
    what: str
    next_step: str
    record: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """What CiviCRM has of one payment.

    entry: its contribution; seconds: what was won back by appeal, by dispute; foreign, by_hand: somebody else's that
    carries its number, or looks like it. made: of the payment and its disputes, those that we made one of once.
    dismissed: kinds that a person waved aside.
    """

    entry: Entry | None = None
    seconds: Mapping[str, Entry] = field(default_factory=dict)
    foreign: Entry | None = None
    by_hand: Entry | None = None
    made: Collection[str] = ()
    dismissed: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """seen: the books before the first step, None when it creates. facts: what else has to be written.

    seconds: the contributions of what was won back by appeal: dispute → its books before, and its steps.
    """

    steps: tuple[Step, ...] = ()
    seen: Books | None = None
    facts: Mapping[str, str | None] = field(default_factory=dict)
    seconds: Mapping[str, tuple[Books | None, tuple[Step, ...]]] = field(default_factory=dict)
    questions: tuple[Question, ...] = ()

    @property
    def creates(self) -> bool:
        """True when there is no contribution yet, so that a giver is needed."""
        return bool(self.steps) and self.seen is None


def decide(payment: Payment, found: Found) -> Decision:
    """The whole of it."""
    want = wanted(payment, is_there=found.entry is not None)
    if want is None:
        return Decision()
    told = tuple(_told(payment, want, found.entry))
    question = _whose(payment, want, found)
    if question is not None:
        asked = (question,) if question.kind not in found.dismissed else ()
        return Decision(questions=(*asked, *told))
    if found.entry is None:
        return Decision(steps=tuple(steps(None, want)), questions=told)
    return _follow(payment, want, found, found.entry, told)


def _follow(payment: Payment, want: Wanted, found: Found, entry: Entry, told: tuple[Question, ...]) -> Decision:
    """A contribution of ours follows Stripe."""
    first, back = won_back(entry.books, want, payment)
    path = tuple(steps(entry.books, first))
    reached = path[-1].after if path else entry.books
    questions = list(told)
    if reached != first.books:
        questions.append(_stuck(entry, first))
    elif not path and entry.books.status == COMPLETED and entry.paid != entry.books.total:
        questions.append(_unpaid(entry))
    seconds = {}
    for dispute, goal in back.items():
        there = found.seconds.get(dispute)
        if question := _of_second(dispute, there, goal, found):
            questions.append(question)
        elif there or goal.books.status == COMPLETED:
            what = f"Dispute {dispute} of payment {payment.id} was lost, then won; a contribution of its own has it."
            questions.append(Question(f"won:{dispute}", what, "the treasurer knows it; then dismiss this.", entry.id))
            seconds[dispute] = (there.books if there else None, tuple(steps(there.books if there else None, goal)))
    facts = ledger.differing(ledger.facts(payment), entry.facts)
    if not path and entry.written != entry.books:
        facts[ledger.WRITTEN] = str(entry.books)  # killed between the money and what stands beside it
    return Decision(path, entry.books, facts, {one: way for one, way in seconds.items() if way[1]}, tuple(questions))


def _of_second(dispute: str, there: Entry | None, goal: Wanted, found: Found) -> Question | None:
    """Why the contribution of what an appeal brought back is not ours to write, or None."""
    if there is None:
        if dispute not in found.made:
            return None
        what = f"The contribution of what dispute {dispute} brought back was deleted in CiviCRM."
    elif there.books == there.written or (there.written and there.books in _on_the_way(there.written, goal)):
        return None
    else:
        what = f"Contribution {there.id} of what dispute {dispute} brought back was changed in CiviCRM."
    next_step = f"the treasurer makes it {goal.books.status} {goal.books.total} by hand where that was a mistake."
    return Question(f"second:{dispute}", what, f"{next_step} Then dismiss this.", there.id if there else 0)


def _whose(payment: Payment, want: Wanted, found: Found) -> Question | None:
    """Why the contribution is not ours to write, or None."""
    entry = found.entry
    if entry is None:
        return _why_not_made(payment, found)
    if entry.written is None:
        return Question(
            FOREIGN,
            f"Contribution {entry.id} carries the number of payment {payment.id}, but the connector did not make it.",
            "take Stripe's value to let the connector keep it, or keep CiviCRM's to keep it yourself.",
            entry.id,
        )
    first, _ = won_back(entry.books, want, payment)
    if entry.books == entry.written or entry.books in _on_the_way(entry.written, first):
        return None
    return Question(
        EDITED,
        f"Contribution {entry.id} of payment {payment.id} was changed in CiviCRM to {entry.books.status}"
        f" {entry.books.total}, fee {entry.books.fee}, net {entry.books.net}; Stripe says {first.books.status}"
        f" {first.books.total}, fee {first.books.fee}, net {first.books.net}.",
        "take Stripe's value, or keep CiviCRM's; the two stay apart until then.",
        entry.id,
    )


def _why_not_made(payment: Payment, found: Found) -> Question | None:
    if found.foreign:
        return Question(
            FOREIGN,
            f"Contribution {found.foreign.id} carries a number of payment {payment.id}; the connector did not make it.",
            "take Stripe's value to let the connector keep it as this payment, or keep CiviCRM's to leave both alone.",
            found.foreign.id,
        )
    if payment.id in found.made:
        return Question(
            DELETED,
            f"The contribution of payment {payment.id} was deleted in CiviCRM; Stripe still has the payment.",
            "take Stripe's value to enter it again, or keep CiviCRM's to leave it out.",
        )
    if found.by_hand and BY_HAND not in found.dismissed:
        return Question(
            BY_HAND,
            f"Contribution {found.by_hand.id} has the giver, the amount and the day of payment {payment.id}.",
            "if it is the same gift take Stripe's value, which makes it this payment's; if not dismiss this.",
            found.by_hand.id,
        )
    return None


def _on_the_way(start: Books, want: Wanted) -> list[Books]:
    """The books between what was written beside them and what they must be: a killed run leaves one of these."""
    return [step.after for step in steps(start, want)]


def _stuck(entry: Entry, want: Wanted) -> Question:
    return Question(
        STUCK,
        f"Contribution {entry.id} is {entry.books.status} {entry.books.total}; Stripe says {want.books.status}"
        f" {want.books.total}, and CiviCRM has no way from one to the other.",
        "the treasurer corrects it in CiviCRM by hand.",
        entry.id,
    )


def _unpaid(entry: Entry) -> Question:
    return Question(
        UNPAID,
        f"Contribution {entry.id} is Completed {entry.books.total}, but its payments in CiviCRM are {entry.paid}.",
        "the treasurer looks at its payments in CiviCRM; nothing was written.",
        entry.id,
    )


def _told(payment: Payment, want: Wanted, entry: Entry | None) -> Iterator[Question]:
    """What needs a person whatever the books say."""
    record = entry.id if entry else 0
    for dispute in payment.disputes:
        if dispute.is_open:
            due = f"Stripe takes evidence until {(stamp(dispute.due) or '')[:16]} UTC; " if dispute.due else ""
            yield Question(
                f"dispute:{dispute.id}",
                f"Payment {payment.id} is disputed ({dispute.status}).",
                f"{due}answer it in Stripe's Dashboard. It closes by itself.",
                record,
            )
    for refund in payment.refunds:
        if refund.status == "failed":
            yield Question(
                f"refund:{refund.id}",
                f"Refund {refund.id} of payment {payment.id} failed: the money is on our account again.",
                "the treasurer gives it back in another way, or keeps it; then dismiss this.",
                record,
            )
    for told in want.told:
        yield Question(f"told:{payment.id}", f"Payment {payment.id}: {told}.", "the treasurer looks at it.", record)
