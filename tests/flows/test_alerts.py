"""Alerts from the form to the mailbox: each person exactly one, who left or opted out none, decided by two people."""

import re
import shutil
from pathlib import Path

import pytest
import requests

from connector import clock
from tests.flows.conftest import PROJECT
from tests.flows.office import WHERE, Office, office as office
from tests.flows.proxy import proxied


def test_from_the_form_to_the_mailbox(office: Office) -> None:
    both = office.person("both", "chapter_A", "chapter_B")
    office.person("amal", "chapter_A", language="ar_EG")
    office.person("nobody", "chapter_B", language=None)
    office.person("out", "chapter_A", is_opt_out=True)
    left = office.person("left", "chapter_A", "chapter_B")
    office.place(left, "chapter_A", "Removed")
    gone = office.person("gone", "chapter_A")
    office.place(gone, "chapter_A", "Removed")
    alert = office.writes("solidarity_network", Body_ar="<p>جفّ البئر.</p>", Subject_ar="أخبار")
    office.works()
    report = office.alert(alert)
    assert (report["State"], report["Count"]) == ("ready", 3)
    assert report["Said"].startswith("3 people would get it.")
    assert "Arabic: 1" in report["details"]
    assert "left a group of the network: 2" in report["details"]
    assert "opted out of all mailings: 1" in report["details"]
    assert "Example" not in report["details"].partition("<h3>")[0]  # by number, not by name
    tests = [mail for mail in office.site.mailbox.mails() if "[CiviMail Draft]" in mail["subject"]]
    assert len(tests) == 4  # two people of the staff, two languages

    assert office.decides(alert, "approve", 3, by=office.author)[0] == "void"
    assert office.decides(alert, "approve", 9)[0] == "void"
    assert office.decides(alert, "approve", 3) == ("done", "Approved.")
    assert office.alert(alert)["State"] == "scheduled"
    assert office.mailed() == {}
    office.mail_run()
    office.works()
    assert office.mailed() == {"both": 1, "amal": 1, "nobody": 1}
    sent = office.alert(alert)
    assert (sent["State"], sent["Delivered"]) == ("sent", 3)
    office.mail_run()
    office.works()
    assert sum(office.mailed().values()) == 3

    mail = next(one for one in office.site.mailbox.mails() if one["to"] == ["both@example.org"])
    (link,) = re.findall(r"<(http[^>]*unsubscribe[^>]*)>", mail["headers"]["List-Unsubscribe"])
    requests.post(link, data={"List-Unsubscribe": "One-Click"}, timeout=10).raise_for_status()
    assert {office.site.status_of(both, f"chapter_{one}") for one in "AB"} == {"Removed"}
    again = office.writes("solidarity_network", subject="More news")
    office.works()
    assert office.alert(again)["Count"] == 2


def test_an_alert_comes_from_the_sender_of_the_file_and_replies_go_there(office: Office, tmp_path: Path) -> None:
    folder = tmp_path / "mappings"
    shutil.copytree(PROJECT / "mappings", folder)
    kinds = folder / "alerts.toml"
    kinds.write_text(kinds.read_text("utf-8").replace('email = ""', 'email = "desk@example.org"'), "utf-8")
    office.person("both", "chapter_A")
    office.writes("chapter_A")
    office.works(CONNECTOR_MAPPINGS=str(folder))
    (test, *_) = office.site.mailbox.mails()
    assert "desk@example.org" in test["from"]
    assert test["headers"]["Reply-To"] == "desk@example.org"


def test_an_edit_after_the_decision_goes_back_to_ready(office: Office) -> None:
    office.person("both", "chapter_A")
    alert = office.writes("chapter_A")
    office.works()
    assert office.decides(alert, "approve", 1)[0] == "done"
    office.site.api("Activity", "update", where=[["id", "=", alert]], values={f"{WHERE}.Body": "<p>Another text.</p>"})
    office.works()
    assert office.alert(alert)["State"] == "ready"
    office.mail_run()
    assert office.mailed() == {}
    assert "Another text." in office.alert(alert)["details"]
    assert office.decides(alert, "approve", 1)[0] == "done"
    office.mail_run()
    assert office.mailed() == {"both": 1}


