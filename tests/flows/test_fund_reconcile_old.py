"""Reconciliation of a window: it finds what became lately of old payments, and what staff did to them, told or not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.flows.conftest import FundFlow
from tests.flows.fund import AMINA
from tests.fund.books import amount

OURS = [["is_test", "IN", [True, False]], ["id", ">", 0]]
YEAR = 400


@pytest.fixture
def old(fund: FundFlow) -> str:
    """A gift that was entered long ago; its payment."""
    made = fund.told("give", **AMINA)
    fund.works()
    return made["payment_intent"][0]


def silently(fund: FundFlow, what: str, **step: Any) -> None:
    """Something happens of which Stripe makes no event."""
    fund.stripe.do(what, silent=True, **step)


def since(fund: FundFlow, days: int = 10) -> tuple[str, str]:
    """So many days ago at Stripe, where much time has passed: CiviCRM's own dates are older."""
    moment = datetime.fromtimestamp(fund.stripe.post("clock")["clock"], UTC) - timedelta(days=days)
    assert moment > datetime.now(UTC)
    return "--since", moment.date().isoformat()


def reconciles(fund: FundFlow, code: int = 0) -> dict[str, Any]:
    """Look, write, and look again."""
    window = since(fund)
    assert fund.connector.json("reconcile", *window, code=None)["changes"]
    fund.connector.run("reconcile", *window, "--apply", code=code)
    return fund.connector.json("reconcile", *window, code=code)


@pytest.mark.parametrize(
    ("before", "lately", "status", "total"),
    [
        ([], [("refund", {"amount": 2000})], "Completed", "30.00"),
        ([], [("refund", {})], "Refunded", "50.00"),
        ([], [("refund", {"status": "pending"})], "Refunded", "50.00"),
        ([], [("dispute", {})], "Completed", "50.00"),
        ([], [("dispute", {"status": "warning_needs_response"})], "Completed", "50.00"),
        ([("refund", {"status": "requires_action"})], [("refund_canceled", {})], "Completed", "50.00"),
        ([("dispute", {})], [("dispute_lost", {})], "Chargeback", "50.00"),
        ([("dispute", {})], [("dispute_won", {})], "Completed", "50.00"),
        ([("dispute", {"status": "warning_needs_response"})], [("dispute_won", {})], "Completed", "50.00"),
        ([("refund", {})], [("refund_fails", {})], "Completed", "50.00"),
    ],
    ids=lambda steps: " ".join(name for name, _ in steps) if isinstance(steps, list) else steps,
)
def test_what_became_lately_of_an_old_payment(
    fund: FundFlow, old: str, before: list[Any], lately: list[Any], status: str, total: str
) -> None:
    for what, step in before:
        fund.told(what, **step)
    fund.works()
    fund.stripe.do("wait", days=YEAR)
    for what, step in lately:
        silently(fund, what, **step)
    assert reconciles(fund, code=0)["undone"] == []
    row = fund.only()
    assert (row["contribution_status_id:name"], amount(row["total_amount"])) == (status, total)


@pytest.mark.parametrize(
    ("lately", "status"),
    [("pause", "Pending"), ("cancel_now", "Cancelled"), ("change_amount", "In Progress")],
)
def test_what_became_lately_of_an_old_monthly_gift(fund: FundFlow, lately: str, status: str) -> None:
    fund.told("subscribe", **AMINA, amount=2000)
    fund.works()
    fund.stripe.do("wait", days=YEAR)
    silently(fund, lately, **({"amount": 3000} if lately == "change_amount" else {}))
    reconciles(fund)
    (recur,) = fund.books.recurs().values()
    assert recur["contribution_status_id:name"] == status
    assert amount(recur["amount"]) == ("30.00" if lately == "change_amount" else "20.00")


@pytest.mark.parametrize(
    ("action", "more", "kind"),
    [
        ("update", {"values": {"contribution_status_id:name": "Cancelled"}}, "edited"),
        ("update", {"values": {"total_amount": "45.00"}}, "edited"),
        ("delete", {}, "deleted"),
    ],
)
@pytest.mark.parametrize("begin", ["2020-01-01", "yesterday"])
def test_what_staff_did_to_what_stripe_says_was_paid_is_a_question(
    fund: FundFlow, old: str, action: str, more: dict[str, Any], kind: str, begin: str
) -> None:
    """Also when the payment itself is older than the window."""
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    assert fund.only()["receive_date"] < yesterday
    window = ("--since", yesterday if begin == "yesterday" else begin)
    fund.books.call("Contribution", action, where=OURS, **more)
    before = fund.books.state()
    (change,) = fund.connector.json("reconcile", *window, code=5)["changes"]
    assert (change["action"], change["key"]) == ("ask", old)
    assert fund.books.state() == before
    fund.connector.run("reconcile", *window, "--apply", code=5)
    assert fund.books.problems() == [f"stripe:{old}:{kind}"]
    assert len(fund.books.contributions()) == (action == "update")


def test_a_monthly_gift_that_staff_deleted_is_a_question(fund: FundFlow) -> None:
    made = fund.told("subscribe", **AMINA, amount=2000)["subscription"][0]
    fund.works()
    fund.stripe.do("wait", days=YEAR)
    fund.books.call("ContributionRecur", "delete", where=OURS)
    fund.connector.run("reconcile", *since(fund), "--apply", code=5)
    assert fund.books.problems() == [f"stripe:{made}:deleted"]


def test_only_contributions_of_ours_are_offered_to_be_taken(fund: FundFlow) -> None:
    """The number of a monthly gift is that of some contribution too."""
    fund.told("subscribe", **AMINA, amount=2000)
    fund.works()
    fund.books.call("ContributionRecur", "update", where=OURS, values={"amount": "15.00"})
    (change,) = fund.connector.json("reconcile", "--since", "2020-01-01", code=5)["changes"]
    assert (change["entity"], bool(change["id"])) == ("ContributionRecur", True)
    assert "--take" not in fund.connector.run("reconcile", "--since", "2020-01-01", code=5)
    fund.books.call("Contribution", "update", where=OURS, values={"total_amount": "15.00"})
    told = fund.connector.run("reconcile", "--since", "2020-01-01", code=5)
    assert f"solidarity reconcile --apply --take {fund.only()['id']}\n" in told
