"""FACTS §11: the site's mail run: who gets what was submitted, what still counts by then, figures and tests."""

from typing import Any

import pytest

from .mailing import AT_ONCE, Post
from .wire import Site


def test_s11_a_run_sends_what_is_due_once(site: Site, post: Post) -> None:
    group = site.group()
    people = [post.member(group) for _ in range(3)]
    made = post.mailing(group)
    post.submit(made, AT_ONCE)
    assert post.figures(made) == (0, 0, 0)
    post.run()
    assert (post.status(made), post.jobs(made), post.delivered(made)) == ("Complete", ["Complete"], people)
    post.run()
    assert (post.delivered(made), post.figures(made)) == (people, (3, 3, 0))


def test_s11_a_draft_is_not_sent(site: Site, post: Post) -> None:
    group = site.group()
    post.member(group)
    made = post.mailing(group)
    post.run()
    assert (post.status(made), post.delivered(made)) == ("Draft", [])


def test_s11_a_mailing_to_nobody_is_complete_too(site: Site, post: Post) -> None:
    made = post.send(site.group())
    assert (post.status(made), post.figures(made)) == ("Complete", (0, 0, 0))


def test_s11_who_left_the_group_after_the_submission_still_gets_it(site: Site, post: Post) -> None:
    group = site.group()
    stays, leaves = post.member(group), post.member(group)
    made = post.mailing(group)
    post.submit(made, AT_ONCE)
    post.place(leaves, group, "Removed")
    late = post.member(group)
    assert post.recipients(made) == [stays, leaves]
    post.run()
    assert post.delivered(made) == [stays, leaves]
    assert late not in post.recipients(made)


@pytest.mark.parametrize("flag", ["is_opt_out", "do_not_email", "is_deceased"])
def test_s11_who_may_no_more_be_mailed_at_the_run_is_left_out(site: Site, post: Post, flag: str) -> None:
    """They are still among the recipients, but do not count as intended."""
    group = site.group()
    stays, other = post.member(group), post.member(group)
    made = post.mailing(group)
    post.submit(made, AT_ONCE)
    site.save("Individual", {"id": other, flag: True})
    post.run()
    assert (post.delivered(made), post.figures(made)) == ([stays], (1, 1, 0))
    assert post.recipients(made) == [stays, other]


def test_s11_who_was_trashed_before_the_run_is_left_out(site: Site, post: Post) -> None:
    group = site.group()
    stays, other = post.member(group), post.member(group)
    made = post.mailing(group)
    post.submit(made, AT_ONCE)
    site.call("Contact", "delete", {"where": [["id", "=", other]]})
    post.run()
    assert post.delivered(made) == [stays]


@pytest.mark.parametrize("change", [{"on_hold": 1}, None])
def test_s11_an_address_that_is_on_hold_or_gone_by_then_gets_nothing_and_no_other_stands_in(
    site: Site, post: Post, change: dict[str, Any] | None
) -> None:
    group = site.group()
    stays, other = post.member(group), post.member(group)
    made = post.mailing(group)
    post.submit(made, AT_ONCE)
    mine = [["contact_id", "=", other], ["is_primary", "=", True]]
    site.save("Email", {"contact_id": other, "email": f"{site.unique('new')}@example.org", "is_bulkmail": True})
    if change:
        site.call("Email", "update", {"where": mine, "values": change})
    else:
        site.call("Email", "delete", {"where": mine})
    post.run()
    assert post.delivered(made) == [stays]


def test_s11_a_mailing_is_deleted_even_when_complete(site: Site, post: Post) -> None:
    group = site.group()
    post.member(group)
    made = post.send(group)
    answer = site.call("Mailing", "delete", {"where": [["id", "=", made]]}, "runtime")
    assert [int(row["id"]) for row in answer.values] == [made]
    assert site.get("Mailing", [["id", "=", made]], "id", who="runtime") == []
    assert (post.recipients(made), post.delivered(made)) == ([], [])


def test_s11_saving_over_a_sent_mailing_by_its_name_is_no_error(site: Site, post: Post) -> None:
    called = site.unique("sent")
    made = post.send(site.group(), name=called)
    again = {"records": [{"name": called, "subject": "Other"}], "match": ["name"]}
    assert site.call("Mailing", "save", again, "runtime").values[0]["id"] == made
    assert post.read(made, "subject", "status") == {"id": made, "subject": "Other", "status": "Complete"}


