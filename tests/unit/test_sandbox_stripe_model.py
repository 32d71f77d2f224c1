"""The stand-in Stripe's model: what each step tells, and that the same steps give the same world."""

from typing import Any

import pytest

from sandbox.stripe.money import fee, settled
from sandbox.stripe.steps import run
from sandbox.stripe.world import Refused, World

GIVER = {"name": "Amina Example", "email": "amina@example.org", "city": "Cork", "country": "IE"}


@pytest.fixture
def world() -> World:
    return World()


def do(world: World, what: str, **step: Any) -> list[str]:
    """A step; the types of its events."""
    before = len(world.events)
    run(world, {"do": what, **step})
    return [event["type"] for event in world.events[before:]]


def last(world: World, kind: str) -> dict[str, Any]:
    return list(world.of(kind))[-1]


def test_a_gift_by_card_is_told_by_five_events_and_the_fee_comes_last(world: World) -> None:
    types = do(world, "give", amount=5000, **GIVER)
    assert types == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
        "charge.updated",
    ]
    told = [event["data"]["object"].get("balance_transaction") for event in world.events]
    assert told[1] is None
    assert world.get(told[4])["fee"] == 100
    assert world.events[4]["data"]["previous_attributes"]["balance_transaction"] is None
    session = last(world, "checkout.session")
    assert (session["customer"], session["customer_details"]["email"]) == (None, "amina@example.org")


def test_a_debit_is_tried_again_on_the_same_payment_intent(world: World) -> None:
    do(world, "give", amount=7500, method="sepa_debit", **GIVER)
    assert last(world, "checkout.session")["payment_status"] == "unpaid"
    assert "checkout.session.async_payment_failed" in do(world, "debit_fails")
    do(world, "debit_again")
    assert do(world, "debit_succeeds") == ["charge.succeeded", "payment_intent.succeeded"]
    (intent,) = world.of("payment_intent")
    assert [charge["status"] for charge in world.of("charge", payment_intent=intent["id"])] == ["failed", "succeeded"]
    assert last(world, "checkout.session")["payment_status"] == "paid"


def test_a_monthly_gift_fails_and_is_paid_at_last(world: World) -> None:
    do(world, "subscribe", amount=2000, **GIVER)
    do(world, "renew", outcome="fails")
    assert last(world, "subscription")["status"] == "past_due"
    assert "invoice.paid" in do(world, "retry")
    assert last(world, "subscription")["status"] == "active"
    invoice = last(world, "invoice")
    assert (invoice["attempt_count"], invoice["billing_reason"]) == (2, "subscription_cycle")
    statuses = [charge["status"] for charge in world.of("charge")]
    assert statuses == ["succeeded", "failed", "succeeded"]


def test_an_invoice_may_have_two_payments(world: World) -> None:
    do(world, "subscribe", amount=2000, **GIVER)
    types = do(world, "renew", parts=[500, 1500])
    assert types.count("invoice_payment.paid") == 2
    assert types.count("invoice.paid") == 1
    paid = world.of("invoice_payment", invoice=last(world, "invoice")["id"])
    assert [one["amount_paid"] for one in paid] == [500, 1500]


def test_given_up_paused_and_ended(world: World) -> None:
    do(world, "subscribe", amount=2000, **GIVER)
    do(world, "pause")
    assert "invoice.voided" in do(world, "renew")
    do(world, "resume")
    do(world, "renew", outcome="fails")
    types = do(world, "give_up")
    assert types[-2:] == ["invoice.marked_uncollectible", "customer.subscription.deleted"]
    assert last(world, "subscription")["cancellation_details"]["reason"] == "payment_failed"
    do(world, "subscribe", amount=3000, **GIVER)
    do(world, "change_amount", amount=4000)
    do(world, "cancel_at_period_end")
    assert (
        last(world, "subscription")["cancel_at"]
        == last(world, "subscription")["items"]["data"][0]["current_period_end"]
    )
    assert do(world, "renew") == ["customer.subscription.deleted"]


def test_paid_out_of_band_has_no_charge(world: World) -> None:
    do(world, "subscribe", amount=2000, **GIVER)
    do(world, "renew", outcome="fails")
    charges = len(list(world.of("charge")))
    types = do(world, "paid_out_of_band")
    assert "invoice.paid" in types
    assert "invoice.payment_succeeded" not in types
    assert len(list(world.of("charge"))) == charges
    assert last(world, "invoice")["amount_paid_off_stripe"] == 2000


