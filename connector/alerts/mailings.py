"""An alert's mailings in CiviCRM, one for each language: found by name or made, submitted, watched, withdrawn.

A mailing's name says whose it is and of which report, so that what was begun before a kill is found and never doubled.
CiviMail keeps the list of who gets a mailing from its submission on; only opt-outs count after that. So a mailing is
submitted when it is due and not before, and made anew when somebody left in between.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.alerts.activities import Alert
from connector.alerts.audience import LEFT_GROUP, Audience
from connector.alerts.letters import Letter
from connector.civicrm.answers import Row
from connector.civicrm.client import Call, CiviClient
from connector.errors import PermanentError, UserError

# What CiviCRM calls the states of a mailing. What is not begun can still be taken back.
DRAFT, SCHEDULED, RUNNING, PAUSED = "Draft", "Scheduled", "Running", "Paused"
COMPLETE, CANCELED = "Complete", "Canceled"
NOT_BEGUN = frozenset({DRAFT, SCHEDULED})
# What a fresh CiviCRM sends from.
UNSET = "info@EXAMPLE.ORG"
# A moment that is over in every time zone: CiviMail sends with its next run.
AT_ONCE = "2000-01-01 00:00:00"
_GROUP, _MAILING = "civicrm_group", "civicrm_mailing"
_STATS = ("stats_intended_recipients", "stats_successful", "stats_bounces", "stats_unsubscribes", "stats_optouts")


@dataclass(frozen=True, slots=True)
class Mailing:
    """One mailing as CiviCRM has it. The counts are of what went out so far."""

    id: int
    name: str
    status: str
    sender: str
    intended: int = 0
    delivered: int = 0
    bounced: int = 0

    @property
    def language(self) -> str:
        """Which of the alert's texts it is."""
        return self.name.split()[3]

    @property
    def plan(self) -> str:
        """The report whose text it has."""
        return self.name.split()[-1]


def name(alert: Alert, language: str, plan: str) -> str:
    """What a mailing is called."""
    return f"Solidarity alert {alert.id} {language} {plan}"


def find(client: CiviClient, alert: Alert) -> list[Mailing]:
    """All mailings of an alert, those of earlier reports too, oldest first."""
    rows = client.api4(
        "Mailing",
        "get",
        select=["id", "name", "status", "from_email", *_STATS],
        where=[["name", "LIKE", f"Solidarity alert {alert.id} %"]],
        orderBy={"id": "ASC"},
    )
    return [_mailing(row) for row in rows]


def draft(
    client: CiviClient,
    alert: Alert,
    plan: str,
    letters: Sequence[Letter],
    audience: Audience,
    sender: tuple[str, str],
    *,
    last: Mapping[str, Call] | None = None,
) -> list[Mailing]:
    """The mailings of a report, made where they are missing; the one in the main language last.

    sender: name and address, which may be empty for CiviCRM's own. last: only before a submission, what else is to be
    done before it; then what is there is written once more, because somebody may have changed it in CiviMail. Raises
    UserError when CiviCRM has no address of its own to send from.
    """
    there = {one.name: one for one in find(client, alert)}
    values = {name(alert, one.language, plan): _values(one, sender) for one in letters}
    found = [there.get(called) or _create(client, called, values[called]) for called in values]
    found.sort(key=lambda one: one.language == alert.main.language)
    old = [] if last is None else [one for one in found if one.name in there and one.status == DRAFT]
    calls = dict(last or {}) | {f"{one.id} words": _rewritten(one, values[one.name]) for one in old}
    if old:
        calls["groups"] = ("MailingGroup", "delete", {"where": [["mailing_id", "IN", [one.id for one in old]]]})
    calls |= {str(one.id): _recipients(alert, one, audience, [other.id for other in found[:-1]]) for one in found}
    client.multi(calls)
    if any(one.sender == UNSET for one in found):
        raise UserError(
            "CiviCRM sends from an address that nobody has set yet.",
            next_step="the administrator sets it under Administer, CiviMail, From addresses.",
        )
    return found


def submit(client: CiviClient, mailing: Mailing) -> None:
    """Let CiviMail send it with its next run. A second submission of the same one changes nothing."""
    if mailing.status == DRAFT:
        client.api3("Mailing", "submit", id=mailing.id, scheduled_date=AT_ONCE, approval_date=AT_ONCE)


