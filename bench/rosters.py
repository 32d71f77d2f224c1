"""The rosters of the benchmark: made-up chapters, and made-up members of them."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

CHAPTERS = 40
STREET, CITY, POSTCODE, JOINED = "1 Example Street", "Cork", "EX1", "2026-01-31"
CHAPTER_HEADINGS = (
    *("Chapter Code", "Chapter Name", "Kind", "Community", "City", "Country", "Started", "Coordinator No", "Status"),
)
MEMBER_HEADINGS = (
    *("Member No", "First name", "Last name", "Email", "Mobile", "Street", "City", "Postcode"),
    *("Country", "Language", "Chapter Code", "Role", "Joined"),
)


@dataclass(frozen=True, slots=True)
class People:
    """So many made-up people in chapters of their own. All their names begin with `run`: no two runs share a person."""

    run: str
    count: int

    def number(self, one: int) -> str:
        """The member number, which is the contact's external identifier."""
        return f"{self.run}-{one:05d}"

    def email(self, one: int) -> str:
        """The e-mail address."""
        return f"{self.number(one)}@example.org"

    def name(self, one: int) -> tuple[str, str]:
        """First and last name."""
        return ("Amina", "Bea", "Chris", "Dana")[one % 4], f"Haddad {one}"

    def contact(self, one: int) -> dict[str, str]:
        """The contact as the connector makes it of the roster, without e-mail, phone and address."""
        first, last = self.name(one)
        return {
            "external_identifier": self.number(one),
            "first_name": first,
            "last_name": last,
            "preferred_language": "en_US",
            "Solidarity_Member.Joined_On": JOINED,
        }

    def joined(self, one: int) -> dict[str, str]:
        """E-mail, phone and address, as fields of the contact."""
        address = {"street_address": STREET, "city": CITY, "postal_code": POSTCODE, "country_id:name": "IE"}
        return {
            "email_primary.email": self.email(one),
            "phone_primary.phone": phone(one),
            **{f"address_primary.{name}": value for name, value in address.items()},
        }

    def chapter(self, one: int) -> str:
        """The code of the chapter."""
        return self.chapters[one % CHAPTERS]

    @property
    def chapters(self) -> tuple[str, ...]:
        """The codes of all chapters."""
        return tuple(f"{self.run}.{number:02d}" for number in range(CHAPTERS))


def phone(one: int, changed: bool = False) -> str:
    """The phone number."""
    return f"+353 87 {'999' if changed else '555'} {one:05d}"


def write_chapters(path: Path, people: People) -> None:
    """Write the roster of these people's chapters."""
    rows = (
        (code, f"Bench chapter {code}", "community", "Ras al-Auja", CITY, "IE", "2025-08-21", "", "Active")
        for code in people.chapters
    )
    _write(path, CHAPTER_HEADINGS, rows)


def write_members(path: Path, people: People, changed: Iterable[int] = ()) -> None:
    """Write a members' roster. changed: who has another phone number than at first."""
    other = frozenset(changed)
    _write(path, MEMBER_HEADINGS, (_member(people, one, one in other) for one in range(people.count)))


def _member(people: People, one: int, changed: bool) -> Sequence[str]:
    cells = (people.number(one), *people.name(one), people.email(one), phone(one, changed), STREET, CITY, POSTCODE)
    return (*cells, "IE", "en", people.chapter(one), "member", JOINED)


def _write(path: Path, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(headings)
        out.writerows(rows)
