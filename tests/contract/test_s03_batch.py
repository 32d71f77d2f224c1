"""FACTS §3: several calls in one request, `index`, and chains."""

from typing import Any

import pytest

from .wire import Site

ONE: list[Any] = ["Contact", "get", {"select": ["id"], "limit": 1}]
BAD: list[Any] = ["Nonesuch", "get", {}]


def test_s3_keyed_calls_answer_under_their_keys(site: Site) -> None:
    answer = site.many({"a": ONE, "b": ["Group", "get", {"select": ["id"], "limit": 1}]})
    assert answer.status == 200
    assert [answer.body[key]["entity"] for key in "ab"] == ["Contact", "Group"]


def test_s3_a_list_of_calls_answers_a_list(site: Site) -> None:
    answer = site.many([ONE, ONE])
    assert isinstance(answer.body, list)
    assert len(answer.body) == 2


def test_s3_one_failing_call_leaves_http_200(site: Site) -> None:
    answer = site.many({"first": ONE, "bad": BAD, "last": ONE})
    assert answer.status == 200
    assert answer.body["bad"]["status"] == 500
    assert "error_message" in answer.body["bad"]
    assert answer.body["first"]["count"] == answer.body["last"]["count"] == 1


def test_s3_all_failing_calls_are_500_under_their_keys(site: Site) -> None:
    answer = site.many({"a": BAD, "b": BAD})
    assert answer.status == 500
    assert all("error_message" in answer.body[key] for key in "ab")


def test_s3_calls_are_not_one_transaction(site: Site) -> None:
    keys = [site.unique(), site.unique()]
    site.many(
        [
            ["Individual", "create", {"values": {"external_identifier": keys[0]}}],
            BAD,
            ["Individual", "create", {"values": {"external_identifier": keys[1]}}],
        ]
    )
    assert len(site.get("Contact", [["external_identifier", "IN", keys]], "id")) == 2


def test_s3_a_php_type_error_turns_the_whole_answer_into_html(site: Site) -> None:
    made = site.person()
    answer = site.many(
        {"bad": ["Individual", "update", {"where": [["id", "=", made]], "values": {"first_name": ["x"]}}], "good": ONE}
    )
    assert answer.status == 500
    assert answer.is_html


@pytest.mark.parametrize("calls", [{}, {"bad": "notalist"}])
def test_s3_empty_or_malformed_calls_are_an_html_500(site: Site, calls: Any) -> None:
    answer = site.many(calls)
    assert answer.status == 500
    assert answer.is_html


def test_s3_calls_by_get_are_405(site: Site) -> None:
    answer = site.send("/civicrm/ajax/api4", None, site.headers("setup"), method="GET", params={"calls": "{}"})
    assert answer.status == 405


def test_s3_index_picks_keys_or_maps(site: Site) -> None:
    made = site.person(first_name="Indexed")
    call = ["Contact", "get", {"select": ["id", "first_name"], "where": [["id", "=", made]]}]
    answer = site.many({"row": [*call, 0], "keyed": [*call, "id"], "map": [*call, {"id": "first_name"}]})
    assert answer.body["row"]["values"]["id"] == made
    assert list(answer.body["keyed"]["values"]) == [str(made)]
    assert answer.body["map"]["values"] == {str(made): "Indexed"}


def test_s3_index_works_as_a_form_field(site: Site) -> None:
    made = site.person()
    params = {"select": ["id"], "where": [["id", "=", made]]}
    assert site.call("Contact", "get", params, index="id").values == {str(made): {"id": made}}
    assert site.call("Contact", "get", params, index="0").values == {"id": made}


def test_s3_index_0_on_no_rows_is_null(site: Site) -> None:
    answer = site.call("Contact", "get", {"select": ["id"], "where": [["id", "=", 99999999]]}, index="0")
    assert answer.values is None
    assert answer.body["count"] == 0


def test_s3_a_chain_runs_per_row_with_its_id(site: Site) -> None:
    chain = {
        "email": ["Email", "create", {"values": {"contact_id": "$id", "email": f"{site.unique()}@example.org"}}],
        "phone": ["Phone", "create", {"values": {"contact_id": "$id", "phone": "020 7946 0000"}}, 0],
    }
    params = {"values": {"first_name": "Chain", "external_identifier": site.unique()}, "chain": chain}
    row = site.call("Individual", "create", params).values[0]
    assert row["email"][0]["contact_id"] == row["phone"]["contact_id"] == row["id"]


def test_s3_an_id_inside_a_string_is_not_replaced(site: Site) -> None:
    chain = {"email": ["Email", "create", {"values": {"contact_id": "$id", "email": "x$id@example.org"}}, 0]}
    params = {"values": {"first_name": "Chain", "external_identifier": site.unique()}, "chain": chain}
    assert site.call("Individual", "create", params).values[0]["email"]["email"] == "x$id@example.org"


def test_s3_a_failing_chain_keeps_the_parent(site: Site) -> None:
    key = site.unique()
    params = {
        "values": {"external_identifier": key},
        "chain": {"e": ["Email", "create", {"values": {"contact_id": "$id"}}]},
    }
    answer = site.call("Individual", "create", params)
    assert (answer.status, answer.error) == (500, "Mandatory values missing from Api4 Email::create: email")
    assert len(site.get("Contact", [["external_identifier", "=", key]], "id")) == 1
