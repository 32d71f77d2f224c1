"""What a community agreed may be said of it: a name, a place or a picture without its consent stops an alert.

The community's own record in CiviCRM says what may be named and what must not, and whoever is related to it there
counts as named in the second list. Deciding is pure. A hit says where it is, never the name: reports are seen by many.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape, unescape
from urllib.parse import parse_qs, unquote, urlsplit

from connector.alerts import cleaning
from connector.alerts.activities import Alert
from connector.alerts.names import Folded, Span, fold, pattern, words
from connector.civicrm.answers import Row
from connector.civicrm.client import Call, CiviClient
from connector.errors import UserError

FACTS = "Partner_Community"
# What a field of an alert is called for staff.
FIELDS: Mapping[str, str] = {
    "subject": "the subject",
    "body": "the text",
    "ask": "the ask",
    "place": "where it happened",
    "happened": "when it happened",
    "words": "the words for members",
    "ask_link": "the link",
}
_LANGUAGES = {"en": "English", "ar": "Arabic", "de": "German", "fr": "French", "es": "Spanish"}
AROUND = 60  # characters that are shown on each side of a hit
_IMAGE = re.compile(r"<img[^>]*>")
_BLOCKS = re.compile(r"<br>|</?(?:p|li|ul|ol|h[2-4]|blockquote)>")


@dataclass(frozen=True, slots=True)
class Consent:
    """What a community agreed to. Its words stand in no log: they are not shown with it.

    covers: what may be named or shown. withheld: (line of the list, what must not be named). people: (contact id, a
    name that the contact goes by), several for most.
    """

    covers: frozenset[str] = field(repr=False)
    withheld: tuple[tuple[int, str], ...] = field(repr=False)
    people: tuple[tuple[int, str], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that an alert says without consent.

    field: of the alert, as in FIELDS; language: of the version, empty for what all have in common. span: where in the
    field as it is read, for `marked`. One of these says what it is: contact, the person; line, of the list of what must
    not be named; picture, the how manieth of the text.
    """

    field: str
    language: str
    span: Span
    contact: int = 0
    line: int = 0
    picture: int = 0

    def __str__(self) -> str:
        """The hit in words for staff, without the name."""
        where = FIELDS[self.field] + (f" in {_LANGUAGES.get(self.language, self.language)}" if self.language else "")
        if self.picture:
            return f"{where}: picture {self.picture} is not among what may be shown"
        if self.line:
            return f"{where}: line {self.line} of what must not be named"
        return f"{where}: contact {self.contact}, who is related to the community"


def read(client: CiviClient, community: str) -> Consent:
    """What a community agreed to, in one request. Raises UserError when CiviCRM has no such community."""
    return of(client.multi(calls(community)))


def of(found: Mapping[str, Sequence[Row]]) -> Consent:
    """What a community agreed to, by the answers to `calls`. Raises UserError when CiviCRM has no such community."""
    if not found["community"]:
        raise UserError(
            "CiviCRM has no record of the community that the alert is about, so nobody knows what it agreed to.",
            next_step="`solidarity setup apply` makes it; look for it in the trash first.",
        )
    facts = found["community"][0]
    people = [side for row in found["related"] for side in _sides(row, int(facts["id"]))]
    return parse(facts[f"{FACTS}.Consent_Covers"], facts[f"{FACTS}.Consent_Withheld"], people)


def parse(covers: str | None, withheld: str | None, people: Iterable[tuple[int, str]] = ()) -> Consent:
    """The two lists as staff keep them: the first with commas, the second one a line."""
    lines = enumerate((withheld or "").splitlines(), start=1)
    return Consent(
        covers=frozenset(_listed(re.sub(r"\s*\n\s*", ",", covers or ""))),
        withheld=tuple((number, one) for number, line in lines for one in _listed(line)),
        people=tuple(dict.fromkeys((contact, name) for contact, name in people if name)),
    )


def hits(alert: Alert, consent: Consent) -> list[Hit]:
    """Everything that an alert says without consent, once for each field and person, line or picture. Pure."""
    covered, wanted = list(map(words, sorted(consent.covers))), list(_wanted(consent))
    found: dict[tuple[str, str, int, int, int], Hit] = {}
    for name, language, said in _fields(alert):
        text = fold(said)
        free = [span for one in covered for span in _spans(text, one)]
        for contact, line, one in wanted:
            if span := _first(_spans(text, one), free):
                found.setdefault((name, language, contact, line, 0), Hit(name, language, span, contact, line))
    for hit in _pictures(alert, consent):
        found[hit.field, hit.language, 0, 0, hit.picture] = hit
    return list(found.values())


