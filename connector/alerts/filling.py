"""Puts an alert's words into the template around them. Pure; what is put in is harmless HTML already.

A paragraph whose placeholders are all empty disappears with all that it says: "Where: [place]" leaves no "Where:".
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

NAMES = ("subject", "place", "when", "what", "ask", "link", "page")
PLACEHOLDER = re.compile(rf"\[({'|'.join(NAMES)})(?::([^\]<>]*))?\]")
# A block that no other stands in.
_BLOCK = re.compile(
    r"<(p|li|h2|h3|h4)>((?:(?!</?(?:p|li|h[2-4]|ul|ol)>|</?table).)*)</\1>|" + PLACEHOLDER.pattern, re.DOTALL
)
_ASIDE = re.compile(r"<blockquote>((?:(?!</?blockquote>).)*)</blockquote>", re.DOTALL)
_FACTS = frozenset(("place", "when"))
# The box around what members are asked to do. A table, because Outlook gives nothing else an edge and a colour.
TABLE = 'role="presentation" cellpadding="0" cellspacing="0" border="0"'
_BOX = (f'<table class="box" {TABLE}><tr><td class="box">', "</td></tr></table>")
_HOLLOW = re.compile(rf"<(ul|ol)>\s*</\1>|{re.escape(_BOX[0])}\s*{re.escape(_BOX[1])}")


@dataclass(frozen=True, slots=True)
class Value:
    """What stands for a placeholder. inline: in a sentence; block: in a paragraph of its own. Both get its label."""

    inline: Callable[[str], str]
    block: Callable[[str], str]


def words(html: str, block: str = "") -> Value:
    """A value without a label."""
    return Value(lambda _: html, lambda _: block or f"<p>{html}</p>")


def fill(template: str, values: Mapping[str, Value]) -> str:
    """The template with its values. values: without those that are empty. Nothing that is put in is looked at again."""

    def put(found: re.Match[str]) -> str:
        if found[1]:
            return _block(found[1], found[2], values)
        return _one(values, found[3], found[4], inline=True)

    def box(found: re.Match[str]) -> str:
        return "" if _empty(found[1], values) else f"{_BOX[0]}{found[1]}{_BOX[1]}"

    made = _BLOCK.sub(put, _ASIDE.sub(box, template))
    while _HOLLOW.search(made):
        made = _HOLLOW.sub("", made)
    return made


def _block(tag: str, inside: str, values: Mapping[str, Value]) -> str:
    if _empty(inside, values):
        return ""
    alone = PLACEHOLDER.fullmatch(inside.strip())
    if alone and tag == "p":
        return _one(values, alone[1], alone[2], inline=False)
    within = PLACEHOLDER.sub(lambda found: _one(values, found[1], found[2], inline=True), inside)
    kind = ' class="fact"' if tag == "p" and _named(inside) & _FACTS else ""
    return f"<{tag}{kind}>{within}</{tag}>"


def _named(html: str) -> set[str]:
    return {name for name, _ in PLACEHOLDER.findall(html)}


def _empty(html: str, values: Mapping[str, Value]) -> bool:
    """Whether it has placeholders and nothing to put into any of them."""
    return bool(_named(html)) and not _named(html) & values.keys()


def _one(values: Mapping[str, Value], name: str, label: str | None, *, inline: bool) -> str:
    if name not in values:
        return ""
    value, said = values[name], (label or "").strip()
    return value.inline(said) if inline else value.block(said)
