"""Several workers of the fund at once, and the reconciliation beside them: exact, nobody and nothing twice."""

from decimal import Decimal

from tests.flows.conftest import FundFlow
from tests.flows.fund import AMINA, together

FOUR = [("work", "--drain")] * 4
BESIDE = ("reconcile", "--since", "2026-01-01", "--apply")


def until_done(fund: FundFlow, *beside: tuple[str, ...]) -> None:
    """Four workers at once; then one more, when every lease has run out, which does what they left to each other."""
    together(fund.connector, [*FOUR, *beside])
    fund.later(minutes=15)
    fund.works()
    assert set(fund.counts()) <= {"done", "ignored"}


def people(fund: FundFlow) -> list[str]:
    rows = fund.books.call("Contact", "get", select=["email_primary.email"], where=[["source", "=", "Stripe"]])
    return sorted(row["email_primary.email"] for row in rows)


def test_one_payment_whose_events_came_all_at_once(fund: FundFlow) -> None:
    fund.stripe.do("give", **AMINA)
    fund.delivers(at_once=True, times=2)
    until_done(fund)
    assert people(fund) == ["amina@example.org"]
    rows = fund.books.call("Contribution", "get", select=["id"], where=[["is_test", "IN", [True, False]]])
    assert len(rows) == 1
    assert str(fund.only()["total_amount"]) == "50"
    assert fund.books.bank() == Decimal(49)  # less Stripe's fee


def test_twenty_payments_of_five_new_givers_and_a_reconciliation_beside(fund: FundFlow) -> None:
    for number in range(20):
        fund.stripe.do("give", name=f"Giver {number % 5}", email=f"giver{number % 5}@example.org", amount=100 + number)
    fund.delivers(at_once=True)
    until_done(fund, BESIDE)
    assert people(fund) == [f"giver{number}@example.org" for number in range(5)]
    rows = fund.books.call(
        "Contribution",
        "get",
        select=["total_amount", "net_amount", "contact_id.email_primary.email"],
        where=[["is_test", "IN", [True, False]]],
    )
    got = sorted((Decimal(str(row["total_amount"])), row["contact_id.email_primary.email"]) for row in rows)
    assert got == [(Decimal(100 + n) / 100, f"giver{n % 5}@example.org") for n in range(20)]
    assert fund.books.bank() == sum((Decimal(str(row["net_amount"])) for row in rows), Decimal(0))
    assert fund.books.problems() == []


def test_a_monthly_gift_and_its_first_payment_in_several_hands(fund: FundFlow) -> None:
    fund.stripe.do("subscribe", **AMINA)
    fund.stripe.do("renew")
    fund.delivers(at_once=True, reversed=True)
    until_done(fund, BESIDE)
    assert people(fund) == ["amina@example.org"]
    recurs = fund.books.call("ContributionRecur", "get", select=["id"], where=[["is_test", "IN", [True, False]]])
    assert len(recurs) == 1
    rows = fund.books.call("Contribution", "get", select=["contribution_recur_id"], where=[["is_test", "=", True]])
    assert [row["contribution_recur_id"] for row in rows] == [recurs[0]["id"]] * 2
