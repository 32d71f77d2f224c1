"""The office of the network: two people of the staff who write and decide about alerts, and the site's mail run."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import requests

from connector import clock
from tests.flows.conftest import Connector, Site
from tests.flows.staff import Staff

WHERE = "Solidarity_Alert"


@dataclass
class Office:
    """Two people of the staff, a network with people in it, and the site's mail run."""

    site: Site
    connector: Connector
    author: Staff
    other: Staff
    groups: dict[str, int] = field(default_factory=dict)

    def group(self, name: str, parent: str = "solidarity_network") -> int:
        if name not in self.groups:
            parents = [self.group_id(parent)]
            values = {"name": name, "title": name, "group_type:name": ["Mailing List"], "parents": parents}
            self.groups[name] = int(self.site.api("Group", "create", values=values)[0]["id"])
        return self.groups[name]

    def group_id(self, name: str) -> int:
        (row,) = self.site.api("Group", "get", select=["id"], where=[["name", "=", name]])
        return int(row["id"])

    def person(self, name: str, *groups: str, language: str | None = "en_US", **values: Any) -> int:
        email = values.pop("email", f"{name}@example.org")
        given = {"first_name": name, "last_name": "Example", "preferred_language": language, **values}
        given |= {"email_primary.email": email} if email else {}
        (row,) = self.site.api("Individual", "create", values=given)
        for group in groups:
            self.place(row["id"], group, "Added")
        return int(row["id"])

    def place(self, contact: int, group: str, status: str) -> None:
        record = {"contact_id": contact, "group_id": self.group(group), "status": status}
        self.site.api("GroupContact", "save", records=[record], match=["contact_id", "group_id"])

    def writes(self, *groups: str, by: Staff | None = None, **fields: Any) -> int:
        """Fill in the form for a new alert."""
        said = {"Kind": "briefing", "Community": "ras_al_auja", "Body": "<p>The well is dry.</p>", "State": "ready"}
        said |= {"Ask": "Please write today.", **fields}
        said |= {f"Audience_{number}": self.group_id(one) for number, one in enumerate(groups, 1)}
        values = {f"{WHERE}.{name}": value for name, value in said.items() if name != "subject"}
        return (by or self.author).submit(
            "NewAlert", {"subject": said.get("subject", "News from the valley"), **values}
        )

    def approved(self, number: int, *groups: str, **fields: Any) -> int:
        """An alert that so many people get, approved and given to CiviMail as soon as it may be."""
        alert = self.writes(*(groups or ("chapter_A",)), **fields)
        self.works()
        assert self.decides(alert, "approve", number) == ("done", "Approved.")
        return alert

    def changes(self, alert: int, **fields: Any) -> None:
        """Change an alert by its activity."""
        values = {f"{WHERE}.{name}": value for name, value in fields.items()}
        self.site.api("Activity", "update", where=[["id", "=", alert]], values=values)

    def decides(self, alert: int, verdict: str, number: int | None = None, by: Staff | None = None) -> tuple[str, str]:
        """Decide by the form, and let the worker look; what became of the decision."""
        staff = by or self.other
        fields = {"About": alert, "Plan": self.alert(alert)["Plan"], "Verdict": verdict}
        fields |= {"Number_Of_Rows": number} if number is not None else {}
        id_ = staff.submit("DecideAlert", {f"Solidarity_Decision.{name}": value for name, value in fields.items()})
        self.works()
        return staff.decision(id_)

    def sends(self, *groups: str, count: int, **fields: Any) -> int:
        """An alert from the form to the mailboxes."""
        alert = self.approved(count, *groups, **fields)
        self.mail_run()
        self.works()
        return alert

    def reaches_out(self, *members: int, **values: Any) -> None:
        """Make these members of the chapter of Cork, which reaches out to its mayor, or to whom the values name."""
        (chapter,) = self.site.api("Organization", "get", select=["id"], where=[["external_identifier", "=", "COR06"]])
        mayor = {"first_name": "Maire", "last_name": "Example", "job_title": "Mayor of Cork"}
        mayor |= {"email_primary.email": "mayor@example.org", "phone_primary.phone": "+353 21 555 0100"}
        mayor |= {"Solidarity_Outreach.Kind": "official"}
        (made,) = self.site.api("Individual", "create", values=mayor | values)
        for who, what in (*((one, "Chapter_Member") for one in members), (made["id"], "Outreach_Contact")):
            tie = {"contact_id_a": who, "contact_id_b": chapter["id"], "relationship_type_id:name": what}
            if not self.site.api("Relationship", "get", where=[[name, "=", value] for name, value in tie.items()]):
                self.site.api("Relationship", "create", values=tie)

    def acts(self, contact: int, alert: int, kind: str) -> None:
        """Keep that a member did something, as the page does."""
        values = {"activity_type_id:name": "Solidarity_Action", "source_contact_id": contact}
        values |= {"Solidarity_Action.Alert": alert, "Solidarity_Action.Kind": kind}
        self.site.api("Activity", "create", values=values)

    def actions(self) -> list[tuple[int, str]]:
        """Who did what after an alert."""
        where = [["activity_type_id:name", "=", "Solidarity_Action"]]
        select = ["source_contact_id", "Solidarity_Action.Kind"]
        rows = self.site.api("Activity", "get", select=select, where=where, orderBy={"id": "ASC"})
        return [(row["source_contact_id"], row["Solidarity_Action.Kind"]) for row in rows]

    def personal(self, contact: int) -> str:
        """What a personal link has behind the page's address, as for a mail that comes now."""
        (made,) = self.site.api("Contact", "getChecksum", contactId=contact, ttl=1)
        return f"?cs={made['checksum']}&cid={contact}"

    def link(self, name: str) -> str:
        """The personal link to the alert's page in the mail that came to somebody."""
        mail = next(one for one in self.site.mailbox.mails() if one["to"] == [f"{name}@example.org"])
        (link,) = set(re.findall(r"http\S+/act/\d+\?lang=\w+&cs=\w+&cid=\d+", unescape(mail["text"])))
        return str(link)

    def works(self, **env: str) -> str:
        return self.connector.run("work", "--drain", **env)

    def mail_run(self) -> dict[str, Any]:
        found: dict[str, Any] = requests.post(f"{self.site.url}/sandbox/cron", timeout=60).json()
        return found

    def alert(self, id_: int) -> dict[str, Any]:
        (row,) = self.site.api("Activity", "get", select=["subject", "details", f"{WHERE}.*"], where=[["id", "=", id_]])
        return {name.removeprefix(f"{WHERE}."): value for name, value in row.items()}

    def mailed(self) -> Counter[str]:
        """Who got how many mails; tests of mailings, which go to the staff, are left out."""
        mails = self.site.mailbox.mails()
        return Counter(mail["to"][0].split("@")[0] for mail in mails if "[CiviMail Draft]" not in mail["subject"])

    def mailings(self) -> list[dict[str, Any]]:
        return self.site.api("Mailing", "get", select=["name", "status"])

    def problems(self) -> list[str]:
        where = [["activity_type_id:name", "=", "Solidarity_Problem"], ["Solidarity_Problem.State", "=", "open"]]
        rows = self.site.api("Activity", "get", select=["Solidarity_Problem.Key"], where=where)
        return [row["Solidarity_Problem.Key"] for row in rows]


@pytest.fixture
def office(ready: Site, connector: Connector) -> Office:
    ready.mailbox.post("reset")
    sender = {"email": "alerts@example.org", "display_name": "The network"}
    ready.api("SiteEmailAddress", "update", where=[["id", ">", 0]], values=sender)
    author = Staff(ready, connector)
    address = {"contact_id": author.contact, "email": "author@example.org", "is_primary": True}
    ready.api("Email", "create", values=address)
    other = Staff(ready, connector, ready.another_staff("other"))
    found = Office(ready, connector, author, other)
    approvers = found.group_id("alert_approvers")
    rows = [{"contact_id": one.contact, "group_id": approvers, "status": "Added"} for one in (author, other)]
    ready.api("GroupContact", "save", records=rows, match=["contact_id", "group_id"])
    return found


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """The worker's next minutes are so much later, as timedelta has it."""

    def by(**time: float) -> None:
        moment = clock.now
        monkeypatch.setattr("connector.clock.now", lambda: moment() + timedelta(**time))

    return by
