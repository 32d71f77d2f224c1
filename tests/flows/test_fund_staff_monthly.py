"""What staff do to a monthly gift is asked about: edited, deleted, its contact trashed. Its payments go on coming."""

from typing import Any

import pytest

from tests.flows.conftest import FundFlow
from tests.flows.fund import AMINA
from tests.flows.staff import Staff

OURS = [["is_test", "IN", [True, False]], ["id", ">", 0]]


@pytest.fixture
def staff(fund: FundFlow) -> Staff:
    return Staff(fund.site, fund.connector)


@pytest.fixture
def gift(fund: FundFlow) -> dict[str, Any]:
    """A monthly gift that is in CiviCRM, with its first payment."""
    made = fund.told("subscribe", **AMINA, amount=2000)
    fund.works()
    return {"sub": made["subscription"][0], "contact": fund.only()["contact_id"]}


def next_month(fund: FundFlow) -> list[dict[str, Any]]:
    fund.told("renew")
    fund.works()
    return list(fund.books.contributions().values())


@pytest.mark.parametrize(("verdict", "amount"), [("roster", 20), ("civicrm", 15), ("dismiss", 15)])
def test_an_edit_is_asked_about_and_answered(
    fund: FundFlow, gift: dict[str, Any], staff: Staff, verdict: str, amount: int
) -> None:
    fund.books.call("ContributionRecur", "update", where=OURS, values={"amount": "15.00"})
    assert len(next_month(fund)) == 2
    staff.answer(fund.problem("edited"), verdict)
    fund.works()
    next_month(fund)
    (recur,) = fund.books.recurs().values()
    assert recur["amount"] == amount
    assert fund.books.problems() == []


@pytest.mark.parametrize(("verdict", "count"), [("roster", 1), ("civicrm", 0), ("dismiss", 0)])
def test_a_deleted_one_is_not_made_again_unasked(
    fund: FundFlow, gift: dict[str, Any], staff: Staff, verdict: str, count: int
) -> None:
    fund.books.call("ContributionRecur", "delete", where=OURS)
    first, second = next_month(fund)
    assert fund.books.recurs() == {}
    assert second["contact_id"] == first["contact_id"] == gift["contact"]
    staff.answer(fund.problem("deleted"), verdict)
    fund.works()
    next_month(fund)
    assert list(fund.books.recurs()) == [gift["sub"]] * count
    assert fund.books.problems() == []


def test_a_gift_whose_contact_is_in_the_trash_goes_to_a_living_one(fund: FundFlow, gift: dict[str, Any]) -> None:
    """Once made, the living one gets the later months too."""
    fund.site.api("Contact", "delete", where=[["id", "=", gift["contact"]]], useTrash=True)
    next_month(fund)
    first, second, third = next_month(fund)
    assert first["contact_id"] == gift["contact"]
    assert second["contact_id"] == third["contact_id"] != gift["contact"]
    assert fund.problem("trash")
    fund.site.api("Contact", "update", where=[["id", "=", gift["contact"]]], values={"is_deleted": False})
    assert next_month(fund)[-1]["contact_id"] == gift["contact"]
    assert fund.books.problems() == []


def test_the_plan_asks_before_anything_is_written(fund: FundFlow, gift: dict[str, Any]) -> None:
    fund.books.call("ContributionRecur", "delete", where=OURS)
    found = fund.connector.json("reconcile", "--since", "2020-01-01", code=5)
    (change,) = [one for one in found["changes"] if one["entity"] == "ContributionRecur"]
    assert (change["action"], change["key"]) == ("ask", gift["sub"])
