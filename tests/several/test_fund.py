"""Four machines of the fund at one PostgreSQL: the same tests as of four workers, and one that dies in the middle."""

import os
import signal
import tempfile
import time

import pytest

from tests.flows.fund import AMINA, FundFlow
from tests.flows.test_fund_workers import *  # noqa: F403


@pytest.fixture(autouse=True)
def _on_postgresql(connector, database: str) -> None:
    connector.env["DATABASE_URL"] = database


def test_a_machine_that_dies_in_the_middle_loses_nothing(fund: FundFlow) -> None:
    for number in range(12):
        fund.stripe.do("give", name=f"Giver {number}", email=f"giver{number}@example.org", amount=1000 + number)
    fund.delivers()
    with tempfile.TemporaryFile() as output:
        pid = fund.connector.start(("work", "--drain"), output, {})
        time.sleep(0.4)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    fund.later(minutes=15)
    fund.works()
    fund.stripe.do("give", **AMINA)
    fund.delivers()
    fund.works()
    rows = fund.books.call("Contribution", "get", select=["total_amount"], where=[["is_test", "=", True]])
    assert sorted(float(row["total_amount"]) for row in rows) == sorted([*(10 + n / 100 for n in range(12)), 50])
