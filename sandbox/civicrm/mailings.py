"""CiviMail: mailings from draft to submission, who gets them, and the tests. What sends them is mail_run.py.

Recipients are noted when a mailing is submitted and not looked for again: who leaves a group after that still gets it.
Only what stands at the person and at the noted address (an opt-out, the trash, on hold) counts until the mail itself.
"""

import re
from typing import Any

from sandbox.civicrm import dates, groups_of, mail_run, smart
from sandbox.civicrm.errors import ApiError
from sandbox.civicrm.site import Call, Site
from sandbox.civicrm.store import Row, Table
from sandbox.civicrm.values import Record
from sandbox.civicrm.writing import Rules

HEADER, FOOTER = 1, 2  # the components that a fresh site has
COUNTS = (
    *("intended_recipients", "successful", "bounces", "opens_unique", "clicks_unique"),
    *("unsubscribes", "optouts", "replies"),
)
_FIELDS = ("subject", "name", "from_name", "from_email")
_BODIES = ("body_html", "body_text")
# What every body has to hold, by the name under which CiviMail tells that it is missing.
_TOKENS = {
    "domain.address": r"\{domain\.address\}",
    "action.optOutUrl or action.unsubscribeUrl": r"\{action\.(optOut|unsubscribe)(Url)?\}",
}


