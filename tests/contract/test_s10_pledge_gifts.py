"""FACTS §10: contributions that pay instalments: which changes CiviCRM follows by itself, and what the small role may.

The connector follows what CiviCRM does not: refunds, lost disputes, changed amounts, parts of an instalment.
"""

from typing import Any

import pytest

from .pledging import COMING, PAST, payments, pledge, status
from .wire import Site

SHOWN = ("id", "status_id:name", "scheduled_amount", "actual_amount", "contribution_id")


def shown(site: Site, pledge_id: int) -> list[tuple[Any, ...]]:
    """State, scheduled, paid, and whether a contribution pays it."""
    rows = payments(site, pledge_id, *SHOWN)
    return [
        (row["status_id:name"], row["scheduled_amount"], row["actual_amount"], bool(row["contribution_id"]))
        for row in rows
    ]


class Linked:
    """A pledge of one instalment, and a contribution that is linked to it by the small role."""

    def __init__(self, site: Site, runtime: str, state: str = "Completed", **terms: Any) -> None:
        self.site, self.runtime = site, runtime
        contact = site.person()
        terms = {"start_date": PAST, "installments": 1, "amount": 10, **terms}
        self.pledge = pledge(site, contact_id=contact, **terms)
        values = {"contact_id": contact, "financial_type_id:name": "Donation", "total_amount": 10, "currency": "GBP"}
        self.contribution = site.save("Contribution", {**values, "contribution_status_id:name": state})[0]["id"]
        self.rows = payments(site, self.pledge, *SHOWN)
        paid = {"actual_amount": "10.00", "status_id:name": "Completed"} if state == "Completed" else {}
        self.write(contribution_id=self.contribution, **paid)

    def write(self, seen: str = "10.00", chain: Any = None, **values: Any) -> list[dict[str, Any]]:
        where = [["id", "=", self.rows[0]["id"]], ["scheduled_amount", "=", seen]]
        params = {"where": where, "values": values, **({"chain": {"rest": chain}} if chain else {})}
        found = self.site.call("PledgePayment", "update", params, self.runtime).values
        assert isinstance(found, list)
        return found

    def count(self) -> str:
        """The status once CiviCRM counted it: an update that sends nothing but the amount that is there."""
        where = [["id", "=", self.pledge], ["is_test", "IN", [True, False]], ["amount", "=", "10.00"]]
        params = {"where": where, "values": {"amount": "10.00"}}
        assert self.site.call("Pledge", "update", params, self.runtime).values
        return str(status(self.site, self.pledge))

    def gift(self, action: str = "update", **values: Any) -> None:
        params = {"where": [["id", "=", self.contribution]], **({"values": values} if values else {})}
        assert self.site.call("Contribution", action, params).values


PAID, OPEN = ("Completed", 10, 10, True), ("Overdue", 10, None, False)


def test_s10_a_link_by_the_small_role_is_counted_with_the_next_update(site: Site, runtime: str) -> None:
    one = Linked(site, runtime)
    assert shown(site, one.pledge) == [PAID]
    assert one.count() == "Completed"
    one.write(contribution_id=None, actual_amount=None, **{"status_id:name": "Overdue"})
    assert shown(site, one.pledge) == [OPEN]
    assert one.count() == "Overdue"


@pytest.mark.parametrize("change", [{"contribution_status_id:name": "Refunded"}, {"total_amount": 4}], ids=str)
def test_s10_a_gift_given_back_still_pays_its_instalment(site: Site, runtime: str, change: dict[str, Any]) -> None:
    one = Linked(site, runtime)
    one.gift(**change)
    assert shown(site, one.pledge) == [PAID]


def test_s10_a_deleted_gift_opens_its_instalment_as_pending(site: Site, runtime: str) -> None:
    one = Linked(site, runtime)
    assert one.count() == "Completed"
    one.gift("delete")
    assert shown(site, one.pledge) == [("Pending", 10, None, False)]
    assert one.count() == "Pending"


@pytest.mark.parametrize(
    ("state", "after"),
    [("Completed", PAID), ("Failed", ("Pending", 10, None, False)), ("Cancelled", ("Pending", 10, None, False))],
)
def test_s10_a_pending_gift_that_is_linked_takes_its_instalment_along(
    site: Site, runtime: str, state: str, after: tuple[Any, ...]
) -> None:
    one = Linked(site, runtime, "Pending")
    assert shown(site, one.pledge) == [("Pending", 10, None, True)]
    one.gift(**{"contribution_status_id:name": state})
    assert shown(site, one.pledge) == [after]


def test_s10_a_part_is_split_off_only_together_with_its_update(site: Site, runtime: str) -> None:
    one = Linked(site, runtime, start_date=COMING)
    rest = {"pledge_id": one.pledge, "scheduled_amount": "4.00", "scheduled_date": COMING, "currency": "GBP"}
    chain = ["PledgePayment", "create", {"values": {**rest, "status_id:name": "Pending"}}]
    for _ in range(2):  # the second finds nothing any more, so nothing is split off again
        one.write(chain=chain, scheduled_amount="6.00", actual_amount="6.00")
    assert shown(site, one.pledge) == [("Completed", 6, 6, True), ("Pending", 4, None, False)]
    assert one.count() == "In Progress"


def test_s10_instalments_are_found_by_the_number_of_their_gift(site: Site, runtime: str) -> None:
    one = Linked(site, runtime)
    invoice = site.unique("pi")
    one.gift(invoice_id=invoice)
    path = "contribution_id.invoice_id"
    rows = site.get("PledgePayment", [[path, "IN", [invoice]]], path, who=runtime)
    assert [row[path] for row in rows] == [invoice]


def test_s14_contributions_changed_since_a_moment_are_found(site: Site, runtime: str) -> None:
    one = Linked(site, runtime)
    for moment, found in (("2020-01-01 00:00:00+00:00", [one.contribution]), ("2090-01-01 00:00:00+00:00", [])):
        where = [["modified_date", ">=", moment], ["id", "=", one.contribution]]
        assert [row["id"] for row in site.get("Contribution", where, "id", who=runtime)] == found
