"""Opens Stripe Checkout for one filled-in form, once: the same form said again leads to the same session.

What is sent with the idempotency key is written down before the call, so that a session is ours even when the answer
was lost. https://docs.stripe.com/api/idempotent_requests
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connector import clock
from connector.pages.forms import Gift
from connector.pages.links import PledgeLink
from connector.store import Store, checkouts
from connector.stripe_api import Object, StripeApi
from connector.webhooks.fund import Fund

# What Checkout speaks (there is no Arabic); for every other language it follows the giver's browser.
LOCALES = frozenset(
    ("bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fil", "fr", "hr", "hu", "id", "it", "ja", "ko")
)


@dataclass(frozen=True, slots=True)
class Checkout:
    """Where sessions are opened. home: PUBLIC_URL, without a slash at its end."""

    api: StripeApi
    store: Store
    home: str

    def open(self, form: str, fund: Fund, gift: Gift, link: PledgeLink | None, language: str) -> str:
        """The address of the Checkout page for this form. form: its number, which nobody else's form has.

        Raises what the door to Stripe raises.
        """
        asked = params(fund, gift, link, language, self.home)
        said = json.dumps([form, asked], sort_keys=True)
        key = hashlib.sha256(said.encode()).hexdigest()
        if not self.store.read(sa.select(checkouts.c.key).where(checkouts.c.key == key)):
            self.store.put(checkouts, [{"key": key, "session": "", "at": clock.now()}])
        session = self.api.open_checkout(asked, f"solidarity-{key}")
        self.store.put(checkouts, [{"key": key, "session": session["id"], "at": clock.now()}])
        return str(session["url"] or f"{self.home}/give/thanks?session_id={session['id']}")

    def opened(self, session: str) -> Object | None:
        """The session as Stripe has it now; None for one that we never opened."""
        if not self.store.read(sa.select(checkouts.c.key).where(checkouts.c.session == session)):
            return None
        return self.api.session(session)


def params(fund: Fund, gift: Gift, link: PledgeLink | None, language: str, home: str) -> dict[str, Any]:
    """What Stripe is asked for. Pure."""
    price: dict[str, Any] = {"currency": gift.currency.lower(), "unit_amount": gift.minor}
    price["product_data"] = {"name": fund.financial_type}
    about = metadata(fund, gift, link)
    asked: dict[str, Any] = {
        "mode": "subscription" if gift.monthly else "payment",
        "submit_type": "donate",
        "line_items": [{"price_data": price, "quantity": 1}],
        "metadata": about,
        "adaptive_pricing": {"enabled": False},
        "locale": language if language in LOCALES else "auto",
        "success_url": f"{home}/give/thanks?session_id={{CHECKOUT_SESSION_ID}}",
        "cancel_url": f"{home}/give?cancelled=1",
    }
    if gift.monthly:
        price["recurring"] = {"interval": "month", "interval_count": 1}
        asked["subscription_data"] = {"metadata": about}
    else:
        asked["payment_intent_data"] = {"metadata": about}
    return asked


def metadata(fund: Fund, gift: Gift, link: PledgeLink | None) -> dict[str, str]:
    """What tells our worker whose gift it is and what for."""
    found = {
        "fund_campaign": fund.name,
        "fund_source": "website",
        "chapter": gift.chapter,
        "note": gift.note,
        "anonymous": "yes" if gift.anonymous else "",
        "pledge_id": str(link.pledge) if link else "",
        "contact_id": str(link.contact) if link else "",
    }
    return {name: value for name, value in found.items() if value}
