"""Many machines at one inbox: each root is one machine's, none is lost, and the rows of a dead one are taken up."""

import threading
from datetime import timedelta

from connector import clock
from connector.inbox import CLAIMED_FOR, Inbox
from connector.store import opened
from tests.unit.test_inbox import put

MACHINES, ROOTS = 6, 60


def test_each_root_is_claimed_once(database: str) -> None:
    with opened(database) as store:
        for number in range(ROOTS):
            put(Inbox(store), f"evt_{number}", f"pi_{number}")
            put(Inbox(store), f"evt_{number}b", f"pi_{number}")
    claimed: list[int] = []
    ready = threading.Barrier(MACHINES)

    def machine() -> None:
        with opened(database) as store:
            ready.wait(20)
            while some := Inbox(store).claim(7):
                claimed.extend(id_ for one in some for id_ in one.ids)

    machines = [threading.Thread(target=machine) for _ in range(MACHINES)]
    for one in machines:
        one.start()
    for one in machines:
        one.join(60)
    assert sorted(claimed) == sorted(set(claimed))
    assert len(claimed) == 2 * ROOTS


def test_what_a_dead_machine_claimed_is_claimed_again(store, monkeypatch) -> None:
    put(Inbox(store), "evt_1")
    assert len(Inbox(store).claim(10)) == 1
    assert Inbox(store).claim(10) == []
    later = clock.now() + CLAIMED_FOR + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert len(Inbox(store).claim(10)) == 1
