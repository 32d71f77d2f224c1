"""What stands before staff decide: an alert looked at from every side, as one report. Read anew for each decision.

What stops an alert (`stops`) nobody can pass; what the report only warns of can be passed by saying so.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from html import escape
from pathlib import Path

from connector import clock
from connector.alerts import activities, audience as audiences, cleaning, consent, letters, people
from connector.alerts.activities import ALERT, WITHDRAWN, Alert, stamp
from connector.alerts.approving import Deciders
from connector.alerts.audience import Audience
from connector.alerts.consent import Hit
from connector.alerts.kinds import Kind, Kinds
from connector.alerts.letters import Letter
from connector.civicrm.answers import Row
from connector.civicrm.client import Call, CiviClient
from connector.memory import Hasher
from connector.store import Store

_NAMES = {"en": "English", "ar": "Arabic", "de": "German", "fr": "French", "es": "Spanish"}
_AUDIENCE = [f"{ALERT}.{name}" for name in activities.AUDIENCE]
# How many contacts who get nothing are named by number under each reason.
SHOWN = 20
# Of how many alerts the report says how long they waited for the site's mail run.
WAITS = 5


@dataclass(frozen=True, slots=True)
class Report:
    """One alert as it stands.

    plan: the checksum of all that a mail would say and of whom it would go to; deciders: who may decide about it.
    waits: for how many minutes the last alerts waited for the site's mail run, the newest first.
    """

    alert: Alert
    audience: Audience
    letters: tuple[Letter, ...]
    plan: str
    deciders: Deciders
    stops: tuple[str, ...] = ()
    hits: tuple[Hit, ...] = ()
    warnings: tuple[str, ...] = ()
    waits: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        """How many people would get it."""
        return len(self.audience.getting)

    def due_letters(self) -> list[Letter]:
        """The letters that somebody would get."""
        languages = self.audience.by_language(self.alert)
        return [letter for letter in self.letters if languages[letter.language]]


@dataclass(frozen=True, slots=True)
class Checker:
    """Reads all that a report needs.

    mappings: their folder, with the shipped wording; act_home: the address of the pages, empty when there are none.
    """

    client: CiviClient
    store: Store
    hasher: Hasher
    kinds: Kinds
    mappings: Path
    act_home: str

    def look(self, alert: Alert) -> Report:
        """The report. One request, however many people; nothing is written.

        One more each when somebody in the audience left a group once, and when people are to be left in peace.
        """
        found = self.client.multi(_calls(alert))
        audience = audiences.of(self.client, self.store, self.hasher, alert, found)
        kind = self.kinds.kinds.get(alert.kind)
        written = self._letters(alert, found["templates"])
        hits = consent.hits(alert, consent.of(found))
        stops = [*audience.problems, *_incomplete(alert, kind), *map(_without_consent, hits)]
        recent = found["recent"]
        warnings = list(warned(alert, kind, audience, recent, self._rested(recent, kind))) if kind else []
        return Report(
            alert,
            audience,
            tuple(written),
            plan_of(alert, written, self.kinds),
            people.deciders(found, alert),
            tuple(stops),
            tuple(hits),
            tuple(warnings),
            tuple(int(row[f"{ALERT}.Waited"]) for row in found["waits"]),
        )

    def _letters(self, alert: Alert, rows: Iterable[Row]) -> list[Letter]:
        templates = letters.chosen(alert.kind, rows, self.mappings)
        page = f"{self.act_home}/act/{alert.id}" if self.act_home else ""
        return [
            letters.compose(alert, version, templates[version.language], page)
            for version in alert.versions
            if version.language in templates
        ]

    def _rested(self, recent: Sequence[Row], kind: Kind | None) -> frozenset[int]:
        """Who got one of these so recently that they should be left in peace."""
        if not kind or not kind.rest_hours:
            return frozenset()
        since = stamp(clock.now() - timedelta(hours=kind.rest_hours))
        groups = {id_ for row in recent if str(row[f"{ALERT}.Approved_On"]) >= since for id_ in activities.groups(row)}
        if not groups:
            return frozenset()
        rows = self.client.api4("Contact", "get", select=["id"], where=[["groups", "IN", sorted(groups)]])
        return frozenset(int(row["id"]) for row in rows)


def _calls(alert: Alert) -> dict[str, Call]:
    """All that a report asks about, so that it is read together."""
    calls = audiences.calls(alert) | consent.calls(alert.community) | people.calls(alert)
    return calls | {"templates": letters.call(alert.kind), "recent": _recent(alert), "waits": _waits()}


def _recent(alert: Alert) -> Call:
    """Alerts of the same kind that were approved in the last seven days."""
    since = stamp(clock.now() - timedelta(days=7))
    where = [
        ["activity_type_id:name", "=", ALERT],
        ["is_deleted", "=", False],
        ["id", "!=", alert.id],
        [f"{ALERT}.Kind", "=", alert.kind],
        [f"{ALERT}.State", "!=", WITHDRAWN],
        [f"{ALERT}.Approved_On", ">=", since],
    ]
    return ("Activity", "get", {"select": ["id", f"{ALERT}.Approved_On", *_AUDIENCE], "where": where})


def _waits() -> Call:
    """For how long the last alerts waited. What the site's own job says of itself only an administrator may read."""
    where = [["activity_type_id:name", "=", ALERT], ["is_deleted", "=", False], [f"{ALERT}.Waited", "IS NOT NULL"]]
    last = {"orderBy": {"id": "DESC"}, "limit": WAITS}
    return ("Activity", "get", {"select": [f"{ALERT}.Waited"], "where": where, **last})


