"""The stand-in as a Flask app: API, pages and the switches for tests. serve.py puts it behind a real HTTP server."""

from flask import Flask

from sandbox.stripe import api, console, control, money, pages, portal
from sandbox.stripe.account import Account
from sandbox.stripe.days import day
from sandbox.stripe.faults import Faults


def create_app(webhook_url: str | None = None) -> Flask:
    """An empty account behind all its routes."""
    account, faults = Account(webhook_url), Faults()
    app = Flask(__name__)
    app.add_template_filter(money.shown, "money")
    app.add_template_filter(day, "day")
    app.register_blueprint(api.routes(api.Door(account, faults)))
    app.register_blueprint(control.routes(account, faults))
    for clickable in (pages, portal, console):
        app.register_blueprint(clickable.routes(account))
    return app
