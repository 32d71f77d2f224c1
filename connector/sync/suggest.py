"""Drafts a mapping for a roster that has none, from its headings and from how its cells look. Pure.

No cell of a person ends in the draft: only headings, and the words of columns that hold few different ones.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from connector.sync import cleaners
from connector.sync.cleaners import Unclean
from connector.sync.roster import Roster

# How headings name each field, in small letters without signs: English, German, French, Spanish, Arabic.
KNOWN: dict[str, str] = {
    "number": (
        "memberno membernumber membershipnumber no id number mitgliedsnummer nr numero numéro "
        "número رقم رقمالعضو رقمالعضوية"
    ),
    "first_name": "firstname givenname forename vorname prénom nombre الاسم الاسمالأول",
    "last_name": (
        "lastname surname familyname nachname familienname nomdefamille nom apellido apellidos اسمالعائلة العائلة"
    ),
    "email_primary.email": "email emailaddress mail courriel correo البريدالإلكتروني بريد",
    "phone_primary.phone": (
        "phone mobile mobilephone cell cellphone telephone telefon handy mobil téléphone "
        "teléfono móvil الهاتف الجوال رقمالهاتف"
    ),
    "address_primary.street_address": (
        "street address streetaddress straße strasse adresse rue calle dirección العنوان الشارع"
    ),
    "address_primary.city": "city town ort stadt wohnort ville ciudad المدينة",
    "address_primary.postal_code": "postcode postalcode zip zipcode plz codepostal códigopostal الرمزالبريدي",
    "address_primary.country_id:name": "country land pays país الدولة البلد",
    "preferred_language": "language sprache langue idioma اللغة",
    "chapter": "chapter chaptercode group gruppe groupe grupo ortsgruppe المجموعة الفرع",
    "role": "role rolle rôle rol function funktion الدور",
    "Solidarity_Member.Joined_On": (
        "joined joinedon membersince datejoined beitritt beigetreten eintritt adhésion alta تاريخالانضمام"
    ),
}
CLEANED = {
    "email_primary.email": "e-mail",
    "phone_primary.phone": "phone",
    "address_primary.country_id:name": "country",
}
LANGUAGES = {
    **dict.fromkeys(("en", "english", "englisch", "anglais", "inglés"), "en_US"),
    **dict.fromkeys(("ar", "arabic", "arabisch", "arabe", "árabe", "العربية"), "ar_EG"),
    **dict.fromkeys(("de", "german", "deutsch", "allemand", "alemán"), "de_DE"),
    **dict.fromkeys(("fr", "french", "französisch", "français", "francés"), "fr_FR"),
    **dict.fromkeys(("es", "spanish", "spanisch", "espagnol", "español"), "es_ES"),
}
ROLES = {
    **dict.fromkeys(("member", "mitglied", "membre", "miembro", "عضو"), "Chapter_Member"),
    **dict.fromkeys(("coordinator", "koordination", "coordinateur", "coordinadora", "منسق"), "Chapter_Coordinator"),
}
MOST_CHOICES = 12  # a column with more different words is no list of choices
DATES = ("YYYY-MM-DD", "DD.MM.YYYY", "DD/MM/YYYY", "MM/DD/YYYY")


@dataclass(frozen=True, slots=True)
class _Column:
    """One column: its heading, and its cells that are not empty."""

    heading: str
    cells: Sequence[str]
    full: bool  # no cell is empty

    @property
    def tells_rows_apart(self) -> bool:
        return bool(self.cells) and self.full and len({cell.casefold() for cell in self.cells}) == len(self.cells)


def draft(roster: Roster, name: str) -> str:
    """The text of a mapping file for this roster. name: of the file, for the line `about`."""
    columns = [_column(roster, heading) for heading in roster.headings if heading]
    found, left = _assigned(columns)
    return "\n".join([*_top(found, name), *_fields(found), *_below(found), *_left(left, found)]) + "\n"


def _column(roster: Roster, heading: str) -> _Column:
    cells = [row.cells.get(heading, "") for row in roster.rows]
    return _Column(heading, [cell for cell in cells if cell], full=all(cells))


def _assigned(columns: Sequence[_Column]) -> tuple[dict[str, _Column], list[_Column]]:
    """Field → the column that holds it, and the columns that nobody recognises."""
    found: dict[str, _Column] = {}
    left = []
    for column in columns:
        field = _field(column.heading)
        if field and field not in found:
            found[field] = column
        else:
            left.append(column)
    return found, left


def _field(heading: str) -> str | None:
    word = re.sub(r"[\W_]", "", heading.casefold())
    names = {known: field for field, words in KNOWN.items() for known in words.split()}
    if word in names:
        return names[word]
    close = get_close_matches(word, [known for known in names if len(known) > 4], n=1, cutoff=0.85)
    return names[close[0]] if close else None


def _top(found: dict[str, _Column], name: str) -> Iterator[str]:
    """The lines above [fields]."""
    number, email = found.get("number"), found.get("email_primary.email")
    yield "# A draft: read every line, then run `solidarity mapping check`. docs/mappings.md explains each word."
    yield f"about = {_text(f'Roster {name}')}"
    yield 'entity = "Individual"'
    if number and number.tells_rows_apart:
        yield f"key = [{_text(number.heading)}]"
        match, alike = [["external_identifier"], ["email_primary.email", "last_name"]], []
    else:
        if number:
            yield f"# {_text(number.heading)} is empty or the same in several rows, so it cannot be the key"
        yield f"key = [{_text(email.heading if email else 'WHICH COLUMN SAYS WHO A ROW IS?')}]"
        match = [["email_primary.email", "last_name", "first_name"]]
        alike = [["email_primary.email"], ["last_name", "first_name"]]
    if "chapter" in found:
        yield f"scope = {_text(found['chapter'].heading)}"
    fields = set(found) | ({"external_identifier"} if number and number.tells_rows_apart else set())
    yield f"match = {json.dumps([rule for rule in match if fields.issuperset(rule)])}"
    if alike := [rule for rule in alike if fields.issuperset(rule)]:
        yield f"look_alike = {json.dumps(alike)}"
    yield 'wins = "civicrm"   # or "roster", or "ask": who is right when both sides changed'


def _fields(found: dict[str, _Column]) -> Iterator[str]:
    yield "\n[fields]"
    number = found.get("number")
    if number and number.tells_rows_apart:
        yield f'external_identifier = {{ column = {_text(number.heading)}, clean = ["key"], required = true }}'
    for field, column in found.items():
        if field in ("number", "chapter", "role"):
            continue
        if field == "preferred_language":
            how = f"choices = {_choices(column, LANGUAGES)}"
        elif field == "Solidarity_Member.Joined_On":
            fits = [pattern for pattern in DATES if _reads(f"date {pattern}", column)]
            if len(fits) != 1:
                yield f"# Nobody can tell how these days are written; it could be {' or '.join(fits or DATES)}:"
            how = f'clean = ["date {(fits or DATES)[0]}"]'
        else:
            how = f'clean = ["{CLEANED.get(field, "trim")}"]'
        required = ", required = true" if field == "last_name" else ""
        quoted = field if re.fullmatch(r"\w+", field) else _text(field)
        yield f"{quoted} = {{ column = {_text(column.heading)}, {how}{required} }}"


def _choices(column: _Column, words: dict[str, str]) -> str:
    """What each cell of a column means, where its word is known; `?` where a person has to say it."""
    cells = sorted({cell.casefold() for cell in column.cells})
    if len(cells) > MOST_CHOICES:
        cells = sorted(words)
    return "{ " + ", ".join(f"{_text(cell)} = {_text(words.get(cell, '?'))}" for cell in cells) + " }"


def _reads(name: str, column: _Column) -> bool:
    """True when this cleaner reads every cell."""
    clean = cleaners.cleaner(name)
    try:
        return bool(clean and [clean(cell) for cell in column.cells])
    except Unclean:
        return False


def _below(found: dict[str, _Column]) -> Iterator[str]:
    if "chapter" not in found:
        return
    code = found["chapter"].heading
    yield "\n[group]"
    yield f"name = {_text(f'chapter_{{{code}}}')}"
    yield 'default = "members_at_large"'
    yield 'network = "solidarity_network"'
    yield "\n[[relationship]]"
    if "role" in found:
        role = found["role"]
        yield f"type = {{ column = {_text(role.heading)}, choices = {_choices(role, ROLES)} }}"
    else:
        yield 'type = { always = "Chapter_Member" }'
    yield f"to = {{ column = {_text(code)} }}"


def _left(left: Sequence[_Column], found: dict[str, _Column]) -> Iterator[str]:
    if left:
        yield "\n# Columns that are not taken: " + ", ".join(_text(column.heading) for column in left)
    if "last_name" not in found:
        yield "# Nobody found the column with the last name: add last_name under [fields]."


def _text(text: str) -> str:
    """A TOML string: JSON's are a part of them."""
    return json.dumps(text, ensure_ascii=False)
