"""The door for what staff write: HTML becomes harmless HTML, text becomes harmless text. Pure.

Curly braces are CiviCRM's: `{contact.hash}` or `{contact.api_key}` in an alert would tell every reader a secret of
their own account, and a site may run Smarty over its mailings. So all braces but a short list of tokens become ‹ ›,
which everybody who reads the preview sees.
"""

import re
from html import escape, unescape
from itertools import accumulate
from urllib.parse import urlsplit

import nh3

# The tokens of CiviCRM that an author may use: what a person is called, and nothing else.
TOKENS = ("contact.first_name", "contact.display_name", "contact.email_greeting_display")
TAGS = frozenset(["p", "br", "strong", "b", "em", "i", "ul", "ol", "li", "a", "h2", "h3", "h4", "blockquote", "img"])
# What editors and pasted pages hold besides: without a paragraph of its own, their text would run together.
_AS_PARAGRAPHS = frozenset(
    ("div", "section", "article", "aside", "header", "footer", "main", "nav", "figure", "figcaption", "hr", "center")
) | {"table", "tr", "pre", "address", "dl", "dt", "dd"}
_CELLS = frozenset(("td", "th"))
_HEADINGS = {"h1": "h2", "h5": "h4", "h6": "h4"}
_ALL = TAGS | _AS_PARAGRAPHS | _CELLS | _HEADINGS.keys()
_FLAT = frozenset(("p", "br", "a"))  # none of these stands inside its like
_SCHEMES = {"a": ("https", "mailto", "tel"), "img": ("https",)}

_BRACES = re.compile(rf"(\{{(?:{'|'.join(map(re.escape, TOKENS))})\}})|\{{|\}}|%7[bB](?=[\w$/*{{])")
# Control characters, halves of characters, and signs that turn the direction of the text behind them around.
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\ud800-\udfff\ufdd0\ufffe\uffff]")
UNUSED = "\ufdd0"  # a character that no cleaned text holds
_SPACE = r"(?:\s|&nbsp;|<br>)"
# Deeper than any editor nests. The library behind us descends by calling itself, and Python ends that at a thousand.
_DEEPEST = 60


def clean(html: str) -> str:
    """Staff's HTML with nothing in it but what a mail and a page may hold; plain text becomes paragraphs."""
    html = readable(html)
    if not re.search(r"<[/!a-zA-Z]", html):
        return paragraphs(unescape(html))
    first = _cleaned(html, _ALL)
    if _depth(first) > _DEEPEST:
        first = _cleaned(html, _FLAT)
    for tag in _AS_PARAGRAPHS:
        first = re.sub(rf"<(/?){tag}>", r"<\1p>", first)
    for tag, instead in _HEADINGS.items():
        first = re.sub(rf"<(/?){tag}>", rf"<\1{instead}>", first)
    first = re.sub(r"</?t[dh]>", " ", first)
    kept = tame(_tidied(_cleaned(first, TAGS)))
    return kept if "<" in kept or not kept else f"<p>{kept}</p>"


def text(plain: str) -> str:
    """A line that staff wrote, as HTML."""
    return escape(tame(readable(plain)).strip(), quote=False)


def paragraphs(plain: str) -> str:
    """Lines that staff wrote, as HTML: an empty line begins a new paragraph."""
    lines = tame(readable(plain).replace("\r\n", "\n").replace("\r", "\n"))
    parts = [escape(part.strip(), quote=False) for part in re.split(r"\n[^\S\n]*\n", lines)]
    return "".join(f"<p>{part}</p>".replace("\n", "<br>") for part in parts if part)


def line(plain: str, longest: int) -> str:
    """A text as one line that is at most so long; it is never cut inside a token."""
    whole = " ".join(tame(readable(plain)).split())
    if len(whole) <= longest:
        return whole
    kept = whole[: longest - 1]
    kept = kept[: kept.rindex("{")] if kept.rfind("{") > kept.rfind("}") else kept
    return f"{kept.rstrip()}…"


def address(url: str) -> str:
    """The address of a link, empty when it is none that a mail may hold. A forgotten https:// is put in front."""
    url = "".join(readable(url).split())
    if re.match(r"[\w-]+(\.[\w-]+)+([/?#:]|$)", url):
        url = f"https://{url}"
    return _allowed("a", "href", url) or ""


def dead_links(html: str) -> int:
    """How many links of staff's HTML lead nowhere in a mail; their words stay."""
    found = re.findall(r"<a\s[^>]*?\bhref\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>]+)", readable(html), re.IGNORECASE)
    return sum(not _allowed("a", "href", unescape(url.strip("\"'"))) for url in found)


def tame(written: str) -> str:
    """No brace left that CiviCRM or Smarty would act on, but for the tokens of TOKENS."""
    return _BRACES.sub(lambda found: found[1] or ("›" if found[0] == "}" else "‹"), written)


def readable(written: str) -> str:
    """Without characters that nobody can see or that no mail may hold."""
    return _UNREADABLE.sub("", written)


def _cleaned(html: str, tags: frozenset[str] | set[str]) -> str:
    return nh3.clean(
        html,
        tags=set(tags),
        attributes={"a": {"href"}, "img": {"src", "alt"}},
        attribute_filter=_allowed,
        url_schemes={"https", "http", "mailto", "tel"},
        url_relative="deny",
        link_rel=None,
    )


def _depth(html: str) -> int:
    """How deep its elements stand in each other."""
    tags = re.findall(r"<(/?)(?!br|img)\w", html)
    return max(accumulate((-1 if closing else 1 for closing in tags), initial=0))


def _allowed(tag: str, attribute: str, value: str) -> str | None:
    """An attribute as it may stand. No tokens: in an address they would tell somebody else's server who reads."""
    if tag not in _SCHEMES:  # asked about what is dropped, too
        return None
    value = value.strip().replace("{", "‹").replace("}", "›")
    if attribute == "alt":
        return value.replace("<", "‹").replace(">", "›")
    value = re.sub(r"(?i)^http:", "https:", value)  # a plain http link shows everybody on the way who reads what
    try:
        parts = urlsplit(value)
    except ValueError:
        return None
    there = parts.netloc if parts.scheme == "https" else parts.path
    usable = parts.scheme in _SCHEMES[tag] and there
    return value.replace("<", "%3C").replace(">", "%3E") if usable else None


def _tidied(html: str) -> str:
    """Without links that lead nowhere, pictures of nothing and paragraphs that hold nothing."""
    html = re.sub(r"<a>(.*?)</a>", r"\1", html, flags=re.DOTALL)
    html = re.sub(r"<img(?![^>]* src=)[^>]*>", "", html)
    before = ""
    while before != html:
        before, html = (
            html,
            re.sub(rf"<(p|li|ul|ol|h[2-4]|blockquote|a href=\"[^\"]*\")>{_SPACE}*</(?:\1|a)>", "", html),
        )
    return html.strip()
