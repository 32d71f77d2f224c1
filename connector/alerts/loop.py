"""The loop of alerts: each minute the mailings in CiviCRM are made to agree with what staff wrote and approved there.

ready → a report and test mails; approved → recounted, then submitted to CiviMail; scheduled, sending → watched to the
end; sent → what came of it, until it closes. Every step looks first and moves an alert only from the state that it saw,
so it does not matter when the worker is ended or how often a step is begun.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from connector import clock
from connector.alerts import activities, audience, checking, mailings, people, watching
from connector.alerts.activities import APPROVED, READY, SCHEDULED, SENDING, SENT, Alert
from connector.alerts.checking import Checker, Report
from connector.civicrm.client import Call, CiviClient
from connector.desk import activities as desk
from connector.errors import ConnectorError, TransientError
from connector.leases import given_back
from connector.store import Store

log = logging.getLogger(__name__)

_BACK = "Back to ready:"
# Who leaves within so short a time is found by the look that follows a submission.
STILL_TRUE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Alerts:
    """The step of the worker. seconds: how long a lease outlives a worker that died; is_locked: nothing may be sent.

    when_closed: hands the outcome over, before an alert closes.
    """

    client: CiviClient
    store: Store
    checker: Checker
    seconds: float
    is_locked: Callable[[], bool]
    when_closed: Callable[[Alert], None]
    _looked: dict[int, datetime] = field(default_factory=dict)
    _given_anew: dict[int, frozenset[int]] = field(default_factory=dict)  # alert → without whom
    _approved: dict[int, tuple[datetime, int, Report]] = field(default_factory=dict)

    def step(self) -> int:
        """Bring every alert on by a step. Returns how many moved; one request when there is nothing to do.

        One that is in trouble keeps no other from its turn. Raises the first trouble at the end.
        """
        entity, action, params = activities.call()
        found = activities.read(self.client.api4(entity, action, **params))
        done, trouble = 0, list[ConnectorError]()
        for alert in found:
            try:
                done += self._one(alert)
            except TransientError as error:
                trouble.append(error)
            except ConnectorError as error:
                self._say(alert, error)
                trouble.append(error)
        if trouble:
            raise trouble[0]
        return done

    def _one(self, alert: Alert) -> int:
        locked = self.is_locked()
        if locked and alert.state in (APPROVED, SCHEDULED):
            with self.leased(alert) as mine:
                return (
                    self._back(alert, "lock-down: nothing is sent. It needs a new decision afterwards.") if mine else 0
                )
        if locked or not self._is_due(alert):
            return 0
        steps = {
            READY: self._report,
            APPROVED: self._schedule,
            SCHEDULED: self._watch,
            SENDING: self._watch,
            SENT: self._follow,
        }
        with self.leased(alert) as mine:
            return steps[alert.state](alert) if mine else 0

    def _is_due(self, alert: Alert) -> bool:
        """False where a look would find what the last one found; nothing is asked for that."""
        now = clock.now()
        is_edited = not alert.plan.startswith(checking.content_mark(alert))
        if alert.state == READY:
            return is_edited
        if alert.state == APPROVED:
            return is_edited or not alert.send_at or alert.send_at <= now
        if alert.state == SENT:
            last = self._looked.get(alert.id)
            if last and now - last < watching.SENT_EVERY:
                return False
            self._looked[alert.id] = now
        return True

    @contextmanager
    def leased(self, alert: Alert) -> Iterator[bool]:
        """Be the only one at work on an alert; False when another worker is."""
        with given_back(self.store, self.seconds) as leases:
            yield leases.take(f"alert {alert.id}") is None

    # --- ready: what would happen, for those who decide ---------------------------------------------------------------

    def _report(self, alert: Alert) -> int:
        report = self.checker.look(alert)
        self._drop(alert, keep=report.plan)
        if not report.stops and report.count:
            made = self._draft(report)
            staff = people.addresses(self.client, report.deciders.approvers | report.deciders.authors)
            mailings.try_out(self.client, made, sorted(set(staff.values())))
        told = {"Plan": report.plan, "Count": report.count, "details": self._details(report)}
        why = f"{alert.said} " if not alert.plan and alert.said.startswith(_BACK) else ""
        return int(activities.move(self.client, alert, READY, f"{why}{_waiting(report)}", **told))

    def _details(self, report: Report) -> str:
        named = {id_ for ids in report.audience.reasons().values() for id_ in ids[: checking.SHOWN]}
        return checking.as_html(
            report, {id_: self.client.page(f"civicrm/contact/view?reset=1&cid={id_}") for id_ in named}
        )

    def _draft(self, report: Report, *, last: Mapping[str, Call] | None = None) -> list[mailings.Mailing]:
        kinds = self.checker.kinds
        sender = (kinds.sender_name, kinds.sender_email)
        written = report.due_letters()
        return mailings.draft(self.client, report.alert, report.plan, written, report.audience, sender, last=last)

    def _drop(self, alert: Alert, *, keep: str = "") -> list[mailings.Mailing]:
        """Take back the mailings of earlier reports. Returns those that were begun already."""
        old = [one for one in mailings.find(self.client, alert) if one.plan != keep]
        return mailings.withdraw(self.client, old)

    # --- approved: recounted, and submitted ---------------------------------------------------------------------------

    def _schedule(self, alert: Alert) -> int:
        report = self._just_looked(alert)
        if report is None:
            decision = desk.decided(self.client, alert.decision)
            if decision is None or decision.about != alert.id or decision.plan != alert.plan:
                return self._back(alert, "it says approved, but nobody decided so by the form.")
            report = self.checker.look(alert)
        if why := _changed(report, self.checker.kinds.off_by_percent):
            return self._back(alert, why)
        with given_back(self.store, self.seconds) as leases:
            # one alert at a time, whichever worker: whom CiviMail has to leave out is not the same for two of them
            return 0 if leases.take("alerts submit") else self._submit(alert, report)

    def _submit(self, alert: Alert, report: Report) -> int:
        made = self._draft(report, last=audience.keep_out(self.client, report.audience))
        for one in made:
            mailings.submit(self.client, one)
        told = " ".join(f"{one.language}:{one.id}" for one in made)
        said = f"Given to CiviMail for {report.count} people; it sends with the site's next mail run."
        return int(activities.move(self.client, alert, SCHEDULED, said, Mailings=told, Count=report.count))

    def approved(self, report: Report, decision: int) -> None:
        """Remember the report that a decision was just carried out on: within seconds it needs no second look."""
        self._approved[report.alert.id] = (clock.now(), decision, report)

    def _just_looked(self, alert: Alert) -> Report | None:
        """The report that this very worker approved the alert on some seconds ago, if the alert is still the same."""
        at, decision, report = self._approved.pop(alert.id, (None, 0, None))
        if not at or not report or clock.now() - at > STILL_TRUE or decision != alert.decision:
            return None
        is_same = report.plan == alert.plan and alert.plan.startswith(checking.content_mark(alert))
        return replace(report, alert=alert) if is_same else None

    def _back(self, alert: Alert, why: str) -> int:
        """To ready, with a new report to come. Nothing that was not begun is sent."""
        if begun := self._drop(alert):
            said = f"Mailing {begun[0].id} is going out already. {why}"
            return int(activities.move(self.client, alert, SENDING, said))
        watching.tell(self.client, alert, ())
        return int(activities.move(self.client, alert, READY, f"{_BACK} {why}", Plan=None, Mailings=None))

    # --- scheduled, sending, sent -------------------------------------------------------------------------------------

    def _watch(self, alert: Alert) -> int:
        ours = [one for one in mailings.find(self.client, alert) if one.id in set((alert.mailings or {}).values())]
        seen = watching.judge(alert, ours, clock.now())
        watching.tell(self.client, alert, seen.problems)
        if seen.state != alert.state:
            told = {"Delivered": seen.delivered, "Bounced": seen.bounced} if seen.state == SENT else {}
            if alert.state == SCHEDULED and alert.moved_on:
                told["Waited"] = (clock.now() - alert.moved_on) // timedelta(minutes=1)
            return int(activities.move(self.client, alert, seen.state, seen.said, **told))
        if alert.state == SCHEDULED and ours:
            return self._is_still_right(alert, ours)
        return 0

    def _is_still_right(self, alert: Alert, ours: list[mailings.Mailing]) -> int:
        """Who left since it was submitted would get it all the same: CiviMail does not look again. So we do."""
        if not alert.plan.startswith(checking.content_mark(alert)):
            return self._back(alert, "its text or audience was changed after the decision.")
        report = self.checker.look(alert)
        if report.stops:  # such as a community that changed its mind
            return self._back(alert, f"{'; '.join(report.stops)}.")
        gone = frozenset(mailings.recipients(self.client, ours)) - report.audience.mailable
        if not gone:
            return 0
        if self._given_anew.get(alert.id) == gone:
            return self._back(alert, f"CiviMail would mail {len(gone)} who should get nothing, as contact {min(gone)}.")
        self._given_anew[alert.id] = gone
        mailings.withdraw(self.client, ours)
        said = f"{len(gone)} left since it was given to CiviMail; it is given anew."
        return int(activities.move(self.client, alert, APPROVED, said, Mailings=None))

    def _follow(self, alert: Alert) -> int:
        """What came of it, hourly; and its end."""
        kind = self.checker.kinds.kinds.get(alert.kind)
        days = timedelta(days=kind.close_days if kind else watching.CLOSE_DAYS)
        if alert.moved_on and clock.now() - alert.moved_on >= days:
            return self.close(alert)
        watching.note_figures(self.client, alert)
        return 0

    def close(self, alert: Alert) -> int:
        """Hand the outcome over, then close. A kill in between hands it over twice, which is better than never."""
        watching.note_figures(self.client, alert)
        self.when_closed(alert)
        return int(activities.move(self.client, alert, activities.CLOSED, "Closed."))

    def withdraw(self, alert: Alert, state: str, why: str) -> str:
        """Take an alert back as far as it can be. Returns what was done, in words."""
        if begun := self._drop(alert):
            return f"Mailing {begun[0].id} is going out already; CiviMail can pause it under Mailings, Scheduled."
        watching.tell(self.client, alert, ())
        activities.move(self.client, alert, state, why, Plan=None, Mailings=None)
        return why

    def _say(self, alert: Alert, error: ConnectorError) -> None:
        """In the list; and as a problem when people rely on it that it goes out."""
        log.warning("alert %d: %s Next: %s", alert.id, error.what, error.next_step)
        activities.move(self.client, alert, alert.state, f"{error.what} Next: {error.next_step}")
        if alert.state == APPROVED:
            what = f"Alert {alert.id} is approved and does not go out. {error.what}"
            watching.tell(self.client, alert, [("refused", what, error.next_step)])


def _waiting(report: Report) -> str:
    if report.stops:
        return f"Stopped: {'; '.join(report.stops)}."
    warned = f" The report warns: {'; '.join(report.warnings)}." if report.warnings else ""
    return f"{report.count} people would get it. It waits for a decision.{warned}"


def _changed(report: Report, percent: int) -> str:
    """Why what was approved may not go out as it stands now, or empty."""
    approved, count = report.alert.count or 0, report.count
    if report.stops:
        return f"{'; '.join(report.stops)}."
    if report.plan != report.alert.plan:
        return "its text, audience or wording was changed after the decision."
    if not count:
        return "nobody would get it any more."
    if abs(count - approved) * 100 > percent * approved:
        return f"{approved} people were approved; {count} would get it now."
    return ""
