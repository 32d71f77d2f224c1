"""Contacts: types and subtypes, names and greetings made by CiviCRM, the trash, e-mail, phone and address beside them.

These are the rules for Contact, Individual, Organization and Household, and for Email, Phone and Address.
"""

import re
import secrets
from typing import Any

from sandbox.civicrm import dates, options, pledges
from sandbox.civicrm.errors import ApiError, NotPermitted, mandatory_missing
from sandbox.civicrm.schema import CONTACT_TYPES
from sandbox.civicrm.site import Call
from sandbox.civicrm.store import Row
from sandbox.civicrm.values import LOCATIONS, Record, clean, read_record, store_custom
from sandbox.civicrm.writing import Rules, store

_PERSON = "{contact.prefix_id:label}{ }{contact.first_name}{ }{contact.last_name}{ }{contact.suffix_id:label}"
_SORT = "{contact.last_name}{, }{contact.first_name}{ }{contact.suffix_id:label}"
# The option groups of templates, and the `filter` by which an option is for one type of contact; 0 is for all.
_GREETINGS = ("email_greeting", "postal_greeting", "addressee")
_FILTERS = {"Individual": 1, "Household": 2, "Organization": 3}
_GREETING_COLUMNS = {f"{name}_display" for name in _GREETINGS}


def touch(call: Call, contact_id: Any) -> None:
    """What the database triggers do when a row beside the contact is written."""
    if row := call.site.table("Contact").get(contact_id):
        row["modified_date"] = dates.now()


def _before(call: Call, entity: str, record: Record, old: Row | None) -> None:
    values = record.core
    if "api_key" in values and not call.caller.may("edit api keys"):
        raise NotPermitted("Permission denied to modify api key")
    if entity in CONTACT_TYPES:
        values["contact_type"] = entity if old is None else old["contact_type"]
    elif old is None:
        values["contact_type"] = values.get("contact_type") or "Individual"
    merged = {**(old or {}), **values}
    _check_subtypes(call, merged)
    if old is None:
        values.update(_new_contact(call, merged["contact_type"], values))
        merged.update(values)
    values.update(_names(call, merged, record))
    changed = old is None or any(old.get(name) != value for name, value in values.items())
    if changed and not (call.site.dialect.wordpress and _only_trashes(old, values)):
        values["modified_date"] = dates.now()


def _only_trashes(old: Row | None, values: Row) -> bool:
    """On releases before 6.7 a contact goes to the trash without a new modified_date."""
    return old is not None and {n for n, v in values.items() if old.get(n) != v} == {"is_deleted"}


def _check_subtypes(call: Call, contact: Row) -> None:
    known = {
        t["name"]
        for t in call.site.table("ContactType")
        if (parent := call.site.table("ContactType").get(t.get("parent_id")))
        and parent["name"] == contact.get("contact_type")
    }
    if any(name not in known for name in contact.get("contact_sub_type") or []):
        raise ApiError("The Contact Sub Type does not match the Contact type for this record")


def _new_contact(call: Call, kind: str, values: Row) -> Row:
    made: Row = {
        "hash": secrets.token_hex(16),
        "preferred_language": "en_US",
        "communication_style_id": 1,
        "created_date": dates.now(),
        "preferred_mail_format": "Both",
    }
    for name in _GREETINGS:
        mine = [t for t in _templates(call, name) if t["is_default"] and t["filter"] in (0, _FILTERS.get(kind))]
        made.update((f"{name}_id", int(template["value"])) for template in mine[:1])
    return {name: value for name, value in made.items() if values.get(name) is None}


def _names(call: Call, contact: Row, record: Record) -> Row:
    kind = contact["contact_type"]
    if kind == "Individual":
        email = str(record.locations.get("email_primary", {}).get("email") or "").lower() or _email_of(call, contact)
        made = {
            name: render(call, template, contact) or email or record.core.get(name)
            for name, template in (("display_name", _PERSON), ("sort_name", _SORT))
        }
    elif (own := f"{kind.lower()}_name") in record.core and kind in CONTACT_TYPES:
        made = {name: record.core.get(name) or record.core[own] for name in ("display_name", "sort_name")}
    else:
        return {}  # an invented type is stored, and nothing is known about its names
    fields = call.site.fields("Contact")
    return {name: clean(call, fields[name], text) for name, text in made.items()}


def _email_of(call: Call, contact: Row) -> str | None:
    """Somebody without a name goes by the e-mail address."""
    rows = call.site.table("Email").find("contact_id", contact.get("id"))
    return next((row["email"] for row in rows if row["is_primary"]), None)


def render(call: Call, template: str, contact: Row) -> str:
    """CiviCRM's name templates: `{contact.x}` is a value, `{ }` or `{, }` stands only between two values."""
    text, glue = "", ""
    for token, plain in re.findall(r"\{([^}]*)\}|([^{]+)", template):
        if plain:
            text += plain
        elif not token.startswith("contact."):
            glue = token if text else ""
        elif value := _token(call, token.removeprefix("contact."), contact):
            text, glue = text + glue + value, ""
    return " ".join(text.split())


def _token(call: Call, path: str, contact: Row) -> str:
    name, _, suffix = path.partition(":")
    value = contact.get(name)
    if suffix and value is not None:
        found = options.choices(call.site, "Contact", call.site.fields("Contact")[name])
        value = next((c[2] for c in found if c[0] == value), None)
    return "" if value is None else str(value)


