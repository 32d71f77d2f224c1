"""What no webhook ever told is found by the reconciliation of the night, once a day."""

from datetime import UTC, datetime, timedelta

import pytest

from connector import clock
from connector.errors import UserError
from connector.webhooks.nightly import Nightly

OURS = {"fund_campaign": "protector-pilot"}


def test_a_lost_gift_is_entered_with_the_first_look_of_a_day(stripe, worker, books, monkeypatch) -> None:
    def gift() -> None:
        stripe.do("give", amount=5000, name="Amina Example", email="amina@example.org", metadata=OURS, silent=True)

    gift()
    today = datetime.fromtimestamp(stripe.post("clock")["clock"], UTC).replace(hour=9)
    monkeypatch.setattr(clock, "now", lambda: today)
    Nightly(worker.settler).step()
    assert len(books.contributions()) == 1

    gift()
    Nightly(worker.settler).step()
    assert len(books.contributions()) == 1  # it was done today

    monkeypatch.setattr(clock, "now", lambda: today + timedelta(days=1))
    Nightly(worker.settler).step()
    assert len(books.contributions()) == 2


def test_after_trouble_it_is_tried_again_in_an_hour_and_not_each_minute(stripe, worker, books, monkeypatch) -> None:
    stripe.do("give", amount=5000, name="Amina Example", email="amina@example.org", metadata=OURS, silent=True)
    today = datetime.fromtimestamp(stripe.post("clock")["clock"], UTC).replace(hour=9)
    monkeypatch.setattr(clock, "now", lambda: today)
    stripe.faults({"kind": "403", "times": 1, "path": "/v1/disputes"})
    with pytest.raises(UserError, match="does not let us read a dispute"):
        Nightly(worker.settler).step()
    assert books.problems() == ["stripe:nightly:left"]

    asked = stripe.requests_so_far()
    monkeypatch.setattr(clock, "now", lambda: today + timedelta(minutes=59))
    Nightly(worker.settler).step()
    assert (stripe.requests_so_far(), books.contributions()) == (asked, {})

    monkeypatch.setattr(clock, "now", lambda: today + timedelta(minutes=61))
    Nightly(worker.settler).step()
    assert len(books.contributions()) == 1
    assert books.problems() == []


def test_what_a_night_leaves_undone_is_told_until_a_night_leaves_nothing(stripe, worker, books, monkeypatch) -> None:
    stripe.do("give", amount=5000, name="Amina Example", email="amina@example.org", metadata=OURS, silent=True)
    today = datetime.fromtimestamp(stripe.post("clock")["clock"], UTC).replace(hour=9)
    stripe.faults({"kind": "500", "times": 500, "path": "/v1/checkout/sessions"})
    for day in range(2):
        monkeypatch.setattr(clock, "now", lambda day=day: today + timedelta(days=day))
        Nightly(worker.settler).step()
        assert books.problems() == ["stripe:nightly:left"]
    stripe.post("keep/well")
    stripe.post("put_back/well")
    monkeypatch.setattr(clock, "now", lambda: today + timedelta(days=2))
    Nightly(worker.settler).step()
    assert (len(books.contributions()), books.problems()) == (1, [])
