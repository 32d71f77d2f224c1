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
from connector.webhooks.table import COMPLETED, PENDING, Books, Step


@dataclass(slots=True)
class Writer:
    """One batch's writes. questions: what came up while writing, by id.

    made: payment, dispute or monthly gift → its new contribution or recurring contribution.
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
        needed |= {id_ for id_ in gifts if self.there.makes(id_)}
        self._make_contacts(needed)
        calls = self._gifts(gifts)
        for id_, payment in payments.items():
            calls |= self._payment(payment, decisions[id_])
        found = self.client.multi(calls)
        made = {name.split(" ")[-2]: found[name][0] for name in calls if name.endswith(" create")}
        self.made |= {id_: int(row["id"]) for id_, row in made.items()}
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
        new = {id_: gift for id_, gift in gifts.items() if self.there.makes(id_)}
        rows = [recurring.create(gift, self._base(id_, gift.metadata)) for id_, gift in new.items()]
        for row in self.client.api4("ContributionRecur", "save", records=rows) if rows else ():
            self._recurs[row["processor_id"]] = (int(row["id"]), int(row["contact_id"]))
            self.made[row["processor_id"]] = int(row["id"])
        calls: dict[str, Call] = {}
        for id_, gift in gifts.items():
            known = self.there.recurs.get(id_) or ()
            for question in recurring.questions(gift, known, was_made=id_ in self.there.made):
                self.ask(id_, question)
            if known:
                calls |= self._known_gift(id_, gift, known[0])
        return calls

    def _known_gift(self, id_: str, gift: Subscription, known: recurring.Recur) -> dict[str, Call]:
        if not known.is_in_trash:
            self._recurs[id_] = (known.id, known.contact)
        if known.written == recurring.state(gift) or recurring.was_edited(known):
            return {}
        where = [["id", "=", known.id], ["contribution_status_id:name", "=", known.status]]
        return {f"{id_} step": ("ContributionRecur", "update", {"where": where, "values": recurring.values(gift)})}

    def _payment(self, payment: Payment, decision: Decision) -> dict[str, Call]:
        """The calls of one payment, in their order."""
        calls: dict[str, Call] = {}
        if decision.creates:
            calls[f"{payment.id} create"] = self._create(payment, decision)
        calls |= _updates(payment.id, payment.id, decision.seen, decision.steps, decision.facts)
        if decision.facts and not decision.steps:
            calls[f"{payment.id} facts"] = ledger.annotate(payment.id, decision.facts)
        for dispute, (seen, way) in decision.seconds.items():
            if seen is None:
                entry = self.there.entries[payment.id]
                base = self._base(payment.id, payment.metadata, entry.contact, entry.recur)
                first = self.there.credits.get(payment.id)
                made = ledger.create(payment, way[0], base, dispute)
                made = self._with_credit(made, payment, first.chapter if first else 0, way[-1].after)
                calls[f"{payment.id} {dispute} create"] = made
            calls |= _updates(f"{payment.id} {dispute}", dispute, seen, way)
            calls |= self._credit(dispute, seen, way)
        return calls | self._credit(payment.id, decision.seen, decision.steps)

    def _create(self, payment: Payment, decision: Decision) -> Call:
        recur, contact = self._recurs.get(payment.subscription, (0, 0))
        base = self._base(payment.id, payment.metadata, contact, recur)
        base[ledger.RECEIPT_BY] = self._names(payment.metadata).receipts
        code = payment.metadata.get("chapter", "")
        chapter = self.people.chapters.get(code.casefold(), 0)
        made = ledger.create(payment, decision.steps[0], base)
        return self._with_credit(made, payment, chapter, decision.steps[-1].after)

    def _with_credit(self, made: Call, payment: Payment, chapter: int, after: Books) -> Call:
        """The same call, and the credit of the chapter that asked the giver; 0 for none."""
        entity, action, params = made
        credit = {
            "contribution_id": "$id",
            "contact_id": chapter,
            "amount": str(credited(after)),
            "soft_credit_type_id": self._names(payment.metadata).soft_credit_type,
        }
        chain = {"chain": {"credit": ["ContributionSoft", "create", {"values": credit}]}} if chapter else {}
        return (entity, action, {**params, **chain})

    def _credit(self, invoice_id: str, seen: Books | None, way: Sequence[Step]) -> dict[str, Call]:
        """The chapter's credit follows what is kept, as long as nobody else changed it."""
        credit, entry = self.there.credits.get(invoice_id), self.there.entries.get(invoice_id)
        if not credit or not entry or seen is None:
            return {}
        goal = credited(way[-1].after if way else seen)
        before = cents(credit.amount)
        if before == goal or before != credited(entry.written or entry.books):
            return {}
        where = [["id", "=", credit.id], ["amount", "=", credit.amount]]
        params = {"where": where, "values": {"amount": str(goal)}}
        return {f"{invoice_id} credit": ("ContributionSoft", "update", params)}

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


def _updates(
    name: str, invoice_id: str, seen: Books | None, way: Sequence[Step], facts: Mapping[str, Any] | None = None
) -> dict[str, Call]:
    """The calls of all steps but a creating one, each from the books that the one before leads to."""
    before = [seen, *(step.after for step in way)]
    return {
        f"{name} step {number}": ledger.update(invoice_id, there, step, (facts or {}) if number == 0 else {})
        for number, (there, step) in enumerate(zip(before, way, strict=False))
        if there is not None
    }


def credited(books: Books) -> Any:
    """What a chapter is credited with: what the fund keeps."""
    return books.total if books.status in (COMPLETED, PENDING) else NOTHING
