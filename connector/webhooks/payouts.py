"""Proves each payout to the cent: what Stripe paid out against what CiviCRM's contributions say they brought.

The proof is per balance transaction. A payout is proven when its transactions sum up to it, when every one of them that
belongs to a gift stands beside that gift's contribution, and when each contribution's net is the sum of its own. What
belongs to no gift (Stripe's own fees, other payments of the same account) is listed in lines of its own. Pure.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from connector.money import NOTHING, cents, from_minor
from connector.stripe_api import Object
from connector.webhooks.ledger import HELD, STRIPE, Entry

PAYOUTS, VERDICT, TRANSACTIONS = f"{STRIPE}.Payouts", f"{STRIPE}.Payout_Verdict", f"{STRIPE}.Transactions"


@dataclass(frozen=True, slots=True)
class Line:
    """One balance transaction of a payout. payment: the PaymentIntent that it belongs to, empty for none."""

    id: str
    type: str
    net: Decimal
    currency: str
    payment: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One contribution that does not say what Stripe says. contribution: its id, 0 when there is none."""

    payment: str
    contribution: int
    civicrm: Decimal
    stripe: Decimal
    why: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What became of one payout. own: what belongs to no gift of ours; missing: what its lines lack to its amount."""

    payout: str
    amount: Decimal
    currency: str
    lines: tuple[Line, ...]
    own: tuple[Line, ...]
    differences: tuple[Difference, ...]
    missing: Decimal
    failed: bool = False

    @property
    def is_proven(self) -> bool:
        """True when nothing differs by a cent."""
        return not (self.differences or self.missing or self.failed)

    def verdict(self, payment: str) -> str:
        """What is written on the contribution of a payment."""
        if self.failed:
            return f"{self.payout} failed"
        mine = [one for one in self.differences if one.payment == payment]
        return f"{self.payout} differs by {mine[0].stripe - mine[0].civicrm}" if mine else f"{self.payout} proven"


def line(transaction: Object) -> Line:
    """A balance transaction of a payout, its source expanded: a charge, refund or dispute, which names its payment."""
    source = transaction.get("source")
    payment = (source.get("payment_intent") if isinstance(source, dict) else None) or ""
    currency = transaction["currency"]
    net = from_minor(transaction["net"], currency)
    return Line(transaction["id"], transaction["type"], net, currency.upper(), str(payment))


def prove(payout: Object, moved: Sequence[Line], entries: Mapping[str, Sequence[Entry]], ours: Iterable[str]) -> Proof:
    """Hold a payout against the contributions. entries: payment → its contributions; ours: our funds' payments."""
    amount, currency = from_minor(payout["amount"], payout["currency"]), payout["currency"].upper()
    by_payment: defaultdict[str, list[Line]] = defaultdict(list)
    for line in moved:
        by_payment[line.payment].append(line)
    ours = set(ours)
    differences = [
        found
        for payment, its in by_payment.items()
        if payment in ours and (found := _difference(payment, its, entries.get(payment, ())))
    ]
    return Proof(
        payout=payout["id"],
        amount=amount,
        currency=currency,
        lines=tuple(moved),
        own=tuple(line for line in moved if line.payment not in ours),
        differences=tuple(differences),
        missing=amount - sum((line.net for line in moved), NOTHING),
        failed=payout["status"] == "failed",
    )


def _difference(payment: str, its: Sequence[Line], entries: Sequence[Entry]) -> Difference | None:
    """What one payment's contributions say, against its transactions."""
    paid_out = sum((line.net for line in its), NOTHING)
    if not entries:
        return Difference(payment, 0, NOTHING, paid_out, "CiviCRM has no contribution of it")
    first = entries[0]
    known = _known(first)
    unknown = [line.id for line in its if known.get(line.id) != (line.net, line.currency)]
    if unknown:
        return Difference(payment, first.id, NOTHING, paid_out, f"its contribution does not know {', '.join(unknown)}")
    said = sum((entry.books.net for entry in entries), NOTHING)
    should = _should(first, known)
    if should is not None and said != should:
        return Difference(payment, first.id, said, should, "its net is not what its transactions sum up to")
    return None


def _known(entry: Entry) -> dict[str, tuple[Decimal, str]]:
    """Transaction → its net and currency, as they stand beside the contribution."""
    parts = (line.split(" ") for line in entry.facts.get(TRANSACTIONS, "").splitlines())
    return {part[0]: (cents(part[2]), part[3]) for part in parts if len(part) == 4}


def _should(entry: Entry, known: Mapping[str, tuple[Decimal, str]]) -> Decimal | None:
    """The net that the contribution must have; None where the account is kept in another currency than the gift.

    What an open dispute holds counts when the dispute has ended.
    """
    if entry.facts.get(f"{STRIPE}.Settled_Currency") != entry.currency:
        return None
    held = {line.split(" ")[0] for line in entry.facts.get(TRANSACTIONS, "").splitlines() if f" {HELD} " in line}
    return sum((net for id_, (net, _) in known.items() if id_ not in held), NOTHING)


def written(entry: Entry, proof: Proof, payment: str) -> dict[str, str]:
    """What a proof writes onto a contribution of this payment; nothing where none of its transactions were in it.

    Its payouts, a line each, with the transactions that were in it; the verdicts, newest first, as many as fit.
    """
    known = _known(entry)
    mine = [line.id for line in proof.lines if line.payment == payment]
    if entry.invoice_id != payment:  # what an appeal brought back names the payouts that brought it
        mine = [id_ for id_ in mine if id_ in known]
    if not mine:
        return {}
    payouts = [one for one in entry.facts[PAYOUTS].splitlines() if one and not one.startswith(f"{proof.payout}:")]
    verdicts = [one for one in entry.facts[VERDICT].split("; ") if one and not one.startswith(f"{proof.payout} ")]
    return {
        PAYOUTS: "\n".join(sorted([*payouts, f"{proof.payout}: {' '.join(mine)}"])),
        VERDICT: "; ".join([proof.verdict(payment), *verdicts])[:255],
    }
