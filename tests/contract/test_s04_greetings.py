"""FACTS §4: names and greetings that CiviCRM makes, and what a record may bring along itself.

`skip_greeting_processing` is no field of API v4 and listed nowhere; it works all the same.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from .wire import Site

NAMES = ("display_name", "sort_name")
GREETINGS = ("email_greeting_display", "postal_greeting_display", "addressee_display")
AMINA = {"first_name": "Amina", "last_name": "Haddad"}
MADE = ("Dear Amina", "Dear Amina", "Amina Haddad")
OWN = dict(zip(GREETINGS, ("Dear friend", "Dear comrade", "A. Haddad"), strict=True))
SKIP = {"skip_greeting_processing": True}


def greetings(site: Site, contact: int) -> tuple[Any, ...]:
    row = site.contact(contact, *GREETINGS)
    return tuple(row[name] for name in GREETINGS)


def names(site: Site, contact: int) -> tuple[Any, ...]:
    row = site.contact(contact, *NAMES)
    return tuple(row[name] for name in NAMES)


def test_s4_greetings_are_made_unless_skipped(site: Site) -> None:
    assert greetings(site, site.person(**AMINA)) == MADE
    skipped = site.person(**AMINA, **SKIP)
    assert greetings(site, skipped) == (None, None, None)
    assert names(site, skipped) == ("Amina Haddad", "Haddad, Amina")


@pytest.mark.parametrize("no", [False, "0", 0, None, ""])
def test_s4_greetings_are_not_skipped_by_a_no(site: Site, no: Any) -> None:
    assert greetings(site, site.person(**AMINA, skip_greeting_processing=no)) == MADE


def test_s4_create_skips_too(site: Site, runtime: str) -> None:
    values = {**AMINA, **SKIP, "external_identifier": site.unique("p")}
    made = site.call("Individual", "create", {"values": values}, who=runtime).values[0]["id"]
    assert greetings(site, made) == (None, None, None)


def test_s4_own_greetings_are_kept_when_skipped_although_they_are_readonly(site: Site, runtime: str) -> None:
    fields = site.call("Individual", "getFields", {"where": [["name", "IN", list(OWN)]]}, who=runtime).values
    assert [field["readonly"] for field in fields] == [True] * 3
    record = {**AMINA, **OWN, **SKIP, "external_identifier": site.unique("p")}
    row = site.save("Individual", record, who=runtime)[0]
    assert {name: row[name] for name in OWN} == OWN
    assert greetings(site, row["id"]) == tuple(OWN.values())


def test_s4_own_greetings_are_answered_but_overwritten_when_not_skipped(site: Site) -> None:
    row = site.save("Individual", {**AMINA, **OWN, "external_identifier": site.unique("p")})[0]
    assert {name: row[name] for name in OWN} == OWN
    assert greetings(site, row["id"]) == MADE


def test_s4_a_greeting_over_255_letters_is_cut(site: Site) -> None:
    made = site.person(**AMINA, **SKIP, addressee_display="x" * 300)
    assert greetings(site, made)[2] == "x" * 252 + "..."


@pytest.mark.parametrize("values", [{"job_title": "x"}, {"phone_primary.phone": "123"}, AMINA])
def test_s4_any_later_save_makes_the_missing_greetings(site: Site, values: dict[str, Any]) -> None:
    made = site.person(**AMINA, **SKIP)
    site.save("Individual", {"id": made, **values})
    assert greetings(site, made) == MADE


def test_s4_a_later_save_overwrites_own_greetings(site: Site) -> None:
    made = site.person(**AMINA, **OWN, **SKIP)
    site.save("Individual", {"id": made, "job_title": "x"})
    assert greetings(site, made) == MADE


def test_s4_a_skipped_update_leaves_old_greetings(site: Site) -> None:
    made = site.person(**AMINA)
    site.save("Individual", {"id": made, "first_name": "Bea", **SKIP})
    assert (greetings(site, made), names(site, made)) == (MADE, ("Bea Haddad", "Haddad, Bea"))


def test_s4_a_person_with_a_name_or_address_cannot_bring_another_display_name(site: Site) -> None:
    own = {"display_name": "D", "sort_name": "S"}
    assert names(site, site.person(**AMINA, **own, **SKIP)) == ("Amina Haddad", "Haddad, Amina")
    email = f"{site.unique()}@example.org"
    nameless: dict[str, Any] = {"first_name": None, "email_primary.email": email, **own}
    assert names(site, site.person(**nameless)) == (email, email)
    assert names(site, site.person(first_name=None, **own)) == ("D", "S")


def test_s4_an_organization_can(site: Site) -> None:
    made = site.organization(display_name="D", sort_name="S")
    assert names(site, made) == ("D", "S")
    site.save("Organization", {"id": made, "legal_name": "x"})
    assert names(site, made) == ("D", "S")
    name = site.unique("Chapter")
    site.save("Organization", {"id": made, "organization_name": name})
    assert names(site, made) == (name, name)
    assert greetings(site, made) == (None, None, name)


def test_s4_a_nameless_greeting(site: Site) -> None:
    made = site.person(first_name=None, **{"email_primary.email": f"{site.unique()}@example.org"})
    assert greetings(site, made) == ("Dear", "Dear", "")


def test_s4_a_greeting_of_ones_own_making(site: Site) -> None:
    made = site.person(**AMINA, email_greeting_id=4, email_greeting_custom="Hej {contact.first_name}")
    assert greetings(site, made) == ("Hej Amina", "Dear Amina", "Amina Haddad")


# What a fresh CiviCRM greets persons with, and the text of each kind that names alone make.
DEAR = "Dear {contact.first_name}"
WHOLE_NAME = (
    "{contact.prefix_id:label}{ }{contact.first_name}{ }{contact.middle_name}{ }{contact.last_name}{ }"
    "{contact.suffix_id:label}"
)
NAMED: list[dict[str, Any]] = [
    AMINA,
    {"first_name": "Amina"},
    {"last_name": "Haddad"},
    {"middle_name": "B.", "last_name": "Haddad"},
    {"first_name": "Amina", "middle_name": "B.", "last_name": "Haddad"},
    {"first_name": "أمينة", "last_name": "حدّاد"},
    {"first_name": "Am'ina & Co <b>", "last_name": 'Had"dad &amp;'},
    {"first_name": "{contact.last_name}", "last_name": "$x {y}|z"},
    {"first_name": "a" * 64, "middle_name": "b" * 64, "last_name": "c" * 64},
]


def texts(record: dict[str, Any]) -> tuple[str, str, str]:
    dear = f"Dear {record.get('first_name', '')}".strip()
    whole = [record[name] for name in ("first_name", "middle_name", "last_name") if name in record]
    return dear, dear, " ".join(whole)


def test_s4_the_small_role_sees_which_templates_are_in_use(site: Site, runtime: str) -> None:
    where = [
        ["option_group_id:name", "IN", ["email_greeting", "postal_greeting", "addressee"]],
        ["filter", "IN", [0, 1]],
        ["is_default", "=", True],
        ["is_active", "=", True],
    ]
    found = site.get("OptionValue", where, "option_group_id:name", "label", "value", who=runtime)
    assert sorted((row["option_group_id:name"], row["label"], row["value"]) for row in found) == [
        ("addressee", WHOLE_NAME, "1"),
        ("email_greeting", DEAR, "1"),
        ("postal_greeting", DEAR, "1"),
    ]


@pytest.mark.parametrize("record", NAMED, ids=range(len(NAMED)))
def test_s4_a_person_with_own_greetings_is_as_one_that_civicrm_greeted(
    site: Site, runtime: str, record: dict[str, Any]
) -> None:
    own = dict(zip(GREETINGS, texts(record), strict=True))
    made, brought = site.save(
        "Individual",
        {**record, "external_identifier": site.unique("p")},
        {**record, **own, **SKIP, "external_identifier": site.unique("p")},
        who=runtime,
    )
    assert greetings(site, brought["id"]) == greetings(site, made["id"]) == texts(record)
    moving = {"id", "external_identifier", "hash", "created_date", "modified_date"}
    one, other = (site.contact(row["id"], "*", "custom.*") for row in (made, brought))
    assert {n: v for n, v in one.items() if n not in moving} == {n: v for n, v in other.items() if n not in moving}


def test_s4_saving_an_id_alone_makes_greetings_anew(site: Site, runtime: str) -> None:
    made = site.person(**AMINA, **OWN, **SKIP)
    site.save("Individual", {"id": made}, who=runtime)
    assert greetings(site, made) == MADE


@pytest.fixture
def ahlan(site: Site) -> Iterator[None]:
    """For a moment, persons are greeted in another way by default."""
    group, usual = ["option_group_id:name", "=", "email_greeting"], ["value", "=", "1"]
    changed = {"where": [group, usual], "values": {"label": "Ahlan {contact.first_name}"}}
    try:
        assert site.call("OptionValue", "update", changed).values
        yield
    finally:
        assert site.call("OptionValue", "update", {**changed, "values": {"label": DEAR}}).values


def test_s4_the_label_of_the_default_is_the_template(site: Site, ahlan: None) -> None:
    assert greetings(site, site.person(**AMINA)) == ("Ahlan Amina", *MADE[1:])
