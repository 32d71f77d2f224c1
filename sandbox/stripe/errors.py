"""Stripe's error answers."""


class ApiError(Exception):
    """An answer other than 200, with the fields of Stripe's error object."""

    def __init__(self, status: int, message: str, type: str = "invalid_request_error", **more: str) -> None:
        super().__init__(message)
        self.status, self.body = status, {"error": {"message": message, "type": type, **more}}


def missing(kind: str, id: str, param: str = "id") -> ApiError:
    """No such object: 404 for the one in the address, 400 for one that a parameter names."""
    name = kind.rsplit(".", 1)[-1] if kind == "checkout.session" else kind
    return ApiError(404 if param == "id" else 400, f"No such {name}: '{id}'", code="resource_missing", param=param)


def unknown(param: str) -> ApiError:
    """A parameter that this call does not have."""
    return ApiError(400, f"Received unknown parameter: {param}", code="parameter_unknown", param=param)
