"""Pledges and their payments: CiviCRM makes the payments with the pledge, and counts the pledge's status from them.

These are the rules for Pledge and PledgePayment, and Pledge's own action `cancel`.
"""

from typing import Any

from sandbox.civicrm import dates, schedule
from sandbox.civicrm.errors import UNKNOWN_DB_ERROR, ApiError, PhpFatal
from sandbox.civicrm.site import Call, Site
from sandbox.civicrm.store import Row
from sandbox.civicrm.values import Record, store_custom
from sandbox.civicrm.writing import Rules

COMPLETED, PENDING, CANCELLED, IN_PROGRESS, OVERDUE = 1, 2, 3, 5, 6
# Too long for its column: here the database refuses instead of CiviCRM cutting.
_WIDTHS = {"currency": 3, "frequency_unit": 8}
_DAYS = ("start_date", "create_date", "acknowledge_date", "cancel_date", "end_date", "scheduled_date", "reminder_date")


def _before(call: Call, entity: str, record: Record, old: Row | None) -> None:
    values = record.core
    if any(len(str(record.sent.get(name) or "")) > width for name, width in _WIDTHS.items()):
        raise ApiError(UNKNOWN_DB_ERROR)
    if "frequency_unit" in values and values["frequency_unit"] is None:
        values["frequency_unit"] = "null"  # the word, as a misspelt name is really stored
    if old is None:
        values.setdefault("currency", call.site.settings["defaultCurrency"])
        values.setdefault("installments", 1)
    elif "status_id" not in values:
        values["status_id"] = counted_status(call.site, old)


def _after(call: Call, record: Record, row: Row, old: Row | None) -> None:
    if old is None:
        _make_payments(call, record, row)
    if row["status_id"] is None:
        row["status_id"] = 0  # the column takes no NULL
    if not str(row["currency"]).isupper():
        raise ApiError(f'Invalid currency "{row["currency"]}"')  # found out only when all is stored
    store_custom(call, "Pledge", record, row)


def _make_payments(call: Call, record: Record, row: Row) -> None:
    amount = record.sent.get("amount")
    if not row["installments"] or (isinstance(amount, str) and not amount[:1].strip("-.").isdigit()):
        raise PhpFatal("no number to divide, or to divide by")
    unit = record.core.get("frequency_unit")
    sent = {**record.core, "frequency_unit": None if unit == "null" else unit}
    due = schedule.payments(sent, row["start_date"])
    for payment in due:
        # A pledge of one payment hands its own status down instead.
        status = row["status_id"] if len(due) == 1 else OVERDUE if payment.is_past else PENDING
        call.site.table("PledgePayment").insert(
            {
                "pledge_id": row["id"],
                "contribution_id": None,
                "scheduled_amount": payment.amount,
                "actual_amount": None,
                "currency": row["currency"],
                "scheduled_date": payment.when,
                "reminder_date": None,
                "reminder_count": 0,
                "status_id": status,
            }
        )
    row["status_id"] = counted_status(call.site, row)
    if row["status_id"] == COMPLETED:
        row["end_date"] = dates.now()


def counted_status(site: Site, pledge: Row) -> int:
    """What the payments make of it; a cancelled pledge stays cancelled."""
    if pledge.get("status_id") == CANCELLED:
        return CANCELLED
    found = {payment["status_id"] for payment in site.table("PledgePayment").find("pledge_id", pledge["id"])}
    if OVERDUE in found:
        return OVERDUE
    if found == {COMPLETED}:
        return COMPLETED
    return IN_PROGRESS if COMPLETED in found else PENDING


def cancel(call: Call, rows: list[Row]) -> list[None]:
    """Cancels the pending payments; where none is pending, every payment that is not completed (overdue ones too)."""
    for row in rows:
        payments = call.site.table("PledgePayment").find("pledge_id", row["id"])
        pending = [p for p in payments if p["status_id"] == PENDING]
        for payment in pending or [p for p in payments if p["status_id"] not in (None, COMPLETED)]:
            payment["status_id"] = CANCELLED
        row.update(status_id=CANCELLED, cancel_date=dates.now())
    return [None] * len(rows)


def gift_moved(site: Site, contribution: Row, before: int) -> None:
    """A gift under way that arrives or fails takes the payments that it is linked to along; no other change does."""
    after = contribution["contribution_status_id"]
    if before != PENDING or after == before:
        return
    if after != COMPLETED:
        gift_gone(site, contribution)
        return
    for payment in site.table("PledgePayment").find("contribution_id", contribution["id"]):
        payment.update(status_id=COMPLETED, actual_amount=payment["scheduled_amount"])


def gift_gone(site: Site, contribution: Row) -> None:
    """The payments that were linked to it wait again; pending, whatever their day."""
    table = site.table("PledgePayment")
    for payment in table.find("contribution_id", contribution["id"]):
        table.update(payment, {"contribution_id": None, "actual_amount": None, "status_id": PENDING})


def _remove(call: Call, row: Row, params: dict[str, Any]) -> None:
    table = call.site.table("PledgePayment")
    for payment in table.find("pledge_id", row["id"]):
        table.delete(payment)


def remove_of(call: Call, contact_id: int) -> None:
    """A contact that is deleted for good takes its pledges along."""
    table = call.site.table("Pledge")
    for row in table.find("contact_id", contact_id):
        _remove(call, row, {})
        table.delete(row)


def _answer(call: Call, record: Record, row: Row, is_new: bool) -> Row:
    """The status that was sent, not the one that was counted; days as the database was given them."""
    own = {name: _compact(name, value) for name, value in record.core.items()}
    if record.sent.get("frequency_unit:name") and own.get("frequency_unit") == "null":
        own["frequency_unit"] = None
    unread = dict.fromkeys((*record.custom, *record.extra))
    return {"id": row["id"], **own, **unread, "custom": None, "check_permissions": None}


def _compact(name: str, value: Any) -> Any:
    return value.translate(str.maketrans("", "", "-: ")) if name in _DAYS and isinstance(value, str) else value


def _payment_before(call: Call, entity: str, record: Record, old: Row | None) -> None:
    if old is None:
        record.core.setdefault("currency", call.site.settings["defaultCurrency"])


PLEDGE_RULES = Rules(before=_before, after=_after, remove=_remove, answer=_answer)
PLEDGE_PAYMENT_RULES = Rules(before=_payment_before, answer=_answer)
