"""The letters of an alert: what a member reads in the mail, as HTML and as text. Composing is pure.

The staff's words come out of the alert, what stands around them out of a message template in CiviCRM, and the frame,
with what CiviMail asks of every mail, out of this folder. CiviCRM's own tokens stay in curly braces for CiviCRM.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from html import escape, unescape
from pathlib import Path
from typing import Any

import css_inline
import jinja2
from inscriptis import get_text
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.model.config import ParserConfig
from inscriptis.model.tag import CustomHtmlTagHandlerMapping
from markupsafe import Markup

from connector import alert_templates
from connector.alert_templates import LANGUAGES, Template, title
from connector.alerts import cleaning, filling
from connector.alerts.activities import Alert, Version
from connector.alerts.filling import Value
from connector.alerts.words import Words, words
from connector.civicrm.answers import Row
from connector.civicrm.client import Call, CiviClient
from connector.mappings import suggest
from connector.settings import SHIPPED_MAPPINGS

clean = cleaning.clean

LONGEST_SUBJECT = 128  # CiviCRM holds no more: civicrm_mailing.subject is varchar(128)
GLANCE = 110  # what mail programs show beside the subject
# What opens the member's own page, in the language of the mail. {contact.checksum} brings its own "cs=".
_PERSONAL = "&{contact.checksum}&cid={contact.contact_id}"
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Letter:
    """One mailing's words. html and text say the same and hold the same links."""

    language: str
    subject: str
    html: str
    text: str


def templates(client: CiviClient, kind: str, folder: Path = SHIPPED_MAPPINGS) -> Mapping[str, Template]:
    """Language → template, for one kind of alert, in one request. What CiviCRM lacks comes from the shipped file.

    folder: where the mappings are. A template that staff switched off or emptied counts as lacking.
    """
    entity, action, params = call(kind)
    return chosen(kind, client.api4(entity, action, **params), folder)


def call(kind: str) -> Call:
    """The question for the templates of a kind of alert; `chosen` reads its answer."""
    where = [["msg_title", "IN", [title(kind, code) for code in LANGUAGES]], ["is_active", "=", True]]
    select = ["msg_title", "msg_subject", "msg_html"]
    return ("MessageTemplate", "get", {"select": select, "where": where, "orderBy": {"id": "DESC"}})


def chosen(kind: str, rows: Iterable[Row], folder: Path) -> Mapping[str, Template]:
    """Language → template, of CiviCRM's rows and, for what they lack, of the shipped file."""
    shipped = alert_templates.load(folder / "alert_templates.toml")
    found = {code: shipped[kind, code] for code in LANGUAGES if (kind, code) in shipped}
    titles = {title(kind, code): code for code in LANGUAGES}
    for row in rows:  # the oldest of several with one title comes last and stays
        if str(row["msg_html"] or "").strip():
            found[titles[row["msg_title"]]] = Template(str(row["msg_subject"] or ""), str(row["msg_html"]))
    return found


def compose(alert: Alert, version: Version, template: Template, act_url: str) -> Letter:
    """The letter in one language. act_url: the alert's page, empty where the connector has no public address."""
    frame = words(version.language)
    values = _values(alert, version, frame, act_url)
    subject = cleaning.line(_subject(template.subject, values) or version.subject, LONGEST_SUBJECT)
    content = filling.fill(cleaning.clean(_whole(template.html)), values)
    page = _frame().render(
        words=frame,
        subject=subject,
        glance=cleaning.line(version.ask, GLANCE),
        kicker=frame.kinds.get(alert.kind, ""),
        content=Markup(content),  # noqa: S704  cleaned, word for word
        css=Markup(_css(frame)),  # noqa: S704  our own file
    )
    html = css_inline.inline(page, load_remote_stylesheets=False, apply_width_attributes=True)
    return Letter(version.language, subject, html, _text(html))


