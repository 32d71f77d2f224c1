"""The stand-in as a Flask app: API, visitor pages, and the switches for tests.

serve.py puts it behind a real HTTP server.
"""

import pickle

from flask import Flask, Response, request

from sandbox.civicrm import api, faults, http, leaving, pages, screens, seed
from sandbox.civicrm.site import Dialect, Site


def create_app(wordpress: bool = False, smtp: str = "") -> Flask:
    """A pristine site behind all its routes. smtp: where its mail goes."""
    site, troubles = Site(Dialect(wordpress), smtp=smtp), faults.Faults()
    door = http.Door(site, troubles)
    seed.plant(site)

    def reset() -> None:
        with door.lock:
            api.new_site(site)
            seed.plant(site)

    kept: dict[str, bytes] = {}

    def keep(name: str) -> None:
        with door.lock:
            kept[name] = pickle.dumps(site.__dict__)

    def put_back(name: str) -> None:
        with door.lock:
            site.__dict__.update(pickle.loads(kept[name]))  # noqa: S301 our own, from this process

    app = Flask(__name__)
    # The whole point of an 8 MB limit is that CiviCRM fails at it in its own way (http.form_fields).
    app.config.update(MAX_FORM_MEMORY_SIZE=64 * 1024 * 1024)
    app.register_blueprint(http.routes(door))
    app.register_blueprint(faults.routes(troubles, reset, keep, put_back))
    app.register_blueprint(pages.routes(door))
    app.register_blueprint(screens.routes(door))
    app.register_blueprint(leaving.routes(door))
    app.register_error_handler(404, lambda _: http.html("Path not found", 404))
    app.before_request(lambda: setattr(site, "url", request.host_url.rstrip("/")))  # for the links in its mails
    if wordpress:
        app.before_request(lambda: _query_url(door))
    return app


def _query_url(door: http.Door) -> Response | None:
    """WordPress's form of every API address: /?civiwp=CiviCRM&q=civicrm/ajax/…"""
    path = request.args.get("q", "")
    if request.path == "/" and request.args.get("civiwp") == "CiviCRM" and path.startswith("civicrm/ajax/"):
        return door.answer(path.removeprefix("civicrm/ajax/"))
    return None
