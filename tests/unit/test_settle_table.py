"""The settle table: for each state of a payment at Stripe, the writes to CiviCRM and the books they lead to."""

from dataclasses import replace
from decimal import Decimal

import pytest

from connector.webhooks.table import Books, next_step, steps, wanted, won_back

from .payments import charge, dispute, payment, refund, transaction


def books(text: str) -> Books:
    """Status, total, fee and net, as they stand in the table."""
    found = Books.parse(text)
    assert found
    return found


def led_to(there: str | None, gift, **more):
    """The books after each write, from those that are there (None: no contribution yet)."""
    want = wanted(gift, is_there=there is not None)
    if want is None:
        return None
    return [str(step.after) for step in steps(books(there) if there else None, want)]


def sent(there: str | None, gift) -> list[dict[str, object]]:
    want = wanted(gift, is_there=there is not None)
    assert want
    return [step.values for step in steps(books(there) if there else None, want)]


UNDER_WAY = {"status": "processing", "charge": charge(12000, None, "pending", id="py_1")}
BOUNCED = {
    "status": "requires_payment_method",
    "charge": charge(7500, None, "failed", id="py_1", failure_code="insufficient_funds"),
}
LOST = dispute(8000, "lost", -8000, fee=2000)


@pytest.mark.parametrize(
    ("there", "gift", "after"),
    [
        # a gift by card
        (None, payment(charge=None, status="requires_payment_method", is_complete=False), None),
        (None, payment(charge=charge(5000, None)), ["Completed 50.00 0.00 50.00"]),
        (None, payment(), ["Completed 50.00 1.00 49.00"]),
        ("Completed 50.00 0.00 50.00", payment(), ["Completed 50.00 1.00 49.00"]),
        ("Completed 50.00 1.00 49.00", payment(), []),
        # a debit
        (None, payment(12000, **UNDER_WAY), ["Pending 120.00 0.00 120.00"]),
        (
            "Pending 120.00 0.00 120.00",
            payment(12000, charge=charge(12000, 35, id="py_1")),
            ["Completed 120.00 0.35 119.65"],
        ),
        ("Pending 75.00 0.00 75.00", payment(7500, **BOUNCED), ["Failed 75.00 0.00 75.00"]),
        (None, payment(7500, **BOUNCED), ["Pending 75.00 0.00 75.00", "Failed 75.00 0.00 75.00"]),
        (
            "Failed 75.00 0.00 75.00",
            payment(7500, charge=charge(7500, 35)),
            ["Pending 75.00 0.00 75.00", "Completed 75.00 0.35 74.65"],
        ),
        ("Pending 75.00 0.00 75.00", payment(7500, status="canceled", charge=None), ["Failed 75.00 0.00 75.00"]),
        (
            "Completed 75.00 0.35 74.65",
            payment(
                7500, status="requires_payment_method", charge=charge(7500, 35, "failed", failure_code="no_mandate")
            ),
            ["Refunded 75.00 0.35 -0.35"],
        ),
        # given back
        ("Completed 50.00 1.00 49.00", payment(refunds=(refund(5000),)), ["Refunded 50.00 1.00 -1.00"]),
        ("Completed 50.00 1.00 49.00", payment(refunds=(refund(2000),)), ["Completed 30.00 1.00 29.00"]),
        ("Completed 50.00 1.00 49.00", payment(refunds=(refund(2000, "pending"),)), ["Completed 30.00 1.00 29.00"]),
        ("Completed 30.00 1.00 29.00", payment(refunds=(refund(2000, "failed"),)), ["Completed 50.00 1.00 49.00"]),
        ("Completed 30.00 1.00 29.00", payment(refunds=(refund(2000, "canceled"),)), ["Completed 50.00 1.00 49.00"]),
        (
            "Completed 30.00 1.00 29.00",
            payment(refunds=(refund(2000), refund(3000, id_="re_2"))),
            ["Completed 50.00 1.00 49.00", "Refunded 50.00 1.00 -1.00"],
        ),
        ("Refunded 50.00 1.00 -1.00", payment(refunds=(refund(5000, "failed"),)), ["Completed 50.00 1.00 49.00"]),
        (
            "Refunded 50.00 1.00 -1.00",
            payment(refunds=(refund(2000), refund(3000, "failed", "re_2"))),
            ["Completed 50.00 1.00 49.00", "Completed 30.00 1.00 29.00"],
        ),
        # disputed
        (
            "Completed 80.00 1.45 78.55",
            payment(8000, charge=charge(8000, 145), disputes=(LOST,)),
            [LOST_BOOKS := "Chargeback 80.00 21.45 -21.45"],
        ),
        (
            "Completed 80.00 1.45 78.55",
            payment(8000, charge=charge(8000, 145), disputes=(dispute(8000, "needs_response", -8000, fee=2000),)),
            [],
        ),
        (
            "Completed 80.00 1.45 78.55",
            payment(8000, charge=charge(8000, 145), disputes=(dispute(3000, "lost", -3000, fee=2000),)),
            ["Completed 50.00 21.45 28.55"],
        ),
        (
            "Completed 80.00 1.45 78.55",
            payment(8000, charge=charge(8000, 145), disputes=(dispute(8000, "lost", -8000, 5000, fee=2000),)),
            ["Completed 50.00 21.45 28.55"],
        ),
        (
            "Completed 70.00 1.75 68.25",
            payment(
                10000,
                charge=charge(10000, 175),
                refunds=(refund(3000),),
                disputes=(dispute(7000, "lost", -7000, fee=2000),),
            ),
            ["Chargeback 70.00 21.75 -21.75"],
        ),
        (
            "Completed 60.00 1.15 58.85",
            payment(6000, charge=charge(6000, 115), disputes=(dispute(6000, "won", -6000, 6000, fee=2000),)),
            ["Completed 60.00 21.15 38.85"],
        ),
        # first seen when all was over
        (None, payment(refunds=(refund(5000),)), ["Completed 50.00 1.00 49.00", "Refunded 50.00 1.00 -1.00"]),
        (None, payment(refunds=(refund(2000),)), ["Completed 50.00 1.00 49.00", "Completed 30.00 1.00 29.00"]),
        (
            None,
            payment(8000, charge=charge(8000, 145), disputes=(LOST,)),
            ["Completed 80.00 21.45 58.55", LOST_BOOKS],
        ),
    ],
)
def test_what_stripe_holds_becomes(there, gift, after) -> None:
    assert led_to(there, gift) == after


