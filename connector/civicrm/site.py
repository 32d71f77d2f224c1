"""What the live site is: its fields, its groups, and what it can do. Read once, in one request, before each run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connector.civicrm import greetings
from connector.civicrm.client import Call, CiviClient
from connector.civicrm.greetings import Greetings
from connector.civicrm.records import GROUPS, IDENTITY, Group, check_identity, groups
from connector.civicrm.schema import Schema


@dataclass(frozen=True, slots=True)
class Site:
    """One CiviCRM as our key sees it. contact_actions: Contact's v4 actions; older releases have fewer.

    greetings: what is sent along with new persons, which ends when the site turns out not to keep it.
    """

    schema: Schema
    groups: Mapping[str, Group]
    contact_actions: frozenset[str]
    greetings: Greetings


def read(client: CiviClient, entities: Iterable[str]) -> Site:
    """Read the site, with the fields of `entities`. Raises UserError when our key does not arrive there."""
    actions: Call = ("Contact", "getActions", {"select": ["name"]})
    calls = {**IDENTITY, "groups": GROUPS, "actions": actions, "greetings": greetings.CALL}
    found = client.multi(calls | Schema.calls(entities))
    check_identity(found)
    return Site(
        schema=Schema.of(found),
        groups=groups(found["groups"]),
        contact_actions=frozenset(row["name"] for row in found["actions"]),
        greetings=Greetings(found["greetings"]),
    )
