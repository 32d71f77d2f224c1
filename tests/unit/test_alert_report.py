"""What the report says of how soon an alert goes out: as long as the last ones waited, never what nobody knows."""

import pytest

from connector.alerts import checking
from connector.alerts.approving import Deciders
from connector.alerts.audience import Audience
from connector.alerts.checking import Report
from tests.unit.alerts import ENGLISH, alert

NOBODY = Deciders(frozenset(), frozenset(), frozenset())


@pytest.mark.parametrize(
    ("waits", "said"),
    [
        ((), "How soon that comes is seen with the first alert."),
        ((0,), "The last one waited less than a minute for it."),
        ((4,), "The last one waited 4 to 5 minutes for it."),
        ((2, 0, 7), "The last 3 waited 0 to 8 minutes for it."),
    ],
)
def test_it_says_how_long_the_last_ones_waited_for_the_mail_run(waits: tuple[int, ...], said: str) -> None:
    report = Report(alert(ENGLISH), Audience(()), (), "plan", NOBODY, waits=waits)
    assert f"Once approved it goes out with the site's next mail run. {said}</p>" in checking.as_html(report, {})
