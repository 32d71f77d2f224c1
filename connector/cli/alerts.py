"""How the parts of the alerts are put together from the settings."""

from collections.abc import Mapping
from dataclasses import dataclass

from connector import lockdown
from connector.alerts import kinds, outcome, watching
from connector.alerts.activities import Alert
from connector.alerts.checking import Checker
from connector.alerts.deciding import AlertDecisions
from connector.alerts.loop import Alerts
from connector.civicrm.client import CiviClient
from connector.cli.context import Context
from connector.desk import problems
from connector.desk.activities import Decision
from connector.desk.problems import Problem
from connector.mail import Mail, Mailer
from connector.memory import Hasher
from connector.pages.links import Signer
from connector.settings import Settings
from connector.store import Store

# CiviCRM may be at work on a mailing for so much longer than the worker waits.
LEASE_FACTOR = 12


def loop(context: Context, client: CiviClient, store: Store) -> Alerts:
    """The loop of alerts."""
    settings = context.settings
    return Alerts(
        client=client,
        store=store,
        checker=Checker(
            client,
            store,
            Hasher(settings.connector_fingerprint_key),
            kinds.load(settings.connector_mappings),
            settings.connector_mappings,
            settings.public_url,
        ),
        seconds=LEASE_FACTOR * settings.civicrm_grace_seconds,
        is_locked=lambda: lockdown.is_on(store),
        when_closed=_HandOver(settings, client),
    )


def decisions(context: Context, alerts: Alerts) -> AlertDecisions:
    """What carries out decisions about alerts."""
    return AlertDecisions(alerts, _TellStaff(context.settings, alerts.client))


@dataclass(frozen=True, slots=True)
class _TellStaff:
    """Mails everybody who may approve that one person sent an incident alone."""

    settings: Settings
    client: CiviClient

    def __call__(self, alert: Alert, decision: Decision, approvers: Mapping[int, str]) -> None:
        if not (self.settings.smtp_url and self.settings.mail_from):
            return  # it stands in CiviCRM's list of problems all the same
        mailer = Mailer(self.settings.smtp_url, self.settings.mail_from)
        subject = f"Alert {alert.id} was approved by one person alone"
        page = self.client.page(f"civicrm/activity/view?action=view&reset=1&id={alert.id}")
        text = (
            f"Contact {decision.by} wrote incident alert {alert.id} and approved it alone, as those on duty may.\n\n"
            f"Read it now: {page}\n"
            "If it is wrong, decide to withdraw it; what is going out already can be paused in CiviMail.\n"
        )
        for contact, address in sorted(approvers.items()):
            mailer.send(Mail(address, subject, text, key=f"alert {alert.id} {decision.id} {contact}"))


@dataclass(frozen=True, slots=True)
class _HandOver:
    """Hands the outcome of an alert to its community: a link to the page, by mail to whoever speaks for it."""

    settings: Settings
    client: CiviClient

    def __call__(self, alert: Alert) -> None:
        """Raises what the mail server's door raises; then the alert stays open and it is tried again."""
        settings = self.settings
        if not (settings.public_url and settings.connector_secret_key):
            return  # there is no such page
        token = Signer(settings.connector_secret_key).sign("outcome", alert.id)
        url = f"{settings.public_url}/act/{alert.id}/outcome/{token}"
        select = ["email_primary.email", "preferred_language"]
        where = [["external_identifier", "=", f"community:{alert.community}"]]
        rows = self.client.api4("Organization", "get", select=select, where=where)
        address = str(rows[0]["email_primary.email"] or "") if rows else ""
        if not address or not settings.smtp_url or not settings.mail_from:
            self._ask_staff(alert, url)
            return
        language = str(rows[0]["preferred_language"] or "")[:2]
        subject, text = outcome.mail(alert.id, outcome.read(self.client, alert.id).people, url, language)
        Mailer(settings.smtp_url, settings.mail_from).send(Mail(address, subject, text, key=f"outcome {alert.id}"))

    def _ask_staff(self, alert: Alert, url: str) -> None:
        what = (
            f"The outcome of alert {alert.id} was not mailed: its community has no address, or no mail server is set."
        )
        told = Problem(watching.key(alert, "outcome"), what, f"send the community this link, then dismiss this: {url}")
        entity, action, params = problems.call([told.key])
        known = problems.by_key(self.client.api4(entity, action, **params))
        problems.open_new(self.client, known, [told])
