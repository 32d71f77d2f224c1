"""The inbox on PostgreSQL: the same tests."""

from tests.unit.test_inbox import *  # noqa: F403
