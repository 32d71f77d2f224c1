"""What should be: `mappings/setup.toml`, checked by marshmallow and turned into things to find or make."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from connector import alert_templates, mappings
from connector.mappings import StrictSchema, suggest
from connector.setup import pages
from connector.setup.kinds import KINDS
from connector.setup.page_file import NAME, FormSchema, ListSchema, StaffSchema

COMPONENT = "Component"  # a part of CiviCRM that can be switched on and off
# Which of a thing's words name it for staff: used when it is made, never compared or written again.
STAFFS_OWN = frozenset(
    ("title", "label", "label_a_b", "label_b_a", "help_pre", "organization_name"),
) | {"options", "default_value", "api_params"}


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing that CiviCRM must have. name: its machine name. values: CiviCRM field → value."""

    entity: str
    name: str
    values: Mapping[str, Any]

    @property
    def fixed(self) -> dict[str, Any]:
        """The values that must stay as they were made; the others belong to the staff."""
        return {field: value for field, value in self.values.items() if field not in STAFFS_OWN}


@dataclass(frozen=True, slots=True)
class Setup:
    """The whole file, in the order in which things are made."""

    network: str
    things: tuple[Thing, ...]
    permissions: frozenset[str]
    message_templates: str = ""


def load(path: Path) -> Setup:
    """Read the file and the one that it names. Raises UserError with every problem in it."""
    found: Setup = mappings.load(path, _SetupSchema())
    if not found.message_templates:
        return found
    records = alert_templates.records(path.parent / found.message_templates).items()
    made = [Thing("MessageTemplate", name, values) for name, values in records]
    return replace(found, things=(*found.things, *made))  # KINDS has them last, too


class _ContactTypeSchema(StrictSchema):
    name = fields.String(required=True, validate=NAME)
    label = fields.String(required=True)
    parent = fields.String(required=True, validate=validate.OneOf(("Individual", "Organization", "Household")))


class _RelationshipTypeSchema(StrictSchema):
    name_a_b = fields.String(required=True, validate=NAME)
    label_a_b = fields.String(required=True)
    name_b_a = fields.String(required=True, validate=NAME)
    label_b_a = fields.String(required=True)
    contact_type_a = fields.String()
    contact_sub_type_a = fields.String()
    contact_type_b = fields.String()
    contact_sub_type_b = fields.String()


_DATA_TYPES = ("String", "Int", "Float", "Money", "Date", "Boolean", "Memo", "File", "EntityReference")
_HTML_TYPES = ("Text", "TextArea", "RichTextEditor", "Select", "Select Date", "Radio", "File", "Autocomplete-Select")


class _CustomFieldSchema(StrictSchema):
    name = fields.String(required=True, validate=NAME)
    label = fields.String(required=True)
    data_type = fields.String(required=True, validate=validate.OneOf(_DATA_TYPES))
    html_type = fields.String(required=True, validate=validate.OneOf(_HTML_TYPES))
    help_pre = fields.String()
    default_value = fields.String()
    fk_entity = fields.String()  # what an EntityReference names
    time_format = fields.Integer(validate=validate.OneOf((1, 2)))  # a date with its time: 12 hours, 24 hours
    options = fields.Dict(keys=fields.String(validate=NAME), values=fields.String())


class _CustomGroupSchema(StrictSchema):
    name = fields.String(required=True, validate=NAME)
    title = fields.String(required=True)
    extends = fields.String(required=True)
    sub_type = fields.String()
    field = fields.List(fields.Nested(_CustomFieldSchema), required=True)


class _GroupSchema(StrictSchema):
    name = fields.String(required=True, validate=NAME)
    title = fields.String(required=True)
    parent = fields.String()
    mailing = fields.Boolean()  # false: it is no mailing list


class _ActivityTypeSchema(StrictSchema):
    name = fields.String(required=True, validate=NAME)
    label = fields.String(required=True)
    icon = fields.String(required=True)


class _FinancialTypeSchema(StrictSchema):
    name = fields.String(required=True)


class _PaymentInstrumentSchema(StrictSchema):
    name = fields.String(required=True, validate=NAME)
    label = fields.String(required=True)
    account = fields.String(required=True)


class _CampaignSchema(StrictSchema):
    name = fields.String(required=True, validate=NAME)
    title = fields.String(required=True)


class _SmartGroupSchema(StrictSchema):
    name = fields.String(required=True, validate=NAME)
    title = fields.String(required=True)
    api_entity = fields.String(load_default="Contact")
    join = fields.List(fields.List(fields.Raw()))
    where = fields.List(fields.List(fields.Raw()), required=True)


class _CommunitySchema(StrictSchema):
    external_identifier = fields.String(required=True)
    organization_name = fields.String(required=True)


class _RoleSchema(StrictSchema):
    permissions = fields.List(fields.String(), required=True)


