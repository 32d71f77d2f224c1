"""What happens to the text of a cell."""

import pytest
from hypothesis import given, settings, strategies as st

from connector.sync import cleaners
from connector.sync.cleaners import Unclean, cleaner, tidy

DIRECTION_MARKS = "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"


@pytest.mark.parametrize(
    ("text", "tidied"),
    [
        pytest.param("  Amina ", "Amina", id="blanks at the ends"),
        pytest.param("van\u00a0 der\tBerg", "van der Berg", id="blanks of every kind between"),
        pytest.param("12 Lane\r\nFlat 3", "12 Lane Flat 3", id="line breaks in a cell"),
        pytest.param("\u200fليلى\u200f", "ليلى", id="direction marks"),
        pytest.param("Zoe\u0308", "Zoë", id="letters put together from two"),
        pytest.param("می\u200cخواهم", "می\u200cخواهم", id="joiners belong to the word"),
        pytest.param('=HYPERLINK("x")', '=HYPERLINK("x")', id="a formula is only text"),
        pytest.param(" \u200e ", "", id="nothing but marks is empty"),
    ],
)
def test_every_cell_is_tidied(text, tidied) -> None:
    assert tidy(text) == tidied


@pytest.mark.parametrize(
    ("name", "text", "cleaned"),
    [
        ("trim", "Amina", "Amina"),
        ("upper", "cor06", "COR06"),
        ("lower", "Member", "member"),
        ("e-mail", "Amina.H@Example.ORG", "amina.h@example.org"),
        ("e-mail", "amina @ example.org", "amina@example.org"),
        ("e-mail", "o'neill+list@example.org", "o'neill+list@example.org"),
        ("phone", "+353 (87) 555-0101", "+353 (87) 555-0101"),
        ("country", "ie", "IE"),
        ("country", "Ireland", "Ireland"),
        ("date YYYY-MM-DD", "2026-01-31", "2026-01-31"),
        ("date DD/MM/YYYY", "31/12/2025", "2025-12-31"),
        ("date DD.MM.YYYY", "1.2.2026", "2026-02-01"),
        ("date MM/DD/YYYY", "12/31/2025", "2025-12-31"),
        ("amount", "300", "300.0"),
        ("amount", "1234.50", "1234.50"),
        ("amount", "1,234.50", "1234.50"),
        ("amount", "1.234,50", "1234.50"),
        ("amount", "1 234,5", "1234.5"),
        ("amount", "1'234.50", "1234.50"),
        ("amount", "1.234.567", "1234567.0"),
        ("amount", "١٬٢٣٤٫٥", "1234.5"),
        ("number", "12", "12"),
        ("key", "1042.0", "1042"),
        ("key", "M01-0.0", "M01-0.0"),
        ("key", "007", "007"),
        ("key", "COR06", "COR06"),
        ("key", "3E12A", "3E12A"),
        ("number", "۱۲", "12"),
        ("phone", "٠٥٩٩ ٥٥٥ ٠١٢", "0599 555 012"),
    ],
)
def test_a_cleaner_gives(name, text, cleaned) -> None:
    made = cleaner(name)
    assert made
    assert made(text) == cleaned


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("e-mail", "none yet"),
        ("e-mail", "amina@example"),
        ("e-mail", "amina@@example.org"),
        ("e-mail", "a@example.org, b@example.org"),
        ("e-mail", "Amina <amina@example.org>"),
        ("e-mail", "a..b@example.org"),
        ("e-mail", f"{'a' * 65}@example.org"),
        ("e-mail", f"a@{'x' * 260}.org"),
        ("phone", "call me"),
        ("phone", "()- ."),
        ("phone", "12"),
        ("date YYYY-MM-DD", "31/12/2025"),
        ("date YYYY-MM-DD", "2026-02-30"),
        ("date YYYY-MM-DD", "2026-01-31 or so"),
        ("date YYYY-MM-DD", "1767139200"),
        ("date DD/MM/YYYY", "12/31/2025"),
        ("date YYYY-MM-DD", "0000-01-01"),
        ("amount", "1.234"),
        ("amount", "1,234"),
        ("amount", "12,34.50"),
        ("amount", "1.234.50"),
        ("amount", "-5"),
        ("amount", "1e5"),
        ("amount", "five"),
        ("number", "12 or so"),
        ("number", "1.0"),
        ("key", "1E+05"),
        ("key", "1,04E+5"),
        ("number", "1001"),
    ],
)
def test_a_cleaner_refuses_and_does_not_repeat_the_text(name, text) -> None:
    made = cleaner(name)
    assert made
    with pytest.raises(Unclean) as refused:
        made(text)
    assert text not in str(refused.value)


@pytest.mark.parametrize("name", ["trimm", "", "date", "date YYYY-MM", "date YYYY-MM-DD-DD", "date DD"])
def test_there_is_no_cleaner_of_another_name(name) -> None:
    assert cleaner(name) is None


# --- whatever people type --------------------------------------------------------------------------------------------

letters = st.integers(0x20, 0x2FFF).map(chr) | st.sampled_from(f"aé ß@.-+()1Σ\u0301{DIRECTION_MARKS}\u00a0\u2003")
texts = st.lists(letters, max_size=30).map("".join)
addresses = st.builds("{}@{}.{}".format, *(st.text(alphabet="aBcÉİΣ.-_1 ", min_size=1, max_size=9),) * 3)
dates = st.dates().map(lambda day: day.isoformat())


@given(texts)
def test_tidying_twice_is_tidying_once_and_leaves_no_mark(text) -> None:
    once = tidy(text)
    assert tidy(once) == once
    assert not set(once) & set(DIRECTION_MARKS)
    assert once == once.strip()


@settings(max_examples=60)
@pytest.mark.parametrize("name", [*cleaners.PLAIN, "date YYYY-MM-DD"])
@given(text=texts | addresses | dates)
def test_cleaning_twice_is_cleaning_once(name, text) -> None:
    made = cleaner(name)
    assert made
    try:
        once = made(tidy(text))
    except Unclean:
        return
    assert made(once) == once


@given(addresses)
def test_an_address_comes_out_in_lower_case_without_blanks(text) -> None:
    made = cleaner("e-mail")
    assert made
    try:
        address = made(tidy(text))
    except Unclean:
        return
    assert address == address.lower()
    assert " " not in address


@given(st.dates())
def test_a_date_comes_out_as_the_day_it_is_whatever_the_order_of_its_parts(day) -> None:
    made = cleaner("date DD/MM/YYYY")
    assert made
    assert made(f"{day.day}/{day.month}/{day.year:04d}") == day.isoformat()
