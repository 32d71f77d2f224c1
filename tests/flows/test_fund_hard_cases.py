"""What seldom happens to a payment: appeals, bounced debits, refunds that wait, several disputes. To the cent."""

from typing import Any

import pytest

from tests.flows.conftest import FundFlow
from tests.flows.fund import AMINA
from tests.fund.books import of_row

SOON = {"early": True}
CHAPTER = {"fund_campaign": "protector-pilot", "fund_source": "website", "chapter": "COR06"}


def books(fund: FundFlow) -> dict[str, str]:
    """Of each contribution status, total, fee and net, by the first letters of its number."""
    return {name.partition("_")[0]: of_row(row) for name, row in fund.books.contributions().items()}


def happens(fund: FundFlow, *steps: str | tuple[str, dict[str, Any]]) -> dict[str, str]:
    """Each is told and settled by itself; the books after the last."""
    for step in steps:
        name, how = (step, {}) if isinstance(step, str) else step
        fund.told(name, **how)
        fund.works()
    return books(fund)


def proven(fund: FundFlow) -> set[str]:
    """All is paid out: the verdicts on the contributions, the payouts' ids left out."""
    for what, how in (("wait", {"days": 10}), ("payout", SOON)):
        fund.told(what, **how)
    fund.works()
    rows = fund.books.contributions().values()
    return {
        one.partition(" ")[2] for row in rows for one in (row["Solidarity_Stripe.Payout_Verdict"] or "").split("; ")
    }


GIVES: tuple[str, dict[str, Any]] = ("give", {**AMINA, "amount": 8000})
DEBIT: tuple[str, dict[str, Any]] = ("give", {**AMINA, "amount": 7500, "method": "sepa_debit"})
OTHERS: tuple[str, dict[str, Any]] = ("give", {"amount": 50000, "metadata": {"order": "5"}})  # so that a payout is > 0


def test_an_appeal_changes_no_money_until_it_is_won_and_names_its_payout(fund: FundFlow) -> None:
    lost = happens(fund, OTHERS, GIVES, "dispute", "dispute_lost")
    assert lost == {"pi": "Chargeback 80.00 21.45 -21.45"}
    assert proven(fund) == {"proven"}
    assert happens(fund, "dispute_appealed") == lost
    won = happens(fund, "dispute_won_after_all")
    assert won == {**lost, "du": "Completed 80.00 0.00 80.00"}
    assert proven(fund) == {"proven"}
    first, second = fund.books.contributions().values()
    (payout,) = second["Solidarity_Stripe.Payouts"].splitlines()
    assert payout in first["Solidarity_Stripe.Payouts"]
    fund.connector.run("inbox", "replay", "1")
    fund.works()
    assert happens(fund, ("refund", {"amount": 1000})) == {**lost, "du": "Completed 70.00 0.00 70.00"}


def test_the_credit_of_a_chapter_follows_an_appeal(fund: FundFlow) -> None:
    happens(fund, ("give", {**AMINA, "amount": 8000, "metadata": CHAPTER}))

    def credited() -> list[tuple[str, float]]:
        rows = fund.books.call("ContributionSoft", "get", select=["amount", "contribution_id.invoice_id"])
        return sorted((row["contribution_id.invoice_id"][:2], row["amount"]) for row in rows)

    assert credited() == [("pi", 80)]
    happens(fund, "dispute", "dispute_lost", "dispute_won_after_all")
    assert credited() == [("du", 80), ("pi", 0)]
    happens(fund, ("refund", {"amount": 3000}))
    assert credited() == [("du", 50), ("pi", 0)]


def test_what_staff_do_to_what_was_won_back_is_asked_about(fund: FundFlow) -> None:
    happens(fund, GIVES, "dispute", "dispute_lost", "dispute_won_after_all")
    where = [["invoice_id", "LIKE", "du\\_%"], ["is_test", "=", True]]
    fund.books.call("Contribution", "update", where=where, values={"total_amount": "75.00"})
    fund.connector.run("inbox", "replay", "1")
    fund.works()
    assert books(fund)["du"] == "Completed 75.00 0.00 75.00"
    fund.books.call("Contribution", "delete", where=where)
    fund.connector.run("inbox", "replay", "1")
    fund.works()
    assert set(books(fund)) == {"pi"}
    assert [key.split(":")[2] for key in fund.books.problems()].count("second") == 1