def marked(alert: Alert, hit: Hit) -> str:
    """The words around a hit as HTML with the hit marked, for the alert's own report and nowhere else."""
    said = next(text for name, language, text in _fields(alert) if (name, language) == (hit.field, hit.language))
    begin, end = hit.span
    before, after = said[max(0, begin - AROUND) : begin], said[end : end + AROUND]
    dots = ("…" if begin > AROUND else "", "…" if len(said) > end + AROUND else "")
    return f"{dots[0]}{escape(before)}<mark>{escape(said[begin:end])}</mark>{escape(after)}{dots[1]}"


def calls(community: str) -> dict[str, Call]:
    """The questions about a community, by its code.

    A relationship that ended and is not switched off counts, too: one name too many is better than one too few.
    """
    number = f"community:{community}"
    names = ("contact_type", "display_name", "first_name", "middle_name", "last_name", "nick_name")
    sides = ("contact_id_a", "contact_id_b")
    either = ["OR", [[f"{side}.external_identifier", "=", number] for side in sides]]
    select = [*sides, *(f"{side}.{name}" for side in sides for name in names)]
    facts = ["id", f"{FACTS}.Consent_Covers", f"{FACTS}.Consent_Withheld"]
    return {
        "community": ("Organization", "get", {"select": facts, "where": [["external_identifier", "=", number]]}),
        "related": ("Relationship", "get", {"select": select, "where": [["is_active", "=", True], either]}),
    }


def _sides(row: Row, community: int) -> Iterator[tuple[int, str]]:
    """The names of the person at the other end of a relationship: none that is a first name only.

    A first name alone says little, and would stop every second alert; where it says much, it is listed as withheld.
    """
    for side in ("contact_id_a", "contact_id_b"):
        if int(row[side]) == community or row[f"{side}.contact_type"] != "Individual":
            continue
        first, middle, last = (str(row[f"{side}.{name}_name"] or "").strip() for name in ("first", "middle", "last"))
        yield int(row[side]), str(row[f"{side}.display_name"] or "").strip()
        if first and last:
            yield int(row[side]), f"{first} {last}"
            yield int(row[side]), f"{last} {first}"
            if middle:
                yield int(row[side]), f"{first} {middle} {last}"
        nick = str(row[f"{side}.nick_name"] or "").strip()
        if len(nick.split()) > 1:  # Um Khalid
            yield int(row[side]), nick


def _listed(text: str) -> Iterator[str]:
    return (one.strip() for one in re.split(r"[,،;؛]", text) if one.strip())


def _wanted(consent: Consent) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """(contact, line, the words of the name). Whoever may be named by one name may be named by all of them."""
    covers = set(map(words, consent.covers))
    people = [(contact, words(name)) for contact, name in consent.people]
    agreed = {contact for contact, name in people if name in covers}
    yield from ((0, line, words(name)) for line, name in consent.withheld)
    yield from ((contact, 0, name) for contact, name in people if contact not in agreed)


def _spans(text: Folded, name: tuple[str, ...]) -> list[Span]:
    made = pattern(name) if text.may_hold(name) else None
    return list(text.spans(made)) if made else []


def _first(spans: Sequence[Span], free: Sequence[Span]) -> Span | None:
    """The first place of a name that is not inside something that may be named."""
    return next((one for one in spans if not any(a <= one[0] and one[1] <= b for a, b in free)), None)


def _fields(alert: Alert) -> Iterator[tuple[str, str, str]]:
    """(field, language, what is read there), with where links lead and what pictures are called."""
    for version in alert.versions:
        yield "subject", version.language, version.subject
        yield "body", version.language, _read(version.body)
        yield "ask", version.language, unescape(version.ask)
    yield "place", "", unescape(alert.place)
    yield "happened", "", unescape(alert.happened)
    yield "words", "", unescape(alert.words)
    yield "ask_link", "", unquote(alert.ask_link)


def _read(body: str) -> str:
    """The body as its readers see it, as cleaned: what is left out of the mail names nobody."""
    html = cleaning.clean(body)
    links = [unquote(one) for one in re.findall(r' (?:href|src|alt)="([^"]*)"', html)]
    text = re.sub(r"<[^>]*>", "", _BLOCKS.sub("\n", html))
    return unescape("\n".join([text, *links])).strip()


def _pictures(alert: Alert, consent: Consent) -> Iterator[Hit]:
    covers = {fold(one).text for one in consent.covers}
    for version in alert.versions:
        for number, image in enumerate(_IMAGE.findall(cleaning.clean(version.body)), start=1):
            source = re.search(r' src="([^"]*)"', image)
            address = unescape(source[1]) if source else ""
            if fold(_file_name(address)).text not in covers:
                begin = max(0, _read(version.body).find(unquote(address)))
                yield Hit("body", version.language, (begin, begin + len(unquote(address))), picture=number)


def _file_name(address: str) -> str:
    """What a picture is called: the end of its path, or what its query says (CiviCRM serves files so)."""
    parts = urlsplit(address)
    named = parse_qs(parts.query).get("filename") or parse_qs(parts.query).get("photo")
    return unquote(named[0] if named else parts.path.rpartition("/")[2])
