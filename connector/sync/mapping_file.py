"""Which words a mapping file may use, checked by marshmallow: every problem at once, with the nearest word it knows."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from connector import mappings
from connector.mappings import StrictSchema, suggest
from connector.plan import Limits
from connector.sync import cleaners
from connector.sync.mapping import (
    ENTITIES,
    KEEP,
    PLEDGE,
    PLEDGE_NEEDS,
    TAKE_OUT,
    WINS,
    CheckRule,
    Example,
    GroupRule,
    Mapping,
    OwnGroupRule,
    RelationshipRule,
    Source,
)


def load(path: Path) -> Mapping:
    """Read a mapping file. Raises UserError with every problem in it."""
    made: Mapping = mappings.load(path, MappingSchema(context_name=path.stem))
    return made


class _Columns(fields.Field[tuple[str, ...]]):
    """A heading, or a list of headings of which any may stand in the file."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> tuple[str, ...]:
        found = [value] if isinstance(value, str) else value
        if not isinstance(found, list) or not found or not all(isinstance(one, str) and one for one in found):
            raise ValidationError("a heading, or a list of headings, is wanted here")
        return tuple(found)


class _Choices(fields.Field[dict[str, str]]):
    """`{ cell = "CiviCRM name" }`, or a list of the cells when they are the names themselves."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, str]:
        found = {one: one for one in value} if isinstance(value, list) else value
        if not isinstance(found, dict) or not all(isinstance(one, str) for one in [*found, *found.values()]):
            raise ValidationError("a list of texts, or a table of text = text, is wanted here")
        return {cell.casefold(): name for cell, name in found.items()}


def _known_cleaner(name: str) -> None:
    if cleaners.cleaner(name) is None:
        raise ValidationError(f"no such cleaner '{name}'{suggest(name, cleaners.KNOWN)}")


class _SourceSchema(StrictSchema):
    column = _Columns()
    clean = fields.List(fields.String(validate=_known_cleaner))
    choices = _Choices()
    always = fields.String()
    required = fields.Boolean(load_default=False)
    wins = fields.String(validate=validate.OneOf(WINS), load_default="")

    @validates_schema(skip_on_field_errors=True)
    def _one_origin(self, data: dict[str, Any], **kwargs: Any) -> None:
        if ("column" in data) == ("always" in data):
            raise ValidationError("either `column` or `always` is wanted")

    @post_load
    def _make(self, data: dict[str, Any], **kwargs: Any) -> Source:
        return Source(
            columns=data.get("column", ()),
            clean=tuple(data.get("clean", ())),
            choices=data.get("choices"),
            always=data.get("always"),
            required=data["required"],
            wins=data["wins"],
        )


class _GroupSchema(StrictSchema):
    name = fields.String(required=True)
    default = fields.String(required=True)
    network = fields.String(required=True)

    @post_load
    def _make(self, data: dict[str, Any], **kwargs: Any) -> GroupRule:
        return GroupRule(**data)


class _OwnGroupSchema(StrictSchema):
    name = fields.String(required=True)
    title = fields.String(required=True)
    parent = fields.Nested(_SourceSchema, required=True)
    closed = fields.Nested(_SourceSchema, load_default=None)

    @post_load
    def _make(self, data: dict[str, Any], **kwargs: Any) -> OwnGroupRule:
        return OwnGroupRule(**data)


class _RelationshipSchema(StrictSchema):
    type = fields.Nested(_SourceSchema, required=True)
    to = fields.Nested(_SourceSchema, required=True)

    @post_load
    def _make(self, data: dict[str, Any], **kwargs: Any) -> RelationshipRule:
        return RelationshipRule(kind=data["type"], to=data["to"])


class _CheckSchema(StrictSchema):
    type = fields.Nested(_SourceSchema, required=True)
    from_ = fields.Nested(_SourceSchema, required=True, data_key="from")

    @post_load
    def _make(self, data: dict[str, Any], **kwargs: Any) -> CheckRule:
        return CheckRule(kind=data["type"], who=data["from_"])


class _SafetySchema(StrictSchema):
    max_create_percent = fields.Integer(load_default=Limits().creates, validate=validate.Range(0, 100))
    max_update_percent = fields.Integer(load_default=Limits().updates, validate=validate.Range(0, 100))
    max_remove_percent = fields.Integer(load_default=Limits().removals, validate=validate.Range(0, 100))
    when_row_disappears = fields.String(validate=validate.OneOf((KEEP, TAKE_OUT)), load_default=KEEP)


class _ExampleSchema(StrictSchema):
    row = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    gives = fields.Dict(keys=fields.String(), values=fields.String(), required=True)

    @post_load
    def _make(self, data: dict[str, Any], **kwargs: Any) -> Example:
        return Example(**data)


class MappingSchema(StrictSchema):
    """The whole file. context_name: the mapping's name, which is its file's."""

    about = fields.String(required=True)
    entity = fields.String(required=True, validate=validate.OneOf(ENTITIES))
    contact_sub_type = fields.String(load_default="")
    key = fields.List(fields.String(), required=True, validate=validate.Length(min=1))
    scope = fields.String(load_default="")
    match = fields.List(fields.List(fields.String(), validate=validate.Length(min=1)), required=True)
    look_alike = fields.List(fields.List(fields.String(), validate=validate.Length(min=1)), load_default=list)
    wins = fields.String(required=True, validate=validate.OneOf(WINS))
    fields_ = fields.Dict(
        keys=fields.String(), values=fields.Nested(_SourceSchema), required=True, data_key="fields", attribute="fields"
    )
    contact = fields.Nested(_SourceSchema, load_default=None)
    group = fields.Nested(_GroupSchema, load_default=None)
    own_group = fields.Nested(_OwnGroupSchema, load_default=None)
    relationship = fields.List(fields.Nested(_RelationshipSchema), load_default=list)
    check = fields.List(fields.Nested(_CheckSchema), load_default=list)
    safety = fields.Nested(_SafetySchema, load_default=lambda: _SafetySchema().load({}))
    example = fields.List(fields.Nested(_ExampleSchema), load_default=list)

    def __init__(self, *, context_name: str) -> None:
        super().__init__()
        self._name = context_name

    @validates_schema(skip_on_field_errors=True)
    def _names_agree(self, data: dict[str, Any], **kwargs: Any) -> None:
        problems = {
            word: [
                f"'{path}' is not under [fields]{suggest(path, data['fields'])}"
                for rule in data[word]
                for path in rule
                if path not in data["fields"]
            ]
            for word in ("match", "look_alike")
        }
        if any(problems.values()):
            raise ValidationError({word: told for word, told in problems.items() if told})

    @validates_schema(skip_on_field_errors=True)
    def _fits_its_entity(self, data: dict[str, Any], **kwargs: Any) -> None:
        """A pledge belongs to a contact and has a schedule; groups and relationships are a contact's."""
        problems: dict[str, list[str]] = {}
        if data["entity"] == PLEDGE:
            for word in ("group", "own_group", "relationship", "check", "contact_sub_type", "look_alike"):
                if data[word]:
                    problems[word] = ["a pledge has none; its contact has"]
            if data["contact"] is None:
                problems["contact"] = ["is wanted: it says whose pledge it is"]
            if [len(rule) for rule in data["match"]] != [1]:
                problems["match"] = ["one rule of one field is wanted: the field that holds the pledge's own number"]
            own = (*PLEDGE_NEEDS, *(path for rule in data["match"] for path in rule))
            given = {path for path, source in data["fields"].items() if source.required or source.always}
            if missing := [name for name in own if name not in given]:
                problems["fields"] = [f"a pledge needs these, with `required = true`: {', '.join(missing)}"]
        elif data["contact"] is not None:
            problems["contact"] = ["only what belongs to a contact has one, not a contact itself"]
        if problems:
            raise ValidationError(problems)

    @post_load
    def _make(self, data: dict[str, Any], **kwargs: Any) -> Mapping:
        safety = data["safety"]
        sources = {
            path: source if source.wins else replace(source, wins=data["wins"])
            for path, source in data["fields"].items()
        }
        return Mapping(
            name=self._name,
            about=data["about"],
            entity=data["entity"],
            contact_sub_type=data["contact_sub_type"],
            key=tuple(data["key"]),
            scope=data["scope"],
            match=tuple(tuple(rule) for rule in data["match"]),
            look_alike=tuple(tuple(rule) for rule in data["look_alike"]),
            fields=sources,
            contact=data["contact"],
            group=data["group"],
            own_group=data["own_group"],
            relationships=tuple(data["relationship"]),
            checks=tuple(data["check"]),
            when_row_disappears=safety["when_row_disappears"],
            limits=Limits(safety["max_create_percent"], safety["max_update_percent"], safety["max_remove_percent"]),
            examples=tuple(data["example"]),
        )
