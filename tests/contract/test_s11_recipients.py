"""FACTS §11: whom CiviMail notes for a mailing when it is submitted: by groups, and by what stands at the person."""

from typing import Any

import pytest

from .mailing import Post
from .test_s05_smart_groups import search
from .wire import Site


def test_s11_who_was_added_gets_it_and_nobody_else(site: Site, post: Post) -> None:
    group = site.group()
    first, second = post.member(group), post.member(group)
    for status in ("Removed", "Pending"):
        post.member(group, status=status)
    post.member(site.group())
    assert post.noted(group) == [first, second]


def test_s11_who_is_in_two_groups_is_noted_once(site: Site, post: Post) -> None:
    one, two = site.group(), site.group()
    both, other = post.member(one, two), post.member(two)
    assert post.noted(one, two) == [both, other]


def test_s11_the_groups_below_belong_to_it(site: Site, post: Post) -> None:
    top = site.group()
    middle = site.group(parents=[top])
    leaf = site.group(parents=[middle])
    people = [post.member(group) for group in (top, middle, leaf)]
    assert post.noted(top) == people


@pytest.mark.parametrize(
    "values",
    [
        {"is_opt_out": True},
        {"do_not_email": True},
        {"is_deceased": True},
        {"email_primary.on_hold": 1},
        {"email_primary.email": None},
    ],
)
def test_s11_who_may_not_be_mailed_is_left_out(site: Site, post: Post, values: dict[str, Any]) -> None:
    group = site.group()
    other, _ = post.member(group), post.member(group, **values)
    assert post.noted(group) == [other]


def test_s11_who_is_in_the_trash_is_left_out(site: Site, post: Post) -> None:
    group = site.group()
    other, gone = post.member(group), post.member(group)
    site.call("Contact", "delete", {"where": [["id", "=", gone]]})
    assert post.noted(group) == [other]


def test_s11_an_empty_group_is_scheduled_for_nobody(site: Site, post: Post) -> None:
    assert post.noted(site.group()) == []


def test_s11_a_mailing_without_groups_is_scheduled_for_nobody(post: Post) -> None:
    assert post.noted() == []


# --- addresses --------------------------------------------------------------------------------------------------------


def address_of(site: Site, mailing: int) -> str:
    (row,) = site.v3("MailingRecipients", "get", mailing_id=mailing).body["values"].values()
    (email,) = site.get("Email", [["id", "=", int(row["email_id"])]], "email")
    return str(email["email"])


def another(site: Site, contact: int, **values: Any) -> str:
    address = f"{site.unique('second')}@example.org"
    site.save("Email", {"contact_id": contact, "email": address, "location_type_id:name": "Other", **values})
    return address


@pytest.mark.parametrize(("is_bulkmail", "is_first"), [(True, False), (False, True)])
def test_s11_the_address_for_mass_mailings_comes_before_the_first_one(
    site: Site, post: Post, is_bulkmail: bool, is_first: bool
) -> None:
    group = site.group()
    member = post.member(group)
    second = another(site, member, is_bulkmail=is_bulkmail)
    made = post.mailing(group)
    post.submit(made)
    assert (address_of(site, made) != second) is is_first


def test_s11_an_address_on_hold_gives_way_to_the_one_for_mass_mailings_alone(site: Site, post: Post) -> None:
    group = site.group()
    held = post.member(group, **{"email_primary.on_hold": 1})
    another(site, held)
    assert post.noted(group) == []
    bulk = another(site, held, is_bulkmail=True)
    made = post.mailing(group)
    post.submit(made)
    assert address_of(site, made) == bulk


@pytest.mark.parametrize(("dedupe", "number"), [(True, 1), (False, 2)])
def test_s11_two_people_with_one_address_get_one_mail_if_asked_so(
    site: Site, post: Post, dedupe: bool, number: int
) -> None:
    group, shared = site.group(), site.unique("shared")
    spelt = (f"{shared}@example.org", f"{shared.upper()}@example.org")
    people = [post.member(group, **{"email_primary.email": one}) for one in spelt]
    assert post.noted(group, dedupe_email=dedupe) == people[:number]


