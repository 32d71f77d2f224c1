"""What all tests share: the option that writes the golden files anew, and how long hypothesis looks."""

import pytest
from hypothesis import settings

# The same examples every time, and nothing remembered between runs: what fails here fails everywhere.
settings.register_profile("solidarity", derandomize=True, database=None, deadline=None, max_examples=100)
settings.load_profile("solidarity")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden-update", action="store_true", help="write the expected files of tests/golden anew")
    how = "so many random orders of 30 events for each of the any-order tests, instead of the same few"
    parser.addoption("--orders", type=int, default=0, metavar="N", help=how)
