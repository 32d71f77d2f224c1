"""Greetings sent along: the texts CiviCRM would make, and no trust in a site that makes others."""

from typing import Any

import pytest

from connector.civicrm.greetings import PERSON, TEMPLATES, Greetings

FRESH = [{"option_group_id:name": name, "label": label} for name, label in TEMPLATES.items()]
AMINA = {"first_name": "Amina", "last_name": "Haddad"}
TEXTS = ("email_greeting_display", "postal_greeting_display", "addressee_display")


def answer(*texts: tuple[str | None, ...]) -> dict[str, list[dict[str, Any]]]:
    """What is read back of the contacts 1, 2, …"""
    return {"greetings": [{"id": n, **dict(zip(TEXTS, one, strict=True))} for n, one in enumerate(texts, start=1)]}


def test_all_but_the_first_of_a_batch_bring_their_greetings() -> None:
    first, second = Greetings(FRESH).added(PERSON, [AMINA, AMINA])
    assert first == AMINA
    assert second == AMINA | dict.fromkeys(TEXTS[:2], "Dear Amina") | {
        "addressee_display": "Amina Haddad",
        "skip_greeting_processing": True,
    }


@pytest.mark.parametrize(
    "record",
    [{}, {"external_identifier": "M1"}, AMINA | {"prefix_id:name": "Ms."}, AMINA | {"email_greeting_id": 2}],
)
def test_who_has_no_name_or_more_than_names_is_left_to_civicrm(record) -> None:
    assert Greetings(FRESH).added(PERSON, [AMINA, record])[1] == record


@pytest.mark.parametrize(
    "defaults",
    [
        [],
        FRESH[:2],
        [*FRESH, FRESH[0]],
        [{**FRESH[0], "label": "Hello {contact.first_name}"}, *FRESH[1:]],
        [*FRESH, {"option_group_id:name": "email_greeting", "label": "Ahlan {contact.first_name}"}],
    ],
)
def test_a_site_with_other_templates_greets_everybody_itself(defaults) -> None:
    greetings = Greetings(defaults)
    sent = greetings.added(PERSON, [AMINA, AMINA])
    assert sent == [AMINA, AMINA]
    assert greetings.calls(sent, [1, 2]) == {}
    assert greetings.wrong({}, sent, [1, 2]) == []


def test_organizations_are_never_greeted_by_us() -> None:
    record = {"organization_name": "Cork"}
    assert Greetings(FRESH).added("Organization", [record, record]) == [record, record]


@pytest.mark.parametrize(
    "second",
    [
        ("Dear Amina", "Dear Amina", None),  # not kept
        ("Hi Amina", "Dear Amina", "Amina Haddad"),  # changed by the site
    ],
)
def test_what_the_site_does_not_keep_is_made_anew_and_never_sent_again(second) -> None:
    greetings = Greetings(FRESH)
    sent = greetings.added(PERSON, [AMINA, AMINA])
    assert greetings.calls(sent, [1, 2])["greetings"][2]["where"] == [["id", "IN", [1, 2]]]
    first = ("Dear Amina", "Dear Amina", "Amina Haddad")
    assert greetings.wrong(answer(first, first), sent, [1, 2]) == []
    assert greetings.wrong(answer(first, second), sent, [1, 2]) == [1, 2]
    assert greetings.added(PERSON, [AMINA, AMINA]) == [AMINA, AMINA]


def test_a_site_that_makes_other_texts_itself_is_not_trusted_although_it_keeps_ours() -> None:
    greetings = Greetings(FRESH)
    sent = greetings.added(PERSON, [AMINA, AMINA])
    own, ours = ("Ahlan Amina", "Ahlan Amina", "Amina"), ("Dear Amina", "Dear Amina", "Amina Haddad")
    assert greetings.wrong(answer(own, ours), sent, [1, 2]) == [1, 2]
