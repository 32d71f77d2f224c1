"""Solidarity Connector: keeps rosters, donations and alerts of a solidarity network in step with CiviCRM."""

from typing import TYPE_CHECKING

from connector.errors import ConnectorError
from connector.settings import Settings

if TYPE_CHECKING:
    from flask import Flask


def create_app(settings: Settings | None = None) -> "Flask":
    """The web service. settings: read from the environment when not given.

    Raises UserError when a setting is wrong or the database cannot be opened: better at the start than at night.
    """
    from flask import Flask  # here, so that the command line does not load a web server

    from connector.store import Store

    settings = settings or Settings.from_env()
    store = Store(settings.database_url)
    app = Flask(__name__, static_folder="pages/static", template_folder="pages/templates")
    if settings.webhook_secrets:
        from connector.inbox import Inbox
        from connector.webhooks import door

        app.register_blueprint(door.blueprint(Inbox(store), settings.webhook_secrets, settings.stripe_livemode))

    if settings.public_url:
        from connector.pages import wiring

        wiring.register(app, settings, store)

    @app.get("/healthz")
    def healthz() -> tuple[dict[str, str], int]:
        """The process answers."""
        return {"status": "ok"}, 200

    @app.get("/readyz")
    def readyz() -> tuple[dict[str, str], int]:
        """The process can do its work: its database answers."""
        try:
            store.ping()
        except ConnectorError as error:
            return {"status": "not ready", "why": error.what}, 503
        return {"status": "ready"}, 200

    return app
