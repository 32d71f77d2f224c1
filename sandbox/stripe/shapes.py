"""What Stripe's objects look like in the pinned API version: one example of each in shapes/, blank where it varies."""

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

Json = dict[str, Any]
API_VERSION = "2026-10-28.endive"
FOLDER = Path(__file__).parent / "shapes"


@cache
def _read(name: str) -> Json:
    found: Json = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found


def new(kind: str, **values: Any) -> Json:
    """A fresh object of a kind with these values; a field that the kind does not have is refused."""
    made = copy.deepcopy(_read(kind))
    if unknown := values.keys() - made.keys():
        raise KeyError(f"{kind} has no {sorted(unknown)}")
    made.update(values)
    return made


def part(name: str) -> Json:
    """A fresh copy of something that stands inside an object: a card, an outcome, a giver's details."""
    found: Json = copy.deepcopy(_read("parts")[name])
    return found
