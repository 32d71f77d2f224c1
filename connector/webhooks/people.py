"""Whose the new gifts of a batch are: looked for under a lease on each e-mail, so that nobody is made twice."""

import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connector.civicrm.client import Call, CiviClient
from connector.desk import problems
from connector.desk.problems import Problem
from connector.leases import Leases
from connector.webhooks import givers, ledger
from connector.webhooks.decide import Decision, Question
from connector.webhooks.givers import Asked, Giver, Survivors
from connector.webhooks.ledger import Entry
from connector.webhooks.look import Look, key
from connector.webhooks.objects import Payment, Subscription, number
from connector.webhooks.table import stamp

# How far apart in time a gift entered by hand and the same one at Stripe may be.
BY_HAND_WITHIN = timedelta(days=3)


@dataclass(slots=True)
class Found:
    """Who was found. contacts: payment or gift → contact; by_hand: payment → a contribution that looks like it.

    new: payment or gift → (what makes two of them one person, the contact to be made). chapters: code → contact.
    busy: payment or gift whose giver another worker is at work on, until when.
    """

    contacts: dict[str, int] = field(default_factory=dict)
    new: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    questions: dict[str, list[Question]] = field(default_factory=dict)
    by_hand: dict[str, Entry] = field(default_factory=dict)
    chapters: dict[str, int] = field(default_factory=dict)
    busy: dict[str, datetime] = field(default_factory=dict)
    problems: dict[str, Problem] = field(default_factory=dict)  # about givers, by key

    def told(self) -> Iterator[tuple[str, Question]]:
        """Every question with the payment or gift that it is about."""
        for id_, questions in self.questions.items():
            for question in questions:
                yield id_, question


@dataclass(frozen=True, slots=True)
class People:
    """Finds givers."""

    client: CiviClient
    survivors_of: Survivors
    leases: Leases
    secret: str

    def find(
        self,
        payments: Mapping[str, Payment],
        gifts: Mapping[str, Subscription],
        decisions: Mapping[str, Decision],
        there: Look,
    ) -> Found:
        """Who gave what has to be made. One request, none when nothing has."""
        found = Found()
        asked = {
            id_: Asked(gift.person, number(gift.metadata, "contact_id"), id_)
            for id_, gift in gifts.items()
            if there.makes(id_)
        }
        # a payment of a monthly gift is its giver's, as long as CiviCRM has the gift and the giver
        asked |= {
            id_: Asked(payment.person, number(payment.metadata, "contact_id"), id_)
            for id_, payment in payments.items()
            if decisions[id_].creates and not (payment.subscription in gifts and there.has_giver(payment.subscription))
        }
        self._lease(asked, found)
        new = {id_: one for id_, one in payments.items() if decisions[id_].creates and id_ not in found.busy}
        also = _more([new[id_] for id_ in asked if id_ in new], new.values(), asked.values())
        if not asked and "chapters" not in also:
            return found
        known, more = givers.look(self.client, asked.values(), self.survivors_of, also)
        found.problems = problems.by_key(more.get("problems", ()))
        for id_, one in asked.items():
            self._put(found, id_, one, givers.find(one, known))
        for id_, payment in payments.items():
            if id_ in asked:
                giver = found.contacts.get(id_, 0)
                alike = next((row for row in more.get("by hand", ()) if _is_alike(payment, row, giver)), None)
                if alike:
                    found.by_hand[id_] = ledger.entry(alike)
        found.chapters = {row["external_identifier"].casefold(): int(row["id"]) for row in more.get("chapters", ())}
        for id_, payment in new.items():
            code, about = payment.metadata.get("chapter", ""), payment.subscription or id_
            if code and code.casefold() not in found.chapters and about not in found.questions:
                what = f"Payment {about} names a chapter that CiviCRM does not have."
                question = Question("chapter", what, "credit it by hand if it is known; then dismiss this.")
                found.questions.setdefault(about, []).append(question)
        return found

    def _lease(self, asked: dict[str, Asked], found: Found) -> None:
        """Take the leases on the givers, in their order; who is looked for by another worker now is left for later."""
        names = {id_: self._lease_name(one) for id_, one in asked.items()}
        for name in sorted(set(names.values())):
            if until := self.leases.take(name):
                found.busy |= {id_: until for id_ in names if names[id_] == name}
        for id_ in found.busy:
            del asked[id_]

    def _lease_name(self, asked: Asked) -> str:
        who = asked.email or (asked.about if asked.person.name else givers.ANONYMOUS)
        return f"giver {hmac.digest(self.secret.encode(), who.encode(), 'sha256').hex()[:32]}"

    @staticmethod
    def _put(found: Found, id_: str, asked: Asked, giver: Giver) -> None:
        if giver.id:
            found.contacts[id_] = giver.id
        else:
            found.new[id_] = (givers.key(asked, giver), givers.record(asked, giver))
        if giver.why:
            others = f": contacts {', '.join(map(str, giver.others))}" if giver.others else ""
            what = f"The giver of {id_}: {giver.why}{others}."
            next_step = (
                "look at the contact of the contribution and merge it where it is somebody's; then dismiss this."
            )
            # several contacts with one e-mail are one question, however many gifts that giver makes
            about = giver.number if giver.others and giver.number else id_
            found.questions[about] = [Question("giver", what, next_step)]


def _more(once: Sequence[Payment], new: Iterable[Payment], asked: Iterable[Asked]) -> dict[str, Call]:
    """What else is asked in the same request: gifts entered by hand that may be these, and the chapters named."""
    numbers = [givers.own_number(one) for one in asked if one.email]
    calls: dict[str, Call] = {"problems": problems.call([key(one, "giver") for one in numbers])} if numbers else {}
    when = [one.charge.created for one in once if one.charge]
    if when:
        where = [
            ["contact_id.email_primary.email", "IN", sorted({one.person.email.lower() for one in once})],
            ["receive_date", ">=", (stamp(min(when) - BY_HAND_WITHIN) or "")[:19]],
            ["receive_date", "<=", (stamp(max(when) + BY_HAND_WITHIN) or "")[:19]],
            [ledger.WRITTEN, "IS EMPTY"],
        ]
        calls["by hand"] = ("Contribution", "get", {"select": [*ledger.SELECT, "receive_date"], "where": where})
    codes = sorted({code for one in new if (code := one.metadata.get("chapter"))})
    if codes:
        where = [["external_identifier", "IN", codes], ["is_deleted", "=", False]]
        calls["chapters"] = ("Organization", "get", {"select": ["id", "external_identifier"], "where": where})
    return calls


def _is_alike(payment: Payment, row: Mapping[str, Any], contact: int) -> bool:
    """A contribution with the giver, the amount and about the day of a payment, which nobody numbered."""
    charge = payment.charge
    if not charge or int(row["contact_id"]) != contact:
        return False
    apart = abs(datetime.fromisoformat(str(row["receive_date"])).replace(tzinfo=charge.created.tzinfo) - charge.created)
    gross = ledger.gross(payment)
    same = ledger.entry(dict(row)).books.total == gross and row["currency"] == payment.currency.upper()
    return same and apart <= BY_HAND_WITHIN
