"""What staff do meanwhile is asked about, never overwritten; their answers in CiviCRM's form are carried out."""

import json
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
def gift(fund: FundFlow) -> str:
    """A gift that is in CiviCRM; its payment."""
    made = fund.told("give", **AMINA)
    fund.works()
    return made["payment_intent"][0]


def edited(fund: FundFlow) -> int:
    """Staff changed the amount, then the giver was given back a part."""
    fund.books.call("Contribution", "update", where=OURS, values={"total_amount": "45.00"})
    fund.told("refund", amount=1000)
    fund.works()
    return fund.problem("edited")


@pytest.mark.parametrize(("verdict", "total"), [("roster", 40), ("civicrm", 45), ("dismiss", 45)])
def test_an_edit_is_asked_about(fund: FundFlow, gift: str, staff: Staff, verdict: str, total: int) -> None:
    problem = edited(fund)
    assert fund.only()["total_amount"] == 45
    decision = staff.answer(problem, verdict)
    fund.works()
    assert staff.decision(decision)[0] == "done"
    assert fund.books.problems() == []
    fund.connector.run("inbox", "replay", "1")
    fund.works()
    assert fund.only()["total_amount"] == total


@pytest.mark.parametrize(("verdict", "count"), [("roster", 1), ("civicrm", 0), ("dismiss", 0)])
def test_a_deleted_one_is_not_made_again_unasked(
    fund: FundFlow, gift: str, staff: Staff, verdict: str, count: int
) -> None:
    fund.books.call("Contribution", "delete", where=OURS)
    fund.told("refund", amount=1000)
    fund.works()
    assert fund.books.contributions() == {}
    decision = staff.answer(fund.problem("deleted"), verdict)
    fund.works()
    assert staff.decision(decision)[0] == "done"
    fund.connector.run("inbox", "replay", "1")
    fund.works()
    assert [row["total_amount"] for row in fund.books.contributions().values()] == [40] * count
    assert fund.books.problems() == []


@pytest.mark.parametrize(("verdict", "count"), [("roster", 1), ("dismiss", 2)])
def test_one_entered_by_hand(fund: FundFlow, staff: Staff, verdict: str, count: int) -> None:
    made = fund.stripe.do("give", **AMINA)
    created = fund.stripe.client.v1.payment_intents.retrieve(made["payment_intent"][0]).created
    ((contact,),) = [[row["id"]] for row in fund.site.api("Individual", "create", values=person("Amina"))]
    values = {"contact_id": contact, "total_amount": "50", "financial_type_id:name": "Donation", "currency": "EUR"}
    fund.books.call("Contribution", "create", values=values | {"receive_date": day(created)})
    fund.delivers()
    fund.works()
    assert fund.books.contributions() == {}
    decision = staff.answer(fund.problem("by-hand"), verdict)
    fund.works()
    if verdict == "dismiss":
        fund.connector.run("inbox", "replay", "1")
        fund.works()
    assert staff.decision(decision)[0] == "done"
    assert len(fund.books.call("Contribution", "get", select=["id"], where=OURS)) == count
    assert len(fund.books.contributions()) == 1


def person(name: str) -> dict[str, Any]:
    return {"first_name": name, "last_name": "Example", "email_primary.email": "amina@example.org"}


