"""The activities through which staff and the connector talk: what was handed in, what was decided, what came of it.

CiviCRM holds the state of everything here, so nothing is lost when the connector is off for a week. Who decided is
proven by CiviCRM's own record of the form that was sent.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connector import clock
from connector.civicrm.answers import Row
from connector.civicrm.client import Call, CiviClient
from connector.errors import PermanentError, UserError

ROSTER, DECISION = "Solidarity_Roster", "Solidarity_Decision"
# The states of a roster that was handed in, as mappings/setup.toml names them.
HANDED_IN, PLANNED, NOTHING, UNUSABLE = "handed_in", "planned", "nothing", "unusable"
APPLYING, APPLIED, REFUSED, STOPPED = "applying", "applied", "refused", "stopped"
ENDED = frozenset({NOTHING, APPLIED, REFUSED})
DECIDABLE = frozenset({PLANNED, STOPPED, UNUSABLE})
APPLY, REFUSE, AGAIN, DISMISS = "apply", "refuse", "again", "dismiss"
APPROVE, DESPITE, REDRAFT, WITHDRAW, CLOSE = "approve", "despite", "redraft", "withdraw", "close"
NEW, DONE, VOID = "new", "done", "void"
# The forms that decide, as mappings/setup.toml makes them → what their numbers are meant to be of.
FORMS = {
    "afformSolidarityDecide": "roster",
    "afformSolidarityAnswer": "problem",
    "afformSolidarityDecideAlert": "alert",
}
LONGEST = 250  # of what a list shows: an activity's subject holds 255 letters
# CiviCRM keeps a form's submission in the same request as its activity, a moment later.
WAIT_FOR_SUBMISSION = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A roster that somebody handed in.

    by: their contact. file: of CiviCRM's, None before it came and once it went. created: when the form was sent, aware
    UTC; the browser sends the file after it. decision: the one that is being carried out or was; 0 before.
    """

    id: int
    by: int
    kind: str
    scope: tuple[str, ...]
    file: int | None
    state: str
    plan: str
    decision: int
    created: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided about an activity.

    by: their contact. plan: the checksum that stood before their eyes. form: the one that was sent.
    """

    id: int
    by: int
    about: int
    plan: str
    verdict: str
    number: int | None
    form: str = "afformSolidarityDecide"

    @property
    def meant(self) -> str:
        """What it is about, as a person reads it, whether there is such a thing or not."""
        return f"{FORMS[self.form]} {self.about}"


def rosters(client: CiviClient, ids: Iterable[int] = ()) -> dict[int, HandedIn]:
    """The rosters that were handed in and are not ended or still have their file, and those of `ids`."""
    fields = ("Kind", "Scope", "File", "State", "Plan", "Decision")
    open_ = ["OR", [["Solidarity_Roster.State", "NOT IN", sorted(ENDED)], ["Solidarity_Roster.File", "IS NOT NULL"]]]
    asked = sorted(set(ids))
    wanted = ["OR", [open_, ["id", "IN", asked]]] if asked else open_
    rows = client.api4(
        "Activity",
        "get",
        select=["id", "source_contact_id", "created_date", *(f"{ROSTER}.{name}" for name in fields)],
        where=[["activity_type_id:name", "=", ROSTER], ["is_deleted", "=", False], wanted],
        orderBy={"id": "ASC"},
    )
    return {int(row["id"]): _handed_in(row) for row in rows}


def decisions(client: CiviClient) -> list[Decision]:
    """The decisions that nobody looked at yet, oldest first; those that no form made are told so and left out.

    Whoever may edit activities can make or change one in anybody's name. What was decided, and by whom, is therefore
    read from the submission of the form, which CiviCRM keeps and staff can neither make nor change.
    """
    made = client.api4(
        "Activity",
        "get",
        select=["id", "created_date"],
        where=[
            ["activity_type_id:name", "=", DECISION],
            ["is_deleted", "=", False],
            [f"{DECISION}.State", "=", NEW],
        ],
        orderBy={"id": "ASC"},
    )
    if not made:
        return []
    sent = _submissions(client, min(row["created_date"] for row in made))
    found = []
    for row in made:
        if int(row["id"]) in sent:
            found.append(sent[int(row["id"])])
        elif clock.now() - utc(row["created_date"]) > WAIT_FOR_SUBMISSION:
            forged = Decision(int(row["id"]), 0, 0, "", "", None)
            close(client, forged, VOID, "Not made by the form; nothing was done. Decide under Solidarity in the menu.")
    return found


def decided(client: CiviClient, number: int) -> Decision | None:
    """The decision with this number as its form was sent, whatever became of it; None when no form made it."""
    rows = client.api4("Activity", "get", select=["created_date"], where=[["id", "=", number]]) if number else []
    return _submissions(client, rows[0]["created_date"]).get(number) if rows else None


def forms_call(names: Iterable[str], since: datetime | None) -> Call:
    """The question for the submissions of forms since then: who sent what. since: aware UTC, None for all."""
    where: list[Any] = [["afform_name", "IN", list(names)], ["status_id:name", "=", "Processed"]]
    if since:
        begin = (since - WAIT_FOR_SUBMISSION).strftime("%Y-%m-%d %H:%M:%S")
        where.append(["submission_date", ">=", begin])
    return ("AfformSubmission", "get", {"select": ["afform_name", "contact_id", "data"], "where": where})


def _submissions(client: CiviClient, since: str) -> dict[int, Decision]:
    """Activity → the decision in the submission of the form that made it."""
    entity, action, params = forms_call(FORMS, utc(since))
    rows = client.api4(entity, action, **params)
    found = [_decision(entity, row) for row in rows for entity in row["data"].get("Activity1", ())]
    return {decision.id: decision for decision in found}


def move(client: CiviClient, roster: HandedIn, state: str, **values: Any) -> bool:
    """Change a roster's state and other values, unless its state is no longer what we saw. Returns whether it was."""
    own = {f"{ROSTER}.{name}": values.pop(name) for name in ("Plan", "Decision", "File") if name in values}
    seen = [f"{ROSTER}.State", "=", roster.state] if roster.state else [f"{ROSTER}.State", "IS EMPTY"]
    where = [["id", "=", roster.id], seen]
    return bool(client.api4("Activity", "update", where=where, values={f"{ROSTER}.State": state, **own, **values}))


