"""FACTS §11: mailings as drafts: what v4 keeps of them, what it cannot do, and that they are found and taken back."""

import pytest

from .mailing import AT_ONCE, COMING, GROUP, HTML, TEXT, Post
from .wire import Site

DEFAULT = [["is_default", "=", True], ["domain_id", "=", "current_domain"]]


def test_s11_a_mailing_starts_as_a_draft_as_it_was_sent(post: Post) -> None:
    sent = {"subject": "أخبار", "body_html": HTML, "body_text": TEXT, "header_id": None, "footer_id": None}
    sent |= {"from_name": "The network", "from_email": "alerts@example.org", "dedupe_email": True}
    sent |= {"url_tracking": False, "open_tracking": False, "visibility": "User and User Admin Only"}
    made = post.mailing(**sent)
    assert post.read(made, "status", *sent) == {"id": made, "status": "Draft", **sent}


def test_s11_without_a_sender_it_has_the_default_address_of_the_site(site: Site, post: Post) -> None:
    (default,) = site.get("SiteEmailAddress", DEFAULT, "email", "display_name")
    held = post.read(post.mailing(), "from_email", "from_name")
    assert (held["from_email"], held["from_name"]) == (default["email"], default["display_name"])


def test_s11_header_and_footer_come_unless_they_are_null(site: Site, post: Post) -> None:
    (row,) = site.call("Mailing", "create", {"values": {"name": site.unique("mailing"), "subject": "s"}}).values
    held = post.read(row["id"], "header_id", "footer_id")
    assert held["header_id"]
    assert held["footer_id"]


def test_s11_replies_go_to_the_default_address_whoever_sends_it(site: Site, post: Post) -> None:
    (default,) = site.get("SiteEmailAddress", DEFAULT, "email")
    sender = {"from_name": "The network", "from_email": "alerts@example.org"}
    assert post.read(post.mailing(**sender), "replyto_email")["replyto_email"] == default["email"]
    answers = {"replyto_email": "desk@example.org"}
    assert post.read(post.mailing(**sender, **answers), "replyto_email")["replyto_email"] == "desk@example.org"


def test_s11_a_state_written_by_v4_is_kept_but_makes_no_job(site: Site, post: Post) -> None:
    """Though getFields calls it read-only. So a state tells only what became of a mailing that was submitted."""
    group = site.group()
    post.member(group)
    made = post.mailing(group)
    for status in ("Scheduled", "Running", "Nonesuch"):
        change = {"where": [["id", "=", made]], "values": {"status": status}}
        assert site.call("Mailing", "update", change, "runtime").status == 200
        post.run()
        assert (post.status(made), post.jobs(made), post.delivered(made)) == (status, [], [])


@pytest.mark.parametrize("when", [AT_ONCE, COMING])
def test_s11_a_day_written_by_v4_schedules_nothing(site: Site, post: Post, when: str) -> None:
    group = site.group()
    post.member(group)
    made = post.mailing(group)
    change = {"where": [["id", "=", made]], "values": {"scheduled_date": when}}
    assert site.call("Mailing", "update", change, "runtime").status == 200
    post.run()
    assert post.read(made, "status", "scheduled_date") == {"id": made, "status": "Draft", "scheduled_date": when}
    assert (post.jobs(made), post.delivered(made)) == ([], [])


def test_s11_groups_sent_with_the_mailing_are_ignored(site: Site, post: Post) -> None:
    made = post.mailing(recipients_group_include=[site.group()], recipients_group=[site.group()])
    assert site.get("MailingGroup", [["mailing_id", "=", made]], "id", who="runtime") == []


def test_s11_the_same_groups_named_twice_are_kept_once(site: Site, post: Post) -> None:
    include, exclude = site.group(), site.group()
    made = post.mailing(include, without=(exclude,))
    names = ("group_type", "entity_table", "entity_id")
    rows = [("Include", GROUP, include), ("Exclude", GROUP, exclude)]
    records = [{"mailing_id": made, **dict(zip(names, row, strict=True))} for row in rows]
    site.save("MailingGroup", *records, match=["mailing_id", *names], who="runtime")
    held = site.get("MailingGroup", [["mailing_id", "=", made]], *names, who="runtime", orderBy={"id": "ASC"})
    assert [tuple(row[name] for name in names) for row in held] == rows


def test_s11_nobody_is_noted_for_a_draft(site: Site, post: Post) -> None:
    group = site.group()
    post.member(group)
    made = post.mailing(group)
    assert (post.recipients(made), post.figures(made)) == ([], (0, 0, 0))


def test_s11_a_mailing_is_found_again_by_the_beginning_of_its_name(site: Site, post: Post) -> None:
    begun = site.unique("Solidarity alert")
    first, second = (post.mailing(name=f"{begun} {rest}") for rest in ("en abc", "ar abc"))
    post.mailing(name=f"{begun}0 en abc")
    where = [["name", "LIKE", f"{begun} %"]]
    rows = site.get("Mailing", where, "name", who="runtime", orderBy={"id": "ASC"})
    assert [row["id"] for row in rows] == [first, second]


def test_s11_a_name_is_no_key_and_long_ones_are_cut(site: Site, post: Post) -> None:
    called = site.unique("twice")
    post.mailing(name=called)
    post.mailing(name=called)
    assert len(site.get("Mailing", [["name", "=", called]], "id", who="runtime")) == 2
    long = f"{site.unique('long')} {'x' * 300}"
    held = post.read(post.mailing(name=long, subject=long), "name", "subject")
    assert (held["name"], held["subject"]) == (f"{long[:252]}...", f"{long[:125]}...")


def test_s11_a_draft_is_deleted_by_its_id_and_name_and_takes_its_rows_along(site: Site, post: Post) -> None:
    called = site.unique("gone")
    made = post.mailing(site.group(), name=called)
    mine = [["id", "=", made]]
    other = site.call("Mailing", "delete", {"where": [*mine, ["name", "=", "another"]]}, "runtime")
    assert other.values == []
    answer = site.call("Mailing", "delete", {"where": [*mine, ["name", "=", called]]}, "runtime")
    assert [int(row["id"]) for row in answer.values] == [made]
    assert site.get("Mailing", mine, "id", who="runtime") == []
    assert site.get("MailingGroup", [["mailing_id", "=", made]], "id", who="runtime") == []
