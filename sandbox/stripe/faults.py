"""Bad days on request: the next calls are refused, slow, broken off, or fail after they were carried out."""

import json
import socket
import threading
import time
from typing import Any

from flask import Response, request

from sandbox.stripe.shapes import Json

ERRORS: dict[str, tuple[int, Json]] = {
    "429": (429, {"message": "Request rate limit exceeded.", "type": "invalid_request_error", "code": "rate_limit"}),
    "500": (500, {"message": "An unknown error occurred", "type": "api_error"}),
    "401": (401, {"message": "Expired API Key provided: sk_test_****", "type": "invalid_request_error"}),
    "403": (403, {"message": "This key lacks a permission for this call.", "type": "invalid_request_error"}),
}
KINDS = (*ERRORS, "html", "slow", "down", "drop_after")


class Faults:
    """What the next calls meet, and a log of every call: its method and path, never a value."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: list[dict[str, Any]] = []
        self._log: list[str] = []

    def order(self, faults: list[dict[str, Any]]) -> None:
        """Add `{"kind": …, "times": 1, "path": part of the path, "seconds": for slow}`."""
        with self._lock:
            self._next += [{"times": 1, **fault} for fault in faults]

    def clear(self) -> None:
        """Good days again, and an empty log."""
        with self._lock:
            self._next, self._log = [], []

    def log(self) -> list[str]:
        """The calls so far."""
        with self._lock:
            return list(self._log)

    def before(self) -> Response | None:
        """Instead of an answer, before anything was done."""
        with self._lock:
            self._log.append(f"{request.method} {request.path}")
        fault = self._take([kind for kind in KINDS if kind != "drop_after"])
        if fault is None:
            return None
        if fault["kind"] == "down":
            hang_up()
        if fault["kind"] == "slow":
            time.sleep(float(fault.get("seconds", 1)))
            return None
        if fault["kind"] == "html":
            return Response("<html><body>Bad Gateway</body></html>", 502, content_type="text/html")
        status, error = ERRORS[fault["kind"]]
        return Response(json.dumps({"error": error}), status, content_type="application/json")

    def after(self) -> None:
        """Carried out, but the caller will not hear of it."""
        if self._take(["drop_after"]):
            hang_up()

    def _take(self, kinds: list[str]) -> dict[str, Any] | None:
        with self._lock:
            for fault in self._next:
                if fault["times"] > 0 and fault["kind"] in kinds and fault.get("path", "") in request.path:
                    fault["times"] -= 1
                    return fault
        return None


def hang_up() -> None:
    """Close the caller's connection without an answer; werkzeug's thread ends with the error."""
    connection = request.environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError
