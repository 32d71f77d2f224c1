"""What is usual for each kind of alert, and who alerts come from: `mappings/alerts.toml`, checked by marshmallow."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marshmallow import fields, post_load, validate

from connector import mappings
from connector.mappings import StrictSchema


@dataclass(frozen=True, slots=True)
class Kind:
    """What is usual for one kind of alert.

    most_people: more get a warning in the report, as do more than most_in_a_week alerts of the kind in seven days, and
    one within rest_hours of the last to the same people. alone: those on duty may approve their own.
    """

    name: str
    most_people: int
    most_in_a_week: int
    rest_hours: int
    close_days: int
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Kinds:
    """The whole file. sender_email: empty for CiviCRM's default address."""

    kinds: Mapping[str, Kind]
    sender_name: str
    sender_email: str
    off_by_percent: int


def load(folder: Path) -> Kinds:
    """Raises UserError with every problem of the file."""
    found: Kinds = mappings.load(folder / "alerts.toml", _FileSchema())
    return found


_number = validate.Range(0, 1_000_000)


class _KindSchema(StrictSchema):
    name = fields.String(required=True, validate=validate.Regexp(r"^\w{1,64}$"))
    most_people = fields.Integer(required=True, validate=_number)
    most_in_a_week = fields.Integer(required=True, validate=_number)
    rest_hours = fields.Integer(required=True, validate=_number)
    close_days = fields.Integer(required=True, validate=validate.Range(1, 365))
    alone = fields.Boolean(load_default=False)

    @post_load
    def _made(self, data: dict[str, Any], **_kwargs: Any) -> Kind:
        return Kind(**data)


class _SenderSchema(StrictSchema):
    name = fields.String(required=True, validate=validate.Length(1, 128))
    email = fields.String(load_default="")


class _ApprovalSchema(StrictSchema):
    off_by_percent = fields.Integer(required=True, validate=validate.Range(0, 50))


class _FileSchema(StrictSchema):
    sender = fields.Nested(_SenderSchema, required=True)
    approval = fields.Nested(_ApprovalSchema, required=True)
    kind = fields.List(fields.Nested(_KindSchema), required=True, validate=validate.Length(1))

    @post_load
    def _made(self, data: dict[str, Any], **_kwargs: Any) -> Kinds:
        return Kinds(
            {one.name: one for one in data["kind"]},
            data["sender"]["name"],
            data["sender"]["email"].strip(),
            data["approval"]["off_by_percent"],
        )
