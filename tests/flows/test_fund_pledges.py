"""Pledges are kept by gifts, by whichever way they come, and open again when a gift is given back."""

from collections.abc import Iterator
from typing import Any

import pytest

from connector.leases import Lease
from connector.store import Store
from tests.flows.conftest import FundFlow
from tests.flows.fund import AMINA
from tests.flows.proxy import proxied
from tests.flows.staff import Staff
from tests.flows.test_fund_killed import Killer

FUND = {"financial_type_id:name": "Protector Pilot Fund", "campaign_id:name": "protector_pilot"}


class Promise:
    """A pledge of three times 50 EUR, two of them overdue. In test mode, as everything of this Stripe."""

    def __init__(self, fund: FundFlow, **values: Any) -> None:
        self.fund = fund
        contact = values.pop("contact_id", None) or self.person()
        terms = {
            "amount": 150,
            "original_installment_amount": 50,
            "installments": 3,
            "status_id:name": "Pending",
            "frequency_unit": "month",
            "frequency_interval": 1,
            **FUND,
        }
        terms |= {"currency": "EUR", "create_date": "2020-01-01", "start_date": "2020-01-01", "is_test": True}
        (row,) = fund.books.call("Pledge", "create", values={"contact_id": contact, **terms, **values})
        self.id, self.contact = int(row["id"]), int(contact)

    def person(self) -> int:
        values = {"first_name": "Amina", "last_name": "Example", "email_primary.email": AMINA["email"]}
        return int(self.fund.site.api("Individual", "create", values=values)[0]["id"])

    @property
    def named(self) -> dict[str, str]:
        """What the giving page tells Stripe."""
        return {"fund_campaign": "protector-pilot", "contact_id": str(self.contact), "pledge_id": str(self.id)}

    def entered(self, amount: str = "50", **values: Any) -> int:
        """A contribution that staff enter."""
        given = {"contact_id": self.contact, "total_amount": amount, "currency": "EUR", "is_test": True, **FUND}
        given |= {"receive_date": "2020-02-01", "contribution_status_id:name": "Completed"}
        return int(self.fund.books.call("Contribution", "create", values=given | values)[0]["id"])

    def change(self, contribution: int, **values: Any) -> None:
        self.fund.books.call("Contribution", "update", where=[["id", "=", contribution]], values=values)

    def stands(self) -> list[str]:
        """Its status, then amount and state of each instalment, oldest first."""
        (row,) = self.fund.books.call("Pledge", "get", select=["status_id:name"], where=[["id", "=", self.id]])
        rows = self.fund.books.call(
            "PledgePayment",
            "get",
            select=["scheduled_amount", "actual_amount", "status_id:name", "contribution_id"],
            where=[["pledge_id", "=", self.id]],
            orderBy={"scheduled_date": "ASC", "status_id": "ASC", "id": "ASC"},
        )
        assert all((one["status_id:name"] == "Completed") == bool(one["contribution_id"]) for one in rows)
        assert all(
            one["actual_amount"] == (one["scheduled_amount"] if one["contribution_id"] else None) for one in rows
        )
        return [row["status_id:name"], *(f"{one['scheduled_amount']:g} {one['status_id:name']}" for one in rows)]


@pytest.fixture
def promise(fund: FundFlow) -> Promise:
    return Promise(fund)


OWED = ["50 Overdue"] * 3
ONE = ["Overdue", "50 Completed", "50 Overdue", "50 Overdue"]


def test_a_gift_that_names_its_pledge_pays_the_oldest_and_opens_it_again(fund: FundFlow, promise: Promise) -> None:
    fund.told("give", **AMINA, amount=7000, metadata=promise.named)
    fund.works()
    assert promise.stands() == ["Overdue", "50 Completed", "20 Completed", "30 Overdue", "50 Overdue"]
    fund.told("refund", amount=6000)
    fund.works()
    assert promise.stands() == ["Overdue", "10 Completed", "40 Overdue", "20 Overdue", "30 Overdue", "50 Overdue"]
    fund.told("refund", amount=1000)
    fund.works()
    assert promise.stands()[:2] == ["Overdue", "10 Overdue"]
    assert fund.books.problems() == []


def test_a_pledge_is_fulfilled_and_a_lost_dispute_takes_it_back(fund: FundFlow, promise: Promise) -> None:
    fund.told("give", **AMINA, amount=15000, metadata=promise.named)
    fund.works()
    assert promise.stands() == ["Completed", *["50 Completed"] * 3]
    fund.told("dispute")
    fund.told("dispute_lost")
    fund.works()
    assert promise.stands() == ["Overdue", *OWED]


def test_each_month_of_a_monthly_gift_pays(fund: FundFlow, promise: Promise) -> None:
    fund.told("subscribe", **AMINA, amount=5000, metadata=promise.named)
    fund.works()
    assert promise.stands() == ONE
    fund.told("renew")
    fund.works()
    assert promise.stands() == ["Overdue", "50 Completed", "50 Completed", "50 Overdue"]


def test_a_debit_pays_when_it_has_arrived(fund: FundFlow, promise: Promise) -> None:
    fund.told("give", **AMINA, amount=5000, method="sepa_debit", metadata=promise.named)
    fund.works()
    assert promise.stands() == ["Overdue", *OWED]
    fund.told("debit_succeeds")
    fund.works()
    assert promise.stands() == ONE


