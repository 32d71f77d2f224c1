"""Amounts between Stripe's smallest units and CiviCRM's decimals."""

from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from connector.money import cents, from_minor, to_minor


@pytest.mark.parametrize(
    ("minor", "currency", "decimal"),
    [
        (5000, "eur", "50.00"),
        (5000, "JPY", "5000.00"),
        (5000, "kwd", "5.00"),
        (1230, "kwd", "1.23"),
        (500, "isk", "5.00"),
        (-150, "eur", "-1.50"),
        (0, "eur", "0.00"),
    ],
)
def test_an_amount_of_stripe_in_civicrm(minor: int, currency: str, decimal: str) -> None:
    assert from_minor(minor, currency) == Decimal(decimal)
    assert to_minor(Decimal(decimal), currency) == minor


@given(st.integers(-(10**9), 10**9), st.sampled_from(["eur", "usd", "jpy", "krw", "huf"]))
def test_there_and_back_is_the_same(minor: int, currency: str) -> None:
    assert to_minor(from_minor(minor, currency), currency) == minor


def test_less_than_the_smallest_unit_is_refused() -> None:
    with pytest.raises(ValueError, match="smallest unit"):
        to_minor(Decimal("0.5"), "jpy")


def test_cents_are_always_two() -> None:
    assert [str(cents(amount)) for amount in ("5", "5.000", 7)] == ["5.00", "5.00", "7.00"]