def _incomplete(alert: Alert, kind: Kind | None) -> Iterator[str]:
    if kind is None:
        yield f"mappings/alerts.toml has no kind '{alert.kind}'"
    for version in alert.versions:
        if not version.subject or not version.body:
            yield f"the text in {_NAMES.get(version.language, version.language)} lacks its subject or body"


def _without_consent(hit: Hit) -> str:
    language = f" ({_NAMES.get(hit.language, hit.language)})" if hit.language else ""
    named = f"contact {hit.contact}" if hit.contact else f"picture {hit.picture}" if hit.picture else ""
    named = named or f"line {hit.line} of what must not be named"
    return f"{consent.FIELDS[hit.field]}{language} has {named} without the community's consent"


def content_mark(alert: Alert) -> str:
    """The first half of a plan: of what staff wrote alone, so that an unchanged alert needs no second look. Pure."""
    said = asdict(alert)
    own = {name: said[name] for name in ("kind", "community", "versions", "audience", "place", "happened")}
    own |= {name: said[name] for name in ("ask_link", "words")} | {"send_at": str(alert.send_at)}
    return hashlib.sha256(json.dumps(own, sort_keys=True).encode()).hexdigest()[:10]


def plan_of(alert: Alert, written: Sequence[Letter], kinds: Kinds) -> str:
    """The checksum of an alert with the wording around it and its sender. Pure."""
    around = [[one.language, one.subject, one.html] for one in written] + [[kinds.sender_name, kinds.sender_email]]
    return content_mark(alert) + hashlib.sha256(json.dumps(around).encode()).hexdigest()[:10]


def warned(alert: Alert, kind: Kind, audience: Audience, recent: Sequence[Row], rested: frozenset[int]) -> list[str]:
    """What is more than usual, and what a person should mend but may pass. Pure."""
    found, count = [], len(audience.getting)
    if count > kind.most_people:
        found.append(f"{count} people are more than the {kind.most_people} that are usual for this kind")
    if len(recent) + 1 > kind.most_in_a_week:
        found.append(f"it is number {len(recent) + 1} of its kind in seven days; usual are {kind.most_in_a_week}")
    again = sum(person.id in rested for person in audience.getting)
    if again:
        found.append(f"{again} of these people got one of this kind within {kind.rest_hours} hours")
    return found + _dead_links(alert)


def _dead_links(alert: Alert) -> list[str]:
    found = ["its link leads nowhere"] if alert.ask_link and not cleaning.address(alert.ask_link) else []
    if dead := sum(cleaning.dead_links(version.body) for version in alert.versions):
        found.append(f"{dead} {'link in its text leads' if dead == 1 else 'links in its text lead'} nowhere")
    return found


def as_html(report: Report, contact: Mapping[int, str]) -> str:
    """The report as staff read it in the activity. contact: number → address of a contact's page."""
    count = report.count
    lines = [f"<p><strong>{count} people get it.</strong> To send it, decide, and type {count}.</p>"]
    if report.stops:
        listed = "".join(f"<li>{escape(one)}</li>" for one in report.stops)
        marked = "".join(f"<p>{consent.marked(report.alert, hit)}</p>" for hit in report.hits)
        lines = [f"<p><strong>It cannot be sent as it is.</strong></p><ul>{listed}</ul>{marked}"]
    if report.warnings:
        listed = "".join(f"<li>{escape(one)}</li>" for one in report.warnings)
        lines.append(f"<p><strong>Look at this first:</strong></p><ul>{listed}</ul>")
    lines.append(f"<p>{_how_soon(report.waits)}</p>")
    by_language = report.audience.by_language(report.alert)
    rows = "".join(f"<li>{_NAMES.get(code, code)}: {number}</li>" for code, number in sorted(by_language.items()))
    lines.append(f"<p>By the language of the mail:</p><ul>{rows or '<li>nobody</li>'}</ul>")
    reasons = report.audience.reasons()
    if reasons:
        listed = "".join(f"<li>{escape(why)}: {_numbers(ids, contact)}</li>" for why, ids in sorted(reasons.items()))
        lines.append(f"<p>In these groups, but without a mail:</p><ul>{listed}</ul>")
    for letter in report.letters:
        lines.append(
            f"<h3>{_NAMES.get(letter.language, letter.language)}: {escape(letter.subject)}</h3>"
            f'<pre dir="{_direction(letter)}" style="white-space: pre-wrap">{escape(letter.text)}</pre>'
        )
    return "".join(lines)


def _how_soon(waits: Sequence[int]) -> str:
    begins = "Once approved it goes out with the site's next mail run."
    if not waits:
        return f"{begins} How soon that comes is seen with the first alert."
    how_long = "less than a minute" if max(waits) < 1 else f"{min(waits)} to {max(waits) + 1} minutes"
    which = "one" if len(waits) == 1 else str(len(waits))
    return f"{begins} The last {which} waited {how_long} for it."


def _numbers(ids: Sequence[int], contact: Mapping[int, str]) -> str:
    shown = ", ".join(f'<a href="{escape(contact[id_])}">{id_}</a>' for id_ in ids[:SHOWN] if id_ in contact)
    more = f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
    return f"{len(ids)} (contacts {shown}{more})" if shown else str(len(ids))


def _direction(letter: Letter) -> str:
    """Said outright: CiviCRM lets no `auto` through."""
    return "rtl" if letter.language == "ar" else "ltr"
