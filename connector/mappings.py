"""The one TOML loader: reads a mapping file and checks it against a marshmallow schema, all problems at once.

Each flow brings its own schema; this file only turns what marshmallow found into lines that a person can follow.
"""

import tomllib
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, validates_schema

from connector.errors import UserError


class StrictSchema(Schema):
    """A schema for our own files: a word that it does not know is a problem, told with the nearest one it knows."""

    class Meta:
        """Unknown keys reach `_refuse_unknown`, which tells more than marshmallow would."""

        unknown = EXCLUDE

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _refuse_unknown(self, _data: Any, original: Any, **_kwargs: Any) -> None:
        known = {field.data_key or name for name, field in self.load_fields.items()}
        unknown = [key for key in original if key not in known] if isinstance(original, dict) else []
        if unknown:
            raise ValidationError({key: [f"there is no such word here{suggest(key, known)}"] for key in unknown})


def load(path: Path, schema: Schema) -> Any:
    """Read `path` and return what `schema` makes of it.

    Raises UserError listing every problem as `file  place: what is wrong`.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        there = sorted(p.stem for p in path.parent.glob("*.toml"))
        raise UserError(
            f"There is no mapping {path.name}{suggest(path.stem, there)}",
            next_step=f"name one of: {', '.join(there) or 'none found'}; or set CONNECTOR_MAPPINGS to their folder.",
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path.name} is not TOML: {error}", next_step="correct that line of the file.") from None
    try:
        return schema.load(raw)
    except ValidationError as error:
        raise not_usable(path.name, lines(error.messages)) from None


def not_usable(name: str, problems: Iterable[str]) -> UserError:
    """The error for a mapping with problems, one line each."""
    return UserError(
        f"{name} cannot be used.",
        problems=[f"{name}  {problem}" for problem in problems],
        next_step="correct these lines of the mapping; docs/mappings.md explains each word.",
    )


def lines(messages: Any, place: str = "") -> Iterator[str]:
    """Flatten marshmallow's nested messages to `place: message` lines."""
    if isinstance(messages, dict):
        for name, inner in messages.items():
            # marshmallow puts a level "value" between a key and its problem, and "_schema" for the whole table
            deeper = place if name in ("value", "_schema") else f"{place}.{name}" if place else str(name)
            yield from lines(inner, deeper)
    else:
        for message in messages:
            yield f"{place}: {message}" if place else str(message)


def suggest(word: str, known: Iterable[str]) -> str:
    """`, did you mean 'trim'?` when one of `known` is close to `word`, else a full stop."""
    close = get_close_matches(word, list(known), n=1)
    return f", did you mean '{close[0]}'?" if close else "."
