"""How text from a spreadsheet is tidied: one small function a cleaner, named in mappings under `clean`.

A cleaner takes tidied text that is not empty and returns the cleaned text, or raises Unclean saying what is wrong.
Its message never repeats the text: it may end in a log.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date


class Unclean(ValueError):
    """The text cannot be read as what the mapping says it is."""


# Marks that only steer the direction of writing; spreadsheets pick them up from web pages. Joiners are kept: names
# in Persian and emoji need them.
_DIRECTION_MARKS = dict.fromkeys([0x200E, 0x200F, 0x061C, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
# Arabic and Persian digits and signs, as 0-9 . and , to software that knows only those
_DIGITS = {
    **{start + digit: str(digit) for start in (0x0660, 0x06F0) for digit in range(10)},
    0x066B: ".",
    0x066C: ",",
}
_PLACES = {"YYYY": r"(?P<year>\d{4})", "MM": r"(?P<month>\d{1,2})", "DD": r"(?P<day>\d{1,2})"}

_E_MAIL = re.compile(r"[^@\s,;:<>()\[\]\\\"]{1,64}@[^@\s,;:<>()\[\]\\\"]+\.[^@\s.,;:<>()\[\]\\\"]{2,}")
_PHONE = re.compile(r"[+(]?[\d\s().\-/]{4,30}")
_SHORTENED = re.compile(r"\d([.,]\d+)?E\+?\d+", re.IGNORECASE)
_AMOUNT = re.compile(
    r"(?P<whole>\d{1,9}|\d{1,3}(?P<sign>[.,])\d{3}(?:(?P=sign)\d{3})*)(?:(?!(?P=sign))[.,](?P<cents>\d{1,2}))?"
)


def tidy(text: str) -> str:
    """What every cell goes through: composed letters, no direction marks, single blanks, none at the ends."""
    if not text.isascii():  # most cells are, and have nothing to be composed or taken away
        text = unicodedata.normalize("NFC", text.translate(_DIRECTION_MARKS))
    return " ".join(text.split())


def trim(text: str) -> str:
    """Nothing but the tidying that every cell gets; written in mappings to say so."""
    return text


def e_mail(text: str) -> str:
    """An e-mail address in lower case. CiviCRM itself would store anything."""
    found = text.replace(" ", "").lower()
    # RFC 5321 4.5.3.1: 64 octets before the @, 254 in all; the rest only catches what cannot be an address
    if not _E_MAIL.fullmatch(found):
        raise Unclean("is not an e-mail address")
    if len(found) > 254 or ".." in found:
        raise Unclean("is not an e-mail address")
    return found


def phone(text: str) -> str:
    """A phone number: digits, blanks and + ( ) - . / as typed."""
    text = text.translate(_DIGITS)
    if not _PHONE.fullmatch(text) or len(re.findall(r"\d", text)) < 4:
        raise Unclean("is not a phone number")
    return text


def country(text: str) -> str:
    """A country: its ISO code in capitals; names are left for the site's own list."""
    return text.upper() if len(text) == 2 else text


def date_in(pattern: str) -> Callable[[str], str]:
    """A cleaner for dates written as `pattern` (YYYY, MM, DD and what stands between), giving YYYY-MM-DD."""
    shape = re.escape(pattern)
    for word, group in _PLACES.items():
        shape = shape.replace(word, group, 1)
    reader = re.compile(shape)

    def read_date(text: str) -> str:
        found = reader.fullmatch(text)
        try:
            if found:
                return date(int(found["year"]), int(found["month"]), int(found["day"])).isoformat()
        except ValueError:
            pass
        raise Unclean(f"is not a date written as {pattern}")

    return read_date


def amount(text: str) -> str:
    """An amount of money: `.` or `,` before one or two decimals; between thousands the other sign, blanks or `'`.

    `1.234` could be either, and is refused. CiviCRM itself would cut `1,234.50` at the comma.
    """
    found = _AMOUNT.fullmatch(re.sub(r"[ '\u2019]", "", text.translate(_DIGITS)))
    if not found or (found["sign"] and found["cents"] is None and found["whole"].count(found["sign"]) == 1):
        raise Unclean("is not an amount; write it like 1234.50")
    return f"{re.sub('[.,]', '', found['whole'])}.{found['cents'] or '0'}"


def number(text: str) -> str:
    """A whole number from 1 to 1000, in digits."""
    found = text.translate(_DIGITS)
    if not re.fullmatch(r"[1-9]\d{0,2}|1000", found):
        raise Unclean("is not a whole number from 1 to 1000")
    return found


def key(text: str) -> str:
    """A number or code that says who a row is. What a spreadsheet program did to it is undone, or refused."""
    if _SHORTENED.fullmatch(text):
        raise Unclean("looks like a number that the spreadsheet program shortened; format its column as text")
    return re.sub(r"(?<=\d)\.0+$", "", text) if "." in text and re.fullmatch(r"[\d.]+", text) else text


PLAIN: dict[str, Callable[[str], str]] = {
    "trim": trim,
    "upper": str.upper,
    "lower": str.lower,
    "e-mail": e_mail,
    "phone": phone,
    "country": country,
    "key": key,
    "amount": amount,
    "number": number,
}
KNOWN = (*PLAIN, "date YYYY-MM-DD")


def cleaner(name: str) -> Callable[[str], str] | None:
    """The cleaner of this name, or None. `date …` takes its pattern from the name."""
    word, _, pattern = name.partition(" ")
    if word == "date" and all(pattern.count(place) == 1 for place in _PLACES):
        return date_in(pattern)
    return PLAIN.get(name)
