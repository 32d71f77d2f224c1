"""What a member reads in the mail: golden letters, and what must hold of every letter whatever staff wrote."""

import re
import unicodedata
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from connector.alert_templates import LANGUAGES, Template
from connector.alerts import filling
from connector.alerts.activities import Alert, Version
from connector.alerts.letters import LONGEST_SUBJECT, Letter, compose, problems
from connector.alerts.words import WORDS
from tests.unit.alerts import ARABIC, ENGLISH, PAGE, TEMPLATES, alert

GOLDEN = Path(__file__).parents[1] / "golden" / "letters"
KINDS = sorted({kind for kind, _ in TEMPLATES})
REQUIRED = ("{domain.address}", "{action.unsubscribeUrl}", "{action.optOutUrl}")
PERSONAL = ("{contact.checksum}", "{contact.contact_id}")
GREETINGS = ("{contact.first_name}", "{contact.display_name}", "{contact.email_greeting_display}")


def letter(version: Version = ENGLISH, url: str = PAGE, template: Template | None = None, **values: object) -> Letter:
    one = alert(version, **values)
    return compose(one, version, template or TEMPLATES[one.kind, version.language], url)


def links(html: str) -> list[str]:
    return [unescape(one) for one in re.findall(r'href="([^"]*)"', html)]


def without(text: str, *tokens: str) -> str:
    for token in tokens:
        text = text.replace(token, "")
    return text


# --- golden letters --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [ENGLISH, ARABIC], ids=lambda version: version.language)
@pytest.mark.parametrize("part", ["html", "txt"])
def test_letters_are_those_that_were_looked_at(version: Version, part: str, request: pytest.FixtureRequest) -> None:
    arabic = {"place": "رأس العوجا، جنوب غور الأردن", "happened": "14 تشرين الثاني 2026، الساعة الثانية فجرًا"}
    made = letter(version, **(arabic if version is ARABIC else {}))
    text = {"html": made.html, "txt": f"{made.subject}\n\n{made.text}"}[part]
    path = GOLDEN / f"{version.language}.{part}"
    if request.config.getoption("--golden-update"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


# --- all kinds and languages -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_shipped_template_makes_a_whole_letter(kind: str, language: str) -> None:
    made = letter(replace(ENGLISH, language=language), kind=kind)
    for part in (made.html, unescape(made.text)):
        for token in (*REQUIRED, *PERSONAL):
            assert token in part
        assert not re.search(r"\[\w+(:|\])", part.replace("[if mso]", "").replace("[endif]", ""))
        assert "three minutes" in part
        assert "thirty settlers" in part
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}"' in made.html
    assert WORDS[language].kinds[kind] in made.html
    assert "Ras al-Auja" in made.subject
    assert problems(TEMPLATES[kind, language]) == []


def test_every_kind_has_a_template_in_every_language() -> None:
    assert set(TEMPLATES) == {(kind, language) for kind in KINDS for language in LANGUAGES}
    assert len(KINDS) == 5
    assert set(WORDS) == set(LANGUAGES)
    assert all(set(words.kinds) == set(KINDS) for words in WORDS.values())


def test_text_and_html_hold_the_same_links() -> None:
    made = letter()
    assert sorted(links(made.html)) == sorted(re.findall(r"<(\S+?)>", made.text))
    assert f"{PAGE}?lang=en&{{contact.checksum}}&cid={{contact.contact_id}}" in links(made.html)


def test_a_letter_loads_nothing_and_has_no_style_sheet() -> None:
    html = letter().html
    assert not re.search(r"<(img|link|script|iframe|style|video)\b|url\(|@import|src=", html)
    assert re.search(r'<a class="button" href="[^"]+" style="[^"]*background-color: #3f5d2e', html)


# --- what is empty leaves no hole ------------------------------------------------------------------------------------


def test_without_a_place_or_a_time_their_lines_are_gone() -> None:
    made = letter(place="", happened=" ")
    assert "Where:" not in made.html + made.text
    assert "When:" not in made.html + made.text


