"""Who gets an alert, as CiviMail sorts people, and by our own rule about those who left."""

import pytest

from connector.alerts import audience
from connector.alerts.activities import Alert, Version
from connector.alerts.audience import Audience, Person, sort_out


def row(id_: int, email: str | None = "", **more) -> dict:
    """A contact with one of its addresses, as CiviCRM joins them."""
    address = f"p{id_}@example.org" if email == "" else email
    flags = {"is_opt_out": False, "do_not_email": False, "is_deceased": False, "preferred_language": "en_US"}
    mail = {"mail.email": address, "mail.on_hold": 0, "mail.is_primary": True, "mail.is_bulkmail": False}
    return {"id": id_, **flags, **mail, **more}


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({}, ""),
        ({"is_deceased": True}, audience.DEAD),
        ({"is_opt_out": True}, audience.OPTED_OUT),
        ({"do_not_email": True}, audience.NO_MAIL),
        ({"email": None}, audience.NO_ADDRESS),
        ({"mail.on_hold": 1}, audience.ON_HOLD),
        ({"mail.is_primary": False}, audience.NO_ADDRESS),
        ({"is_opt_out": True, "is_deceased": True}, audience.DEAD),
    ],
)
def test_why_somebody_gets_nothing(more: dict, why: str) -> None:
    (person,) = sort_out([row(1, **more)], left=[])
    assert person.why == why


def test_who_left_gets_nothing_through_another_group() -> None:
    assert [person.why for person in sort_out([row(1), row(2)], left=[2])] == ["", audience.LEFT]


def test_equal_addresses_get_one_mail() -> None:
    people = sort_out([row(1, "home@example.org"), row(2, "Home@Example.org"), row(3)], left=[])
    assert [person.why for person in people] == ["", audience.SAME_ADDRESS, ""]


def test_whom_civimail_would_mail_all_the_same_is_kept_out() -> None:
    people = sort_out(
        [row(1, "home@example.org"), row(2, "home@example.org"), row(3), row(4, is_opt_out=True)], left=[3]
    )
    assert Audience(people, left=frozenset({3})).kept_out == {2, 3}


def test_equal_addresses_get_one_mail_of_each_mailing() -> None:
    languages = {1: "en_US", 2: "fr_FR", 3: "ar_EG"}
    rows = [row(n, "home@example.org", preferred_language=one) for n, one in languages.items()]
    people = sort_out(rows, [], lambda one: "en" if one == "fr" else one)
    assert [person.why for person in people] == ["", audience.SAME_ADDRESS, ""]


def test_either_of_two_with_one_address_may_be_mailed_but_nobody_who_gets_nothing() -> None:
    rows = [row(n, "home@example.org") for n in (1, 2, 3)] + [row(4, is_opt_out=True)]
    assert Audience(sort_out(rows, left=[3])).mailable == {1, 2}


def test_an_address_is_not_taken_by_who_gets_nothing() -> None:
    people = sort_out([row(1, "home@example.org", is_opt_out=True), row(2, "home@example.org")], left=[])
    assert [person.why for person in people] == [audience.OPTED_OUT, ""]


def test_the_address_for_mass_mailings_comes_before_the_first_one() -> None:
    first, other = row(1, "first@example.org"), row(1, "mass@example.org")
    other |= {"mail.is_primary": False, "mail.is_bulkmail": True}
    assert sort_out([first, other], left=[])[0].address == "mass@example.org"
    assert sort_out([first, other | {"mail.on_hold": 1}], left=[])[0].address == "first@example.org"


def test_everybody_gets_it_in_one_language() -> None:
    languages = ["en_US", "ar_EG", "fr_FR", None, "ar_PS", "xx"]
    people = sort_out([row(n, preferred_language=one) for n, one in enumerate(languages, 1)], left=[])
    versions = (Version("en", "s", "b", "a"), Version("ar", "s", "b", "a"))
    alert = Alert(1, 1, "incident", "c", versions, (2,))
    assert Audience(people).by_language(alert) == {"en": 4, "ar": 2}
    arabic_first = Alert(1, 1, "incident", "c", versions[::-1], (2,))
    assert Audience(people).by_language(arabic_first) == {"ar": 4, "en": 2}  # who has no language reads English


def test_reasons_name_numbers_only() -> None:
    found = Audience((Person(1, "en", "a@example.org"), Person(2, "en", why=audience.LEFT))).reasons()
    assert found == {audience.LEFT: [2]}
