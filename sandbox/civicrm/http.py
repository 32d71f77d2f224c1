"""The HTTP door: URLs, form fields, and how each success and each failure looks on the wire.

Parses requests into calls for api.py and turns answers and errors into the statuses and types of the real one.
"""

import json
import threading
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, request

from sandbox.civicrm import accounts, api, auth, v3
from sandbox.civicrm.errors import ApiError, LoginRefused, PhpFatal
from sandbox.civicrm.faults import Faults, error_id
from sandbox.civicrm.permissions import is_read
from sandbox.civicrm.site import Call, Site, Upload

# As PHP is set up when nobody changes it.
POST_MAX_SIZE = 8 * 1024 * 1024
UPLOAD_MAX_FILESIZE = 2 * 1024 * 1024
NO_GET = "SECURITY: All requests that modify the database must be http POST, not GET."
NO_AJAX = "SECURITY ALERT: Ajax requests can only be issued by javascript clients, eg. CRM.api4()."
ERROR_PAGE = (
    '<!DOCTYPE html>\n<html lang="en"><head><title>Error</title></head><body><p>Sorry, an error.</p></body></html>'
)
HOME_PAGE = '<!DOCTYPE html>\n<html lang="en"><head><title>Home</title></head><body><p>Welcome.</p></body></html>'


class Door:
    """One site behind HTTP; API calls run one at a time."""

    def __init__(self, site: Site, faults: Faults) -> None:
        self.site, self.faults = site, faults
        self.lock = threading.Lock()

    def answer(self, path: str) -> Response:
        """Any path below civicrm/ajax/."""
        entity, action = _target(path)
        if trouble := self.faults.before(entity, action, _called()):
            return trouble
        with self.lock:
            response = self._answer(path, entity, action)
        return self.faults.after(entity, action, response)

    def _answer(self, path: str, entity: str, action: str) -> Response:
        try:
            if self.site.dialect.wordpress and request.headers.get("X-Civi-Auth", "x").strip() in ("", "Bearer"):
                return html(HOME_PAGE)
            call = Call(self.site, auth.caller_of(self.site, request))
            if path == "rest":
                return _v3_response(call)
            if "X-Requested-With" not in request.headers and auth.is_session(request):
                return self._refused(400, NO_AJAX)
            if action == "calls":
                return self._many(call)
            if request.method == "GET" and not is_read(action):
                return self._refused(405, NO_GET)
            return self._one(call, entity, action)
        except LoginRefused as error:
            return Response(f"HTTP 401 {error}", 401, content_type="text/plain;charset=UTF-8")
        except (PhpFatal, ValueError):
            return html(ERROR_PAGE, 500)

    def _one(self, call: Call, entity: str, action: str) -> Response:
        if not entity:
            return html(ERROR_PAGE, 500)
        fields = form_fields()
        params = json.loads(fields.get("params") or "{}")
        if (entity, action) == ("User", "login"):
            return self._log_in(params)
        call = replace(call, upload=sent_file())
        try:
            return as_json(api.run(call, entity, action, params or {}, _index(fields.get("index"))))
        except ApiError as error:
            return as_json(self._failure(call, error), 200 if self.site.dialect.wordpress else error.status)

    def _log_in(self, params: dict[str, Any]) -> Response:
        """A wrong password is no error, only another answer."""
        cookie = accounts.log_in(self.site, str(params.get("identifier")), str(params.get("password")))
        values = {"url": "/civicrm/home"} if cookie else {"publicError": "Invalid credentials"}
        response = as_json({"values": values, "entity": "User", "action": "login", "version": 4, "count": 1})
        if cookie:
            response.set_cookie(accounts.COOKIE, cookie, httponly=True, samesite="Lax")
        return response

    def _many(self, call: Call) -> Response:
        if request.method == "GET":
            return self._refused(405, NO_GET)
        calls = json.loads(form_fields().get("calls") or "{}")
        if not calls:
            return as_json([]) if self.site.dialect.wordpress else html(ERROR_PAGE, 500)
        keys = list(calls) if isinstance(calls, dict) else list(range(len(calls)))
        slots = [self._slot(call, calls[key]) for key in keys]
        failed = all("error_message" in slot for slot in slots) and not self.site.dialect.wordpress
        body = dict(zip(keys, slots, strict=True)) if isinstance(calls, dict) else slots
        return as_json(body, 500 if failed else 200)

    def _slot(self, call: Call, one: Any) -> dict[str, Any]:
        """One failing call fills its own slot with the error; only PHP itself failing spoils the whole answer."""
        if not isinstance(one, list):
            raise PhpFatal("malformed call")
        entity, action, params, index = (*one, *(None,) * 4)[:4]
        try:
            return api.run(call, entity, action, params or {}, index)
        except ApiError as error:
            return self._failure(call, error)

    def _failure(self, call: Call, error: ApiError) -> dict[str, Any]:
        if not call.caller.may("view debug output") and not error.is_shown:
            hidden = f"Sorry an error occurred and your request was not completed. (Error ID: {error_id()})"
            return {"error_code": "1", "error_message": hidden, "status": error.status}
        shown = {"error_code": 0, "error_message": error.message, "status": error.status}
        return shown if self.site.dialect.wordpress else {"error_id": error_id(), **shown}

    def _refused(self, status: int, message: str) -> Response:
        body = {"error_code": status, "error_message": message}
        return as_json(body, 200 if self.site.dialect.wordpress else status)


