"""What the connector cannot make sense of about one payment is a developer's: the worker goes on with the others."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connector.errors import PermanentError

_MISTAKES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


@contextmanager
def told() -> Iterator[None]:
    """Raises PermanentError for a shape that nobody thought of, or a mistake of ours.

    It says where, and not what: the text of such an error may quote a person.
    """
    try:
        yield
    except _MISTAKES as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__} in {Path(last.filename).name}, line {last.lineno}"
        what = f"The connector cannot make sense of what Stripe or CiviCRM hold ({where})."
        raise PermanentError(what, next_step="a developer looks at it.") from None
