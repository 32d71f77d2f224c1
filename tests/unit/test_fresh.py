"""What pages know of CiviCRM for some seconds: asked once, and what becomes of it when CiviCRM is away."""

from datetime import timedelta
from itertools import count

import pytest

from connector import clock
from connector.errors import TransientError
from connector.pages.fresh import FRESH, LAST, PAUSE, Fresh

MOMENT = timedelta(seconds=1)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch):
    """Lets time go by."""
    now = clock.now()

    def go(by: timedelta) -> None:
        nonlocal now
        now += by
        monkeypatch.setattr("connector.clock.now", lambda: now)

    go(timedelta())
    return go


def away() -> int:
    raise TransientError("CiviCRM is away.", next_step="-")


def test_an_answer_is_given_again_until_it_is_old(later) -> None:
    numbers, known = count(1), Fresh[int]()
    ask = lambda: next(numbers)  # noqa: E731
    assert (known.get("a", ask), known.get("a", ask), known.get("b", ask)) == (1, 1, 2)
    later(FRESH - MOMENT)
    assert known.get("a", ask) == 1
    later(MOMENT)
    assert known.get("a", ask) == 3


def test_nothing_is_an_answer_too(later) -> None:
    known = Fresh[int | None]()
    assert known.get("a", lambda: None) is None
    assert known.get("a", away) is None


def test_trouble_is_given_again_for_a_short_while(later) -> None:
    known = Fresh[int]()
    for ask in (away, lambda: 1):
        with pytest.raises(TransientError):
            known.get("a", ask)
    later(PAUSE)
    assert known.get("a", lambda: 1) == 1


def test_what_was_known_last_outlives_trouble_but_not_for_long(later) -> None:
    known = Fresh[int]()
    assert known.last("a") is None
    known.get("a", lambda: 1)
    later(FRESH)
    with pytest.raises(TransientError):
        known.get("a", away)
    assert known.last("a") == 1
    later(LAST)
    assert known.last("a") is None


def test_what_nobody_asks_for_goes_first(later) -> None:
    known = Fresh[int](most=2)
    for key in ("old", "read", "old", "new"):
        known.get(key, lambda: 1)
    assert [known.last(key) for key in ("old", "read", "new")] == [1, None, 1]
