"""Signed values in forms and mails: the number of a form, whose pledge a link names, whose portal a mail opens."""

import hashlib
import secrets
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from itsdangerous import BadData, URLSafeTimedSerializer

from connector import clock
from connector.civicrm.client import CiviClient
from connector.errors import UserError
from connector.money import cents
from connector.store import Store, used_links
from connector.webhooks import accounts, ledger
from connector.webhooks.fund import Asking
from connector.webhooks.instalments import OPEN

# How long a form may lie open, and a link in a mail may wait, in seconds. Stripe knows an idempotency key for a day.
FORM_SECONDS = 12 * 3600
MAIL_SECONDS = 30 * 60


@dataclass(frozen=True, slots=True)
class PledgeLink:
    """Whose pledge a gift is for. CiviCRM's checksum proved it when the form was made."""

    pledge: int
    contact: int


class Signer:
    """Signs values under CONNECTOR_SECRET_KEY, each for one purpose."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def sign(self, purpose: str, value: Any) -> str:
        """The value as a text that nobody can change."""
        return self._for(purpose).dumps(value)

    def read(self, purpose: str, text: str, seconds: int) -> Any:
        """The value, or None when we did not sign it, or too long ago."""
        try:
            return self._for(purpose).loads(text, max_age=seconds)
        except BadData:
            return None

    def form(self) -> str:
        """The number of a new form."""
        return self.sign("form", secrets.token_hex(12))

    def _for(self, purpose: str) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self._secret, salt=f"solidarity {purpose}")


def use(store: Store, text: str) -> bool:
    """True the first time that this link is used."""
    key = hashlib.sha256(text.encode()).hexdigest()
    try:
        store.write(sa.insert(used_links).values(key=key, at=clock.now()))
    except sa.exc.IntegrityError:
        return False
    return True


def pledge_of(
    client: CiviClient, asking: Asking, pledge: str, contact: str, checksum: str
) -> tuple[PledgeLink, Decimal]:
    """The pledge that a personal link names, and its next open instalment.

    Raises UserError when the link is not genuine or has run out, or when the pledge cannot be paid here; what the door
    to CiviCRM raises.
    """
    if not (pledge.isdecimal() and contact.isdecimal() and len(pledge) < 10 and len(contact) < 10):
        raise UserError("no numbers", next_step="-")
    number, whose = int(pledge), int(contact)
    rows = client.api4("Contact", "validateChecksum", contactId=whose, checksum=checksum)
    if not rows or not rows[0]["valid"]:
        raise UserError("not genuine", next_step="-")
    found = client.multi(
        {
            "pledge": (
                "Pledge",
                "get",
                {
                    "select": ["currency", "status_id:name"],
                    "where": [["id", "=", number], ["contact_id", "=", whose], ledger.TEST_TOO],
                },
            ),
            "due": (
                "PledgePayment",
                "get",
                {
                    "select": ["scheduled_amount"],
                    "where": [["pledge_id", "=", number], ["status_id:name", "IN", sorted(OPEN)]],
                    "orderBy": {"scheduled_date": "ASC", "id": "ASC"},
                    "limit": 1,
                },
            ),
        }
    )
    (there, due) = (found["pledge"], found["due"])
    if (
        not there
        or there[0]["status_id:name"] == accounts.CANCELLED
        or there[0]["currency"] != asking.currency
        or not due
    ):
        raise UserError("cannot be paid here", next_step="-")
    return PledgeLink(number, whose), cents(str(due[0]["scheduled_amount"]))
