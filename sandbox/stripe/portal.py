"""The customer portal: a giver changes what they give each month, or ends it."""

from flask import Blueprint, abort, redirect, render_template, request
from werkzeug.wrappers import Response

from sandbox.stripe import money
from sandbox.stripe.account import Account
from sandbox.stripe.happen import happen
from sandbox.stripe.shapes import Json
from sandbox.stripe.world import Refused

DEEDS = ("cancel_now", "cancel_at_period_end", "change_amount")


def routes(account: Account) -> Blueprint:
    """The page behind a portal session's url."""
    pages = Blueprint("portal", __name__)

    @pages.get("/p/session/<id>")
    def look(id: str) -> tuple[str, int]:
        return _page(account, id)

    @pages.post("/p/session/<id>")
    def change(id: str) -> Response | tuple[str, int]:
        try:
            happen(account, _step(account, _portal(account, id)))
        except Refused as refused:
            return _page(account, id, str(refused), 409)
        return redirect(f"/p/session/{id}", 303)

    return pages


def _portal(account: Account, id: str) -> Json:
    found = account.world.objects.get(id)
    if found is None or found["object"] != "billing_portal.session":
        abort(404)
    return found


def _monthly(account: Account, portal: Json) -> list[Json]:
    """What this giver gives, what goes on before what has ended."""
    found = account.world.of("subscription", customer=portal["customer"])
    return sorted(found, key=lambda one: (one["status"] == "canceled", -one["created"]))


def _page(account: Account, id: str, wrong: str = "", status: int = 200) -> tuple[str, int]:
    with account.lock:
        portal = _portal(account, id)
        owner = account.world.objects.get(portal["customer"], {})
        gifts = [(one, one["items"]["data"][0]) for one in _monthly(account, portal)]
        return render_template("portal.html", portal=portal, owner=owner, gifts=gifts, wrong=wrong), status


def _step(account: Account, portal: Json) -> Json:
    """What was clicked; nobody reaches another's gift from their own page."""
    do, id = request.form.get("do", ""), request.form.get("subscription", "")
    found = next((one for one in _monthly(account, portal) if one["id"] == id), None)
    if found is None or do not in DEEDS:
        raise Refused("That cannot be done here.")
    step: Json = {"do": do, "subscription": id}
    if do == "change_amount":
        step["amount"] = money.typed(request.form.get("amount", ""), found["currency"])
    return step
