"""The one family of errors, sorted by who acts next. Every message says what happened, to what, and what to do."""

from collections.abc import Sequence


class ConnectorError(Exception):
    """Base of all our errors; never raised itself.

    what: what happened and to what, by id or field name, never a person's name or address.
    next_step: who does what next, as one sentence.
    problems: further lines, for errors that list everything found at once.
    """

    def __init__(self, what: str, *, next_step: str, problems: Sequence[str] = ()) -> None:
        super().__init__(what)
        self.what = what
        self.next_step = next_step
        self.problems = tuple(problems)

    def __str__(self) -> str:
        listed = "".join(f"\n  - {problem}" for problem in self.problems)
        return f"{self.what}{listed}\n  Next: {self.next_step}"


class UserError(ConnectorError):
    """A person has to change something: a file, a setting, a permission."""


class TransientError(ConnectorError):
    """The machine may try again: the request was not carried out."""


class UnknownOutcome(TransientError):
    """A write may or may not have been carried out: look before repeating it."""


class AlreadyExists(UnknownOutcome):
    """CiviCRM holds a row with this unique key already: look at it, then decide again."""


class PermanentError(ConnectorError):
    """Trying again cannot help: a developer or the site's administrator has to look."""
