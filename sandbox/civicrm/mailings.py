"""CiviMail: mailings from draft to submission, who gets them, and the tests. What sends them is mail_run.py.

Recipients are noted when a mailing is submitted and not looked for again: who leaves a group after that still gets it.
Only an opt-out, or an address on hold, counts until the mail itself.
"""

import re
from typing import Any

from sandbox.civicrm import dates, groups_of, mail_run
from sandbox.civicrm.errors import ApiError
from sandbox.civicrm.site import Call, Site
from sandbox.civicrm.store import Row
from sandbox.civicrm.values import Record
from sandbox.civicrm.writing import Rules

HEADER, FOOTER = 1, 2  # the components that a fresh site has
COUNTS = (
    *("intended_recipients", "successful", "bounces", "opens_unique", "clicks_unique"),
    *("unsubscribes", "optouts", "replies"),
)
# What every mail has to hold, by the name under which CiviMail tells that it is missing.
_WANTED = {
    "domain.address": r"\{domain\.address\}",
    "action.optOutUrl or action.unsubscribeUrl": r"\{action\.(optOut|unsubscribe)(Url)?\}",
}


def _before(call: Call, entity: str, record: Record, old: Row | None) -> None:
    values = record.core
    values.pop("status", None)  # only submitting moves it
    values["modified_date"] = dates.now()
    if old is not None:
        return
    default = call.site.table("SiteEmailAddress").first(is_default=True) or {}
    values.setdefault("from_name", default.get("display_name"))
    values.setdefault("from_email", default.get("email"))
    values.setdefault("header_id", HEADER)
    values.setdefault("footer_id", FOOTER)
    values |= {"status": "Draft", "created_id": call.caller.contact_id, "domain_id": 1}
    values |= {f"stats_{name}": 0 for name in COUNTS}


def _removed(call: Call, row: Row, params: dict[str, Any]) -> None:
    for entity in ("MailingGroup", "MailingJob", "MailingRecipient", "MailingQueue"):
        table = call.site.table(entity)
        for one in table.find("mailing_id", row["id"]):
            table.delete(one)


RULES = Rules(before=_before, remove=_removed)


def submit(call: Call, params: dict[str, Any]) -> list[Row]:
    """Give a mailing to the next run. A second time changes nothing."""
    mailing = _named(call.site, params["id"])
    when = params["scheduled_date"]
    if missing := _missing(mailing):
        told = f"Mailing cannot be sent. There are missing or invalid fields ({', '.join(missing)})."
        raise ApiError(told)
    jobs = call.site.table("MailingJob")
    if mailing["status"] == "Draft":
        note_recipients(call.site, mailing)
        moment = dates.read_naive(when, call.zone)
        values = {"status": "Scheduled", "scheduled_date": moment, "scheduled_id": call.caller.contact_id}
        call.site.table("Mailing").update(mailing, values)
        jobs.insert({"mailing_id": mailing["id"], "scheduled_date": moment, "status": "Scheduled", "is_test": False})
    return [mailing]


def _missing(mailing: Row) -> list[str]:
    found = [] if mailing.get("subject") else ["subject"]
    for field in ("body_html", "body_text"):
        body = str(mailing.get(field) or "")
        if body or field == "body_html":
            found += [f"{field}:{name}" for name, token in _WANTED.items() if not re.search(token, body)]
    return found


def note_recipients(site: Site, mailing: Row) -> None:
    """Who gets it, by its groups, as of now."""
    table = site.table("MailingRecipient")
    for row in table.find("mailing_id", mailing["id"]):
        table.delete(row)
    rows = site.table("MailingGroup").find("mailing_id", mailing["id"])
    found = _people(site, [row for row in rows if row["group_type"] == "Include"])
    found -= _people(site, [row for row in rows if row["group_type"] == "Exclude"])
    seen: set[str] = set()
    for contact in sorted(found):
        email = mail_run.address_of(site, contact)
        if email is None or (mailing.get("dedupe_email") and email["email"].lower() in seen):
            continue
        seen.add(email["email"].lower())
        table.insert({"mailing_id": mailing["id"], "contact_id": contact, "email_id": email["id"]})


def _people(site: Site, rows: list[Row]) -> set[int]:
    groups = {int(row["entity_id"]) for row in rows if row["entity_table"] == "civicrm_group"}
    others = {int(row["entity_id"]) for row in rows if row["entity_table"] == "civicrm_mailing"}
    noted = {row["contact_id"] for row in site.table("MailingRecipient") if row["mailing_id"] in others}
    return (groups_of.members(site, groups) if groups else set()) | noted


def recipients(call: Call, params: dict[str, Any]) -> list[Row]:
    """v3 MailingRecipients.get."""
    rows = call.site.table("MailingRecipient").find("mailing_id", int(params["mailing_id"]))
    limit = int((params.get("options") or {}).get("limit", 25))
    return rows[:limit] if limit else rows


def send_test(call: Call, params: dict[str, Any]) -> list[Row]:
    """Send it at once to some addresses, marked as a draft. An address that nobody has becomes a contact."""
    mailing = _named(call.site, params["mailing_id"])
    found = []
    for address in filter(None, (one.strip() for one in str(params.get("test_email") or "").split(","))):
        contact = mail_run.contact_with(call.site, address)
        mail_run.send(call.site, mailing, contact, address, subject=f"[CiviMail Draft] {mailing['subject']}")
        found.append({"id": contact, "contact_id": contact, "email": address})
    return found


def preview(call: Call, params: dict[str, Any]) -> Row:
    """A mailing as one contact would see it."""
    mailing = _named(call.site, params["id"])
    contact = int(params.get("contact_id") or call.caller.contact_id or 0)
    bodies = {name: str(mailing.get(name) or "") for name in _SHOWN}
    shown = {name: mail_run.rendered(call.site, mailing, text, contact, None) for name, text in bodies.items()}
    return {"id": mailing["id"], "contact_id": contact, **shown}


_SHOWN = ("subject", "body_html", "body_text")


def _named(site: Site, number: Any) -> Row:
    mailing = site.table("Mailing").get(int(number))
    if mailing is None:
        raise ApiError(f"Could not find Mailing with ID: {number}")
    return mailing
