"""Pledges as the tests of the contract make and read them. Past days are long past, and coming ones far off."""

from typing import Any

from .wire import Site

PAST, COMING = "2020-01-01", "2090-01-01"
SCHEDULE = ("scheduled_date", "scheduled_amount", "status_id:name")


def terms(contact_id: int, **values: Any) -> dict[str, Any]:
    """A pledge of three monthly payments to come; a value of `...` leaves its field out."""
    made = {
        "contact_id": contact_id,
        "amount": 30,
        "original_installment_amount": 10,
        "installments": 3,
        "frequency_unit": "month",
        "frequency_interval": 1,
        "frequency_day": 1,
        "currency": "GBP",
        "create_date": PAST,
        "start_date": COMING,
        "financial_type_id:name": "Donation",
        "status_id:name": "Pending",
    }
    return {name: value for name, value in {**made, **values}.items() if value is not ...}


def pledge(site: Site, who: str = "setup", **values: Any) -> int:
    record = terms(values.pop("contact_id", None) or site.person(), **values)
    return int(site.save("Pledge", record, who=who)[0]["id"])


def read(site: Site, pledge_id: int, *select: str) -> dict[str, Any]:
    return site.get("Pledge", [["id", "=", pledge_id]], *select)[0]


def status(site: Site, pledge_id: int) -> Any:
    return read(site, pledge_id, "status_id:name")["status_id:name"]


def payments(site: Site, pledge_id: int, *select: str) -> list[dict[str, Any]]:
    where = [["pledge_id", "=", pledge_id]]
    return site.get("PledgePayment", where, *(select or SCHEDULE), orderBy={"id": "ASC"})


def days(site: Site, pledge_id: int) -> list[str]:
    return [row["scheduled_date"][:10] for row in payments(site, pledge_id)]


def statuses(site: Site, pledge_id: int) -> list[Any]:
    return [row["status_id:name"] for row in payments(site, pledge_id)]


def pay(site: Site, pledge_id: int, *which: int, who: str = "setup") -> None:
    """Completed with ten each."""
    rows = payments(site, pledge_id, "id")
    wanted = [rows[i]["id"] for i in which]
    values = {"status_id:name": "Completed", "actual_amount": 10}
    assert site.call("PledgePayment", "update", {"where": [["id", "IN", wanted]], "values": values}, who).values
