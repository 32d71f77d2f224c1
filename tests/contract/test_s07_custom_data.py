"""FACTS §7: custom groups, fields and options, and what they accept."""

from typing import Any

import pytest

from .wire import Site


@pytest.fixture(scope="module")
def made(site: Site) -> dict[str, str]:
    """A custom group on organizations with one field of each kind; made once, since a real site rebuilds its caches."""
    name = site.unique("Facts").replace("-", "_")
    site.save("CustomGroup", {"name": name, "title": name, "extends": "Organization"}, match=["name"])
    options = [
        {"id": "active", "name": "active", "label": "Active"},
        {"id": "forming", "name": "forming", "label": "Forming"},
    ]
    fields: list[dict[str, Any]] = [
        {"name": "Source_Id", "label": "Source id", "html_type": "Text", "data_type": "String", "text_length": 64},
        {"name": "State", "label": "State", "html_type": "Select", "data_type": "String", "option_values": options},
        {
            "name": "Started",
            "label": "Started",
            "html_type": "Select Date",
            "data_type": "Date",
            "date_format": "yy-mm-dd",
        },
        {
            "name": "Meets_At",
            "label": "Meets at",
            "html_type": "Select Date",
            "data_type": "Date",
            "date_format": "yy-mm-dd",
            "time_format": 2,
        },
        {"name": "Size", "label": "Size", "html_type": "Text", "data_type": "Int"},
        {
            "name": "Tongues",
            "label": "Tongues",
            "html_type": "Select",
            "data_type": "String",
            "serialize": 1,
            "option_values": {"en": "English", "ar": "Arabic"},
        },
    ]
    site.save("CustomField", *({"custom_group_id.name": name, **f} for f in fields), match=["name", "custom_group_id"])
    return {f["name"]: f"{name}.{f['name']}" for f in fields} | {"group": name}


def test_s7_values_of_every_kind_are_written_and_read(site: Site, made: dict[str, str]) -> None:
    sent = {
        made["Source_Id"]: "ch-1 🌿",
        made["State"]: "active",
        made["Started"]: "2020-05-01",
        made["Meets_At"]: "2020-05-01 18:30:00",
        made["Size"]: 12,
        made["Tongues"]: ["en", "ar"],
    }
    contact = site.organization(**sent)
    labels = site.contact(contact, *sent, f"{made['State']}:label", f"{made['Tongues']}:label")
    assert labels == {
        "id": contact,
        **sent,
        f"{made['State']}:label": "Active",
        f"{made['Tongues']}:label": ["English", "Arabic"],
    }


def test_s7_options_are_written_by_label(site: Site, made: dict[str, str]) -> None:
    contact = site.organization(**{f"{made['State']}:label": "Forming"})
    assert site.contact(contact, made["State"])[made["State"]] == "forming"


def test_s7_an_unknown_option_value_is_stored_but_an_unknown_name_is_null(site: Site, made: dict[str, str]) -> None:
    raw, named = (
        site.organization(**{made["State"]: "nonesuch"}),
        site.organization(**{f"{made['State']}:name": "nonesuch"}),
    )
    assert site.contact(raw, made["State"], f"{made['State']}:label") == {
        "id": raw,
        made["State"]: "nonesuch",
        f"{made['State']}:label": None,
    }
    assert site.contact(named, made["State"])[made["State"]] is None


def test_s7_text_in_a_number_is_refused(site: Site, made: dict[str, str]) -> None:
    answer = site.call(
        "Organization", "update", {"where": [["id", "=", site.organization()]], "values": {made["Size"]: "twelve"}}
    )
    assert answer.status == 500
    assert "is not of the type" in answer.error


def test_s7_text_too_long_is_refused_and_the_contact_stays(site: Site, made: dict[str, str]) -> None:
    key = site.unique()
    values = {"organization_name": "x", "external_identifier": key, made["Source_Id"]: "s" * 100}
    assert site.call("Organization", "create", {"values": values}).error == "DB Error: unknown error"
    assert len(site.get("Organization", [["external_identifier", "=", key]], "id")) == 1


def test_s7_slashes_in_custom_dates_are_american(site: Site, made: dict[str, str]) -> None:
    contact = site.organization(**{made["Started"]: "01/05/2020"})
    assert site.contact(contact, made["Started"])[made["Started"]] == "2020-01-05"


