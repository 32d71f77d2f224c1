"""`/give`: a form, a Checkout page at Stripe, and a page afterwards that says truthfully what became of the gift."""

import logging
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from marshmallow import ValidationError

from connector import lockdown
from connector.civicrm.client import CiviClient
from connector.errors import ConnectorError
from connector.money import from_minor
from connector.pages import forms, links
from connector.pages.checkout import Checkout
from connector.pages.links import FORM_SECONDS, PledgeLink, Signer
from connector.pages.site import language, message
from connector.stripe_api import NotFound, Object
from connector.webhooks import made
from connector.webhooks.fund import Asking, Fund

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Giving:
    """The pages of one fund."""

    fund: Fund
    asking: Asking
    checkout: Checkout
    signer: Signer
    client: CiviClient

    def blueprint(self) -> Blueprint:
        """Its routes."""
        pages = Blueprint("give", __name__)
        pages.add_url_rule("/give", "form", self.form, methods=["GET"])
        pages.add_url_rule("/give", "send", self.send, methods=["POST"])
        pages.add_url_rule("/give/thanks", "thanks", self.thanks, methods=["GET"])
        return pages

    def form(self) -> ResponseReturnValue:
        """An empty form; with a personal link, one that is filled in for a pledge."""
        told = gettext("You left before giving. Nothing was taken.") if request.args.get("cancelled") else ""
        link, amount = None, Decimal(0)
        if request.args.get("pledge"):
            try:
                link, amount = self._pledge()
            except ConnectorError as error:
                log.info("A personal link was not taken: %s", error.what)
                told = _not_now()
        shown = (
            {"amount": "other", "other": f"{amount:f}"} if link else {"chapter": request.args.get("chapter", "")[:32]}
        )
        return self._page(shown, told=told, link=link)

    def send(self) -> ResponseReturnValue:
        """Open Checkout for what was filled in, and go there."""
        number = self.signer.read("form", request.form.get("form", ""), FORM_SECONDS)
        said = request.form.get("link", "")
        known = self.signer.read("pledge", said, FORM_SECONDS) if said else None
        if number is None or bool(said) != bool(known):
            text = gettext("It was open for too long, or it is not ours. Nothing was done. Please open it again.")
            return message(gettext("This form cannot be used any more"), text, 400)
        link = PledgeLink(*known) if known else None
        if link and lockdown.is_on(self.checkout.store):  # it began while the form lay open
            return self._page(request.form, told=_not_now()), 503
        try:
            gift = forms.parse(request.form, self.asking)
        except ValidationError as error:
            return self._page(request.form, errors=error.messages_dict, link=link), 422
        try:
            address = self.checkout.open(str(number), self.fund, gift, link, language())
        except ConnectorError as error:
            log.warning("No Checkout could be opened: %s", error.what)
            told = gettext("Our payment service does not answer. Nothing was taken. Please try again in some minutes.")
            return self._page(request.form, told=told, link=link), 503
        return redirect(address, 303)

    def thanks(self) -> ResponseReturnValue:
        """What became of a gift, as Stripe has it now, and whether our books have it."""
        try:
            session = self.checkout.opened(request.args.get("session_id", "")[:255])
        except NotFound:
            session = None
        except ConnectorError as error:
            log.warning("A Checkout could not be read: %s", error.what)
            text = gettext("Our payment service does not answer. Your gift is safe; please open this page again later.")
            return message(gettext("We cannot look at the moment"), text, 503)
        if session is None:
            return message(gettext("There is no such page"), gettext("Perhaps the link was cut in two."), 404)
        return render_template("thanks.html", **self._became(session))

    def _became(self, session: Object) -> dict[str, Any]:
        payment = str(session.get("payment_intent") or "")
        return {
            "state": _state(session),
            "amount": from_minor(int(session["amount_total"]), session["currency"]),
            "currency": session["currency"].upper(),
            "monthly": session["mode"] == "subscription",
            "in_books": bool(payment and made.known(self.checkout.store, [payment])),
            "again": session.get("url") or "",
        }

    def _pledge(self) -> tuple[PledgeLink, Decimal]:
        lockdown.refuse(self.checkout.store)
        given = (request.args.get(name, "") for name in ("pledge", "cid", "cs"))
        return links.pledge_of(self.client, self.asking, *given)

    def _page(self, shown: Any, *, told: str = "", errors: Any = None, link: PledgeLink | None = None) -> str:
        """The form. shown: what is filled in. A form that failed keeps its number, so that it opens one Checkout."""
        kept = shown.get("form", "")
        number = kept if kept and self.signer.read("form", kept, FORM_SECONDS) else self.signer.form()
        return render_template(
            "give.html",
            fund=self.fund,
            asking=self.asking,
            shown=shown,
            told=told,
            errors=errors or {},
            number=number,
            link=self.signer.sign("pledge", [link.pledge, link.contact]) if link else "",
            longest_note=forms.LONGEST_NOTE,
        )


def _not_now() -> str:
    return str(gettext("Your personal link cannot be used now. You can give without it all the same."))


def _state(session: Object) -> str:
    """paid, under_way (a bank debit), open (left before giving) or expired."""
    if session["status"] == "complete":
        return "under_way" if session["payment_status"] == "unpaid" else "paid"
    return str(session["status"])
