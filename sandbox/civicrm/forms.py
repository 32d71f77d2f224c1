"""Afform pages: kept as they were sent, and what happens when somebody submits one.

A form may only create (`actions="{create: true, update: false}"`), and only activities; more is not played.
"""

import json
import re
import secrets
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import Any

from sandbox.civicrm import activities, dates, files, writing
from sandbox.civicrm.errors import ApiError, NotPermitted
from sandbox.civicrm.permissions import may_open, permitted
from sandbox.civicrm.site import EVERYTHING, Call, Site
from sandbox.civicrm.store import Row
from sandbox.civicrm.values import Record
from sandbox.civicrm.writing import Rules

PROCESSED = 1
ACTIVITY = "Activity"


@dataclass
class Model(HTMLParser):
    """What a layout says: the entity that is made, its fixed values, and the fields that are asked."""

    layout: str
    name: str = ""
    type: str = ""
    data: Row = field(default_factory=dict)
    fields: dict[str, Row] = field(default_factory=dict)
    # Whether the form, not the role, decides who may make the entity.
    by_form: bool = False
    # Name of the search and of its display, where the page shows a table.
    search: tuple[str, str] | None = None
    # The same of each display of the kind "list", which shows nothing while it finds nothing.
    notices: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.layout)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        sent = {name: value or "" for name, value in attrs}
        if tag == "af-entity":
            self.name, self.type, self.data = sent["name"], sent["type"], _literal(sent.get("data"))
            self.by_form = sent.get("security") == "FBAC"
        elif tag == "af-field":
            self.fields[sent["name"]] = _literal(sent.get("defn"))
        elif tag == "crm-search-display-list":
            self.notices.append((sent["search-name"], sent["display-name"]))
        elif tag.startswith("crm-search-display"):
            self.search = sent["search-name"], sent["display-name"]


def _literal(text: str | None) -> Row:
    """A JavaScript object of names, texts, numbers and booleans."""
    quoted = re.sub(r"'((?:[^'\\]|\\.)*)'", lambda found: json.dumps(found[1]), text or "{}")
    found: Row = json.loads(re.sub(r"([{,]\s*)([A-Za-z_]\w*)\s*:", r'\1"\2":', quoted))
    return found


def _before(call: Call, entity: str, record: Record, old: Row | None) -> None:
    if old is not None and not call.caller.may("administer afform") and old["created_id"] != call.caller.contact_id:
        raise NotPermitted("ACL check failed")
    if old is None:
        words = re.findall(r"[A-Za-z0-9]+", str(record.core.get("title")))
        record.core.setdefault("name", "afform" + "".join(word[:1].upper() + word[1:] for word in words))
        record.core["created_id"] = call.caller.contact_id


def _answer(call: Call, record: Record, row: Row, is_new: bool) -> Row:
    return {name: value for name, value in row.items() if value is not None and name != "id"}


RULES = Rules(before=_before, answer=_answer)


def revert(call: Call, rows: list[Row]) -> list[Row]:
    """The pages are gone; none is no error."""
    for row in rows:
        call.site.table("Afform").delete(row)
    return [{name: row.get(name) for name in ("name", "title", "server_route", "created_id")} for row in rows]


def submit(call: Call, params: dict[str, Any]) -> list[Row]:
    """Makes what the form is for: ids of the entities, and a token for the files that follow."""
    if not params.get("values"):
        raise ApiError('Parameter "values" is required.')
    form = _form(call, params)
    model = Model(form["layout"])
    rows = params["values"].get(model.name) or [{"fields": {}}]
    missing = dict.fromkeys(text for row in rows for text in _missing(call.site, model, row["fields"]))
    if missing:
        raise ApiError("\n".join(missing), is_shown=True)
    made = [_make(call, model, row["fields"]) for row in rows]
    if form.get("create_submission"):
        _note(call, form, {model.name: [{**row, **ids, "joins": []} for row, ids in zip(rows, made, strict=True)]})
    ids = [one for one in made if one]
    token = secrets.token_urlsafe(24)
    call.site.submitted[token] = {"form": form["name"], "ids": [one["id"] for one in ids]}
    return [{model.name: ids, "token": token, "redirect": form.get("redirect")}]


def _form(call: Call, params: dict[str, Any]) -> Row:
    form = call.site.table("Afform").first(name=params.get("name"))
    if form is None or not may_open(call.caller, form):
        raise NotPermitted("You do not have permission to submit this form", is_shown=True)
    return form


def _missing(site: Site, model: Model, sent: Row) -> list[str]:
    """Files are not looked at: they come with a request of their own, or never."""
    known = site.fields(model.type)
    return [
        f"{defn.get('label') or known[name].title} is a required field."
        for name, defn in model.fields.items()
        if defn.get("required") and known[name].input != "File" and sent.get(name) in (None, "", [])
    ]


def _make(call: Call, model: Model, sent: Row) -> Row:
    """The new row's id; nothing where the role or a value did not allow it, and nobody is told."""
    asked = {name: sent[name] for name in model.fields if name in sent}
    if model.by_form:
        call = _as_system(call)
    if model.type != ACTIVITY or not permitted(call.caller, ACTIVITY, "create"):
        return {}
    try:
        made = writing.create(call, ACTIVITY, {"values": {**asked, **model.data}}, activities.RULES)
    except ApiError:
        return {}
    return {"id": made.values[0]["id"]}


def _as_system(call: Call) -> Call:
    """The same person, but nothing is forbidden."""
    return replace(call, caller=replace(call.caller, permissions=frozenset({EVERYTHING})))


def _note(call: Call, form: Row, data: Row) -> None:
    """The proof of who submitted what: only a form writes it, and with the person who is logged in."""
    row = {"contact_id": call.caller.contact_id, "afform_name": form["name"], "data": data, "status_id": PROCESSED}
    call.site.table("AfformSubmission").insert({**row, "submission_date": dates.now()})


def submit_file(call: Call, params: dict[str, Any]) -> list[Row]:
    """The second request: a file into a field of what the form has made. Any field, as in CiviCRM."""
    done = call.site.submitted.get(str(params.get("token")))
    if done is None or done["form"] != _form(call, params)["name"]:
        raise ApiError("Name mismatch")
    if call.upload is None:
        raise ApiError("File upload required")
    row_id = done["ids"][int(params.get("entityIndex") or 0)]
    file = files.keep(call, call.upload)
    update = {"where": [["id", "=", row_id]], "values": {str(params["fieldName"]): file["id"]}}
    writing.update(_as_system(call), ACTIVITY, update, activities.RULES)
    shown = ("id", "file_name", "icon", *(("url",) if call.caller.may("access uploaded files") else ()))
    return [{name: file[name] for name in shown}]
