"""What members do after an alert: who they are by their personal link, whom they can reach, and what they say they did.

Nothing is known of who comes without a link, and nothing of them is kept.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from connector.alerts.activities import PUBLIC, Alert, call, read
from connector.civicrm.answers import Row
from connector.civicrm.client import Call, CiviClient
from connector.errors import AlreadyExists
from connector.leases import given_back
from connector.store import Store

ACTION = "Solidarity_Action"
# What can be done, in the order in which it is offered; as mappings/setup.toml names them.
KINDS = ("asked", "official", "media", "faith", "community", "shared")
REACHED = ("official", "media", "faith", "community")
_MEMBER = ("Chapter_Member", "Chapter_Coordinator")
# How long a click has the right to be kept alone when nobody knows whether CiviCRM is still at work on it.
_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Reach:
    """Somebody whom a chapter reaches out to. kind: one of REACHED, or empty."""

    name: str
    office: str
    kind: str
    email: str
    phone: str


@dataclass(frozen=True, slots=True)
class Mine:
    """What a member's own page shows besides. done: of KINDS; chapters: contacts, in their order."""

    done: frozenset[str]
    chapters: tuple[int, ...]


def public(client: CiviClient, number: int) -> Alert | None:
    """The alert, when members may read it; None for any other, as for one that does not exist."""
    entity, action, params = call(ids=[number])
    found = read(client.api4(entity, action, **params))
    return next((alert for alert in found if alert.state in PUBLIC), None)


def member(client: CiviClient, contact: str, checksum: str) -> int:
    """Whose personal link it is: a living contact, or who it was merged into. One request.

    0 for a link that is not genuine, has run out or is nobody's any more.
    """
    if not (contact.isdecimal() and len(contact) < 10 and 0 < len(checksum) < 200):
        return 0
    number = int(contact)
    where = [["id", "=", number], ["is_deleted", "IN", [True, False]]]
    calls: dict[str, Call] = {
        "good": ("Contact", "validateChecksum", {"contactId": number, "checksum": checksum}),
        "there": ("Contact", "get", {"select": ["id", "is_deleted"], "where": where}),
        "merged": ("Contact", "getMergedTo", {"contactId": number}),
    }
    found = client.multi(calls)
    if not (found["good"] and found["good"][0]["valid"]):
        return 0
    if found["there"] and not found["there"][0]["is_deleted"]:
        return number
    merged = found["merged"]
    return int(merged[0]["id"]) if merged and merged[0] and merged[0].get("id") else 0


def mine(client: CiviClient, alert: int, contact: int) -> Mine:
    """What a member said they did after an alert, and their chapters. One request."""
    tied = [
        ["contact_id_a", "=", contact],
        ["relationship_type_id:name", "IN", list(_MEMBER)],
        ["is_active", "=", True],
    ]
    chapters: Call = ("Relationship", "get", {"select": ["contact_id_b"], "where": tied})
    found = client.multi({"chapters": chapters, "done": _actions(alert, contact)})
    return Mine(_kinds(found["done"]), tuple(sorted({int(row["contact_id_b"]) for row in found["chapters"]})))


def reach(client: CiviClient, chapters: Iterable[int]) -> list[Reach]:
    """Whom these chapters reach out to. One request, and none for no chapter."""
    ids = list(chapters)
    if not ids:
        return []
    fields = ("display_name", "job_title", "Solidarity_Outreach.Kind", "email_primary.email", "phone_primary.phone")
    theirs = [["contact_id_b", "IN", ids], ["relationship_type_id:name", "=", "Outreach_Contact"]]
    theirs += [["is_active", "=", True], ["contact_id_a.is_deleted", "=", False]]
    select = ["contact_id_a", *(f"contact_id_a.{name}" for name in fields)]
    rows = client.api4("Relationship", "get", select=select, where=theirs, orderBy={"contact_id_a.sort_name": "ASC"})
    once = {int(row["contact_id_a"]): row for row in rows}
    return [Reach(*(str(row[f"contact_id_a.{name}"] or "") for name in fields)) for row in once.values()]


def note(client: CiviClient, store: Store, secret: str, alert: Alert, contact: int, kind: str) -> bool:
    """Keep that a member did something: once for each alert and kind, however often it is clicked.

    Returns False when it was kept already, or is being kept right now by the same click in another window.
    """
    name = hmac.digest(secret.encode(), f"action {alert.id} {contact} {kind}".encode(), "sha256").hex()[:32]
    with given_back(store, _SECONDS) as leases:
        if leases.take(f"action {name}"):
            return False
        entity, action, params = _actions(alert.id, contact)
        if kind in _kinds(client.api4(entity, action, **params)):
            return False
        values = {
            "activity_type_id:name": ACTION,
            "source_contact_id": contact,
            "status_id:name": "Completed",
            "subject": f"After alert {alert.id}",
            f"{ACTION}.Alert": alert.id,
            f"{ACTION}.Kind": kind,
        }
        try:
            client.api4("Activity", "create", values=values)
        except AlreadyExists:
            return False
        return True


def _kinds(rows: Iterable[Row]) -> frozenset[str]:
    return frozenset(str(row[f"{ACTION}.Kind"]) for row in rows)


def _actions(alert: int, contact: int) -> Call:
    where = [["activity_type_id:name", "=", ACTION], ["is_deleted", "=", False]]
    where += [[f"{ACTION}.Alert", "=", alert], ["source_contact_id", "=", contact]]
    return ("Activity", "get", {"select": [f"{ACTION}.Kind"], "where": where})
