"""Who gave: a contact that is named, else the one with this e-mail, else a new one. Nobody's contact is ever changed.

A giver without an e-mail, or whose e-mail several contacts have, becomes a new contact under a number of ours, so that
a settling that was cut off finds it again; a person then looks whether it has to be merged.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.civicrm import records
from connector.civicrm.answers import Row
from connector.civicrm.client import Call, CiviClient
from connector.webhooks.objects import Person

# merged contact → the one that it was merged into
Survivors = Callable[[Iterable[int]], Mapping[int, int]]
ANONYMOUS = "solidarity-anonymous-donor"
# CiviCRM cuts longer ones silently (first_name, last_name: 64; street_address: 96; city: 64; postal_code: 64)
_LONGEST = {"first_name": 64, "last_name": 64, "street_address": 96, "city": 64, "postal_code": 64}


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is looked for. named: a contact id from our own metadata, 0 for none; about: the payment, for a number."""

    person: Person
    named: int
    about: str

    @property
    def email(self) -> str:
        """The e-mail in the form that it is looked for in."""
        return self.person.email.lower()


@dataclass(frozen=True, slots=True)
class Giver:
    """Who was found. id: the contact, 0 when it has to be made; number: its external identifier then, or empty.

    why: what a person should look at, or empty. others: the contacts that it may be.
    """

    id: int = 0
    number: str = ""
    why: str = ""
    others: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What CiviCRM has of the people that are asked for. survivors: named contact → living contact.

    taken: numbers of ours whose contacts are in the trash, where nothing must be written.
    """

    survivors: Mapping[int, int]
    by_email: Mapping[str, Sequence[int]]
    by_number: Mapping[str, int]
    taken: frozenset[str] = frozenset()


def look(
    client: CiviClient, asked: Iterable[Asked], survivors_of: Survivors, more: Mapping[str, Call]
) -> tuple[Known, dict[str, list[Row]]]:
    """Read who is there, in one request; a second one only when a named contact was merged into another.

    more: what else is asked in the same request; its answers come back beside.
    """
    asked = list(asked)
    emails = sorted({one.email for one in asked if one.email})
    named = sorted({one.named for one in asked if one.named})
    numbers = sorted({name for one in asked for name in (own_number(one), ANONYMOUS)})
    living = ["contact_id.is_deleted", "=", False]
    calls: dict[str, Call] = {}
    if numbers:
        of_these = ["external_identifier", "IN", numbers]
        fields = ["id", "external_identifier", "is_deleted"]
        calls["numbers"] = ("Contact", "get", _get(fields, of_these, records.TRASH_TOO))
    if emails:
        calls["emails"] = ("Email", "get", _get(["contact_id", "email"], ["email", "IN", emails], living))
    if named:
        calls["named"] = ("Contact", "get", _get(["id", "is_deleted"], ["id", "IN", named], records.TRASH_TOO))
    found = client.multi({**calls, **more})
    by_email: defaultdict[str, set[int]] = defaultdict(set)
    for row in found.get("emails", ()):
        by_email[row["email"].lower()].add(int(row["contact_id"]))
    gone = [int(row["id"]) for row in found.get("named", ()) if row["is_deleted"]]
    survivors = {int(row["id"]): int(row["id"]) for row in found.get("named", ()) if not row["is_deleted"]}
    survivors |= survivors_of(gone) if gone else {}
    of_number = found.get("numbers", ())
    known = Known(
        survivors=survivors,
        by_email={email: sorted(ids) for email, ids in by_email.items()},
        by_number={row["external_identifier"]: int(row["id"]) for row in of_number if not row["is_deleted"]},
        taken=frozenset(row["external_identifier"] for row in of_number if row["is_deleted"]),
    )
    return known, found


def find(asked: Asked, known: Known) -> Giver:
    """Who it is, of those that are known. Pure."""
    if asked.named in known.survivors:
        return Giver(known.survivors[asked.named])
    alike = tuple(known.by_email.get(asked.email, ())) if asked.email else ()
    if len(alike) == 1:
        return Giver(alike[0])
    if asked.email and not alike:
        return Giver()
    number = own_number(asked)
    there = known.by_number.get(number, 0)
    if number in known.taken:
        return Giver(0, "", f"the contact with our number {number} is in the trash", alike)
    if alike:
        return Giver(there, number, "several contacts have this giver's e-mail", alike)
    return Giver(there, number, "this giver left no e-mail, so nobody was looked for" if asked.person.name else "")


def key(asked: Asked, giver: Giver) -> str:
    """What makes two givers who have to be made one and the same."""
    return giver.number or asked.email or asked.about


def record(asked: Asked, giver: Giver) -> dict[str, Any]:
    """The new contact, with what the giver wrote and nothing else."""
    person = asked.person
    if not (person.name or asked.email):
        nobody = {"first_name": "Anonymous", "last_name": "donor", "source": "Stripe"}
        return nobody | ({"external_identifier": giver.number} if giver.number else {})
    first, _, last = person.name.rpartition(" ")
    values = {"first_name": first or last, "last_name": last if first else ""}
    values |= {name: getattr(person, name) for name in ("street_address", "city", "postal_code")}
    values = {name: text[: _LONGEST[name]] for name, text in values.items() if text}
    address = {f"address_primary.{name}": values.pop(name) for name in list(values) if hasattr(person, name)}
    if person.country:
        address["address_primary.country_id:name"] = person.country
    email = {"email_primary.email": asked.email} if asked.email else {}
    number = {"external_identifier": giver.number} if giver.number else {}
    return {**values, **email, **address, **number, "source": "Stripe"}


def own_number(asked: Asked) -> str:
    """Under which number a contact that nothing else can find again is made: of the e-mail, else of the payment.

    Not a secret: whoever sees it sees the e-mail beside it.
    """
    if asked.email:
        return f"stripe-{hashlib.sha256(asked.email.encode()).hexdigest()[:32]}"
    return f"stripe-{asked.about}" if asked.person.name else ANONYMOUS


def _get(select: list[str], *where: list[Any]) -> dict[str, Any]:
    return {"select": select, "where": list(where)}
