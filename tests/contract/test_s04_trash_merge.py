"""FACTS §4: the trash, who sees it, and contacts that were merged."""

import pytest

from .wire import Site

EITHER = ["is_deleted", "IN", [True, False]]


@pytest.fixture
def trashed(site: Site) -> tuple[int, str]:
    """Id and external_identifier of a contact in the trash."""
    key = site.unique("t")
    made = site.person(external_identifier=key, last_name=key, **{"email_primary.email": f"{key}@example.org"})
    assert site.call("Contact", "delete", {"where": [["id", "=", made]]}).values == [{"id": made}]
    return made, key


@pytest.mark.parametrize("operator", ["=", "IN"])
def test_s4_contact_finds_the_trash_by_external_identifier(site: Site, trashed: tuple[int, str], operator: str) -> None:
    value = trashed[1] if operator == "=" else [trashed[1]]
    found = site.get("Contact", [["external_identifier", operator, value]], "is_deleted")
    assert found == [{"id": trashed[0], "is_deleted": True}]


def test_s4_other_conditions_hide_the_trash(site: Site, trashed: tuple[int, str]) -> None:
    key = trashed[1]
    assert site.get("Contact", [["last_name", "=", key]], "id") == []
    assert site.get("Contact", [["external_identifier", "LIKE", f"{key}%"]], "id") == []
    assert (
        site.get("Contact", [["OR", [["external_identifier", "=", key], ["external_identifier", "=", "x"]]]], "id")
        == []
    )


def test_s4_like_without_a_wildcard_finds_the_trash_as_equals_does(site: Site, trashed: tuple[int, str]) -> None:
    assert site.get("Contact", [["external_identifier", "LIKE", trashed[1]]], "id") == [{"id": trashed[0]}]


def test_s4_typed_entities_do_not_see_the_trash_by_key(site: Site, trashed: tuple[int, str]) -> None:
    assert site.get("Individual", [["external_identifier", "=", trashed[1]]], "id") == []


@pytest.mark.parametrize("entity", ["Contact", "Individual"])
def test_s4_the_trash_is_seen_by_id(site: Site, trashed: tuple[int, str], entity: str) -> None:
    assert site.get(entity, [["id", "=", trashed[0]]], "is_deleted") == [{"id": trashed[0], "is_deleted": True}]


@pytest.mark.parametrize("entity", ["Contact", "Individual"])
@pytest.mark.parametrize("who", ["setup", "runtime"])
def test_s4_asking_for_both_shows_the_trash(
    site: Site, runtime: str, trashed: tuple[int, str], entity: str, who: str
) -> None:
    assert site.get(entity, [["external_identifier", "IN", [trashed[1]]], EITHER], "is_deleted", who=who) == [
        {"id": trashed[0], "is_deleted": True}
    ]


def test_s4_contact_save_writes_into_the_trash(site: Site, trashed: tuple[int, str]) -> None:
    rows = site.save(
        "Contact",
        {"external_identifier": trashed[1], "first_name": "Lost"},
        match=["external_identifier"],
        reload=["is_deleted", "first_name"],
    )
    assert rows == [{"id": trashed[0], "is_deleted": True, "first_name": "Lost"}]


def test_s4_individual_save_fails_loudly_instead(site: Site, trashed: tuple[int, str]) -> None:
    params = {"records": [{"external_identifier": trashed[1], "first_name": "Loud"}], "match": ["external_identifier"]}
    assert site.call("Individual", "save", params).error == "DB Error: already exists"


def test_s4_match_by_email_does_not_find_the_trash(site: Site, trashed: tuple[int, str]) -> None:
    record = {"email_primary.email": f"{trashed[1]}@example.org", "external_identifier": site.unique()}
    assert site.save("Contact", record, match=["email_primary.email"])[0]["id"] != trashed[0]


def test_s4_a_contact_is_restored_by_id(site: Site, trashed: tuple[int, str]) -> None:
    params = {"where": [["id", "=", trashed[0]]], "values": {"is_deleted": False}, "reload": ["is_deleted"]}
    assert site.call("Contact", "update", params).values == [{"id": trashed[0], "is_deleted": False}]


def test_s4_a_permanent_delete_leaves_nothing(site: Site, trashed: tuple[int, str]) -> None:
    site.call("Contact", "delete", {"where": [["id", "=", trashed[0]]], "useTrash": False})
    assert site.get("Contact", [["external_identifier", "=", trashed[1]], EITHER], "id") == []


def test_s4_deleting_nothing_is_no_error(site: Site) -> None:
    assert site.call("Contact", "delete", {"where": [["id", "=", 99999999]]}).values == []


def test_s4_a_safe_merge_skips_conflicts(site: Site) -> None:
    pair = {"contactId": site.person(last_name="Keep"), "duplicateId": site.person(last_name="Lose")}
    answer = site.call("Contact", "mergeDuplicates", {**pair, "mode": "safe"}).values[0]
    assert answer["merged"] == []
    assert answer["skipped"] == [{"main_id": pair["contactId"], "other_id": pair["duplicateId"]}]


def test_s4_after_a_merge_both_keep_their_external_identifier(site: Site) -> None:
    keep = site.person(last_name="Keep", **{"email_primary.email": f"{site.unique()}@example.org"})
    key = site.unique()
    lose = site.person(last_name="Lose", external_identifier=key, **{"phone_primary.phone": "123"})
    site.call("Contact", "mergeDuplicates", {"contactId": keep, "duplicateId": lose, "mode": "aggressive"})
    assert site.contact(lose, "is_deleted", "external_identifier") == {
        "id": lose,
        "is_deleted": True,
        "external_identifier": key,
    }
    assert site.contact(keep, "last_name", "phone_primary.phone") == {
        "id": keep,
        "last_name": "Keep",
        "phone_primary.phone": "123",
    }


def test_s4_a_survivor_without_external_identifier_takes_the_losers(site: Site) -> None:
    keep, key = site.person(external_identifier=None), site.unique()
    lose = site.person(external_identifier=key)
    site.call("Contact", "mergeDuplicates", {"contactId": keep, "duplicateId": lose, "mode": "safe"})
    assert site.contact(keep, "external_identifier")["external_identifier"] == key
    assert site.contact(lose, "external_identifier")["external_identifier"] is None


def test_s4_the_survivor_of_a_merge_can_be_asked(site: Site, runtime: str) -> None:
    keep, lose = site.person(), site.person()
    site.call("Contact", "mergeDuplicates", {"contactId": keep, "duplicateId": lose, "mode": "aggressive"})
    assert site.call("Contact", "getMergedTo", {"contactId": lose}, runtime).values == [{"id": keep}]
    assert site.call("Contact", "getMergedTo", {"contactId": keep}, runtime).values == [None]
    assert site.call("Contact", "getMergedFrom", {"contactId": keep}, runtime).values == [{"id": lose}]


def test_s4_v3_knows_the_survivor_too(site: Site) -> None:
    keep, lose = site.person(), site.person()
    site.call("Contact", "mergeDuplicates", {"contactId": keep, "duplicateId": lose, "mode": "aggressive"})
    answer = site.v3("Contact", "getmergedto", "setup", contact_id=lose).body
    assert (answer["is_error"], answer["count"], list(answer["values"])) == (0, 1, [str(keep)])
