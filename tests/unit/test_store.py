"""The connector's own database: private, opened by many at once, with leases that outlive whoever dies."""

import multiprocessing
import sqlite3
import stat
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from time import sleep

import pytest
import sqlalchemy as sa
from alembic import op

from connector import clock, store as store_module
from connector.errors import TransientError, UnknownOutcome, UserError
from connector.leases import Lease, Leases, given_back
from connector.store import Store, links, opened

TOGETHER = 4
fork = multiprocessing.get_context("fork")


@pytest.fixture
def time(monkeypatch):
    """A clock that the test moves by hand: `time(5)` lets five seconds pass."""
    moment = [datetime(2026, 3, 1, 12, tzinfo=UTC)]
    monkeypatch.setattr(clock, "now", lambda: moment[0])

    def passes(seconds: float) -> None:
        moment[0] += timedelta(seconds=seconds)

    return passes


# --- opening ---------------------------------------------------------------------------------------------------------


def test_nobody_else_on_the_machine_can_read_the_file(tmp_path) -> None:
    path = tmp_path / "below" / "solidarity.sqlite3"
    with opened(f"sqlite:///{path}") as store:
        store.put(links, [{"mapping": "members", "key_hash": "a", "entity_id": 1}])
        modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}, modes
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_that_was_open_to_all_is_closed(tmp_path) -> None:
    path = tmp_path / "solidarity.sqlite3"
    path.touch(mode=0o644)
    Store(f"sqlite:///{path}").close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_opening_it_again_keeps_what_is_in_it(tmp_path) -> None:
    url = f"sqlite:///{tmp_path}/solidarity.sqlite3"
    with opened(url) as store:
        store.put(links, [{"mapping": "members", "key_hash": "a", "entity_id": 1}])
    with opened(url) as store:
        assert [row.entity_id for row in store.read(sa.select(links))] == [1]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("not a url", "DATABASE_URL is not usable"),
        ("oracle+nonesuch://x", "DATABASE_URL is not usable"),
        ("sqlite:////proc/nowhere/solidarity.sqlite3", "cannot be written"),
    ],
)
def test_a_database_that_cannot_be_opened_is_told_to_the_administrator(url, told) -> None:
    with pytest.raises(UserError, match=told) as refused:
        Store(url)
    assert "DATABASE_URL" in refused.value.next_step


def test_a_database_that_went_away_does_not_answer(tmp_path) -> None:
    folder = tmp_path / "mounted"
    with opened(f"sqlite:///{folder}/solidarity.sqlite3") as store:
        store.ping()
        store.engine.dispose()
        folder.rename(tmp_path / "elsewhere")
        with pytest.raises(TransientError, match="does not answer"):
            store.ping()
        (tmp_path / "elsewhere").rename(folder)
        store.ping()


def test_a_database_that_is_locked_or_full_is_no_mistake_of_ours(tmp_path, monkeypatch) -> None:
    prepare = store_module._prepare_sqlite

    def impatient(connection, record) -> None:
        prepare(connection, record)
        connection.execute("PRAGMA busy_timeout=10")

    monkeypatch.setattr(store_module, "_prepare_sqlite", impatient)
    path = tmp_path / "solidarity.sqlite3"
    with opened(f"sqlite:///{path}") as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(TransientError, match="does not answer"):
            Lease(store, "members", 10).take()
        other.execute("ROLLBACK")
        assert Lease(store, "members", 10).take() is None
        with store.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count=1")
        rows = [{"mapping": "members", "key_hash": f"{n:064}", "entity_id": n} for n in range(5000)]
        with pytest.raises(TransientError, match="does not answer"):
            store.put(links, rows)


# --- rows ------------------------------------------------------------------------------------------------------------


def test_put_replaces_the_row_with_the_same_key(store) -> None:
    row = {"mapping": "members", "key_hash": "a", "entity_id": 1}
    store.put(links, [row, row | {"key_hash": "b"}])
    store.put(links, [row | {"entity_id": 2}])
    assert sorted((found.key_hash, found.entity_id) for found in store.read(sa.select(links))) == [("a", 2), ("b", 1)]


def test_put_of_nothing_writes_nothing(store) -> None:
    store.put(links, [])
    assert store.read(sa.select(links)) == []


def test_statements_written_together_are_written_all_or_not_at_all(store) -> None:
    good = sa.insert(links).values(mapping="members", key_hash="a", entity_id=1)
    with pytest.raises(sa.exc.IntegrityError):
        store.write(good, good)
    assert store.read(sa.select(links)) == []


# --- leases ----------------------------------------------------------------------------------------------------------


def test_a_lease_has_one_holder(store, time) -> None:
    first, second = Lease(store, "members", 10), Lease(store, "members", 10)
    assert first.take() is None
    assert second.take() == clock.now() + timedelta(seconds=10)
    assert Lease(store, "chapters", 10).take() is None


def test_a_lease_that_was_given_back_is_free(store, time) -> None:
    first, second = Lease(store, "members", 10), Lease(store, "members", 10)
    first.take()
    first.give_back()
    assert second.take() is None