def test_the_button_is_there_only_with_a_link() -> None:
    assert 'class="button"' in letter().html
    assert 'class="button"' not in letter(ask_link="").html
    assert "Act now" not in letter(ask_link="").text


@pytest.mark.parametrize("wrong", ["javascript:alert(1)", "ftp://example.org", "https://", "about it", "https://[x"])
def test_a_link_that_no_mail_should_hold_is_no_button(wrong: str) -> None:
    assert 'class="button"' not in letter(ask_link=wrong).html


def test_a_forgotten_https_is_put_in_front() -> None:
    assert "https://www.example.org/petition" in links(letter(ask_link="www.example.org/petition").html)
    assert "https://example.org/petition" in links(letter(ask_link=" http://example.org/petition ").html)


def test_without_a_public_address_there_is_no_link_to_a_page() -> None:
    made = letter(url="")
    assert not [token for token in PERSONAL if token in made.html + made.text]
    assert "Your page" not in made.text


def test_without_ask_and_link_the_box_is_gone() -> None:
    made = letter(replace(ENGLISH, ask=""), ask_link="")
    assert 'class="box"' not in made.html
    assert "What you can do now" not in made.text


# --- templates that staff changed ------------------------------------------------------------------------------------


def test_what_a_template_leaves_out_stands_at_its_end() -> None:
    made = letter(template=Template("News", "<p>Hello.</p>"))
    assert made.text.index("Hello.") < made.text.index("thirty settlers") < made.text.index("three minutes")
    assert made.subject == "News"


def test_a_template_without_a_subject_takes_the_alerts() -> None:
    assert letter(template=Template(" ", "<p>[what]</p>")).subject == ENGLISH.subject


def test_words_of_buttons_and_links_can_be_changed_and_links_can_stand_in_a_sentence() -> None:
    made = letter(
        template=Template("x", "<p>[link: Sign &amp; send]</p><p>Or see [page], please.</p><p>[what][ask]</p>")
    )
    assert "Sign & send <https://example.org/call" in made.text
    assert "Or see Your page for this alert <" in made.text


def test_a_misspelt_placeholder_is_told_and_so_is_what_is_missing() -> None:
    told = problems(Template("[subjekt]", "<p>[what] [plase] {contact.hash} {contact.first_name} [1]</p>"))
    assert told == [
        "[subjekt] is no placeholder, did you mean 'subject'?",
        "[plase] is no placeholder, did you mean 'place'?",
        "{contact.hash} is no token that a mail may hold.",
        "[ask] is missing; it is put at the end.",
    ]


def test_placeholders_in_staffs_own_words_are_left_as_they_are() -> None:
    made = letter(replace(ENGLISH, body="<p>See [ask] and [page].</p>", ask="[what]"))
    assert "See [ask] and [page]." in made.text
    assert "[what]" in made.text


# --- tokens ----------------------------------------------------------------------------------------------------------

EVIL = "{contact.hash} {contact.api_key|raw} {contact.checksum} {literal}{php}{$x} {{action.optOutUrl}} &#123;a.b&#125;"


def test_tokens_that_would_tell_a_secret_reach_nobody() -> None:
    evil = Version("en", EVIL, f"<p>{EVIL}</p><a href='https://example.org/?{EVIL}&h=%7Bcontact.hash%7D'>x</a>", EVIL)
    made = letter(evil, place=EVIL, happened=EVIL, ask_link=f"https://example.org/{EVIL}")
    for part in (made.html, made.text):
        left = without(part, *REQUIRED, *GREETINGS)
        assert left.count("{contact.checksum}") == 1  # the link to the page
        assert not re.search(r"[{}]|%7B\w", without(left, *PERSONAL))
    assert "{" not in made.subject
    assert "‹contact.hash›" in made.text  # to be seen in the preview


def test_a_name_may_be_used_but_not_in_an_address() -> None:
    body = "<p>Dear {contact.first_name} <a href='https://example.org/{contact.first_name}'>x</a></p>"
    made = letter(replace(ENGLISH, body=body))
    assert "Dear {contact.first_name}" in made.html
    assert not [one for one in links(made.html) if "first_name}" in one]


