"""FACTS §4: what a contact is: identity, type, names, and what is stored of what was sent."""

from typing import Any

import pytest

from .wire import Site

EXISTS = "DB Error: already exists"


def test_s4_same_external_identifier_is_refused(site: Site) -> None:
    key = site.unique()
    site.person(external_identifier=key)
    answer = site.call("Organization", "create", {"values": {"organization_name": "x", "external_identifier": key}})
    assert (answer.status, answer.error) == (500, EXISTS)


def test_s4_external_identifier_is_unique_whatever_its_case(site: Site) -> None:
    key = site.unique("case")
    site.person(external_identifier=key)
    assert site.call("Individual", "create", {"values": {"external_identifier": key.upper()}}).error == EXISTS


def test_s4_long_external_identifiers_collide_once_cut(site: Site) -> None:
    start = site.unique("y" * 60)
    site.person(external_identifier=start + "one")
    assert site.call("Individual", "create", {"values": {"external_identifier": start + "two"}}).error == EXISTS


def test_s4_reads_ignore_case_and_accents(site: Site) -> None:
    name = site.unique("Zoé")
    made = site.person(first_name=name)
    found = site.get("Contact", [["first_name", "=", name.replace("é", "E").upper()]], "first_name")
    assert found == [{"id": made, "first_name": name}]


def test_s4_a_contact_needs_no_name(site: Site) -> None:
    made = site.save("Individual", {"external_identifier": site.unique()})[0]["id"]
    assert site.contact(made, "display_name")["display_name"] is None


def test_s4_names_are_made_by_civicrm(site: Site) -> None:
    made = site.person(
        first_name="Amina", middle_name="M", last_name="Haddad", **{"prefix_id:name": "Ms.", "suffix_id:name": "Jr."}
    )
    assert site.contact(made, "display_name", "sort_name") == {
        "id": made,
        "display_name": "Ms. Amina Haddad Jr.",
        "sort_name": "Haddad, Amina Jr.",
    }


def test_s4_somebody_without_a_name_goes_by_the_email(site: Site) -> None:
    email = f"{site.unique()}@example.org"
    made = site.save("Individual", {"external_identifier": site.unique(), "email_primary.email": email.upper()})[0][
        "id"
    ]
    assert site.contact(made, "display_name", "sort_name") == {"id": made, "display_name": email, "sort_name": email}


def test_s4_greetings_are_made_by_civicrm(site: Site) -> None:
    made = site.person(first_name="Amina", last_name="Haddad")
    assert site.contact(made, "email_greeting_display", "postal_greeting_display", "addressee_display") == {
        "id": made,
        "email_greeting_display": "Dear Amina",
        "postal_greeting_display": "Dear Amina",
        "addressee_display": "Amina Haddad",
    }


def test_s4_greetings_can_be_skipped(site: Site) -> None:
    made = site.person(skip_greeting_processing=True)
    assert site.contact(made, "email_greeting_display", "display_name") == {
        "id": made,
        "email_greeting_display": None,
        "display_name": "Amina",
    }


def test_s4_an_organization_is_addressed_but_not_greeted(site: Site) -> None:
    name = site.unique("Org")
    made = site.organization(organization_name=name)
    assert site.contact(made, "email_greeting_display", "addressee_display", "sort_name") == {
        "id": made,
        "email_greeting_display": None,
        "addressee_display": name,
        "sort_name": name,
    }


def test_s4_arabic_emoji_and_markup_come_back_as_typed(site: Site) -> None:
    sent = {"first_name": "لينا", "last_name": "القاسم", "nick_name": "🌿 نبتة", "source": "<b>x</b> & \"q\" 'a' \\ %"}
    made = site.person(**sent)
    assert site.contact(made, *sent) == {"id": made, **sent}
    assert site.get("Contact", [["nick_name", "CONTAINS", "🌿"], ["id", "=", made]], "id")


def test_s4_an_empty_text_is_stored_as_null(site: Site) -> None:
    assert site.contact(site.person(first_name="", nick_name=""), "first_name", "nick_name")["first_name"] is None


