"""Who gets an alert, in which language, and who does not and why: counted as CiviMail counts, and read anew each time.

CiviMail leaves out who opted out and addresses on hold by itself. It does not know our rule that whoever left one group
of the network gets nothing through another, and would send whom it left out of one language, because of an address that
two share, the other. For those the connector keeps a group of its own, which every mailing leaves out.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from connector import leavings, memory
from connector.alerts.activities import Alert
from connector.civicrm import records
from connector.civicrm.answers import Row
from connector.civicrm.client import Call, CiviClient
from connector.civicrm.records import CHUNK, Group
from connector.memory import Hasher
from connector.store import Store

NETWORK, LEFT_GROUP = "solidarity_network", "solidarity_left"
CAME_BACK = "Solidarity_Member.Came_Back_On"
# Who has no language reads the English text, as the smart groups of mappings/setup.toml have it.
NO_LANGUAGE = "en"
# Why somebody gets no mail, in the order in which it is looked at.
DEAD, OPTED_OUT, NO_MAIL = "is deceased", "opted out of all mailings", "wants no e-mail"
LEFT, NO_ADDRESS, ON_HOLD = "left a group of the network", "has no e-mail address", "has an address on hold"
SAME_ADDRESS = "shares an address with somebody who gets it"

_MAIL = ["Email AS mail", "LEFT", ["mail.contact_id", "=", "id"]]
_SELECT = ["is_opt_out", "do_not_email", "is_deceased", "preferred_language", CAME_BACK]
_SELECT += [f"mail.{name}" for name in ("email", "on_hold", "is_primary", "is_bulkmail")]


@dataclass(frozen=True, slots=True)
class Person:
    """One contact in the groups of an alert. address: the one that CiviMail takes; why: they get nothing, or empty."""

    id: int
    language: str
    address: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Audience:
    """Everybody in the groups of an alert.

    left: who left a group of the network; problems: why these groups cannot get an alert at all.
    """

    people: tuple[Person, ...]
    left: frozenset[int] = frozenset()
    problems: tuple[str, ...] = ()
    groups: Mapping[str, Group] = field(default_factory=dict)

    @property
    def getting(self) -> list[Person]:
        """Those who get it."""
        return [person for person in self.people if not person.why]

    @property
    def kept_out(self) -> frozenset[int]:
        """The contacts whom the connector's own group has to hold: CiviMail would mail them all the same.

        Who shares an address and a language with somebody is left out of that mailing, and would get the main one.
        """
        return self.left | {person.id for person in self.people if person.why == SAME_ADDRESS}

    @property
    def mailable(self) -> frozenset[int]:
        """Those who get it, or in whose stead somebody with the same address may: CiviMail takes either of them."""
        return frozenset(person.id for person in self.people if person.why in ("", SAME_ADDRESS))

    def by_language(self, alert: Alert) -> Counter[str]:
        """Language of a mailing → how many get that one."""
        return Counter(alert.version(person.language).language for person in self.getting)

    def reasons(self) -> Mapping[str, list[int]]:
        """Why → the contacts who get nothing because of it."""
        found: dict[str, list[int]] = {}
        for person in self.people:
            if person.why:
                found.setdefault(person.why, []).append(person.id)
        return found


def of(client: CiviClient, store: Store, hasher: Hasher, alert: Alert, found: Mapping[str, Sequence[Row]]) -> Audience:
    """Count, by the answers to `calls`. One request for each 10,000 people of whom somebody left a group.

    Raises UserError when the network's group does not exist, and what the client raises.
    """
    groups = records.groups(found["groups"])
    tree = records.tree(groups, NETWORK)
    people = found["people"]
    removals = [row for row in found["removals"] if int(row["group_id"]) in tree]
    here = {int(row["id"]) for row in people}
    left = _left(client, store, hasher, [row for row in removals if int(row["contact_id"]) in here], people, groups)
    inside = records.below(groups, alert.audience)
    gone = {int(row["contact_id"]) for row in removals if int(row["group_id"]) in inside} - here
    return Audience(
        people=(
            *sort_out(people, left, lambda one: alert.version(one).language),
            *(Person(id_, NO_LANGUAGE, why=LEFT) for id_ in sorted(gone)),
        ),
        left=frozenset(left),
        problems=tuple(_problems(alert.audience, found["groups"])),
        groups=groups,
    )


def sort_out(rows: Iterable[Row], left: Iterable[int], mailing: Callable[[str], str] = str) -> tuple[Person, ...]:
    """Who gets an alert, of contacts with one row for each of their addresses. Pure.

    CiviMail takes the address for mass mailings where there is one, else the first one; equal addresses get one mail of
    each mailing. mailing: the language that somebody reads → the language of the mailing that they get.
    """
    gone, of_contact = frozenset(left), dict[int, list[Row]]()
    for row in rows:
        of_contact.setdefault(int(row["id"]), []).append(row)
    people, taken = [], set[tuple[str, str]]()
    for id_, theirs in sorted(of_contact.items()):
        address, why = _address(theirs)
        why = _personal(theirs[0], id_ in gone) or why
        language = str(theirs[0].get("preferred_language") or "")[:2].lower() or NO_LANGUAGE
        if not why and (address, mailing(language)) in taken:
            why = SAME_ADDRESS
        if not why:
            taken.add((address, mailing(language)))
        people.append(Person(id_, language, address, why))
    return tuple(people)


def keep_out(client: CiviClient, audience: Audience) -> dict[str, Call]:
    """What brings the group that every mailing leaves out up to date, as far as these people are concerned.

    Who shares an address is not the same for every alert, so only one at a time may be submitted. One request.
    """
    group, here = audience.groups[LEFT_GROUP].id, {person.id for person in audience.people}
    where = [["group_id", "=", group], ["status", "=", "Added"]]
    known = {int(row["contact_id"]) for row in client.api4("GroupContact", "get", select=["contact_id"], where=where)}
    wanted = [(id_, "Added") for id_ in sorted(audience.kept_out - known)]
    wanted += [(id_, "Removed") for id_ in sorted((known & here) - audience.kept_out)]
    rows = [{"group_id": group, "contact_id": id_, "status": status} for id_, status in wanted]
    match = ["group_id", "contact_id"]
    return {
        f"out {number}": ("GroupContact", "save", {"records": list(some), "match": match})
        for number, some in enumerate(records.chunks(rows, 500))
    }


def calls(alert: Alert) -> dict[str, Call]:
    """The questions for an alert's audience."""
    audience = alert.audience
    entity, action, params = records.GROUPS
    inside = [["groups", "IN", list(audience)]] if audience else [["id", "=", 0]]
    removed = [["status", "=", "Removed"], ["group_id", "IS NOT NULL"]]
    past = {"select": ["id", "contact_id", "group_id", "date", "method"], "where": removed, "orderBy": {"id": "ASC"}}
    return {
        "groups": (entity, action, {**params, "select": [*params["select"], "group_type:name"]}),
        "people": ("Contact", "get", {"select": _SELECT, "join": [_MAIL], "where": inside}),
        "removals": ("SubscriptionHistory", "get", past),
    }


