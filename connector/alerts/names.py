"""Finds names in text however they are written there: for the consent of communities. Pure.

Compared are letters only: without case, accents, Arabic vowel signs and tatweel, hamza on its carriers, characters
that nobody sees. Whole words only: "Ali" is not found in "Aliens", but "Ras al-Auja" is in "RAS AL AUJA" and خالد in
وخالد, because Arabic writes "and", "for" and "in" together with the word.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

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
    """A text as it is compared, and from which character of the text each of its characters comes.

    letters: nothing but its letters, in which a name is looked for first: most are nowhere, and that is quick to see.
    """

    text: str
    origin: tuple[int, ...]
    letters: str

    def may_hold(self, name: tuple[str, ...]) -> bool:
        """Whether all the words of a name could be somewhere in it."""
        return all(_core(word).replace("ى", "ي") in self.letters for word in name)

    def spans(self, pattern: re.Pattern[str]) -> Iterator[Span]:
        """Where in the text, as it was written, a name stands."""
        for found in pattern.finditer(self.text):
            yield self.origin[found.start()], self.origin[found.end() - 1] + 1


def fold(text: str) -> Folded:
    """The text as it is compared."""
    pairs = [(one, place) for place, written in enumerate(text) for one in _folded(written)]
    folded = "".join(one for one, _ in pairs)
    return Folded(folded, tuple(place for _, place in pairs), re.sub(r"\W", "", folded).replace("ى", "ي"))


def words(name: str) -> tuple[str, ...]:
    """The words of a name as they are compared."""
    return tuple(re.findall(r"\w+", fold(name).text))


@lru_cache(maxsize=1000)
def pattern(name: tuple[str, ...]) -> re.Pattern[str] | None:
    """What finds a name in a folded text; None for what is too short to be one. name: its words."""
    if sum(map(len, name)) < 2:
        return None
    joined = _BETWEEN.join(_word(one, several=len(name) > 1) for one in name)
    return re.compile(rf"(?<!\w){joined}(?!\w)")


def _folded(written: str) -> str:
    apart = unicodedata.normalize("NFKD", written.casefold()).translate(_SAME)
    return "".join(one for one in apart if unicodedata.category(one) not in _LEFT_OUT)


def _word(word: str, *, several: bool) -> str:
    """One word of a name. several: it is one of several, so that a likeness of one letter cannot mean another word."""
    arabic, word = "\u0621" <= word[0] <= "\u064a", _core(word)
    letters = [_letter(one, several=several) for one in word]
    if word.startswith("عبد") and len(word) > 3:  # written in one word or in two
        letters[2] += _BETWEEN
    return (_PREFIX if arabic else "") + _INSIDE.join(letters)


def _core(word: str) -> str:
    """A word without the article."""
    return word.removeprefix("ال") if len(word) > 4 else word


def _letter(letter: str, *, several: bool) -> str:
    """A letter. علي (Ali) and على (on) are told apart where nothing else tells them apart."""
    return "[يى]" if several and letter in "يى" else re.escape(letter)
