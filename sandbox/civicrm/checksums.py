"""Contact.getChecksum and validateChecksum: what lets a contact in by a link in a mail, without a password.

A checksum is `hash_moment_hours`, made from the contact's own secret; an administrator may make one, most may check it.
"""

import hashlib
import hmac
import time
from typing import Any

from sandbox.civicrm.site import Call


def make(call: Call, params: dict[str, Any]) -> list[dict[str, str]]:
    """A checksum for so many hours."""
    moment, hours = int(time.time()), int(params.get("ttl") or 168)
    return [{"id": params["contactId"], "checksum": f"{_hash(params['contactId'], moment, hours)}_{moment}_{hours}"}]


def validate(call: Call, params: dict[str, Any]) -> list[dict[str, bool]]:
    """True for one that was made for this contact and has not run out."""
    given, _, rest = str(params.get("checksum") or "").partition("_")
    moment, _, hours = rest.partition("_")
    if not (moment.isdigit() and hours.isdigit()):
        return [{"valid": False}]
    is_right = hmac.compare_digest(given, _hash(params["contactId"], int(moment), int(hours)))
    return [{"valid": is_right and time.time() < int(moment) + 3600 * int(hours)}]


def _hash(contact: Any, moment: int, hours: int) -> str:
    return hashlib.sha256(f"sandbox {int(contact)} {moment} {hours}".encode()).hexdigest()[:32]
