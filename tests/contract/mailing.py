"""Mailings as the alerts make them with the small role, to a few people each, and the site's run that sends them."""

from dataclasses import dataclass
from typing import Any

from .wire import Answer, Site

# Over in every time zone, and not due for long (a TIMESTAMP of MySQL ends in 2038).
AT_ONCE, COMING = "2000-01-01 00:00:00", "2037-01-01 00:00:00"
ADDRESS, LEAVE, OPT_OUT = "{domain.address}", "{action.unsubscribeUrl}", "{action.optOutUrl}"
HTML = f'<p>The well is dry.</p><p>{ADDRESS} <a href="{LEAVE}">leave</a> <a href="{OPT_OUT}">never again</a></p>'
TEXT = f"The well is dry. {ADDRESS} {LEAVE} {OPT_OUT}"
GROUP, MAILING = "civicrm_group", "civicrm_mailing"


@dataclass(frozen=True)
class Post:
    """Makes mailings, submits and sends them; `who` is the small role unless said otherwise."""

    site: Site

    def member(self, *groups: int, status: str = "Added", **values: Any) -> int:
        """A person with an address of their own, in these groups."""
        address = f"{self.site.unique('m')}@example.org"
        contact = self.site.person(**{"email_primary.email": address, **values})
        for group in groups:
            self.place(contact, group, status)
        return contact

    def place(self, contact: int, group: int, status: str) -> None:
        record = {"group_id": group, "contact_id": contact, "status": status}
        self.site.save("GroupContact", record, match=["group_id", "contact_id"])

    def create(self, **values: Any) -> Answer:
        common = {"name": self.site.unique("mailing"), "subject": "News", "body_html": HTML, "body_text": TEXT}
        common |= {"header_id": None, "footer_id": None, "dedupe_email": True}
        return self.site.call("Mailing", "create", {"values": {**common, **values}}, "runtime")

    def mailing(self, *groups: int, without: tuple[int, ...] = (), after: tuple[int, ...] = (), **values: Any) -> int:
        """A draft to these groups, without others, and without who gets one of the mailings `after` which it goes."""
        made = int(self.create(**values).values[0]["id"])
        rows = [("Include", GROUP, id_) for id_ in groups] + [("Exclude", GROUP, id_) for id_ in without]
        rows += [("Exclude", MAILING, id_) for id_ in after]
        names = ("group_type", "entity_table", "entity_id")
        records = [{"mailing_id": made, **dict(zip(names, row, strict=True))} for row in rows]
        if records:
            self.site.save("MailingGroup", *records, match=["mailing_id", *names], who="runtime")
        return made

    def submit(self, mailing: int, when: str = COMING) -> Any:
        return self.site.v3("Mailing", "submit", id=mailing, scheduled_date=when, approval_date=when).body

    def run(self) -> int:
        """One round of the site's job Send Scheduled Mailings; how many mails were tried."""
        answer = self.site.v3("Job", "process_mailing", "setup").body
        assert answer["is_error"] == 0, answer
        return int(answer["values"]["processed"])

    def send(self, *groups: int, **values: Any) -> int:
        """A mailing to these groups that has gone out."""
        made = self.mailing(*groups, **values)
        assert self.submit(made, AT_ONCE)["is_error"] == 0
        self.run()
        return made

    def read(self, mailing: int, *select: str) -> dict[str, Any]:
        return self.site.get("Mailing", [["id", "=", mailing]], *select, who="runtime")[0]

    def status(self, mailing: int) -> Any:
        return self.read(mailing, "status")["status"]

    def jobs(self, mailing: int) -> list[Any]:
        """States of its jobs, without those of tests and the parts into which CiviMail divides a job."""
        where = [["mailing_id", "=", mailing], ["is_test", "=", False], ["job_type", "IS NULL"]]
        return [row["status"] for row in self.site.get("MailingJob", where, "status", who="runtime")]

    def recipients(self, mailing: int) -> list[int]:
        """Contacts whom CiviMail noted for it."""
        asked = {"mailing_id": mailing, "return": "contact_id", "options": {"limit": 0}}
        values = self.site.v3("MailingRecipients", "get", **asked).body["values"]
        return sorted(int(row["contact_id"]) for row in (values.values() if values else ()))

    def noted(self, *groups: int, **named: Any) -> list[int]:
        """Whom CiviMail notes for a mailing to these groups when it is submitted."""
        made = self.mailing(*groups, **named)
        assert self.submit(made)["is_error"] == 0
        return self.recipients(made)

    def delivered(self, mailing: int) -> list[int]:
        where = [["event_queue_id.mailing_id", "=", mailing], ["event_queue_id.is_test", "=", False]]
        rows = self.site.get("MailingEventDelivered", where, "event_queue_id.contact_id")
        return sorted(row["event_queue_id.contact_id"] for row in rows)

    def figures(self, mailing: int) -> tuple[int, int, int]:
        """Intended, delivered, bounced."""
        names = ("stats_intended_recipients", "stats_successful", "stats_bounces")
        row = self.read(mailing, *names)
        return row[names[0]], row[names[1]], row[names[2]]

    def link(self, page: str, mailing: int, contact: int, *, is_test: bool = False) -> str:
        """The link in the mail of one contact, as its header List-Unsubscribe has it."""
        where = [["mailing_id", "=", mailing], ["contact_id", "=", contact], ["is_test", "=", is_test]]
        (row,) = self.site.get("MailingEventQueue", where, "job_id", "hash")
        return f"/civicrm/mailing/{page}?reset=1&jid={row['job_id']}&qid={row['id']}&h={row['hash']}"

    def click(self, link: str) -> Answer:
        """What a mail program does when a reader asks it to leave (RFC 8058): no session, no key."""
        return self.site.send(link, {"List-Unsubscribe": "One-Click"}, patient=False)

    def opens(self, link: str) -> Answer:
        return self.site.send(link, method="GET", patient=False)