def test_a_refund_that_failed_after_all_gives_the_money_back(world: World) -> None:
    do(world, "give", amount=10000, **GIVER)
    do(world, "refund", amount=3000)
    assert last(world, "charge")["amount_refunded"] == 3000
    do(world, "refund_fails")
    assert last(world, "charge")["amount_refunded"] == 0
    sums = [line["net"] for line in world.of("balance_transaction")]
    assert sums == [9825, -3000, 3000]


@pytest.mark.parametrize(("fee_back", "left"), [(True, 7855), (False, 5855)])
def test_a_dispute_won_brings_the_money_and_maybe_the_fee(world: World, fee_back: bool, left: int) -> None:
    do(world, "give", amount=8000, **GIVER)
    do(world, "dispute")
    assert do(world, "dispute_won", fee_back=fee_back) == [
        "charge.dispute.closed",
        "charge.dispute.funds_reinstated",
    ]
    assert sum(line["net"] for line in world.of("balance_transaction")) == left


def test_a_lost_dispute_may_be_won_after_all_and_an_inquiry_moves_nothing(world: World) -> None:
    do(world, "give", amount=8000, **GIVER)
    assert do(world, "dispute", status="warning_needs_response") == ["charge.dispute.created", "charge.updated"]
    assert last(world, "dispute")["balance_transactions"] == []
    do(world, "dispute_escalates")
    do(world, "dispute_answered")
    do(world, "dispute_lost")
    do(world, "dispute_won_after_all")
    assert last(world, "dispute")["status"] == "won"
    assert [line["net"] for line in last(world, "dispute")["balance_transactions"]] == [-10000, 8000]


def test_a_failed_payout_is_paid_again(world: World) -> None:
    do(world, "give", amount=8000, **GIVER)
    with pytest.raises(Refused):
        do(world, "payout", fee=200)  # nothing has settled, and nothing is booked for the try
    do(world, "wait", days=3)
    do(world, "payout", fee=200)
    do(world, "payout_paid")
    do(world, "payout_fails")
    do(world, "wait", days=1)
    do(world, "payout")
    assert [payout["amount"] for payout in world.of("payout")] == [7655, 7655]


def test_money_of_other_currencies_settles_in_euro() -> None:
    assert (settled(5000, "jpy").amount, settled(5000, "kwd").amount, settled(5000, "eur").exchange_rate) == (
        3050,
        1410,
        None,
    )
    assert (fee(3050, "card"), fee(12000, "sepa_debit"), fee(900, "card")) == (71, 35, 39)


def test_one_event_may_be_live_or_never_be_made_or_be_told_twice(world: World) -> None:
    do(world, "give", live=True, **GIVER)
    assert [event["livemode"] for event in world.events] == [True, False, False, False, False]
    assert do(world, "give", silent=True, **GIVER) == []
    assert do(world, "tell_again", event=world.events[3]["id"]) == ["checkout.session.completed"]
    assert world.events[-1]["id"] != world.events[3]["id"]


def test_the_same_steps_make_the_same_world() -> None:
    worlds = [World(), World()]
    for world in worlds:
        do(world, "subscribe", **GIVER)
        do(world, "renew")
    assert worlds[0].events == worlds[1].events


def test_a_month_keeps_its_day(world: World) -> None:
    world.advance_to(1_801_353_600)  # 31 January 2027
    do(world, "subscribe", **GIVER)
    days = []
    for _ in range(3):
        do(world, "renew")
        days.append(last(world, "subscription")["items"]["data"][0]["current_period_start"])
    assert [(later - days[0]) // 86_400 for later in days] == [0, 31, 61]


def test_what_cannot_happen_is_refused(world: World) -> None:
    for step in ("refund", "dispute", "renew", "retry", "payout", "debit_fails", "pray"):
        with pytest.raises(Refused):
            do(world, step)
    do(world, "give", **GIVER)
    for step in (
        {"do": "subscribe", "session": last(world, "checkout.session")["id"]},
        {"do": "refund", "amount": "x"},
    ):
        with pytest.raises(Refused):
            run(world, step)
    do(world, "dispute")
    with pytest.raises(Refused, match="charged back"):
        do(world, "refund")


def test_an_invoice_of_nothing_is_paid_without_a_payment(world: World) -> None:
    types = do(world, "subscribe", amount=0, **GIVER)
    assert "invoice.paid" in types
    assert list(world.of("charge")) == []
