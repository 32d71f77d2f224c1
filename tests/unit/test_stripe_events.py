"""What is kept of a webhook: ids and money, and what has to be settled because of it."""

import json
from datetime import UTC, datetime

import pytest

from connector.errors import UserError
from connector.webhooks import events
from connector.webhooks.door import judge


def body(kind: str, thing: dict[str, object], **more: object) -> bytes:
    event = {"id": "evt_1", "object": "event", "type": kind, "created": 1793610960, "livemode": False}
    return json.dumps({**event, "api_version": "v", "data": {"object": thing}, **more}).encode()


@pytest.mark.parametrize(
    ("kind", "thing", "root"),
    [
        ("payment_intent.succeeded", {"id": "pi_1"}, "pi_1"),
        ("charge.succeeded", {"id": "ch_1", "payment_intent": "pi_1"}, "pi_1"),
        ("charge.succeeded", {"id": "ch_1", "payment_intent": {"id": "pi_1"}}, "pi_1"),
        ("charge.succeeded", {"id": "ch_1", "payment_intent": None}, ""),
        ("charge.refund.updated", {"id": "re_1", "payment_intent": "pi_1"}, "pi_1"),
        ("refund.failed", {"id": "re_1", "payment_intent": "pi_1"}, "pi_1"),
        ("charge.dispute.closed", {"id": "du_1", "payment_intent": "pi_1"}, "pi_1"),
        ("checkout.session.completed", {"id": "cs_1", "payment_intent": "pi_1"}, "pi_1"),
        ("checkout.session.completed", {"id": "cs_1", "payment_intent": None, "subscription": "sub_1"}, "sub_1"),
        ("checkout.session.expired", {"id": "cs_1", "payment_intent": None}, ""),
        ("invoice.paid", {"id": "in_1"}, "in_1"),
        ("invoice_payment.paid", {"id": "inpay_1", "payment": {"payment_intent": "pi_1"}}, "pi_1"),
        ("invoice_payment.paid", {"id": "inpay_1", "payment": None}, ""),
        ("customer.subscription.updated", {"id": "sub_1"}, "sub_1"),
        ("payout.paid", {"id": "po_1"}, "po_1"),
        ("customer.created", {"id": "cus_1"}, ""),
        ("payment_intent.teleported", {"id": "tp_1"}, ""),
        ("never.heard.of", {"id": "x"}, ""),
    ],
)
def test_what_has_to_be_settled(kind: str, thing: dict[str, object], root: str) -> None:
    assert events.read(body(kind, thing)).root == root


def test_ids_and_money_are_kept_and_nothing_of_a_person() -> None:
    session = {
        "id": "cs_1",
        "payment_intent": "pi_1",
        "amount_total": 5000,
        "currency": "eur",
        "customer_details": {"email": "amina@example.org", "name": "Amina Example"},
    }
    event = events.read(body("checkout.session.completed", session))
    assert (event.amount, event.currency) == (5000, "eur")
    assert event.created == datetime(2026, 11, 2, 9, 16, tzinfo=UTC)
    assert "mina" not in repr(event)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"event"',
        b"\xff\xfe",
        b"[" * 20_000,
        json.dumps({"id": "evt_1", "object": "event", "type": "x", "created": 1, "livemode": False}).encode(),
        json.dumps({"id": "evt_1", "object": "v2.core.event", "type": "v1.x", "created": "2026"}).encode(),
        body("x", {}),
        body("x", {"id": 5}),
        body("x", {"id": "y"}, created="soon"),
    ],
    ids=repr,
)
def test_what_is_no_snapshot_event_is_refused(sent: bytes) -> None:
    with pytest.raises(UserError, match="no snapshot event"):
        events.read(sent)


@pytest.mark.parametrize(
    ("kind", "thing", "more", "state"),
    [
        ("payment_intent.succeeded", {"id": "pi_1"}, {}, "waiting"),
        ("payment_intent.succeeded", {"id": "pi_1"}, {"livemode": True}, "parked"),
        ("payment_intent.succeeded", {"id": "pi_1"}, {"account": "acct_other"}, "ignored"),
        ("customer.created", {"id": "cus_1"}, {}, "ignored"),
        ("invoice.paid", {"id": "in_1", "amount_due": 0, "amount_paid": 0}, {}, "ignored"),
        ("invoice.paid", {"id": "in_1", "amount_due": 2000, "amount_paid": 2000}, {}, "waiting"),
        ("invoice.payment_failed", {"id": "in_1", "amount_due": 2000, "amount_paid": 0}, {}, "waiting"),
    ],
)
def test_what_becomes_of_it_at_the_door(kind, thing, more, state) -> None:
    assert judge(events.read(body(kind, thing, **more)), livemode=False)[0] == state
