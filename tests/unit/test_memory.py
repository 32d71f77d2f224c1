"""What is remembered of a roster: enough to know it again, nothing that names anyone."""

import hmac
from pathlib import Path

import pytest

from connector import memory
from connector.memory import Hasher
from connector.store import Store, fingerprints, links

KEY = Hasher("k" * 40)
SECRETS = ("M01-00042", "Amina", "amina@example.org", "+353 87 555 0101", "members/M01")


def learn(store: Store, hasher: Hasher = KEY) -> None:
    memory.keep(store, hasher, "Contact", [(7, "first_name", "Amina"), (7, "email_primary.email", "amina@example.org")])
    memory.keep(store, hasher, "Contact", [(7, "phone_primary.phone", "+353 87 555 0101"), (8, "first_name", None)])
    memory.keep_links(store, "members", {memory.key_hash(hasher, "members", "M01-00042"): 7})


@pytest.mark.parametrize("key", ["k" * 40, "k" * 64, "k" * 65, "ключ" * 20])
def test_a_hash_is_an_hmac(key) -> None:
    expected = hmac.digest(key.encode(), "a\x1f7\x1fé".encode(), "sha256")[:16]
    assert Hasher(key)("a", 7, "é") == expected
    assert Hasher(key).hex("a", 7, "é") == expected.hex()


def test_what_both_sides_agreed_on_is_known_again(store) -> None:
    learn(store)
    found = memory.load(store, KEY, "Contact", [7, 8])
    assert found.agreed(7, "first_name", "Amina")
    assert not found.agreed(7, "first_name", "Amira")
    assert found.agreed(8, "first_name", None)
    assert found.knows(7, "first_name")
    assert not found.knows(7, "last_name")
    assert not found.agreed(7, "last_name", None)


def test_the_newest_agreement_counts(store) -> None:
    learn(store)
    memory.keep(store, KEY, "Contact", [(7, "first_name", "Amira")])
    found = memory.load(store, KEY, "Contact", [7])
    assert found.agreed(7, "first_name", "Amira")
    assert not found.agreed(7, "first_name", "Amina")


def test_one_contact_field_or_entity_says_nothing_about_another(store) -> None:
    memory.keep(store, KEY, "Contact", [(7, "first_name", "Amina")])
    found = memory.load(store, KEY, "Contact", [7, 8])
    assert not found.agreed(8, "first_name", "Amina")
    assert not found.agreed(7, "last_name", "Amina")
    assert not memory.load(store, KEY, "Group", [7]).knows(7, "first_name")


def test_more_contacts_are_loaded_than_fit_into_one_question(store) -> None:
    memory.keep(store, KEY, "Contact", [(id_, "city", "Cork") for id_ in range(1, 1202)])
    found = memory.load(store, KEY, "Contact", range(1, 1202))
    assert all(found.agreed(id_, "city", "Cork") for id_ in range(1, 1202))


def test_what_was_remembered_together_is_no_news_in_whatever_order(store) -> None:
    together = [(7, "city", "Cork"), (7, "first_name", None)]
    memory.keep(store, KEY, "Contact", [*together, (8, "city", "Cork")])
    found = memory.load(store, KEY, "Contact", [7, 8])
    assert not found.news(together[::-1])
    assert not found.news([(8, "city", "Cork")])
    assert not found.news([])


@pytest.mark.parametrize(
    "other",
    [[(7, "city", "Cork")], [(7, "city", "Cork"), (7, "first_name", "Amina")], [(8, "city", "Cork")]],
    ids=["fewer", "another value", "another contact"],
)
def test_anything_else_is_news(store, other) -> None:
    memory.keep(store, KEY, "Contact", [(7, "city", "Cork"), (7, "first_name", None)])
    assert memory.load(store, KEY, "Contact", [7, 8]).news(other) == other


def test_what_came_back_to_an_earlier_value_is_news(store) -> None:
    # else the value in between would go on counting as agreed on, and a person's return to it would be undone
    before = [(7, "city", "Cork"), (7, "first_name", "Amina")]
    memory.keep(store, KEY, "Contact", before)
    memory.keep(store, KEY, "Contact", [(7, "city", "Wien")])
    assert memory.load(store, KEY, "Contact", [7]).news(before) == before


def test_a_row_finds_its_contact_by_its_link_and_only_in_its_mapping(store) -> None:
    learn(store)
    name = memory.key_hash(KEY, "members", "M01-00042")
    assert memory.load_links(store, "members") == {name: 7}
    assert memory.load_links(store, "chapters") == {}
    assert memory.key_hash(KEY, "chapters", "M01-00042") != name


def test_a_link_follows_its_row_to_another_contact(store) -> None:
    learn(store)
    name = memory.key_hash(KEY, "members", "M01-00042")
    memory.keep_links(store, "members", {name: 9})
    assert memory.load_links(store, "members") == {name: 9}


# --- privacy ---------------------------------------------------------------------------------------------------------


def test_the_database_holds_no_value_and_no_key_of_a_person(store) -> None:
    learn(store)
    rows = [str(tuple(row)) for table in (links, fingerprints) for row in store.read(table.select())]
    assert len(rows) == 7  # a link, four values, and for each contact what was remembered together
    assert not [secret for secret in SECRETS if any(secret.casefold() in row.casefold() for row in rows)]


def test_the_file_itself_holds_no_value_and_no_key_of_a_person(store) -> None:
    learn(store)
    folder = store.engine.url.database.rpartition("/")[0]
    store.close()
    raw = b"".join(path.read_bytes() for path in Path(folder).iterdir()).lower()
    assert b"fingerprints" in raw
    assert not [secret for secret in SECRETS if secret.lower().encode() in raw]


def test_without_the_key_nothing_is_known(store) -> None:
    learn(store)
    other = Hasher("l" * 40)
    found = memory.load(store, other, "Contact", [7])
    assert not found.agreed(7, "first_name", "Amina")
    assert memory.key_hash(other, "members", "M01-00042") not in memory.load_links(store, "members")


def test_without_the_store_nothing_is_known_and_nothing_breaks(store) -> None:
    found = memory.load(store, KEY, "Contact", [7])
    assert not found.knows(7, "first_name")
    assert memory.load_links(store, "members") == {}


def test_parts_of_a_hash_are_kept_apart() -> None:
    assert KEY("ab", "c") != KEY("a", "bc")
    assert KEY("a", 1) == KEY("a", "1")
