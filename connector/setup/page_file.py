"""What `mappings/setup.toml` may say about the staff's pages."""

from marshmallow import fields, validate

from connector.mappings import StrictSchema

NAME = validate.Regexp(r"^\w{1,60}$", error="letters, digits and _ only, at most 60 of them")


class PageSchema(StrictSchema):
    """What forms and lists have in common. menu: the place in the menu."""

    name = fields.String(required=True, validate=NAME)
    title = fields.String(required=True)
    route = fields.String(required=True)
    intro = fields.String(required=True)
    menu = fields.Integer()


class FormFieldSchema(StrictSchema):
    """One question of a form. heading: what stands above it."""

    name = fields.String(required=True)
    label = fields.String(load_default="")
    help = fields.String(load_default="")
    required = fields.Boolean(load_default=False)
    hidden = fields.Boolean(load_default=False)
    heading = fields.String(load_default="")
    choices = fields.List(fields.String())


class FormSchema(PageSchema):
    """A form makes one activity. after: where its sender is led."""

    activity_type = fields.String(required=True)
    button = fields.String(required=True)
    after = fields.String(required=True)
    field = fields.List(fields.Nested(FormFieldSchema), required=True)


class ColumnSchema(StrictSchema):
    """One column of a list."""

    field = fields.String(required=True)
    label = fields.String(required=True)
    link = fields.String()


class ButtonSchema(StrictSchema):
    """What can be done about a line of a list."""

    label = fields.String(required=True)
    link = fields.String(required=True)
    icon = fields.String(required=True)


class ListSchema(PageSchema):
    """A list is a search and a table of what it finds. also: read besides, for links."""

    api_entity = fields.String(required=True)
    join = fields.List(fields.List(fields.Raw()), load_default=list)
    where = fields.List(fields.List(fields.Raw()), required=True)
    sort = fields.List(fields.String(), required=True)
    also = fields.List(fields.String())
    column = fields.List(fields.Nested(ColumnSchema), required=True)
    button = fields.List(fields.Nested(ButtonSchema))


class NoticeSchema(StrictSchema):
    """What stands over every list as long as its search finds something. field: what is shown of it."""

    name = fields.String(required=True, validate=NAME)
    title = fields.String(required=True)
    api_entity = fields.String(required=True)
    where = fields.List(fields.List(fields.Raw()), required=True)
    field = fields.String(required=True)


class StaffSchema(StrictSchema):
    """Who may open the pages, and what stands over every list."""

    permission = fields.List(fields.String(), required=True)
    notice = fields.Nested(NoticeSchema)
