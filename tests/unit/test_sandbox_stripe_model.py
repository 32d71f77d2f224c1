"""The stand-in Stripe's model: its objects are Stripe's, its sums come out, and the same steps give the same world."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from sandbox.stripe import recorded
from sandbox.stripe.account import Account
from sandbox.stripe.money import fee, settled
from sandbox.stripe.steps import STEPS, run
from sandbox.stripe.view import View
from sandbox.stripe.world import Refused, World
from tests.unit.stripe_shapes import faults

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
    _check_payouts(world)


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


def _check_payouts(world: World) -> None:
    """Each automatic payout is the sum of its lines, and its own line is the negative of it."""
    for payout in world.of("payout"):
        lines = [world.get(line) for line, of in world.payout_of.items() if of == payout["id"]]
        others = [line for line in lines if line["type"] != "payout"]
        assert sum(line["net"] for line in others) == payout["amount"]
        assert sum(line["net"] for line in lines) == 0


# What may come next, in any order; most of it is refused most of the time.
ANY_STEP = st.sampled_from(
    [
        {"do": "give"},
        {"do": "give", "currency": "jpy", "customer": True, "declines": 1, "note": "For the children"},
        {"do": "give", "currency": "kwd", "amount": 25000, "fee_later": True},
        {"do": "give", "method": "sepa_debit"},
        {"do": "give", "amount": 0},
        {"do": "give", "gives_up": True, "declines": 1},
        {"do": "subscribe"},
        {"do": "subscribe", "method": "sepa_debit"},
        {"do": "renew", "outcome": "fails"},
        {"do": "renew", "outcome": "action_required"},
        {"do": "renew", "parts": [2000, 3000], "only": 1},
        {"do": "renew", "method": "sepa_debit"},
        {"do": "give_up", "then": "unpaid"},
        {"do": "change_amount", "amount": 7000},
        {"do": "refund", "amount": 500},
        {"do": "refund", "status": "requires_action"},
        {"do": "dispute", "amount": 1000},
        {"do": "dispute", "status": "warning_needs_response"},
        {"do": "dispute_lost", "returned": 500},
        {"do": "payout", "early": True, "fee": 200},
        {"do": "redact", "email": "amina@example.org"},
        *({"do": name} for name in STEPS),
    ]
)


@settings(max_examples=60)
@given(st.lists(ANY_STEP, min_size=3, max_size=25))
def test_whatever_happens_objects_are_stripes_and_sums_come_out(steps: Sequence[dict[str, Any]]) -> None:
    account = Account()
    world, view = account.world, View(account)
    for step in [{"do": "give"}, {"do": "subscribe"}, {"do": "give", "method": "sepa_debit"}, *steps]:
        try:
            run(world, {**GIVER, **step})
        except Refused:
            continue
    wrong = {fault for found in world.objects.values() if "deleted" not in found for fault in faults(view.whole(found))}
    wrong |= {fault for event in world.events for fault in faults(event)}
    assert wrong == set()
    _check_payouts(world)
    _check_charges(world)
    times = [event["created"] for event in world.events]
    assert times == sorted(times)


LONG_STORY: list[dict[str, Any]] = [
    {"do": "give", "method": "sepa_debit", "customer": True},
    {"do": "debit_fails"},
    {"do": "debit_again"},
    {"do": "debit_succeeds"},
    {"do": "refund", "amount": 1000},
    {"do": "refund_succeeds"},
    {"do": "refund_fails"},
    {"do": "dispute", "amount": 500, "status": "warning_needs_response"},
    {"do": "dispute_escalates"},
    {"do": "dispute_won", "fee_back": True},
    {"do": "debit_bounces"},
    {"do": "give", "currency": "jpy", "declines": 1, "note": "For the children", "fee_later": True},
    {"do": "fee"},
    {"do": "refund", "amount": 1000, "status": "requires_action"},
    {"do": "refund_canceled"},
    {"do": "dispute", "amount": 2000, "status": "warning_needs_response"},
    {"do": "dispute_escalates"},
    {"do": "dispute_answered"},
    {"do": "dispute_lost", "returned": 500},
    {"do": "dispute_appealed"},
    {"do": "expire"},
    {"do": "give", "gives_up": True, "declines": 1},
    {"do": "cancel_payment"},
    {"do": "subscribe", "method": "sepa_debit"},
    {"do": "debit_fails"},
    {"do": "retry"},
    {"do": "renew", "outcome": "action_required"},
    {"do": "paid_out_of_band"},
    {"do": "pause", "behavior": "mark_uncollectible"},
    {"do": "renew"},
    {"do": "resume"},
    {"do": "change_amount", "amount": 7000},
    {"do": "renew", "parts": [3000, 4000], "only": 1},
    {"do": "give_up", "then": "unpaid"},
    {"do": "retry"},
    {"do": "cancel_now"},
    {"do": "subscribe"},
    {"do": "cancel_at_period_end"},
    {"do": "renew"},
    {"do": "payout", "fee": 200, "early": True},
    {"do": "payout_paid"},
    {"do": "payout_fails"},
]


def test_a_long_story_of_every_step_is_made_of_stripes_objects() -> None:
    account = Account()
    world, view = account.world, View(account)
    for step in LONG_STORY:
        run(world, {**GIVER, **step})
    # The events have a snapshot of every state.
    wrong = [fault for found in world.objects.values() for fault in faults(view.whole(found))]
    assert wrong + [fault for event in world.events for fault in faults(event)] == []
    assert {step["do"] for step in LONG_STORY} >= STEPS.keys() - {
        "delete_customer",
        "redact",
        "wait",
        "tell_again",
        "dispute_won_after_all",
    }
    _check_payouts(world)
    _check_charges(world)


def test_a_field_that_stripe_does_not_have_is_found(world: World) -> None:
    do(world, "give", **GIVER)
    charge = last(world, "charge")
    charge["outcome"] |= {"kindness": 1}
    charge["amount"] = "5000"
    assert faults(charge) == ["charge.amount is '5000', not int", "charge.outcome.kindness is unknown"]


def _check_charges(world: World) -> None:
    for charge in world.of("charge"):
        given_back = [
            one for one in world.of("refund", charge=charge["id"]) if one["status"] not in ("failed", "canceled")
        ]
        assert charge["amount_refunded"] == sum(one["amount"] for one in given_back) <= charge["amount"]
        intent = world.get(charge["payment_intent"])
        if charge["status"] == "succeeded":
            assert (intent["status"], intent["latest_charge"]) == ("succeeded", charge["id"])
    for invoice in world.of("invoice", status="paid"):
        paid = [one["amount_paid"] for one in world.of("invoice_payment", invoice=invoice["id"], status="paid")]
        assert sum(paid) + invoice["amount_paid_off_stripe"] == invoice["amount_paid"] == invoice["total"]


@pytest.mark.parametrize("name", recorded.names())
def test_recorded_objects_are_stripes(name: str) -> None:
    story = recorded.read(name)
    known = [event for event in story.deliveries.values() if event["data"]["object"]["object"] != "teleport"]
    assert [fault for found in [*story.objects.values(), *known] for fault in faults(found)] == []