def problems(template: Template) -> list[str]:
    """What is wrong with a template, in words for the staff who changed it. A letter can be made of it all the same."""
    written = f"{template.subject} {template.html}"
    bracketed = dict.fromkeys(re.findall(r"\[([^\W\d_]+)(?::[^\]]*)?\]", written))
    told = [f"[{one}] is no placeholder{suggest(one, filling.NAMES)}" for one in bracketed if one not in filling.NAMES]
    tokens = dict.fromkeys(re.findall(r"\{[^{}]*\}?", unescape(written)))
    told += [f"{one} is no token that a mail may hold." for one in tokens if one[1:-1] not in cleaning.TOKENS]
    return told + [f"[{name}] is missing; it is put at the end." for name in _missing(template.html)]


def _missing(template: str) -> list[str]:
    named = {name for name, _ in filling.PLACEHOLDER.findall(template)}
    return [name for name in ("what", "ask") if name not in named]


def _whole(template: str) -> str:
    """A template with all that a letter must say: what staff took out of it by mistake stands at its end."""
    return template + "".join(f"<p>[{name}]</p>" for name in _missing(template))


def _values(alert: Alert, version: Version, frame: Words, act_url: str) -> dict[str, Value]:
    """What stands for each placeholder; those without anything to say are left out."""
    what, ask = cleaning.clean(version.body), cleaning.paragraphs(version.ask)
    plain = {"subject": version.subject, "place": alert.place, "when": alert.happened}
    values = {name: filling.words(said) for name, text in plain.items() if (said := cleaning.text(text))}
    if what:
        values["what"] = filling.words(what, f'<div class="what">{what}</div>')
    if ask:
        values["ask"] = filling.words(ask.removeprefix("<p>").removesuffix("</p>").replace("</p><p>", "<br><br>"), ask)
    if link := cleaning.address(alert.ask_link):
        values["link"] = _link(link, frame.act, button=True)
    if act_url:
        values["page"] = _link(f"{act_url}?lang={version.language}{_PERSONAL}", frame.page, button=False)
    return values


def _link(url: str, usual: str, *, button: bool) -> Value:
    """A link, alone in its paragraph a button for a thumb."""

    def inline(label: str) -> str:
        return f'<a href="{escape(url)}">{label or usual}</a>'

    def block(label: str) -> str:
        if not button:
            return f'<p class="page">{inline(label)}</p>'
        link = inline(label).replace("<a ", '<a class="button" ')
        return f'<table class="button" {filling.TABLE}><tr><td>{link}</td></tr></table>'

    return Value(inline, block)


def _subject(template: str, values: Mapping[str, Value]) -> str:
    """Only the short texts belong into a subject."""
    short = {name: value for name, value in values.items() if name in ("subject", "place", "when")}
    return unescape(filling.fill(cleaning.text(template), short))


@cache
def _frame() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(_TEMPLATES)
    strict = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    return strict.get_template("letter.html")


def _css(frame: Words) -> str:
    """The style sheet for a language: which side it begins on, and letters that its readers find large enough."""
    arabic = frame.direction == "rtl"
    of_language = {
        "START": "right" if arabic else "left",
        "FONTS": frame.fonts,
        "SIZE": "19px" if arabic else "17px",
        "LEADING": "1.8" if arabic else "1.6",
        "FOOT": "15px" if arabic else "14px",
    }
    css = (_TEMPLATES / "letter.css").read_text(encoding="utf-8")
    for name, value in of_language.items():
        css = css.replace(name, value)
    return css


def _text(html: str) -> str:
    """The plain-text part: a link stands behind its words, <so>."""

    def begin(state: Any, attributes: Mapping[str, str]) -> None:
        state.link_target = attributes.get("href", "")

    def end(state: Any) -> None:
        if state.link_target:
            state.tags[-1].write(f" <{state.link_target}>")

    links = CustomHtmlTagHandlerMapping({"a": begin}, {"a": end})
    html = html.replace("&amp;", cleaning.UNUSED)  # inscriptis reads entities again: "&amp;#123;" would be a brace
    found = get_text(html, ParserConfig(css=CSS_PROFILES["strict"], custom_html_tag_handler_mapping=links))
    lines = [one.rstrip() for one in found.replace(cleaning.UNUSED, "&").strip().splitlines()]
    kept = [one for one, before in zip(lines, ["", *lines], strict=False) if one or before]
    return "\n".join(kept) + "\n"
