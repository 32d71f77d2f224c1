"""Where contacts stand: their places in groups, who left what, their relationships, sorted by contact. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping as MappingType
from dataclasses import dataclass, replace

from connector.civicrm.answers import Row
from connector.civicrm.records import Belonging
from connector.sync.ties import Tie


@dataclass(frozen=True, slots=True)
class Membership:
    """One contact's place in one group. removals: ids of the times it was Removed, oldest first."""

    group: str
    status: str
    row_id: int | None
    removals: tuple[int, ...] = ()
    removed_on: str = ""
    method: str = ""


class Standing:
    """What was read of some contacts. names: group id → name.

    places: contact id → group name → place. ties: contact id → its relationships as a. named: contact id → the
    (type, contact) of active relationships in which it is b.
    """

    def __init__(self, read: Belonging, names: MappingType[int, str]) -> None:
        self.places = _places(read.places, read.removals, names)
        self.ties = _ties(read.ties)
        self.named: defaultdict[int, set[tuple[str, int]]] = defaultdict(set)
        for row in read.ties_to:
            if row["is_active"]:
                self.named[int(row["contact_id_b"])].add((row["relationship_type_id:name"], int(row["contact_id_a"])))


def _ties(rows: Iterable[Row]) -> dict[int, list[Tie]]:
    found: defaultdict[int, list[Tie]] = defaultdict(list)
    for row in rows:
        tie = Tie(int(row["id"]), row["relationship_type_id:name"], int(row["contact_id_b"]), bool(row["is_active"]))
        found[int(row["contact_id_a"])].append(tie)
    return found


def _places(rows: Iterable[Row], past: Iterable[Row], names: MappingType[int, str]) -> dict[int, dict[str, Membership]]:
    """Contact id → group name → membership. A row that was deleted after a removal still counts as Removed."""
    found: defaultdict[int, dict[str, Membership]] = defaultdict(dict)
    for row in past:
        name = names[int(row["group_id"])]
        before = found[int(row["contact_id"])].get(name)
        found[int(row["contact_id"])][name] = Membership(
            group=name,
            status="Removed",
            row_id=None,
            removals=(*(before.removals if before else ()), int(row["id"])),
            removed_on=str(row["date"])[:10],
            method=row["method"],
        )
    for row in rows:
        name, theirs = names[int(row["group_id"])], found[int(row["contact_id"])]
        known, status, row_id = theirs.get(name), row["status"], int(row["id"])
        theirs[name] = replace(known, status=status, row_id=row_id) if known else Membership(name, status, row_id)
    return dict(found)