def test_status_and_total_never_go_in_one_update() -> None:
    everything_back = payment(refunds=(refund(2000), refund(3000, id_="re_2")))
    for values in sent("Completed 30.00 1.00 29.00", everything_back):
        assert not {"contribution_status_id:name", "total_amount"} <= values.keys()


def test_a_refund_says_since_when_and_by_which_number() -> None:
    (values,) = sent("Completed 50.00 1.00 49.00", payment(refunds=(refund(5000),)))
    assert values == {
        "contribution_status_id:name": "Refunded",
        "net_amount": "-1.00",
        "cancel_date": "2026-11-02 09:16:00+00:00",
        "cancel_reason": "re_1",
    }


def test_what_is_tried_again_is_no_longer_cancelled() -> None:
    first, second = sent("Failed 75.00 0.00 75.00", payment(7500, charge=charge(7500, 35)))
    assert first == {"contribution_status_id:name": "Pending", "cancel_date": None, "cancel_reason": None}
    assert second == {"contribution_status_id:name": "Completed", "fee_amount": "0.35", "trxn_id": "ch_1"}


def test_a_fee_in_another_currency_is_not_the_gifts() -> None:
    yen = payment(5000, currency="jpy", charge=charge(5000, 71))
    assert led_to(None, yen) == ["Completed 5000.00 0.00 5000.00"]


def test_what_was_lost_and_won_back_becomes_a_second_contribution() -> None:
    gift = payment(8000, charge=charge(8000, 145), disputes=(dispute(8000, "won", -8000, 8000, fee=2000),))
    want = wanted(gift, is_there=True)
    assert want
    first, back = won_back(books("Chargeback 80.00 21.45 -21.45"), want, gift)
    assert next_step(books("Chargeback 80.00 21.45 -21.45"), first) is None
    assert {id_: str(one.books) for id_, one in back.items()} == {"du_1": "Completed 80.00 0.00 80.00"}
    assert first.books.net + back["du_1"].books.net == Decimal("58.55")