def test_s11_of_two_with_one_address_it_is_not_always_the_first(site: Site, post: Post) -> None:
    """CiviMail takes the members of the groups themselves before those of the groups below."""
    top = site.group()
    below, shared = site.group(parents=[top]), f"{site.unique('shared')}@example.org"
    first = post.member(below, **{"email_primary.email": shared})
    second = post.member(top, **{"email_primary.email": shared})
    assert first < second
    assert post.noted(top) == [second]


def test_s11_two_mailings_know_nothing_of_each_others_addresses(site: Site, post: Post) -> None:
    """Another mailing excludes its contacts; who shares an address with one of them still gets the second."""
    one, two, shared = site.group(), site.group(), f"{site.unique('shared')}@example.org"
    first, second = (post.member(group, **{"email_primary.email": shared}) for group in (one, two))
    earlier = post.mailing(one)
    post.submit(earlier)
    assert (post.recipients(earlier), post.noted(one, two, after=(earlier,))) == ([first], [second])


# --- left out ---------------------------------------------------------------------------------------------------------


def test_s11_who_is_in_an_excluded_group_or_below_it_is_left_out(site: Site, post: Post) -> None:
    group, left = site.group(), site.group()
    below = site.group(parents=[left])
    stays, removed = post.member(group), post.member(group)
    post.member(group, left)
    post.member(group, below)
    post.place(removed, left, "Removed")
    assert post.noted(group, without=(left,)) == [stays, removed]


def test_s11_a_smart_group_is_searched_anew_when_it_is_submitted(site: Site, post: Post) -> None:
    title = site.unique("job")
    smart = site.group(saved_search_id=search(site, "Contact", [["job_title", "=", title]]))
    early = post.member(job_title=title)
    assert [row["id"] for row in site.get("Contact", [["groups", "IN", [smart]]], "id")] == [early]
    late = post.member(job_title=title)
    assert post.noted(smart) == [early, late]
    group = site.group()
    for contact in (early, late, other := post.member()):
        post.place(contact, group, "Added")
    assert post.noted(group, without=(smart,)) == [other]


def test_s11_a_smart_group_below_a_group_is_taken_as_it_was_last_searched(site: Site, post: Post) -> None:
    """Only the groups that the mailing names are searched anew."""
    title, top = site.unique("job"), site.group()
    found = search(site, "Contact", [["job_title", "=", title]])
    smart = site.group(saved_search_id=found, parents=[top])
    early = post.member(job_title=title)
    assert [row["id"] for row in site.get("Contact", [["groups", "IN", [smart]]], "id")] == [early]
    post.member(job_title=title)
    post.place(early, smart, "Removed")
    assert post.noted(top) == [early]


def test_s11_one_mailing_for_each_language_by_excluded_smart_groups(site: Site, post: Post) -> None:
    """The main language leaves out whom the others' mailings have noted, so that who has no language gets it."""
    group = site.group()
    english, arabic, unknown = (post.member(group, preferred_language=one) for one in ("en_US", "ar_EG", "en_US"))
    site.save("Individual", {"id": unknown, "preferred_language": None})
    where = ["OR", [["preferred_language", "NOT LIKE", "ar%"], ["preferred_language", "IS EMPTY"]]]
    not_arabic = site.group(saved_search_id=search(site, "Contact", [where]))
    in_arabic = post.mailing(group, without=(not_arabic,))
    main = post.mailing(group, after=(in_arabic,))
    for one in (in_arabic, main):
        post.submit(one)
    assert (post.recipients(in_arabic), post.recipients(main)) == ([arabic], [english, unknown])


def test_s11_another_mailing_excludes_whom_it_has_noted_until_then(site: Site, post: Post) -> None:
    """So it is submitted first; of a draft nobody is noted."""
    group, part = site.group(), site.group()
    both, other = post.member(group, part), post.member(group)
    first = post.mailing(part)
    assert post.noted(group, after=(first,)) == [both, other]
    post.submit(first)
    assert post.noted(group, after=(first,)) == [other]
    site.call("Mailing", "delete", {"where": [["id", "=", first]]})
    assert post.noted(group, after=(first,)) == [both, other]
