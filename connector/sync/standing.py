"""Where contacts stand: their places in groups, who left what, their relationships, sorted by contact. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping as MappingType

from connector.civicrm.answers import Row
from connector.civicrm.records import Belonging
from connector.leavings import memberships
from connector.sync.ties import Tie


class Standing:
    """What was read of some contacts. names: group id → name.

    places: contact id → group name → place. ties: contact id → its relationships as a. named: contact id → the
    (type, contact) of active relationships in which it is b.
    """

    def __init__(self, read: Belonging, names: MappingType[int, str]) -> None:
        self.places = memberships(read.places, read.removals, names)
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
