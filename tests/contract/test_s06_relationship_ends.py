"""FACTS §6 and §17: ending relationships, what they are checked against, and the sub types they want."""

from typing import Any

import pytest

from .wire import Site

TRIPLE = {"match": ["contact_id_a", "contact_id_b", "relationship_type_id"]}
SHOWN = ("start_date", "end_date", "is_active")


@pytest.fixture(scope="module")
def kind(site: Site) -> dict[str, str]:
    """A relationship type that wants a sub type of organization."""
    name = site.unique("sub").replace("-", "_")
    site.save("ContactType", {"name": name, "label": name, "parent_id:name": "Organization"})
    type_name = f"{name}_of"
    sides = {"contact_type_a": "Individual", "contact_type_b": "Organization", "contact_sub_type_b": name}
    labels = {"label_a_b": type_name, "name_b_a": f"{type_name}_b", "label_b_a": f"{type_name}_b"}
    site.save("RelationshipType", {"name_a_b": type_name, **labels, **sides})
    return {"sub_type": name, "type": type_name}


@pytest.fixture
def pair(site: Site, kind: dict[str, str]) -> dict[str, Any]:
    chapter = site.organization(contact_sub_type=[kind["sub_type"]])
    return {"contact_id_a": site.person(), "contact_id_b": chapter, "relationship_type_id:name": kind["type"]}


def put(site: Site, pair: dict[str, Any], **values: Any) -> dict[str, Any]:
    return site.save("Relationship", {**pair, **values}, **TRIPLE, who="runtime" if site.runtime_key else "setup")[0]


def shown(site: Site, made: int) -> tuple[Any, ...]:
    row = site.get("Relationship", [["id", "=", made]], *SHOWN)[0]
    return tuple(row[name] for name in SHOWN)


def test_s6_the_wrong_sub_type_is_invalid(site: Site, pair: dict[str, Any]) -> None:
    for values in ({"contact_id_b": site.organization()}, {"contact_id_a": pair["contact_id_b"]}):
        answer = site.call("Relationship", "save", {"records": [{**pair, **values}], **TRIPLE})
        assert (answer.status, answer.error) == (500, "Invalid Relationship")


def test_s6_an_unknown_type_name_is_missing(site: Site, pair: dict[str, Any]) -> None:
    record = {**pair, "relationship_type_id:name": "Nonesuch"}
    answer = site.call("Relationship", "save", {"records": [record], **TRIPLE})
    assert answer.error == "Mandatory values missing from Api4 Relationship::save: relationship_type_id"


def test_s6_moving_to_the_wrong_sub_type_is_invalid_too(site: Site, pair: dict[str, Any]) -> None:
    made = put(site, pair)["id"]
    values = {"contact_id_b": site.organization()}
    answer = site.call("Relationship", "update", {"where": [["id", "=", made]], "values": values})
    assert answer.error == "Invalid Relationship"


def test_s17_a_chapter_that_lost_its_sub_type_can_only_be_left(site: Site, pair: dict[str, Any]) -> None:
    made = put(site, pair)["id"]
    site.save("Organization", {"id": pair["contact_id_b"], "contact_sub_type": None})
    where = [["id", "=", made]]
    answer = site.call("Relationship", "update", {"where": where, "values": {"description": "x"}})
    assert answer.error == "Invalid Relationship"
    site.save("Relationship", {"id": made, "is_active": False, "end_date": "2026-01-01"})
    assert shown(site, made) == (None, "2026-01-01", False)


def test_s17_a_relationship_is_ended_by_id(site: Site, pair: dict[str, Any], runtime: str) -> None:
    made = put(site, pair, start_date="2026-01-31")["id"]
    values = {"end_date": "2026-03-01", "is_active": False}
    answer = site.call("Relationship", "update", {"where": [["id", "=", made]], "values": values}, who=runtime)
    ends = {name: pair[name] for name in ("contact_id_a", "contact_id_b")}
    row = answer.values[0]
    assert row == {
        "id": made,
        **ends,
        "relationship_type_id": row["relationship_type_id"],
        "end_date": "20260301",
        "is_active": False,
        "custom": None,
        "check_permissions": None,
    }
    assert shown(site, made) == ("2026-01-31", "2026-03-01", False)


def test_s17_an_ended_one_comes_back_with_its_old_end(site: Site, pair: dict[str, Any]) -> None:
    made = put(site, pair, end_date="2026-03-01", is_active=False)["id"]
    put(site, pair, start_date="2026-04-01")
    assert shown(site, made) == ("2026-04-01", "2026-03-01", False)
    put(site, pair, is_active=True)
    assert shown(site, made) == ("2026-04-01", "2026-03-01", True)
    put(site, pair, end_date=None)
    assert shown(site, made) == ("2026-04-01", None, True)


def test_s17_a_past_end_does_not_switch_off(site: Site, pair: dict[str, Any]) -> None:
    made = put(site, pair, end_date="2026-02-01")["id"]
    assert shown(site, made) == (None, "2026-02-01", True)
    put(site, pair, start_date="2026-05-01")
    assert shown(site, made) == ("2026-05-01", "2026-02-01", True)  # an end before the start is no error


def test_s6_a_duplicate_is_an_active_one_with_the_same_dates(site: Site, pair: dict[str, Any]) -> None:
    made = put(site, pair)["id"]

    def again(**values: Any) -> Any:
        return site.call("Relationship", "create", {"values": {**pair, **values}}).values[0]

    twin = {"duplicate_id": made, "error_code": "duplicate", "id": made}
    assert [again(), again(description="x"), again(is_active=False)] == [twin] * 3
    assert again(start_date="2026-01-01")["id"] != made


def test_s6_ended_ones_do_not_count_as_duplicates(site: Site, pair: dict[str, Any]) -> None:
    made = put(site, pair, is_active=False)["id"]
    assert site.call("Relationship", "create", {"values": pair}).values[0]["id"] != made


def test_s6_skip_recent_view_is_taken_and_echoed_empty(site: Site, pair: dict[str, Any], runtime: str) -> None:
    row = put(site, pair, skipRecentView=True)
    assert row["skipRecentView"] is None
    assert shown(site, row["id"]) == (None, None, True)
    assert "skipRecentView" not in put(site, pair, description="x")


def test_s6_a_contact_in_the_trash_may_be_related(site: Site, pair: dict[str, Any], runtime: str) -> None:
    site.call("Contact", "delete", {"where": [["id", "=", pair["contact_id_b"]]]})
    made = put(site, pair)["id"]
    assert site.get("Relationship", [["id", "=", made]], "id", who=runtime) == [{"id": made}]


def test_s6_the_runtime_role_deletes_relationships(site: Site, pair: dict[str, Any], runtime: str) -> None:
    made = put(site, pair)["id"]
    answer = site.call("Relationship", "delete", {"where": [["id", "=", made]]}, who=runtime)
    assert answer.values == [{"id": str(made)}]
