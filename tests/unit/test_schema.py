"""The site's fields, what is wrong with a name, and the one form in which values are compared."""

import pytest
from hypothesis import given, strategies as st

from connector.civicrm.schema import Field, Schema, as_read, canonical, owner

from .site import schema

TEXT = Field("first_name", "String", max_length=10)
DATE = Field("birth_date", "Date")
NUMBER = Field("amount", "Money")


@pytest.mark.parametrize(
    ("path", "field", "value", "form"),
    [
        ("first_name", TEXT, "  Amina ", "Amina"),
        ("first_name", TEXT, "Maximiliana-Sophie", "Maximilian"),
        ("first_name", TEXT, "", None),
        ("first_name", TEXT, "   ", None),
        ("first_name", TEXT, None, None),
        ("first_name", TEXT, [], None),
        ("email_primary.email", Field("email", "String"), "Amina@Example.org", "amina@example.org"),
        ("birth_date", DATE, "2026-01-31", "2026-01-31"),
        ("birth_date", DATE, "2026-01-31 00:00:00", "2026-01-31"),
        ("amount", NUMBER, "1.50", "1.5"),
        ("amount", NUMBER, "12.00", "12"),
        ("amount", NUMBER, 100, "100"),
        ("amount", NUMBER, "-3.10", "-3.1"),
        ("amount", NUMBER, 0, "0"),
        ("is_deceased", Field("is_deceased", "Boolean"), True, "1"),
        ("is_deceased", Field("is_deceased", "Boolean"), False, "0"),
        ("unknown", None, " x ", "x"),
    ],
)
def test_both_sides_are_compared_in_the_form_that_civicrm_gives_back(path, field, value, form) -> None:
    assert canonical(path, field)(value) == form


@given(st.integers(-(10**9), 10**9), st.integers(0, 3))
def test_a_number_is_the_same_however_many_zeros_end_it(number, zeros) -> None:
    written = str(number) + ("." + "0" * zeros if zeros else "")
    assert canonical("amount", NUMBER)(written) == str(number)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("first_name", ("Individual", "first_name")),
        ("email_primary.email", ("Email", "email")),
        ("address_primary.country_id:name", ("Address", "country_id:name")),
        ("Solidarity_Member.Joined_On", ("Individual", "Solidarity_Member.Joined_On")),
        ("email_primary", ("Individual", "email_primary")),
    ],
)
def test_a_location_is_a_row_of_its_own_to_civicrm(path, expected) -> None:
    assert owner("Individual", path) == expected


def test_the_fields_behind_paths_are_found() -> None:
    assert schema().field("Individual", "email_primary.email").name == "email"
    assert schema().field("Individual", "address_primary.country_id:name").options["IE"] == "Ireland"
    assert schema().field("Individual", "Solidarity_Member.Joined_On").data_type == "Date"
    assert schema().field("Individual", "nonesuch") is None
    assert schema().field("Organization", "first_name") is None


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("first_name", None),
        ("address_primary.country_id:name", None),
        ("fist_name", "this CiviCRM has no field Individual.fist_name, did you mean 'first_name'?"),
        ("email_primary.mail", "this CiviCRM has no field Email.mail, did you mean 'email'?"),
        ("Solidarity_Member.Shoe_Size", "this CiviCRM has no field Individual.Solidarity_Member.Shoe_Size"),
        ("id", "Individual.id cannot be written"),
        ("first_name:name", "Individual.first_name:name has no list of options; leave out ':name'"),
    ],
)
def test_a_name_that_cannot_be_written_is_told_in_words(path, problem) -> None:
    found = schema().problem("Individual", path)
    assert found == problem or str(found).startswith(str(problem))


def test_an_option_is_found_by_name_or_label_in_any_case() -> None:
    country = Field("country_id", "Integer", options={"IE": "Ireland", "PS": "Palestine, State of"})
    assert [country.option(text) for text in ("IE", "ie", "Ireland", "palestine, state of", "Irland")] == [
        "IE",
        "IE",
        "IE",
        "PS",
        None,
    ]
    assert TEXT.option("anything") == "anything"


def test_lengths_that_the_site_does_not_tell_are_known() -> None:
    told = {"name": "first_name", "data_type": "String", "input_attrs": None}
    other = {"name": "Long_Text", "data_type": "String", "input_attrs": {"maxlength": "20"}}
    found = Schema.of({"fields Individual": [told, other], "me": [{"id": 1}]})
    assert found.field("Individual", "first_name").max_length == 64
    assert found.field("Individual", "Long_Text").max_length == 20


def test_the_fields_of_several_entities_are_asked_for_in_one_request() -> None:
    calls = Schema.calls(["Individual", "Email", "Email"])
    assert [(name, entity, action) for name, (entity, action, _) in calls.items()] == [
        ("fields Email", "Email", "getFields"),
        ("fields Individual", "Individual", "getFields"),
    ]


def test_a_value_that_was_cut_is_the_same_when_cut_again() -> None:
    field = Field("first_name", "String", max_length=5)
    once = canonical("first_name", field)("Anna Maria")
    assert once == "Anna"
    assert canonical("first_name", field)(once) == once


def test_a_number_behind_which_options_stand_is_written_by_name() -> None:
    found = Schema({"Individual": {"gender_id": Field("gender_id", "Integer", options={"Female": "Female"})}})
    assert "gender_id:name" in (found.problem("Individual", "gender_id") or "")
    assert found.problem("Individual", "gender_id:name") is None


COUNTRY = Field("country_id", "Integer", options={"IE": "Ireland"}, option_ids={"1105": "IE"})


@pytest.mark.parametrize(("id_", "name"), [(1105, "IE"), ("1105", "IE"), (None, None), (9999, "9999")])
def test_an_option_is_read_by_its_id_and_an_unknown_one_does_not_look_empty(id_, name) -> None:
    path, form = as_read("address_primary.country_id:name", COUNTRY)
    assert path == "address_primary.country_id"
    assert form(id_) == name


@pytest.mark.parametrize("path", ["first_name", "address_primary.country_id:label"])
def test_what_is_no_name_of_an_option_is_read_as_it_is(path) -> None:
    assert as_read(path, COUNTRY)[0] == path


def test_options_of_which_a_field_holds_several_are_left_to_the_site() -> None:
    told = {"name": "languages", "data_type": "String", "options": [{"id": "1", "name": "en", "label": "English"}]}
    one, several = (Schema.of({"fields Individual": [told | {"serialize": kind}]}) for kind in (None, 1))
    assert one.field("Individual", "languages").option_ids == {"1": "en"}
    assert as_read("languages:name", several.field("Individual", "languages"))[0] == "languages:name"
