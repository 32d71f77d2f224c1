"""The Checkout page: a giver reads what it is about, says who they are, and pays, is declined or goes back."""

import re
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox.stripe.account import Account
from sandbox.stripe.countries import COUNTRIES
from sandbox.stripe.happen import happen, let_time_tell
from sandbox.stripe.payments import FAILURES
from sandbox.stripe.shapes import Json
from sandbox.stripe.world import Refused

METHODS = {"card": "Card that works", "declined": "Card that is declined", "sepa_debit": "SEPA direct debit"}
BUTTONS = {"donate": "Give", "subscribe": "Subscribe"}


def routes(account: Account) -> Blueprint:
    """The page behind a Checkout Session's url."""
    pages = Blueprint("checkout", __name__)

    @pages.get("/c/pay/<id>")
    def look(id: str) -> tuple[str, int]:
        let_time_tell(account)
        return _page(account, id)

    @pages.post("/c/pay/<id>")
    def pay(id: str) -> AnyResponse | tuple[str, int]:
        let_time_tell(account)
        session = _session(account, id)
        if session["status"] != "open":
            return _page(account, id, status=409)
        if wrong := _wrong(session):
            return _page(account, id, wrong, 422)
        try:
            _try(account, session)
        except Refused as refused:
            return _page(account, id, [str(refused)], 409)
        if session["status"] != "complete":
            return _page(account, id, [FAILURES["card_declined"]], 402)
        return redirect(_way_on(session), 303)

    @pages.app_errorhandler(404)
    def missing(error: Exception) -> Response:
        return Response(render_template("missing.html"), 404)

    return pages


def _session(account: Account, id: str) -> Json:
    found = account.world.objects.get(id)
    if found is None or found["object"] != "checkout.session":
        abort(404)
    return found


def _page(account: Account, id: str, wrong: list[str] | None = None, status: int = 200) -> tuple[str, int]:
    with account.lock:
        session = _session(account, id)
        if session["status"] != "open":
            return render_template("closed.html", session=session, way_on=_way_on(session)), status
        shown = {
            "session": session,
            "hidden": account.world.hidden.get(id, {}),
            "methods": _methods(session),
            "countries": COUNTRIES,
            "button": BUTTONS.get(session["submit_type"] or _usual(session), "Pay"),
            "sent": request.form or _known(account, session),
            "wrong": wrong or [],
        }
        return render_template("checkout.html", **shown), status


def _usual(session: Json) -> str:
    return "subscribe" if session["mode"] == "subscription" else "pay"


def _methods(session: Json) -> dict[str, str]:
    """A debit is offered for what is given once: the model's months are paid by card."""
    with_debit = session["mode"] == "payment" and "sepa_debit" in session["payment_method_types"]
    return {key: label for key, label in METHODS.items() if key != "sepa_debit" or with_debit}


def _known(account: Account, session: Json) -> dict[str, Any]:
    """What the page knows before anybody has typed."""
    customer = account.world.objects.get(session["customer"] or "", {})
    address = customer.get("address") or {}
    return {
        "email": session["customer_email"] or customer.get("email"),
        "name": customer.get("name"),
        "country": address.get("country") or "IE",
        "city": address.get("city"),
        "method": "card",
    }


def _typed(name: str) -> str:
    return request.form.get(name, "").strip()


def _wrong(session: Json) -> list[str]:
    """What the giver has to put right before anything is tried."""
    wrong = []
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", _typed("email")):
        wrong.append("Your email is incomplete.")
    if not _typed("name"):
        wrong.append("Your name is missing.")
    if _typed("country") not in COUNTRIES:
        wrong.append("Choose a country.")
    if _typed("method") not in _methods(session):
        wrong.append("Choose a way to pay.")
    for field in session["custom_fields"]:
        if not field["optional"] and not _typed(f"custom_{field['key']}"):
            wrong.append(f"Fill in: {field['label']['custom']}")
    return wrong


def _try(account: Account, session: Json) -> None:
    """Give, start to give each month, or be declined and stay on the page."""
    is_declined, is_monthly = _typed("method") == "declined", session["mode"] == "subscription"
    if is_declined and is_monthly:
        return  # the model has no subscription that is only half begun, so nothing is told of this try
    step: Json = {
        "do": "subscribe" if is_monthly else "give",
        "session": session["id"],
        "method": "card" if is_declined else _typed("method"),
        "custom_fields": {f["key"]: _typed(f"custom_{f['key']}") or None for f in session["custom_fields"]},
        **{key: _typed(key) or None for key in ("name", "email", "country", "city")},
    }
    if session["customer_creation"] == "always" and not session["customer"]:
        step["customer"] = True
    if is_declined:
        step.update(declines=1, gives_up=True)
    happen(account, step)


def _way_on(session: Json) -> str:
    """Where a giver goes who is done."""
    return str(session["success_url"] or "/").replace("{CHECKOUT_SESSION_ID}", session["id"])
