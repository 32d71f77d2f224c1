"""The site's mail run: jobs that are due become real mails by SMTP, and what becomes of each is counted.

The traps are CiviCRM's: a server that refuses every mail makes bounces of them, and the mailing is Complete all the
same; a server that is not there leaves it Running for the next run.
"""

import re
import secrets
import smtplib
from collections.abc import Mapping
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

from sandbox.civicrm import checksums, dates
from sandbox.civicrm.site import Call, Caller, Site
from sandbox.civicrm.store import Row

_TOKEN = re.compile(r"\{([a-z_]+)\.([A-Za-z_.:]+)\}")


class NotConnected(Exception):
    """The mail server does not answer at all."""


def run(site: Site) -> int:
    """Send what is due. Returns how many mails were tried; raises NotConnected."""
    now, tried = dates.now(), 0
    jobs = site.table("MailingJob")
    for job in sorted(jobs, key=lambda one: one["id"]):
        if job["status"] not in ("Scheduled", "Running") or str(job["scheduled_date"]) > now:
            continue
        mailing = site.table("Mailing").rows[job["mailing_id"]]
        if job["status"] == "Scheduled":
            jobs.update(job, {"status": "Running", "start_date": now})
            queued = _queue(site, mailing)
            site.table("Mailing").update(
                mailing, {"status": "Running", "start_date": now, "stats_intended_recipients": queued}
            )
        tried += _send_queued(site, mailing)
        jobs.update(job, {"status": "Complete", "end_date": dates.now()})
        site.table("Mailing").update(mailing, {"status": "Complete", "end_date": dates.now()})
    return tried


def _queue(site: Site, mailing: Row) -> int:
    """Noted recipients who may be mailed now: an opt-out after the submission counts, having left a group does not."""
    queue = site.table("MailingQueue")
    for row in site.table("MailingRecipient").find("mailing_id", mailing["id"]):
        email = address_of(site, row["contact_id"])
        if email is not None:
            values = {"contact_id": row["contact_id"], "email_id": email["id"], "state": "waiting"}
            queue.insert({"mailing_id": mailing["id"], "hash": secrets.token_hex(8), **values})
    return len(queue.find("mailing_id", mailing["id"]))


def _send_queued(site: Site, mailing: Row) -> int:
    tried = 0
    for row in site.table("MailingQueue").find("mailing_id", mailing["id"]):
        if row["state"] != "waiting":
            continue
        email = site.table("Email").rows[row["email_id"]]
        code = send(site, mailing, row["contact_id"], email["email"], queue=row)
        is_good = code == 250
        site.table("MailingQueue").update(row, {"state": "delivered" if is_good else "bounced"})
        count = "stats_successful" if is_good else "stats_bounces"
        site.table("Mailing").update(mailing, {count: (mailing.get(count) or 0) + 1})
        if code == 550:
            site.table("Email").update(email, {"on_hold": 1})
        tried += 1
    return tried


def address_of(site: Site, contact: int) -> Row | None:
    """The address that CiviMail takes, if the person may be mailed."""
    person = site.table("Contact").get(contact)
    if person is None or any(person.get(flag) for flag in ("is_opt_out", "do_not_email", "is_deceased", "is_deleted")):
        return None
    rows = site.table("Email").find("contact_id", contact)
    good = [row for row in rows if row.get("email") and not int(row.get("on_hold") or 0)]
    usable = [row for row in good if row.get("is_primary") or row.get("is_bulkmail")]
    return max(usable, key=lambda row: bool(row.get("is_bulkmail")), default=None)


def contact_with(site: Site, address: str) -> int:
    """Whose address it is; a new contact where nobody has it."""
    for row in site.table("Email"):
        if str(row.get("email")).lower() == address.lower():
            return int(row["contact_id"])
    made = site.table("Contact").insert({"contact_type": "Individual", "display_name": address, "is_deleted": False})
    site.table("Email").insert({"contact_id": made["id"], "email": address, "is_primary": True, "on_hold": 0})
    return int(made["id"])


def send(site: Site, mailing: Row, contact: int, address: str, *, queue: Row | None = None, subject: str = "") -> int:
    """Hand one mail over; the server's code. Raises NotConnected."""
    mail = EmailMessage()
    mail["From"] = f"{mailing['from_name']} <{mailing['from_email']}>"
    mail["To"] = address
    mail["Subject"] = rendered(site, mailing, subject or str(mailing["subject"]), contact, queue)
    mail["Precedence"] = "bulk"
    leave = _url(site, mailing, "unsubscribe", queue)
    mail["List-Unsubscribe"] = f"<{leave}>"
    mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(rendered(site, mailing, str(mailing.get("body_text") or " "), contact, queue))
    mail.add_alternative(rendered(site, mailing, str(mailing["body_html"]), contact, queue), subtype="html")
    at = urlsplit(site.smtp)
    try:
        with smtplib.SMTP(at.hostname or "127.0.0.1", at.port or 25, timeout=10) as session:
            return _hand_over(session, str(mailing["from_email"]), address, mail)
    except (ConnectionError, smtplib.SMTPServerDisconnected, smtplib.SMTPConnectError):
        raise NotConnected from None


def _hand_over(session: smtplib.SMTP, sender: str, address: str, mail: EmailMessage) -> int:
    session.ehlo_or_helo_if_needed()
    code = session.mail(sender)[0]
    if code == 250:
        code = session.rcpt(address)[0]
    if code == 250:
        code = session.data(mail.as_bytes())[0]
    return code


def rendered(site: Site, mailing: Row, text: str, contact: int, queue: Row | None) -> str:
    """A text with its tokens filled in; one that CiviCRM does not know stays as it is."""
    person = site.table("Contact").get(contact) or {}
    domain: Mapping[str, Any] = {"name": "Default Domain Name", "address": "1 Example Street<br />\nGeneva"}

    def value(found: re.Match[str]) -> str:
        whose, name = found[1], found[2]
        if whose == "contact" and name == "checksum":
            made = checksums.make(Call(site, Caller(None, frozenset())), {"contactId": contact})
            return f"cs={made[0]['checksum']}"
        if whose == "contact":
            return str(person.get("id" if name == "contact_id" else name) or "")
        if whose == "domain":
            return str(domain.get(name, ""))
        if whose == "action":
            return _url(site, mailing, name.removesuffix("Url").lower(), queue)
        return found[0]

    return _TOKEN.sub(value, text)


def _url(site: Site, mailing: Row, page: str, queue: Row | None) -> str:
    job, number, hash_ = (mailing["id"], queue["id"], queue["hash"]) if queue else ("", "", "fakehash")
    return f"{site.url}/civicrm/mailing/{page}?reset=1&jid={job}&qid={number}&h={hash_}"
