"""The choices of a field (id, name, label): fixed ones from the schema, living ones from the site's own tables.

Used to read `field:name`, to write it, and by getFields.
"""

from typing import Any
from zoneinfo import available_timezones

from sandbox.civicrm.permissions import PERMISSIONS
from sandbox.civicrm.schema import CONTACT_ENTITIES, Field
from sandbox.civicrm.site import Site
from sandbox.civicrm.store import Row, fold

Choice = tuple[Any, Any, Any]

# Field -> (table, id column, name column, label column).
_FROM_TABLE = {
    ("GroupContact", "group_id"): ("Group", "id", "name", "title"),
    ("SubscriptionHistory", "group_id"): ("Group", "id", "name", "title"),
    ("Contact", "groups"): ("Group", "id", "name", "title"),
    ("Group", "parents"): ("Group", "id", "name", "title"),
    ("Group", "children"): ("Group", "id", "name", "title"),
    ("Relationship", "relationship_type_id"): ("RelationshipType", "id", "name_a_b", "label_a_b"),
    ("CustomField", "custom_group_id"): ("CustomGroup", "id", "name", "title"),
    ("CustomField", "option_group_id"): ("OptionGroup", "id", "name", "title"),
    ("OptionValue", "option_group_id"): ("OptionGroup", "id", "name", "title"),
    ("Pledge", "campaign_id"): ("Campaign", "id", "name", "title"),
    ("Pledge", "financial_type_id"): ("FinancialType", "id", "name", "label"),
    ("Contribution", "campaign_id"): ("Campaign", "id", "name", "title"),
    ("Contribution", "financial_type_id"): ("FinancialType", "id", "name", "label"),
    ("ContributionRecur", "campaign_id"): ("Campaign", "id", "name", "title"),
    ("ContributionRecur", "financial_type_id"): ("FinancialType", "id", "name", "label"),
    ("EntityFinancialAccount", "financial_account_id"): ("FinancialAccount", "id", "name", "label"),
    ("SearchDisplay", "saved_search_id"): ("SavedSearch", "id", "name", "label"),
    ("User", "roles"): ("Role", "id", "name", "label"),
    ("UserRole", "role_id"): ("Role", "id", "name", "label"),
}
# Field -> the option group that it chooses from.
_FROM_GROUP = {
    ("Contribution", "payment_instrument_id"): "payment_instrument",
    ("ContributionRecur", "payment_instrument_id"): "payment_instrument",
    ("ContributionSoft", "soft_credit_type_id"): "soft_credit_type",
}
# Written and read by name, and yet not listed by getFields: there may be thousands.
UNLISTED = frozenset((entity, "campaign_id") for entity in ("Pledge", "Contribution", "ContributionRecur"))


def has_options(entity: str, field: Field) -> bool:
    """Whether the field is a choice."""
    return bool(field.options or field.suffixes or field.option_group_id or (entity, field.name) in _FROM_TABLE)


def choices(site: Site, entity: str, field: Field, row: Row | None = None) -> list[Choice]:
    """`row` helps where the choices depend on another column (what a custom group extends)."""
    if field.option_group_id:
        return group_choices(site, field.option_group_id)
    if source := _FROM_TABLE.get((entity, field.name)):
        table, *columns = source
        return [(r[columns[0]], r.get(columns[1]), r.get(columns[2])) for r in site.table(table)]
    if (entity, field.name) in _FROM_GROUP:
        group = site.table("OptionGroup").first(name=_FROM_GROUP[entity, field.name])
        return group_choices(site, group["id"]) if group else []
    if field.name == "contact_type" or field.name in ("contact_type_a", "contact_type_b"):
        return _contact_types(site, lambda t: t.get("parent_id") is None)
    if field.name.startswith("contact_sub_type"):
        return _contact_types(site, lambda t: _is_subtype_for(site, t, entity))
    if (entity, field.name) == ("ContactType", "parent_id"):
        return [(t["id"], t["name"], t["label"]) for t in site.table("ContactType") if t.get("parent_id") is None]
    if (entity, field.name) == ("Activity", "activity_type_id"):
        return _extended_types(site, "Activity")
    if (entity, field.name) == ("CustomGroup", "extends_entity_column_value"):
        return _extended_types(site, (row or {}).get("extends"))
    if (entity, field.name) == ("Role", "permissions"):
        return [(p, p, p) for p in PERMISSIONS]
    if (entity, field.name) == ("User", "timezone"):
        return [(z, z, z) for z in sorted(available_timezones())]
    return list(field.options)


def group_choices(site: Site, option_group_id: int) -> list[Choice]:
    """The choices of an option group, by weight."""
    values = site.table("OptionValue").find("option_group_id", option_group_id)
    return [(v["value"], v.get("name"), v["label"]) for v in sorted(values, key=lambda v: v.get("weight") or 0)]


def id_of(found: list[Choice], suffix: str, wanted: Any) -> Any:
    """The id behind a name or label; None when there is none, which is how CiviCRM forgets a misspelt option."""
    if wanted is None:
        return None
    column = {"name": 1, "label": 2}.get(suffix, 2)
    return next((c[0] for c in found if str(fold(str(c[column]))) == fold(str(wanted))), None)


def _contact_types(site: Site, wanted: Any) -> list[Choice]:
    return [(t["name"], t["name"], t["label"]) for t in site.table("ContactType") if wanted(t)]


def _is_subtype_for(site: Site, contact_type: Row, entity: str) -> bool:
    parent = site.table("ContactType").get(contact_type.get("parent_id"))
    return parent is not None and (entity not in CONTACT_ENTITIES or entity in ("Contact", parent["name"]))


def _extended_types(site: Site, extended: Any) -> list[Choice]:
    if extended == "Activity":
        group = site.table("OptionGroup").first(name="activity_type")
        return group_choices(site, group["id"]) if group else []
    return _contact_types(site, lambda t: _is_subtype_for(site, t, str(extended)))
