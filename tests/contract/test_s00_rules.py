"""FACTS §0: the rules that hold for every entity and every call."""

import pytest

from .wire import Site


def test_s0_success_is_200_json_with_values(site: Site) -> None:
    answer = site.call("Contact", "get", {"select": ["id"], "limit": 1})
    assert (answer.status, answer.type) == (200, "application/json")
    assert {"values", "entity", "action", "version", "count", "countFetched"} <= set(answer.body)


def test_s0_unknown_names_in_select_are_ignored(site: Site) -> None:
    assert set(site.get("Contact", [], "id", "nonesuch", "no.such", limit=1)[0]) == {"id"}


def test_s0_unknown_names_in_values_are_ignored(site: Site) -> None:
    assert site.contact(site.person(nonesuch="y", **{"no.such": "z"}), "first_name")["first_name"] == "Amina"


def test_s0_a_misspelt_match_inserts_each_time(site: Site) -> None:
    ids = {
        site.save("Individual", {"first_name": "Twice", "source": site.unique()}, match=["externl_identifier"])[0]["id"]
        for _ in range(2)
    }
    assert len(ids) == 2
    site.call("Contact", "delete", {"where": [["id", "IN", sorted(ids)]]})


def test_s0_an_unknown_parameter_is_refused(site: Site) -> None:
    answer = site.call("Contact", "get", {"selct": ["id"]})
    assert (answer.status, answer.error) == (500, "Unknown api parameter: selct")


def test_s0_an_unknown_field_in_where_is_refused(site: Site) -> None:
    answer = site.call("Contact", "get", {"where": [["nonesuch", "=", 1]]})
    assert (answer.status, answer.error) == (500, "Invalid field 'nonesuch'")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"limit": "abc"}, 'Parameter "limit" is not of the correct type. Expecting int.'),
        ({"where": "nonsense"}, 'Parameter "where" is not of the correct type. Expecting array.'),
        ({"where": [["id", "NONOP", 1]]}, "Illegal operator"),
    ],
)
def test_s0_malformed_parameters_are_refused(site: Site, params: dict[str, object], message: str) -> None:
    assert site.call("Contact", "get", params).error == message


def test_s0_an_unknown_option_name_becomes_null(site: Site) -> None:
    made = site.person(**{"gender_id:name": "Nonesuch"})
    assert site.contact(made, "gender_id")["gender_id"] is None


def test_s0_an_unknown_option_name_finds_nothing(site: Site) -> None:
    assert site.get("Contact", [["gender_id:name", "=", "Nonesuch"]], "id") == []


def test_s0_an_unknown_option_name_of_a_required_field_is_missing(site: Site) -> None:
    record = {"group_id:name": "nonesuch", "contact_id": site.person()}
    answer = site.call("GroupContact", "save", {"records": [record]})
    assert answer.error == "Mandatory values missing from Api4 GroupContact::save: group_id"


@pytest.mark.parametrize(("field", "length"), [("first_name", 64), ("nick_name", 128), ("external_identifier", 64)])
def test_s0_long_text_is_cut_with_dots(site: Site, field: str, length: int) -> None:
    text = f"{site.run}-{field}-" + "x" * 200
    made = site.person(**{field: text})
    assert site.contact(made, field)[field] == text[: length - 3] + "..."


@pytest.mark.parametrize("sent", ["31/12/1990", "garbage", "662688000"])
def test_s0_bad_dates_become_1970(site: Site, sent: str) -> None:
    assert site.contact(site.person(birth_date=sent), "birth_date")["birth_date"] == "1970-01-01"


def test_s0_slashes_are_read_the_american_way(site: Site) -> None:
    assert site.contact(site.person(birth_date="01/05/2020"), "birth_date")["birth_date"] == "2020-01-05"


def test_s0_a_bad_date_in_where_finds_everything(site: Site) -> None:
    made = site.person()
    assert site.get("Contact", [["modified_date", ">=", "garbage"], ["id", "=", made]], "id")


def test_s0_save_without_reload_keeps_the_order_of_the_records(site: Site) -> None:
    old = site.unique("old")
    site.person(external_identifier=old)
    keys = [site.unique("new"), old, site.unique("new")]
    rows = site.save("Individual", *({"external_identifier": k} for k in keys), match=["external_identifier"])
    assert [row["external_identifier"] for row in rows] == keys


def test_s0_save_with_reload_is_sorted_by_id(site: Site) -> None:
    old = site.unique("old")
    site.person(external_identifier=old)
    keys = [site.unique("new"), old, site.unique("new")]
    rows = site.save(
        "Individual",
        *({"external_identifier": k} for k in keys),
        match=["external_identifier"],
        reload=["id", "external_identifier"],
    )
    assert [row["external_identifier"] for row in rows] == [old, keys[0], keys[2]]
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)


def test_s0_defaults_overwrite_existing_rows(site: Site) -> None:
    key = site.unique()
    site.person(external_identifier=key, source="before")
    rows = site.save(
        "Individual",
        {"external_identifier": key},
        match=["external_identifier"],
        defaults={"source": "default"},
        reload=["source"],
    )
    assert rows[0]["source"] == "default"


def test_s0_a_record_wins_over_defaults(site: Site) -> None:
    rows = site.save(
        "Individual",
        {"external_identifier": site.unique(), "source": "mine"},
        defaults={"source": "default"},
        reload=["source"],
    )
    assert rows[0]["source"] == "mine"


def test_s0_an_update_that_finds_nothing_is_no_error(site: Site) -> None:
    answer = site.call(
        "Contact", "update", {"where": [["external_identifier", "=", site.unique()]], "values": {"source": "x"}}
    )
    assert (answer.status, answer.body["count"], answer.values) == (200, 0, [])


def test_s0_an_update_of_a_missing_id_is_an_error(site: Site) -> None:
    answer = site.call("Contact", "update", {"where": [["id", "=", 99999999]], "values": {"source": "x"}})
    assert (answer.status, answer.error) == (500, "Expected one Contact but found 0")


def test_s0_an_update_of_a_missing_row_elsewhere_pretends_to_work(site: Site) -> None:
    answer = site.call("Email", "update", {"where": [["id", "=", 99999999]], "values": {"on_hold": 1}})
    assert answer.values[0]["id"] == 99999999


def test_s0_update_and_delete_want_a_where(site: Site) -> None:
    wanted = 'Parameter "where" is required unless primary keys are supplied in values.'
    assert site.call("Contact", "update", {"values": {"source": "x"}}).error == wanted
    assert site.call("Contact", "delete", {}).error == 'Parameter "where" is required.'


def test_s0_empty_records_are_refused(site: Site) -> None:
    assert site.call("Contact", "save", {"records": []}).error == 'Parameter "records" is required.'


def test_s0_row_count_counts_beyond_the_limit(site: Site) -> None:
    answer = site.call("Contact", "get", {"select": ["id", "row_count"], "limit": 1})
    assert answer.body["countMatched"] == answer.body["count"] > answer.body["countFetched"] == 1


def test_s0_row_count_alone_answers_no_rows(site: Site) -> None:
    answer = site.call("Contact", "get", {"select": ["row_count"]})
    assert answer.values == []
    assert answer.body["countMatched"] > 0
