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

QUEUE = "MailingEventQueue"
DELIVERED, BOUNCE, UNSUBSCRIBE = EVENTS = "MailingEventDelivered", "MailingEventBounce", "MailingEventUnsubscribe"
_TOKEN = re.compile(r"\{([a-z_]+)\.([A-Za-z_.:]+)\}")
_NO_MAIL = ("is_opt_out", "do_not_email", "is_deceased", "is_deleted")


class NotConnected(Exception):
    """The mail server does not answer at all."""


def run(site: Site) -> int:
    """Send what is due. Returns how many mails were tried; raises NotConnected."""
    now, tried = dates.now(), 0
    for own in site.table("Job"):
        site.table("Job").update(own, {"last_run": now})
    jobs = site.table("MailingJob")
    due = [job for job in jobs if job["status"] in ("Scheduled", "Running") and str(job["scheduled_date"]) <= now]
    for job in due:
        if job["status"] == "Scheduled":
            _queue(site, job)
            _move(site, job, "Running", start_date=now)
    for job in due:
        try:
            tried += _send_queued(site, job)
        finally:
            count(site, job["mailing_id"])
        _move(site, job, "Complete", end_date=dates.now())
    return tried


def _move(site: Site, job: Row, status: str, **when: str) -> None:
    site.table("MailingJob").update(job, {"status": status, **when})
    site.table("Mailing").update(site.table("Mailing").rows[job["mailing_id"]], {"status": status, **when})


def _queue(site: Site, job: Row) -> None:
    """Noted recipients who may still be mailed, at the noted address. Having left a group since then does not count."""
    for row in site.table("MailingRecipient").find("mailing_id", job["mailing_id"]):
        email = site.table("Email").get(row["email_id"])
        if email is not None and not int(email.get("on_hold") or 0) and may_be_mailed(site, row["contact_id"]):
            queue(site, job, row["contact_id"], email["id"])


def queue(site: Site, job: Row, contact: int, email: int) -> Row:
    """A mail to be sent; its hash is what the links in it are worth."""
    values = {"mailing_id": job["mailing_id"], "job_id": job["id"], "is_test": job["is_test"]}
    values |= {"contact_id": contact, "email_id": email, "hash": secrets.token_hex(8)}
    return site.table(QUEUE).insert(values)


def _send_queued(site: Site, job: Row) -> int:
    tried = 0
    for row in site.table(QUEUE).find("job_id", job["id"]):
        done = any(site.table(name).find("event_queue_id", row["id"]) for name in (DELIVERED, BOUNCE))
        gone = site.table("Email").get(row["email_id"]) is None
        if not done and not gone and not site.table("Contact").rows[row["contact_id"]].get("is_opt_out"):
            deliver(site, row)
            tried += 1
    return tried


def deliver(site: Site, queued: Row, *, mark: str = "") -> Row | None:
    """Send one mail, and note what became of it; None when it bounced. mark: what stands before its subject."""
    mailing, email = (site.table(n).rows[queued[k]] for n, k in (("Mailing", "mailing_id"), ("Email", "email_id")))
    code = _send(site, mailing, email["email"], queued, mark)
    event = {"event_queue_id": queued["id"], "time_stamp": dates.now()}
    if code == 250:
        return site.table(DELIVERED).insert(event)
    site.table(BOUNCE).insert({**event, "bounce_reason": f"code: {code}"})
    if code == 550:
        site.table("Email").update(email, {"on_hold": 1})
    return None


def count(site: Site, mailing: int) -> None:
    """The figures of a mailing as they are now; a reader who leaves twice counts once, and tests do not count."""
    rows = [row for row in site.table(QUEUE).find("mailing_id", mailing) if not row["is_test"]]
    found = {name: [e for row in rows for e in site.table(name).find("event_queue_id", row["id"])] for name in EVENTS}
    left = {(one["event_queue_id"], one["org_unsubscribe"]) for one in found[UNSUBSCRIBE]}
    figures = {
        "stats_intended_recipients": len(rows),
        "stats_successful": len(found[DELIVERED]),
        "stats_bounces": len(found[BOUNCE]),
        "stats_unsubscribes": sum(not is_all for _, is_all in left),
        "stats_optouts": sum(is_all for _, is_all in left),
    }
    site.table("Mailing").update(site.table("Mailing").rows[mailing], figures)


def may_be_mailed(site: Site, contact: int) -> bool:
    """Whether the person lives, is in no trash, and wants mail."""
    person = site.table("Contact").get(contact)
    return person is not None and not any(person.get(flag) for flag in _NO_MAIL)


def address_of(site: Site, contact: int) -> Row | None:
    """The address that CiviMail takes, if the person may be mailed."""
    rows = site.table("Email").find("contact_id", contact) if may_be_mailed(site, contact) else []
    good = [row for row in rows if row.get("email") and not int(row.get("on_hold") or 0)]
    usable = [row for row in good if row.get("is_primary") or row.get("is_bulkmail")]
    return max(usable, key=lambda row: bool(row.get("is_bulkmail")), default=None)


def email_with(site: Site, address: str) -> Row:
    """The row of an address; of a new contact where nobody outside the trash has it."""
    for row in site.table("Email").find("email", address):
        if not site.table("Contact").rows[row["contact_id"]].get("is_deleted"):
            return row
    made = site.table("Contact").insert({"contact_type": "Individual", "display_name": address, "is_deleted": False})
    return site.table("Email").insert({"contact_id": made["id"], "email": address, "is_primary": True, "on_hold": 0})


def _send(site: Site, mailing: Row, address: str, queued: Row, mark: str) -> int:
    """Hand one mail over; the server's code. Raises NotConnected."""
    contact = queued["contact_id"]
    mail = EmailMessage()
    mail["From"] = f"{mailing['from_name']} <{mailing['from_email']}>"
    mail["Reply-To"] = mailing["replyto_email"]
    mail["To"] = address
    mail["Subject"] = mark + rendered(site, str(mailing["subject"]), contact, queued)
    mail["Precedence"] = "bulk"
    mail["List-Unsubscribe"] = f"<{_url(site, 'unsubscribe', queued)}>"
    mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(rendered(site, str(mailing.get("body_text") or " "), contact, queued))
    mail.add_alternative(rendered(site, str(mailing.get("body_html") or ""), contact, queued), subtype="html")
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


def rendered(site: Site, text: str, contact: int, queued: Row | None) -> str:
    """A text with its tokens filled in; one that CiviCRM does not know stays as it is. queued: None in a preview."""
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
            return _url(site, name.removesuffix("Url").lower(), queued)
        return found[0]

    return _TOKEN.sub(value, text)


def _url(site: Site, page: str, queued: Row | None) -> str:
    job, number, hash_ = (queued["job_id"], queued["id"], queued["hash"]) if queued else ("", "", "fakehash")
    return f"{site.url}/civicrm/mailing/{page}?reset=1&jid={job}&qid={number}&h={hash_}"
