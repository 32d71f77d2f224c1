"""`/fund`: what came in and how far it goes; as a page, as JSON, and as a thermometer for other websites."""

from dataclasses import dataclass
from datetime import date, datetime

from flask import Blueprint, Response, jsonify, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from connector import clock
from connector.pages.site import language, message
from connector.store import Store
from connector.webhooks import progress
from connector.webhooks.fund import Fund
from connector.webhooks.progress import Measured, Progress

# How long others may keep the numbers, in seconds. The worker counts each minute.
FRESH = 60


@dataclass(frozen=True, slots=True)
class Thermometer:
    """The pages of one fund's numbers."""

    fund: Fund
    store: Store

    def blueprint(self) -> Blueprint:
        """Its routes."""
        pages = Blueprint("fund", __name__)
        pages.add_url_rule("/fund", "page", self.page)
        pages.add_url_rule("/fund.json", "numbers", self.numbers)
        pages.add_url_rule("/fund.svg", "picture", self.picture)
        return pages

    def page(self) -> ResponseReturnValue:
        """For people."""
        known = progress.known(self.store, self.fund.name)
        if known is None:
            text = gettext("Please come back in some minutes.")
            return message(gettext("The fund is not counted yet"), text, 503)
        sums, at = known
        return render_template(
            "fund.html", fund=self.fund, sums=sums, at=at, measured=self._measured(sums), today=_today()
        )

    def numbers(self) -> ResponseReturnValue:
        """For programs: amounts as texts, times in UTC."""
        known = progress.known(self.store, self.fund.name)
        if known is None:
            return jsonify(error="not counted yet"), 503
        return _public(jsonify(_as_json(self.fund, *known, self._measured(known[0]))))

    def picture(self) -> ResponseReturnValue:
        """For other websites: `<img src="https://…/fund.svg?lang=ar">`."""
        known = progress.known(self.store, self.fund.name)
        if known is None:
            return Response(status=503)
        sums, _ = known
        drawn = render_template(
            "fund.svg", sums=sums, measured=self._measured(sums), fund=self.fund, language=language()
        )
        return _public(Response(drawn, mimetype="image/svg+xml"))

    def _measured(self, sums: Progress) -> Measured | None:
        return Measured(self.fund.goal, sums.received) if self.fund.goal else None


def _as_json(fund: Fund, sums: Progress, at: datetime, measured: Measured | None) -> dict[str, object]:
    found: dict[str, object] = {
        "fund": fund.name,
        "currency": sums.currency,
        "received": str(sums.received),
        "proven": str(sums.proven),
        "under_way": str(sums.under_way),
        "pledged": str(sums.pledged),
        "other_currencies": {name: str(value) for name, value in sums.others.items()},
        "counted_at": at.isoformat(timespec="seconds"),
    }
    if measured is None:
        return found
    months = {
        "protector_months_needed": measured.goal.needed,
        "protector_months_funded": measured.funded,
        "protector_months_beyond": measured.beyond,
        "next_month_covered_at": str(measured.next_at),
        "next_month_missing": str(measured.missing),
        "begin": measured.goal.begin.isoformat(),
        "pilot_has_ended": measured.has_ended(_today()),
    }
    return found | months


def _public(response: Response) -> Response:
    """Anybody may show it, and keep it for a minute."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Cache-Control"] = f"public, max-age={FRESH}"
    if response.mimetype == "image/svg+xml":
        response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    return response


def _today() -> date:
    return clock.now().date()