def test_nobody_approves_by_writing_it_into_the_activity(office: Office) -> None:
    office.person("both", "chapter_A")
    alert = office.writes("chapter_A")
    office.works()
    plan = office.alert(alert)["Plan"]
    forged = {f"{WHERE}.State": "approved", f"{WHERE}.Decision": 1, f"{WHERE}.Plan": plan}
    office.site.api("Activity", "update", where=[["id", "=", alert]], values=forged)
    office.works()
    office.mail_run()
    assert office.mailed() == {}
    assert office.alert(alert)["State"] == "ready"


def test_who_leaves_between_submission_and_mail_run_gets_none(office: Office) -> None:
    """CiviMail would mail them: it does not look at groups again."""
    people = [office.person(f"p{number}", "chapter_A") for number in range(25)]
    alert = office.writes("chapter_A")
    office.works()
    assert office.decides(alert, "approve", 25)[0] == "done"
    office.place(people[7], "chapter_A", "Removed")
    office.works()
    assert office.alert(alert)["State"] == "scheduled"
    office.mail_run()
    assert office.mailed() == {f"p{number}": 1 for number in range(25) if number != 7}


@pytest.mark.parametrize("last", ['"MailingGroup","save"', "entity=Mailing&action=submit"], ids=["before", "then"])
def test_who_leaves_a_group_while_it_is_submitted_gets_none_through_another(office: Office, last: str) -> None:
    """Within the seconds for which the report that was approved is believed."""
    for number in range(24):
        office.person(f"p{number}", "chapter_A")
    both = office.person("both", "chapter_A", "chapter_B")
    alert = office.writes("solidarity_network")
    office.works()
    left: list[int] = []

    def leaves(_number: int, text: str, _writes: bool) -> None:
        if not left and last in text:
            left.append(both)
            office.place(both, "chapter_A", "Removed")

    with proxied(office.site.url) as proxy:
        office.connector.env["CIVICRM_URL"] = proxy.url
        proxy.sees = leaves
        assert office.decides(alert, "approve", 25)[0] == "done"
    assert left
    office.mail_run()
    assert office.mailed() == {f"p{number}": 1 for number in range(24)}


def test_when_too_many_leave_it_is_decided_about_anew(office: Office) -> None:
    office.person("stays", "chapter_A")
    leaves = office.person("leaves", "chapter_A")
    alert = office.writes("chapter_A")
    office.works()
    assert office.decides(alert, "approve", 2)[0] == "done"
    office.place(leaves, "chapter_A", "Removed")
    office.works()
    assert office.alert(alert)["State"] == "ready"
    office.mail_run()
    assert office.mailed() == {}
    assert office.decides(alert, "approve", 1)[0] == "done"
    office.mail_run()
    assert office.mailed() == {"stays": 1}


def test_an_incident_on_duty_goes_alone_and_all_are_told(office: Office) -> None:
    office.person("both", "chapter_A")
    on_duty = {"contact_id": office.author.contact, "group_id": office.group_id("alert_on_duty"), "status": "Added"}
    office.site.api("GroupContact", "save", records=[on_duty], match=["contact_id", "group_id"])
    alert = office.writes("chapter_A", Kind="incident")
    office.works()
    assert office.decides(alert, "approve", 1, by=office.author)[0] == "done"
    assert f"alerts:{alert}:alone" in office.problems()
    office.mail_run()
    assert office.mailed() == {"both": 1}


@pytest.mark.parametrize("verdict", ["withdraw", "redraft"])
def test_what_is_taken_back_is_not_sent(office: Office, verdict: str) -> None:
    office.person("both", "chapter_A")
    alert = office.writes("chapter_A")
    office.works()
    assert office.decides(alert, "approve", 1)[0] == "done"
    assert office.decides(alert, verdict)[0] == "done"
    office.mail_run()
    office.works()
    assert office.mailed() == {}
    assert office.alert(alert)["State"] == {"withdraw": "withdrawn", "redraft": "draft"}[verdict]
    assert office.mailings() == []


def test_what_went_cannot_be_taken_back_and_says_so(office: Office) -> None:
    office.person("both", "chapter_A")
    alert = office.writes("chapter_A")
    office.works()
    office.decides(alert, "approve", 1)
    office.mail_run()
    assert "going out already" in office.decides(alert, "withdraw")[1]


