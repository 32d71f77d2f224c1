"""What the recorded stories say must be in CiviCRM in the end, and whether it is."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from .books import Books, amount

FOLDER = Path(__file__).parents[1] / "stories"
# The stories of one gift each; f-payout and h-odd have tests of their own.
GIFTS = (
    "a-onetime-card",
    "a2-expired",
    "b1-debit-succeeds",
    "b2-debit-fails",
    "c-monthly",
    "d1-refund-full",
    "d2-refund-partial",
    "e1-dispute-lost",
)


def told(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found


def cents(text: str) -> Decimal:
    return Decimal(text)


def check(name: str, books: Books, expected: dict[str, Any] | None = None) -> None:
    """Assert that CiviCRM holds what a story ends with, and nothing else."""
    expected = expected or told(name)["expected"]
    there = books.contributions()
    assert set(there) == {one["invoice_id"] for one in expected["contributions"]}
    for one in expected["contributions"]:
        _check_contribution(there[one["invoice_id"]], one)
    for person in expected.get("contacts", ()):
        _check_person(next(iter(there.values())), person)
    recurs = books.recurs()
    assert set(recurs) == {one["processor_id"] for one in expected.get("recurs", ())}
    for one in expected.get("recurs", ()):
        _check_recur(recurs[one["processor_id"]], one)


def _check_contribution(row: dict[str, Any], one: dict[str, Any]) -> None:
    for name in ("total_amount", "fee_amount", "net_amount"):
        assert amount(row[name]) == one[name], (name, row)
    assert row["contribution_status_id:name"] == one["status"]
    assert row["currency"] == one["currency"]
    assert row["trxn_id"] == one["trxn_id"]
    assert row["is_test"]
    assert row["contribution_recur_id.processor_id"] == one.get("recur_subscription")
    assert (row["Solidarity_Stripe.Message"] or "") == one.get("note", "")
    if "receive_date" in one:
        assert row["receive_date"].startswith(one["receive_date"])
    if "gross" in one:
        assert amount(row["Solidarity_Stripe.Gross"]) == one["gross"]
        assert amount(row["Solidarity_Stripe.Refunded"]) == one["refunded"]
    for refund in one.get("refunds", ()):
        assert refund["refund"] in row["Solidarity_Stripe.Refunds"]


def _check_person(row: dict[str, Any], person: dict[str, Any]) -> None:
    assert f"{row['contact_id.first_name']} {row['contact_id.last_name']}" == person["name"]
    assert row["contact_id.email_primary.email"] == person["email"]
    assert row["contact_id.address_primary.city"] == person["city"]
    assert row["contact_id.address_primary.country_id:name"] == person["country"]


def _check_recur(row: dict[str, Any], one: dict[str, Any]) -> None:
    assert amount(row["amount"]) == one["amount"]
    assert row["contribution_status_id:name"] == one["contribution_status"]
    assert (row["frequency_unit"], row["frequency_interval"]) == (one["frequency_unit"], one["frequency_interval"])
    assert row["end_date"].startswith(one["end_date"])
    assert row["cancel_date"].startswith(one["cancel_requested"])