def test_s4_an_unknown_contact_type_is_stored(site: Site) -> None:
    made = site.save("Contact", {"contact_type": "Nonesuch", "external_identifier": site.unique()})[0]["id"]
    assert site.contact(made, "contact_type")["contact_type"] == "Nonesuch"


def test_s4_an_untyped_contact_is_an_individual(site: Site) -> None:
    made = site.save("Contact", {"first_name": "x", "external_identifier": site.unique()})[0]["id"]
    assert site.contact(made, "contact_type")["contact_type"] == "Individual"


def test_s4_contact_save_changes_the_type_of_a_matched_row(site: Site) -> None:
    key = site.unique()
    site.organization(external_identifier=key)
    row = site.save(
        "Contact",
        {"contact_type": "Individual", "external_identifier": key, "first_name": "x"},
        match=["external_identifier"],
        reload=["contact_type", "display_name"],
    )[0]
    assert (row["contact_type"], row["display_name"]) == ("Individual", "x")


def test_s4_a_typed_entity_refuses_the_key_of_another_type(site: Site) -> None:
    key = site.unique()
    site.organization(external_identifier=key)
    params = {"records": [{"first_name": "x", "external_identifier": key}], "match": ["external_identifier"]}
    assert site.call("Individual", "save", params).error == EXISTS
    assert site.get("Individual", [["external_identifier", "=", key]], "id") == []


def test_s4_typed_entities_answer_the_contact_type(site: Site) -> None:
    made = site.person()
    assert site.get("Individual", [["id", "=", made]], "contact_type") == [{"id": made, "contact_type": "Individual"}]


@pytest.fixture
def subtype(site: Site) -> str:
    name = site.unique("Sub").replace("-", "_")
    site.save("ContactType", {"name": name, "label": name, "parent_id:name": "Organization"}, match=["name"])
    return name


def test_s4_subtypes_may_be_sent_as_text_or_list_and_replace_all(site: Site, subtype: str) -> None:
    made = site.organization(contact_sub_type=subtype)
    assert site.contact(made, "contact_sub_type")["contact_sub_type"] == [subtype]
    assert site.get("Contact", [["contact_sub_type", "CONTAINS", subtype]], "id") == [{"id": made}]
    assert site.get("Contact", [["contact_sub_type", "=", subtype]], "id") == [{"id": made}]
    site.call("Organization", "update", {"where": [["id", "=", made]], "values": {"contact_sub_type": []}})
    assert site.contact(made, "contact_sub_type")["contact_sub_type"] is None


@pytest.mark.parametrize("entity", ["Organization", "Individual"])
def test_s4_a_wrong_subtype_is_refused(site: Site, subtype: str, entity: str) -> None:
    wanted = "Nonesuch" if entity == "Organization" else subtype
    answer = site.call(entity, "create", {"values": {"contact_sub_type": [wanted]}})
    assert answer.error == "The Contact Sub Type does not match the Contact type for this record"


def test_s4_the_same_contact_type_twice_is_refused(site: Site, subtype: str) -> None:
    values = {"name": subtype, "label": subtype, "parent_id:name": "Organization"}
    assert site.call("ContactType", "create", {"values": values}).error == EXISTS


def test_s4_unlisted_flags_stay_as_staff_set_them(site: Site) -> None:
    key = site.unique()
    made = site.person(external_identifier=key, is_opt_out=True, do_not_email=True)
    site.save("Individual", {"external_identifier": key, "first_name": "New"}, match=["external_identifier"])
    assert site.contact(made, "is_opt_out", "do_not_email", "first_name") == {
        "id": made,
        "is_opt_out": True,
        "do_not_email": True,
        "first_name": "New",
    }


@pytest.mark.parametrize(("sent", "held"), [(True, True), ("1", True), (0, False), ("yes", False)])
def test_s4_only_true_and_1_are_true(site: Site, sent: Any, held: bool) -> None:
    assert site.contact(site.person(do_not_phone=sent), "do_not_phone")["do_not_phone"] is held