class CannotSend(ApiError):
    """A mailing lacks something. fields: what → why."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(f"Mailing cannot be sent. There are missing or invalid fields ({','.join(fields)}).")
        self.fields = fields


def _before(call: Call, entity: str, record: Record, old: Row | None) -> None:
    values = record.core
    values["modified_date"] = dates.now()
    if old is not None:
        return
    default = call.site.table("SiteEmailAddress").first(is_default=True) or {}
    values.setdefault("from_name", default.get("display_name"))
    for name in ("from_email", "replyto_email"):
        values.setdefault(name, default.get("email"))
    values.setdefault("header_id", HEADER)
    values.setdefault("footer_id", FOOTER)
    values.setdefault("status", "Draft")
    values |= {"created_id": call.caller.contact_id, "domain_id": 1}
    values |= {f"stats_{name}": 0 for name in COUNTS}


def _removed(call: Call, row: Row, params: dict[str, Any]) -> None:
    for queued in call.site.table(mail_run.QUEUE).find("mailing_id", row["id"]):
        for name in mail_run.EVENTS:
            _empty(call.site.table(name), "event_queue_id", queued["id"])
    for name in (mail_run.QUEUE, "MailingGroup", "MailingJob", "MailingRecipient"):
        _empty(call.site.table(name), "mailing_id", row["id"])


def _empty(table: Table, column: str, value: int) -> None:
    for row in table.find(column, value):
        table.delete(row)


RULES = Rules(before=_before, remove=_removed)


def submit(call: Call, params: dict[str, Any]) -> list[Row]:
    """Give a mailing to the next run. A second time moves its day and notes anew who gets it; once it is through, it
    goes out again.
    """
    mailing, moment = _named(call.site, params["id"]), dates.read_naive(params["scheduled_date"], call.zone)
    if missing := _missing(mailing):
        raise CannotSend(missing)
    values = {"status": "Scheduled", "scheduled_date": moment, "scheduled_id": call.caller.contact_id}
    if approved := params.get("approval_date"):
        values |= {"approval_date": dates.read_naive(approved, call.zone), "approver_id": call.caller.contact_id}
    call.site.table("Mailing").update(mailing, values)
    jobs = call.site.table("MailingJob")
    waiting = [job for job in jobs.find("mailing_id", mailing["id"]) if job["status"] == "Scheduled"]
    for job in waiting:
        jobs.update(job, {"scheduled_date": moment})
    if not waiting:
        jobs.insert({"mailing_id": mailing["id"], "scheduled_date": moment, "status": "Scheduled", "is_test": False})
    for row in call.site.table("MailingGroup").find("mailing_id", mailing["id"]):
        if row["entity_table"] == "civicrm_group":
            smart.refresh(call.site, int(row["entity_id"]))
    note_recipients(call.site, mailing)
    return [mailing]


def _missing(mailing: Row) -> dict[str, str]:
    found = {name: f'Field "{name}" is required.' for name in _FIELDS if not mailing.get(name)}
    if not any(mailing.get(name) for name in _BODIES):
        found["(body_html|body_text)"] = 'Field "body_html" or "body_text" is required.'
    for field in _BODIES if mailing.get("footer_id") is None else ():  # a fresh site's own footer has them all
        body = str(mailing.get(field) or "")
        for name, token in _TOKENS.items():
            if body and not re.search(token, body):
                found[f"{field}:{name}"] = f"This message is missing a required token - {{{name}}}"
    return found


def note_recipients(site: Site, mailing: Row) -> None:
    """Who gets it, by its groups, as of now.

    Of two people with one address the first is noted, and members of the groups themselves come before those of the
    groups below and of smart groups.
    """
    table = site.table("MailingRecipient")
    _empty(table, "mailing_id", mailing["id"])
    rows = site.table("MailingGroup").find("mailing_id", mailing["id"])
    left_out = set(_people(site, [row for row in rows if row["group_type"] == "Exclude"]))
    seen: set[str] = set()
    for contact in _people(site, [row for row in rows if row["group_type"] == "Include"]):
        email = mail_run.address_of(site, contact)
        if contact in left_out or email is None or (mailing.get("dedupe_email") and email["email"].lower() in seen):
            continue
        seen.add(email["email"].lower())
        table.insert({"mailing_id": mailing["id"], "contact_id": contact, "email_id": email["id"]})


def _people(site: Site, rows: list[Row]) -> list[int]:
    """Members in the order in which CiviMail finds them. Who was removed from a group is not found below that group."""
    groups = [int(row["entity_id"]) for row in rows if row["entity_table"] == "civicrm_group"]
    others = [int(row["entity_id"]) for row in rows if row["entity_table"] == "civicrm_mailing"]
    direct, below = set[int](), set[int]()
    for group in groups:
        direct |= groups_of.with_status(site, group, "Added")
        below |= groups_of.members(site, {group}) - groups_of.with_status(site, group, "Removed")
    noted = {row["contact_id"] for id_ in others for row in site.table("MailingRecipient").find("mailing_id", id_)}
    return [*sorted(direct), *sorted(noted - direct), *sorted(below - noted - direct)]


def recipients(call: Call, params: dict[str, Any]) -> list[Row]:
    """v3 MailingRecipients.get."""
    rows = call.site.table("MailingRecipient").find("mailing_id", int(params["mailing_id"]))
    limit = int((params.get("options") or {}).get("limit", 25))
    return rows[:limit] if limit else rows


def send_test(call: Call, params: dict[str, Any]) -> list[Row]:
    """Send it at once to some addresses, marked as a draft. An address that nobody has becomes a contact.

    Who would get the mailing itself is noted as well, as of now.
    """
    site, mailing, found = call.site, _named(call.site, params["mailing_id"]), []
    job = site.table("MailingJob").insert({"mailing_id": mailing["id"], "status": "Complete", "is_test": True})
    note_recipients(site, mailing)
    for address in filter(None, (one.strip() for one in str(params["test_email"] or "").split(","))):
        email = mail_run.email_with(site, address)
        if not mail_run.may_be_mailed(site, email["contact_id"]):
            continue
        queued = mail_run.queue(site, job, email["contact_id"], email["id"])
        if delivered := mail_run.deliver(site, queued, mark="[CiviMail Draft] "):
            found.append({"id": delivered["id"], "contact_id": email["contact_id"], "email": email["email"]})
    return found


def preview(call: Call, params: dict[str, Any]) -> Row:
    """A mailing as one contact would see it."""
    mailing = _named(call.site, params["id"])
    contact = int(params.get("contact_id") or call.caller.contact_id or 0)
    shown = {name: mail_run.rendered(call.site, str(mailing.get(name) or ""), contact, None) for name in _SHOWN}
    return {"id": mailing["id"], "contact_id": contact, **shown}


_SHOWN = ("subject", *_BODIES)


def _named(site: Site, number: Any) -> Row:
    mailing = site.table("Mailing").get(int(number))
    if mailing is None:
        raise ApiError(f"Could not find Mailing with ID: {number}")
    return mailing
