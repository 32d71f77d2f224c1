"""What settling would do, as the changes of a plan that people and scripts read. Pure."""

from collections.abc import Iterator, Mapping

from connector.plan import Action, Change, FieldChange
from connector.webhooks import recurring
from connector.webhooks.decide import DELETED, EDITED, FOREIGN, Decision
from connector.webhooks.gather import LATER, Gathered
from connector.webhooks.look import Look
from connector.webhooks.objects import Payment, Subscription
from connector.webhooks.table import Books

CONTRIBUTION, RECUR = "Contribution", "ContributionRecur"
# Questions that a person's answer lets the connector write; the others only tell.
_ASKING = frozenset({EDITED, DELETED, FOREIGN})


def of_batch(
    payments: Mapping[str, Payment],
    gifts: Mapping[str, Subscription],
    decisions: Mapping[str, Decision],
    there: Look,
    gathered: Gathered,
) -> Iterator[Change]:
    """Every difference between Stripe and CiviCRM in one batch."""
    for id_, gift in gifts.items():
        yield from _of_gift(id_, gift, there)
    for id_ in payments:
        yield from _of_payment(id_, decisions[id_], there)
    for root, outcome in gathered.ended.items():
        reason = f"not settled now: {outcome.why}" if outcome.state == LATER else f"cannot be settled: {outcome.why}"
        yield Change(Action.NOTE if outcome.state == LATER else Action.REFUSE, CONTRIBUTION, root, reason)


def _of_payment(id_: str, decision: Decision, there: Look) -> Iterator[Change]:
    entry = there.entries.get(id_)
    number = entry.id if entry else None
    if decision.steps:
        before, after = decision.seen, decision.steps[-1].after
        what = Action.CREATE if before is None else Action.UPDATE
        reason = "not in CiviCRM yet" if before is None else "Stripe's state changed"
        yield Change(what, CONTRIBUTION, id_, reason, number, fields=tuple(_fields(before, after)))
    elif decision.facts and entry:
        fields = tuple(FieldChange(name, entry.facts.get(name), value) for name, value in decision.facts.items())
        yield Change(Action.UPDATE, CONTRIBUTION, id_, "what stands beside the money", number, fields=fields)
    for dispute, (before, way) in decision.seconds.items():
        what = Action.CREATE if before is None else Action.UPDATE
        yield Change(what, CONTRIBUTION, dispute, "won back by appeal", fields=tuple(_fields(before, way[-1].after)))
    for question in decision.questions:
        action = Action.ASK if question.kind in _ASKING else Action.NOTE
        yield Change(action, CONTRIBUTION, id_, f"{question.what} {question.next_step}", question.record or number)


def _of_gift(id_: str, gift: Subscription, there: Look) -> Iterator[Change]:
    known = there.recurs.get(id_) or ()
    if there.makes(id_):
        yield Change(Action.CREATE, RECUR, id_, "not in CiviCRM yet")
    for question in recurring.questions(gift, known, was_made=id_ in there.made):
        yield Change(Action.ASK, RECUR, id_, f"{question.what} {question.next_step}", known[0].id if known else None)
    if known and not recurring.was_edited(known[0]) and known[0].written != recurring.state(gift):
        fields = (FieldChange("state", known[0].written, recurring.state(gift)),)
        yield Change(Action.UPDATE, RECUR, id_, "Stripe's state changed", known[0].id, fields=fields)


def _fields(before: Books | None, after: Books) -> Iterator[FieldChange]:
    for name, attribute in (
        ("contribution_status_id:name", "status"),
        ("total_amount", "total"),
        ("fee_amount", "fee"),
        ("net_amount", "net"),
    ):
        there, wanted = getattr(before, attribute, None), getattr(after, attribute)
        if there != wanted:
            yield FieldChange(name, None if there is None else str(there), str(wanted))
