"""Writes what was decided about a batch: new contacts, new monthly gifts, then everything else in one request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connector.civicrm import records
from connector.civicrm.client import Call, CiviClient
from connector.money import NOTHING, cents
from connector.webhooks import ledger, recurring
from connector.webhooks.decide import Decision, Question
from connector.webhooks.look import Look
from connector.webhooks.objects import Payment, Subscription
from connector.webhooks.people import Found
from connector.webhooks.table import COMPLETED, PENDING, Books


@dataclass(slots=True)
class Writer:
    """One batch's writes. made: payment → its new contribution; questions: what came up while writing, by id.

    givers: payment → the contact of its new contribution.
    """

    client: CiviClient
    there: Look
    people: Found
    made: dict[str, int] = field(default_factory=dict)
    givers: dict[str, int] = field(default_factory=dict)
    questions: dict[str, list[Question]] = field(default_factory=dict)
    _recurs: dict[str, tuple[int, int]] = field(default_factory=dict)

    def write(
        self,
        payments: Mapping[str, Payment],
        gifts: Mapping[str, Subscription],
        decisions: Mapping[str, Decision],
    ) -> set[str]:
        """Carry it all out. Returns the ids of what CiviCRM had changed meanwhile, so that nothing was written."""
        needed = {id_ for id_, one in decisions.items() if one.creates}
        needed |= {id_ for id_ in gifts if not self.there.recurs.get(id_)}
        self._make_contacts(needed)
        calls = self._gifts(gifts)
        for id_, payment in payments.items():
            calls |= self._payment(payment, decisions[id_])
        found = self.client.multi(calls)
        made = {id_: found[f"{id_} create"][0] for id_ in payments if f"{id_} create" in calls}
        self.made = {id_: int(row["id"]) for id_, row in made.items()}
        self.givers = {id_: int(row["contact_id"]) for id_, row in made.items()}
        return {name.split(" ")[0] for name, rows in found.items() if " step " in name and not rows}

    def _make_contacts(self, needed: set[str]) -> None:
        """New givers, each once however many gifts they gave."""
        new = {id_: one for id_, one in self.people.new.items() if id_ in needed}
        each = dict(new.values())
        ids = records.create_contacts(self.client, "Individual", list(each.values()))
        made = dict(zip(each, ids, strict=True))
        self.people.contacts |= {id_: made[same] for id_, (same, _) in new.items()}

    def _gifts(self, gifts: Mapping[str, Subscription]) -> dict[str, Call]:
        """Make the new monthly gifts, which their payments name; returns the calls that change known ones."""
        new = {id_: gift for id_, gift in gifts.items() if not self.there.recurs.get(id_)}
        rows = [recurring.create(gift, self._base(id_, gift.metadata)) for id_, gift in new.items()]
        for row in self.client.api4("ContributionRecur", "save", records=rows) if rows else ():
            self._recurs[row["processor_id"]] = (int(row["id"]), int(row["contact_id"]))
        calls: dict[str, Call] = {}
        for id_, gift in gifts.items():
            calls |= self._known_gift(id_, gift, self.there.recurs.get(id_) or ())
        return calls

    def _known_gift(self, id_: str, gift: Subscription, known: Sequence[recurring.Recur]) -> dict[str, Call]:
        if not known:
            return {}
        first = known[0]
        self._recurs[id_] = (first.id, first.contact)
        if len(known) > 1:
            ids = ", ".join(str(one.id) for one in known)
            what = f"Monthly gift {id_} is in CiviCRM more than once: recurring contributions {ids}."
            self.ask(id_, Question("twice", what, f"keep {first.id}, which gets its payments, and delete the others."))
        if first.written == recurring.state(gift) and not recurring.was_edited(first):
            return {}
        if recurring.was_edited(first):
            what = (
                f"Recurring contribution {first.id} of monthly gift {id_} was changed in CiviCRM to {first.status}"
                f" {first.amount}; Stripe says {recurring.status(gift)} {recurring.amount(gift)}."
            )
            next_step = (
                "change the gift in Stripe, or take Stripe's value, or keep CiviCRM's; its payments go on coming in."
            )
            if not self.there.is_dismissed(id_, "edited"):
                self.ask(id_, Question("edited", what, next_step, first.id))
            return {}
        where = [["id", "=", first.id], ["contribution_status_id:name", "=", first.status]]
        return {f"{id_} step": ("ContributionRecur", "update", {"where": where, "values": recurring.values(gift)})}

    def _payment(self, payment: Payment, decision: Decision) -> dict[str, Call]:
        """The calls of one payment, in their order."""
        calls: dict[str, Call] = {}
        before = [decision.seen, *(step.after for step in decision.steps)]
        for number, (seen, step) in enumerate(zip(before, decision.steps, strict=False)):
            if seen is None:
                calls[f"{payment.id} create"] = self._create(payment, decision)
            else:
                more = decision.facts if number == 0 else {}
                calls[f"{payment.id} step {number}"] = ledger.update(payment.id, seen, step, more)
        if decision.facts and not decision.steps:
            calls[f"{payment.id} facts"] = ledger.annotate(payment.id, decision.facts)
        if decision.second:
            dispute, step = decision.second
            entry = self.there.entries[payment.id]
            base = self._base(payment.id, payment.metadata, entry.contact, entry.recur)
            calls[f"{dispute} create"] = ledger.create(payment, step, base, invoice_id=dispute)
        return calls | self._credit(payment, decision)

    def _create(self, payment: Payment, decision: Decision) -> Call:
        recur, contact = self._recurs.get(payment.subscription, (0, 0))
        base = self._base(payment.id, payment.metadata, contact, recur)
        base[ledger.RECEIPT_BY] = self._names(payment.metadata).receipts
        entity, action, params = ledger.create(payment, decision.steps[0], base)
        code = payment.metadata.get("chapter", "")
        chapter = self.people.chapters.get(code.casefold(), 0)
        if not chapter:
            return (entity, action, params)
        credit = {
            "contribution_id": "$id",
            "contact_id": chapter,
            "amount": str(credited(decision.steps[-1].after)),
            "soft_credit_type_id": self._names(payment.metadata).soft_credit_type,
        }
        return (entity, action, {**params, "chain": {"credit": ["ContributionSoft", "create", {"values": credit}]}})

    def _credit(self, payment: Payment, decision: Decision) -> dict[str, Call]:
        """The chapter's credit follows what is kept, as long as nobody else changed it."""
        credit, entry = self.there.credits.get(payment.id), self.there.entries.get(payment.id)
        if not credit or not entry or decision.seen is None:
            return {}
        goal = credited(decision.steps[-1].after if decision.steps else decision.seen)
        before = cents(credit.amount)
        if before == goal or before != credited(entry.written or entry.books):
            return {}
        where = [["id", "=", credit.id], ["amount", "=", credit.amount]]
        params = {"where": where, "values": {"amount": str(goal)}}
        return {f"{payment.id} credit": ("ContributionSoft", "update", params)}

    def _base(self, id_: str, metadata: Mapping[str, str], contact: int = 0, recur: int = 0) -> dict[str, Any]:
        """Whose it is, and what the fund's names are in CiviCRM."""
        words = (metadata.get("fund_source"), metadata.get("fund_designation"))
        base = {
            "contact_id": contact or self.people.contacts[id_],
            **self._names(metadata).values,
            "source": ": ".join(["Stripe", *filter(None, [", ".join(filter(None, words))])])[:255],
        }
        return base | ({"contribution_recur_id": recur} if recur else {})

    def _names(self, metadata: Mapping[str, str]) -> ledger.Names:
        fund = metadata.get("fund_campaign", "")
        return self.there.names.get(fund) or next(iter(self.there.names.values()))

    def ask(self, id_: str, question: Question) -> None:
        """Note one more question about a payment or a monthly gift."""
        self.questions.setdefault(id_, []).append(question)


def credited(books: Books) -> Any:
    """What a chapter is credited with: what the fund keeps."""
    return books.total if books.status in (COMPLETED, PENDING) else NOTHING