def _left(
    client: CiviClient,
    store: Store,
    hasher: Hasher,
    removals: Sequence[Row],
    people: Iterable[Row],
    groups: Mapping[str, Group],
) -> set[int]:
    """Who of them left, as a sync judges it. removals: theirs, from groups of the network."""
    ids = sorted({int(row["contact_id"]) for row in removals})
    inside = sorted({int(row["group_id"]) for row in removals})
    calls: dict[str, Call] = {}
    for number, some in enumerate(records.chunks(ids, CHUNK)):
        where = [["contact_id", "IN", list(some)], ["group_id", "IN", inside]]
        calls[str(number)] = (
            "GroupContact",
            "get",
            {"select": ["id", "contact_id", "group_id", "status"], "where": where},
        )
    rows = [row for found in client.multi(calls).values() for row in found] if calls else []
    names = {group.id: group.name for group in groups.values()}
    remembered = memory.load(store, hasher, "Contact", ids)
    came_back = {int(row["id"]): str(row.get(CAME_BACK) or "")[:10] for row in people}
    places = leavings.memberships(rows, removals, names)
    doubtful = [id_ for id_ in ids if leavings.is_doubtful(places[id_].values(), came_back.get(id_, ""))]
    added = records.additions(client, doubtful, sorted(records.tree(groups, NETWORK)))
    left = set()
    for id_ in ids:
        theirs, day = places[id_].values(), came_back.get(id_, "")
        back_at = leavings.back_at(theirs, added.get(id_, ()), day)
        left |= {id_} if leavings.left_on(theirs, id_, day, remembered, back_at) is not None else set()
    return left


def _address(rows: Sequence[Row]) -> tuple[str, str]:
    """The address that CiviMail takes, and why it takes none."""
    mails = [row for row in rows if row.get("mail.email") and (row["mail.is_primary"] or row["mail.is_bulkmail"])]
    good = [row for row in mails if not int(row.get("mail.on_hold") or 0)]
    best = max(good, key=lambda row: bool(row["mail.is_bulkmail"]), default=None)
    if best is None:
        return "", ON_HOLD if mails else NO_ADDRESS
    return str(best["mail.email"]).strip().lower(), ""


def _personal(row: Row, left: bool) -> str:
    if row.get("is_deceased"):
        return DEAD
    if row.get("is_opt_out"):
        return OPTED_OUT
    if row.get("do_not_email"):
        return NO_MAIL
    return LEFT if left else ""


def _problems(audience: Sequence[int], rows: Iterable[Row]) -> Iterable[str]:
    known = {int(row["id"]): row for row in rows}
    if not audience:
        yield "it names no group"
    for id_ in audience:
        row = known.get(id_)
        if row is None:
            yield f"there is no group {id_}"
        elif not row["is_active"]:
            yield f"group {id_} is switched off"
        elif "Mailing List" not in (row.get("group_type:name") or ()):
            yield f"group {id_} is no mailing list"
