"""What a community did not agree to is found however it is written, and nothing that finds it tells what it was."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from connector.alerts.activities import Alert, Version
from connector.alerts.consent import Hit, hits, marked, parse
from connector.alerts.names import fold, pattern, words
from tests.unit.alerts import ENGLISH, alert

PEOPLE = ((41, "Khalid Odeh"), (41, "Odeh Khalid"), (41, "Um Khalid"), (42, "Ms. Rana Saleh"), (42, "Rana Saleh"))


def found(text: str, withheld: str = "", covers: str = "", people: tuple[tuple[int, str], ...] = ()) -> list[Hit]:
    """The hits in a body."""
    return hits(alert(replace(ENGLISH, body=text, subject="x", ask="x"), place=""), parse(covers, withheld, people))


# --- how it may be written -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        "<p>and Um Khalid said</p>",
        "<p>Um <b>Kha</b>lid</p>",
        "<p>UM KHALID's house</p>",
        "<p>Um&nbsp;Khalid</p>",
        "<p>Um<br>Khalid</p>",
        "<p>Um</p><p>Khalid</p>",
        "<p>Um-Khalid, (Um) Khalid.</p>",
        "<p>UmKhalid</p>",
        "<p>Ǘm Khálìd</p>",
        "<p>Um Kh&#97;lid</p>",
        "<p>Um Kha\u200blid, Um Kha&shy;lid</p>",
        "<p>Um Kha-<br>lid</p>",
        "<p>Um \uff2b\uff48\uff41\uff4c\uff49\uff44</p>",
        "<p>u.m. k.h.a.l.i.d.</p>",
        "<p><a href='https://example.org/people/um-khalid'>she</a></p>",
        "<p><a href='https://example.org/?q=Um%20Khalid'>she</a></p>",
        "<div>Um</div> <div>Khalid</div>",
        "Um Khalid",
    ],
)
def test_a_name_is_found_however_it_is_written(written: str) -> None:
    (hit,) = found(written, withheld="Nobody\nUm Khalid")
    assert (hit.field, hit.language, hit.line) == ("body", "en", 2)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("خالد", "قال خَالِدٌ لنا"),
        ("خالد", "خـــالد"),
        ("خالد", "جاء وخالد وليلى"),
        ("أم خالد", "ام خالد"),
        ("ام خالد", "إلى أمّ خالد"),
        ("أبو أحمد", "لابو احمد"),
        ("العوجا", "في عوجا"),
        ("رأس العوجا", "برأس العوجا"),
        ("رأس العوجا", "للعوجا رأس العوجا"),
        ("فاطمة", "فاطمه"),
        ("عبد الله سالم", "عبدالله سالم"),
        ("عبدالله", "عبد الله"),
        ("علي حسن", "على حسن"),
        ("خالد", "ﺧﺎﻟﺪ"),
        ("یاسین", "ياسين"),
    ],
)
def test_arabic_is_written_in_more_than_one_way(name: str, written: str) -> None:
    assert found(f"<p>{written}</p>", withheld=name)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Ali", "Aliens, Alis, Bali and a li"),
        ("Noa", "There is no answer, no apples"),
        ("علي", "على الطريق"),
        ("خالد", "الخالدي"),
        ("Um Khalid", "Khalid, the son of Um Jamil"),
        ("A", "a house, A"),
        ("...", "and so on ..."),
    ],
)
def test_only_whole_words_are_names(name: str, written: str) -> None:
    assert found(f"<p>{written}</p>", withheld=name) == []


@given(
    st.text("abcdefghij", min_size=3, max_size=8),
    st.lists(st.sampled_from(["\u200b", "\u0301", "\u0640", "<b>", "</b>", "&shy;", "'", "<i></i>"]), max_size=8),
    st.randoms(use_true_random=False),
)
def test_whatever_splits_a_name_it_is_found(name: str, decoration: list[str], random: object) -> None:
    letters = [one.upper() if random.random() < 0.5 else one for one in name]  # type: ignore[attr-defined]
    for one in decoration:
        letters.insert(random.randint(1, len(letters)), one)  # type: ignore[attr-defined]
    assert found(f"<p>Last night {''.join(letters)} came.</p>", withheld=name)


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_looking_never_fails_and_a_hit_can_be_shown(body: str, withheld: str, covers: str) -> None:
    one = alert(Version("en", body, body, body), place=body)
    for hit in hits(one, parse(covers, withheld, [(5, body)])):
        assert "<mark>" in marked(one, hit)


def test_folding_keeps_count_of_where_each_character_was() -> None:
    folded = fold("Straße ﷲ É")
    assert len(folded.text) == len(folded.origin)
    made = pattern(words("strasse"))
    assert made
    assert list(folded.spans(made)) == [(0, 6)]


# --- who and what ----------------------------------------------------------------------------------------------------


def test_people_are_named_by_their_whole_names_not_by_the_first_alone() -> None:
    assert found("<p>Khalid and Rana came.</p>", people=PEOPLE) == []
    assert [hit.contact for hit in found("<p>Odeh, Khalid and Rana Saleh.</p>", people=PEOPLE)] == [41, 42]
    assert [hit.contact for hit in found("<p>Um Khalid came.</p>", people=PEOPLE)] == [41]


def test_one_hit_for_each_person_and_field() -> None:
    one = alert(
        Version("en", "Rana Saleh", "<p>Rana Saleh, Ms. Rana Saleh</p>", "Call Rana Saleh"), place="Saleh, Rana"
    )
    told = [(hit.field, hit.language, hit.contact) for hit in hits(one, parse("", "", PEOPLE))]
    assert told == [("subject", "en", 42), ("body", "en", 42), ("ask", "en", 42)]


def test_everything_that_members_read_is_looked_at() -> None:
    arabic = Version("ar", "خالد", "<p>خالد</p>", "خالد")
    one = alert(ENGLISH, arabic, place="Khalid", happened="Khalid", words="Khalid", ask_link="https://x.org/kh%61lid")
    told = {(hit.field, hit.language) for hit in hits(one, parse("", "Khalid\nخالد"))}
    common = {(name, "") for name in ("place", "happened", "words", "ask_link")}
    assert told == {("subject", "ar"), ("body", "ar"), ("ask", "ar"), *common}


def test_what_may_be_named_is_no_hit_also_inside_a_longer_name() -> None:
    assert found("<p>In Ras al-Auja</p>", withheld="Auja\nRas al-Auja", covers="RAS AL AUJA, Um Khalid") == []
    assert [hit.line for hit in found("<p>The spring of Auja, Ras al-Auja</p>", withheld="Auja", covers="Ras al-Auja")]


def test_who_may_be_named_may_be_named_by_every_name() -> None:
    assert found("<p>Ms. Rana Saleh</p>", people=PEOPLE, covers="Rana Saleh") == []
    assert [hit.contact for hit in found("<p>Khalid Odeh</p>", people=PEOPLE, covers="Khalid")] == [41]


def test_several_names_in_one_line_of_the_list_are_several_names() -> None:
    assert [hit.line for hit in found("<p>ليلى</p>", withheld="Khalid, Rana\n\nخالد، ليلى")] == [3]


def test_what_the_mail_leaves_out_names_nobody() -> None:
    assert found("<p title='Khalid'>x</p><!-- Khalid --><script>Khalid</script>", withheld="Khalid") == []


# --- pictures --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "covers", "hit"),
    [
        ("https://example.org/files/spring.jpg", "", True),
        ("https://example.org/files/spring.jpg", "spring.jpg", False),
        ("https://example.org/files/Spring.JPG?v=2", "Ras al-Auja, spring.jpg", False),
        ("https://example.org/files/the%20spring.jpg", "the spring.jpg", False),
        ("https://example.org/files/spring.jpg", "spring.png, files", True),
        ("https://example.org/civicrm/file?reset=1&amp;filename=spring.jpg", "spring.jpg", False),
        ("https://example.org/", "", True),
        ("data:image/png;base64,AAAA", "", False),  # the mail leaves it out
        ("/files/spring.jpg", "", False),
    ],
)
def test_a_picture_needs_consent_by_its_file_name(source: str, covers: str, hit: bool) -> None:
    told = found(f'<p>x</p><img src="{source}">', covers=covers)
    assert [(one.field, one.picture) for one in told] == [("body", 1)] * hit


def test_pictures_are_counted_and_their_words_are_read() -> None:
    body = "<img src='https://x.org/a.jpg' alt='the spring'><img src='https://x.org/b.jpg' alt='Rana Saleh'>"
    told = found(body, covers="a.jpg", people=PEOPLE)
    assert [(hit.contact, hit.picture) for hit in told] == [(42, 0), (0, 2)]


# --- what is told ----------------------------------------------------------------------------------------------------


def test_a_hit_never_tells_the_name() -> None:
    one = alert(Version("ar", "Rana Saleh", "<img src='https://x.org/rana.jpg'>", "Um Khalid"))
    consent = parse("", "Um Khalid", PEOPLE)
    told = hits(one, consent)
    assert [str(hit) for hit in told] == [
        "the subject in Arabic: contact 42, who is related to the community",
        "the ask in Arabic: line 1 of what must not be named",
        "the ask in Arabic: contact 41, who is related to the community",
        "the text in Arabic: picture 1 is not among what may be shown",
    ]
    assert not re.search("(?i)rana|khalid", f"{told!r} {consent!r}")


def test_a_hit_is_marked_where_it_stands_and_nothing_else_is_let_through() -> None:
    one = alert(replace(ENGLISH, body=f"<p>{'far ' * 40}&lt;script&gt; Um <b>Kha</b>lid &amp; more {'off ' * 40}</p>"))
    (hit,) = hits(one, parse("", "Um Khalid"))
    shown = marked(one, hit)
    assert "&lt;script&gt; <mark>Um Khalid</mark> &amp; more" in shown
    assert shown.startswith("…")
    assert shown.endswith("…")
    assert len(shown) < 220


def test_a_picture_is_marked_by_its_address() -> None:
    one = alert(replace(ENGLISH, body="<p>x</p><img src='https://x.org/a%20b.jpg?x=1&amp;y=2'>"))
    (hit,) = hits(one, parse("", ""))
    assert "<mark>https://x.org/a b.jpg?x=1&amp;y=2</mark>" in marked(one, hit)


def test_the_example_alert_names_nobody() -> None:
    one: Alert = alert()
    assert hits(one, parse("Ras al-Auja", "Auja", PEOPLE)) == []
