"""The database on PostgreSQL: rows and leases by the same tests as on SQLite; opening it, by its own."""

import multiprocessing
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from alembic import op

from connector import clock
from connector.errors import UserError
from connector.inbox import Inbox
from connector.store import Store, links, opened
from tests.unit.test_inbox import put
from tests.unit.test_lockdown import (  # noqa: F401
    test_a_second_why_keeps_the_beginning_and_is_told_anew,
    test_it_is_off_until_it_is_switched_on_and_again_afterwards,
    test_what_was_changed_while_it_was_told_is_told_again,
)
from tests.unit.test_store import (  # noqa: F401
    test_a_lease_has_one_holder,
    test_a_lease_that_is_renewed_does_not_run_out,
    test_a_lease_that_was_given_back_is_free,
    test_put_of_nothing_writes_nothing,
    test_put_replaces_the_row_with_the_same_key,
    test_statements_written_together_are_written_all_or_not_at_all,
    test_the_lease_of_whoever_died_is_free_when_its_time_ran_out_and_not_before,
    test_whoever_was_away_too_long_is_told_that_another_took_over,
    time,
)

TOGETHER = 4
spawn = multiprocessing.get_context("spawn")  # a fork would share this process's connections


def _open_and_write(url: str, number: int, told) -> None:
    try:
        with opened(url) as store:
            store.put(links, [{"mapping": "members", "key_hash": str(number), "entity_id": number}])
        told.put("opened")
    except BaseException as error:
        told.put(repr(error))


def test_machines_that_open_a_fresh_database_at_once_all_succeed(empty: str) -> None:
    told = spawn.SimpleQueue()
    processes = [spawn.Process(target=_open_and_write, args=(empty, number, told)) for number in range(TOGETHER)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    assert [told.get() for _ in processes if not told.empty()] == ["opened"] * TOGETHER
    with opened(empty) as store:
        assert len(store.read(sa.select(links))) == TOGETHER


def test_a_first_start_that_was_killed_half_way_is_made_up_for(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real, made = op.create_table, []

    def killed(*args, **kwargs) -> None:
        made.append(1)
        if len(made) == 3:
            raise KeyboardInterrupt
        real(*args, **kwargs)

    monkeypatch.setattr(op, "create_table", killed)
    with pytest.raises(KeyboardInterrupt):
        Store(empty)
    monkeypatch.undo()
    with opened(empty) as store:
        assert store.read(sa.select(links)) == []


def test_a_moment_comes_back_as_it_was_though_the_server_lives_in_another_zone(store: Store, monkeypatch) -> None:
    now = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: now)
    inbox = Inbox(store)
    put(inbox, "evt_1")
    assert inbox.oldest() == now
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(seconds=1))
    (waiting,) = inbox.claim(10)
    assert waiting.received == now


def test_the_url_may_leave_the_driver_out(database: str) -> None:
    with opened(database.replace("+psycopg", "")) as store:
        store.ping()


def test_a_server_that_is_not_there_is_told_to_the_administrator() -> None:
    with pytest.raises(UserError) as refused:
        Store("postgresql+psycopg://connector@127.0.0.1:1/none")
    assert "DATABASE_URL" in refused.value.next_step
