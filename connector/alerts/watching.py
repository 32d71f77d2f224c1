"""What becomes of an alert's mailings once CiviMail has them, and what of that a person has to look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.alerts.activities import ALERT, SENDING, SENT, WITHDRAWN, Alert
from connector.alerts.mailings import CANCELED, COMPLETE, NOT_BEGUN, Mailing, find
from connector.civicrm.client import CiviClient
from connector.desk import problems
from connector.desk.problems import Problem

# The site's mail run comes each few minutes; after this it probably does not come at all.
CRON_WITHIN = timedelta(minutes=10)
# 5,000 mails take some minutes. What is not through by then hangs, most often at the mail server; what has not even
# begun to arrive within CRON_WITHIN does too.
SENT_WITHIN = timedelta(hours=1)
# Figures change slowly once it is sent.
SENT_EVERY = timedelta(hours=1)
CLOSE_DAYS = 14
# Some addresses are always dead. Fewer than this share delivered is a fault, though CiviCRM says Complete.
DELIVERED_PERCENT = 90
ACTION = "Solidarity_Action"


@dataclass(frozen=True, slots=True)
class Seen:
    """Where an alert stands by its mailings. problems: kind → what a person has to know and do."""

    state: str
    said: str = ""
    delivered: int = 0
    bounced: int = 0
    problems: tuple[tuple[str, str, str], ...] = ()


def judge(alert: Alert, ours: Sequence[Mailing], now: datetime) -> Seen:
    """What the states of the mailings mean. Pure."""
    since = now - alert.moved_on if alert.moved_on else timedelta(0)
    lost = len(alert.mailings or {}) - len(ours) + sum(one.status == CANCELED for one in ours)
    begun = [one for one in ours if one.status not in NOT_BEGUN | {CANCELED}]
    if not begun and lost and lost == len(alert.mailings or {}):
        told = (
            "cancelled",
            f"The mailings of alert {alert.id} were cancelled or deleted in CiviMail.",
            "look whether it was meant so.",
        )
        return Seen(WITHDRAWN, "Cancelled in CiviMail.", problems=(told,))
    if not begun:
        late = since > CRON_WITHIN
        what = f"Alert {alert.id} has been waiting for CiviMail for more than {CRON_WITHIN.seconds // 60} minutes."
        next_step = "the administrator looks whether the job Send Scheduled Mailings runs (cron)."
        return Seen(alert.state, problems=(("cron", what, next_step),) if late else ())
    if any(one.status in NOT_BEGUN or one.status not in (COMPLETE, CANCELED) for one in ours):
        intended, delivered = _sums(ours)
        within = SENT_WITHIN if delivered else CRON_WITHIN
        stuck = alert.state == SENDING and since > within
        so_far = f"{delivered} of {intended} delivered"
        what = f"Alert {alert.id} is not through after {within.seconds // 60} minutes: {so_far}."
        next_step = "the administrator looks at CiviCRM's mail settings and the mail server, then at the job's log."
        hangs = (("stuck", what, next_step),) if stuck else ()
        return Seen(SENDING, "CiviMail is sending it.", problems=hangs)
    return _ended(alert, ours)


def _ended(alert: Alert, ours: Sequence[Mailing]) -> Seen:
    intended, delivered = _sums(ours)
    bounced = sum(one.bounced for one in ours)
    said = f"Sent: {delivered} of {intended} delivered."
    if delivered * 100 >= DELIVERED_PERCENT * intended:
        return Seen(SENT, said, delivered, bounced)
    what = f"Alert {alert.id}: CiviCRM says it is sent, but only {delivered} of {intended} mails were delivered."
    next_step = "the administrator looks at the bounces and the mail server; a phone chain reaches people meanwhile."
    return Seen(SENT, said, delivered, bounced, (("undelivered", what, next_step),))


def _sums(ours: Sequence[Mailing]) -> tuple[int, int]:
    return sum(one.intended for one in ours), sum(one.delivered for one in ours)


def tell(client: CiviClient, alert: Alert, told: Sequence[tuple[str, str, str]]) -> None:
    """Open what a person has to look at, and close what is over. One request when nothing is and nothing was."""
    keys = [key(alert, kind) for kind in ("refused", "cron", "stuck", "cancelled", "undelivered")]
    entity, action, params = problems.call(keys)
    known = problems.by_key(client.api4(entity, action, **params))
    stays = {key(alert, "cancelled"), key(alert, "undelivered")}  # a person ends these
    passing = {name: one for name, one in known.items() if name not in stays}
    found = [Problem(key(alert, kind), what, next_step) for kind, what, next_step in told]
    problems.keep_up(client, passing, [one for one in found if one.key not in stays])
    problems.open_new(client, known, [one for one in found if one.key in stays])


def key(alert: Alert, kind: str) -> str:
    """The name of a problem of an alert."""
    return f"alerts:{alert.id}:{kind}"


def note_figures(client: CiviClient, alert: Alert) -> None:
    """Write into a sent alert what was delivered and what members did, as of now."""
    ours = [one for one in find(client, alert) if one.id in set((alert.mailings or {}).values())]
    where = [["activity_type_id:name", "=", ACTION], ["is_deleted", "=", False], [f"{ACTION}.Alert", "=", alert.id]]
    actions = client.api4("Activity", "get", select=["id"], where=where)
    figures = {
        f"{ALERT}.Delivered": sum(one.delivered for one in ours),
        f"{ALERT}.Bounced": sum(one.bounced for one in ours),
        f"{ALERT}.Actions": len(actions),
    }
    client.api4("Activity", "update", where=[["id", "=", alert.id]], values=figures)
