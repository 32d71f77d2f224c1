"""The API's door: key and version, one object, a list, a call that makes something; and Stripe's error answers."""

import json

from flask import Blueprint, Response, request

from sandbox.stripe import about, create, form, lists
from sandbox.stripe.account import API_KEY, Account
from sandbox.stripe.errors import ApiError, missing, unknown
from sandbox.stripe.faults import Faults
from sandbox.stripe.shapes import API_VERSION, Json
from sandbox.stripe.view import View


class Door:
    """One account behind HTTP; calls run one at a time."""

    def __init__(self, account: Account, faults: Faults) -> None:
        self.account, self.faults = account, faults
        self.view = View(account)

    def answer(self, path: str) -> Response:
        """Any address below /v1/."""
        if trouble := self.faults.before():
            return trouble
        with self.account.lock:
            response = self._answer(path)
        self.faults.after()
        return response

    def _answer(self, path: str) -> Response:
        try:
            _let_in()
            if request.method == "GET":
                return self._send(self._read(path, form.parse(request.args.items(multi=True))))
            if request.method == "DELETE":
                return self._send(create.delete(self.account, path))
            return self._post(path, form.parse(request.form.items(multi=True)))
        except ApiError as error:
            return self._send(error.body, error.status)

    def _read(self, path: str, params: Json) -> Json:
        expand = list(params.get("expand") or [])
        if path in about.PAGES:
            return about.PAGES[path](self.account)
        if path in lists.KINDS:
            return self.view.expand(lists.page(self.view, path, params), expand)
        kind, _, id = path.rpartition("/")
        if kind not in lists.KINDS:
            raise ApiError(404, f"Unrecognized request URL (GET: /v1/{path}).")
        for param in params.keys() - {"expand"}:
            raise unknown(param)
        found = self.view.find(id, lists.KINDS[kind][0])
        if found is None:
            raise missing(lists.KINDS[kind][0], id)
        return self.view.expand(found, expand)

    def _post(self, path: str, params: Json) -> Response:
        """The same idempotency key gives the same answer; with other parameters it is refused."""
        key, asked = request.headers.get("Idempotency-Key", ""), json.dumps([path, params], sort_keys=True)
        if key in self.account.answered:
            before, answer = self.account.answered[key]
            if before != asked:
                message = f"Keys for idempotent requests can only be used with the same parameters: '{key}'."
                raise ApiError(400, message, "idempotency_error")
            response = self._send(answer)
            response.headers["Idempotent-Replayed"] = "true"
            return response
        expand = list(params.get("expand") or [])
        made = create.make(self.account, path, params, request.host_url.rstrip("/"))
        answer = self.view.expand(self.view.find(made["id"]) or made, expand)
        if key:
            self.account.answered[key] = (asked, answer)
        return self._send(answer)

    def _send(self, body: Json, status: int = 200) -> Response:
        response = Response(json.dumps(body), status, content_type="application/json")
        response.headers["Request-Id"] = f"req_{len(self.faults.log())}"
        response.headers["Stripe-Version"] = API_VERSION
        if key := request.headers.get("Idempotency-Key"):
            response.headers["Idempotency-Key"] = key
        return response


def _let_in() -> None:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or key != API_KEY:
        raise ApiError(401, f"Invalid API Key provided: {key[:8]}{'*' * 8}")
    version = request.headers.get("Stripe-Version")
    if version != API_VERSION:
        raise ApiError(400, f"Invalid Stripe API version: {version}. This account is pinned to {API_VERSION}.")


def routes(door: Door) -> Blueprint:
    """The API's own addresses."""
    pages = Blueprint("stripe", __name__)

    @pages.route("/v1/<path:path>", methods=["GET", "POST", "DELETE"])
    def api(path: str) -> Response:
        return door.answer(path)

    return pages
