"""When the report that an alert was approved on is believed without a second look, and when it is not."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from connector import clock
from connector.alerts import checking
from connector.alerts.activities import APPROVED, Alert
from connector.alerts.approving import Deciders
from connector.alerts.audience import Audience
from connector.alerts.checking import Report
from connector.alerts.loop import STILL_TRUE, Alerts
from tests.unit.alerts import ENGLISH, alert

NOBODY = Deciders(frozenset(), frozenset(), frozenset())
DECISION = 12


def approved(**values: Any) -> Alert:
    """The alert as the next look at the list finds it."""
    return replace(
        alert(ENGLISH), state=APPROVED, plan=checking.plan_of(alert(ENGLISH), [], cast(Any, Kinds)), **values
    )


class Kinds:
    sender_name, sender_email = "The network", ""


@pytest.fixture
def alerts() -> Alerts:
    """A loop that approved the alert a moment ago, and that can ask nobody."""
    nothing = cast(Any, None)
    found = Alerts(nothing, nothing, nothing, 1.0, lambda: False, nothing)
    found.approved(Report(alert(ENGLISH), Audience(()), (), approved().plan, NOBODY), DECISION)
    return found


def test_it_is_believed_once(alerts: Alerts) -> None:
    now = approved(decision=DECISION, count=3)
    report = alerts._just_looked(now)
    assert report
    assert report.alert == now
    assert alerts._just_looked(now) is None


@pytest.mark.parametrize(
    "now",
    [
        approved(decision=DECISION + 1),
        approved(decision=DECISION, audience=(9, 10)),
        replace(approved(decision=DECISION), plan="another"),
        replace(approved(decision=DECISION), versions=(replace(ENGLISH, body="<p>Another text.</p>"),)),
        replace(approved(decision=DECISION), id=8),
    ],
    ids=["another decision", "another audience", "another plan", "another text", "another alert"],
)
def test_what_changed_is_looked_at(alerts: Alerts, now: Alert) -> None:
    assert alerts._just_looked(now) is None


def test_after_some_seconds_it_is_looked_at(alerts: Alerts, monkeypatch: pytest.MonkeyPatch) -> None:
    later = clock.now() + STILL_TRUE + timedelta(seconds=1)
    monkeypatch.setattr("connector.clock.now", lambda: later)
    assert alerts._just_looked(approved(decision=DECISION)) is None
