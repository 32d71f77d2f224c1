"""Writes an alert that somebody tells on the phone: the same activity that the form makes."""

from collections.abc import Sequence

from connector.alerts.activities import ALERT
from connector.civicrm.client import CiviClient
from connector.errors import UserError


def write(
    client: CiviClient,
    *,
    author: int,
    state: str,
    audience: Sequence[int],
    kind: str,
    community: str,
    subject: str,
    what: str,
    ask: str,
    where: str = "",
    when: str = "",
    link: str = "",
) -> int:
    """Make the alert and return its number. Raises UserError when its author is no living contact."""
    there = client.api4("Contact", "get", select=["id"], where=[["id", "=", author], ["is_deleted", "=", False]])
    if not there:
        raise UserError(
            f"There is no contact {author}.", next_step="give the number of whoever tells it; CiviCRM shows it as cid."
        )
    own = {
        "Kind": kind,
        "Community": community,
        "Audience": list(audience),
        "Place": where,
        "Happened": when,
        "Body": what,
        "Ask": ask,
        "Ask_Link": link,
        "Language": "en",
        "State": state,
    }
    values = {f"{ALERT}.{name}": value for name, value in own.items() if value}
    common = {"activity_type_id:name": ALERT, "source_contact_id": author, "subject": subject}
    made = client.api4("Activity", "create", values=common | values)
    return int(made[0]["id"])
