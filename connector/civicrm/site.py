"""What the live site is: its fields, its groups, and what it can do. Read once, in one request, before each run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connector.civicrm.client import Call, CiviClient
from connector.civicrm.records import GROUPS, IDENTITY, Group, check_identity, groups
from connector.civicrm.schema import Schema


@dataclass(frozen=True, slots=True)
class Site:
    """One CiviCRM as our key sees it. contact_actions: Contact's v4 actions; older releases have fewer."""

    schema: Schema
    groups: Mapping[str, Group]
    contact_actions: frozenset[str]


def read(client: CiviClient, entities: Iterable[str]) -> Site:
    """Read the site, with the fields of `entities`. Raises UserError when our key does not arrive there."""
    actions: Call = ("Contact", "getActions", {"select": ["name"]})
    found = client.multi({**IDENTITY, "groups": GROUPS, "actions": actions, **Schema.calls(entities)})
    check_identity(found)
    return Site(
        schema=Schema.of(found),
        groups=groups(found["groups"]),
        contact_actions=frozenset(row["name"] for row in found["actions"]),
    )
