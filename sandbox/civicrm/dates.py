"""Dates as CiviCRM reads them: generous, American, and never an error (what it cannot read becomes 1970-01-01).

Timestamps are held in UTC and shown in the zone of the calling user; plain dates and datetimes are never converted.
"""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

SQL = "%Y-%m-%d %H:%M:%S"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?$"
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2}))?()$")
_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})$")
_RELATIVE = re.compile(
    r"(now|today|yesterday|tomorrow)?\s*(?:([+-])\s*(\d+)\s*(second|minute|hour|day|week|month|year)s?)?$"
)
_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}


def now() -> str:
    """The current time in UTC, as it is held."""
    return datetime.now(UTC).strftime(SQL)


def zone(name: str | None) -> tzinfo:
    """The zone of a name; UTC without one."""
    return ZoneInfo(name) if name else UTC


def read_timestamp(value: object, user_zone: tzinfo) -> str:
    """Text from outside to the UTC text that is held; text without an offset is in the user's zone."""
    return _parse(str(value), user_zone).astimezone(UTC).strftime(SQL)


def read_naive(value: object, user_zone: tzinfo) -> str:
    """Text from outside to a datetime in the user's zone, held and shown as it is."""
    return _parse(str(value), user_zone).astimezone(user_zone).strftime(SQL)


def read_date(value: object, user_zone: tzinfo) -> str:
    """Text from outside to a plain date."""
    return _parse(str(value), user_zone).strftime("%Y-%m-%d")


def show_timestamp(value: str, user_zone: tzinfo) -> str:
    """A held timestamp in the user's zone."""
    if user_zone is UTC:
        return value
    return datetime.fromisoformat(value + "+00:00").astimezone(user_zone).strftime(SQL)


def _parse(text: str, user_zone: tzinfo) -> datetime:
    text = text.strip()
    try:
        if match := _ISO.match(text) or _COMPACT.match(text):
            year, month, day, hour, minute, second, offset = match.groups()
            moment = datetime(
                int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=user_zone
            )
            return moment if not offset else _with_offset(moment, offset)
        if match := _AMERICAN.match(text):
            return datetime(int(match[3]), int(match[1]), int(match[2]), tzinfo=user_zone)
        if text and (match := _RELATIVE.match(text.lower())):
            return _relative(match, user_zone)
    except ValueError:
        pass
    return _EPOCH


def _with_offset(moment: datetime, offset: str) -> datetime:
    return datetime.fromisoformat(moment.strftime(SQL) + offset)


def _relative(match: re.Match[str], user_zone: tzinfo) -> datetime:
    moment = datetime.now(user_zone)
    if match[1] in ("today", "yesterday", "tomorrow"):
        days = {"today": 0, "yesterday": -1, "tomorrow": 1}[match[1]]
        moment = moment.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=days)
    if match[3]:
        amount = int(match[3]) * (1 if match[2] == "+" else -1)
        unit = match[4]
        step = timedelta(days=_DAYS[unit] * amount) if unit in _DAYS else timedelta(**{f"{unit}s": amount})
        moment += step
    return moment
