"""The worker with its queue on Redis, as several machines share it."""

from pathlib import Path

import pytest

from tests.flows.conftest import Connector, RosterFile, Site
from tests.flows.rosters import member
from tests.flows.staff import Staff
from tests.flows.test_worker import at_work, until


@pytest.fixture
def staff(ready: Site, connector: Connector, redis: str, monkeypatch: pytest.MonkeyPatch) -> Staff:
    start = connector.start
    monkeypatch.setattr(
        connector, "start", lambda words, output, env: start(words, output, {**env, "QUEUE_URL": redis})
    )
    return Staff(ready, connector)


def test_two_machines_do_what_was_handed_in(staff: Staff, roster: RosterFile, tmp_path: Path) -> None:
    ids = [staff.hand_in(roster.write(member(number))) for number in (1, 2)]
    with at_work(staff.connector, tmp_path), at_work(staff.connector, tmp_path):
        until(lambda: {staff.roster(id_)["State"] for id_ in ids} == {"planned"})


def test_a_machine_that_starts_later_looks_too(staff: Staff, roster: RosterFile, tmp_path: Path) -> None:
    with at_work(staff.connector, tmp_path):
        first = staff.hand_in(roster.write(member(1)))
        with at_work(staff.connector, tmp_path):
            until(lambda: staff.roster(first)["State"] == "planned")


def test_a_redis_that_is_not_there_ends_the_worker_with_a_word(staff: Staff, connector: Connector) -> None:
    connector.env["QUEUE_URL"] = "redis://127.0.0.1:1/0"
    told = Connector(connector.env).run("work", code=1)
    assert "QUEUE_URL" in told
