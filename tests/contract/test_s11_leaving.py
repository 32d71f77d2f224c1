"""FACTS §11: the links in a mail: leave its groups, opt out of everything, come back; and what that leaves behind."""

import pytest

from .mailing import Post
from .test_s05_smart_groups import search
from .wire import Site


def status_of(site: Site, contact: int, group: int) -> str | None:
    rows = site.get("GroupContact", [["contact_id", "=", contact], ["group_id", "=", group]], "status")
    return str(rows[0]["status"]) if rows else None


def history(site: Site, contact: int) -> list[tuple[int | None, str, str]]:
    rows = site.get(
        "SubscriptionHistory",
        [["contact_id", "=", contact]],
        *("group_id", "status", "method"),
        who="runtime",
        orderBy={"id": "ASC"},
    )
    return [(row["group_id"], row["status"], row["method"]) for row in rows]


def test_s11_one_click_leaves_the_group_and_is_written_down(site: Site, post: Post) -> None:
    group, elsewhere = site.group(), site.group()
    leaver, other = post.member(group, elsewhere), post.member(group)
    made = post.send(group)
    answer = post.click(post.link("unsubscribe", made, leaver))
    assert (answer.status, answer.body) == (200, "OK")
    assert [status_of(site, leaver, one) for one in (group, elsewhere)] == ["Removed", "Added"]
    assert status_of(site, other, group) == "Added"
    assert history(site, leaver)[-1] == (group, "Removed", "Email")
    assert site.contact(leaver, "is_opt_out")["is_opt_out"] is False
    assert post.read(made, "stats_unsubscribes", "stats_optouts") == {
        "id": made,
        "stats_unsubscribes": 1,
        "stats_optouts": 0,
    }


def test_s11_who_left_gets_no_further_mailing(site: Site, post: Post) -> None:
    group = site.group()
    leaver, other = post.member(group), post.member(group)
    post.click(post.link("unsubscribe", post.send(group), leaver))
    assert post.delivered(post.send(group)) == [other]


def test_s11_one_click_leaves_every_group_that_the_mailing_went_to(site: Site, post: Post) -> None:
    top = site.group()
    below, beside = site.group(parents=[top]), site.group()
    leaver = post.member(below, beside)
    post.click(post.link("unsubscribe", post.send(top, beside), leaver))
    assert [status_of(site, leaver, one) for one in (top, below, beside)] == [None, "Removed", "Removed"]


def test_s11_who_leaves_a_smart_group_stays_out_though_the_search_finds_them(site: Site, post: Post) -> None:
    title = site.unique("job")
    smart = site.group(saved_search_id=search(site, "Contact", [["job_title", "=", title]]))
    leaver, other = (post.member(job_title=title) for _ in range(2))
    post.click(post.link("unsubscribe", post.send(smart), leaver))
    assert status_of(site, leaver, smart) == "Removed"
    assert post.noted(smart) == [other]


def test_s11_a_test_is_left_like_the_mailing_but_does_not_count(site: Site, post: Post) -> None:
    """So whoever tries the link of a test in earnest has left."""
    group, address = site.group(), f"{site.unique('staff')}@example.org"
    tester = post.member(group, **{"email_primary.email": address})
    made = post.mailing(group)
    site.v3("Mailing", "send_test", mailing_id=made, test_email=address)
    answer = post.click(post.link("unsubscribe", made, tester, is_test=True))
    assert (answer.status, status_of(site, tester, group)) == (200, "Removed")
    assert post.read(made, "stats_unsubscribes")["stats_unsubscribes"] == 0


def test_s11_the_group_that_was_left_out_is_not_left(site: Site, post: Post) -> None:
    group, out = site.group(), site.group()
    leaver = post.member(group)
    made = post.send(group, without=(out,))
    post.place(leaver, out, "Added")
    post.click(post.link("unsubscribe", made, leaver))
    assert [status_of(site, leaver, one) for one in (group, out)] == ["Removed", "Added"]


def test_s11_leaving_twice_is_answered_alike(site: Site, post: Post) -> None:
    group = site.group()
    leaver = post.member(group)
    link = post.link("unsubscribe", post.send(group), leaver)
    assert [post.click(link).status for _ in range(2)] == [200, 200]
    assert status_of(site, leaver, group) == "Removed"
    assert len([one for one in history(site, leaver) if one[1] == "Removed"]) == 1


@pytest.mark.parametrize("page", ["unsubscribe", "optout", "resubscribe"])
def test_s11_opening_a_link_changes_nothing(site: Site, post: Post, page: str) -> None:
    """Mail programs and scanners open links by themselves."""
    group = site.group()
    leaver = post.member(group)
    made = post.send(group)
    if page == "resubscribe":
        post.click(post.link("unsubscribe", made, leaver))
    before = status_of(site, leaver, group)
    answer = post.opens(post.link(page, made, leaver))
    assert (answer.status, answer.is_html) == (200, True)
    assert status_of(site, leaver, group) == before
    assert site.contact(leaver, "is_opt_out")["is_opt_out"] is False


@pytest.mark.parametrize("page", ["unsubscribe", "optout"])
def test_s11_a_forged_link_does_nothing(site: Site, post: Post, page: str) -> None:
    group = site.group()
    leaver = post.member(group)
    link = post.link(page, post.send(group), leaver)
    answer = post.click(link[:-1] + ("a" if link[-1] != "a" else "b"))
    assert answer.status == 400
    assert status_of(site, leaver, group) == "Added"
    assert site.contact(leaver, "is_opt_out")["is_opt_out"] is False


def test_s11_opting_out_counts_for_every_mailing_and_leaves_the_groups_alone(site: Site, post: Post) -> None:
    group, elsewhere = site.group(), site.group()
    leaver, other = post.member(group, elsewhere), post.member(elsewhere)
    made = post.send(group)
    answer = post.click(post.link("optout", made, leaver))
    assert (answer.status, answer.body) == (200, "OK")
    assert site.contact(leaver, "is_opt_out", "do_not_email") == {
        "id": leaver,
        "is_opt_out": True,
        "do_not_email": False,
    }
    assert [status_of(site, leaver, one) for one in (group, elsewhere)] == ["Added", "Added"]
    assert history(site, leaver)[-1] == (None, "Removed", "Email")
    assert post.read(made, "stats_unsubscribes", "stats_optouts")["stats_optouts"] == 1
    assert post.noted(elsewhere) == [other]


def test_s11_who_left_by_mistake_comes_back_by_the_link_of_the_same_mail(site: Site, post: Post) -> None:
    group = site.group()
    leaver = post.member(group)
    made = post.send(group)
    post.click(post.link("unsubscribe", made, leaver))
    back = post.link("resubscribe", made, leaver)
    assert post.opens(f"{back}&confirm=1").status == 200
    assert status_of(site, leaver, group) == "Added"
    assert history(site, leaver)[-2:] == [(group, "Removed", "Email"), (group, "Added", "Email")]


def test_s11_nobody_comes_back_who_did_not_leave_by_that_mail(site: Site, post: Post) -> None:
    group = site.group()
    leaver = post.member(group)
    made = post.send(group)
    post.place(leaver, group, "Removed")
    post.opens(f"{post.link('resubscribe', made, leaver)}&confirm=1")
    assert status_of(site, leaver, group) == "Removed"
