"""Who may be mailed an alert, by all that was wished and decided so far: mails of any order are held against it."""

from dataclasses import dataclass, field

WITHHELD = "Abu Khalid"  # what a community does not want named


@dataclass
class Told:
    """What was decided and wished so far, and so who may be mailed. Contacts and alerts by their numbers."""

    gone: set[int] = field(default_factory=set)
    # CiviMail does not look at groups after a submission, but the worker does each minute; so long they may be mailed.
    leaving: set[int] = field(default_factory=set)
    may_be_in: dict[int, set[str]] = field(default_factory=dict)  # of those who left or opted out
    audience: dict[int, set[int]] = field(default_factory=dict)  # of an alert, when the worker looked last
    approved: dict[int, tuple[str, int]] = field(default_factory=dict)  # alert → its text, how many were typed
    is_withheld: bool = False  # when the worker looked last
    got: dict[int, list[int]] = field(default_factory=dict)  # alert → who got it

    def mailed(self, alert: int, contact: int, text: str) -> None:
        """One mail more has come."""
        assert alert in self.approved
        said, number = self.approved[alert]
        assert contact not in self.gone
        assert contact in self.audience[alert]
        assert contact not in self.got.setdefault(alert, [])
        self.got[alert].append(contact)
        assert len(self.got[alert]) <= number
        assert said in text
        assert not (self.is_withheld and WITHHELD in text)
