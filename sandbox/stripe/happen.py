"""What a click lets happen: a step of the model, told to the webhook at once unless deliveries are held back."""

from sandbox.stripe import checkout, delivery, steps
from sandbox.stripe.account import Account
from sandbox.stripe.shapes import Json
from sandbox.stripe.world import World


def happen(account: Account, step: Json) -> None:
    """Do one step, and tell of it."""
    with account.lock:
        told = len(account.world.events)
        steps.run(account.world, step)
        _close_overdue(account.world)
        events = account.world.events[told:]
    _tell(account, events)


def let_time_tell(account: Account) -> None:
    """Close what is overdue by now; the clock may have been moved by others than these pages."""
    with account.lock:
        told = len(account.world.events)
        _close_overdue(account.world)
        events = account.world.events[told:]
    _tell(account, events)


def _close_overdue(world: World) -> None:
    for session in world.of("checkout.session", status="open"):
        if session["expires_at"] <= world.clock:
            checkout.expire_now(world, session)


def _tell(account: Account, events: list[Json]) -> None:
    """Never with the lock held: whoever is told may ask us something before they answer."""
    if events and account.webhook_url and not account.is_holding:
        delivery.carry_out(account, {"events": [event["id"] for event in events]})
