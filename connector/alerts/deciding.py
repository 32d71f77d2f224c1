"""What staff decide about an alert, carried out. Who decided is read from CiviCRM's own record of the form."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from connector import clock
from connector.alerts import activities, approving, people
from connector.alerts.activities import APPROVED, DRAFT, READY, SENT, WITHDRAWN, Alert, stamp
from connector.alerts.loop import Alerts
from connector.desk import activities as desk, deciding, problems
from connector.desk.activities import Decision
from connector.desk.deciding import Answered
from connector.desk.problems import Problem

# Until when an alert can be changed or taken back, as far as its mailings are not begun.
OPEN = frozenset({DRAFT, READY, APPROVED, activities.SCHEDULED})


@dataclass(frozen=True, slots=True)
class AlertDecisions:
    """Carries out decisions.

    tell_staff: mails these approvers (contact → address) that one person sent an incident alone.
    """

    alerts: Alerts
    tell_staff: Callable[[Alert, Decision, Mapping[int, str]], None]

    def decide(self, decision: Decision) -> int:
        """Carry out one decision and close it. Returns 0 when another worker is at work on the alert."""
        client = self.alerts.client
        alert = activities.find(client, decision.about)
        if alert is None:
            return deciding.void(client, decision, f"There is no alert {decision.about}.")
        with self.alerts.leased(alert) as mine:
            if not mine:
                return 0
            if alert.decision == decision.id:
                return deciding.done(client, decision, "Approved.")  # we were ended before we could say so
            if decision.verdict in (desk.APPROVE, desk.DESPITE):
                return self._approve(alert, decision)
            return self._other(alert, decision)

    def _approve(self, alert: Alert, decision: Decision) -> int:
        alerts, client = self.alerts, self.alerts.client
        kind = alerts.checker.kinds.kinds.get(alert.kind)
        if alerts.is_locked():
            return deciding.void(client, decision, "Lock-down is on: nothing is sent.")
        if kind is None:
            return deciding.void(client, decision, f"There is no kind of alert '{alert.kind}' here.")
        report = alerts.checker.look(alert)
        why = approving.refused(
            decision,
            alert,
            kind,
            report.deciders,
            plan=report.plan,
            count=report.count,
            stops=report.stops,
            warnings=report.warnings,
            off_by_percent=alerts.checker.kinds.off_by_percent,
        )
        if why:
            if report.plan != alert.plan and alert.state == READY:
                activities.move(client, alert, READY, "Changed since the report; it is looked at anew.", Plan=None)
            return deciding.void(client, decision, why)
        alone = report.deciders.is_alone(decision.by)
        if alone:
            self._told_all(alert, decision, people.addresses(client, report.deciders.approvers))
        said = "Approved by its author alone, for an incident." if alone else "Approved."
        values = {"Decision": decision.id, "Count": report.count, "Approved_On": stamp(clock.now())}
        if not activities.move(client, alert, APPROVED, said, **values):
            return deciding.void(client, decision, "It was changed at this very moment; read the new report.")
        alerts.approved(report, decision.id)
        return deciding.done(client, decision, said)

    def _told_all(self, alert: Alert, decision: Decision, approvers: Mapping[int, str]) -> None:
        """Everybody who may approve sees it in CiviCRM, and by mail."""
        what = f"Alert {alert.id} was approved by whoever wrote it, contact {decision.by}, alone."
        told = Problem(f"alerts:{alert.id}:alone", what, "read it; withdraw it if it is wrong; then dismiss this.")
        entity, action, params = problems.call([told.key])
        known = problems.by_key(self.alerts.client.api4(entity, action, **params))
        problems.open_new(self.alerts.client, known, [told])
        self.tell_staff(alert, decision, approvers)

    def _other(self, alert: Alert, decision: Decision) -> int:
        alerts, client, verdict = self.alerts, self.alerts.client, decision.verdict
        if verdict == desk.AGAIN and alert.state == READY:
            activities.move(client, alert, READY, "Looked at again.", Plan=None)
            return deciding.done(client, decision, "Looked at again.")
        if verdict == desk.REDRAFT and alert.state in OPEN:
            return deciding.done(client, decision, alerts.withdraw(alert, DRAFT, "Back to drafting."))
        if verdict == desk.WITHDRAW and alert.state in OPEN:
            return deciding.done(client, decision, alerts.withdraw(alert, WITHDRAWN, "Withdrawn."))
        if verdict == desk.CLOSE and alert.state == SENT:
            alerts.close(alert)
            return deciding.done(client, decision, "Closed.")
        return deciding.void(client, decision, f"That cannot be decided about an alert that is {alert.state}.")


def answer(_problem: Problem, decision: Decision) -> Answered:
    """What somebody decided about a problem of an alert. One that is still there opens again by itself."""
    if decision.verdict == desk.DISMISS:
        return Answered("Dismissed.", problems.DISMISSED)
    if decision.verdict == desk.AGAIN:
        return Answered("Closed; it opens again if it is still so.", problems.SOLVED)
    return Answered("That is no answer to this problem.", problems.OPEN)
