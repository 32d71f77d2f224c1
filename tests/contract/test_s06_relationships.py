"""FACTS §6: relationship types, relationships, and duplicates that are no errors."""

from typing import Any

import pytest

from .wire import Site

TRIPLE = {"match": ["contact_id_a", "contact_id_b", "relationship_type_id"]}


@pytest.fixture
def pair(site: Site) -> dict[str, Any]:
    """A person, a chapter, and a type that may stand between them."""
    name = site.unique("rt").replace("-", "_")
    site.save(
        "RelationshipType",
        {
            "name_a_b": name,
            "label_a_b": name,
            "name_b_a": f"{name}_of",
            "label_b_a": f"{name} of",
            "contact_type_a": "Individual",
            "contact_type_b": "Organization",
        },
    )
    return {"contact_id_a": site.person(), "contact_id_b": site.organization(), "relationship_type_id:name": name}


def test_s6_a_type_is_saved_once_by_name(site: Site, pair: dict[str, Any]) -> None:
    name = pair["relationship_type_id:name"]
    record = {"name_a_b": name, "name_b_a": f"{name}_of"}
    assert len({site.save("RelationshipType", record, match=["name_a_b"])[0]["id"] for _ in range(2)}) == 1
    assert site.call("RelationshipType", "create", {"values": record}).error == "DB Error: already exists"


def test_s6_a_relationship_is_saved_once(site: Site, pair: dict[str, Any]) -> None:
    first, second = (site.save("Relationship", pair, **TRIPLE)[0] for _ in range(2))
    assert first["id"] == second["id"]


def test_s6_without_reload_dates_come_as_the_database_was_given_them(site: Site, pair: dict[str, Any]) -> None:
    row = site.save("Relationship", {**pair, "start_date": "2026-01-31"}, **TRIPLE)[0]
    assert (row["start_date"], row["end_date"], row["is_active"]) == ("20260131", "NULL", True)


def test_s6_with_reload_dates_are_dates(site: Site, pair: dict[str, Any]) -> None:
    row = site.save("Relationship", {**pair, "start_date": "2026-01-31"}, reload=True, **TRIPLE)[0]
    assert (row["start_date"], row["end_date"]) == ("2026-01-31", None)


def test_s6_an_exact_duplicate_is_http_200_with_a_duplicate_id(site: Site, pair: dict[str, Any]) -> None:
    made = site.save("Relationship", pair, **TRIPLE)[0]["id"]
    answer = site.call("Relationship", "create", {"values": pair})
    assert answer.values == [{"duplicate_id": made, "error_code": "duplicate", "id": made}]


def test_s6_the_wrong_way_round_is_a_duplicate_too(site: Site, pair: dict[str, Any]) -> None:
    made = site.save("Relationship", pair, **TRIPLE)[0]["id"]
    turned = {**pair, "contact_id_a": pair["contact_id_b"], "contact_id_b": pair["contact_id_a"]}
    assert site.call("Relationship", "create", {"values": turned}).values[0]["duplicate_id"] == made


def test_s6_a_new_one_may_follow_an_ended_one(site: Site, pair: dict[str, Any]) -> None:
    ended = site.save(
        "Relationship", {**pair, "start_date": "2026-01-01", "end_date": "2026-02-01", "is_active": False}, **TRIPLE
    )
    assert site.call("Relationship", "create", {"values": pair}).values[0]["id"] != ended[0]["id"]


def test_s6_two_hits_answer_as_a_duplicate(site: Site, pair: dict[str, Any]) -> None:
    site.save("Relationship", {**pair, "end_date": "2026-02-01", "is_active": False}, **TRIPLE)
    second = site.call("Relationship", "create", {"values": pair}).values[0]["id"]
    assert site.save("Relationship", pair, **TRIPLE)[0] == {
        "duplicate_id": second,
        "error_code": "duplicate",
        "id": second,
    }


def test_s6_an_ended_relationship_stays_ended_unless_told(site: Site, pair: dict[str, Any]) -> None:
    made = site.save("Relationship", {**pair, "end_date": "2026-02-01", "is_active": False}, **TRIPLE)[0]["id"]
    site.save("Relationship", {**pair, "description": "x"}, **TRIPLE)
    assert site.get("Relationship", [["id", "=", made]], "is_active", "end_date") == [
        {"id": made, "is_active": False, "end_date": "2026-02-01"}
    ]


def test_s6_a_contact_of_the_wrong_type_is_invalid(site: Site, pair: dict[str, Any]) -> None:
    answer = site.call("Relationship", "create", {"values": {**pair, "contact_id_b": site.person()}})
    assert answer.error == "Invalid Relationship"


def test_s6_a_missing_contact_is_invalid(site: Site, pair: dict[str, Any]) -> None:
    assert (
        site.call("Relationship", "create", {"values": {**pair, "contact_id_b": 99999999}}).error
        == "Invalid Relationship"
    )


def test_s6_only_the_name_from_a_to_b_is_a_type_name(site: Site, pair: dict[str, Any]) -> None:
    turned = {**pair, "relationship_type_id:name": f"{pair['relationship_type_id:name']}_of"}
    answer = site.call("Relationship", "create", {"values": turned})
    assert answer.error == "Mandatory values missing from Api4 Relationship::create: relationship_type_id"


def test_s6_both_ends_may_be_named_by_external_identifier(site: Site, pair: dict[str, Any]) -> None:
    a, b = (site.contact(pair[f"contact_id_{side}"], "external_identifier")["external_identifier"] for side in "ab")
    record = {
        "contact_id_a.external_identifier": a,
        "contact_id_b.external_identifier": b,
        "relationship_type_id:name": pair["relationship_type_id:name"],
    }
    first, second = (site.save("Relationship", record, **TRIPLE)[0]["id"] for _ in range(2))
    assert first == second
