"""The shipped wording of alerts' mails, `mappings/alert_templates.toml`: set-up makes message templates of it once,
and it stands in where CiviCRM has none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from connector import mappings
from connector.mappings import StrictSchema

LANGUAGES = ("en", "ar", "de", "fr", "es")


@dataclass(frozen=True, slots=True)
class Template:
    """What stands around an alert's own words. Both hold placeholders in square brackets, html is an editor's HTML."""

    subject: str
    html: str


Templates = Mapping[tuple[str, str], Template]  # (kind, language) → its template


def title(kind: str, language: str) -> str:
    """What the template is called in CiviCRM; it is found by it."""
    return f"Solidarity alert: {kind} ({language})"


def load(path: Path) -> Templates:
    """Raises UserError with every problem of the file."""
    found: Templates = mappings.load(path, _FileSchema())
    return found


def records(path: Path) -> dict[str, dict[str, str]]:
    """Title → what set-up makes of a template."""
    found = load(path)
    return {title(*key): {"msg_subject": one.subject, "msg_html": one.html} for key, one in found.items()}


class _TemplateSchema(StrictSchema):
    kind = fields.String(required=True, validate=validate.Regexp(r"^\w{1,64}$"))
    language = fields.String(required=True, validate=validate.OneOf(LANGUAGES))
    subject = fields.String(required=True, validate=validate.Length(1, 128))
    html = fields.String(required=True, validate=validate.ContainsNoneOf("\x00"))


class _FileSchema(StrictSchema):
    template = fields.List(fields.Nested(_TemplateSchema), required=True, validate=validate.Length(1))

    @post_load
    def _made(self, data: dict[str, Any], **_kwargs: Any) -> Templates:
        made: dict[tuple[str, str], Template] = {}
        for one in data["template"]:
            key = (one["kind"], one["language"])
            if key in made:
                raise ValidationError({"template": [f"{key[0]} in {key[1]} stands here twice"]})
            made[key] = Template(one["subject"].strip(), one["html"].strip())
        return made
