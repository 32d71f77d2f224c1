"""What the states of mailings mean for their alert, with the faults that CiviCRM calls success."""

from datetime import UTC, datetime, timedelta

import pytest

from connector.alerts.activities import SCHEDULED, SENDING, SENT, WITHDRAWN, Alert, Version
from connector.alerts.mailings import Mailing
from connector.alerts.watching import judge

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def alert(state: str = SCHEDULED, minutes: int = 1, mailings: dict[str, int] | None = None) -> Alert:
    since, mailings = NOW - timedelta(minutes=minutes), {"en": 1} if mailings is None else mailings
    return Alert(
        7, 1, "incident", "c", (Version("en", "s", "b", "a"),), (2,), state=state, mailings=mailings, moved_on=since
    )


def mailing(status: str, id_: int = 1, intended: int = 0, delivered: int = 0, bounced: int = 0) -> Mailing:
    return Mailing(id_, "Solidarity alert 7 en plan", status, "a@example.org", intended, delivered, bounced)


@pytest.mark.parametrize(
    ("there", "ours", "state", "problem"),
    [
        (alert(), [mailing("Scheduled")], SCHEDULED, None),
        (alert(minutes=11), [mailing("Scheduled")], SCHEDULED, "cron"),
        (alert(minutes=99), [mailing("Draft")], SCHEDULED, "cron"),
        (alert(), [mailing("Running")], SENDING, None),
        (alert(), [mailing("Paused")], SENDING, None),
        (alert(SENDING, 9), [mailing("Running")], SENDING, None),
        (alert(SENDING, 11), [mailing("Running", 1, 100, 0)], SENDING, "stuck"),
        (alert(SENDING, 30), [mailing("Running", 1, 100, 60)], SENDING, None),
        (alert(SENDING, 61), [mailing("Running", 1, 100, 60)], SENDING, "stuck"),
        (alert(SENDING), [mailing("Complete", 1, 100, 97, 3)], SENT, None),
        (alert(SENDING), [mailing("Complete", 1, 100, 0, 100)], SENT, "undelivered"),
        (alert(SENDING), [mailing("Complete", 1, 100, 89, 11)], SENT, "undelivered"),
        (alert(), [mailing("Canceled")], WITHDRAWN, "cancelled"),
        (alert(), [], WITHDRAWN, "cancelled"),
    ],
)
def test_one_mailing(there: Alert, ours: list[Mailing], state: str, problem: str | None) -> None:
    seen = judge(there, ours, NOW)
    assert seen.state == state
    assert [kind for kind, _, _ in seen.problems] == ([problem] if problem else [])


def test_it_is_sent_when_all_languages_are() -> None:
    there = alert(SENDING, mailings={"en": 1, "ar": 2})
    half = [mailing("Complete", 1, 10, 10), mailing("Scheduled", 2)]
    assert judge(there, half, NOW).state == SENDING
    seen = judge(there, [mailing("Complete", 1, 10, 10), mailing("Complete", 2, 5, 5)], NOW)
    assert (seen.state, seen.delivered) == (SENT, 15)


def test_one_language_that_was_cancelled_does_not_hold_up_the_other() -> None:
    there = alert(SENDING, mailings={"en": 1, "ar": 2})
    assert judge(there, [mailing("Complete", 1, 10, 10), mailing("Canceled", 2)], NOW).state == SENT


def test_every_problem_says_who_does_what() -> None:
    (told,) = judge(alert(minutes=11), [mailing("Scheduled")], NOW).problems
    assert "cron" in told[2]
    assert "7" in told[1]
