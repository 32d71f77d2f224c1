"""What the live site calls its fields and options, read once a run.

CiviCRM ignores a misspelt field, stores NULL for an unknown option and cuts text that is too long, all without a
word. So every name and value that we are going to send is looked up here first.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from connector.civicrm.answers import Row
from connector.civicrm.client import Call, CiviClient
from connector.mappings import suggest

# A contact's first e-mail, phone and address are fields of the contact to us, rows of their own to CiviCRM.
LOCATIONS = {"email_primary": "Email", "phone_primary": "Phone", "address_primary": "Address"}
# The lengths of core's text columns (its schema/*/*.entityType.php): getFields leaves most of them out, and CiviCRM
# cuts what is longer and ends it in "...".
LENGTHS = {
    "external_identifier": 64,
    "first_name": 64,
    "middle_name": 64,
    "last_name": 64,
    "nick_name": 128,
    "organization_name": 128,
    "household_name": 128,
    "job_title": 255,
    "source": 255,
    "email": 254,
    "phone": 32,
    "street_address": 96,
    "supplemental_address_1": 96,
    "city": 64,
    "postal_code": 64,
}
# Fields whose options CiviCRM does not list with them: where to look, by which name and label.
_ELSEWHERE = {("Pledge", "campaign_id"): ("Campaign", "name", "title")}
_SELECT = ["name", "type", "data_type", "options", "input_attrs", "readonly", "serialize"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field as the site describes it. options: name → label, or None when any value goes.

    option_ids: id → name of the options, when the field holds one of them and the site tells them.
    """

    name: str
    data_type: str
    max_length: int | None = None
    options: Mapping[str, str] | None = None
    readonly: bool = False
    option_ids: Mapping[str, str] | None = None

    def option(self, text: str) -> str | None:
        """The name of the option that `text` names, by its name or its label in any case; None when there is none."""
        if self.options is None or text in self.options:
            return text
        same = (name for name, label in self.options.items() if text.casefold() in (name.casefold(), label.casefold()))
        return next(same, None)


class Schema:
    """The fields of some entities. `field` and `problem` answer questions about them; nothing is written."""

    def __init__(self, fields: Mapping[str, Mapping[str, Field]]) -> None:
        self._fields = fields

    @classmethod
    def calls(cls, entities: Iterable[str]) -> dict[str, Call]:
        """The calls that read these entities' fields, to be put into a multi-call."""
        params = {"action": "create", "loadOptions": ["id", "name", "label"], "select": _SELECT}
        asked = sorted(set(entities))
        calls: dict[str, Call] = {f"fields {entity}": (entity, "getFields", params) for entity in asked}
        for (entity, field), (other, *names) in _ELSEWHERE.items():
            if entity in asked:
                calls[f"options {entity}.{field}"] = (other, "get", {"select": names})
        return calls

    @classmethod
    def of(cls, found: Mapping[str, list[Row]]) -> "Schema":
        """The schema in the answer to `calls` (other keys of the answer are left alone)."""
        fields: dict[str, dict[str, Field]] = {}
        for name, rows in found.items():
            what, _, entity = name.partition(" ")
            if what == "fields":
                fields[entity] = {row["name"]: _field(row) for row in rows}
        for (entity, field), (_, name, label) in _ELSEWHERE.items():
            if entity in fields:
                options = {row[name]: row[label] for row in found[f"options {entity}.{field}"]}
                fields[entity][field] = replace(fields[entity][field], options=options)
        return cls(fields)

    @classmethod
    def read(cls, client: CiviClient, entities: Iterable[str]) -> "Schema":
        """Read these entities' fields in one request."""
        return cls.of(client.multi(cls.calls(entities)))

    def field(self, entity: str, path: str) -> Field | None:
        """The field behind a path such as `first_name`, `address_primary.country_id:name` or `Group.Field`."""
        entity, path = owner(entity, path)
        return self._fields.get(entity, {}).get(path.partition(":")[0])

    def problem(self, entity: str, path: str) -> str | None:
        """Why `path` cannot be written on this site, in words, or None."""
        field = self.field(entity, path)
        if field is None:
            entity, name = owner(entity, path)
            return f"this CiviCRM has no field {entity}.{name}{suggest(name, self._fields.get(entity, {}))}"
        if field.readonly:
            return f"{entity}.{path} cannot be written"
        if path.endswith(":name") and field.options is None:
            return f"{entity}.{path} has no list of options; leave out ':name'"
        if ":" not in path and field.options is not None and field.data_type == "Integer":
            return f"{entity}.{path} holds a number; write '{path}:name' to send the option's name"
        return None


def owner(entity: str, path: str) -> tuple[str, str]:
    """The entity that really holds a path, and the path inside it: Individual, email_primary.email → Email, email."""
    head, _, rest = path.partition(".")
    return (LOCATIONS[head], rest) if rest and head in LOCATIONS else (entity, path)


def _field(row: Row) -> Field:
    attributes = row.get("input_attrs") or {}
    told = attributes.get("maxlength") if isinstance(attributes, dict) else None
    longest = told or LENGTHS.get(row["name"])
    several = row.get("serialize")
    options = [one for one in row["options"] if one.get("name")] if isinstance(row.get("options"), list) else None
    return Field(
        name=row["name"],
        data_type=str(row.get("data_type") or "String"),
        max_length=int(longest) if longest else None,
        options=None if options is None else {str(one["name"]): str(one.get("label")) for one in options},
        readonly=bool(row.get("readonly")),
        option_ids={str(one["id"]): str(one["name"]) for one in options or () if "id" in one and not several},
    )


def as_read(path: str, field: Field | None) -> tuple[str, Callable[[Any], str | None]]:
    """The path to select in order to read `path`, and what makes its answers canonical.

    CiviCRM 6.18 takes 0.4 ms to name a country (`country_id:name`), in each row: ten times as long as for the rest of
    the row. So the id is read, and named here. An id that the site's list does not have stays an id: a field that holds
    one must not look empty.
    """
    form = canonical(path, field)
    stored, _, suffix = path.partition(":")
    if suffix != "name" or field is None or not field.option_ids:
        return path, form
    names = field.option_ids
    return stored, lambda value: form(names.get(str(value), value))


def canonical(path: str, field: Field | None) -> Callable[[Any], str | None]:
    """The function that gives a field's values in the one form that both sides are compared in: CiviCRM's answers'.

    Text without outer blanks, e-mails in lower case, cut at the field's length, dates as YYYY-MM-DD, numbers
    without trailing zeros; empty is None. What depends on the field alone is settled here, once a run.
    """
    own = str.lower if path.endswith("email_primary.email") else _FORMS.get(field.data_type) if field else None
    longest = field.max_length if field and field.data_type == "String" and field.options is None else None

    def form(value: Any) -> str | None:
        if not isinstance(value, str):
            if value is None or value == []:
                return None
            value = str(int(value)) if isinstance(value, bool) else str(value)
        text = value.strip()
        if own:
            text = own(text)
        if longest and len(text) > longest:
            text = text[:longest].rstrip()
        return text or None

    return form


def _day(text: str) -> str:
    return text[:10]


def _time(text: str) -> str:
    return text.removesuffix(" 00:00:00")


def _number(text: str) -> str:
    is_one = "." in text and text.replace(".", "", 1).lstrip("-").isdigit()
    return text.rstrip("0").rstrip(".") if is_one else text


# what CiviCRM calls a field's type → the one form of its values
_FORMS: dict[str, Callable[[str], str]] = {
    "Date": _day,
    "Timestamp": _time,
    "Integer": _number,
    "Float": _number,
    "Money": _number,
}
