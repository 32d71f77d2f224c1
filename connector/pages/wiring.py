"""Puts the pages into the web service, as far as the settings go."""

from typing import Any

from flask import Flask, request
from flask_limiter import Limiter

from connector import lockdown
from connector.civicrm.client import CiviClient
from connector.mail import Mailer
from connector.pages import site
from connector.pages.act import Acting, people
from connector.pages.checkout import Checkout
from connector.pages.fund import Thermometer
from connector.pages.give import Giving
from connector.pages.links import Signer
from connector.pages.manage import Managing
from connector.settings import Settings
from connector.store import Store
from connector.stripe_api import StripeApi
from connector.webhooks import fund as funds

# For each address that asks. A robot that tries cards gets no further than this, and not to Checkout.
GIVE, GIVE_IN_ALL = "10 per minute; 40 per hour", "600 per hour"
LINKS, MANAGE = "20 per minute", "5 per minute; 20 per hour"
# A whole town may read an alert behind one address. A personal link is looked up in CiviCRM.
READ, ARRIVE = "600 per minute", "60 per minute"
# Nobody waits before a page for as long as a worker does. Seconds, and how often what only reads is asked.
PATIENCE, ATTEMPTS = 10.0, 2


def register(app: Flask, settings: Settings, store: Store) -> None:
    """The pages of the first fund that has some. Raises UserError when a setting that they need is missing or wrong."""
    fund = next((one for one in funds.load(settings.connector_mappings).values() if one.asking), None)
    if fund is None or fund.asking is None:
        return
    settings.need("connector_secret_key", "stripe_api_key", "civicrm_url", "civicrm_api_key", "smtp_url", "mail_from")
    guard, limiter = site.prepare(app, settings)
    if "webhooks" in app.blueprints:
        guard.exempt(app.blueprints["webhooks"])  # Stripe signs what it sends
    api = StripeApi(settings.stripe_api_key, settings.stripe_api_base)
    signer = Signer(settings.connector_secret_key)
    client = CiviClient(
        url=settings.civicrm_url,
        api_key=settings.civicrm_api_key,
        url_form=settings.civicrm_url_form,
        timeout=min(settings.civicrm_timeout_seconds, PATIENCE),
        attempts=ATTEMPTS,
    )
    giving = Giving(fund, fund.asking, Checkout(api, store, settings.public_url), signer, client)
    mailer = Mailer(settings.smtp_url, settings.mail_from)
    app.register_blueprint(giving.blueprint())
    managing = Managing(api, store, signer, mailer, settings.public_url)
    app.extensions["managing"] = managing  # for whoever ends the service
    app.register_blueprint(managing.blueprint())
    app.register_blueprint(Thermometer(fund, store).blueprint())
    acting = Acting(client, store, signer, settings.connector_secret_key, lambda: lockdown.is_on(store))
    app.register_blueprint(acting.blueprint())
    app.jinja_env.globals["people"] = people
    _limit(app, limiter)


def _limit(app: Flask, limiter: Limiter) -> None:
    views: dict[str, Any] = dict(app.view_functions)
    sent = limiter.limit(GIVE)(views["give.send"])
    views["give.send"] = limiter.limit(GIVE_IN_ALL, key_func=lambda: "all")(sent)
    views["give.form"] = limiter.limit(LINKS, exempt_when=site.is_plain)(views["give.form"])
    views["manage.send"] = limiter.limit(MANAGE)(views["manage.send"])
    views["manage.enter"] = limiter.limit(LINKS)(views["manage.enter"])
    views["give.thanks"] = limiter.limit(LINKS)(views["give.thanks"])
    arrived = limiter.limit(ARRIVE, exempt_when=lambda: not request.args.get("cs"))(views["act.page"])
    views["act.page"] = limiter.limit(READ)(arrived)
    views["act.send"] = limiter.limit(LINKS)(views["act.send"])
    views["act.outcome"] = limiter.limit(READ)(views["act.outcome"])
    app.view_functions.update(views)