def test_without_consent_it_stops_marked(office: Office) -> None:
    office.person("both", "chapter_A")
    values = {"Partner_Community.Consent_Withheld": "Abu Khalid\nthe upper spring"}
    where = [["external_identifier", "=", "community:ras_al_auja"]]
    office.site.api("Organization", "update", where=where, values=values)
    alert = office.writes("chapter_A", Body="<p>They took Abu <b>Khalid</b> away.</p>")
    office.works()
    report = office.alert(alert)
    assert "without the community's consent" in report["Said"]
    assert "Abu Khalid" not in report["Said"]
    assert "<mark" in report["details"]
    assert office.decides(alert, "despite", 1)[0] == "void"
    assert office.mailings() == []


def test_a_fault_of_the_mail_server_is_no_success(office: Office) -> None:
    office.person("both", "chapter_A")
    alert = office.writes("chapter_A")
    office.works()
    office.decides(alert, "approve", 1)
    office.site.mailbox.post("switch", all=554)
    office.mail_run()
    office.works()
    told = office.alert(alert)
    assert (told["State"], told["Delivered"], told["Bounced"]) == ("sent", 0, 1)
    assert f"alerts:{alert}:undelivered" in office.problems()


def test_an_alert_that_waits_costs_one_request(office: Office) -> None:
    office.person("both", "chapter_A")
    office.writes("chapter_A")
    office.works()
    before = office.site.requests_so_far()
    office.works()
    with_alert = office.site.requests_so_far() - before
    office.site.api("Activity", "delete", where=[["activity_type_id:name", "=", "Solidarity_Alert"]])
    before = office.site.requests_so_far()
    office.works()
    assert office.site.requests_so_far() - before == with_alert


def test_somebody_on_the_phone_has_one_written(office: Office) -> None:
    office.person("both", "chapter_A")
    said = ["--kind", "incident", "--subject", "They are at the spring", "--what", "Ten men.", "--ask", "Call now."]
    told = office.connector.json("alert", "new", *said, "--author", str(office.author.contact), "--where", "the spring")
    office.works()
    assert office.alert(told["alert"])["Count"] == 1
    assert office.decides(told["alert"], "approve", 1, by=office.author)[0] == "void"
    assert office.decides(told["alert"], "approve", 1)[0] == "done"
    assert office.connector.json("alert", "list")["alerts"][0]["state"] == "scheduled"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (("--kind", "party"), "There is no kind party"),
        (("--audience", "nobodys"), "CiviCRM has no group nobodys"),
        (("--author", "999999"), "There is no contact 999999"),
    ],
)
def test_a_slip_on_the_phone_is_told(office: Office, wrong: tuple[str, str], told: str) -> None:
    said = {"--kind": "incident", "--subject": "s", "--what": "w", "--ask": "a", "--author": str(office.author.contact)}
    said |= dict([wrong])
    words = [word for pair in said.items() for word in pair]
    assert told in office.connector.run("alert", "new", *words, code=1)
    assert office.connector.json("alert", "list")["alerts"] == []


def test_two_people_with_one_address_get_one_mail_whomever_civimail_notes(office: Office) -> None:
    """CiviMail takes who is in the group itself before who is below it; the report counts the first by number."""
    office.group("friends")
    office.group("chapter_A", "friends")
    office.person("first", "chapter_A", email="home@example.org")
    office.person("second", "friends", email="home@example.org")
    alert = office.writes("friends")
    office.works()
    assert office.decides(alert, "approve", 1) == ("done", "Approved.")
    before = office.mailings()
    office.works()
    told = office.alert(alert)
    assert (told["State"], "left since" in told["Said"], office.mailings()) == ("scheduled", False, before)
    office.mail_run()
    office.works()
    assert (office.alert(alert)["State"], office.mailed()) == ("sent", {"home": 1})


def test_who_comes_back_and_leaves_again_on_the_same_day_gets_none(office: Office) -> None:
    office.person("stays", "chapter_A")
    left = office.person("left", "chapter_A", "chapter_B")
    today = {"Solidarity_Member.Came_Back_On": clock.now().date().isoformat()}
    office.place(left, "chapter_B", "Removed")
    office.site.api("Contact", "update", where=[["id", "=", left]], values=today)
    alert = office.writes("chapter_A")
    office.works()
    assert office.alert(alert)["Count"] == 2
    for status in ("Added", "Removed"):
        office.place(left, "chapter_B", status)
    again = office.writes("chapter_A", Kind="meeting")
    office.works()
    assert office.alert(again)["Count"] == 1