@pytest.mark.parametrize("status", ["appeal_needs_response", "appeal_under_review"])
def test_an_appeal_changes_no_money(status) -> None:
    for taken, there in [(8000, LOST_BOOKS), (3000, "Completed 50.00 21.45 28.55")]:
        appealed = dispute(taken, status, -taken, fee=2000)
        assert led_to(there, payment(8000, charge=charge(8000, 145), disputes=(appealed,))) == []


def test_two_disputes_are_won_back_one_by_one_and_refunded_from_the_oldest() -> None:
    gift = payment(
        8000,
        charge=charge(8000, 145),
        refunds=(refund(1000),),
        disputes=(
            dispute(3000, "won", -3000, 3000, fee=2000),
            dispute(5000, "won", -5000, 5000, fee=2000, id_="du_2"),
        ),
    )
    want = wanted(gift, is_there=True)
    assert want
    first, back = won_back(books("Chargeback 80.00 41.45 -41.45"), want, gift)
    assert str(first.books) == "Chargeback 80.00 41.45 -41.45"
    assert {id_: str(one.books) for id_, one in back.items()} == {
        "du_2": "Completed 50.00 0.00 50.00",
        "du_1": "Completed 20.00 0.00 20.00",
    }


def test_of_two_disputes_each_counts_for_itself() -> None:
    lost = dispute(3000, "lost", -3000, fee=2000)
    held = dispute(5000, "needs_response", -5000, fee=2000, id_="du_2")
    assert led_to("Completed 80.00 1.45 78.55", payment(8000, charge=charge(8000, 145), disputes=(lost, held))) == [
        "Completed 50.00 21.45 28.55"
    ]


def test_what_came_back_in_another_currency_is_worked_out_by_its_share_and_told() -> None:
    moved = (
        transaction(-7400, currency="usd", kind="adjustment"),
        transaction(4625, currency="usd", kind="adjustment"),
    )
    lost = replace(dispute(8000, "lost"), transactions=moved)
    want = wanted(payment(8000, charge=replace(charge(8000), transaction=moved[0]), disputes=(lost,)), is_there=True)
    assert want
    assert str(want.books) == "Completed 50.00 0.00 50.00"
    assert want.told == (
        "a part of dispute du_1 came back in another currency; the 30.00 lost are worked out by its share",
    )


AGAIN = charge(7500, 35, id="py_2")
WENT_BACK = charge(7500, 35, "failed", id="py_1", failure_code="no_mandate")
BOUNCED_BOOKS = "Refunded 75.00 0.35 -0.35"


@pytest.mark.parametrize(
    ("status", "newest", "after"),
    [
        ("processing", charge(7500, None, "pending", id="py_2"), []),
        ("requires_payment_method", charge(7500, None, "failed", id="py_2"), []),
        ("canceled", charge(7500, None, "failed", id="py_2"), []),
        ("succeeded", AGAIN, ["Completed 75.00 0.70 74.30"]),
    ],
)
def test_a_debit_that_bounced_stays_given_back_until_it_comes_after_all(status, newest, after) -> None:
    assert led_to(BOUNCED_BOOKS, payment(7500, status=status, charge=newest, bounced=(WENT_BACK,))) == after


def test_a_bounced_debit_that_is_given_up_stays_given_back() -> None:
    assert led_to(BOUNCED_BOOKS, payment(7500, status="canceled", charge=WENT_BACK)) == []
    assert led_to(None, payment(7500, status="canceled", charge=WENT_BACK)) == [
        "Completed 75.00 0.35 74.65",
        BOUNCED_BOOKS,
    ]


def test_a_bank_that_takes_what_was_given_back_already_is_told() -> None:
    want = wanted(payment(refunds=(refund(5000),), disputes=(dispute(5000, "lost", -5000, fee=2000),)), is_there=True)
    assert want
    assert str(want.books) == "Refunded 50.00 21.00 -71.00"
    assert want.told == ("50.00 were lost in a dispute on top of a full refund",)
