"""Rosters as coordinators keep them, written and changed by tests."""

from pathlib import Path


class RosterFile:
    """A members' roster as a coordinator keeps it."""

    HEADINGS = (
        "Member No,First name,Last name,Email,Mobile,Street,City,Postcode,Country,Language,Chapter Code,Role,Joined"
    )

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, *rows: dict[str, str]) -> Path:
        headings = self.HEADINGS.split(",")
        lines = [",".join(row.get(heading, "") for heading in headings) for row in rows]
        self.path.write_text("\n".join([self.HEADINGS, *lines]) + "\n", encoding="utf-8")
        return self.path


def member(number: int, **cells: str) -> dict[str, str]:
    """An invented member's row; cells are named by their headings."""
    row = {
        "Member No": f"M{number:05d}",
        "First name": "Amina",
        "Last name": f"Haddad{number}",
        "Email": f"m{number}@example.org",
        "Mobile": f"+353 87 555 {number:04d}",
        "City": "Cork",
        "Country": "IE",
        "Language": "en",
        "Chapter Code": "COR06",
        "Role": "member",
        "Joined": "2026-01-31",
    }
    return row | {heading.replace("_", " "): cell for heading, cell in cells.items()}
