"""The life of promises: made with their payments, kept when staff change them, asked about when their terms change."""

from pathlib import Path
from typing import Any

import pytest

from tests.flows.conftest import MEMBERS, PLEDGES, Connector, Site

FIRST = ("--yes", "--force", "first-run")
HEADINGS = "Pledge No,Member No,Total,Currency,Payments,Each payment,How often,First payment,Fund"
ROW = "P1,M01-00003,300.00,EUR,6,50.00,monthly,2090-10-15,protector-pilot"


@pytest.fixture
def people(ready: Site, connector: Connector) -> Site:
    """The members of the example."""
    connector.run("apply", "members", MEMBERS, *FIRST)
    return ready


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    return tmp_path / "pledges.csv"


def write(path: Path, *rows: str) -> Path:
    path.write_text("\n".join([HEADINGS, *rows]) + "\n", encoding="utf-8")
    return path


def pledge(site: Site, number: str = "P1") -> dict[str, Any]:
    select = ["id", "contact_id", "status_id:name", "amount", "campaign_id:name", "financial_type_id:name"]
    (row,) = site.api("Pledge", "get", select=select, where=[["Solidarity_Pledge.Source_Id", "=", number]])
    return row


def test_a_roster_of_promises_becomes_pledges_with_their_payments(people: Site, connector: Connector) -> None:
    connector.run("apply", "pledges", PLEDGES, *FIRST)
    first = pledge(people, "P01-0001")
    assert first["contact_id"] == people.person("M01-00075")["id"]
    assert first["campaign_id:name"] == "protector_pilot"
    assert first["financial_type_id:name"] == "Protector Pilot Fund"
    payments = people.api(
        "PledgePayment", "get", select=["scheduled_amount", "scheduled_date"], where=[["pledge_id", "=", first["id"]]]
    )
    assert [row["scheduled_amount"] for row in payments] == [50] * 6
    assert [row["scheduled_date"][:10] for row in payments][:3] == ["2026-10-01", "2026-11-01", "2026-12-01"]
    before = people.requests_so_far()
    assert "Nothing to do" in connector.run("plan", "pledges", PLEDGES)
    assert people.requests_so_far() - before <= 3


def test_members_come_before_their_promises(ready: Site, connector: Connector, sheet: Path) -> None:
    output = connector.run("plan", "pledges", write(sheet, ROW), code=5)
    assert "M01-00003; apply the members' roster first" in output


def test_changed_terms_are_asked_about_and_nothing_is_written(people: Site, connector: Connector, sheet: Path) -> None:
    connector.run("apply", "pledges", write(sheet, ROW), *FIRST)
    before = people.state(), pledge(people)
    more = ROW.replace("300.00", "600.00").replace("50.00", "100.00")
    told = connector.run("apply", "pledges", write(sheet, more), "--yes", code=5)
    assert "give the new one a number of its own" in told
    assert (people.state() | {"Activity": []}, pledge(people)) == before  # but that a person is asked


def test_a_pledge_that_staff_cancelled_stays_cancelled(people: Site, connector: Connector, sheet: Path) -> None:
    connector.run("apply", "pledges", write(sheet, ROW), *FIRST)
    people.api("Pledge", "cancel", where=[["id", "=", pledge(people)["id"]]])
    assert "stays cancelled" in connector.run("apply", "pledges", sheet, "--yes")
    assert pledge(people)["status_id:name"] == "Cancelled"


def test_a_pledge_that_staff_deleted_is_asked_about(people: Site, connector: Connector, sheet: Path) -> None:
    connector.run("apply", "pledges", write(sheet, ROW), *FIRST)
    people.api("Pledge", "delete", where=[["id", "=", pledge(people)["id"]]])
    assert "was deleted in CiviCRM" in connector.run("apply", "pledges", sheet, "--yes", code=5)


def test_a_promise_that_staff_entered_by_hand_is_not_entered_twice(
    people: Site, connector: Connector, sheet: Path
) -> None:
    values = {
        "contact_id": people.person("M01-00003")["id"],
        "amount": 300,
        "installments": 6,
        "original_installment_amount": 50,
        "frequency_unit": "month",
        "frequency_interval": 1,
        "start_date": "2090-10-15",
        "create_date": "2026-01-01",
        "currency": "EUR",
        "status_id:name": "Pending",
    }
    (made,) = people.api("Pledge", "create", values=values)
    told = connector.run("apply", "pledges", write(sheet, ROW), *FIRST, code=5)
    assert f"pledge {made['id']} of the same contact" in told

    where = [["id", "=", made["id"]]]
    people.api("Pledge", "update", where=where, values={"Solidarity_Pledge.Source_Id": "P1"})
    connector.run("apply", "pledges", sheet, "--yes")
    assert pledge(people)["campaign_id:name"] == "protector_pilot"
    assert "Nothing to do" in connector.run("plan", "pledges", sheet)


def test_the_promise_of_a_merged_member_goes_to_the_survivor(people: Site, connector: Connector, sheet: Path) -> None:
    connector.run("apply", "pledges", write(sheet, ROW), *FIRST)
    loser = people.person("M01-00003", "first_name", "last_name")
    names = {name: loser[name] for name in ("first_name", "last_name")}
    (twin,) = people.api("Individual", "create", values=names)
    people.api("Contact", "mergeDuplicates", contactId=twin["id"], duplicateId=loser["id"], mode="aggressive")
    assert pledge(people)["contact_id"] == twin["id"]
    connector.run("apply", "pledges", write(sheet, ROW, ROW.replace("P1,", "P2,").replace("300.00", "300")), "--yes")
    assert pledge(people, "P2")["contact_id"] == twin["id"]


@pytest.mark.parametrize(
    ("was", "mistake", "told"),
    [
        ("300.00", "1.300", "Total is not an amount; write it like 1234.50"),
        ("300.00", "310.00", "6 payments of 50 are not 310"),
        (",6,", ",0,", "Payments is not a whole number from 1 to 1000"),
        ("EUR", "XXX", "Currency is not in CiviCRM's list"),
        ("monthly", "now and then", "How often is none of: weekly, monthly"),
        ("2090-10-15", "15/10/2090", "First payment is not a date written as YYYY-MM-DD"),
        ("protector-pilot", "another", "Fund is none of: protector-pilot"),
    ],
)
def test_a_mistake_is_refused_with_its_line(
    people: Site, connector: Connector, sheet: Path, was: str, mistake: str, told: str
) -> None:
    good = ROW.replace("P1,", "P2,")
    assert was in ROW
    output = connector.run("apply", "pledges", write(sheet, ROW.replace(was, mistake), good), *FIRST, code=5)
    assert told in output
    assert people.api("Pledge", "get", select=["Solidarity_Pledge.Source_Id"]) == [
        {"id": pledge(people, "P2")["id"], "Solidarity_Pledge.Source_Id": "P2"}
    ]
