"""Stripe's objects as far as the fund needs them: plain frozen values. How they are read stands in parsing.py.

Amounts stay whole numbers of the smallest unit of their currency; times are aware UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

# Refunds that take money from the fund, now or in a few days; failed and canceled ones gave it back.
TAKING = frozenset({"succeeded", "pending", "requires_action"})


@dataclass(frozen=True, slots=True)
class Transaction:
    """A balance transaction: what moved on our account at Stripe, in the currency that the account is kept in."""

    id: str
    type: str
    amount: int
    fee: int
    net: int
    currency: str


@dataclass(frozen=True, slots=True)
class Person:
    """Who gave, as they wrote it themselves. Everything may be empty."""

    name: str = ""
    email: str = ""
    street_address: str = ""
    city: str = ""
    postal_code: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Charge:
    """One attempt to move the money. transaction: None until Stripe knows its fee.

    failure: how the money went back when a debit bounced after it had arrived.
    """

    id: str
    status: str
    created: datetime
    failure_code: str
    transaction: Transaction | None
    person: Person
    failure: Transaction | None = None

    @property
    def has_bounced(self) -> bool:
        """True for a debit that had arrived and went back; one that never arrived has no transaction."""
        return self.status == "failed" and self.transaction is not None


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back, or tried to."""

    id: str
    amount: int
    status: str
    created: datetime
    transactions: tuple[Transaction, ...]


@dataclass(frozen=True, slots=True)
class Dispute:
    """A giver's bank wants the money back. due: until when Stripe takes our evidence.

    https://docs.stripe.com/api/disputes/object#dispute_object-status
    """

    id: str
    amount: int
    status: str
    created: datetime
    due: datetime | None
    transactions: tuple[Transaction, ...]

    @property
    def is_open(self) -> bool:
        """True while somebody can still answer it: an inquiry, a dispute, or the appeal against a lost one."""
        return self.status.endswith(("needs_response", "under_review"))

    @property
    def is_lost(self) -> bool:
        """True from when it was lost; an appeal changes that only by being won."""
        return self.status == "lost" or self.status.startswith("appeal_")

    @property
    def holds(self) -> bool:
        """True while what it took may come back as if nothing had been."""
        return self.is_open and not self.is_lost


@dataclass(frozen=True, slots=True)
class Subscription:
    """A monthly gift. amount: each time; unit and interval: every so many months, weeks, …"""

    id: str
    status: str
    amount: int
    currency: str
    unit: str
    interval: int
    started: datetime
    canceled: datetime | None
    ended: datetime | None
    why_canceled: str
    is_paused: bool
    livemode: bool
    metadata: Mapping[str, str]
    person: Person


@dataclass(frozen=True, slots=True)
class Payment:
    """All that Stripe holds about one PaymentIntent now.

    charge: the newest try; bounced: earlier ones whose money had arrived and went back, newest first.
    session, invoice: of Checkout, of a monthly gift; empty without. is_complete: the giver finished Checkout, or a bank
    debit was tried: it is under way, or was, whoever looked then. A card that was declined is nothing.
    """

    id: str
    status: str
    amount: int
    currency: str
    livemode: bool
    canceled: datetime | None
    metadata: Mapping[str, str]
    charge: Charge | None = None
    bounced: tuple[Charge, ...] = ()
    refunds: tuple[Refund, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    session: str = ""
    invoice: str = ""
    subscription: str = ""
    is_complete: bool = False
    message: str = ""
    person: Person = field(default_factory=Person)


def moved(payment: Payment) -> list[Transaction]:
    """Every balance transaction of a payment: its charges', its refunds', its disputes'."""
    charges = [*payment.bounced[::-1], *filter(None, [payment.charge])]
    found = [one for charge in charges for one in (charge.transaction, charge.failure) if one]
    found += [one for refund in payment.refunds for one in refund.transactions]
    return found + [one for dispute in payment.disputes for one in dispute.transactions]


def number(metadata: Mapping[str, str], name: str) -> int:
    """An id of CiviCRM's in Stripe's metadata, 0 when there is none, or something else."""
    text = metadata.get(name, "")
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 10 else 0
