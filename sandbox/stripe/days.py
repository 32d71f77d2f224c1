"""Moments as the pages write them."""

from datetime import UTC, datetime


def day(moment: int) -> str:
    """The day of a moment, such as 1 July 2026."""
    found = datetime.fromtimestamp(moment, UTC)
    return f"{found.day} {found:%B %Y}"
