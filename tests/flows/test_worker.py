"""The worker as it runs for months: looks at its start and each minute, ends when told, needs nothing of its own."""

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.flows.conftest import Connector, RosterFile, Site, member
from tests.flows.staff import Staff


@pytest.fixture
def staff(ready: Site, connector: Connector) -> Staff:
    return Staff(ready, connector)


@contextmanager
def at_work(connector: Connector, folder: Path, end: signal.Signals = signal.SIGTERM) -> Iterator[None]:
    """A worker as a process; it ends when it is told, and says so by its exit code."""
    with tempfile.TemporaryFile() as output:
        pid = connector.start(("work",), output, {"QUEUE_URL": f"sqlite:///{folder}/queue.sqlite3"})
        try:
            yield
        finally:
            until(lambda: end is signal.SIGKILL or hears(pid, end))
            os.kill(pid, end)
            _, status = os.waitpid(pid, 0)
            output.seek(0)
            told = output.read().decode()
    if end is not signal.SIGKILL:
        assert os.waitstatus_to_exitcode(status) == 0, told
        assert "Traceback" not in told, told


def hears(pid: int, end: signal.Signals) -> bool:
    """Whether the process has come so far that it listens to a signal, or has ended."""
    facts = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return facts["State"].split()[0] == "Z" or bool(int(facts["SigCgt"], 16) >> (end - 1) & 1)


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    for _ in range(int(seconds * 20)):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("did not come about")


def test_it_looks_at_its_start_and_ends_when_it_is_told(staff: Staff, roster: RosterFile, tmp_path: Path) -> None:
    id_ = staff.hand_in(roster.write(member(1)))
    with at_work(staff.connector, tmp_path):
        until(lambda: staff.roster(id_)["State"] == "planned")


def test_the_queue_can_be_deleted_at_any_moment(staff: Staff, roster: RosterFile, tmp_path: Path) -> None:
    """What waits stands in CiviCRM: a new worker with an empty queue finds it."""
    first = staff.hand_in(roster.write(member(1)))
    with at_work(staff.connector, tmp_path, signal.SIGKILL):
        until(lambda: staff.roster(first)["State"] == "planned")
    for path in tmp_path.glob("queue.sqlite3*"):
        path.unlink()
    staff.decide(first, "apply", number=1)
    with at_work(staff.connector, tmp_path):
        until(lambda: staff.roster(first)["State"] == "applied")


def test_a_queue_of_another_kind_is_told(connector: Connector) -> None:
    assert "QUEUE_URL is neither" in connector.run("work", code=1, QUEUE_URL="amqp://localhost")