def test_a_gift_that_names_no_pledge_pays_none(fund: FundFlow, promise: Promise) -> None:
    fund.told("give", **AMINA, amount=5000)
    fund.works()
    assert fund.only()["contact_id"] == promise.contact
    assert promise.stands() == ["Overdue", *OWED]


def test_what_staff_enter_pays_and_follows_their_changes(fund: FundFlow, promise: Promise) -> None:
    given = promise.entered("100")
    fund.works()
    assert promise.stands() == ["Overdue", "50 Completed", "50 Completed", "50 Overdue"]
    promise.change(given, total_amount="50")
    fund.works()
    assert promise.stands() == ONE
    promise.change(given, **{"contribution_status_id:name": "Refunded"})
    fund.works()
    assert promise.stands() == ["Overdue", *OWED]
    promise.entered("30")
    promise.entered("120")
    fund.works()
    assert promise.stands() == ["Completed", *(f"{one} Completed" for one in (30, 20, 50, 50))]


@pytest.mark.parametrize(
    "values",
    [
        {"financial_type_id:name": "Donation"},
        {"receive_date": "2019-12-31"},
        {"currency": "GBP"},
        {"is_test": False},
        {"contribution_status_id:name": "Pending"},
    ],
    ids=str,
)
def test_what_is_not_meant_for_a_pledge(fund: FundFlow, promise: Promise, values: dict[str, Any]) -> None:
    promise.entered(**values)
    fund.works()
    assert promise.stands() == ["Overdue", *OWED]


WRONG = ["missing", "another's", "cancelled", "in another currency"]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_pledge_that_a_gift_cannot_pay_is_asked_about(fund: FundFlow, wrong: str) -> None:
    promise = Promise(fund, **({"currency": "GBP"} if wrong == "in another currency" else {}))
    named = dict(promise.named)
    if wrong == "missing":
        named["pledge_id"] = "999"
    if wrong == "another's":
        (other,) = fund.site.api("Individual", "create", values={"first_name": "Layla", "last_name": "Example"})
        named["contact_id"] = str(other["id"])
    if wrong == "cancelled":
        fund.books.call("Pledge", "cancel", where=[["id", "=", promise.id]])
    before = promise.stands()
    fund.told("give", **AMINA, amount=5000, metadata=named)
    fund.works()
    assert promise.stands() == before
    decision = Staff(fund.site, fund.connector).answer(fund.problem("pledge"), "dismiss")
    fund.works()
    assert Staff(fund.site, fund.connector).decision(decision)[0] == "done"
    fund.connector.run("inbox", "replay", "1")
    fund.works()
    assert fund.books.problems() == []


def test_a_question_ends_when_staff_made_it_right(fund: FundFlow, promise: Promise) -> None:
    named = promise.named
    fund.books.call("Pledge", "update", where=[["id", "=", promise.id]], values={"currency": "GBP"})
    fund.told("give", **AMINA, amount=5000, metadata=named)
    fund.works()
    assert fund.problem("pledge")
    fund.books.call("Pledge", "update", where=[["id", "=", promise.id]], values={"currency": "EUR"})
    fund.connector.run("inbox", "replay", "1")
    fund.works()
    assert promise.stands() == ONE
    assert fund.books.problems() == []


def test_another_worker_is_at_work_on_the_same_pledges(fund: FundFlow, promise: Promise) -> None:
    store = Store(fund.connector.env["DATABASE_URL"])
    lease = Lease(store, f"pledges of {promise.contact}", 1.0)
    lease.take()
    promise.entered()
    fund.told("give", **AMINA, amount=5000, metadata=promise.named)
    fund.works()  # waits until the lease has run out
    assert promise.stands()[:2] == ["Overdue", "50 Completed"]
    store.close()
    fund.works()
    assert promise.stands() == ["Overdue", "50 Completed", "50 Completed", "50 Overdue"]


def test_reconcile_shows_it_then_does_it(fund: FundFlow, promise: Promise) -> None:
    promise.entered("70")
    (first, second) = fund.connector.json("reconcile", code=3)["changes"]
    assert (first["entity"], first["key"]) == ("PledgePayment", f"pledge {promise.id}")
    assert second["fields"]["scheduled_amount"] == {"before": "50.00", "after": "20.00"}
    assert promise.stands() == ["Overdue", *OWED]
    fund.connector.run("reconcile", "--apply")
    assert promise.stands() == ["Overdue", "50 Completed", "20 Completed", "30 Overdue", "50 Overdue"]
    assert fund.connector.json("reconcile")["changes"] == []


@pytest.fixture
def killer(fund: FundFlow) -> Iterator[Killer]:
    with proxied(fund.site.url) as civicrm, proxied(fund.stripe.url) as stripe:
        yield Killer(fund, civicrm, stripe)


def test_killed_anywhere_a_pledge_is_paid_once(killer: Killer) -> None:
    promise = Promise(killer.fund)
    promise.entered("30")
    killer.fund.told("give", **AMINA, amount=6000, metadata=promise.named)
    killer.check_every_request()
    assert promise.stands()[0] == "Overdue"


def test_killed_anywhere_it_opens_again(killer: Killer) -> None:
    promise = Promise(killer.fund)
    killer.fund.told("give", **AMINA, amount=6000, metadata=promise.named)
    killer.fund.works()
    killer.fund.told("refund", amount=3000)
    killer.check_every_request()
    assert promise.stands()[1] == "30 Completed"