def test_s7_an_unknown_custom_field_is_ignored(site: Site, made: dict[str, str]) -> None:
    assert site.organization(**{f"{made['group']}.Nonesuch": "x"})


def test_s7_an_empty_list_clears_a_multiple_choice(site: Site, made: dict[str, str]) -> None:
    contact = site.organization(**{made["Tongues"]: ["en"]})
    assert site.get("Organization", [[made["Tongues"], "CONTAINS", "en"], ["id", "=", contact]], "id")
    site.call("Organization", "update", {"where": [["id", "=", contact]], "values": {made["Tongues"]: []}})
    assert site.contact(contact, made["Tongues"])[made["Tongues"]] is None


def test_s7_match_works_on_a_custom_field(site: Site, made: dict[str, str]) -> None:
    key = site.unique()
    record = {made["Source_Id"]: key, "organization_name": "x", "external_identifier": key}
    contact = site.save("Organization", record, match=[made["Source_Id"]])[0]["id"]
    again = site.save("Organization", {made["Source_Id"]: key, "organization_name": "y"}, match=[made["Source_Id"]])
    assert again[0]["id"] == contact


def test_s7_a_field_is_saved_once_and_its_options_are_kept(site: Site, made: dict[str, str]) -> None:
    record = {
        "custom_group_id.name": made["group"],
        "name": "State",
        "label": "State",
        "html_type": "Select",
        "data_type": "String",
        "option_values": [{"id": "other", "name": "other", "label": "Other"}],
    }
    site.save("CustomField", record, match=["name", "custom_group_id"])
    field = site.get(
        "CustomField",
        [["name", "=", "State"], ["custom_group_id.name", "=", made["group"]]],
        "option_group_id",
        "option_group_id.name",
    )
    options = site.get(
        "OptionValue", [["option_group_id", "=", field[0]["option_group_id"]]], "value", orderBy={"weight": "ASC"}
    )
    assert [row["value"] for row in options] == ["active", "forming"]
    assert field[0]["option_group_id.name"] == f"{made['group']}_State"


def test_s7_an_option_is_added_by_itself(site: Site, made: dict[str, str]) -> None:
    field = site.get(
        "CustomField", [["name", "=", "Tongues"], ["custom_group_id.name", "=", made["group"]]], "option_group_id"
    )
    record = {"option_group_id": field[0]["option_group_id"], "name": "de", "value": "de", "label": "German"}
    ids = {site.save("OptionValue", record, match=["option_group_id", "value"])[0]["id"] for _ in range(2)}
    contact = site.organization(**{f"{made['Tongues']}:name": ["de"]})
    assert len(ids) == 1
    assert site.contact(contact, made["Tongues"])[made["Tongues"]] == ["de"]


def test_s7_the_same_field_twice_is_refused(site: Site, made: dict[str, str]) -> None:
    values = {
        "custom_group_id.name": made["group"],
        "name": "State",
        "label": "Other",
        "html_type": "Text",
        "data_type": "String",
    }
    assert site.call("CustomField", "create", {"values": values}).error == "DB Error: already exists"


def test_s7_only_some_entities_can_be_extended(site: Site) -> None:
    answer = site.call("CustomGroup", "create", {"values": {"title": site.unique(), "extends": "Mailing"}})
    assert (answer.status, answer.error) == (500, "Unknown error")


def test_s7_an_unknown_option_group_is_an_error(site: Site) -> None:
    record = {"option_group_id.name": site.unique(), "name": "x", "label": "x"}
    answer = site.call("OptionValue", "save", {"records": [record], "match": ["option_group_id", "name"]})
    assert answer.error == "Expected to find one OptionGroup record, but there were zero."


def test_s7_custom_fields_are_described_by_get_fields(site: Site, made: dict[str, str]) -> None:
    params = {
        "where": [["name", "=", made["State"]]],
        "loadOptions": ["id", "name", "label"],
        "select": ["data_type", "type", "options"],
    }
    field = site.call("Organization", "getFields", params).values[0]
    assert (field["data_type"], field["type"]) == ("String", "Custom")
    assert field["options"][0] == {"id": "active", "name": "active", "label": "Active"}
