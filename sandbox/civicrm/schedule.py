"""When and how much a pledge's payments are due: CiviCRM's own sums, oddities included.

Plain dates and amounts; pledges.py makes the rows.
"""

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandbox.civicrm.dates import SQL
from sandbox.civicrm.store import Row

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Due:
    """One payment to come."""

    when: str
    amount: float
    is_past: bool


def payments(sent: Row, first: str) -> list[Due]:
    """The payments of a new pledge: `sent` as it came (what is missing counts as nothing), `first` its start_date.

    The first one is due on the start date itself, whatever `frequency_day` says; the others on that day.
    """
    count = int(sent["installments"])
    amounts = _amounts(sent["amount"], count)
    days = [first, *(_later(sent, first, number) for number in range(1, count))]
    today = datetime.now(UTC).strftime("%Y-%m-%d 00:00:00")
    return [Due(day, amount, day < today) for day, amount in zip(days, amounts, strict=True)]


def _amounts(total: float, count: int) -> list[float]:
    """Equal parts, rounded; the last one takes the rest."""
    part = cents(Decimal(str(total)) / count)
    return [*[part] * (count - 1), cents(Decimal(str(total)) - Decimal(str(part)) * (count - 1))]


def cents(value: Decimal) -> float:
    """Money is held with two places."""
    rounded = value.quantize(_CENT, ROUND_HALF_UP)
    return int(rounded) if rounded == int(rounded) else float(rounded)


def _later(sent: Row, first: str, number: int) -> str:
    unit = sent.get("frequency_unit")
    steps = number * int(sent.get("frequency_interval") or 0)
    base = _base(unit, date.fromisoformat(first[:10]), sent.get("frequency_day"))
    if unit == "month":
        return _text(_month(base, steps, _day_wanted(sent.get("frequency_day"))))
    if unit == "year":
        return _text(_overflowing(base.year + steps, base.month, base.day))
    return _text(base + timedelta(days=steps * {"week": 7, "day": 1}.get(str(unit), 0)))


def _base(unit: Any, start: date, frequency_day: Any) -> date:
    """The start moved to the day of the month or of the week; an unknown unit counts as months here."""
    if unit in ("day", "year"):
        return start
    if unit == "week":
        sunday_is_0 = start.isoweekday() % 7
        return start + timedelta(days=int(frequency_day or 0) - sunday_is_0)
    return _month(start, 0, _day_wanted(frequency_day))


def _day_wanted(frequency_day: Any) -> int:
    """Without a day PHP takes today's."""
    return int(frequency_day) if frequency_day else datetime.now(UTC).day


def _month(start: date, months: int, day: int) -> date:
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(day, calendar.monthrange(year, month + 1)[1]))


def _overflowing(year: int, month: int, day: int) -> date:
    """29 February in a common year is 1 March."""
    return date(year, month, 1) + timedelta(days=day - 1)


def _text(day: date) -> str:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).strftime(SQL)
