"""Payments as Stripe holds them, for tests: only what differs from an ordinary card gift has to be said."""

from datetime import UTC, datetime
from typing import Any

from connector.webhooks.objects import Charge, Dispute, Payment, Person, Refund, Transaction

GIVEN_ON = datetime(2026, 11, 2, 9, 16, tzinfo=UTC)


def transaction(net: int, fee: int = 0, currency: str = "eur", kind: str = "charge", id_: str = "txn_1") -> Transaction:
    return Transaction(id_, kind, net + fee, fee, net, currency)


def charge(amount: int, fee: int | None = 100, status: str = "succeeded", **more: Any) -> Charge:
    """fee: None while Stripe does not know it."""
    known = None if fee is None else transaction(amount - fee, fee)
    made = {"id": "ch_1", "created": GIVEN_ON, "failure_code": "", "transaction": known, "person": Person()}
    return Charge(status=status, **{**made, **more})


def refund(amount: int, status: str = "succeeded", id_: str = "re_1") -> Refund:
    moved = [transaction(-amount, kind="refund", id_=f"txn_{id_}")]
    if status == "failed":
        moved.append(transaction(amount, kind="refund_failure", id_=f"txn_{id_}_back"))
    return Refund(id_, amount, status, GIVEN_ON, tuple(moved))


def dispute(amount: int, status: str, *nets: int, fee: int = 0, id_: str = "du_1") -> Dispute:
    """nets: what moved because of it, before the fee, which is taken from the first."""
    moved = [
        transaction(net - (fee if number == 0 else 0), fee if number == 0 else 0, kind="adjustment")
        for number, net in enumerate(nets)
    ]
    return Dispute(id_, amount, status, GIVEN_ON, None, tuple(moved))


def payment(amount: int = 5000, **more: Any) -> Payment:
    """A card gift of 50.00 EUR through Checkout, whose fee of 1.00 is known."""
    made: dict[str, Any] = {
        "id": "pi_1",
        "status": "succeeded",
        "currency": "eur",
        "livemode": False,
        "canceled": None,
        "metadata": {"fund_campaign": "protector-pilot"},
        "charge": charge(amount),
        "session": "cs_1",
        "is_complete": True,
        "person": Person(name="Amina Example", email="amina@example.org"),
    }
    return Payment(amount=amount, **{**made, **more})
