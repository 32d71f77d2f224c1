"""Form pages: what a stored form makes of what was sent through it, as whoever sent it.

The real thing is written in the browser's language; here only as much of a layout is read as says which activity a
form makes and which fields it takes.
"""

import json
import re
import secrets
from html.parser import HTMLParser
from typing import Any

from sandbox.civicrm import files, writing
from sandbox.civicrm.activities import ACTIVITY_RULES
from sandbox.civicrm.errors import ApiError, NotPermitted
from sandbox.civicrm.site import Call
from sandbox.civicrm.store import Row
from sandbox.civicrm.values import Record
from sandbox.civicrm.writing import Rules


class Layout(HTMLParser):
    """The entity of a form, its data, its fields with their definitions, and its texts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.data: dict[str, Any] = {}
        self.fields: dict[str, dict[str, Any]] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "af-entity":
            self.data = from_js(given.get("data") or "{}")
        elif tag == "af-field":
            self.fields[str(given["name"])] = from_js(given.get("defn") or "{}")


def from_js(text: str) -> dict[str, Any]:
    """A literal in single quotation marks, with bare or quoted names, as Afform's attributes hold it."""
    quoted = re.sub(r"'((?:[^'\\]|\\.)*)'", lambda m: json.dumps(m[1].replace("\\'", "'")), text)
    found: dict[str, Any] = json.loads(re.sub(r"([{,]\s*)(\w+)\s*:", r'\1"\2":', quoted))
    return found


def layout_of(call: Call, name: str) -> tuple[Row, Layout]:
    """A stored form that the caller may use."""
    form = call.site.table("Afform").first(name=name)
    if form is None or not all(map(call.caller.may, form.get("permission") or [])):
        raise NotPermitted("Authorization failed: CiviCRM APIv4 (Afform::submit)")
    return form, Layout(form["layout"])


def submit(call: Call, params: dict[str, Any]) -> list[Row]:
    """Makes the activity of a form; what the form itself says wins over what was sent, and nothing else is taken."""
    form, layout = layout_of(call, str(params["name"]))
    sent = params["values"]["Activity1"][0]["fields"]
    taken = {name: value for name, value in sent.items() if name in layout.fields}
    for name, words in layout.fields.items():
        field = call.site.fields("Activity").get(name)
        if words.get("required") and not taken.get(name) and (field is None or field.input != "File"):
            raise ApiError(f"{words.get('label') or name} is a required field.")
    made = writing.create(call, "Activity", {"values": {**taken, **layout.data}}, ACTIVITY_RULES).values[0]
    token = secrets.token_urlsafe(24)
    call.site.tokens[token] = made["id"]
    return [{"Activity1": [{"id": made["id"]}], "token": token, "redirect": form.get("redirect")}]


def submit_file(call: Call, params: dict[str, Any], name: str, mime_type: str, content: bytes) -> list[Row]:
    """The second half of a form with a file."""
    activity = call.site.table("Activity").get(call.site.tokens.get(str(params.get("token"))))
    _, layout = layout_of(call, str(params["name"]))
    if activity is None or params["fieldName"] not in layout.fields:
        raise NotPermitted("Authorization failed: CiviCRM APIv4 (Afform::submitFile)")
    row = files.add(call.site, name, mime_type, content, call.caller.contact_id)
    call.site.table("Activity").update(activity, {params["fieldName"]: row["id"]})
    return [{name: row[name] for name in ("id", "file_name", "icon", "url")}]


def _form_before(call: Call, entity: str, record: Record, old: Row | None) -> None:
    record.core.setdefault("has_local", True)
    if old is None:
        record.core.setdefault("permission", ["access CiviCRM"])
        record.core["created_id"] = call.caller.contact_id


AFFORM_RULES = Rules(before=_form_before)
