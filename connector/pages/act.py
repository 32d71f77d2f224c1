"""`/act/<alert>`: what happened, what is asked, whom to call; and a click for who did it. `outcome` is the community's.

A personal link opens it from the mail. Its contact and checksum leave the address at once, for a signed cookie that
holds the contact's number for two hours: an address is kept in histories and passed on, a cookie is not.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from markupsafe import Markup

from connector import clock
from connector.alerts import acting, outcome
from connector.alerts.acting import KINDS, REACHED, Reach
from connector.alerts.activities import CLOSED, Alert
from connector.alerts.cleaning import address, clean
from connector.civicrm.client import CiviClient
from connector.errors import ConnectorError
from connector.pages.links import Signer
from connector.pages.site import language, message
from connector.store import Store

log = logging.getLogger(__name__)

MEMBER_SECONDS = 2 * 3600
OUTCOME_SECONDS = 365 * 24 * 3600
# However many come at once, CiviCRM is asked for an alert this often.
FRESH = timedelta(seconds=30)
RIGHT_TO_LEFT = frozenset({"ar"})


@dataclass(frozen=True, slots=True)
class Acting:
    """The pages of alerts. secret: of the lease on a click; is_locked: personal links are not honoured."""

    client: CiviClient
    store: Store
    signer: Signer
    secret: str
    is_locked: Callable[[], bool]
    _known: dict[int, tuple[datetime, Alert | None]] = field(default_factory=dict)
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def blueprint(self) -> Blueprint:
        """Its routes."""
        pages = Blueprint("act", __name__)
        pages.add_url_rule("/act/<int:number>", "page", self.page, methods=["GET"])
        pages.add_url_rule("/act/<int:number>", "send", self.send, methods=["POST"])
        pages.add_url_rule("/act/<int:number>/outcome/<token>", "outcome", self.outcome, methods=["GET"])
        return pages

    def page(self, number: int) -> ResponseReturnValue:
        """The story and the ask; with a personal link also whom to call, and what was done already."""
        try:
            if request.args.get("cs") or request.args.get("cid"):
                return self._arrive(number)
            alert = self._public(number)
            return self._shown(alert) if alert else _missing()
        except ConnectorError as error:
            log.warning("The page of alert %d could not be shown: %s", number, error.what)
            return _later()

    def send(self, number: int) -> ResponseReturnValue:
        """A member says what they did."""
        kind = request.form.get("kind", "")
        try:
            alert, contact = self._public(number), self._member()
            if alert is None or kind not in KINDS:
                return _missing()
            if not contact:
                text = gettext("Thank you. Only who comes by the link in the mail is counted; nothing was kept of you.")
                return message(gettext("Thank you for acting"), text, 200)
            acting.note(self.client, self.store, self.secret, alert, contact, kind)
        except ConnectorError as error:
            log.warning("An action after alert %d was not kept: %s", number, error.what)
            return _later()
        return redirect(url_for("act.page", number=number, thanks=kind), 303)

    def outcome(self, number: int, token: str) -> ResponseReturnValue:
        """For the community: sums, and no names."""
        if self.signer.read("outcome", token, OUTCOME_SECONDS) != number:
            return _missing()
        try:
            alert = self._public(number)
            if alert is None:
                return _missing()
            return render_template("outcome.html", alert=alert, sums=outcome.read(self.client, number), told=_told())
        except ConnectorError as error:
            log.warning("The outcome of alert %d could not be shown: %s", number, error.what)
            return _later()

    def _arrive(self, number: int) -> ResponseReturnValue:
        """From the mail: know the member, and go on without the link in the address."""
        contact = (
            0
            if self.is_locked()
            else acting.member(self.client, request.args.get("cid", ""), request.args.get("cs", ""))
        )
        session.pop("member", None)
        if contact:
            session["member"] = self.signer.sign("member", contact)
        return redirect(url_for("act.page", number=number, lang=request.args.get("lang")), 303)

    def _member(self) -> int:
        """Who came by a personal link not long ago; 0 for nobody."""
        if self.is_locked() or "member" not in session:
            return 0
        return int(self.signer.read("member", session["member"], MEMBER_SECONDS) or 0)

    def _public(self, number: int) -> Alert | None:
        """The alert as members may read it. A crowd asks CiviCRM once."""
        with self._one_at_a_time:
            known = self._known.get(number)
            if known and clock.now() - known[0] < FRESH:
                return known[1]
            if len(self._known) > 200:
                self._known.clear()  # somebody tries numbers
            self._known[number] = (clock.now(), acting.public(self.client, number))
            return self._known[number][1]

    def _shown(self, alert: Alert) -> str:
        contact = self._member()
        version = alert.version(language())
        reached = acting.reach(self.client, contact) if contact else []
        done = acting.done(self.client, alert.id, contact) if contact else frozenset()
        return render_template(
            "act.html",
            alert=alert,
            version=version,
            direction_of_text="rtl" if version.language in RIGHT_TO_LEFT else "ltr",
            story=Markup(clean(version.body)),  # noqa: S704  cleaned, word for word
            is_member=bool(contact),
            is_closed=alert.state == CLOSED,
            link=address(alert.ask_link),
            reached=[
                (kind, _headings()[kind], [_ways(one, alert) for one in reached if one.kind == kind])
                for kind in REACHED
            ],
            done=done,
            kinds=[(kind, _told()[kind]) for kind in KINDS],
            thanks=request.args.get("thanks", "") in KINDS,
        )


def _by_kind(reached: Sequence[Reach], alert: Alert) -> list[tuple[str, str, list[dict[str, str]]]]:
    headings = _headings()
    return [(kind, headings[kind], [_ways(one, alert) for one in reached if one.kind == kind]) for kind in REACHED]


def _ways(one: Reach, alert: Alert) -> dict[str, str]:
    """How to reach somebody with one tap, the prepared words filled in."""
    phone = "".join(sign for sign in one.phone if sign.isdigit() or sign == "+")
    said = f"subject={quote(alert.main.subject, safe='')}&body={quote(alert.words, safe='')}"
    mail = f"mailto:{quote(one.email, safe='@.+-_')}?{said}" if one.email else ""
    return {
        "name": one.name,
        "office": one.office,
        "call": f"tel:{phone}" if phone else "",
        "mail": mail,
        "phone": one.phone,
    }


def _headings() -> dict[str, str]:
    return {
        "official": gettext("Officials"),
        "media": gettext("Media"),
        "faith": gettext("Faith leaders"),
        "community": gettext("Community leaders"),
    }


def _told() -> dict[str, str]:
    """What each kind of action is called."""
    return {
        "asked": gettext("I did what is asked"),
        "official": gettext("I called or wrote to an official"),
        "media": gettext("I called or wrote to the media"),
        "faith": gettext("I spoke to a faith leader"),
        "community": gettext("I spoke to a community leader"),
        "shared": gettext("I passed it on"),
    }


def people(number: int) -> str:
    """So many people, in words."""
    return str(ngettext("%(num)s person", "%(num)s people", number))


def _missing() -> tuple[str, int]:
    return message(gettext("There is no such page"), gettext("Perhaps the link was cut in two."), 404)


def _later() -> tuple[str, int]:
    text = gettext("Nothing was lost. Please open this page again in some minutes.")
    return message(gettext("We cannot look at the moment"), text, 503)
