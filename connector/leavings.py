"""Who left a mailing group of the network, and when: read from CiviCRM's rows and its history. Pure.

A removal that anybody but the connector made is a person's wish, and is respected in the whole tree of groups.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from connector.civicrm.answers import Row
from connector.memory import Memory

ADDED, REMOVED = "Added", "Removed"
UNKNOWN_DAY = "an unknown day"


@dataclass(frozen=True, slots=True)
class Membership:
    """One contact's place in one group. removals, days: ids and days of the times it was Removed, oldest first."""

    group: str
    status: str
    row_id: int | None
    removals: tuple[int, ...] = ()
    days: tuple[str, ...] = ()
    method: str = ""

    @property
    def removed_on(self) -> str:
        """The day of the newest removal, empty when no history tells."""
        return self.days[-1] if self.days else ""


def memberships(rows: Iterable[Row], past: Iterable[Row], names: Mapping[int, str]) -> dict[int, dict[str, Membership]]:
    """Contact id → group name → membership. A row that was deleted after a removal still counts as Removed.

    rows: of GroupContact; past: of SubscriptionHistory, only of removals, oldest first; names: group id → name.
    """
    found: defaultdict[int, dict[str, Membership]] = defaultdict(dict)
    for row in past:
        name = names[int(row["group_id"])]
        before = found[int(row["contact_id"])].get(name)
        found[int(row["contact_id"])][name] = Membership(
            group=name,
            status=REMOVED,
            row_id=None,
            removals=(*(before.removals if before else ()), int(row["id"])),
            days=(*(before.days if before else ()), str(row["date"])[:10]),
            method=row["method"],
        )
    for row in rows:
        name, theirs = names[int(row["group_id"])], found[int(row["contact_id"])]
        known, status, row_id = theirs.get(name), row["status"], int(row["id"])
        theirs[name] = replace(known, status=status, row_id=row_id) if known else Membership(name, status, row_id)
    return dict(found)


def left_on(places: Iterable[Membership], person: int, came_back: str, memory: Memory, back_at: int = 0) -> str | None:
    """The day on which the person last left a group of the network, as YYYY-MM-DD; "an unknown day"; or None.

    A Removed that the connector wrote itself is no leaving. came_back: the day that staff enter; it lifts what was
    before it, and no leaving whose day is unknown. back_at: see `back_at`; whoever left again after it has left.
    """
    days = [
        place.removed_on or UNKNOWN_DAY
        for place in places
        if place.status == REMOVED
        and not removed_by_us(place, person, memory)
        and not _is_lifted(place, came_back, back_at)
    ]
    return max(days, default=None)


def _is_lifted(place: Membership, came_back: str, back_at: int) -> bool:
    """True for a leaving before the day of coming back; on that day, for one that was not after it."""
    if not (came_back and place.removed_on) or place.removed_on > came_back:
        return False
    return place.removed_on < came_back or not back_at or place.removals[-1] < back_at


def is_doubtful(places: Iterable[Membership], came_back: str) -> bool:
    """True for who left on the day on which they came back: what was first, only the times they were Added tell."""
    return bool(came_back) and any(place.status == REMOVED and place.removed_on == came_back for place in places)


def back_at(places: Iterable[Membership], added: Iterable[Row], came_back: str) -> int:
    """The history's id of when somebody was Added again after they had left that day; 0 when they were not yet.

    added: their SubscriptionHistory rows of status Added.
    """
    both = (zip(place.removals, place.days, strict=True) for place in places)
    left = min((id_ for one in both for id_, day in one if day == came_back), default=0)
    return min((int(row["id"]) for row in added if left and int(row["id"]) > left), default=0)


def removed_by_us(place: Membership, person: int, memory: Memory) -> bool:
    """True when the newest removal is the one that the connector announced to itself before writing it."""
    earlier = place.removals[-2] if len(place.removals) > 1 else 0
    return place.method == "API" and memory.agreed(person, group_field(place.group), removal_after(earlier))


def group_field(group: str) -> str:
    """The name under which a place in a group is remembered."""
    return f"group:{group}"


def removal_after(last_removal: int) -> str:
    """What is remembered before we take somebody out: the next removal after this one is ours, any later is not."""
    return f"{REMOVED} after {last_removal}"
