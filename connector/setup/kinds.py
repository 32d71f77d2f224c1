"""How each kind of thing that set-up makes is looked up, named and written in CiviCRM's terms."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.civicrm.answers import Row
from connector.civicrm.client import Call
from connector.civicrm.records import TRASH_TOO
from connector.plan import Action, Change

MAILING_LIST: Mapping[str, Any] = {"group_type:name": ["Mailing List"], "visibility": "User and User Admin Only"}


def _plain(change: Change, values: Row) -> Row:
    return {"name": change.key, **values}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of thing.

    select: what is read of it. name: the fields that name it, joined by a dot. where: which ones could be ours, given
    the wanted names. record: the wanted values as CiviCRM is sent them. component: the part of CiviCRM that has it.
    api: what CiviCRM calls it when that is another word. remade: the field by which one that an older version of the
    connector made is known; it is made again. match: the fields by which a save finds it, when not `name`; more: what
    a save is told besides.
    """

    select: tuple[str, ...]
    name: tuple[str, ...] = ("name",)
    api: str = ""
    remade: str = ""
    match: tuple[str, ...] = ()
    more: Mapping[str, Any] | None = None
    where: Callable[[Sequence[str]], list[Any]] = lambda names: []
    record: Callable[[Change, Row], Row] = _plain
    component: str = ""

    def call(self, entity: str, names: Sequence[str]) -> Call:
        """The call that reads what there is."""
        asked = "Contact" if entity == "Organization" else self.api or entity  # only Contact shows the trash
        return (asked, "get", {"select": ["id", *self.name, *self.select], "where": self.where(names)})

    def name_of(self, row: Row) -> str:
        """What a row is called in `mappings/setup.toml`."""
        return ".".join(str(row[field]) for field in self.name)


def _custom_group(change: Change, values: Row) -> Row:
    sub_type = values.pop("sub_type", None)
    narrow = {"extends_entity_column_value:name": [sub_type]} if sub_type else {}
    return {"name": change.key, **values, **narrow}


def _custom_field(change: Change, values: Row) -> Row:
    """With the option list of a new field: stored value, name and label, of which the staff may change the label."""
    group, _, name = change.key.partition(".")
    if "time_format" in values:
        values |= {"time_format": int(values["time_format"]), "date_format": "yy-mm-dd"}
    pairs = json.loads(values.pop("options", "{}")).items()
    options = {"option_values": [{"id": name, "name": name, "label": label} for name, label in pairs]} if pairs else {}
    return {"custom_group_id.name": group, "name": name, "is_searchable": True, **values, **options}


def new_options(change: Change, group: int) -> list[Row]:
    """The records of the choices that a field lacks. group: of its choices."""
    (missing,) = (one.after for one in change.fields if one.field == "options")
    common = {"option_group_id": group, "is_active": True}
    choices = json.loads(missing or "{}").items()
    return [{**common, "value": name, "name": name, "label": label} for name, label in choices]


def _saved_search(change: Change, values: Row) -> Row:
    params = {"version": 4, "select": ["id"], **json.loads(values.pop("api_params", "{}"))}
    return {"name": change.key, **values, "api_params": params}


def _activity_type(change: Change, values: Row) -> Row:
    return {"option_group_id.name": "activity_type", "name": change.key, "is_active": True, "filter": 0, **values}


def _payment_instrument(change: Change, values: Row) -> Row:
    return {"option_group_id.name": "payment_instrument", "name": change.key, "is_active": True, **values}


def _asset_account(change: Change, values: Row) -> Row:
    """To which account what comes in by an instrument goes. The caller adds the instrument, whose id it knows."""
    return {**_OF_INSTRUMENT, "financial_account_id.name": values["account"]}


# Without such a link CiviCRM books payments to no account at all.
_OF_INSTRUMENT = {"entity_table": "civicrm_option_value", "account_relationship:name": "Asset Account is"}


