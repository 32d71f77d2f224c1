"""Stripe's side of a batch: which payments and monthly gifts it is about, each under its lease, read as they are now.

A lease is taken before the reading, so that nobody writes an older state over a newer one: first payments, then
monthly gifts, in their order, everywhere.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from connector.errors import ConnectorError, PermanentError
from connector.inbox import IGNORED, PARKED
from connector.leases import Leases
from connector.money import from_minor
from connector.stripe_api import Object, StripeApi
from connector.webhooks import reading
from connector.webhooks.decide import Question
from connector.webhooks.objects import Payment, Subscription

LATER = "later"
# How many objects are read from Stripe at a time. It takes 100 reads a second from one account.
READERS = 4

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a root: done, ignored, parked or later, and why. until: when whoever is at work on it is done."""

    state: str
    why: str = ""
    until: datetime | None = None


@dataclass(slots=True)
class Gathered:
    """What Stripe holds. roots: root → the ids of its payments and monthly gifts; ended: roots that go no further.

    questions: id of a payment, gift or invoice → what a person has to know of it.
    """

    roots: dict[str, list[str]] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    gifts: dict[str, Subscription] = field(default_factory=dict)
    ended: dict[str, Outcome] = field(default_factory=dict)
    questions: dict[str, list[Question]] = field(default_factory=dict)

    def end(self, id_: str, outcome: Outcome) -> None:
        """End every root that this payment or gift belongs to. What else belongs to them is settled all the same."""
        self.ended |= {root: outcome for root, ids in self.roots.items() if id_ in ids}

    def ids(self, prefix: str) -> list[str]:
        """Every payment (pi_) or monthly gift (sub_) that the roots are about, in the order of leases."""
        return sorted({id_ for ids in self.roots.values() for id_ in ids if id_.startswith(prefix)})


def gather(api: StripeApi, roots: Iterable[str], leases: Leases) -> Gathered:
    """Read all that has to be settled because of these roots."""
    found = Gathered()
    with ThreadPoolExecutor(READERS) as pool:
        reader = _Reader(pool, leases, found)
        _resolve(api, roots, reader, found)
        for id_, payment in reader.each("pi_", lambda id_: reading.payment(api, id_)):
            found.payments[id_] = payment
            for ids in found.roots.values():
                if id_ in ids and payment.subscription:
                    ids.append(payment.subscription)
        for id_, gift in reader.each("sub_", lambda id_: reading.subscription(api, id_)):
            found.gifts[id_] = gift
    # a payment of a monthly gift that could not be read now waits with it
    found.payments = {
        id_: _of_gift(one, found.gifts)
        for id_, one in found.payments.items()
        if not one.subscription or one.subscription in found.gifts
    }
    return found


def _of_gift(payment: Payment, gifts: Mapping[str, Subscription]) -> Payment:
    """A payment of a monthly gift says what that gift says: Stripe does not hand its metadata on to payments."""
    gift = gifts.get(payment.subscription)
    return replace(payment, metadata={**gift.metadata, **payment.metadata}) if gift else payment


def lease_name(id_: str) -> str:
    """The name of the lease on a payment or monthly gift."""
    return f"stripe {id_}"


def outcome_of(error: ConnectorError) -> Outcome:
    """What becomes of a root that could not be settled: tried again, unless that cannot help."""
    return Outcome(PARKED if isinstance(error, PermanentError) else LATER, error.what)


class _Reader:
    """Reads things of one kind, several at a time; what cannot be read ends its roots."""

    def __init__(self, pool: ThreadPoolExecutor, leases: Leases, found: Gathered) -> None:
        self._pool, self._leases, self._found = pool, leases, found

    def each(self, prefix: str, read: Callable[[str], Thing]) -> Iterator[tuple[str, Thing]]:
        """Everything of this kind that nobody else is at work on."""
        return self.read([id_ for id_ in self._found.ids(prefix) if self._take(id_)], read)

    def read(self, ids: list[str], read: Callable[[str], Thing]) -> Iterator[tuple[str, Thing]]:
        """Those of `ids` that can be read."""

        def tried(id_: str) -> Thing | ConnectorError:
            try:
                return read(id_)
            except ConnectorError as error:
                return error

        for id_, thing in zip(ids, list(self._pool.map(tried, ids)), strict=True):
            if isinstance(thing, ConnectorError):
                self._found.end(id_, outcome_of(thing))
            else:
                yield id_, thing

    def _take(self, id_: str) -> bool:
        until = self._leases.take(lease_name(id_))
        if until:
            self._found.end(id_, Outcome(LATER, "another worker is at work on it", until))
        return until is None


def _resolve(api: StripeApi, roots: Iterable[str], reader: _Reader, found: Gathered) -> None:
    """Which payments and monthly gifts the roots are about."""
    found.roots = {root: [root] for root in roots}
    nothing = Outcome(IGNORED, "nothing has to be settled because of it")
    found.ended = {root: nothing for root in found.roots if not root.startswith(("pi_", "in_", "sub_"))}
    invoices = sorted(root for root in found.roots if root.startswith("in_"))
    for root, invoice in reader.read(invoices, api.invoice):
        found.roots[root] = [*reading.payments_of(invoice), *filter(None, [reading.subscription_of(invoice)])]
        if not found.roots[root]:
            found.ended[root] = Outcome(IGNORED, "an invoice that neither a payment nor a monthly gift belongs to")
        found.questions |= {root: list(_out_of_band(invoice))}


def _out_of_band(invoice: Object) -> Iterator[Question]:
    """An invoice that somebody marked as paid: the money came to us in another way, if it came."""
    paid = int(invoice.get("amount_paid_off_stripe") or 0)
    if invoice["status"] == "paid" and paid:
        amount = f"{from_minor(paid, invoice['currency'])} {invoice['currency'].upper()}"
        yield Question(
            "off-stripe",
            f"Of invoice {invoice['id']} {amount} were paid outside Stripe.",
            "the treasurer enters the gift in CiviCRM when the money has come; then dismiss this.",
        )
