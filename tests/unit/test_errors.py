"""Every error says what happened and who does what next."""

import pytest

from connector import errors
from connector.errors import (
    AlreadyExists,
    ConnectorError,
    PermanentError,
    TransientError,
    UnknownOutcome,
    UserError,
)

FAMILY = [UserError, TransientError, UnknownOutcome, AlreadyExists, PermanentError]


def test_this_is_the_whole_family() -> None:
    found = {one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, Exception)}
    assert found == {ConnectorError, *FAMILY}


@pytest.mark.parametrize("kind", FAMILY)
def test_a_message_says_what_happened_each_problem_and_what_to_do(kind) -> None:
    error = kind("The roster is empty.", problems=["line 1", "line 2"], next_step="hand it in again.")
    assert str(error).splitlines() == [
        "The roster is empty.",
        "  - line 1",
        "  - line 2",
        "  Next: hand it in again.",
    ]


@pytest.mark.parametrize("kind", FAMILY)
def test_there_is_no_error_without_a_next_step(kind) -> None:
    with pytest.raises(TypeError):
        kind("The roster is empty.")


@pytest.mark.parametrize(
    ("kind", "kinds"),
    [
        (UnknownOutcome, {TransientError}),
        (AlreadyExists, {TransientError, UnknownOutcome}),
        (UserError, set()),
        (PermanentError, set()),
    ],
)
def test_who_acts_next_is_told_by_the_kind(kind, kinds) -> None:
    assert {other for other in FAMILY if other is not kind and issubclass(kind, other)} == kinds
