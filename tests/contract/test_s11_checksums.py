"""FACTS §11: the checksum in a link of a mail, which lets one contact in; and sums over groups of rows (FACTS §3)."""

from .giving import TEST_TOO, Fund
from .pledging import pledge
from .wire import Site


def test_s11_the_small_role_may_check_a_checksum_but_make_none(site: Site, runtime: str) -> None:
    mine, other = site.person(), site.person()
    (made,) = site.call("Contact", "getChecksum", {"contactId": mine, "ttl": 1}).values
    refused = site.call("Contact", "getChecksum", {"contactId": mine, "ttl": 1}, runtime)
    assert (refused.status, refused.error) == (403, "Authorization failed: CiviCRM APIv4 (Contact::getChecksum)")

    def is_valid(contact: int, checksum: str) -> bool:
        params = {"contactId": contact, "checksum": checksum}
        return bool(site.call("Contact", "validateChecksum", params, runtime).values[0]["valid"])

    good = made["checksum"]
    assert is_valid(mine, good)
    assert not is_valid(other, good)
    hashed, moment, hours = good.split("_")
    for forged in (
        f"{hashed}_{int(moment) + 60}_{hours}",
        f"{hashed}_{moment}_900",
        f"{hashed[:-1]}_{moment}_{hours}",
        "x",
    ):
        assert not is_valid(mine, forged)


def test_s03_contributions_are_summed_by_status_and_currency(site: Site, runtime: str) -> None:
    fund = Fund(site)
    for amount, state in ((10, "Completed"), (2.5, "Completed"), (7, "Pending")):
        fund.give(total_amount=amount, **{"contribution_status_id:name": state})
    params = {
        "select": ["contribution_status_id:name", "currency", "SUM(total_amount) AS total", "COUNT(id) AS gifts"],
        "where": [["contact_id", "=", fund.giver], TEST_TOO],
        "groupBy": ["contribution_status_id", "currency"],
    }
    rows = site.call("Contribution", "get", params, runtime).values
    sums = {(row["contribution_status_id:name"], row["currency"]): (row["total"], row["gifts"]) for row in rows}
    assert sums == {("Completed", "EUR"): (12.5, 2), ("Pending", "EUR"): (7, 1)}
    assert all("id" not in row for row in rows)


def test_s10_what_is_promised_is_summed_by_the_currency_of_the_pledge(site: Site, runtime: str) -> None:
    contact = site.person()
    for currency in ("GBP", "EUR"):
        pledge(site, contact_id=contact, currency=currency)
    params = {
        "select": ["pledge_id.currency", "SUM(scheduled_amount) AS total"],
        "where": [["pledge_id.contact_id", "=", contact], ["pledge_id.status_id:name", "!=", "Cancelled"]],
        "groupBy": ["pledge_id.currency"],
    }
    rows = site.call("PledgePayment", "get", params, runtime).values
    assert {row["pledge_id.currency"]: row["total"] for row in rows} == {"GBP": 30, "EUR": 30}
