"""The administrator's daily summary: one a day, ids and counts, nothing when there is nothing to tell."""

import os
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from tests.flows.conftest import Connector, Mailbox, RosterFile, Site, member
from tests.flows.staff import Staff

ADMIN = "admin@example.org"


@pytest.fixture
def staff(ready: Site, connector: Connector, mailbox: Mailbox) -> Staff:
    mail = {"SMTP_URL": mailbox.smtp, "MAIL_FROM": "connector@example.org", "ADMIN_EMAIL": ADMIN}
    return Staff(ready, replace(connector, env=connector.env | mail))


@pytest.fixture
def day(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`day(2)` is noon of the second day from today; the connector's processes are forks of this one."""

    def is_(number: int) -> None:
        noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
        monkeypatch.setattr("connector.clock.now", lambda: noon.fromtimestamp(noon.timestamp() + 86400 * number, UTC))

    return is_


def test_it_says_what_waits_by_number_and_names_nobody(
    staff: Staff, mailbox: Mailbox, roster: RosterFile, day: Any
) -> None:
    people = [member(n) for n in range(1, 4)]
    staff.connector.run("apply", "members", roster.write(*people), "--yes", "--force", "first-run")
    where = [["contact_id.external_identifier", "=", "M00001"]]
    staff.site.api("Email", "update", where=where, values={"email": "staff@example.org"})
    people[0] = member(1, Email="roster@example.org")
    staff.hand_in(roster.write(*people))
    waits = staff.hand_in(roster.write(*people, member(4)))
    staff.works()
    (problem,) = staff.problems()
    day(1)
    staff.works()
    first, second = mailbox.mails()
    assert first["to"] == second["to"] == [ADMIN]
    assert second["subject"] == "Solidarity Connector: open problems: 1, rosters that wait: 1"
    told = second["text"]
    assert f"{staff.site.url}/civicrm/activity/view?action=view&reset=1&id={problem}" in told
    assert f"  {waits}: " in told
    assert "Open problems of members: 1, the oldest since 20" in told
    for nobody in ("Haddad", "Amina", "M00001", "staff@example.org", "roster@example.org"):
        assert nobody not in told


def test_once_a_day_and_not_when_there_is_nothing_to_tell(
    staff: Staff, mailbox: Mailbox, roster: RosterFile, day: Any
) -> None:
    day(10)  # nothing waits, and nothing ran since the day before
    staff.works()
    assert mailbox.mails() == []
    day(11)
    staff.hand_in(roster.write(member(1)))
    staff.works()
    staff.works()
    assert [mail["subject"] for mail in mailbox.mails()] == [
        "Solidarity Connector: open problems: 0, rosters that wait: 1"
    ]
    day(12)
    staff.works()
    assert len(mailbox.mails()) == 2


def test_runs_are_told_with_their_counts(staff: Staff, mailbox: Mailbox, roster: RosterFile) -> None:
    staff.connector.run("apply", "members", roster.write(member(1)), "--yes", "--force", "first-run")
    staff.works()
    (mail,) = mailbox.mails()
    assert mail["subject"] == "Solidarity Connector: nothing waits for a person"
    assert "UTC  members, applied: add to group 1, create 1, relate 1\n" in mail["text"]


@pytest.mark.parametrize("switches", [{"down": True}, {"all": 550}, {"of": {ADMIN: 550}}])
def test_a_mail_server_in_trouble_stops_nothing_else_and_is_tried_an_hour_later(
    staff: Staff, mailbox: Mailbox, roster: RosterFile, monkeypatch: pytest.MonkeyPatch, switches: Any
) -> None:
    mailbox.post("switch", **switches)
    first = staff.hand_in(roster.write(member(1)))
    told = staff.works()
    assert "The mail server does not" in told
    assert ADMIN not in told
    assert staff.roster(first)["State"] == "planned"
    mailbox.post("switch")
    assert "mail server" not in staff.works()
    assert mailbox.mails() == []
    later = datetime.now(UTC).timestamp() + 3700
    monkeypatch.setattr("connector.clock.now", lambda: datetime.fromtimestamp(later, UTC))
    staff.works()
    assert len(mailbox.mails()) == 1


def test_killed_between_sending_and_remembering_it_comes_twice_under_one_number(
    staff: Staff, mailbox: Mailbox, roster: RosterFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff.hand_in(roster.write(member(1)))
    with monkeypatch.context() as killed:
        killed.setattr("connector.leases.Lease.hold_until", lambda *_: os.kill(os.getpid(), 9))
        with tempfile.TemporaryFile() as output:
            _, status = os.waitpid(staff.connector.start(("work", "--drain"), output, {}), 0)
        assert os.WIFSIGNALED(status)
    later = datetime.now(UTC).timestamp() + 3700
    monkeypatch.setattr("connector.clock.now", lambda: datetime.fromtimestamp(later, UTC))
    staff.works()
    staff.works()
    first, again = (mail["headers"]["Message-ID"] for mail in mailbox.mails())
    assert first == again


def test_the_mailbox_page_shows_a_mail_and_runs_nothing_in_it(
    staff: Staff, mailbox: Mailbox, roster: RosterFile
) -> None:
    staff.hand_in(roster.write(member(1)))
    staff.works()
    page = requests.get(mailbox.url, timeout=10)
    assert "open problems: 0, rosters that wait: 1" in page.text
    assert '<a href="http://127.0.0.1:' in page.text  # what it names can be opened
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_a_mail_server_without_a_sender_is_told_at_the_start(staff: Staff) -> None:
    assert "Not set: MAIL_FROM." in staff.connector.run("work", "--drain", code=1, MAIL_FROM="")


def test_doctor_tries_the_mail_server_and_sends_nothing(staff: Staff, mailbox: Mailbox) -> None:
    assert "the mail server takes us" in staff.connector.run("doctor")
    mailbox.post("switch", down=True)
    assert "The mail server does not answer." in staff.connector.run("doctor", code=5)
    assert "no mail is sent" in staff.connector.run("doctor", SMTP_URL="")
    assert mailbox.mails() == []
