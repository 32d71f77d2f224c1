"""FACTS §9: what keeps a contribution from being made twice, and what the small role may do with it."""

import pytest

from .giving import STATUS, TEST_TOO, Fund

COMPLETED = {STATUS: "Completed"}


@pytest.mark.parametrize("column", ["invoice_id", "trxn_id"])
def test_a_number_is_taken_once_whatever_its_case(fund: Fund, column: str) -> None:
    invoice = fund.give(**COMPLETED, total_amount="5.00")
    number = {"invoice_id": invoice, "trxn_id": f"ch-{invoice}"}[column].upper()
    other = {"invoice_id": fund.site.unique("pi"), "trxn_id": fund.site.unique("ch"), column: number}
    answer = fund.create(invoice=other["invoice_id"], trxn_id=other["trxn_id"], total_amount="5.00")
    assert answer.error.startswith("Duplicate error - existing contribution record(s) have a matching Transaction ID")


def test_an_unknown_status_becomes_completed(fund: Fund) -> None:
    assert fund.row(fund.give(**{STATUS: "Nonesuch"}, total_amount="5.00")) == "Completed 5 0 5 5"


def test_test_rows_hide_unless_a_key_or_they_themselves_are_asked_for(fund: Fund) -> None:
    invoice = fund.give(**COMPLETED, total_amount="5.00", is_test=True)
    found = [
        len(fund.site.get("Contribution", where, "id"))
        for where in (
            [["invoice_id", "=", invoice]],
            [["invoice_id", "IN", [invoice]]],
            [["invoice_id", "LIKE", f"{invoice}%"]],
            [["invoice_id", "LIKE", f"{invoice}%"], TEST_TOO],
        )
    ]
    assert found == [1, 1, 0, 1]


def test_an_update_that_names_what_was_seen_misses_what_changed(fund: Fund) -> None:
    invoice = fund.give(**COMPLETED, total_amount="5.00")
    seen = [*fund.named(invoice), [STATUS, "=", "Completed"], ["total_amount", "=", "4.00"]]
    assert fund.site.call("Contribution", "update", {"where": seen, "values": {"fee_amount": "1.00"}}).values == []
    seen[-1] = ["total_amount", "=", "5.00"]
    assert len(fund.site.call("Contribution", "update", {"where": seen, "values": {"fee_amount": "1.00"}}).values) == 1


# --- the small role --------------------------------------------------------------------------------------------------


def test_the_small_role_makes_a_gift_with_its_credit_in_one_call(fund: Fund, runtime: str) -> None:
    invoice, chapter = fund.site.unique("pi"), fund.site.organization()
    credit = {
        "contribution_id": "$id",
        "contact_id": chapter,
        "amount": "5.00",
        "soft_credit_type_id:name": "solicited",
    }
    values = {"contact_id": fund.giver, "financial_type_id:name": "Donation", "total_amount": "5.00"}
    params = {"values": {**values, "invoice_id": invoice, **COMPLETED}}
    params["chain"] = {"credit": ["ContributionSoft", "create", {"values": credit}]}
    assert fund.site.call("Contribution", "create", params, runtime).values[0]["credit"]
    (found,) = fund.site.get("ContributionSoft", [["contribution_id.invoice_id", "=", invoice]], "amount", "contact_id")
    assert (found["amount"], found["contact_id"]) == (5, chapter)


def test_the_small_role_keeps_a_monthly_gift(fund: Fund, runtime: str) -> None:
    number = fund.site.unique("sub")
    record = {"contact_id": fund.giver, "amount": "20.00", "currency": "EUR", "processor_id": number}
    record |= {"frequency_unit": "month", "frequency_interval": 1, STATUS: "In Progress", "is_test": True}
    fund.site.save("ContributionRecur", record, who=runtime)
    where = [["processor_id", "=", number], TEST_TOO]
    for status in ("Failing", "In Progress", "Pending", "In Progress", "Cancelled"):
        values = {STATUS: status, "end_date": "2026-11-05 08:00:00" if status == "Cancelled" else None}
        fund.site.call("ContributionRecur", "update", {"where": where, "values": values}, runtime)
        (found,) = fund.site.get("ContributionRecur", where, STATUS, "end_date", "amount", who=runtime)
        assert found[STATUS] == status
    assert (found["amount"], found["end_date"]) == (20, "2026-11-05 08:00:00")
    fund.site.call("ContributionRecur", "delete", {"where": where})