def test_a_debit_that_bounced_and_came_after_all(fund: FundFlow) -> None:
    gone = happens(fund, OTHERS, DEBIT, "debit_succeeds", "debit_bounces")
    assert gone == {"pi": "Refunded 75.00 0.35 -0.35"}
    assert proven(fund) == {"proven"}
    assert happens(fund, "debit_again") == gone
    assert happens(fund, "debit_succeeds") == {"pi": "Completed 75.00 0.70 74.30"}
    assert proven(fund) == {"proven"}


def test_a_debit_that_bounced_and_was_given_up(fund: FundFlow) -> None:
    gone = {"pi": "Refunded 75.00 0.35 -0.35"}
    assert happens(fund, OTHERS, DEBIT, "debit_succeeds", "debit_bounces", "debit_again", "debit_fails") == gone
    assert happens(fund, "cancel_payment") == gone
    assert proven(fund) == {"proven"}
    assert fund.books.problems() == []


def test_a_refund_that_waits_has_left_the_books_but_not_the_payout(fund: FundFlow) -> None:
    waits = ("refund", {"amount": 3000, "status": "requires_action"})
    assert happens(fund, GIVES, waits) == {"pi": "Completed 50.00 1.45 48.55"}
    assert proven(fund) == {"proven"}
    assert happens(fund, "refund_succeeds") == {"pi": "Completed 50.00 1.45 48.55"}
    happens(fund, OTHERS)
    assert proven(fund) == {"proven"}


def test_two_disputes_of_one_payment_each_count_for_themselves(fund: FundFlow) -> None:
    first = ("dispute", {"amount": 3000})
    assert happens(fund, OTHERS, GIVES, first, "dispute_lost", ("dispute", {"amount": 5000})) == {
        "pi": "Completed 50.00 21.45 28.55"
    }
    assert proven(fund) == {"proven"}
    assert happens(fund, "dispute_lost") == {"pi": "Chargeback 80.00 41.45 -41.45"}
    both = {"pi": "Chargeback 80.00 41.45 -41.45", "du": "Completed 50.00 0.00 50.00"}
    assert happens(fund, OTHERS, "dispute_won_after_all") == both
    assert proven(fund) == {"proven"}


def test_a_part_lost_in_another_currency_is_worked_out_and_told(fund: FundFlow) -> None:
    dollars = ("give", {**AMINA, "amount": 8000, "currency": "usd"})
    found = happens(fund, dollars, "dispute", ("dispute_lost", {"returned": 3000}))
    assert found == {"pi": "Completed 30.00 0.00 30.00"}
    assert [key.split(":")[2] for key in fund.books.problems()] == ["told"]


def test_an_invoice_of_another_shop_that_was_paid_outside_is_nobodys_question(fund: FundFlow) -> None:
    shop = {"metadata": {"order": "5"}, "email": "shop@example.org", "name": "Shop Example"}
    happens(fund, ("subscribe", shop), ("renew", {"outcome": "fails"}), "paid_out_of_band")
    assert fund.books.problems() == []
    happens(fund, ("subscribe", dict(AMINA)), ("renew", {"outcome": "fails"}), "paid_out_of_band")
    assert [key.split(":")[2] for key in fund.books.problems()] == ["off-stripe"]


@pytest.mark.parametrize(
    ("what", "status"),
    [
        (("give_up", {"then": "unpaid"}), "Failed"),
        (("give_up", {"then": "past_due"}), "Failing"),
        (("give_up", {"then": "canceled"}), "Failed"),
    ],
)
def test_a_monthly_gift_that_stripe_gave_up(fund: FundFlow, what: tuple[str, dict[str, Any]], status: str) -> None:
    happens(fund, ("subscribe", dict(AMINA)), ("renew", {"outcome": "fails"}), what)
    (recur,) = fund.books.recurs().values()
    assert recur["contribution_status_id:name"] == status


def test_a_monthly_gift_whose_first_payment_never_came_is_none(fund: FundFlow) -> None:
    happens(fund, ("subscribe", {**AMINA, "outcome": "fails"}), "never_paid")
    assert fund.books.recurs() == fund.books.contributions() == {}
    assert fund.books.call("Contact", "get", select=["id"], where=[["source", "=", "Stripe"]]) == []
    assert "parked" not in fund.counts()


def test_a_monthly_gift_whose_first_payment_came_late_is_one(fund: FundFlow) -> None:
    happens(fund, ("subscribe", {**AMINA, "outcome": "fails"}), ("retry", {"days": 0}))
    (recur,) = fund.books.recurs().values()
    assert recur["contribution_status_id:name"] == "In Progress"
    assert fund.only()["contribution_recur_id.processor_id"]
