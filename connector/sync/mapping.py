"""What a mapping file may say, checked by marshmallow, and the frozen Mapping that the rest of sync works with."""

import re
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from connector import mappings
from connector.mappings import StrictSchema, suggest
from connector.plan import Limits
from connector.sync import cleaners

WINS = ("roster", "civicrm", "ask")
KEEP, TAKE_OUT = "keep", "take out of group"
_PLACE = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class Source:
    """Where one CiviCRM field gets its value. columns: headings, of which a roster has one."""

    columns: tuple[str, ...] = ()
    clean: tuple[str, ...] = ()
    choices: MappingType[str, str] | None = None
    always: str | None = None
    required: bool = False
    wins: str = ""


@dataclass(frozen=True, slots=True)
class GroupRule:
    """Where the person of a row is mailed. name: a template over the row's cells; default: for rows without a cell.

    title, parent: when given, a missing group is made with this title (a template) below that group; when not, a row
    that names a missing group is refused.
    """

    name: str
    default: str
    network: str
    title: str = ""
    parent: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The headings that name and title are made from."""
        return tuple(dict.fromkeys(_PLACE.findall(self.name + self.title)))


@dataclass(frozen=True, slots=True)
class OwnGroupRule:
    """The mailing group that a row makes. name, title: templates; parent: gives the group's name that it hangs below.

    closed: gives `yes` for a row whose group is not made any more.
    """

    name: str
    title: str
    parent: Source
    closed: Source | None

    @property
    def columns(self) -> tuple[str, ...]:
        """The headings that name and title are made from."""
        return tuple(dict.fromkeys(_PLACE.findall(self.name + self.title)))


@dataclass(frozen=True, slots=True)
class RelationshipRule:
    """How the row's contact (a) belongs to another (b). kind: gives the type; to: gives b's external identifier."""

    kind: Source
    to: Source


@dataclass(frozen=True, slots=True)
class Example:
    """A row and what must come of it; checked by the tests."""

    row: MappingType[str, str]
    gives: MappingType[str, str]


@dataclass(frozen=True, slots=True)
class Mapping:
    """A whole mapping. fields: CiviCRM field → its source. match: which fields find a contact, in this order."""

    name: str
    about: str
    contact_type: str
    contact_sub_type: str
    key: tuple[str, ...]
    scope: str
    match: tuple[tuple[str, ...], ...]
    fields: MappingType[str, Source]
    group: GroupRule | None
    own_group: OwnGroupRule | None
    relationships: tuple[RelationshipRule, ...]
    when_row_disappears: str
    limits: Limits
    examples: tuple[Example, ...]

    def wins(self, field: str) -> str:
        """Who is right about a field when both sides changed."""
        return self.fields[field].wins

    @property
    def relationship_types(self) -> tuple[str, ...]:
        """The names (a to b) of all types that the mapping can make."""
        kinds = [rule.kind for rule in self.relationships]
        named = [[kind.always] if kind.always else list((kind.choices or {}).values()) for kind in kinds]
        return tuple(dict.fromkeys(name for names in named for name in names if name))

    @property
    def columns(self) -> tuple[tuple[str, ...], ...]:
        """Every column that the mapping reads, each as the headings that it may have."""
        sources = list(self.fields.values())
        sources += [source for rule in self.relationships for source in (rule.kind, rule.to)]
        single = [*self.key, self.scope, *(self.group.columns if self.group else ())]
        if self.own_group:
            sources += [self.own_group.parent, *([self.own_group.closed] if self.own_group.closed else [])]
            single += self.own_group.columns
        read = [source.columns for source in sources if source.columns]
        known = {heading for headings in read for heading in headings}
        return tuple(dict.fromkeys([*read, *((heading,) for heading in single if heading not in known)]))


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
    title = fields.String(load_default="")
    parent = fields.String(load_default="")
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
    contact_type = fields.String(required=True, validate=validate.OneOf(("Individual", "Organization", "Household")))
    contact_sub_type = fields.String(load_default="")
    key = fields.List(fields.String(), required=True, validate=validate.Length(min=1))
    scope = fields.String(required=True)
    match = fields.List(fields.List(fields.String(), validate=validate.Length(min=1)), required=True)
    wins = fields.String(required=True, validate=validate.OneOf(WINS))
    fields_ = fields.Dict(
        keys=fields.String(), values=fields.Nested(_SourceSchema), required=True, data_key="fields", attribute="fields"
    )
    group = fields.Nested(_GroupSchema, load_default=None)
    own_group = fields.Nested(_OwnGroupSchema, load_default=None)
    relationship = fields.List(fields.Nested(_RelationshipSchema), load_default=list)
    safety = fields.Nested(_SafetySchema, load_default=lambda: _SafetySchema().load({}))
    example = fields.List(fields.Nested(_ExampleSchema), load_default=list)

    def __init__(self, *, context_name: str) -> None:
        super().__init__()
        self._name = context_name

    @validates_schema(skip_on_field_errors=True)
    def _names_agree(self, data: dict[str, Any], **kwargs: Any) -> None:
        problems: dict[str, list[str]] = {}
        for rule in data["match"]:
            for path in rule:
                if path not in data["fields"]:
                    told = f"'{path}' is not under [fields]{suggest(path, data['fields'])}"
                    problems.setdefault("match", []).append(told)
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
            contact_type=data["contact_type"],
            contact_sub_type=data["contact_sub_type"],
            key=tuple(data["key"]),
            scope=data["scope"],
            match=tuple(tuple(rule) for rule in data["match"]),
            fields=sources,
            group=data["group"],
            own_group=data["own_group"],
            relationships=tuple(data["relationship"]),
            when_row_disappears=safety["when_row_disappears"],
            limits=Limits(safety["max_create_percent"], safety["max_update_percent"], safety["max_remove_percent"]),
            examples=tuple(data["example"]),
        )
