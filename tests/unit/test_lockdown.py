"""The switch of the lock-down: since when and why, and whether CiviCRM was told of it."""

from datetime import timedelta

import pytest

from connector import clock, lockdown
from connector.errors import UserError
from connector.setup import checks
from connector.store import Store

WHY = "A list may have leaked."


def test_it_is_off_until_it_is_switched_on_and_again_afterwards(store: Store) -> None:
    assert not lockdown.is_on(store)
    lockdown.refuse(store)
    before = clock.now()
    lockdown.switch_on(store, WHY)
    found = lockdown.state(store)
    assert found
    assert found.why == WHY
    assert before <= found.since <= clock.now()
    assert found.since.utcoffset() == timedelta(0)
    lockdown.switch_off(store)
    assert lockdown.state(store) is None
    lockdown.switch_off(store)
    assert not lockdown.is_on(store)


def test_a_second_why_keeps_the_beginning_and_is_told_anew(store: Store) -> None:
    lockdown.switch_on(store, WHY)
    first = lockdown.standing(store)
    lockdown.told(store, first.turn)
    assert lockdown.standing(store).is_told
    lockdown.switch_on(store, "It did.")
    second = lockdown.standing(store)
    assert first.now
    assert second.now == lockdown.Lockdown(first.now.since, "It did.")
    assert not second.is_told


def test_what_was_changed_while_it_was_told_is_told_again(store: Store) -> None:
    assert lockdown.standing(store).is_told  # CiviCRM shows nothing, as it should
    lockdown.switch_on(store, WHY)
    seen = lockdown.standing(store)
    lockdown.switch_off(store)
    lockdown.told(store, seen.turn)
    assert not lockdown.standing(store).is_told


def test_who_is_refused_is_told_since_when_why_and_who_ends_it(store: Store) -> None:
    lockdown.switch_on(store, WHY)
    found = lockdown.state(store)
    assert found
    with pytest.raises(UserError) as refused:
        lockdown.refuse(store)
    when = f"{found.since:%Y-%m-%d %H:%M} UTC"
    assert refused.value.what == f"Lock-down since {when}: A list may have leaked. Nothing is synced or sent."
    assert "the administrator ends it with `solidarity lockdown off`" in refused.value.next_step


def test_doctor_has_a_line_for_it(store: Store) -> None:
    assert checks.locked(None).ok
    lockdown.switch_on(store, WHY)
    found = checks.locked(lockdown.state(store))
    assert not found.ok
    assert WHY in found.found
    assert "lockdown off" in found.next_step
