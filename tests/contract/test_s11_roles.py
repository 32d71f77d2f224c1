"""FACTS §11 and §2: what alerts need of the small role, and what stays closed to it."""

from typing import Any

import pytest

from .mailing import Post
from .wire import Site


@pytest.mark.parametrize("entity", ["Mailing", "MailingGroup", "MailingJob"])
def test_s11_without_access_civimail_mailings_are_closed(site: Site, post: Post, without: Any, entity: str) -> None:
    assert site.call(entity, "get", {"limit": 1}, "runtime").status == 200
    with without("access CiviMail"):
        answer = site.call(entity, "get", {"limit": 1}, "runtime")
    assert (answer.status, answer.error) == (403, f"Authorization failed: CiviCRM APIv4 ({entity}::get)")


def test_s11_without_access_civimail_nothing_is_submitted_or_read(site: Site, post: Post, without: Any) -> None:
    made = post.mailing(site.group())
    with without("access CiviMail"):
        submitted = post.submit(made)
        read = site.v3("MailingRecipients", "get", mailing_id=made).body
    assert [answer["is_error"] for answer in (submitted, read)] == [1, 1]
    assert [answer["error_code"] for answer in (submitted, read)] == ["unauthorized", "unauthorized"]
    assert post.status(made) == "Draft"


def test_s11_the_runtime_role_reads_message_templates_but_does_not_write_them(site: Site, runtime: str) -> None:
    title = site.unique("template")
    record = {"msg_title": title, "msg_subject": "s", "msg_html": "<p>h</p>"}
    made = site.save("MessageTemplate", record, match=["msg_title"])[0]["id"]
    where = [["msg_title", "=", title], ["is_active", "=", True]]
    assert site.get("MessageTemplate", where, *record, who=runtime) == [{"id": made, **record}]
    change = {"records": [{"id": made, "msg_html": "<p>other</p>"}]}
    answer = site.call("MessageTemplate", "save", change, runtime)
    assert answer.status == 403
    assert site.get("MessageTemplate", where, "msg_html")[0]["msg_html"] == "<p>h</p>"


@pytest.mark.parametrize(
    "entity", ["SiteEmailAddress", "Domain", "Setting", "Job", "MailingEventQueue", "MailingEventDelivered"]
)
def test_s11_what_the_runtime_role_may_not_read(site: Site, runtime: str, entity: str) -> None:
    answer = site.call(entity, "get", {"limit": 1} if entity != "Setting" else {}, runtime)
    assert (answer.status, answer.error) == (403, f"Authorization failed: CiviCRM APIv4 ({entity}::get)")


def test_s11_the_runtime_role_sees_no_user_but_its_own(site: Site, runtime: str) -> None:
    me = site.get("Contact", [["id", "=", "user_contact_id"]], "id", who=runtime)[0]["id"]
    assert len(site.get("User", [], "id")) > 1
    assert [row["contact_id"] for row in site.get("User", [], "contact_id", who=runtime)] == [me]


def test_s11_the_job_that_sends_says_how_often_and_when_it_ran(site: Site) -> None:
    """A moment with a zone is understood in `where`, whatever the zone of the user."""
    where = [["api_entity", "=", "Job"], ["api_action", "=", "process_mailing"]]
    (job,) = site.get("Job", where, "name", "run_frequency", "is_active", "last_run")
    assert (job["name"], type(job["is_active"])) == ("Send Scheduled Mailings", bool)
    assert job["run_frequency"] in ("Always", "Hourly", "Daily", "Weekly", "Monthly", "Quarter", "Yearly")
    for moment, found in (("2000-01-01 00:00:00+00:00", bool(job["last_run"])), ("2037-01-01 00:00:00+00:00", False)):
        assert bool(site.get("Job", [*where, ["last_run", ">=", moment]], "id")) == found
