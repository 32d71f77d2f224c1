"""Whatever happens at the stand-in Stripe: its objects are Stripe's own, and its sums come out."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from sandbox.stripe import about, create, recorded
from sandbox.stripe.account import Account
from sandbox.stripe.steps import STEPS, run
from sandbox.stripe.view import View
from sandbox.stripe.world import Refused, World
from tests.unit.stripe_shapes import faults

GIVER = {"name": "Amina Example", "email": "amina@example.org", "city": "Cork", "country": "IE"}


def _check_payouts(world: World) -> None:
    """Each automatic payout is the sum of its lines, and its own line is the negative of it."""
    for payout in world.of("payout"):
        lines = [world.get(line) for line, of in world.payout_of.items() if of == payout["id"]]
        others = [line for line in lines if line["type"] != "payout"]
        assert sum(line["net"] for line in others) == payout["amount"]
        assert sum(line["net"] for line in lines) == 0


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
    {"do": "subscribe", "outcome": "fails"},
    {"do": "never_paid"},
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


def test_a_field_that_stripe_does_not_have_is_found() -> None:
    world = World()
    run(world, {"do": "give", **GIVER})
    (charge,) = world.of("charge")
    charge["outcome"] |= {"kindness": 1}
    charge["amount"] = "5000"
    assert faults(charge) == ["charge.amount is '5000', not int", "charge.outcome.kindness is unknown"]


@pytest.mark.parametrize("name", recorded.names())
def test_recorded_objects_are_stripes(name: str) -> None:
    story = recorded.read(name)
    known = [event for event in story.deliveries.values() if event["data"]["object"]["object"] != "teleport"]
    assert [fault for found in [*story.objects.values(), *known] for fault in faults(found)] == []


def test_what_the_api_makes_and_says_of_the_account_is_stripes() -> None:
    account = Account("http://127.0.0.1/hooks")
    run(account.world, {"do": "subscribe", **GIVER})
    (customer,) = account.world.of("customer")
    flow = {"type": "subscription_cancel", "subscription_cancel": {"subscription": "sub_1", "retention": None}}
    portal = create.portal(account, {"customer": customer["id"], "flow_data": flow}, "/p/session/")
    pages = [page(account) for page in about.PAGES.values()]
    every = [portal, *pages[:2], *pages[2]["data"]]
    assert [fault for found in every for fault in faults(found)] == []