class _SetupSchema(StrictSchema):
    network = fields.String(required=True)
    message_templates = fields.String(load_default="")
    runtime_role = fields.Nested(_RoleSchema, required=True)
    staff_pages = fields.Nested(StaffSchema, load_default=None)
    activity_type = fields.List(fields.Nested(_ActivityTypeSchema), load_default=list)
    form = fields.List(fields.Nested(FormSchema), load_default=list)
    list_ = fields.List(fields.Nested(ListSchema), load_default=list, data_key="list", attribute="list")
    components = fields.List(fields.String(), load_default=list)
    contact_type = fields.List(fields.Nested(_ContactTypeSchema), load_default=list)
    relationship_type = fields.List(fields.Nested(_RelationshipTypeSchema), load_default=list)
    custom_group = fields.List(fields.Nested(_CustomGroupSchema), load_default=list)
    group = fields.List(fields.Nested(_GroupSchema), load_default=list)
    financial_type = fields.List(fields.Nested(_FinancialTypeSchema), load_default=list)
    payment_instrument = fields.List(fields.Nested(_PaymentInstrumentSchema), load_default=list)
    campaign = fields.List(fields.Nested(_CampaignSchema), load_default=list)
    smart_group = fields.List(fields.Nested(_SmartGroupSchema), load_default=list)
    community = fields.List(fields.Nested(_CommunitySchema), load_default=list)

    @validates_schema(skip_on_field_errors=True)
    def _groups_hang_together(self, data: dict[str, Any], **kwargs: Any) -> None:
        before: list[str] = []
        for group in data["group"]:
            parent = group.get("parent")
            if parent and parent not in before:
                told = f"{group['name']}: the group '{parent}' has to stand before it{suggest(parent, before)}"
                raise ValidationError({"group": [told]})
            before.append(group["name"])
        if data["network"] not in before:
            raise ValidationError({"network": [f"is no [[group]]{suggest(data['network'], before)}"]})

    @post_load
    def _make(self, data: dict[str, Any], **kwargs: Any) -> Setup:
        things = [Thing(COMPONENT, name, {}) for name in data["components"]]
        things += [
            Thing("ContactType", one["name"], {"label": one["label"], "parent_id:name": one["parent"]})
            for one in data["contact_type"]
        ]
        for entity, word, name in _PLAIN:
            things += [Thing(entity, one[name], {k: v for k, v in one.items() if k != name}) for one in data[word]]
        for group in data["custom_group"]:
            own = {name: group[name] for name in ("title", "extends", "sub_type") if name in group}
            things.append(Thing("CustomGroup", group["name"], own))
            things += [
                Thing("CustomField", f"{group['name']}.{one['name']}", {k: v for k, v in one.items() if k != "name"})
                for one in group["field"]
            ]
        for one in data["payment_instrument"]:
            things.append(Thing("PaymentInstrument", one["name"], {"label": one["label"]}))
            things.append(Thing("AssetAccount", one["name"], {"account": one["account"]}))
        things += [thing for one in data["smart_group"] for thing in _smart(one)]
        if data["staff_pages"]:
            things += _pages(data, data["staff_pages"])
        order = (COMPONENT, *KINDS)
        things.sort(key=lambda thing: order.index(thing.entity))
        return Setup(
            data["network"], tuple(things), frozenset(data["runtime_role"]["permissions"]), data["message_templates"]
        )


# tables of the file that are taken as they are: entity, table, and the word that names the thing
_PLAIN = (
    ("ActivityType", "activity_type", "name"),
    ("RelationshipType", "relationship_type", "name_a_b"),
    ("FinancialType", "financial_type", "name"),
    ("Campaign", "campaign", "name"),
    ("Group", "group", "name"),
    ("Organization", "community", "external_identifier"),
)


def _pages(data: Mapping[str, Any], staff: Mapping[str, Any]) -> Iterator[Thing]:
    """The staff's forms, lists and menu, and the notice over every list."""
    permission, notice = staff["permission"], staff.get("notice")
    options = {
        f"{group['name']}.{field['name']}": field["options"]
        for group in data["custom_group"]
        for field in group["field"]
        if "options" in field
    }
    for form in data["form"]:
        page = pages.form_page(form, permission, options)
        yield Thing("Afform", f"afformSolidarity{_camel(form['name'])}", page)
    if notice:
        yield Thing("SavedSearch", notice["name"], pages.notice_search(notice))
        yield Thing("SearchDisplay", notice["name"], pages.notice_display(notice))
    for one in data["list"]:
        yield Thing("SavedSearch", one["name"], pages.search(one))
        yield Thing("SearchDisplay", one["name"], pages.display(one))
        yield Thing("Afform", f"afsearchSolidarity{_camel(one['name'])}", pages.list_page(one, permission, notice))
    lines = [page for page in (*data["form"], *data["list"]) if "menu" in page]
    yield from (Thing("Navigation", name, values) for name, values in pages.menu(lines, permission))


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _smart(one: dict[str, Any]) -> tuple[Thing, Thing]:
    """A smart group is a saved search and a group that is made of it."""
    params = {name: one[name] for name in ("join", "where") if name in one}
    search = {"label": one["title"], "api_entity": one["api_entity"], "api_params": params}
    return (
        Thing("SavedSearch", one["name"], search),
        Thing("Group", one["name"], {"title": one["title"], "saved_search": one["name"]}),
    )
