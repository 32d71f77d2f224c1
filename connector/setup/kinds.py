"""How each kind of thing that set-up makes is looked up, named and written in CiviCRM's terms."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.civicrm.answers import Row
from connector.civicrm.client import Call
from connector.civicrm.records import TRASH_TOO
from connector.plan import Action, Change

MAILING_LIST = {"group_type:name": ["Mailing List"], "visibility": "User and User Admin Only"}


def _plain(change: Change, values: Row) -> Row:
    return {"name": change.key, **values}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of thing.

    select: what is read of it. name: the fields that name it, joined by a dot. where: which ones could be ours, given
    the wanted names. record: the wanted values as CiviCRM is sent them. component: the part of CiviCRM that has it.
    """

    select: tuple[str, ...]
    name: tuple[str, ...] = ("name",)
    where: Callable[[Sequence[str]], list[Any]] = lambda names: []
    record: Callable[[Change, Row], Row] = _plain
    component: str = ""

    def call(self, entity: str, names: Sequence[str]) -> Call:
        """The call that reads what there is."""
        select = ["id", *self.name, *self.select]
        return (
            "Contact" if entity == "Organization" else entity,
            "get",
            {"select": select, "where": self.where(names)},
        )

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
    pairs = json.loads(values.pop("options", "{}")).items()
    options = {"option_values": [{"id": name, "name": name, "label": label} for name, label in pairs]} if pairs else {}
    return {"custom_group_id.name": group, "name": name, "is_searchable": True, **values, **options}


def _saved_search(change: Change, values: Row) -> Row:
    params = {"version": 4, "select": ["id"], **json.loads(values.pop("api_params", "{}"))}
    return {"name": change.key, **values, "api_params": params}


def _group(change: Change, values: Row) -> Row:
    """Its parent is added by the caller, who knows the ids."""
    search = values.pop("saved_search", None)
    own = {"saved_search_id.name": search} if search else {}
    return {"name": change.key, **values, **own, **(MAILING_LIST if change.action is Action.CREATE else {})}


def _community(change: Change, values: Row) -> Row:
    return {"external_identifier": change.key, "contact_sub_type": ["Partner_Community"], **values}


# In the order in which they are made: each only needs what stands before it.
KINDS: Mapping[str, Kind] = {
    "ContactType": Kind(("parent_id:name", "is_active")),
    "RelationshipType": Kind(("*",), ("name_a_b",), record=lambda change, values: {"name_a_b": change.key, **values}),
    "FinancialType": Kind(("is_active",), component="CiviContribute"),
    "Campaign": Kind(("is_active",), component="CiviCampaign"),
    "CustomGroup": Kind(("extends", "extends_entity_column_value:name", "is_active"), record=_custom_group),
    "CustomField": Kind(
        ("data_type", "html_type", "is_active"), ("custom_group_id.name", "name"), record=_custom_field
    ),
    "SavedSearch": Kind(("api_entity",), record=_saved_search),
    "Group": Kind(("title", "parents", "is_active", "saved_search_id.name"), record=_group),
    "Organization": Kind(
        ("contact_sub_type",),
        ("external_identifier",),
        where=lambda names: [["external_identifier", "IN", [*names, ""]], TRASH_TOO],
        record=_community,
    ),
}
