"""`/act/<alert>`: what happened, what is asked, whom to call; and a click for who did it. `outcome` is the community's.

A personal link opens it from the mail. Its contact and checksum leave the address at once, for a signed cookie that
holds the contact's number for two hours: an address is kept in histories and passed on, a cookie is not.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from markupsafe import Markup

from connector.alerts import acting, outcome
from connector.alerts.acting import KINDS, REACHED, Mine, Reach
from connector.alerts.activities import CLOSED, Alert, Version
from connector.alerts.cleaning import address, clean
from connector.alerts.outcome import Outcome
from connector.alerts.words import words
from connector.civicrm.client import CiviClient
from connector.errors import ConnectorError
from connector.pages.fresh import Fresh
from connector.pages.links import Signer
from connector.pages.site import language, message
from connector.store import Store

log = logging.getLogger(__name__)

MEMBER_SECONDS = 2 * 3600
OUTCOME_SECONDS = 365 * 24 * 3600
NOBODY = Mine(frozenset(), ())


@dataclass(frozen=True, slots=True)
class Acting:
    """The pages of alerts. secret: of the lease on a click; is_locked: personal links are not honoured."""

    client: CiviClient
    store: Store
    signer: Signer
    secret: str
    is_locked: Callable[[], bool]
    _alerts: Fresh[Alert | None] = field(default_factory=Fresh)
    _links: Fresh[int] = field(default_factory=Fresh)
    _reached: Fresh[list[Reach]] = field(default_factory=Fresh)
    _outcomes: Fresh[Outcome] = field(default_factory=Fresh)

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
            return self._personal(alert) if alert else _missing()
        except ConnectorError as error:
            log.warning("The page of alert %d could not be shown whole: %s", number, error.what)
            known = self._alerts.last(number)
            return _shown(known, is_away=True) if known else _later()

    def send(self, number: int) -> ResponseReturnValue:
        """A member says what they did."""
        kind = request.form.get("kind", "")
        try:
            alert, contact = self._public(number), self._member()
            if alert is None or kind not in KINDS:
                return _missing()
            if not contact:
                text = gettext("Nothing was kept of you. Please open the link in the mail again, and click there.")
                return message(gettext("Thank you for acting"), text, 200, back=_address(number))
            is_new = acting.note(self.client, self.store, self.secret, alert, contact, kind)
        except ConnectorError as error:
            log.warning("An action after alert %d was not kept: %s", number, error.what)
            text = gettext("It could not be kept. Please click once more in some minutes; it counts once.")
            return message(gettext("We cannot look at the moment"), text, 503, back=_address(number))
        told = {"thanks" if is_new else "again": kind, "lang": request.args.get("lang")}
        return redirect(_address(number, **told, _anchor="done"), 303)

    def outcome(self, number: int, token: str) -> ResponseReturnValue:
        """For the community: sums, and no names."""
        if self.signer.read("outcome", token, OUTCOME_SECONDS) != number:
            return _missing()
        try:
            alert = self._public(number)
            if alert is None:
                return _missing()
            sums = self._outcomes.get(number, lambda: outcome.read(self.client, number))
            version = alert.version(language())
            return render_template("outcome.html", alert=alert, version=version, sums=sums, told=_counted())
        except ConnectorError as error:
            log.warning("The outcome of alert %d could not be shown: %s", number, error.what)
            return _later()

    def _arrive(self, number: int) -> ResponseReturnValue:
        """From the mail: know the member, and go on without the link in the address."""
        link = (request.args.get("cid", ""), request.args.get("cs", ""))
        session.pop("member", None)  # whoever came before, on the same machine
        contact = 0 if self.is_locked() else self._links.get(link, lambda: acting.member(self.client, *link))
        if contact:
            session["member"] = self.signer.sign("member", contact)
        return redirect(_address(number, lang=request.args.get("lang")), 303)

    def _member(self) -> int:
        """Who came by a personal link not long ago; 0 for nobody."""
        if self.is_locked() or "member" not in session:
            return 0
        return int(self.signer.read("member", session["member"], MEMBER_SECONDS) or 0)

    def _public(self, number: int) -> Alert | None:
        """The alert as members may read it."""
        return self._alerts.get(number, lambda: acting.public(self.client, number))

    def _personal(self, alert: Alert) -> str:
        contact = self._member()
        if not contact:
            return _shown(alert)
        mine = acting.mine(self.client, alert.id, contact)
        reached = self._reached.get(mine.chapters, lambda: acting.reach(self.client, mine.chapters))
        return _shown(alert, mine, reached)


def _shown(alert: Alert, mine: Mine | None = None, reached: Sequence[Reach] = (), *, is_away: bool = False) -> str:
    """The page. mine: of a member who came by a personal link, else None; is_away: CiviCRM does not answer."""
    version, done = _version(alert), (mine or NOBODY).done
    by_kind = [(_headings()[kind], [_ways(one, alert) for one in reached if one.kind == kind]) for kind in REACHED]
    return render_template(
        "act.html",
        alert=alert,
        version=version,
        words=words(version.language),
        story=Markup(clean(version.body)),  # noqa: S704  cleaned, word for word
        is_member=mine is not None,
        is_away=is_away,
        is_closed=alert.state == CLOSED,
        link=address(alert.ask_link),
        reached=[(heading, some) for heading, some in by_kind if some],
        kinds=[(kind, label, kind in done) for kind, label in _told().items()],
        told=_click(done),
    )


def _version(alert: Alert) -> Version:
    """The text in the language of the mail that led here, else of the page."""
    asked = request.args.get("lang", "")
    return next((one for one in alert.versions if one.language == asked), alert.version(language()))


def _click(done: frozenset[str]) -> str:
    """What became of the click that led here, as it stands in CiviCRM; empty when none did."""
    new, again = request.args.get("thanks", ""), request.args.get("again", "")
    said = ""
    if new in done:
        said = gettext("Thank you. It was kept, and the community will hear of it, without your name.")
    elif again in done:
        said = gettext("Thank you. You told us before; each kind counts once.")
    elif {new, again} & set(KINDS):
        said = gettext("It is not kept yet. Please click once more.")
    return said


def _ways(one: Reach, alert: Alert) -> dict[str, str]:
    """How to reach somebody with one tap, the prepared words filled in."""
    phone = "".join(sign for sign in one.phone if sign.isdigit() or sign == "+")
    said = f"subject={quote(alert.main.subject, safe='')}&body={quote(alert.words, safe='')}"
    mail = f"mailto:{quote(one.email, safe='@.+-_')}?{said}" if one.email else ""
    call = f"tel:{phone}" if phone else ""
    return {"name": one.name, "office": one.office, "call": call, "mail": mail, "phone": one.phone if phone else ""}


def _address(number: int, **query: str | None) -> str:
    return url_for("act.page", number=number, **query)  # type: ignore[arg-type]  # of our own words


def _headings() -> dict[str, str]:
    return {
        "official": gettext("Officials"),
        "media": gettext("Media"),
        "faith": gettext("Faith leaders"),
        "community": gettext("Community leaders"),
    }


def _told() -> dict[str, str]:
    """What each kind of action is called by who does it."""
    return {
        "asked": gettext("I did what is asked"),
        "official": gettext("I called or wrote to an official"),
        "media": gettext("I called or wrote to the media"),
        "faith": gettext("I spoke to a faith leader"),
        "community": gettext("I spoke to a community leader"),
        "shared": gettext("I passed it on"),
    }


def _counted() -> dict[str, str]:
    """What each kind of action is called where all who did it are counted."""
    return {
        "asked": gettext("Did what was asked"),
        "official": gettext("Called or wrote to an official"),
        "media": gettext("Called or wrote to the media"),
        "faith": gettext("Spoke to a faith leader"),
        "community": gettext("Spoke to a community leader"),
        "shared": gettext("Passed it on"),
    }


def people(number: int) -> str:
    """So many people, in words."""
    return str(ngettext("%(num)s person", "%(num)s people", number))


def _missing() -> tuple[str, int]:
    return message(gettext("There is no such page"), gettext("Perhaps the link was cut in two."), 404)


def _later() -> tuple[str, int]:
    text = gettext("Nothing was lost. Please open this page again in some minutes.")
    return message(gettext("We cannot look at the moment"), text, 503, back=request.full_path)
