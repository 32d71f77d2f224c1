"""The reads and writes of CiviCRM that the connector needs, one function each, in CiviCRM's own terms."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, TypeVar

from connector.civicrm.answers import ADMIN_KEY, Row
from connector.civicrm.client import Call, CiviClient
from connector.civicrm.schema import LOCATIONS
from connector.errors import PermanentError, UserError

T = TypeVar("T")

# How many ids or keys go into one IN: the longest keys (64 characters) still fit into one body.
CHUNK = 10_000
# Without this a contact in the trash is invisible to some reads and silently written to by others.
TRASH_TOO = ["is_deleted", "IN", [True, False]]
# Who we are to CiviCRM, and whether we see anybody else. Without a key that arrives, or without the permission to see
# contacts, CiviCRM answers every read with HTTP 200 and no rows, just as an empty site would.
IDENTITY: dict[str, Call] = {
    "me": ("Contact", "get", {"select": ["id"], "where": [["id", "=", "user_contact_id"]]}),
    "other": ("Contact", "get", {"select": ["id"], "where": [["id", "!=", "user_contact_id"]], "limit": 1}),
}
GROUPS: Call = ("Group", "get", {"select": ["id", "name", "title", "parents", "is_active"]})


@dataclass(frozen=True, slots=True)
class Group:
    """A mailing group as it stands in CiviCRM."""

    id: int
    name: str
    title: str
    parents: tuple[int, ...]
    is_active: bool = True


def check_identity(found: Mapping[str, Sequence[Row]]) -> tuple[int, int]:
    """Our own contact's id and that of some other contact, from the answers to IDENTITY.

    Raises UserError when CiviCRM does not know us, or shows us nobody else.
    """
    if len(found["me"]) != 1:
        raise UserError(
            "CiviCRM answers, but as to a stranger.",
            next_step=f"the header X-Civi-Auth is dropped on its way, or the role may not see contacts; {ADMIN_KEY}",
        )
    if not found["other"]:
        raise UserError(
            "CiviCRM shows us no contact but our own.",
            next_step="the administrator gives the connector's role the permission 'edit all contacts'.",
        )
    return int(found["me"][0]["id"]), int(found["other"][0]["id"])


def groups(found: Iterable[Row]) -> dict[str, Group]:
    """Name → group, from the answer to GROUPS."""
    return {
        row["name"]: Group(
            id=int(row["id"]),
            name=row["name"],
            title=row["title"],
            parents=tuple(int(parent) for parent in row.get("parents") or ()),
            is_active=bool(row["is_active"]),
        )
        for row in found
    }


def tree(found: Mapping[str, Group], root: str) -> set[int]:
    """The ids of the group `root` and of all groups below it. Raises UserError when it does not exist."""
    if root not in found:
        raise UserError(
            f"CiviCRM has no group {root}.",
            next_step="the administrator runs `solidarity setup apply`, then the same command again.",
        )
    return below(found, [found[root].id])


def below(found: Mapping[str, Group], ids: Iterable[int]) -> set[int]:
    """These groups and all groups below them."""
    inside = set(ids)
    while more := {group.id for group in found.values() if inside.intersection(group.parents)} - inside:
        inside |= more
    return inside


def contacts(
    client: CiviClient, select: Iterable[str], *, numbers: Sequence[str] = (), ids: Sequence[int] = ()
) -> list[Row]:
    """Contacts of any type, in the trash or not, with one of these external identifiers or ids."""
    calls: dict[str, Call] = {}
    # numbers and ids in one question, so that hardly anybody is answered twice
    for count, (some, others) in enumerate(zip_longest(chunks(numbers, CHUNK), chunks(ids, CHUNK))):
        named = [[field, "IN", part] for field, part in (("external_identifier", some), ("id", others)) if part]
        calls[str(count)] = ("Contact", "get", {"select": _select(select), "where": [["OR", named], TRASH_TOO]})
    return [row for found in client.multi(calls).values() for row in found]


def same_value(client: CiviClient, entity: str, select: Iterable[str], field: str, values: Sequence[str]) -> list[Row]:
    """Living contacts of one type whose `field` is one of `values`."""
    calls: dict[str, Call] = {
        str(number): (
            entity,
            "get",
            {"select": _select(select), "where": [[field, "IN", some], ["is_deleted", "=", False]]},
        )
        for number, some in enumerate(chunks(values, CHUNK))
    }
    return [row for found in client.multi(calls).values() for row in found]


def _select(fields: Iterable[str]) -> list[str]:
    return sorted({"id", "contact_type", "is_deleted", "is_opt_out", "external_identifier", *LOCATIONS, *fields})


def survivors(client: CiviClient, ids: Iterable[int], contact_actions: Collection[str]) -> dict[int, int]:
    """Merged contact → the contact it was merged into, for those of `ids` that were merged.

    contact_actions: what v4 offers on this site; releases before 5.81 know getMergedTo in v3 only.
    """
    lost = sorted(set(ids))
    if "getMergedTo" in contact_actions:
        calls: dict[str, Call] = {str(id_): ("Contact", "getMergedTo", {"contactId": id_}) for id_ in lost}
        found = client.multi(calls)
        return {int(old): int(rows[0]["id"]) for old, rows in found.items() if rows and rows[0] and rows[0].get("id")}
    told = {id_: client.api3("Contact", "getmergedto", contact_id=id_)["values"] for id_ in lost}
    return {old: int(next(iter(values.values()))["id"]) for old, values in told.items() if values}


@dataclass(frozen=True, slots=True)
class Belonging:
    """Where contacts belong: their GroupContact rows, oldest first the SubscriptionHistory rows of status Removed,
    their Relationship rows as contact a, and those as contact b.
    """

    places: list[Row]
    removals: list[Row]
    ties: list[Row]
    ties_to: list[Row]


def belonging(
    client: CiviClient,
    contact_ids: Sequence[int],
    *,
    groups: Sequence[int],
    whole_groups: Sequence[int],
    relationship_types: Sequence[str],
    types_to: Sequence[str],
) -> Belonging:
    """Read where contacts belong, in one request.

    groups: of which groups their rows are read; whole_groups: besides, everyone in these groups;
    relationship_types, types_to: by their name_a_b, those where the contacts are a and those where they are b.
    """
    group_ids = groups
    calls: dict[str, Call] = {}
    in_tree, removed = ["group_id", "IN", sorted(group_ids)], ["status", "=", "Removed"]
    rows_of = {"select": ["id", "contact_id", "group_id", "status"]}
    ties_of = {"select": ["id", "contact_id_a", "contact_id_b", "relationship_type_id:name", "is_active"]}
    past_of = {"select": ["id", "contact_id", "group_id", "date", "method"], "orderBy": {"id": "ASC"}}
    for number, some in enumerate(chunks(list(contact_ids), CHUNK)):
        who = ["contact_id", "IN", some]
        calls[f"rows {number}"] = ("GroupContact", "get", {**rows_of, "where": [in_tree, who]})
        calls[f"past {number}"] = ("SubscriptionHistory", "get", {**past_of, "where": [in_tree, who, removed]})
        for name, side, kinds in (("ties", "contact_id_a", relationship_types), ("to", "contact_id_b", types_to)):
            if kinds:
                where = [[side, "IN", some], ["relationship_type_id:name", "IN", sorted(kinds)]]
                calls[f"{name} {number}"] = ("Relationship", "get", {**ties_of, "where": where})
    if whole_groups:
        inside = ["group_id", "IN", sorted(whole_groups)]
        calls["rows all"] = ("GroupContact", "get", {**rows_of, "where": [inside, ["status", "=", "Added"]]})
        calls["past all"] = ("SubscriptionHistory", "get", {**past_of, "where": [inside, removed]})
    found = client.multi(calls)

    def merged(kind: str) -> list[Row]:
        rows = {row["id"]: row for name, part in found.items() if name.startswith(kind) for row in part}
        return [rows[id_] for id_ in sorted(rows)]

    return Belonging(places=merged("rows"), removals=merged("past"), ties=merged("ties"), ties_to=merged("to"))


def additions(client: CiviClient, contact_ids: Sequence[int], groups: Sequence[int]) -> dict[int, list[Row]]:
    """Contact → their SubscriptionHistory rows of status Added in these groups. One request, none for nobody."""
    calls: dict[str, Call] = {}
    for number, some in enumerate(chunks(sorted(contact_ids), CHUNK)):
        where = [["contact_id", "IN", list(some)], ["group_id", "IN", sorted(groups)], ["status", "=", "Added"]]
        calls[str(number)] = ("SubscriptionHistory", "get", {"select": ["id", "contact_id"], "where": where})
    found: dict[int, list[Row]] = {}
    for rows in client.multi(calls).values() if calls else ():
        for row in rows:
            found.setdefault(int(row["contact_id"]), []).append(row)
    return found


def create_groups(client: CiviClient, wanted: Sequence[tuple[str, str, int]]) -> list[Group]:
    """Make mailing groups (name, title, parent id). Raises AlreadyExists when a name or a title is taken."""
    made = client.api4(
        "Group",
        "save",
        records=[
            {"name": name, "title": title, "group_type:name": ["Mailing List"], "parents": [parent]}
            for name, title, parent in wanted
        ],
    )
    ids = {row["name"]: int(row["id"]) for row in made}
    return [Group(ids[name], name, title, (parent,)) for name, title, parent in wanted]


def create_contacts(client: CiviClient, entity: str, records: Sequence[Mapping[str, Any]]) -> list[int]:
    """Create contacts of one type and return their ids in the order of `records`; none for none.

    The typed entity (Individual, not Contact) never writes into the trash: a number that is taken is an error.
    """
    found = client.api4(entity, "save", records=list(records)) if records else []
    for record, row in zip(records, found, strict=True):
        if record.get("external_identifier") != row.get("external_identifier"):
            raise PermanentError(
                f"CiviCRM answered {entity}.save in another order than asked.",
                next_step="run the same command again; a developer looks at it if it happens twice.",
            )
    return [int(row["id"]) for row in found]


def create_pledges(client: CiviClient, records: Sequence[Mapping[str, Any]], number: str) -> list[int]:
    """Create pledges and return their ids in the order of `records`. number: the field that tells them apart."""
    if not records:
        return []
    found = client.api4("Pledge", "save", records=list(records), reload=["id", number])
    ids = {str(row[number]): int(row["id"]) for row in found}
    if set(ids) != {str(record[number]) for record in records}:
        raise PermanentError(
            "CiviCRM answered Pledge.save with other pledges than asked for.",
            next_step="run the same command again; a developer looks at it if it happens twice.",
        )
    return [ids[str(record[number])] for record in records]


def save_again(client: CiviClient, entity: str, ids: Sequence[int]) -> None:
    """Save contacts as they are: CiviCRM then makes anew what it makes of their fields, such as greetings."""
    if ids:
        client.api4(entity, "save", records=[{"id": id_} for id_ in ids])


def chunks(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """`values` in pieces of at most `size`."""
    return (values[start : start + size] for start in range(0, len(values), size))
