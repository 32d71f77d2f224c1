"""The alerts as they stand in CiviCRM: one activity each, which holds the whole state. Read here, and moved here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connector import clock
from connector.civicrm.answers import Row
from connector.civicrm.client import Call, CiviClient

ALERT = "Solidarity_Alert"
# The states, as mappings/setup.toml names them. A draft is its author's; the last two are the end.
DRAFT, READY, APPROVED, SCHEDULED, SENDING = "draft", "ready", "approved", "scheduled", "sending"
SENT, CLOSED, WITHDRAWN = "sent", "closed", "withdrawn"
# Those that the worker looks at each minute.
AT_WORK = (READY, APPROVED, SCHEDULED, SENDING, SENT)
# Those whose text members may read.
PUBLIC = (SENDING, SENT, CLOSED)
LANGUAGES = ("en", "ar", "de", "fr", "es")
AUDIENCE = ("Audience_1", "Audience_2", "Audience_3")
LONGEST = 255  # of a text field in CiviCRM

_FIELDS = (
    "Kind",
    "Community",
    *AUDIENCE,
    "Place",
    "Happened",
    "Body",
    "Ask",
    "Ask_Link",
    "Words",
    "Language",
    "Send_At",
    *(f"{field}_{code}" for code in LANGUAGES for field in ("Subject", "Body", "Ask")),
    "State",
    "Said",
    "Plan",
    "Count",
    "Decision",
    "Mailings",
    "Moved_On",
)
_SELECT = ("id", "subject", "source_contact_id", "created_date", *(f"{ALERT}.{name}" for name in _FIELDS))


@dataclass(frozen=True, slots=True)
class Version:
    """An alert's text in one language. body: HTML, as staff wrote it in the editor; ask: plain text."""

    language: str
    subject: str
    body: str
    ask: str


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert.

    author: who wrote it, by the activity. versions: its texts, the main one first. audience: ids of groups. send_at:
    not before this moment, aware UTC. said: what stands in the list beside its state. plan, count: of the report that
    staff read last; decision: the one that approved it; mailings: language → id. moved_on: since when it is in its
    state; created: aware UTC both.
    """

    id: int
    author: int
    kind: str
    community: str
    versions: tuple[Version, ...]
    audience: tuple[int, ...]
    place: str = ""
    happened: str = ""
    ask_link: str = ""
    words: str = ""
    send_at: datetime | None = None
    state: str = DRAFT
    said: str = ""
    plan: str = ""
    count: int | None = None
    decision: int = 0
    mailings: Mapping[str, int] | None = None
    moved_on: datetime | None = None
    created: datetime | None = None

    @property
    def main(self) -> Version:
        """The text for everybody whose language has none of its own."""
        return self.versions[0]

    def version(self, language: str) -> Version:
        """The text for who reads this language."""
        return next((one for one in self.versions if one.language == language), self.main)


def call(*, states: Iterable[str] = AT_WORK, ids: Iterable[int] = ()) -> Call:
    """The question for the alerts in these states, or with these numbers; `read` reads its answer."""
    wanted = sorted(set(ids))
    which = ["id", "IN", wanted] if wanted else [f"{ALERT}.State", "IN", list(states)]
    where = [["activity_type_id:name", "=", ALERT], ["is_deleted", "=", False], which]
    return ("Activity", "get", {"select": list(_SELECT), "where": where, "orderBy": {"id": "ASC"}})


def read(rows: Iterable[Row]) -> list[Alert]:
    """The alerts in an answer."""
    return [_alert(row) for row in rows]


def find(client: CiviClient, number: int) -> Alert | None:
    """The alert with this number, whatever its state; None when there is none."""
    entity, action, params = call(ids=[number])
    return next(iter(read(client.api4(entity, action, **params))), None)


def move(client: CiviClient, alert: Alert, state: str, said: str, **values: Any) -> bool:
    """Change an alert's state and own fields (by their names), unless its state is no longer what we saw.

    said: what stands in the list beside it. Returns whether it was changed.
    """
    details = {"details": values.pop("details")} if "details" in values else {}
    changed = {"State": state, "Said": short(said), **values}
    if state != alert.state:
        changed["Moved_On"] = stamp(clock.now())
    where = [["id", "=", alert.id], [f"{ALERT}.State", "=", alert.state]]
    own = {f"{ALERT}.{name}": value for name, value in changed.items()}
    return bool(client.api4("Activity", "update", where=where, values=own | details))


def short(text: str) -> str:
    """A text that fits into a field of CiviCRM."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1].rstrip()}…"


def stamp(moment: datetime) -> str:
    """A moment as it stands in an alert's fields, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _alert(row: Row) -> Alert:
    said = {name: str(row[f"{ALERT}.{name}"] or "").strip() for name in _FIELDS}
    main = Version(said["Language"] or "en", str(row["subject"] or "").strip(), said["Body"], said["Ask"])
    others = (Version(code, *(said[f"{field}_{code}"] for field in ("Subject", "Body", "Ask"))) for code in LANGUAGES)
    return Alert(
        id=int(row["id"]),
        author=int(row["source_contact_id"] or 0),
        kind=said["Kind"],
        community=said["Community"],
        versions=(main, *(one for one in others if one.body and one.language != main.language)),
        audience=groups(row),
        place=said["Place"],
        happened=said["Happened"],
        ask_link=said["Ask_Link"],
        words=said["Words"],
        send_at=_moment(said["Send_At"]),
        state=said["State"],
        said=said["Said"],
        plan=said["Plan"],
        count=int(said["Count"]) if said["Count"] else None,
        decision=int(said["Decision"] or 0),
        mailings=_mailings(said["Mailings"]),
        moved_on=_moment(said["Moved_On"]),
        created=_moment(str(row["created_date"] or "")),
    )


def groups(row: Row) -> tuple[int, ...]:
    """The groups that an alert goes to."""
    named = (row.get(f"{ALERT}.{name}") for name in AUDIENCE)
    return tuple(sorted({int(id_) for id_ in named if id_}))


def _mailings(text: str) -> dict[str, int]:
    """`en:12 ar:13` as a mapping."""
    return {language: int(id_) for language, _, id_ in (one.partition(":") for one in text.split()) if id_.isdigit()}


def _moment(text: str) -> datetime | None:
    """A moment as CiviCRM keeps it for us, in UTC."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
    except ValueError:
        return None
