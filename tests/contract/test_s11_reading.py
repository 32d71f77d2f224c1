"""FACTS §11 and §5: what alerts read with the small role to count people before CiviMail does, and who may decide."""

from typing import Any

from .mailing import Post
from .wire import Site

MAIL = ["Email AS mail", "LEFT", ["mail.contact_id", "=", "id"]]
ADDRESS = [f"mail.{name}" for name in ("email", "on_hold", "is_primary", "is_bulkmail")]


def audience(site: Site, *groups: int, select: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """The people in these groups, with one row for each of their addresses."""
    wanted, inside = (*select, *ADDRESS), [["groups", "IN", list(groups)]]
    return site.get("Contact", inside, *wanted, who="runtime", join=[MAIL], orderBy={"id": "ASC"})


def test_s11_people_come_once_for_each_address_and_once_without_any(site: Site, post: Post) -> None:
    group = site.group()
    two, none = post.member(group), post.member(group, **{"email_primary.email": None})
    second = {"email": f"{site.unique('second')}@example.org", "is_bulkmail": True, "on_hold": 1}
    site.save("Email", {"contact_id": two, "location_type_id:name": "Other", **second})
    first = site.contact(two, "email_primary.email")["email_primary.email"]
    rows = audience(site, group)
    assert sorted([row["id"], *(row[name] for name in ADDRESS)] for row in rows if row["mail.email"]) == sorted(
        [[two, first, 0, True, False], [two, second["email"], 1, False, True]]
    )
    assert [row for row in rows if row["id"] == none] == [{"id": none, **dict.fromkeys(ADDRESS)}]


def test_s11_people_in_several_groups_come_once_and_the_trash_does_not(site: Site, post: Post) -> None:
    top = site.group()
    below = site.group(parents=[top])
    both, gone = post.member(top, below), post.member(below)
    site.call("Contact", "delete", {"where": [["id", "=", gone]]})
    assert [row["id"] for row in audience(site, top, below)] == [both]
    assert [row["id"] for row in audience(site, top)] == [both]


def test_s11_what_forbids_mail_is_read_with_the_person(site: Site, post: Post) -> None:
    flags = ("is_opt_out", "do_not_email", "is_deceased")
    group = site.group()
    people = [post.member(group, **{flag: True}) for flag in flags]
    rows = audience(site, group, select=flags)
    assert [[row["id"], *(row[flag] for flag in flags)] for row in rows] == [
        [person, *(flag == other for other in flags)] for person, flag in zip(people, flags, strict=True)
    ]


def test_s11_the_people_of_the_groups_are_those_that_civimail_notes(site: Site, post: Post) -> None:
    """Also whoever came after the groups were last read: ordinary groups are not remembered."""
    top = site.group()
    below = site.group(parents=[site.group(parents=[top])])
    first, leaves = post.member(below), post.member(below)
    assert [row["id"] for row in audience(site, top)] == [first, leaves]
    second = post.member(below)
    post.place(leaves, below, "Removed")
    assert [row["id"] for row in audience(site, top)] == post.noted(top) == [first, second]


def test_s11_who_was_removed_from_the_group_itself_is_found_below_it_but_not_noted(site: Site, post: Post) -> None:
    """A removal from a group in between, which the mailing does not name, keeps nobody out."""
    top = site.group()
    middle = site.group(parents=[top])
    below = site.group(parents=[middle])
    of_top, of_middle = post.member(below), post.member(below)
    post.place(of_top, top, "Removed")
    post.place(of_middle, middle, "Removed")
    for groups, noted in (((top,), [of_middle]), ((middle,), [of_top]), ((top, below), [of_top, of_middle])):
        assert [row["id"] for row in audience(site, *groups)] == [of_top, of_middle]
        assert post.noted(*groups) == noted


def test_s11_opting_out_by_a_mail_is_a_removal_from_no_group(site: Site, post: Post) -> None:
    group = site.group()
    leaver, other = post.member(group), post.member(group)
    made = post.send(group)
    post.click(post.link("optout", made, leaver))
    post.click(post.link("unsubscribe", made, other))
    removed = [["contact_id", "IN", [leaver, other]], ["status", "=", "Removed"], ["group_id", "IS NOT NULL"]]
    rows = site.get("SubscriptionHistory", removed, "contact_id", "group_id", who="runtime")
    assert [(row["contact_id"], row["group_id"]) for row in rows] == [(other, group)]


def test_s11_who_decides_is_added_to_a_named_group_and_not_in_the_trash(site: Site, post: Post) -> None:
    names = [site.unique("group") for _ in range(2)]
    first, second = (site.group(name=name, title=name) for name in names)
    both, one, gone = post.member(first, second), post.member(second), post.member(first)
    post.member(first, status="Removed")
    site.call("Contact", "delete", {"where": [["id", "=", gone]]})
    where = [["group_id:name", "IN", names], ["status", "=", "Added"], ["contact_id.is_deleted", "=", False]]
    rows = site.get("GroupContact", where, "contact_id", "group_id:name", who="runtime", orderBy={"id": "ASC"})
    held = [(row["contact_id"], row["group_id:name"]) for row in rows]
    assert held == [(both, names[0]), (both, names[1]), (one, names[1])]


def test_s11_who_has_no_address_is_not_mailed_to(site: Site, post: Post) -> None:
    people = [post.member(), post.member(**{"email_primary.email": None}), post.member()]
    site.call("Contact", "delete", {"where": [["id", "=", people[2]]]})
    where = [["id", "IN", people], ["is_deleted", "=", False], ["email_primary.email", "IS NOT EMPTY"]]
    assert [row["id"] for row in site.get("Contact", where, "email_primary.email", who="runtime")] == people[:1]


def test_s11_more_recipients_than_25_are_read_only_when_no_limit_is_asked_for(site: Site, post: Post) -> None:
    group = site.group()
    sent = [
        {"first_name": "Amina", "external_identifier": one, "email_primary.email": f"{one}@example.org"}
        for one in (site.unique("many") for _ in range(27))
    ]
    people = [row["id"] for row in site.save("Individual", *sent)]
    site.save("GroupContact", *({"group_id": group, "contact_id": one, "status": "Added"} for one in people))
    made = post.mailing(group)
    post.submit(made)
    assert post.recipients(made) == people
    few = site.v3("MailingRecipients", "get", mailing_id=made).body
    assert (few["count"], len(few["values"])) == (25, 25)
