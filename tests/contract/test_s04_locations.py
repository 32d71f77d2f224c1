"""FACTS §4: e-mail, phone and address written through `email_primary` and its like."""

import pytest

from .wire import Site

MAIN = [
    ("Email", "email_primary.email", "email", "amina@example.org", "other@example.org"),
    ("Phone", "phone_primary.phone", "phone", "020 7946 0000", "020 7946 0001"),
    ("Address", "address_primary.city", "city", "Leeds", "York"),
]


@pytest.mark.parametrize(("entity", "path", "column", "first", "second"), MAIN)
def test_s4_the_primary_row_is_updated_in_place(
    site: Site, entity: str, path: str, column: str, first: str, second: str
) -> None:
    made = site.person(**{path: first})
    site.call("Individual", "update", {"where": [["id", "=", made]], "values": {path: second}})
    rows = site.get(entity, [["contact_id", "=", made]], column, "is_primary", "location_type_id:name")
    assert [(r[column], r["is_primary"], r["location_type_id:name"]) for r in rows] == [(second, True, "Home")]


@pytest.mark.parametrize(("path", "entity"), [("email_primary.email", "Email"), ("phone_primary.phone", "Phone")])
def test_s4_null_deletes_the_primary_row(site: Site, path: str, entity: str) -> None:
    made = site.person(**{path: "x1"})
    site.call("Individual", "update", {"where": [["id", "=", made]], "values": {path: None}})
    assert site.get(entity, [["contact_id", "=", made]], "id") == []


def test_s4_null_where_there_is_none_is_no_error(site: Site) -> None:
    made = site.person(**{"email_primary.email": None, "phone_primary.phone": None})
    assert site.get("Email", [["contact_id", "=", made]], "id") == []


def test_s4_a_null_address_leaves_an_empty_row(site: Site) -> None:
    made = site.person(**{"address_primary.city": None})
    assert site.get("Address", [["contact_id", "=", made]], "city")[0]["city"] is None


@pytest.mark.parametrize(("path", "entity"), [("email_primary.email", "Email"), ("phone_primary.phone", "Phone")])
def test_s4_an_empty_value_is_refused_for_a_new_row(site: Site, path: str, entity: str) -> None:
    params = {"where": [["id", "=", site.person()]], "values": {path: ""}}
    column = path.partition(".")[2]
    assert (
        site.call("Individual", "update", params).error
        == f"Mandatory values missing from Api4 {entity}::save: {column}"
    )


def test_s4_an_empty_email_over_an_existing_one_leaves_a_row_without_address(site: Site) -> None:
    made = site.person(**{"email_primary.email": "amina@example.org"})
    site.call("Individual", "update", {"where": [["id", "=", made]], "values": {"email_primary.email": ""}})
    assert [row["email"] for row in site.get("Email", [["contact_id", "=", made]], "email")] == [None]


def test_s4_countries_are_written_and_read_by_code(site: Site) -> None:
    made = site.person(**{"address_primary.country_id:name": "GB"})
    assert site.contact(made, "address_primary.country_id:name", "address_primary.country_id:label") == {
        "id": made,
        "address_primary.country_id:name": "GB",
        "address_primary.country_id:label": "United Kingdom",
    }


def test_s4_an_unknown_country_becomes_null(site: Site) -> None:
    made = site.person(**{"address_primary.country_id:name": "ZZ", "address_primary.city": "Leeds"})
    assert site.contact(made, "address_primary.country_id", "address_primary.city") == {
        "id": made,
        "address_primary.country_id": None,
        "address_primary.city": "Leeds",
    }


def test_s4_emails_are_not_checked(site: Site) -> None:
    made = site.person(**{"email_primary.email": "not an email"})
    assert site.contact(made, "email_primary.email")["email_primary.email"] == "not an email"


def test_s4_long_emails_are_cut(site: Site) -> None:
    made = site.person(**{"email_primary.email": "a" * 300})
    assert site.contact(made, "email_primary.email")["email_primary.email"] == "a" * 251 + "..."


def test_s4_emails_are_lower_cased(site: Site) -> None:
    made = site.person(**{"email_primary.email": "AMINA@Example.org"})
    assert site.contact(made, "email_primary.email")["email_primary.email"] == "amina@example.org"


def test_s4_a_changed_email_stays_on_hold(site: Site) -> None:
    made = site.person(**{"email_primary.email": "amina@example.org"})
    site.call("Email", "update", {"where": [["contact_id", "=", made]], "values": {"on_hold": 1}})
    site.call(
        "Individual", "update", {"where": [["id", "=", made]], "values": {"email_primary.email": "new@example.org"}}
    )
    row = site.contact(made, "email_primary.on_hold", "email_primary.hold_date", "email_primary.email")
    assert (row["email_primary.on_hold"], row["email_primary.email"]) == (1, "new@example.org")
    assert row["email_primary.hold_date"]


def test_s4_a_second_primary_takes_over(site: Site) -> None:
    made = site.person(**{"email_primary.email": "one@example.org"})
    site.save("Email", {"contact_id": made, "email": "two@example.org", "is_primary": True})
    rows = site.get("Email", [["contact_id", "=", made]], "email", "is_primary", orderBy={"id": "ASC"})
    assert [(r["email"], r["is_primary"]) for r in rows] == [("one@example.org", False), ("two@example.org", True)]


def test_s4_an_email_wants_an_address_and_an_existing_contact(site: Site) -> None:
    assert (
        site.call("Email", "create", {"values": {}}).error == "Mandatory values missing from Api4 Email::create: email"
    )
    answer = site.call("Email", "create", {"values": {"email": "x@example.org", "contact_id": 99999999}})
    assert answer.error == "DB Error: constraint violation"


def test_s4_contacts_are_reached_from_their_emails(site: Site) -> None:
    key = site.unique()
    site.person(external_identifier=key, **{"email_primary.email": f"{key}@example.org"})
    rows = site.get("Email", [["contact_id.external_identifier", "=", key]], "contact_id.first_name")
    assert [row["contact_id.first_name"] for row in rows] == ["Amina"]


def test_s4_the_id_of_a_country_is_named_by_the_list_of_its_field(site: Site, runtime: str) -> None:
    params = {"action": "create", "loadOptions": ["id", "name"], "where": [["name", "=", "country_id"]]}
    (field,) = site.call("Address", "getFields", params, who=runtime).values
    names = {option["id"]: option["name"] for option in field["options"]}
    made = site.person(**{"address_primary.country_id:name": "PS"})
    row = site.contact(made, "address_primary.country_id", "address_primary.country_id:name")
    assert names[row["address_primary.country_id"]] == row["address_primary.country_id:name"] == "PS"
