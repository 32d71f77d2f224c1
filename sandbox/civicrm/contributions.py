"""Contributions, recurring ones and soft credits: what CiviCRM fills in, refuses and books.

These are the rules for Contribution, ContributionRecur and ContributionSoft. What each change books: ledger.py.
"""

import secrets

from sandbox.civicrm import dates, ledger, pledges
from sandbox.civicrm.errors import ApiError
from sandbox.civicrm.site import Call
from sandbox.civicrm.store import Row, fold
from sandbox.civicrm.values import Record, money, store_custom
from sandbox.civicrm.writing import Rules, full_answer

COMPLETED, PENDING, CANCELLED, FAILED, REFUNDED, PARTIAL, OWED, CHARGEBACK = 1, 2, 3, 4, 7, 8, 9, 10
NAMES = {
    COMPLETED: "Completed",
    PENDING: "Pending",
    CANCELLED: "Cancelled",
    FAILED: "Failed",
    REFUNDED: "Refunded",
    PARTIAL: "Partially paid",
    OWED: "Pending refund",
    CHARGEBACK: "Chargeback",
}
# From a status to those that CiviCRM lets it become; everything else is refused.
_MOVES = {
    CANCELLED: (COMPLETED, REFUNDED),
    COMPLETED: (CANCELLED, REFUNDED, CHARGEBACK),
    PENDING: (CANCELLED, COMPLETED, FAILED, PARTIAL),
    REFUNDED: (CANCELLED, COMPLETED),
    PARTIAL: (COMPLETED,),
    OWED: (COMPLETED, REFUNDED),
    FAILED: (PENDING,),
    CHARGEBACK: (),
}
_DEFAULT_INSTRUMENT = 4


def _before(call: Call, entity: str, record: Record, old: Row | None) -> None:
    values = record.core
    _refuse_duplicates(call, values, old)
    if values.get("currency"):
        values["currency"] = values["currency"].upper()
    if old is None:
        _fill(call, values)
    elif values.get("contribution_status_id") is None:
        values.pop("contribution_status_id", None)
    elif values["contribution_status_id"] not in (
        old["contribution_status_id"],
        *_MOVES[old["contribution_status_id"]],
    ):
        names = NAMES[old["contribution_status_id"]], NAMES[values["contribution_status_id"]]
        raise ApiError(f"Cannot change contribution status from {names[0]} to {names[1]}.")
    values["modified_date"] = dates.now()
    _net(values, old or {})


def _fill(call: Call, values: Row) -> None:
    """What a new contribution gets where nothing was sent; a misspelt status became nothing before, so Completed."""
    values["contribution_status_id"] = values.get("contribution_status_id") or COMPLETED
    values["invoice_id"] = values.get("invoice_id") or secrets.token_hex(16)
    values["currency"] = values.get("currency") or call.site.settings["defaultCurrency"]
    values["payment_instrument_id"] = values.get("payment_instrument_id") or _DEFAULT_INSTRUMENT
    values["fee_amount"] = values.get("fee_amount") or money(0)
    values["receive_date"] = values.get("receive_date") or dates.now()
    values.update(created_date=dates.now(), non_deductible_amount=0, tax_amount=0)
    values.update(is_test=bool(values.get("is_test")), is_pay_later=False, is_template=False)


def _net(values: Row, old: Row) -> None:
    """Without a net of its own it is what the fee leaves of the total, whenever one of the two is sent."""
    if values.get("net_amount") is None and {"total_amount", "fee_amount"} & values.keys():
        total, fee = ({**old, **values}.get(name) or 0 for name in ("total_amount", "fee_amount"))
        values["net_amount"] = money(total - fee)


def _refuse_duplicates(call: Call, values: Row, old: Row | None) -> None:
    own = old["id"] if old else None
    for column in ("trxn_id", "invoice_id"):
        for row in call.site.table("Contribution").find(column, values.get(column)):
            if row["id"] != own:
                raise ApiError(
                    "Duplicate error - existing contribution record(s) have a matching Transaction ID or Invoice "
                    f"Reference. Contribution record ID(s) are: [id: {row['id']}, {column}: {row[column]}]"
                )


def _after(call: Call, record: Record, row: Row, old: Row | None) -> None:
    ledger.book(call.site, row, old, fee_sent="fee_amount" in record.core)
    row["paid_amount"] = ledger.paid(call.site, row)
    row["balance_amount"] = money(row["total_amount"] - row["paid_amount"])
    store_custom(call, "Contribution", record, row)
    if old is None and row.get("contribution_recur_id"):
        _move_next(call, row)
    if old is not None:
        pledges.gift_moved(call.site, row, old["contribution_status_id"])


def _move_next(call: Call, row: Row) -> None:
    """CiviCRM counts on from the gift that came."""
    recur = call.site.table("ContributionRecur").get(row["contribution_recur_id"])
    if recur is not None:
        recur["next_sched_contribution_date"] = row["receive_date"]


def _remove(call: Call, row: Row, params: dict[str, object]) -> None:
    ledger.forget(call.site, row)
    pledges.gift_gone(call.site, row)
    for credit in call.site.table("ContributionSoft").find("contribution_id", row["id"]):
        call.site.table("ContributionSoft").delete(credit)


def _recur_before(call: Call, entity: str, record: Record, old: Row | None) -> None:
    values = record.core
    for column in ("trxn_id", "invoice_id"):
        sent = fold(values.get(column))
        same = [row["id"] for row in call.site.table(entity) if sent and fold(row.get(column)) == sent]
        if same and (old is None or old["id"] not in same):
            raise ApiError(f"Found matching recurring contribution(s): {', '.join(map(str, same))}")
    values["modified_date"] = dates.now()
    if old is None:
        values["currency"] = values.get("currency") or call.site.settings["defaultCurrency"]
        values["contribution_status_id"] = values.get("contribution_status_id") or PENDING
        for column in ("start_date", "create_date"):
            values[column] = values.get(column) or dates.now()


def _recur_after(call: Call, record: Record, row: Row, old: Row | None) -> None:
    store_custom(call, "ContributionRecur", record, row)


def _soft_before(call: Call, entity: str, record: Record, old: Row | None) -> None:
    if old is None:
        record.core["currency"] = record.core.get("currency") or call.site.settings["defaultCurrency"]


CONTRIBUTION_RULES = Rules(before=_before, after=_after, remove=_remove, answer=full_answer)
RECUR_RULES = Rules(before=_recur_before, after=_recur_after)
SOFT_RULES = Rules(before=_soft_before)
