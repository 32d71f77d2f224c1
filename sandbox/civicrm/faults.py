"""Troubles on order, so that the connector's doors can be tested over real HTTP, and a log of what was asked.

POST /sandbox/faults  {"next": [{"kind": KIND, "count": 1, "entity": "Contact", "action": "get", "seconds": 1}]}
    the next `count` matching API requests fail; entity and action may be left out. An empty list clears.
    KIND: html200 · redirect · db_down · html500 · http503 (the call is not run) · slow (run after `seconds`)
    drop_before (connection closed, not run) · drop_after (run, then closed without an answer)
GET  /sandbox/requests  {"count": n, "log": [{"entity", "action"}]}; a multi-call is one request with its `calls`
POST /sandbox/reset     a pristine site, no faults, an empty log
POST /sandbox/keep/NAME      remember the site as it is now
POST /sandbox/put_back/NAME  bring it back, as often as one likes
"""

import secrets
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request

_HTML = "text/html; charset=UTF-8"
_NOT_RUN = ("html200", "redirect", "db_down", "html500", "http503", "drop_before")
KINDS = (*_NOT_RUN, "slow", "drop_after")


class Faults:
    """The troubles that wait, and the log of requests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """No troubles, an empty log."""
        with self._lock:
            self._next: list[dict[str, Any]] = []
            self._log: list[dict[str, Any]] = []

    def order(self, faults: list[dict[str, Any]]) -> None:
        """Replace the troubles that wait."""
        with self._lock:
            self._next = [{"count": 1, **fault} for fault in faults]

    def log(self) -> list[dict[str, Any]]:
        """What was asked so far."""
        with self._lock:
            return list(self._log)

    def before(self, entity: str, action: str, calls: list[tuple[str, str]]) -> Response | None:
        """Notes the request; an answer when this one is to fail without being run."""
        with self._lock:
            entry: dict[str, Any] = {"entity": entity, "action": action}
            if action == "calls":
                entry["calls"] = [{"entity": e, "action": a} for e, a in calls]
            self._log.append(entry)
        if slow := self._take(entity, action, ("slow",)):
            time.sleep(float(slow.get("seconds", 1)))
        fault = self._take(entity, action, _NOT_RUN)
        return _trouble(fault["kind"]) if fault else None

    def after(self, entity: str, action: str, response: Response) -> Response:
        """The answer of a call that was run, unless the connection is to be dropped now."""
        if self._take(entity, action, ("drop_after",)):
            hang_up()
        return response

    def _take(self, entity: str, action: str, kinds: tuple[str, ...]) -> dict[str, Any] | None:
        with self._lock:
            for fault in self._next:
                fits = fault.get("entity", entity) == entity and fault.get("action", action) == action
                if fault["count"] > 0 and fault["kind"] in kinds and fits:
                    fault["count"] -= 1
                    return fault
        return None


def _trouble(kind: str) -> Response:
    if kind == "drop_before":
        hang_up()
    if kind == "redirect":
        return Response("", 302, {"Location": "/civicrm/dashboard"})
    if kind == "db_down":
        return Response(f"Critical error. Please see server logs for errorID:{error_id()}<br/>\n", content_type=_HTML)
    page = f"<!DOCTYPE html>\n<html><head><title>{kind}</title></head><body></body></html>"
    return Response(page, {"html500": 500, "http503": 503}.get(kind, 200), content_type=_HTML)


def hang_up() -> None:
    """Close the caller's connection without an answer; werkzeug's thread ends with the error."""
    connection = request.environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError


def error_id() -> str:
    """The look of CiviCRM's error ids, such as a1b2-c3d4-e5f6."""
    return "-".join(secrets.token_hex(2) for _ in range(3))


def routes(
    faults: Faults, reset: Callable[[], None], keep: Callable[[str], None], put_back: Callable[[str], None]
) -> Blueprint:
    """The switches as routes."""
    pages = Blueprint("faults", __name__, url_prefix="/sandbox")

    @pages.post("/faults")
    def order() -> tuple[Response, int]:
        wanted = request.get_json().get("next", [])
        unknown = sorted({fault.get("kind") for fault in wanted} - set(KINDS), key=str)
        if unknown:
            return jsonify(error=f"unknown kinds: {unknown}; known are {list(KINDS)}"), 400
        faults.order(wanted)
        return jsonify(ordered=len(wanted)), 200

    @pages.get("/requests")
    def requests() -> Response:
        log = faults.log()
        return jsonify(count=len(log), log=log)

    @pages.post("/reset")
    def start_again() -> Response:
        faults.clear()
        reset()
        return jsonify(reset=True)

    @pages.post("/keep/<name>")
    def remember(name: str) -> Response:
        keep(name)
        return jsonify(kept=True)

    @pages.post("/put_back/<name>")
    def bring_back(name: str) -> Response:
        faults.clear()
        put_back(name)
        return jsonify(put_back=True)

    return pages
