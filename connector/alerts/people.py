"""Who may decide about an alert, who wrote it, and where they are mailed: read from CiviCRM when it matters."""

from collections.abc import Mapping
from dataclasses import dataclass

from connector.alerts.activities import Alert
from connector.alerts.approving import Deciders
from connector.civicrm.answers import Row
from connector.civicrm.client import Call, CiviClient
from connector.desk import activities as desk

APPROVERS, ON_DUTY = "alert_approvers", "alert_on_duty"
NEW_ALERT = "afformSolidarityNewAlert"


@dataclass(frozen=True, slots=True)
class Office:
    """The staff around one alert. addresses: contact → e-mail, of approvers and authors."""

    deciders: Deciders
    addresses: Mapping[int, str]


def read(client: CiviClient, alert: Alert) -> Office:
    """Read who counts, in two requests.

    Whoever may edit activities can write another author into one. So the person who sent the form counts as an author
    too: CiviCRM keeps that, and staff cannot change it.
    """
    groups = ["group_id:name", "IN", [APPROVERS, ON_DUTY]]
    living = [["status", "=", "Added"], ["contact_id.is_deleted", "=", False]]
    members: Call = ("GroupContact", "get", {"select": ["contact_id", "group_id:name"], "where": [groups, *living]})
    found = client.multi({"members": members, "forms": desk.forms_call([NEW_ALERT], alert.created)})
    authors = {alert.author, *_senders(found["forms"], alert.id)} - {0}
    of_group = {
        name: frozenset(int(row["contact_id"]) for row in found["members"] if row["group_id:name"] == name)
        for name in (APPROVERS, ON_DUTY)
    }
    deciders = Deciders(of_group[APPROVERS], of_group[ON_DUTY], frozenset(authors))
    return Office(deciders, _addresses(client, deciders.approvers | deciders.authors))


def _senders(forms: list[Row], number: int) -> set[int]:
    return {
        int(row["contact_id"] or 0)
        for row in forms
        for made in row["data"].get("Activity1", ())
        if int(made.get("id") or 0) == number
    }


def _addresses(client: CiviClient, ids: frozenset[int]) -> dict[int, str]:
    where = [["id", "IN", sorted(ids)], ["is_deleted", "=", False], ["email_primary.email", "IS NOT EMPTY"]]
    rows = client.api4("Contact", "get", select=["email_primary.email"], where=where) if ids else []
    return {int(row["id"]): str(row["email_primary.email"]) for row in rows}
