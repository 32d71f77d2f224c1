"""What members do after an alert: who they are by their personal link, whom they can reach, and what they say they did.

Nothing is known of who comes without a link, and nothing of them is kept.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from connector.alerts.activities import PUBLIC, Alert, call, read
from connector.civicrm.client import Call, CiviClient
from connector.errors import AlreadyExists, TransientError
from connector.leases import given_back
from connector.store import Store

ACTION = "Solidarity_Action"
# What can be done, in the order in which it is offered; as mappings/setup.toml names them.
KINDS = ("asked", "official", "media", "faith", "community", "shared")
REACHED = ("official", "media", "faith", "community")
_MEMBER = ("Chapter_Member", "Chapter_Coordinator")
_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Reach:
    """Somebody whom a chapter reaches out to. kind: one of REACHED, or empty."""

    name: str
    office: str
    kind: str
    email: str
    phone: str


def public(client: CiviClient, number: int) -> Alert | None:
    """The alert, when members may read it; None for any other, as for one that does not exist."""
    entity, action, params = call(ids=[number])
    found = read(client.api4(entity, action, **params))
    return next((alert for alert in found if alert.state in PUBLIC), None)


def member(client: CiviClient, contact: str, checksum: str) -> int:
    """Whose personal link it is: a living contact, or 0 for a link that is not genuine, has run out or is nobody's."""
    if not (contact.isdecimal() and len(contact) < 10 and 0 < len(checksum) < 200):
        return 0
    rows = client.api4("Contact", "validateChecksum", contactId=int(contact), checksum=checksum)
    return living(client, int(contact)) if rows and rows[0]["valid"] else 0


def living(client: CiviClient, contact: int) -> int:
    """The contact, or who it was merged into; 0 when there is none any more."""
    where = [["id", "=", contact], ["is_deleted", "IN", [True, False]]]
    calls: dict[str, Call] = {
        "there": ("Contact", "get", {"select": ["id", "is_deleted"], "where": where}),
        "merged": ("Contact", "getMergedTo", {"contactId": contact}),
    }
    found = client.multi(calls)
    if found["there"] and not found["there"][0]["is_deleted"]:
        return contact
    merged = found["merged"]
    return int(merged[0]["id"]) if merged and merged[0] and merged[0].get("id") else 0


def reach(client: CiviClient, contact: int) -> list[Reach]:
    """Whom the member's own chapters reach out to. Two requests."""
    mine = [
        ["contact_id_a", "=", contact],
        ["relationship_type_id:name", "IN", list(_MEMBER)],
        ["is_active", "=", True],
    ]
    chapters = client.api4("Relationship", "get", select=["contact_id_b"], where=mine)
    ids = sorted({int(row["contact_id_b"]) for row in chapters})
    if not ids:
        return []
    fields = ("display_name", "job_title", "Solidarity_Outreach.Kind", "email_primary.email", "phone_primary.phone")
    theirs = [["contact_id_b", "IN", ids], ["relationship_type_id:name", "=", "Outreach_Contact"]]
    theirs += [["is_active", "=", True], ["contact_id_a.is_deleted", "=", False]]
    select = ["contact_id_a", *(f"contact_id_a.{name}" for name in fields)]
    rows = client.api4("Relationship", "get", select=select, where=theirs, orderBy={"contact_id_a.sort_name": "ASC"})
    once = {int(row["contact_id_a"]): row for row in rows}
    return [Reach(*(str(row[f"contact_id_a.{name}"] or "") for name in fields)) for row in once.values()]


def done(client: CiviClient, alert: int, contact: int) -> frozenset[str]:
    """Which kinds a member said they did."""
    entity, action, params = _actions(alert, [["source_contact_id", "=", contact]])
    return frozenset(str(row[f"{ACTION}.Kind"]) for row in client.api4(entity, action, **params))


def note(client: CiviClient, store: Store, secret: str, alert: Alert, contact: int, kind: str) -> bool:
    """Keep that a member did something: once for each alert and kind, however often it is clicked.

    Returns False when it was kept already. Raises TransientError when the same click is being kept right now.
    """
    name = hmac.digest(secret.encode(), f"action {alert.id} {contact} {kind}".encode(), "sha256").hex()[:32]
    with given_back(store, _SECONDS) as leases:
        if leases.take(f"action {name}"):
            raise TransientError("The same click is being kept right now.", next_step="-")
        if kind in done(client, alert.id, contact):
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


def _actions(alert: int, more: Iterable[object]) -> Call:
    where = [["activity_type_id:name", "=", ACTION], ["is_deleted", "=", False], [f"{ACTION}.Alert", "=", alert], *more]
    return ("Activity", "get", {"select": ["source_contact_id", f"{ACTION}.Kind"], "where": where})
