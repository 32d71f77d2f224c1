"""The ways in which CiviCRM says no; http.py turns each into the status, type and text of the real one.

Deep code only raises; it never knows whether the answer will be JSON, HTML or hidden from this caller.
"""


class ApiError(Exception):
    """The API refuses: JSON with `error_message`."""

    status = 500

    def __init__(self, message: str, *, is_shown: bool = False) -> None:
        super().__init__(message)
        self.message = message
        # Told to everybody, also to those who may not view debug output.
        self.is_shown = is_shown


class NotPermitted(ApiError):
    """The caller's role does not allow this action."""

    status = 403


class PhpFatal(Exception):
    """PHP itself fell over (a TypeError, say): an HTML page, even in the middle of a multi-call."""


class LoginRefused(Exception):
    """The credential is wrong or its user may not use it: 401 in plain text, before any API code runs."""


ALREADY_EXISTS = "DB Error: already exists"
CONSTRAINT = "DB Error: constraint violation"
UNKNOWN_DB_ERROR = "DB Error: unknown error"


def mandatory_missing(entity: str, action: str, fields: list[str]) -> ApiError:
    """The refusal of a new row that lacks required fields."""
    return ApiError(f"Mandatory values missing from Api4 {entity}::{action}: {', '.join(fields)}")


def wrong_type(parameter: str, expected: str) -> ApiError:
    """The refusal of a parameter of the wrong type."""
    return ApiError(f'Parameter "{parameter}" is not of the correct type. Expecting {expected}.')