def test_s11_only_the_administrator_runs_the_job(site: Site, post: Post) -> None:
    answer = site.v3("Job", "process_mailing", "runtime").body
    assert answer["is_error"] == 1
    assert answer["error_code"] == "unauthorized"


# --- tests ------------------------------------------------------------------------------------------------------------


def test_s11_a_test_goes_out_at_once_and_counts_for_nothing(site: Site, post: Post) -> None:
    group = site.group()
    member = post.member(group)
    addresses = [f"{site.unique('staff')}@example.org" for _ in range(2)]
    people = [site.person(**{"email_primary.email": one}) for one in addresses]
    made = post.mailing(group)
    answer = site.v3("Mailing", "send_test", mailing_id=made, test_email=",".join(addresses)).body
    assert (answer["is_error"], answer["count"]) == (0, 2)
    assert sorted(int(row["contact_id"]) for row in answer["values"].values()) == people
    assert (post.status(made), post.jobs(made), post.figures(made)) == ("Draft", [], (0, 0, 0))
    post.submit(made, AT_ONCE)
    post.run()
    assert (post.delivered(made), post.figures(made)) == ([member], (1, 1, 0))


def test_s11_a_test_notes_who_would_get_it_as_of_now(site: Site, post: Post) -> None:
    group = site.group()
    member = post.member(group)
    made = post.mailing(group)
    tester = f"{site.unique('staff')}@example.org"
    site.person(**{"email_primary.email": tester})
    site.v3("Mailing", "send_test", mailing_id=made, test_email=tester)
    assert post.recipients(made) == [member]
    late = post.member(group)
    post.submit(made)
    assert post.recipients(made) == [member, late]


def test_s11_a_test_to_an_address_that_nobody_has_makes_a_contact(site: Site, post: Post) -> None:
    address = f"{site.unique('stranger')}@example.org"
    made = post.mailing(site.group())
    answer = site.v3("Mailing", "send_test", mailing_id=made, test_email=address).body
    assert answer["count"] == 1
    (found,) = site.get("Contact", [["email_primary.email", "=", address]], "id", "contact_type")
    assert found["contact_type"] == "Individual"
    site.call("Contact", "delete", {"where": [["id", "=", found["id"]]]})


def test_s11_what_belongs_to_a_test_is_hidden_unless_asked_for(site: Site, post: Post) -> None:
    address = f"{site.unique('staff')}@example.org"
    person = site.person(**{"email_primary.email": address})
    made = post.mailing(site.group())
    site.v3("Mailing", "send_test", mailing_id=made, test_email=address)
    mine = ["mailing_id", "=", made]
    for entity in ("MailingJob", "MailingEventQueue"):
        assert site.get(entity, [mine], "id") == []
        assert len(site.get(entity, [mine, ["is_test", "=", True]], "id")) == 1
    of_test = [["event_queue_id.mailing_id", "=", made]]
    (delivered,) = site.get("MailingEventDelivered", of_test, "event_queue_id.contact_id")
    assert delivered["event_queue_id.contact_id"] == person


@pytest.mark.parametrize("flag", ["is_opt_out", "do_not_email", "is_deceased"])
def test_s11_a_test_leaves_out_who_may_not_be_mailed(site: Site, post: Post, flag: str) -> None:
    address = f"{site.unique('staff')}@example.org"
    site.person(**{"email_primary.email": address, flag: True})
    made = post.mailing(site.group())
    answer = site.v3("Mailing", "send_test", mailing_id=made, test_email=address).body
    assert (answer["is_error"], answer["count"]) == (0, 0)


def test_s11_a_preview_fills_in_the_tokens(site: Site, post: Post) -> None:
    """The checksum brings its own `cs=`, and without a mail the ways out lead nowhere."""
    contact = post.member(first_name="Amina")
    link = '<a href="https://example.org/act?{contact.checksum}&amp;cid={contact.contact_id}">act</a>'
    made = post.mailing(subject="For {contact.first_name}", body_html=f"<p>{link} {{action.unsubscribeUrl}}</p>")
    shown = site.v3("Mailing", "preview", id=made, contact_id=contact).body["values"]
    assert shown["subject"] == "For Amina"
    assert "https://example.org/act?cs=" in shown["body_html"]
    assert f"&amp;cid={contact}" in shown["body_html"]
    assert "h=fakehash" in shown["body_html"]
