"""The one source of the current time: aware, UTC. Tests replace `now`; nothing else reads a clock for dates."""

from datetime import UTC, datetime


def now() -> datetime:
    """The current moment as an aware UTC datetime."""
    return datetime.now(UTC)
