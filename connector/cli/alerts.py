"""How the parts of the alerts are put together from the settings."""

from collections.abc import Callable

from connector.alerts import kinds
from connector.alerts.activities import Alert
from connector.alerts.checking import Checker
from connector.alerts.deciding import AlertDecisions
from connector.alerts.loop import Alerts
from connector.alerts.people import Office
from connector.civicrm.client import CiviClient
from connector.cli.context import Context
from connector.desk.activities import Decision
from connector.mail import Mail, Mailer
from connector.memory import Hasher
from connector.store import Store

# CiviCRM may be at work on a mailing for so much longer than the worker waits.
LEASE_FACTOR = 12


def alerts(context: Context, client: CiviClient, store: Store) -> Alerts:
    """The loop."""
    settings = context.settings
    checker = Checker(
        client,
        store,
        Hasher(settings.connector_fingerprint_key),
        kinds.load(settings.connector_mappings),
        settings.public_url,
    )
    return Alerts(
        client, store, checker, LEASE_FACTOR * settings.civicrm_grace_seconds, lambda: False, lambda alert: None
    )


def decisions(context: Context, loop: Alerts) -> AlertDecisions:
    """What carries out decisions about alerts."""
    settings = context.settings

    def tell_staff(alert: Alert, decision: Decision, office: Office) -> None:
        if not (settings.smtp_url and settings.mail_from):
            return
        mailer = Mailer(settings.smtp_url, settings.mail_from)
        subject = f"Alert {alert.id} was approved by one person alone"
        page = loop.client.page(f"civicrm/activity/view?action=view&reset=1&id={alert.id}")
        text = (
            f"Contact {decision.by} wrote incident alert {alert.id} and approved it alone, as those on duty may.\n\n"
            f"Read it now: {page}\n"
            "If it is wrong, decide to withdraw it; what is going out already can be paused in CiviMail.\n"
        )
        for contact in sorted(office.deciders.approvers & office.addresses.keys()):
            mailer.send(Mail(office.addresses[contact], subject, text, key=f"alert {alert.id} {decision.id} {contact}"))

    return AlertDecisions(loop, tell_staff)


def steps(loop: Alerts) -> list[Callable[[], int]]:
    """The alerts' part of the worker."""
    return [loop.step]
