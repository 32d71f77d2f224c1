"""What CiviCRM books for a contribution: one row of FinancialTrxn for each movement, read off a real 6.18.

A payment goes to the account of its payment instrument, a fee from there to Banking Fees. A change of status books the
whole amount there or back, a change of the total its difference; a fee is always booked as a difference.
"""

from typing import Any

from sandbox.civicrm import dates
from sandbox.civicrm.site import Site
from sandbox.civicrm.store import Row
from sandbox.civicrm.values import money

COMPLETED, PENDING, CANCELLED, FAILED, REFUNDED, CHARGEBACK = 1, 2, 3, 4, 7, 10
_BACK = (REFUNDED, CHARGEBACK)
_OPTION, _OURS = "civicrm_option_value", "civicrm_contribution"
_ASSET = 6  # account relationship "Asset Account is"


def book(site: Site, row: Row, old: Row | None, *, fee_sent: bool) -> None:
    """The rows of one write. old: the contribution before it; fee_sent: whether the write named a fee."""
    status, before = row["contribution_status_id"], old["contribution_status_id"] if old else PENDING
    total, fee = row["total_amount"], row["fee_amount"] or 0
    old_fee = (old["fee_amount"] or 0) if old else 0
    if status != before:
        if status in _BACK:
            _payment(site, row, -total, old_fee)
        elif status in (CANCELLED, COMPLETED):
            _payment(site, row, total, fee if old is None else old_fee)
    elif old is None:
        return  # a pending one is no money yet
    elif total != old["total_amount"] and status == COMPLETED:
        _payment(site, row, total - old["total_amount"], fee if fee_sent else None)
    if fee != old_fee and status not in (PENDING, FAILED):
        _move(site, row, fee - old_fee)


def paid(site: Site, row: Row) -> Any:
    """What its payments sum up to; what a bank took back and what was cancelled does not count."""
    rows = [site.table("FinancialTrxn").rows[link["financial_trxn_id"]] for link in _links(site, row)]
    return money(sum(one["total_amount"] for one in rows if one["is_payment"] and one["status_id"] in (1, REFUNDED)))


def forget(site: Site, row: Row) -> None:
    """A contribution that is deleted takes its bookings along."""
    for link in _links(site, row):
        site.table("FinancialTrxn").delete(site.table("FinancialTrxn").rows[link["financial_trxn_id"]])
        site.table("EntityFinancialTrxn").delete(link)


def _links(site: Site, row: Row) -> list[Row]:
    return site.table("EntityFinancialTrxn").find("entity_id", row["id"])


def _payment(site: Site, row: Row, amount: Any, fee: Any) -> None:
    net = money(amount - (fee or 0))
    _insert(site, row, None, _account(site, row), amount=money(amount), fee=fee, net=net, is_payment=True)


def _move(site: Site, row: Row, fee: Any) -> None:
    banking = site.table("FinancialAccount").first(name="Banking Fees")
    to = banking["id"] if banking else None
    _insert(site, row, _account(site, row), to, amount=money(fee), fee=money(0), net=money(fee), is_payment=False)


def _account(site: Site, row: Row) -> int | None:
    """The asset account of the payment instrument, else where cheques go."""
    group = site.table("OptionGroup").first(name="payment_instrument")
    options = site.table("OptionValue").find("option_group_id", group["id"]) if group else []
    mine = [one["id"] for one in options if str(one["value"]) == str(row["payment_instrument_id"])]
    for link in site.table("EntityFinancialAccount"):
        if link["entity_table"] == _OPTION and link["entity_id"] in mine and link["account_relationship"] == _ASSET:
            return int(link["financial_account_id"])
    bank = site.table("FinancialAccount").first(name="Deposit Bank Account")
    return bank["id"] if bank else None


def _insert(site: Site, row: Row, came: Any, went: Any, *, amount: Any, fee: Any, net: Any, is_payment: bool) -> None:
    made = site.table("FinancialTrxn").insert(
        {
            "from_financial_account_id": came,
            "to_financial_account_id": went,
            "trxn_date": dates.now(),
            "total_amount": amount,
            "fee_amount": fee,
            "net_amount": net,
            "currency": row["currency"],
            "is_payment": is_payment,
            "trxn_id": row.get("trxn_id"),
            "status_id": row["contribution_status_id"],
            "payment_instrument_id": row["payment_instrument_id"],
        }
    )
    site.table("EntityFinancialTrxn").insert(
        {"entity_table": _OURS, "entity_id": row["id"], "financial_trxn_id": made["id"], "amount": amount}
    )