def day(moment: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S")


def test_two_contacts_with_one_address(fund: FundFlow) -> None:
    for name in ("Amina", "Yusuf"):
        fund.site.api("Individual", "create", values=person(name))
    for _ in range(2):
        fund.told("give", **AMINA)
    for _ in range(2):
        fund.works()
    made = fund.books.call("Contact", "get", select=["id"], where=[["source", "=", "Stripe"]])
    assert [row["contact_id"] for row in fund.books.contributions().values()] == [made[0]["id"]] * 2
    assert len(made) == 1
    assert len(fund.books.problems()) == 1  # about the giver, however many gifts


@pytest.mark.parametrize("trashed", [True, False])
def test_a_contact_that_is_named(fund: FundFlow, trashed: bool) -> None:
    (named,) = fund.site.api("Individual", "create", values={"first_name": "Layla", "last_name": "Example"})
    if trashed:
        fund.site.api("Contact", "delete", where=[["id", "=", named["id"]]], useTrash=True)
    fund.told("give", **AMINA, metadata={"fund_campaign": "protector-pilot", "contact_id": str(named["id"])})
    fund.works()
    assert (fund.only()["contact_id"] == named["id"]) is not trashed


def test_a_contact_that_is_named_and_was_merged(fund: FundFlow) -> None:
    """The gift goes to the survivor."""
    gone, kept = (
        fund.site.api("Individual", "create", values={"first_name": name, "last_name": "Example"})[0]["id"]
        for name in ("Layla", "Leila")
    )
    fund.site.api("Contact", "mergeDuplicates", contactId=kept, duplicateId=gone, mode="aggressive")
    fund.told("give", **AMINA, metadata={"fund_campaign": "protector-pilot", "contact_id": str(gone)})
    fund.works()
    assert fund.only()["contact_id"] == kept


def test_an_edit_between_look_and_write(fund: FundFlow, gift: str) -> None:
    """Nothing is written over it; the row is looked at again, and then it is asked about."""
    fund.told("refund", amount=1000)
    fund.monkeypatch.setattr("connector.webhooks.settle._Batch.carry_out", _after_an_edit(fund))
    fund.works()
    assert fund.only()["total_amount"] == 45
    fund.monkeypatch.undo()
    fund.later(minutes=5)
    fund.works()
    assert fund.only()["total_amount"] == 45
    assert fund.problem("edited")


def _after_an_edit(fund: FundFlow) -> Any:
    from connector.webhooks.settle import _Batch

    carry_out = _Batch.carry_out

    def edits(self: Any) -> Any:
        fund.books.call("Contribution", "update", where=OURS, values={"total_amount": "45.00"})
        return carry_out(self)

    return edits


def test_a_parked_row_is_a_problem_until_it_is_dismissed(fund: FundFlow, staff: Staff) -> None:
    fund.told("give", **AMINA)
    fund.begin_again()
    fund.stripe.do("give", name="Other", email="other@example.org", amount=700)
    fund.delivers(changed={"data": {"object": {"id": "pi_of_nobody", "object": "payment_intent"}}}, next=1)
    fund.works()
    assert fund.books.problems() == ["stripe:pi_of_nobody:parked"]
    decision = staff.answer(fund.problem("parked"), "dismiss")
    fund.works()
    assert staff.decision(decision)[0] == "done"
    assert fund.books.problems() == []


def test_the_inbox_on_the_command_line(fund: FundFlow, gift: str) -> None:
    run = fund.connector.run
    assert gift in run("inbox", "list")
    assert {row["state"] for row in fund.inbox("--state", "done")["rows"]} == {"done"}
    assert fund.inbox("--state", "parked")["rows"] == []
    shown = run("inbox", "show", "1")
    assert json.loads(shown)["id"] == 1
    assert "example.org" not in shown
    assert "1 dismissed" in run("inbox", "dismiss", "1", "--why", "a trial")
    assert json.loads(run("inbox", "show", "1"))["why"] == "a trial"
    assert "1 wait again" in run("inbox", "replay", "1")
    for words in (("show", "999"), ("replay", "1", "999"), ("dismiss", "999", "--why", "x")):
        assert "has no row 999" in run("inbox", *words, code=1)


def test_the_doctor_of_the_fund(fund: FundFlow) -> None:
    found = {one["check"]: one for one in json.loads(fund.connector.run("doctor", "--json"))}
    names = (
        "Stripe key",
        "clock",
        "webhook secrets",
        "webhook endpoint",
        "names of the fund",
        "permission to enter gifts",
    )
    assert all(found[name]["ok"] for name in names)
    assert "STRIPE_WEBHOOK_SECRETS is not set" in fund.connector.run("doctor", code=5, STRIPE_WEBHOOK_SECRETS="")
    assert "it is no key of the live mode" in fund.connector.run("doctor", code=5, STRIPE_LIVEMODE="true")
    fund.books.call("Campaign", "delete", where=[["name", "=", "protector_pilot"]])
    assert "campaign_id 'protector_pilot'" in fund.connector.run("doctor", code=5)
