"""Why is this value here: an activity for each kind of change that a run wrote, on every contact that it touched.

It says which fields, from which column through which line of the mapping, from which row, and who decided. The values
themselves stand in the contact alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from connector.civicrm.client import CiviClient

WRITTEN = "Solidarity_Written"
# An activity with more contacts than this grows slow to open.
MOST = 1000


@dataclass(frozen=True, slots=True)
class Wrote:
    """What was written to one contact. line: of the file it came from, None for a row that is gone."""

    contact: int
    what: str
    fields: tuple[str, ...]
    line: int | None


def tell(
    client: CiviClient, wrote: Iterable[Wrote], *, source: str, origin: Mapping[str, str], by: int, again: bool
) -> None:
    """Write the activities.

    source: where it came from (`members, roster 12`); origin: field → column; by: who decided; again: some may have
    been written before, and are not written twice.
    """
    alike: defaultdict[tuple[str, tuple[str, ...]], list[Wrote]] = defaultdict(list)
    for one in wrote:
        alike[one.what, one.fields].append(one)
    records = [
        {
            "activity_type_id:name": WRITTEN,
            "source_contact_id": by or "user_contact_id",
            "target_contact_id": sorted({one.contact for one in some}),
            "subject": f"{what}: {', '.join(fields) or source}"[:250],
            "details": _details(some, source, origin, fields),
        }
        for (what, fields), group in alike.items()
        for some in _pieces(group)
    ]
    there = _told(client, source) if again and records else frozenset()
    records = [record for record in records if record["details"] not in there]
    if records:
        client.api4("Activity", "save", records=records)


def _told(client: CiviClient, source: str) -> frozenset[str]:
    """What was told of this source before."""
    where = [["activity_type_id:name", "=", WRITTEN], ["details", "LIKE", f"<p>From {escape(source)}.%"]]
    return frozenset(row["details"] for row in client.api4("Activity", "get", select=["details"], where=where))


def _details(wrote: Sequence[Wrote], source: str, origin: Mapping[str, str], fields: Sequence[str]) -> str:
    columns = "".join(
        f"<li>{escape(field)}: {escape(origin.get(field, 'set by the mapping'))}</li>" for field in fields
    )
    lines = ", ".join(f"{one.contact}: {one.line or 'no row'}" for one in wrote)
    return f"<p>From {escape(source)}.</p><ul>{columns}</ul><p>Contact and line of the file: {lines}.</p>"


def _pieces(group: Sequence[Wrote]) -> list[Sequence[Wrote]]:
    return [group[start : start + MOST] for start in range(0, len(group), MOST)]