def recipients(client: CiviClient, mailings: Iterable[Mailing]) -> dict[int, int]:
    """Contact → mailing, of who gets a mailing as CiviMail noted it."""
    found: dict[int, int] = {}
    for one in mailings:
        asked = {"mailing_id": one.id, "return": "contact_id", "options": {"limit": 0}}
        values = client.api3("MailingRecipients", "get", **asked)["values"]
        rows = values.values() if isinstance(values, Mapping) else values
        found |= {int(row["contact_id"]): one.id for row in rows}
    return found


def withdraw(client: CiviClient, mailings: Iterable[Mailing]) -> list[Mailing]:
    """Take back what was not begun. Returns those that were."""
    kept = []
    for one in mailings:
        if one.status not in NOT_BEGUN:
            kept.append(one)
            continue
        client.api4("Mailing", "delete", where=[["id", "=", one.id], ["name", "=", one.name]])
    return kept


def try_out(client: CiviClient, mailings: Iterable[Mailing], addresses: Sequence[str]) -> None:
    """Send each as a test to these addresses, at once."""
    for one in mailings:
        if addresses:
            client.api3("Mailing", "send_test", mailing_id=one.id, test_email=",".join(addresses))


def _values(letter: Letter, sender: tuple[str, str]) -> dict[str, Any]:
    # Without an address of its own for replies, CiviCRM sends them to its default one.
    who = (
        dict(zip(("from_name", "from_email", "replyto_email"), (*sender, sender[1]), strict=True)) if sender[1] else {}
    )
    return {
        "subject": letter.subject,
        "body_html": letter.html,
        "body_text": letter.text,
        "header_id": None,  # the letter has its own, in its language
        "footer_id": None,
        "url_tracking": False,  # nobody is counted
        "open_tracking": False,
        "dedupe_email": True,
        "visibility": "User and User Admin Only",  # no page on the web
        **who,
    }


def _create(client: CiviClient, called: str, values: Mapping[str, Any]) -> Mailing:
    made = client.api4("Mailing", "create", values={"name": called, **values})
    rows = client.api4("Mailing", "get", select=["id", "name", "status", "from_email"], where=[["name", "=", called]])
    mine = [row for row in rows if int(row["id"]) == int(made[0]["id"])]
    if not mine:
        raise PermanentError(f"CiviCRM did not keep the mailing {made[0]['id']}.", next_step="a developer looks at it.")
    return _mailing(mine[0])


def _rewritten(mailing: Mailing, values: Mapping[str, Any]) -> Call:
    return ("Mailing", "update", {"where": [["id", "=", mailing.id], ["status", "=", DRAFT]], "values": dict(values)})


def _recipients(alert: Alert, mailing: Mailing, audience: Audience, others: Sequence[int]) -> Call:
    """Who gets it: the groups of the alert, without who left and without who gets it in another language.

    others: the mailings in other languages, which the one in the main language leaves out.
    """
    rows = [("Include", _GROUP, group) for group in alert.audience]
    rows.append(("Exclude", _GROUP, audience.groups[LEFT_GROUP].id))
    if mailing.language == alert.main.language:
        rows += [("Exclude", _MAILING, id_) for id_ in others]
    else:
        rows.append(("Exclude", _GROUP, _language_group(audience, mailing.language)))
    fields = ("group_type", "entity_table", "entity_id")
    records = [{"mailing_id": mailing.id, **dict(zip(fields, row, strict=True))} for row in rows]
    return ("MailingGroup", "save", {"records": records, "match": ["mailing_id", *fields]})


def _language_group(audience: Audience, language: str) -> int:
    called = f"language_not_{language}"
    if called not in audience.groups:
        raise UserError(f"CiviCRM has no group {called}.", next_step="the administrator runs `solidarity setup apply`.")
    return audience.groups[called].id


def _mailing(row: Row) -> Mailing:
    counts = [int(row.get(field) or 0) for field in _STATS[:3]]
    return Mailing(int(row["id"]), str(row["name"]), str(row["status"] or ""), str(row["from_email"] or ""), *counts)
