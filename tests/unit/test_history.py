"""The runs of a mapping: what was shown, what was applied, how large the roster was."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from connector import clock
from connector.memory import Hasher
from connector.plan import Action, Change, FieldChange, Plan
from connector.store import runs
from connector.sync.history import APPLIED, KEEP_SHOWN, TRIAL, UNFINISHED, History

from .builders import change

KEY = Hasher("k" * 40)
CORK, WIEN = ("COR06",), ("WIE01",)


@pytest.fixture
def history(store) -> History:
    return History(store, "members")


def plan(*changes, scope: tuple[str, ...] = CORK, rows: int = 10) -> Plan:
    return Plan("members", changes or (change(Action.UPDATE),), scope, rows)


def applied(history: History, scope: tuple[str, ...] = CORK, rows: int = 10, state: str = APPLIED) -> None:
    history.applied(plan(scope=scope, rows=rows), state, [], by="uid 0")


# --- what was shown --------------------------------------------------------------------------------------------------


def test_what_was_shown_is_found_by_its_checksum(history) -> None:
    first = plan(change(Action.UPDATE), change(Action.ASK, "M2"))
    checksum = history.show(first, KEY)
    assert history.shown(checksum) == {KEY(*atom) for atom in first.atoms()}


def test_the_same_plan_has_the_same_checksum_and_another_has_another(history) -> None:
    checksum = history.show(plan(), KEY)
    assert history.show(plan(), KEY) == checksum
    assert history.show(plan(change(Action.UPDATE, "M2")), KEY) != checksum
    assert history.show(plan(scope=WIEN), KEY) != checksum


def test_the_order_of_the_rows_does_not_matter(history) -> None:
    one, two = change(Action.UPDATE, "M1"), change(Action.UPDATE, "M2")
    assert history.show(plan(one, two), KEY) == history.show(plan(two, one), KEY)


@pytest.mark.parametrize("checksum", ["", "nonesuch"])
def test_a_checksum_that_was_never_shown_is_not_known(history, checksum) -> None:
    history.show(plan(), KEY)
    applied(history)
    assert history.shown(checksum) is None


def test_a_plan_of_one_mapping_is_not_known_to_another(store, history) -> None:
    checksum = history.show(plan(), KEY)
    assert History(store, "chapters").shown(checksum) is None


def test_plans_that_were_shown_long_ago_are_forgotten(history, monkeypatch) -> None:
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: moment)
    old = history.show(plan(), KEY)
    monkeypatch.setattr(clock, "now", lambda: moment + KEEP_SHOWN + timedelta(seconds=1))
    new = history.show(plan(change(Action.UPDATE, "M2")), KEY)
    assert history.shown(old) is None
    assert history.shown(new)


def test_what_was_shown_is_kept_without_a_value_of_a_person(store, history) -> None:
    history.show(plan(change(Action.UPDATE, "M1", FieldChange("last_name", "Haddad", "Byrne"))), KEY)
    (row,) = store.read(sa.select(runs))
    assert not [value for value in ("Haddad", "Byrne", "M1") if value in str(tuple(row))]


# --- what was applied ------------------------------------------------------------------------------------------------


def test_a_scope_is_first_until_all_of_it_was_applied(history) -> None:
    assert history.is_first(CORK)
    applied(history)
    assert not history.is_first(CORK)
    assert history.is_first(CORK + WIEN)
    applied(history, WIEN)
    assert not history.is_first(CORK + WIEN)


def test_a_run_over_everything_covers_every_scope(history) -> None:
    applied(history, ("all",))
    assert not history.is_first(CORK)


def test_a_run_over_one_chapter_does_not_cover_everything(history) -> None:
    applied(history)
    assert history.is_first(("all",))


def test_showing_or_trying_is_not_applying(history) -> None:
    history.show(plan(), KEY)
    applied(history, state=TRIAL)
    assert history.is_first(CORK)
    assert history.last_rows(CORK) is None


def test_a_trial_is_remembered_for_its_scope(history) -> None:
    assert not history.had_trial(CORK)
    applied(history, state=TRIAL)
    assert history.had_trial(CORK)
    assert not history.had_trial(CORK + WIEN)


def test_the_size_of_a_roster_is_that_of_the_last_run_of_exactly_this_scope(history) -> None:
    applied(history, rows=100)
    applied(history, rows=90)
    applied(history, CORK + WIEN, rows=500)
    assert history.last_rows(CORK) == 90
    assert history.last_rows(WIEN) is None


def test_the_end_of_the_newest_apply_is_known(history) -> None:
    assert history.last_state() is None
    applied(history, state=UNFINISHED)
    history.show(plan(), KEY)
    assert history.last_state() == UNFINISHED
    applied(history)
    assert history.last_state() == APPLIED


def test_who_passed_a_brake_is_recorded(store, history) -> None:
    history.applied(plan(), APPLIED, ["removals"], by="uid 1000")
    (row,) = store.read(sa.select(runs))
    assert row.forced == {"brakes": ["removals"], "by": "uid 1000"}
    assert row.counts == {"update": 1}


def test_whether_a_run_ever_asked_is_known(store) -> None:
    history = History(store, "members")
    assert not history.ever_asked()
    history.applied(Plan("members", (Change(Action.ASK, "Individual", "M1", "why"),), ("COR06",)), APPLIED, [], "uid 1")
    assert history.ever_asked()
    assert not History(store, "chapters").ever_asked()


def test_whether_a_scope_was_applied_today_is_known(store) -> None:
    history = History(store, "members")
    assert not history.applied_today(["COR06"])
    history.applied(Plan("members", (), ("COR06",)), APPLIED, [], "uid 1")
    assert history.applied_today(["COR06"])
    assert not history.applied_today(["COR06", "WIE01"])
