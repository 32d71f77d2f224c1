"""Greetings that are sent along with new persons, because CiviCRM takes longer to make them than for all the rest.

It keeps them when told to skip its own (`skip_greeting_processing`), which is written down nowhere. So they are sent
only to a site whose templates are those of a fresh CiviCRM, one person of each batch is left to CiviCRM to compare
with, and every batch is read back. Whatever is not as CiviCRM would have made it is made anew by CiviCRM itself.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence

from connector.civicrm.answers import Row
from connector.civicrm.client import Call

log = logging.getLogger(__name__)

PERSON = "Individual"
_NAMES = ("first_name", "middle_name", "last_name")
_DEAR = "Dear {contact.first_name}"
# Option group → the template that a fresh CiviCRM greets persons with.
TEMPLATES = {
    "email_greeting": _DEAR,
    "postal_greeting": _DEAR,
    "addressee": "{contact.prefix_id:label}{ }{contact.first_name}{ }{contact.middle_name}{ }{contact.last_name}{ }"
    "{contact.suffix_id:label}",
}
_TEXTS = tuple(f"{name}_display" for name in TEMPLATES)
# Fields that would change a greeting, besides the names.
_OTHERS = ("prefix_id", "suffix_id", "email_greeting", "postal_greeting", "addressee")
# The templates in use. filter: 1 is for persons, 0 for contacts of every type.
CALL: Call = (
    "OptionValue",
    "get",
    {
        "select": ["option_group_id:name", "label"],
        "where": [
            ["option_group_id:name", "IN", list(TEMPLATES)],
            ["filter", "IN", [0, 1]],
            ["is_default", "=", True],
            ["is_active", "=", True],
        ],
    },
)


class Greetings:
    """Sends greetings along for as long as the site keeps them. defaults: the answer to CALL."""

    def __init__(self, defaults: Iterable[Row]) -> None:
        found = [(row["option_group_id:name"], row["label"]) for row in defaults]
        self._trusted = sorted(found) == sorted(TEMPLATES.items())

    def added(self, entity: str, records: Sequence[Row]) -> list[Row]:
        """New contacts as they are sent: with their greetings, but for the first and for what CiviCRM must greet."""
        if not self._trusted or entity != PERSON:
            return list(records)
        return [*records[:1], *(record | _sent(record) for record in records[1:])]

    def calls(self, sent: Sequence[Row], ids: Sequence[int]) -> dict[str, Call]:
        """The call that reads back what became of `sent`, to be put into a multi-call; none when nothing was added."""
        if not any("skip_greeting_processing" in record for record in sent):
            return {}
        return {"greetings": (PERSON, "get", {"select": ["id", *_TEXTS], "where": [["id", "IN", list(ids)]]})}

    def wrong(self, found: Mapping[str, Sequence[Row]], sent: Sequence[Row], ids: Sequence[int]) -> list[int]:
        """The contacts that CiviCRM has to greet itself, from the answer to `calls`: none, or all of the batch."""
        if "greetings" not in found:
            return []
        there = {int(row["id"]): [row[name] for name in _TEXTS] for row in found["greetings"]}
        plain = all(
            there.get(id_) == _texts(record) for id_, record in zip(ids, sent, strict=True) if _greetable(record)
        )
        if plain:
            return []
        log.warning("this CiviCRM greets in a way of its own: it makes the greetings from here on, which takes longer")
        self._trusted = False
        return list(ids)


def _greetable(record: Row) -> bool:
    """True when the texts depend on nothing but the names. A person without any is left to CiviCRM."""
    return any(record.get(name) for name in _NAMES) and not any(
        name.startswith(_OTHERS) and not name.endswith("_display") for name in record
    )


def _texts(record: Row) -> list[str]:
    """What the fresh templates make of a person's names."""
    names = [record[name] for name in _NAMES if record.get(name)]
    dear = f"Dear {record.get('first_name') or ''}".strip()
    return [dear, dear, " ".join(names)]


def _sent(record: Row) -> Row:
    if not _greetable(record):
        return {}
    return {**dict(zip(_TEXTS, _texts(record), strict=True)), "skip_greeting_processing": True}
