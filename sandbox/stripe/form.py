"""Stripe's form encoding: `line_items[0][price_data][currency]=eur` becomes nested dicts and lists."""

import re
from collections.abc import Iterable
from typing import Any

from sandbox.stripe.shapes import Json


def parse(pairs: Iterable[tuple[str, str]]) -> Json:
    """What was meant by the keys with brackets."""
    tree: Json = {}
    for key, value in pairs:
        name, *inner = [key.split("[", 1)[0], *re.findall(r"\[([^\]]*)\]", key)]
        _put(tree, [name, *inner], value)
    return {key: _lists(value) for key, value in tree.items()}


def _put(tree: Json, path: list[str], value: str) -> None:
    for part in path[:-1]:
        tree = tree.setdefault(part or str(len(tree)), {})
    tree[path[-1] or str(len(tree))] = value


def _lists(value: Any) -> Any:
    """A dict whose keys are numbers was a list."""
    if not isinstance(value, dict):
        return value
    if value and all(key.isdigit() for key in value):
        return [_lists(value[key]) for key in sorted(value, key=int)]
    return {key: _lists(inner) for key, inner in value.items()}


def truth(value: Any) -> bool:
    """`true` and `false` as a form carries them."""
    return value is True or value == "true"
