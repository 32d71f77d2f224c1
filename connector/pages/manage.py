"""`/give/manage`: mails whoever gives monthly a link to Stripe's portal, where they change or end it.

Everybody gets the same answer at once, whatever the address: who gives is nobody's business. The looking and the
mailing happen afterwards, so that the time tells nothing either, and the address is written down nowhere.
"""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import BoundedSemaphore

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from connector.errors import ConnectorError
from connector.mail import Mail, Mailer
from connector.pages import links
from connector.pages.links import MAIL_SECONDS, Signer
from connector.pages.site import language, message
from connector.store import Store
from connector.stripe_api import StripeApi

log = logging.getLogger(__name__)

# How many addresses may wait to be looked up. Whoever comes when it is full gets the same answer, and no mail.
WAITING = 50
LONGEST_ADDRESS = 254  # RFC 5321, section 4.5.3.1.3


@dataclass(frozen=True, slots=True)
class Managing:
    """The page of who wants to change a monthly gift. home: PUBLIC_URL."""

    api: StripeApi
    store: Store
    signer: Signer
    mailer: Mailer
    home: str
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2, "portal"))
    _room: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(WAITING))

    def close(self) -> None:
        """Finish what is being looked up, and take no more."""
        self._pool.shutdown()

    def blueprint(self) -> Blueprint:
        """Its routes."""
        pages = Blueprint("manage", __name__)
        pages.add_url_rule("/give/manage", "form", self.form, methods=["GET"])
        pages.add_url_rule("/give/manage", "send", self.send, methods=["POST"])
        pages.add_url_rule("/give/portal/<token>", "arrive", self.arrive, methods=["GET"])
        pages.add_url_rule("/give/portal/<token>", "enter", self.enter, methods=["POST"])
        return pages

    def form(self) -> ResponseReturnValue:
        """Asks for the address."""
        return render_template("manage.html", sent=False)

    def send(self) -> ResponseReturnValue:
        """The same for everybody."""
        address = request.form.get("email", "").strip()
        if 3 <= len(address) <= LONGEST_ADDRESS and "@" in address and self._room.acquire(blocking=False):
            self._pool.submit(self._look, address, *self._words())
        return render_template("manage.html", sent=True)

    def arrive(self, token: str) -> ResponseReturnValue:
        """A page with a button: programs that open every link in a mail must not use it up."""
        if self.signer.read("portal", token, MAIL_SECONDS) is None:
            return self._old()
        return render_template("portal.html", token=token)

    def enter(self, token: str) -> ResponseReturnValue:
        """Once: to Stripe's portal."""
        customer = self.signer.read("portal", token, MAIL_SECONDS)
        if customer is None or not links.use(self.store, token):
            return self._old()
        try:
            portal = self.api.open_portal(str(customer), f"{self.home}/give")
        except ConnectorError as error:
            log.warning("No portal could be opened: %s", error.what)
            text = gettext("Our payment service does not answer. Please ask for a new link in some minutes.")
            return message(gettext("We cannot look at the moment"), text, 503)
        return redirect(str(portal["url"]), 303)

    def _look(self, address: str, subject: str, text: str) -> None:
        try:
            for spelling in sorted({address, address.lower()}):
                for customer in self.api.customers(spelling):
                    if self.api.subscriptions_of(customer["id"]):
                        token = self.signer.sign("portal", str(customer["id"]))
                        self.mailer.send(
                            Mail(to=address, subject=subject, text=text.replace("TOKEN", token), key=token)
                        )
        except ConnectorError as error:
            log.warning("A link to the portal was not mailed: %s", error.what)
        finally:
            self._room.release()

    def _words(self) -> tuple[str, str]:
        """Subject and text in the language of whoever asks, with TOKEN where the link's own part goes."""
        text = gettext(
            "Somebody, we hope you, asked to change or end your monthly gift to the protector fund.\n\n"
            "Open this link within half an hour. It opens once, and only for you: please do not pass it on.\n\n"
            "%(link)s\n\n"
            "If it was not you, do nothing: nothing changes.",
            link=f"{self.home}/give/portal/TOKEN?lang={language()}",
        )
        return gettext("Your monthly gift"), text

    @staticmethod
    def _old() -> tuple[str, int]:
        text = gettext("It opens once, and for half an hour. Please ask for a new one.")
        return message(gettext("This link cannot be used any more"), text, 410)
