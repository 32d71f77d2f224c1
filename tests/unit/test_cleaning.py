"""What of staff's HTML reaches a mail or a page."""

import pytest
from hypothesis import given, strategies as st

from connector.alerts.cleaning import address, clean, dead_links, line, paragraphs

PIECES = ["<p>", "</p>", "<div>", "</div>", "<b>", "</b>", "<ul><li>", "</li></ul>", "<h1>", "<table><tr><td>", "<br>"]
PIECES += ["<a href='http://example.org/?a=1&b={c.d}'>", "</a>", "<img src='https://x.org/a.png' alt='<{x}>'>", "&lt;"]


@pytest.mark.parametrize(
    ("written", "cleaned"),
    [
        ("<p>One <strong>two</strong> <em>three</em></p>", "<p>One <strong>two</strong> <em>three</em></p>"),
        ("<div>one</div><div>two <span style='color:red'>red</span></div>", "<p>one</p><p>two red</p>"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "<p> a  b </p>"),
        ("<h1>Big</h1><h6>small</h6>", "<h2>Big</h2><h4>small</h4>"),
        ("<p>&nbsp;</p><p><br></p><ul><li> </li></ul><p>x</p>", "<p>x</p>"),
        ("<script>a()</script><style>p{}</style><!-- c --><p onclick='a()' class='x'>x</p>", "<p>x</p>"),
        ("<a href='javascript:a()'>x</a><a href='/rel'>y</a>", "<p>xy</p>"),
        ("<a href='http://example.org'>x</a>", '<a href="https://example.org">x</a>'),
        ("<a href='mailto:a@example.org'>x</a>", '<a href="mailto:a@example.org">x</a>'),
        ("<a href='tel:+353211234'>x</a>", '<a href="tel:+353211234">x</a>'),
        ("<p>x</p><img src='data:image/png;base64,A'><img src='/a.png' alt='a'>", "<p>x</p>"),
        ("<img src='https://x.org/a.png' alt='a' width='1' onerror='a()'>", '<img src="https://x.org/a.png" alt="a">'),
        (
            "Plain & simple,\nin two lines.\n\nAnd < more.",
            "<p>Plain &amp; simple,<br>in two lines.</p><p>And &lt; more.</p>",
        ),
        ("", ""),
    ],
)
def test_what_is_kept(written: str, cleaned: str) -> None:
    assert clean(written) == cleaned


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=12).map("".join))
def test_what_is_clean_stays_as_it_is(written: str) -> None:
    once = clean(written)
    assert clean(once) == once.replace("\xa0", "&nbsp;")


@pytest.mark.parametrize(
    ("written", "dead"),
    [
        ("Plain text, <b>bold</b>, <a name='here'>an anchor</a>", 0),
        ('<a href="https://example.org/a?b=c&amp;d">x</a> <a class=y HREF=mailto:a@example.org>y</a>', 0),
        ("<a href='/petition'>x</a> <a href=\"htp://example.org\">y</a> <a href=#top>z</a> <a href=''>z</a>", 4),
        ("<a href='https://'>x</a> <a href='http://example.org'>y</a>", 1),
    ],
)
def test_links_that_lead_nowhere_are_counted(written: str, dead: int) -> None:
    assert dead_links(written) == dead


def test_text_is_escaped_and_an_empty_line_begins_a_paragraph() -> None:
    assert paragraphs("a <b>\r\nc\r\n \r\n{x} {contact.first_name}\n") == (
        "<p>a &lt;b&gt;<br>c</p><p>‹x› {contact.first_name}</p>"
    )


@given(st.text(), st.integers(1, 60))
def test_a_line_is_never_too_long(written: str, longest: int) -> None:
    cut = line(written, longest)
    assert len(cut) <= longest
    assert "\n" not in cut


@pytest.mark.parametrize(
    ("written", "usable"),
    [
        ("https://example.org/a?b=c", "https://example.org/a?b=c"),
        ("example.org/a", "https://example.org/a"),
        ("www.example.org", "https://www.example.org"),
        ("mailto:a@example.org", "mailto:a@example.org"),
        ("+353 21 1234", ""),
        ("see below", ""),
        ("data:text/html,x", ""),
    ],
)
def test_the_address_of_the_button(written: str, usable: str) -> None:
    assert address(written) == usable
