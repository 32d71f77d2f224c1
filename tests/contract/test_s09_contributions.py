"""FACTS §9 and the settle table: what CiviCRM makes of the writes that the fund relies on, to the cent."""

from typing import Any

import pytest

from .giving import STATUS, Fund

COMPLETED, PENDING = {STATUS: "Completed"}, {STATUS: "Pending"}
ENDED = {"cancel_date": "2026-11-06 11:00:00", "cancel_reason": "re_1"}
AGAIN = {"cancel_date": None, "cancel_reason": None}
# What is written one after the other → the row after it (status, total, fee, net, paid) and what is on the account.
LINES: dict[str, tuple[list[dict[str, Any]], str, float]] = {
    "a gift whose fee is not known yet": ([{**COMPLETED, "total_amount": "50.00"}], "Completed 50 0 50 50", 50),
    "its fee becomes known": (
        [{**COMPLETED, "total_amount": "50.00"}, {"fee_amount": "1.00"}],
        "Completed 50 1 49 50",
        49,
    ),
    "a gift with its fee": ([{**COMPLETED, "total_amount": "50.00", "fee_amount": "1.00"}], "Completed 50 1 49 50", 49),
    "a debit under way": ([{**PENDING, "total_amount": "120.00"}], "Pending 120 0 120 0", 0),
    "the debit arrives": (
        [{**PENDING, "total_amount": "120.00"}, {**COMPLETED, "fee_amount": "0.35"}],
        "Completed 120 0.35 119.65 120",
        119.65,
    ),
    "the debit fails": (
        [{**PENDING, "total_amount": "75.00"}, {STATUS: "Failed", **ENDED}],
        "Failed 75 0 75 0",
        0,
    ),
    "the failed debit is tried again and arrives": (
        [
            {**PENDING, "total_amount": "75.00"},
            {STATUS: "Failed", **ENDED},
            {**PENDING, **AGAIN},
            {**COMPLETED, "fee_amount": "0.35"},
        ],
        "Completed 75 0.35 74.65 75",
        74.65,
    ),
    "a pending one that is cancelled is booked as if it had come": (
        [{**PENDING, "total_amount": "75.00"}, {STATUS: "Cancelled", **ENDED}],
        "Cancelled 75 0 75 0",
        75,
    ),
    "a full refund": (
        [
            {**COMPLETED, "total_amount": "50.00", "fee_amount": "1.00"},
            {STATUS: "Refunded", "net_amount": "-1.00", **ENDED},
        ],
        "Refunded 50 1 -1 0",
        -1,
    ),
    "a full refund that failed": (
        [
            {**COMPLETED, "total_amount": "40.00", "fee_amount": "0.85"},
            {STATUS: "Refunded", "net_amount": "-0.85", **ENDED},
            {**COMPLETED, "net_amount": "39.15", **AGAIN},
        ],
        "Completed 40 0.85 39.15 40",
        39.15,
    ),
    "two part refunds": (
        [
            {**COMPLETED, "total_amount": "100.00", "fee_amount": "1.75"},
            {"total_amount": "70.00"},
            {"total_amount": "50.00"},
        ],
        "Completed 50 1.75 48.25 50",
        48.25,
    ),
    "two part refunds, then the rest": (
        [
            {**COMPLETED, "total_amount": "100.00", "fee_amount": "1.75"},
            {"total_amount": "50.00"},
            {"total_amount": "100.00"},
            {STATUS: "Refunded", "net_amount": "-1.75", **ENDED},
        ],
        "Refunded 100 1.75 -1.75 0",
        -1.75,
    ),
    "a lost dispute": (
        [
            {**COMPLETED, "total_amount": "80.00", "fee_amount": "1.45"},
            {STATUS: "Chargeback", "fee_amount": "21.45", "net_amount": "-21.45", **ENDED},
        ],
        "Chargeback 80 21.45 -21.45 80",
        -21.45,
    ),
    "a dispute that was lost before it was seen": (
        [
            {**COMPLETED, "total_amount": "80.00", "fee_amount": "21.45"},
            {STATUS: "Chargeback", "net_amount": "-21.45", **ENDED},
        ],
        "Chargeback 80 21.45 -21.45 80",
        -21.45,
    ),
    "a dispute that cost a part": (
        [
            {**COMPLETED, "total_amount": "80.00", "fee_amount": "1.45"},
            {"total_amount": "50.00", "fee_amount": "21.45"},
        ],
        "Completed 50 21.45 28.55 50",
        28.55,
    ),
    "a dispute lost after a part refund": (
        [
            {**COMPLETED, "total_amount": "100.00", "fee_amount": "1.75"},
            {"total_amount": "70.00"},
            {STATUS: "Chargeback", "fee_amount": "21.75", "net_amount": "-21.75", **ENDED},
        ],
        "Chargeback 70 21.75 -21.75 70",
        -21.75,
    ),
    "a won dispute whose fee stays": (
        [{**COMPLETED, "total_amount": "60.00", "fee_amount": "1.15"}, {"fee_amount": "21.15"}],
        "Completed 60 21.15 38.85 60",
        38.85,
    ),
    "a lost dispute whose fee came back with an appeal": (
        [
            {**COMPLETED, "total_amount": "80.00", "fee_amount": "1.45"},
            {STATUS: "Chargeback", "fee_amount": "21.45", "net_amount": "-21.45", **ENDED},
            {"fee_amount": "1.45", "net_amount": "-1.45"},
        ],
        "Chargeback 80 1.45 -1.45 80",
        -1.45,
    ),
}


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_the_settle_table(fund: Fund, line: str) -> None:
    (first, *later), after, bank = LINES[line]
    invoice = fund.give(**first)
    for values in later:
        assert len(fund.change(invoice, **values).values) == 1
    assert (fund.row(invoice), fund.bank(invoice)) == (after, bank)


@pytest.mark.parametrize("line", [line for line in LINES if len(LINES[line][0]) > 1])
def test_the_last_write_of_a_line_changes_nothing_the_second_time(fund: Fund, line: str) -> None:
    (first, *later), after, bank = LINES[line]
    invoice = fund.give(**first)
    for values in [*later, later[-1]]:
        fund.change(invoice, **values)
    assert (fund.row(invoice), fund.bank(invoice)) == (after, bank)


def test_test_payments_are_booked_like_others(fund: Fund) -> None:
    invoice = fund.give(**COMPLETED, total_amount="50.00", fee_amount="1.00", is_test=True)
    assert (fund.row(invoice), fund.bank(invoice)) == ("Completed 50 1 49 50", 49)


@pytest.mark.parametrize(
    ("way", "refused"),
    [
        (["Completed"], "Pending"),
        (["Completed"], "Failed"),
        (["Pending", "Failed"], "Completed"),
        (["Pending", "Failed"], "Cancelled"),
        (["Pending", "Cancelled"], "Pending"),
        (["Completed", "Refunded"], "Chargeback"),
        (["Completed", "Chargeback"], "Completed"),
        (["Completed", "Chargeback"], "Refunded"),
    ],
)
def test_moves_that_are_refused(fund: Fund, way: list[str], refused: str) -> None:
    invoice = fund.give(**{STATUS: way[0]}, total_amount="5.00")
    for status in way[1:]:
        fund.change(invoice, **{STATUS: status})
    answer = fund.change(invoice, **{STATUS: refused})
    assert answer.error == f"Cannot change contribution status from {way[-1]} to {refused}."
    assert fund.row(invoice).startswith(way[-1])
