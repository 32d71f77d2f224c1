"""The developer's console: lets happen what givers, banks and Stripe do later, and holds deliveries back."""

import re
from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from sandbox.stripe import delivery, money, tables
from sandbox.stripe.account import Account
from sandbox.stripe.days import day
from sandbox.stripe.happen import happen, let_time_tell
from sandbox.stripe.shapes import Json
from sandbox.stripe.world import Refused, World

STEPS = (
    *("debit_succeeds", "debit_fails", "debit_again", "refund", "refund_succeeds", "refund_fails"),
    *("dispute", "dispute_lost", "dispute_won", "renew", "retry", "give_up", "change_amount"),
    *("cancel_at_period_end", "cancel_now", "payout", "payout_paid", "payout_fails", "expire"),
)
NAMED = ("payment_intent", "subscription", "payout", "dispute", "refund", "session", "outcome")


def routes(account: Account) -> Blueprint:
    """The console's page."""
    pages = Blueprint("console", __name__)

    @pages.get("/")
    def home() -> Response:
        return redirect("/console", 303)

    @pages.get("/console")
    def look() -> str:
        let_time_tell(account)
        return _page(account)

    @pages.post("/console")
    def do() -> Response | tuple[str, int]:
        wanted = request.form.get("do", "")
        try:
            if wanted in DEEDS:
                DEEDS[wanted](account)
            else:
                happen(account, _step(account.world, wanted))
        except Refused as refused:
            return _page(account, str(refused)), 409
        return redirect("/console", 303)

    return pages


def _page(account: Account, wrong: str = "") -> str:
    with account.lock:
        shown = {
            "tables": tables.tables(account),
            "waiting": tables.waiting(account),
            "is_holding": account.is_holding,
            "webhook_url": account.webhook_url,
            "today": day(account.world.clock),
        }
        return render_template("console.html", wrong=wrong, **shown)


def _step(world: World, do: str) -> Json:
    """The step behind a button."""
    if do == "wait":
        return {"do": "wait", "days": _days()}
    if do not in STEPS:
        raise Refused(f"The console has no button for {do!r}.")
    step: Json = {"do": do} | {key: request.form[key] for key in NAMED if request.form.get(key)}
    if "part" in request.form:
        found = world.get(step.get("payment_intent") or step.get("subscription", ""))
        step["amount"] = money.typed(request.form.get("amount", ""), found["currency"])
    if do == "payout" and "early" in request.form:
        step["early"] = True
    return step


def _days() -> int:
    typed = request.form.get("days", "").strip()
    if not re.fullmatch(r"[0-9]{1,3}", typed):
        raise Refused(f"{typed!r} is no number of days from 0 to 999.")
    return int(typed)


def _send_again(account: Account) -> None:
    with account.lock:
        told = account.events_so_far()
    if not told:
        raise Refused("Nothing has happened yet.")
    delivery.carry_out(account, {"events": [told[-1]["id"]]})


def _hold(account: Account) -> None:
    account.is_holding = True


def _let_go(account: Account) -> None:
    account.is_holding = False


DEEDS: dict[str, Callable[[Account], object]] = {
    "deliver": lambda account: delivery.carry_out(account, {}),
    "send_again": _send_again,
    "hold": _hold,
    "let_go": _let_go,
}
