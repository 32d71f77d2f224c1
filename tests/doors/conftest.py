"""HTTP that never leaves the process, and a log as it was before."""

import logging
from collections.abc import Iterator

import pytest
import responses


@pytest.fixture
def site() -> Iterator[responses.RequestsMock]:
    """A CiviCRM that answers what the test tells it to; a request it was told nothing about fails the test."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """The command line sets up our log for a whole process; the next test starts from scratch."""
    logger = logging.getLogger("connector")
    before = logger.handlers[:], logger.level, logger.propagate
    yield
    logger.handlers[:], logger.level, logger.propagate = before
