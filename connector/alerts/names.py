"""Finds names in text however they are written there: for the consent of communities. Pure.

Compared are letters only: without case, accents, Arabic vowel signs and tatweel, hamza on its carriers, characters
that nobody sees. Whole words only: "Ali" is not found in "Aliens", but "Ras al-Auja" is in "RAS AL AUJA" and خالد in
وخالد, because Arabic writes "and", "for" and "in" together with the word.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

Span = tuple[int, int]

# Left out: marks above and below letters, characters without a shape, and letters that only modify (tatweel, ʿ, ʾ).
_LEFT_OUT = frozenset(("Mn", "Me", "Cf", "Lm"))
# What Unicode does not take apart. Both ends of an Arabic word are written either way in the same town.
_SAME = str.maketrans({"ٱ": "ا", "ة": "ه", "ی": "ي", "ک": "ك", "ø": "o", "ł": "l", "đ": "d", "ı": "i", "_": " "})
# Signs inside a word, also a hyphen at the end of a line; and what may stand, or not, between two words of a name.
_INSIDE, _BETWEEN = r"(?:[^\w\s]*|-\s*\n\s*)", r"\W*"
# And, then, with, for, like; the article; and both.
_PREFIX = "(?:[وفبلك]{1,2})?(?:ال|ل)?"


@dataclass(frozen=True, slots=True)
class Folded:
    """A text as it is compared, and from which character of the text each of its characters comes."""

    text: str
    origin: tuple[int, ...]

    def spans(self, pattern: re.Pattern[str]) -> Iterator[Span]:
        """Where in the text, as it was written, a name stands."""
        for found in pattern.finditer(self.text):
            yield self.origin[found.start()], self.origin[found.end() - 1] + 1


def fold(text: str) -> Folded:
    """The text as it is compared."""
    pairs = [(one, place) for place, written in enumerate(text) for one in _folded(written)]
    return Folded("".join(one for one, _ in pairs), tuple(place for _, place in pairs))


def words(name: str) -> tuple[str, ...]:
    """The words of a name as they are compared."""
    return tuple(re.findall(r"\w+", fold(name).text))


def pattern(name: str) -> re.Pattern[str] | None:
    """What finds a name in a folded text; None for what is too short to be one."""
    found = words(name)
    if sum(map(len, found)) < 2:
        return None
    joined = _BETWEEN.join(_word(one, several=len(found) > 1) for one in found)
    return re.compile(rf"(?<!\w){joined}(?!\w)")


def _folded(written: str) -> str:
    apart = unicodedata.normalize("NFKD", written.casefold()).translate(_SAME)
    return "".join(one for one in apart if unicodedata.category(one) not in _LEFT_OUT)


def _word(word: str, *, several: bool) -> str:
    """One word of a name. several: it is one of several, so that a likeness of one letter cannot mean another word."""
    arabic = "\u0621" <= word[0] <= "\u064a"
    if arabic and word.startswith("ال") and len(word) > 4:
        word = word.removeprefix("ال")
    letters = [_letter(one, several=several) for one in word]
    if word.startswith("عبد") and len(word) > 3:  # written in one word or in two
        letters[2] += _BETWEEN
    return (_PREFIX if arabic else "") + _INSIDE.join(letters)


def _letter(letter: str, *, several: bool) -> str:
    """A letter. علي (Ali) and على (on) are told apart where nothing else tells them apart."""
    return "[يى]" if several and letter in "يى" else re.escape(letter)
