"""The daily summary: what waits for a person in CiviCRM, and what ran since yesterday, by mail to the administrator.

Ids and counts only: nobody is named, so the mail may lie in any mailbox. It is sent with the first look of a day
(UTC). A day on which nothing waits and nothing ran has none.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connector import clock, lockdown
from connector.civicrm.client import CiviClient
from connector.desk import activities as desk
from connector.desk.problems import OPEN, PROBLEM
from connector.errors import ConnectorError
from connector.leases import Lease
from connector.lockdown import Lockdown
from connector.mail import Mail, Mailer
from connector.store import Run, Store

# Who tried to send it has it for so long: after trouble it is tried again then, not each minute.
AGAIN = timedelta(hours=1)
# So many numbers of one kind are listed, and the rest counted.
LISTED = 20
PAGES = {"problems": "civicrm/solidarity/problems", "decisions": "civicrm/solidarity/decisions"}
ACTIVITY = "civicrm/activity/view?action=view&reset=1&id="


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for a person: activity → since when (aware UTC), the problems by what they are about."""

    problems: Mapping[str, Mapping[int, datetime]]
    rosters: Mapping[int, datetime]


class DailySummary:
    """The step that sends it. A row of the store keeps the day; to: the administrator's address.

    The day is kept after the mail was sent, so a kill between the two sends it once more, an hour later and under the
    same Message-ID; the other way round it would be lost.
    """

    def __init__(self, client: CiviClient, store: Store, mailer: Mailer, to: str) -> None:
        self._client, self._store, self._mailer, self._to = client, store, mailer, to

    def step(self) -> int:
        """Send the summary of today, unless it was. Returns 1 when it was sent now, else 0."""
        lease = Lease(self._store, "daily summary", AGAIN.total_seconds())
        if lease.take():
            return 0
        now = clock.now()
        try:
            waiting = read(self._client)
        except ConnectorError:
            lease.give_back()  # nothing was sent: the next look tries again
            raise
        locked = lockdown.state(self._store)
        text = in_words(waiting, self._store.runs_since(now - timedelta(days=1)), self._client, locked)
        if text:
            day = now.date().isoformat()
            subject = f"Solidarity Connector: {'LOCK-DOWN is on' if locked else _sum(waiting)}"
            self._mailer.send(Mail(self._to, subject, text, key=f"summary {day}"))
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        lease.hold_until(midnight)
        return 1 if text else 0


def read(client: CiviClient) -> Waiting:
    """What waits for a person in CiviCRM."""
    rows = client.api4(
        "Activity",
        "get",
        select=["id", "created_date", f"{PROBLEM}.Key"],
        where=[["activity_type_id:name", "=", PROBLEM], ["is_deleted", "=", False], [f"{PROBLEM}.State", "=", OPEN]],
        orderBy={"id": "ASC"},
    )
    problems: defaultdict[str, dict[int, datetime]] = defaultdict(dict)
    for row in rows:
        kind = str(row[f"{PROBLEM}.Key"] or "").partition(":")[0]
        problems[kind][int(row["id"])] = desk.utc(row["created_date"])
    waiting = (desk.PLANNED, desk.STOPPED)
    rosters = {one.id: one.created for one in desk.rosters(client).values() if one.state in waiting}
    return Waiting(problems, rosters)


def in_words(waiting: Waiting, runs: Sequence[Run], client: CiviClient, locked: Lockdown | None = None) -> str:
    """The mail; empty when there is nothing to tell. Why there is a lock-down stands in CiviCRM alone."""
    lines: list[str] = []
    if locked:
        lines += [f"LOCK-DOWN since {locked.since:%Y-%m-%d %H:%M} UTC: nothing is synced or sent; gifts go on."]
        lines += ["  `solidarity lockdown off` ends it, `solidarity lockdown status` says why.", ""]
    if waiting.rosters:
        lines += [f"Rosters that wait for a decision: {len(waiting.rosters)}, {_oldest(waiting.rosters)}."]
        lines += [*_links(waiting.rosters, client), f"  all: {client.page(PAGES['decisions'])}", ""]
    for kind, there in sorted(waiting.problems.items()):
        lines += [f"Open problems of {kind or 'no kind'}: {len(there)}, {_oldest(there)}.", *_links(there, client)]
    if waiting.problems:
        lines += [f"  all: {client.page(PAGES['problems'])}", ""]
    if runs:
        lines += [f"Runs since yesterday: {len(runs)}.", *(_run(run) for run in runs), ""]
    return "\n".join(lines)


def _sum(waiting: Waiting) -> str:
    problems = sum(map(len, waiting.problems.values()))
    if not problems and not waiting.rosters:
        return "nothing waits for a person"
    return f"open problems: {problems}, rosters that wait: {len(waiting.rosters)}"


def _oldest(there: Mapping[int, datetime]) -> str:
    return f"the oldest since {min(there.values()):%Y-%m-%d}"


def _links(there: Mapping[int, datetime], client: CiviClient) -> list[str]:
    more = len(there) - LISTED
    listed = [f"  {number}: {client.page(f'{ACTIVITY}{number}')}" for number in sorted(there)[:LISTED]]
    return [*listed, *([f"  … and {more} more"] if more > 0 else [])]


def _run(run: Run) -> str:
    told = ", ".join(f"{word} {number}" for word, number in sorted(run.counts.items()) if number) or "nothing to do"
    return f"  {run.at:%H:%M} UTC  {run.mapping}, {run.state}: {told}"