def close(client: CiviClient, decision: Decision, state: str, why: str) -> None:
    """Say what came of a decision. why: one sentence, for whoever made it."""
    values = {f"{DECISION}.State": state, "subject": short(why)}
    client.api4("Activity", "update", where=[["id", "=", decision.id], [f"{DECISION}.State", "=", NEW]], values=values)


def short(text: str) -> str:
    """A text that fits into an activity's subject."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def remove_file(client: CiviClient, roster: HandedIn) -> None:
    """Remove the file that was handed in; CiviCRM deletes it with the field's value."""
    client.api4("Activity", "update", where=[["id", "=", roster.id]], values={f"{ROSTER}.File": None})


def file_of(client: CiviClient, roster: HandedIn) -> bytes:
    """The bytes of the file that was handed in. Raises UserError when there is none any more."""
    rows = client.api4("File", "get", select=["url"], where=[["id", "=", roster.file]]) if roster.file else []
    if not rows:
        raise UserError(
            f"No file came with roster {roster.id}.",
            next_step="hand it in again. If it is large, the administrator raises upload_max_filesize and post_max_size"
            " of CiviCRM's PHP, and the web server's limit.",
        )
    return client.download(rows[0]["url"])


def attach(client: CiviClient, activity: int, name: str, content: str) -> None:
    """Put a CSV file on an activity, unless one of this name is there already."""
    where = {"entity_table": "civicrm_activity", "entity_id": activity}
    there = client.api3("Attachment", "get", **where)["values"]
    if name in {file["name"] for file in (there.values() if isinstance(there, dict) else there)}:
        return
    made = client.api3("Attachment", "create", **where, name=name, mime_type="text/csv", content=content)
    if not made["values"]:
        raise PermanentError(
            f"CiviCRM did not keep the file {name} of activity {activity}.",
            next_step="the administrator checks that its folder for uploads can be written to.",
        )


def _handed_in(row: Row) -> HandedIn:
    scope = str(row[f"{ROSTER}.Scope"] or "")
    return HandedIn(
        id=int(row["id"]),
        by=int(row["source_contact_id"] or 0),
        kind=str(row[f"{ROSTER}.Kind"] or ""),
        scope=tuple(code.strip() for code in scope.split(",") if code.strip()),
        file=int(row[f"{ROSTER}.File"]) if row[f"{ROSTER}.File"] else None,
        state=str(row[f"{ROSTER}.State"] or ""),
        plan=str(row[f"{ROSTER}.Plan"] or ""),
        decision=int(row[f"{ROSTER}.Decision"] or 0),
        created=utc(row["created_date"]),
    )


def _decision(sent: Row, submission: Row) -> Decision:
    """What a form said. Its fields are as they were typed."""
    fields = {name.removeprefix(f"{DECISION}."): str(value or "").strip() for name, value in sent["fields"].items()}
    about, number = fields.get("About", ""), fields.get("Number_Of_Rows", "")
    return Decision(
        id=int(sent.get("id") or 0),
        by=int(submission["contact_id"] or 0),
        about=int(about) if about.isdigit() else 0,
        plan=fields.get("Plan", ""),
        verdict=fields.get("Verdict", ""),
        number=int(number) if number.isdigit() else None,
        form=str(submission["afform_name"]),
    )


def utc(text: str) -> datetime:
    """A moment as CiviCRM gives it to us, whose user has no time zone."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