def _after(call: Call, record: Record, row: Row, old: Row | None) -> None:
    store_custom(call, "Contact", record, row)
    fields = call.site.fields("Contact")
    if any(fields[name].custom_group in call.site.triggers for name in record.custom):
        touch(call, row["id"])


def _last(call: Call, record: Record, row: Row, is_new: bool) -> None:
    for kind in ("Address", "Email", "Phone"):
        for head, values in record.locations.items():
            if LOCATIONS[head] == kind:
                _write_location(call, row, kind, f"is_{head.partition('_')[2]}", values)
    if record.extra.get("skip_greeting_processing") in (None, False, "", 0, "0"):
        row.update(_greetings(call, row))


def _greetings(call: Call, row: Row) -> Row:
    made: Row = {}
    for name in _GREETINGS:
        if (chosen := row.get(f"{name}_id")) is not None:
            template = next((t["label"] for t in _templates(call, name) if t["value"] == str(chosen)), "")
            if template == "Customized":
                template = row.get(f"{name}_custom") or ""
            made[f"{name}_display"] = render(call, template, row)
    return made


def _templates(call: Call, name: str) -> list[Row]:
    (group,) = call.site.table("OptionGroup").find("name", name)
    return list(call.site.table("OptionValue").find("option_group_id", group["id"]))


def _write_location(call: Call, contact: Row, entity: str, flag: str, values: Row) -> None:
    """An implicit join (`email_primary.email`): null removes, anything else is saved over the one flagged row."""
    table = call.site.table(entity)
    old = next((r for r in table.find("contact_id", contact["id"]) if r[flag]), None)
    main = {"Email": "email", "Phone": "phone"}.get(entity)
    if main and main in values and values[main] is None:
        if old is not None:
            _location_removed(call, old, {"entity": entity})
            table.delete(old)
        return
    record = read_record(call, entity, {**values, "contact_id": contact["id"], flag: True})
    # "" is refused for a new row only; over an existing one it leaves a row without an address.
    if main and old is None and record.core.get(main) is None:
        raise mandatory_missing(entity, "save", [main])
    store(call, entity, record, old, LOCATION_RULES)


def _location_before(call: Call, entity: str, record: Record, old: Row | None) -> None:
    values = record.core
    if old is None:
        values["location_type_id"] = values.get("location_type_id") or 1
    if old is None and entity == "Email":
        values["on_hold"] = values.get("on_hold") or 0
    if entity == "Email" and values.get("email"):
        values["email"] = values["email"].lower()
    if entity == "Email" and values.get("on_hold") and not (old or {}).get("on_hold"):
        values["hold_date"] = dates.now()
    if entity == "Phone" and values.get("phone"):
        values["phone_numeric"] = re.sub(r"\D", "", values["phone"])
    others = _others(call, entity, {**(old or {}), **values}, old)
    if old is None and not any(r["is_primary"] for r in others):
        values["is_primary"] = True
    if values.get("is_primary"):
        for other in others:
            other["is_primary"] = False


def _others(call: Call, entity: str, values: Row, old: Row | None) -> list[Row]:
    found = call.site.table(entity).find("contact_id", values.get("contact_id"))
    return [r for r in found if old is None or r["id"] != old["id"]]


def _location_after(call: Call, record: Record, row: Row, old: Row | None) -> None:
    touch(call, row.get("contact_id"))


def _location_removed(call: Call, row: Row, params: dict[str, Any]) -> None:
    entity = params["entity"]
    others = _others(call, entity, row, row)
    if row["is_primary"] and others:
        others[0]["is_primary"] = True
    touch(call, row.get("contact_id"))


def _answer(call: Call, record: Record, row: Row, is_new: bool) -> Row:
    """Writes answer the whole contact without its empty columns; greetings are made only afterwards."""
    core = call.site.fields("Contact")
    known = {
        name: call.show(core[name], value)
        for name, value in row.items()
        if name in core
        and core[name].type == "Field"
        and (value is not None or name in record.core)
        and not (is_new and name in _GREETING_COLUMNS and name not in record.core)
    }
    if not call.caller.may("edit api keys"):
        known.pop("api_key", None)
    echoed = {path: value for path, value in record.sent.items() if "." in path and ":" not in path}
    return {**known, **echoed, "custom": None, "check_permissions": None}


def _remove(call: Call, row: Row, params: dict[str, Any]) -> None:
    if params.get("useTrash", True):
        trash(call, row)
        return
    site = call.site
    for entity in ("Email", "Phone", "Address", "GroupContact"):
        for other in site.table(entity).find("contact_id", row["id"]):
            site.table(entity).delete(other)
    for side in ("contact_id_a", "contact_id_b"):
        for other in site.table("Relationship").find(side, row["id"]):
            site.table("Relationship").delete(other)
    pledges.remove_of(call, row["id"])
    site.table("Contact").delete(row)


def trash(call: Call, row: Row) -> None:
    """Move a contact to the trash; its rows stay."""
    moves = not call.site.dialect.wordpress
    call.site.table("Contact").update(row, {"is_deleted": True, **({"modified_date": dates.now()} if moves else {})})


CONTACT_RULES = Rules(before=_before, after=_after, last=_last, remove=_remove, answer=_answer)
LOCATION_RULES = Rules(before=_location_before, after=_location_after, remove=_location_removed)
