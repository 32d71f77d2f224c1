"""FACTS §5: who is in a group with which status, and the history of it."""

from typing import Any

import pytest

from .wire import Site

PAIR = {"match": ["group_id", "contact_id"]}


@pytest.fixture
def member(site: Site) -> dict[str, Any]:
    return {"group_id": site.group(), "contact_id": site.person()}


def put(site: Site, member: dict[str, Any], status: str | None = None) -> dict[str, Any]:
    record = member if status is None else {**member, "status": status}
    return site.save("GroupContact", record, **PAIR)[0]


def statuses(site: Site, member: dict[str, Any]) -> list[str]:
    where = [["group_id", "=", member["group_id"]], ["contact_id", "=", member["contact_id"]]]
    return [row["status"] for row in site.get("GroupContact", where, "status")]


def history(site: Site, member: dict[str, Any]) -> list[tuple[str, str]]:
    where = [["group_id", "=", member["group_id"]], ["contact_id", "=", member["contact_id"]]]
    rows = site.get("SubscriptionHistory", where, "status", "method", orderBy={"id": "ASC"})
    return [(row["status"], row["method"]) for row in rows]


def test_s5_a_membership_is_added_unless_told_otherwise(site: Site, member: dict[str, Any]) -> None:
    put(site, member)
    assert statuses(site, member) == ["Added"]


def test_s5_the_same_pair_without_match_is_refused(site: Site, member: dict[str, Any]) -> None:
    put(site, member)
    assert site.call("GroupContact", "create", {"values": member}).error == "DB Error: already exists"


def test_s5_groups_and_contacts_may_be_named(site: Site, member: dict[str, Any]) -> None:
    name = site.get("Group", [["id", "=", member["group_id"]]], "name")[0]["name"]
    key = site.contact(member["contact_id"], "external_identifier")["external_identifier"]
    first = site.save("GroupContact", {"group_id.name": name, "contact_id.external_identifier": key}, **PAIR)
    second = site.save("GroupContact", {"group_id:name": name, "contact_id": member["contact_id"]}, **PAIR)
    assert first[0]["id"] == second[0]["id"]


def test_s5_an_unknown_external_identifier_is_an_error(site: Site, member: dict[str, Any]) -> None:
    record = {"group_id": member["group_id"], "contact_id.external_identifier": site.unique()}
    answer = site.call("GroupContact", "save", {"records": [record], **PAIR})
    assert answer.error == "Expected to find one Contact record, but there were zero."


def test_s5_an_unknown_status_is_stored(site: Site, member: dict[str, Any]) -> None:
    put(site, member, "Nonesuch")
    assert statuses(site, member) == ["Nonesuch"]


@pytest.mark.parametrize("missing", ["group_id", "contact_id"])
def test_s5_a_missing_contact_or_group_is_a_constraint_violation(
    site: Site, member: dict[str, Any], missing: str
) -> None:
    answer = site.call("GroupContact", "save", {"records": [{**member, missing: 99999999}], **PAIR})
    assert answer.error == "DB Error: constraint violation"


def test_s5_memberships_before_a_failing_one_stay(site: Site, member: dict[str, Any]) -> None:
    other = {"group_id": member["group_id"], "contact_id": site.person()}
    records = [member, {**member, "contact_id": 99999999}, other]
    assert site.call("GroupContact", "save", {"records": records, **PAIR}).status == 500
    assert (statuses(site, member), statuses(site, other)) == (["Added"], [])


def test_s5_added_over_removed_resubscribes_silently(site: Site, member: dict[str, Any]) -> None:
    put(site, member, "Removed")
    assert put(site, member, "Added")["status"] == "Added"
    assert statuses(site, member) == ["Added"]


def test_s5_every_save_writes_history_even_of_nothing_new(site: Site, member: dict[str, Any]) -> None:
    for status in ("Added", "Added", "Removed"):
        put(site, member, status)
    assert history(site, member) == [("Added", "API"), ("Added", "API"), ("Removed", "API")]


def test_s5_a_method_that_is_sent_is_ignored(site: Site, member: dict[str, Any]) -> None:
    put(site, {**member, "method": "Email", "tracking": "x"}, "Removed")
    assert history(site, member) == [("Removed", "API")]


def test_s5_a_deleted_membership_is_remembered_only_as_history(site: Site, member: dict[str, Any]) -> None:
    made = put(site, member)
    site.call("GroupContact", "delete", {"where": [["id", "=", made["id"]]]})
    assert statuses(site, member) == []
    assert history(site, member) == [("Added", "API"), ("Deleted", "API")]


def test_s5_history_ids_are_a_cursor(site: Site, member: dict[str, Any]) -> None:
    last = site.get("SubscriptionHistory", [], "id", orderBy={"id": "DESC"}, limit=1)
    put(site, member)
    newer = site.get(
        "SubscriptionHistory",
        [["id", ">", last[0]["id"] if last else 0]],
        "contact_id",
        "group_id:name",
        orderBy={"id": "ASC"},
    )
    assert [row["contact_id"] for row in newer] == [member["contact_id"]]


def test_s5_one_query_reads_the_status_of_a_batch(site: Site, member: dict[str, Any]) -> None:
    put(site, member, "Removed")
    outside = site.person()
    join = ["GroupContact AS gc", "LEFT", ["gc.contact_id", "=", "id"], ["gc.group_id", "=", member["group_id"]]]
    where = [["id", "IN", [member["contact_id"], outside]]]
    rows = site.get("Contact", where, "id", "gc.status", join=[join], orderBy={"id": "ASC"})
    assert [(row["id"], row["gc.status"]) for row in rows] == [(member["contact_id"], "Removed"), (outside, None)]


def test_s5_an_inner_join_keeps_only_members(site: Site, member: dict[str, Any]) -> None:
    put(site, member)
    join = ["GroupContact AS gc", "INNER", ["gc.contact_id", "=", "id"], ["gc.group_id", "=", member["group_id"]]]
    rows = site.get("Contact", [["id", "IN", [member["contact_id"], site.person()]]], "id", "gc.status", join=[join])
    assert [row["id"] for row in rows] == [member["contact_id"]]
