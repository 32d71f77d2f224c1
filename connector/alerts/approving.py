"""Whether somebody may send an alert, and how many people they think get it. Pure; the rules are tested one by one."""

from collections.abc import Collection
from dataclasses import dataclass

from connector.alerts.activities import READY, Alert
from connector.alerts.kinds import Kind
from connector.desk import activities as desk
from connector.desk.activities import Decision


@dataclass(frozen=True, slots=True)
class Deciders:
    """Who counts. approvers, on_duty: living contacts in the groups of that name; authors: whoever wrote the alert."""

    approvers: frozenset[int]
    on_duty: frozenset[int]
    authors: frozenset[int]

    def is_alone(self, by: int) -> bool:
        """True for somebody who decides about what they wrote themselves."""
        return by in self.authors


def refused(
    decision: Decision,
    alert: Alert,
    kind: Kind,
    deciders: Deciders,
    *,
    plan: str,
    count: int,
    stops: Collection[str],
    warnings: Collection[str],
    off_by_percent: int,
) -> str:
    """Why this decision sends nothing, as one sentence for whoever made it; empty when it may be carried out.

    plan, count, stops, warnings: as the alert stands now, read anew.
    """
    if alert.state != READY:
        return f"Alert {alert.id} is {alert.state}; only one that is ready can be approved."
    if not alert.plan or decision.plan != alert.plan or plan != alert.plan:
        return "Its text, its audience or its wording changed since the report; read the new report."
    if stops:
        return f"It cannot be sent: {'; '.join(stops)}."
    if who := _nobody(decision.by, kind, deciders):
        return who
    if not count:
        return "Nobody would get it."
    if decision.number is None:
        return "Type how many people get it, as the report says."
    if abs(decision.number - count) * 100 > off_by_percent * count:
        return f"You typed {decision.number}; {count} people would get it. Read the report again."
    if warnings and decision.verdict != desk.DESPITE:
        return f"The report warns: {'; '.join(warnings)}. Choose to send it although the report warns, or wait."
    return ""


def _nobody(by: int, kind: Kind, deciders: Deciders) -> str:
    """Why this person may not decide, or empty."""
    alone = deciders.is_alone(by)
    if alone and kind.alone and by in deciders.on_duty:
        return ""
    if alone:
        return "Whoever wrote an alert cannot approve it: another person has to."
    if by not in deciders.approvers | (deciders.on_duty if kind.alone else frozenset()):
        return "You are not in the group of those who may approve alerts."
    return ""