# --- subjects --------------------------------------------------------------------------------------------------------


def test_a_subject_is_one_line_that_civicrm_can_hold() -> None:
    made = letter(replace(ENGLISH, subject="One\r\nBcc: x@example.org\x00\u2028two \u202egnp.exe " + "long " * 60))
    assert made.subject.startswith("Urgent: One Bcc: x@example.org two gnp.exe long")
    assert len(made.subject) <= LONGEST_SUBJECT
    assert made.subject.endswith("…")


def test_a_subject_is_not_cut_inside_a_token() -> None:
    subject = "x" * 100 + " {contact.email_greeting_display}"
    assert letter(replace(ENGLISH, subject=subject)).subject == "Urgent: " + "x" * 100 + "…"


def test_signs_of_html_in_a_subject_are_text() -> None:
    made = letter(replace(ENGLISH, subject="Law & order <b>now</b>"))
    assert made.subject == "Urgent: Law & order <b>now</b>"
    assert "Law &amp; order &lt;b&gt;now&lt;/b&gt;" in made.html


# --- whatever staff wrote --------------------------------------------------------------------------------------------

_SIGNS = [*"{}[]<>&'\"\\%|$", "&#123;", "&lbrace;", "&amp;", "%7B", "\x00", "\u202e", "\ud800", "خالد"]
_TAGS = ["<p>", "</p>", "<b>", "<blockquote>", "</blockquote>", "<li>", "<table>", "<td>", "<br>", "<a href='", "<!--"]
_TAGS += ["<img src=https://x.org/a.png>", "<style>", "<svg>", "<math>"]
_WORDS = ["{contact.hash}", "contact.hash", "{contact.first_name}", "{literal}", "[what]", "[link: x]"]
_PIECES = st.sampled_from([*_SIGNS, *_TAGS, *_WORDS])
_WRITTEN = st.lists(_PIECES | st.text(max_size=8), max_size=14).map("".join)
_VERSIONS = st.builds(Version, st.sampled_from([*LANGUAGES, "xx"]), _WRITTEN, _WRITTEN, _WRITTEN)
_TEMPLATES = st.builds(Template, _WRITTEN, _WRITTEN)
_ALERTS = st.builds(
    lambda kind, *rest: replace(alert(), kind=kind, place=rest[0], happened=rest[1], ask_link=rest[2]),
    st.sampled_from([*KINDS, "other"]),
    _WRITTEN,
    _WRITTEN,
    _WRITTEN,
)


@given(_ALERTS, _VERSIONS, _TEMPLATES | st.sampled_from(sorted(TEMPLATES.values(), key=str)))
def test_every_letter_is_whole_and_lets_no_token_through(one: Alert, version: Version, template: Template) -> None:
    made = compose(one, version, template, PAGE)
    for part in (made.html, made.text):
        left = part
        for token in (*REQUIRED, *GREETINGS, *PERSONAL):
            if token in REQUIRED:
                assert part.count(token) == 1
            left = left.replace(token, "")
        assert not re.search(r"[{}]|%7[bB][\w$]", left)
    said = rf"lang={version.language}&amp;\{{contact\.checksum\}}"
    assert made.html.count("{contact.checksum}") == len(re.findall(rf"act/7\?{said}", made.html))
    assert not re.search(r"(?i)<(script|style|iframe|svg|math|form|object)\b|\son\w+=", made.html)
    assert len(made.subject) <= LONGEST_SUBJECT
    assert not [one for one in made.subject if unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp")]


def test_html_that_is_nested_without_end_is_flattened() -> None:
    body = "<blockquote>" * 3000 + "deep" + "<b>" * 3000 + "er"
    assert "deeper" in letter(replace(ENGLISH, body=body)).text


def test_filling_looks_at_nothing_that_was_put_in() -> None:
    values = {"what": filling.words("[ask]"), "ask": filling.words("[what]")}
    assert filling.fill("<p>[what]</p><p>So: [ask]</p>", values) == "<p>[ask]</p><p>So: [what]</p>"
