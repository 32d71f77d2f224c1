"""FACTS §11: v3 Mailing.submit: what it wants of a mailing, what it does once and what again."""

from typing import Any

import pytest

from .mailing import ADDRESS, AT_ONCE, COMING, LEAVE, OPT_OUT, Post
from .wire import Site

CANNOT = "Mailing cannot be sent. There are missing or invalid fields ({})."
WAY_OUT = "action.optOutUrl or action.unsubscribeUrl"


def test_s11_submitting_schedules_and_approves(site: Site, post: Post) -> None:
    me = site.get("Contact", [["id", "=", "user_contact_id"]], "id", who="runtime")[0]["id"]
    made = post.mailing(site.group())
    answer = post.submit(made)
    assert (answer["is_error"], answer["id"], answer["values"][str(made)]["status"]) == (0, made, "Scheduled")
    held = post.read(made, "status", "scheduled_date", "scheduled_id", "approval_date")
    told = {"scheduled_date": COMING, "scheduled_id": me, "approval_date": COMING}
    assert held == {"id": made, "status": "Scheduled", **told}
    assert post.jobs(made) == ["Scheduled"]


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ({"subject": None}, "subject"),
        ({"body_html": f"<p>{LEAVE}</p>"}, "body_html:domain.address"),
        ({"body_html": f"<p>{ADDRESS}</p>"}, f"body_html:{WAY_OUT}"),
        ({"body_html": "<p>Hello</p>"}, f"body_html:domain.address,body_html:{WAY_OUT}"),
        ({"body_text": f"{ADDRESS}"}, f"body_text:{WAY_OUT}"),
        ({"body_html": None, "body_text": None}, "(body_html|body_text)"),
    ],
)
def test_s11_what_is_missing_is_named_and_nothing_is_scheduled(
    site: Site, post: Post, values: dict[str, Any], missing: str
) -> None:
    made = post.mailing(site.group(), **values)
    answer = post.submit(made)
    assert (answer["is_error"], answer["error_code"]) == (1, "cannot-send")
    assert answer["error_message"] == CANNOT.format(missing)
    assert set(missing.split(",")) <= set(answer)
    assert (post.status(made), post.jobs(made)) == ("Draft", [])


@pytest.mark.parametrize("way_out", [LEAVE, OPT_OUT, "{action.unsubscribe}", "{action.optOut}"])
@pytest.mark.parametrize("text", ["", None])
def test_s11_one_way_out_is_enough_and_a_text_is_not_needed(
    site: Site, post: Post, way_out: str, text: str | None
) -> None:
    made = post.mailing(site.group(), body_html=f"<p>{ADDRESS} {way_out}</p>", body_text=text)
    assert post.submit(made)["is_error"] == 0


def test_s11_a_mailing_that_is_gone_cannot_be_submitted(site: Site, post: Post) -> None:
    made = post.mailing(site.group())
    site.call("Mailing", "delete", {"where": [["id", "=", made]]}, "runtime")
    assert post.submit(made)["is_error"] == 1
    assert site.get("Mailing", [["id", "=", made]], "id", who="runtime") == []


def test_s11_a_day_is_wanted(site: Site, post: Post) -> None:
    made = post.mailing(site.group())
    assert site.v3("Mailing", "submit", id=made).body["is_error"] == 1
    assert post.status(made) == "Draft"


def test_s11_a_second_submission_adds_no_job_but_counts_anew(site: Site, post: Post) -> None:
    group = site.group()
    first = post.member(group)
    made = post.mailing(group)
    post.submit(made)
    second = post.member(group)
    assert post.recipients(made) == [first]
    assert post.submit(made)["is_error"] == 0
    assert (post.status(made), post.jobs(made)) == ("Scheduled", ["Scheduled"])
    assert post.recipients(made) == [first, second]


def test_s11_a_second_submission_moves_the_day(site: Site, post: Post) -> None:
    group = site.group()
    member = post.member(group)
    made = post.mailing(group)
    post.submit(made)
    post.run()
    assert (post.status(made), post.delivered(made)) == ("Scheduled", [])
    post.submit(made, AT_ONCE)
    post.run()
    assert (post.status(made), post.delivered(made)) == ("Complete", [member])


def test_s11_a_submission_after_the_end_sends_it_again(site: Site, post: Post) -> None:
    """So nothing may be submitted but a draft."""
    group = site.group()
    member = post.member(group)
    made = post.send(group)
    assert post.submit(made)["is_error"] == 0
    assert (post.status(made), sorted(post.jobs(made))) == ("Scheduled", ["Complete", "Scheduled"])
    post.submit(made, AT_ONCE)
    post.run()
    assert (post.delivered(made), post.figures(made)) == ([member, member], (2, 2, 0))


def test_s11_a_text_changed_after_the_submission_is_kept(site: Site, post: Post) -> None:
    """CiviCRM does not mind: whoever changes a mailing has to look at its state first."""
    made = post.mailing(site.group())
    post.submit(made)
    change = {"where": [["id", "=", made]], "values": {"subject": "Other"}}
    assert site.call("Mailing", "update", change, "runtime").status == 200
    assert post.read(made, "subject", "status") == {"id": made, "subject": "Other", "status": "Scheduled"}


def test_s11_what_is_deleted_before_the_run_reaches_nobody(site: Site, post: Post) -> None:
    group = site.group()
    post.member(group)
    made = post.mailing(group)
    post.submit(made)
    answer = site.call("Mailing", "delete", {"where": [["id", "=", made], ["status", "=", "Scheduled"]]}, "runtime")
    assert [int(row["id"]) for row in answer.values] == [made]
    post.run()
    assert (post.jobs(made), post.recipients(made), post.delivered(made)) == ([], [], [])
