"""Who may decide about an alert, who wrote it, and where they are mailed: read from CiviCRM when it matters.

Whoever may edit activities can write another author into one. So the person who sent the form counts as an author too:
CiviCRM keeps that, and staff cannot change it.
"""

from collections.abc import Iterable, Mapping, Sequence

from connector.alerts.activities import Alert
from connector.alerts.approving import Deciders
from connector.civicrm.answers import Row
from connector.civicrm.client import Call, CiviClient
from connector.desk import activities as desk

APPROVERS, ON_DUTY = "alert_approvers", "alert_on_duty"
NEW_ALERT = "afformSolidarityNewAlert"


def calls(alert: Alert) -> dict[str, Call]:
    """The questions for who counts; `deciders` reads their answers."""
    groups = ["group_id:name", "IN", [APPROVERS, ON_DUTY]]
    living = [["status", "=", "Added"], ["contact_id.is_deleted", "=", False]]
    members: Call = ("GroupContact", "get", {"select": ["contact_id", "group_id:name"], "where": [groups, *living]})
    return {"staff": members, "forms": desk.forms_call([NEW_ALERT], alert.created)}


def deciders(found: Mapping[str, Sequence[Row]], alert: Alert) -> Deciders:
    """Who counts."""
    of_group = {
        name: frozenset(int(row["contact_id"]) for row in found["staff"] if row["group_id:name"] == name)
        for name in (APPROVERS, ON_DUTY)
    }
    authors = {alert.author, *_senders(found["forms"], alert.id)} - {0}
    return Deciders(of_group[APPROVERS], of_group[ON_DUTY], frozenset(authors))


def addresses(client: CiviClient, contacts: Iterable[int]) -> dict[int, str]:
    """Contact → e-mail, of those who are there and have one. One request, and none for nobody."""
    ids = sorted(contacts)
    where = [["id", "IN", ids], ["is_deleted", "=", False], ["email_primary.email", "IS NOT EMPTY"]]
    rows = client.api4("Contact", "get", select=["email_primary.email"], where=where) if ids else []
    return {int(row["id"]): str(row["email_primary.email"]) for row in rows}


def _senders(forms: Sequence[Row], number: int) -> set[int]:
    return {
        int(row["contact_id"] or 0)
        for row in forms
        for made in row["data"].get("Activity1", ())
        if int(made.get("id") or 0) == number
    }
