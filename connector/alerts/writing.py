"""Writes an alert that somebody tells on the phone: the same activity that the form makes."""

from collections.abc import Sequence

from connector.alerts.activities import ALERT, AUDIENCE
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
    """Make the alert and return its number. Raises UserError for too many groups and for no such author."""
    if len(audience) > len(AUDIENCE):
        what = f"An alert goes to {len(AUDIENCE)} groups at most."
        raise UserError(what, next_step="name a group that stands above them, such as solidarity_network.")
    there = client.api4("Contact", "get", select=["id"], where=[["id", "=", author], ["is_deleted", "=", False]])
    if not there:
        raise UserError(
            f"There is no contact {author}.", next_step="give the number of whoever tells it; CiviCRM shows it as cid."
        )
    own = {
        "Kind": kind,
        "Community": community,
        **dict(zip(AUDIENCE, audience, strict=False)),
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