def routes(door: Door) -> Blueprint:
    """The API's own addresses."""
    pages = Blueprint("civicrm", __name__)

    @pages.route("/civicrm/ajax/<path:path>", methods=["GET", "POST"])
    def ajax(path: str) -> Response:
        return door.answer(path)

    return pages


def _target(path: str) -> tuple[str, str]:
    """("Contact", "get") of api4/Contact/get; ("", "calls") of a multi-call."""
    parts = [part for part in path.split("/") if part]
    if parts == ["api4"]:
        return "", "calls"
    if parts == ["rest"]:
        return request.values.get("entity", ""), request.values.get("action", "")
    if parts[0] != "api4" or len(parts) > 3:
        return "", ""
    return parts[1], parts[2] if len(parts) == 3 else ""


def form_fields() -> Any:
    """PHP drops the whole form when the body is over post_max_size, and goes on as if nothing had been sent."""
    if request.method == "GET":
        return request.args
    return {} if (request.content_length or 0) > POST_MAX_SIZE else request.form


def sent_file(name: str = "file") -> Upload | None:
    """The file of a multipart form, if one was chosen; PHP drops one that is too big, but not the rest of the form."""
    file = request.files.get(name)
    content = file.read() if file else b""
    if file is None or not file.filename or len(content) > UPLOAD_MAX_FILESIZE:
        return None
    return Upload(file.filename, file.mimetype, content)


def _called() -> list[tuple[str, str]]:
    """Entity and action of each call of a multi-call, for the request log; never a value."""
    try:
        calls = json.loads(form_fields().get("calls") or "{}")
        return [(str(c[0]), str(c[1])) for c in (calls.values() if isinstance(calls, dict) else calls)]
    except (ValueError, LookupError, TypeError):
        return []


def _index(text: str | None) -> Any:
    if not text:
        return None
    return json.loads(text) if text[0] in "{[" else text


def _v3_response(call: Call) -> Response:
    if not call.caller.may("access CiviCRM"):
        return html("<!DOCTYPE html>\n<html><head><title>Access denied</title></head></html>", 403)
    values = request.values
    sent = json.loads(values.get("json") or "{}")
    return as_json(v3.run(call, values.get("entity", ""), values.get("action", ""), sent))


def as_json(body: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(json.dumps(body, separators=(",", ":")), status, content_type="application/json")


def html(body: str, status: int = 200) -> Response:
    """An HTML answer."""
    return Response(body, status, content_type="text/html; charset=UTF-8")