def _display(change: Change, values: Row) -> Row:
    settings = json.loads(values.pop("settings"))
    return {"name": change.key, "saved_search_id.name": change.key, **values, "settings": settings}


def _page(change: Change, values: Row) -> Row:
    """Lists and truths were made text in the plan."""
    made = {"name": change.key, **values, "permission": json.loads(values["permission"])}
    return made | ({"create_submission": True} if values["type"] == "form" else {})


def _navigation(change: Change, values: Row) -> Row:
    parent = values.pop("parent", None)
    below = {"parent_id.name": parent} if parent else {}
    made = {"name": change.key, "domain_id": "current_domain", "is_active": True, **values, **below}
    return made | {"permission": json.loads(values["permission"]), "weight": int(values["weight"])}


def _group(change: Change, values: Row) -> Row:
    """Its parent is added by the caller, who knows the ids."""
    search, mailing = values.pop("saved_search", None), values.pop("mailing", "true") == "true"
    own = {"saved_search_id.name": search} if search else {}
    kind = MAILING_LIST if mailing else {"visibility": MAILING_LIST["visibility"]}
    return {"name": change.key, **values, **own, **(kind if change.action is Action.CREATE else {})}


def _community(change: Change, values: Row) -> Row:
    return {"external_identifier": change.key, "contact_sub_type": ["Partner_Community"], **values}


def _message_template(change: Change, values: Row) -> Row:
    return {"msg_title": change.key, "is_active": True, **values}


# In the order in which they are made: each only needs what stands before it.
KINDS: Mapping[str, Kind] = {
    "ContactType": Kind(("parent_id:name", "is_active")),
    "ActivityType": Kind(
        ("is_active",),
        api="OptionValue",
        where=lambda names: [["option_group_id:name", "=", "activity_type"]],
        match=("option_group_id", "name"),
        record=_activity_type,
    ),
    "RelationshipType": Kind(("*",), ("name_a_b",), record=lambda change, values: {"name_a_b": change.key, **values}),
    "FinancialType": Kind(("is_active",), component="CiviContribute"),
    "PaymentInstrument": Kind(
        ("is_active",),
        api="OptionValue",
        where=lambda names: [["option_group_id:name", "=", "payment_instrument"]],
        match=("option_group_id", "name"),
        record=_payment_instrument,
        component="CiviContribute",
    ),
    "AssetAccount": Kind(
        ("entity_id", "financial_account_id.name"),
        api="EntityFinancialAccount",
        where=lambda names: [[field, "=", value] for field, value in _OF_INSTRUMENT.items()],
        match=("entity_table", "entity_id", "account_relationship"),
        record=_asset_account,
        component="CiviContribute",
    ),
    "Campaign": Kind(("is_active",), component="CiviCampaign"),
    "CustomGroup": Kind(("extends", "extends_entity_column_value:name", "is_active"), record=_custom_group),
    "CustomField": Kind(
        ("data_type", "html_type", "is_active", "option_group_id"),
        ("custom_group_id.name", "name"),
        match=("name", "custom_group_id"),
        record=_custom_field,
    ),
    "SavedSearch": Kind(("api_entity",), record=_saved_search),
    "Group": Kind(("title", "parents", "is_active", "saved_search_id.name"), record=_group),
    "Organization": Kind(
        ("contact_sub_type",),
        ("external_identifier",),
        where=lambda names: [["external_identifier", "IN", [*names, ""]], TRASH_TOO],
        record=_community,
    ),
    "SearchDisplay": Kind(("saved_search_id.name",), match=("name", "saved_search_id"), record=_display),
    "Afform": Kind(("server_route", "description"), remade="description", record=_page, more={"layoutFormat": "html"}),
    "Navigation": Kind(("url",), match=("name", "domain_id"), record=_navigation),
    # Once made, its words and whether it is in use are the staff's: nothing but its title is read.
    "MessageTemplate": Kind(
        (), ("msg_title",), where=lambda names: [["msg_title", "IN", list(names)]], record=_message_template
    ),
}
