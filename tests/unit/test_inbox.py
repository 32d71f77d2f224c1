"""The inbox: kept once, claimed by one, put off, parked; and nothing is lost when whoever claimed it dies."""

from datetime import UTC, datetime, timedelta

import pytest

from connector import clock
from connector.inbox import CLAIMED_FOR, DONE, OLDEST, PARKED, WAITING, WORKING, Inbox

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
def at(monkeypatch):
    """Sets the clock: at(minutes=5) is five minutes after the start."""

    def move(**later: float) -> datetime:
        monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(**later))
        return NOW + timedelta(**later)

    move()
    return move


@pytest.fixture
def inbox(store, at) -> Inbox:
    return Inbox(store)


def put(inbox: Inbox, event: str, root: str = "pi_1", **more) -> bool:
    given = {"type": "t", "object_id": "o", "livemode": False, "account": "", "api_version": "v", "created": NOW}
    return inbox.put(event_id=event, root=root, amount=None, currency="", **given, **more)


def states(inbox: Inbox) -> list[str]:
    return [row.state for row in inbox.rows()]


def test_an_event_is_kept_once(inbox) -> None:
    assert put(inbox, "evt_1")
    assert not put(inbox, "evt_1")
    assert inbox.counts() == {WAITING: 1}


def test_the_rows_of_a_root_are_claimed_together_oldest_first(inbox) -> None:
    for number, root in enumerate(("pi_1", "pi_2", "pi_1")):
        put(inbox, f"evt_{number}", root)
    assert [(one.root, one.ids) for one in inbox.claim(5)] == [("pi_1", (1, 3)), ("pi_2", (2,))]
    assert inbox.claim(5) == []


def test_no_more_are_claimed_than_asked_for(inbox) -> None:
    for number in range(5):
        put(inbox, f"evt_{number}", f"pi_{number}")
    assert len(inbox.claim(2)) == 2
    assert inbox.counts() == {WORKING: 2, WAITING: 3}


def test_what_a_dead_worker_had_claimed_is_claimed_again(inbox, at) -> None:
    put(inbox, "evt_1")
    assert inbox.claim(1)
    at(seconds=CLAIMED_FOR.total_seconds() - 1)
    assert inbox.claim(1) == []
    at(seconds=CLAIMED_FOR.total_seconds())
    assert [one.root for one in inbox.claim(1)] == ["pi_1"]


def test_what_is_settled_is_claimed_no_more(inbox, at) -> None:
    put(inbox, "evt_1")
    (claimed,) = inbox.claim(1)
    inbox.end(claimed, DONE)
    at(days=1)
    assert inbox.claim(1) == []
    assert inbox.oldest() is None


def test_the_pauses_grow_to_an_hour(inbox, at) -> None:
    put(inbox, "evt_1")
    pauses, minute = [], 0.0
    for _ in range(9):
        at(minutes=minute)
        (claimed,) = inbox.claim(1)
        inbox.retry_later(claimed, "CiviCRM is away")
        (row,) = inbox.rows()
        pause = (row.due.replace(tzinfo=UTC) - clock.now()).total_seconds() / 60
        pauses.append(pause)
        minute += pause
    assert pauses == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]


def test_three_days_away_are_waited_for_and_more_than_a_week_is_a_persons(inbox, at) -> None:
    put(inbox, "evt_1")
    at(days=3)
    (claimed,) = inbox.claim(1)
    assert not inbox.is_too_old(claimed)
    inbox.retry_later(claimed, "CiviCRM is away")
    at(seconds=OLDEST.total_seconds() + 1)
    (claimed,) = inbox.claim(1)
    assert inbox.is_too_old(claimed)


def test_a_pause_that_a_clock_ahead_wrote_is_over_when_it_is_right_again(inbox, at) -> None:
    put(inbox, "evt_1")
    at(hours=5)
    (claimed,) = inbox.claim(1)
    inbox.retry_later(claimed, "Stripe is away")
    at(minutes=1)
    assert [one.root for one in inbox.claim(1)] == ["pi_1"]


def test_what_a_worker_with_a_clock_ahead_died_over_is_claimed_again(inbox, at) -> None:
    put(inbox, "evt_1")
    at(days=365)
    assert inbox.claim(1)
    at(minutes=1)
    assert [one.root for one in inbox.claim(1)] == ["pi_1"]


def test_a_pause_of_an_hour_is_not_taken_for_one_of_a_wrong_clock(inbox, at) -> None:
    put(inbox, "evt_1")
    for number in range(9):
        at(hours=2 * number)
        (claimed,) = inbox.claim(1)
        inbox.retry_later(claimed, "CiviCRM is away")
    assert inbox.claim(1) == []


def test_the_age_of_a_row_that_was_received_in_the_future_counts_from_the_next_look(inbox, at) -> None:
    at(days=365)
    put(inbox, "evt_1")
    at()
    (claimed,) = inbox.claim(1)
    assert (claimed.received, inbox.oldest()) == (NOW, NOW)
    inbox.retry_later(claimed, "Stripe is away")
    at(seconds=OLDEST.total_seconds() + 1)
    (claimed,) = inbox.claim(1)
    assert inbox.is_too_old(claimed)


def test_what_somebody_else_is_at_work_on_is_looked_at_again_without_counting(inbox, at) -> None:
    put(inbox, "evt_1")
    (claimed,) = inbox.claim(1)
    inbox.busy(claimed, at(minutes=2))
    at(minutes=1)
    assert inbox.claim(1) == []
    at(minutes=2)
    assert [one.attempts for one in inbox.claim(1)] == [0]


def test_a_parked_row_can_be_replayed_however_old_it_is(inbox, at) -> None:
    put(inbox, "evt_1", state=PARKED, why="no such payment")
    at(days=30)
    assert inbox.replay([1]) == 1
    (claimed,) = inbox.claim(1)
    assert not inbox.is_too_old(claimed)


def test_parked_rows_are_found_by_how_their_reason_begins(inbox) -> None:
    put(inbox, "evt_1", state=PARKED, why="50 % of it are missing")
    assert [inbox.has_parked(why) for why in ("50 %", "50", "5% ", "it are")] == [True, True, False, False]


def test_a_row_can_be_dismissed(inbox) -> None:
    put(inbox, "evt_1", state=PARKED)
    assert inbox.dismiss([1, 2], "a test of the treasurer's") == 1
    assert states(inbox) == ["ignored"]


def test_two_workers_never_claim_the_same_row(inbox, store) -> None:
    for number in range(20):
        put(inbox, f"evt_{number}", f"pi_{number}")
    other = Inbox(store)
    mine, theirs = inbox.claim(10), other.claim(20)
    assert len(mine) == len(theirs) == 10
    assert not {one.root for one in mine} & {one.root for one in theirs}


def test_what_was_put_off_is_looked_at_when_a_person_asks(inbox, at) -> None:
    put(inbox, "evt_1")
    (claimed,) = inbox.claim(1)
    inbox.retry_later(claimed, "Stripe is away")
    assert inbox.claim(1) == []
    inbox.wake()
    assert [one.attempts for one in inbox.claim(1)] == [1]


def test_what_somebody_is_at_work_on_is_known(inbox, at) -> None:
    put(inbox, "evt_1")
    assert inbox.at_work() is None
    (claimed,) = inbox.claim(1)
    assert inbox.at_work() == NOW + CLAIMED_FOR
    inbox.busy(claimed, NOW + timedelta(minutes=2))
    assert inbox.at_work() == NOW + timedelta(seconds=2)
    inbox.end(claimed, DONE)
    assert inbox.at_work() is None
