"""Bad days of alerts in CiviMail: the mail run, the mail server, what somebody does to a mailing there."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.flows.office import Office, later as later, office as office

ARABIC = {"Body_ar": "<p>جفّ البئر.</p>", "Subject_ar": "أخبار"}
Later = Callable[..., None]


def test_a_mail_run_that_does_not_come_is_told_and_no_more_when_it_does(office: Office, later: Later) -> None:
    office.person("both", "chapter_A")
    alert = office.approved(1)
    later(minutes=9)
    office.works()
    assert office.problems() == []
    later(minutes=2)
    office.works()
    assert office.problems() == [f"alerts:{alert}:cron"]
    office.mail_run()
    office.works()
    assert (office.alert(alert)["State"], office.problems()) == ("sent", [])


def test_what_is_taken_back_is_no_problem_any_more(office: Office, later: Later) -> None:
    office.person("both", "chapter_A")
    alert = office.approved(1)
    later(minutes=11)
    office.works()
    assert office.problems() == [f"alerts:{alert}:cron"]
    assert office.decides(alert, "withdraw") == ("done", "Withdrawn.")
    assert office.problems() == []


def test_two_mail_runs_at_once(office: Office) -> None:
    for number in range(5):
        office.person(f"p{number}", "chapter_A", language="ar_EG" if number % 2 else "en_US")
    alert = office.approved(5, **ARABIC)
    with ThreadPoolExecutor(3) as at_once:
        tried = [one.result()["processed"] for one in [at_once.submit(office.mail_run) for _ in range(3)]]
    assert sorted(tried) == [0, 0, 5]
    office.works()
    assert office.mailed() == {f"p{number}": 1 for number in range(5)}
    assert (office.alert(alert)["State"], office.alert(alert)["Delivered"]) == ("sent", 5)


def test_a_mail_server_that_is_away_is_told_and_nothing_is_lost(office: Office, later: Later) -> None:
    office.person("both", "chapter_A")
    alert = office.approved(1)
    office.site.mailbox.post("switch", down=True)
    office.mail_run()
    office.works()
    assert (office.alert(alert)["State"], office.problems()) == ("sending", [])
    later(minutes=11)
    office.works()
    assert office.problems() == [f"alerts:{alert}:stuck"]
    (told,) = (one for one in office.author.problems().values() if f"lert {alert}" in one)
    assert "0 of 1" in told
    office.site.mailbox.post("switch")
    office.mail_run()
    office.works()
    assert (office.alert(alert)["State"], office.problems(), office.mailed()) == ("sent", [], {"both": 1})


def test_what_civimail_refuses_is_told_and_goes_out_later(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a mail without the way out that CiviMail wants in it."""
    office.person("both", "chapter_A")
    with monkeypatch.context() as patch:
        patch.setattr("connector.alerts.letters._text", lambda _: "The well is dry.")
        alert = office.writes("chapter_A")
        office.works()
        office.decides(alert, "approve", 1)
        assert office.alert(alert)["State"] == "approved"
        said = office.alert(alert)["Said"]
        assert "body_text:domain.address" in said
        assert "the administrator" in said
        assert office.problems() == [f"alerts:{alert}:refused"]
        office.works()
        assert office.problems() == [f"alerts:{alert}:refused"]
    office.works()
    assert (office.alert(alert)["State"], office.problems()) == ("scheduled", [])
    office.mail_run()
    assert office.mailed() == {"both": 1}


@pytest.mark.parametrize("what", ["text", "group"])
def test_what_somebody_does_to_a_draft_in_civimail_is_not_what_was_approved(office: Office, what: str) -> None:
    office.person("both", "chapter_A")
    office.person("else", "chapter_B")
    alert = office.writes("chapter_A")
    office.works()
    (draft,) = office.mailings()
    if what == "text":
        body = "<p>Something else. {domain.address} {action.unsubscribeUrl}</p>"
        values = {"body_html": body, "body_text": body, "subject": "Something else"}
        office.site.api("Mailing", "update", where=[["id", "=", draft["id"]]], values=values)
    else:
        more = {"entity_table": "civicrm_group", "entity_id": office.group("chapter_B"), "group_type": "Include"}
        office.site.api("MailingGroup", "create", values={"mailing_id": draft["id"], **more})
    assert office.decides(alert, "approve", 1)[0] == "done"
    office.mail_run()
    assert office.mailed() == {"both": 1}
    mail = next(one for one in office.site.mailbox.mails() if one["to"] == ["both@example.org"])
    assert "The well is dry." in mail["text"]


def test_civimail_that_counts_otherwise_is_stopped_and_told(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here because the connector's own group does not hold who left."""
    office.person("stays", "chapter_A")
    left = office.person("left", "chapter_A", "chapter_B")
    office.place(left, "chapter_B", "Removed")
    monkeypatch.setattr("connector.alerts.audience.keep_out", lambda *_: {})
    alert = office.approved(1)
    told = office.alert(alert)
    assert told["State"] == "ready"
    assert told["Said"].startswith(
        f"Back to ready: CiviMail would mail 1 who should get nothing, as contact {left}. 1 p"
    )
    office.mail_run()
    assert office.mailed() == {}


def test_the_next_report_says_how_long_this_one_waited(office: Office, later: Later) -> None:
    office.person("both", "chapter_A")
    first = office.approved(1)
    assert "is seen with the first alert" in office.alert(first)["details"]
    later(minutes=3)
    office.mail_run()
    office.works()
    assert office.alert(first)["Waited"] == 3
    second = office.writes("chapter_A", Kind="meeting")
    office.works()
    assert "The last one waited 3 to 4 minutes for it." in office.alert(second)["details"]