def test_the_lease_of_whoever_died_is_free_when_its_time_ran_out_and_not_before(store, time) -> None:
    Lease(store, "members", 10).take()
    second = Lease(store, "members", 10)
    time(9.9)
    assert second.take()
    time(0.2)
    assert second.take() is None


def test_a_lease_that_is_renewed_does_not_run_out(store, time) -> None:
    first, second = Lease(store, "members", 10), Lease(store, "members", 10)
    first.take()
    time(9)
    first.renew()
    time(9)
    assert second.take() == clock.now() + timedelta(seconds=1)


def test_whoever_was_away_too_long_is_told_that_another_took_over(store, time) -> None:
    first, second = Lease(store, "members", 10), Lease(store, "members", 10)
    first.take()
    time(11)
    second.take()
    with pytest.raises(TransientError, match="another one took over members"):
        first.renew()
    first.give_back()  # takes nothing from the other
    assert Lease(store, "members", 10).take()


def test_a_file_that_is_no_database_is_told(tmp_path) -> None:
    path = tmp_path / "solidarity.sqlite3"
    path.write_text("something else, long enough to be looked at " * 50, encoding="utf-8")
    with pytest.raises(UserError, match="cannot be opened"):
        Store(f"sqlite:///{path}")


def test_processes_that_open_a_fresh_database_at_once_all_succeed(tmp_path) -> None:
    url, start, told = f"sqlite:///{tmp_path}/solidarity.sqlite3", fork.Barrier(TOGETHER), fork.SimpleQueue()
    processes = [fork.Process(target=_open_and_write, args=(url, start, told, n)) for n in range(TOGETHER)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(20)
    assert [told.get() for _ in processes if not told.empty()] == ["opened"] * TOGETHER
    with opened(url) as store:
        assert len(store.read(sa.select(links))) == TOGETHER


def _open_and_write(url, start, told, number) -> None:
    try:
        start.wait(10)
        with opened(url) as store:
            store.put(links, [{"mapping": "members", "key_hash": str(number), "entity_id": number}])
        told.put("opened")
    except BaseException as error:
        told.put(repr(error))


def test_a_first_start_that_was_killed_half_way_is_made_up_for(tmp_path, monkeypatch) -> None:
    url = f"sqlite:///{tmp_path}/solidarity.sqlite3"
    real, made = op.create_table, []

    def killed(*_args, **_kwargs) -> None:
        made.append(1)
        if len(made) == 3:
            raise KeyboardInterrupt
        real(*_args, **_kwargs)

    monkeypatch.setattr(op, "create_table", killed)
    with pytest.raises(KeyboardInterrupt):
        Store(url)
    assert len(made) == 3
    monkeypatch.undo()
    with opened(url) as store:
        assert store.read(sa.select(links)) == []


def test_a_lease_is_kept_for_as_long_as_one_write_takes(tmp_path) -> None:
    with opened(f"sqlite:///{tmp_path}/solidarity.sqlite3") as store:
        lease, other = Lease(store, "sync members", 0.2), Lease(store, "sync members", 0.2)
        assert lease.take() is None
        with lease.kept():
            sleep(0.5)
            assert other.take() is not None
        sleep(0.3)
        assert other.take() is None


def test_a_lease_that_a_clock_ahead_wrote_is_free_again(tmp_path, monkeypatch) -> None:
    with opened(f"sqlite:///{tmp_path}/solidarity.sqlite3") as store:
        right = clock.now()
        monkeypatch.setattr(clock, "now", lambda: right + timedelta(days=365))
        lease = Lease(store, "nightly reconciliation", 10)
        assert lease.take() is None
        lease.hold_until(clock.now() + timedelta(hours=23))
        assert Lease(store, "nightly reconciliation", 10).take()
        monkeypatch.setattr(clock, "now", lambda: right)
        assert Lease(store, "nightly reconciliation", 10).take() is None


def test_what_a_holder_lost_track_of_is_held_for_its_whole_time_from_then_on(tmp_path, time) -> None:
    with opened(f"sqlite:///{tmp_path}/solidarity.sqlite3") as store:
        with suppress(UnknownOutcome), given_back(store, 30) as held:
            held.take("stripe pi_1")
            held.renew(120)
            time(100)
            raise UnknownOutcome("A write was lost.", next_step="-")
        assert Lease(store, "stripe pi_1", 1).take() == clock.now() + timedelta(seconds=120)


def test_it_is_known_which_leases_nobody_gave_back(tmp_path, time) -> None:
    with opened(f"sqlite:///{tmp_path}/solidarity.sqlite3") as store:
        with given_back(store, 10) as held:
            held.take("a")
        Leases(store, 10).take("b")
        time(11)
        late = Leases(store, 10)
        assert [late.take(name) for name in "abc"] == [None] * 3
        assert late.ran_out == {"b"}


def test_of_several_leases_one_that_another_took_stops_the_run(tmp_path, time) -> None:
    with opened(f"sqlite:///{tmp_path}/solidarity.sqlite3") as store:
        one = Leases(store, 10)
        for name in "ab":
            one.take(name)
        one.renew(10)
        time(11)
        assert Lease(store, "b", 10).take() is None
        with pytest.raises(TransientError, match="another one took over"):
            one.renew(10)
