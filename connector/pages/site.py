"""What all pages share: language, forms that nobody can forge, limits, and headers that let nothing foreign in."""

import re
from pathlib import Path

from babel import Locale
from flask import Flask, Response, g, render_template, request, session
from flask_babel import Babel, format_currency, format_decimal, gettext
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError
from werkzeug.middleware.proxy_fix import ProxyFix

from connector.money import places
from connector.settings import Settings

CATALOGUES = Path(__file__).parent / "translations"
LANGUAGES = ("en", *sorted(path.name for path in CATALOGUES.glob("*") if (path / "LC_MESSAGES").is_dir()))
# The largest form that anybody fills in honestly is some kilobytes.
LARGEST = 32 * 1024
# Stripe's own pages, where a form of ours may lead: browsers hold a redirect to form-action too.
STRIPE_PAGES = "https://checkout.stripe.com https://billing.stripe.com"


def prepare(app: Flask, settings: Settings) -> tuple[CSRFProtect, Limiter]:
    """Give the app what every page needs. Returns the guard of forms and the limits."""
    app.config.update(
        SECRET_KEY=settings.connector_secret_key,
        SESSION_COOKIE_NAME="form",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.public_url.startswith("https://"),
        WTF_CSRF_TIME_LIMIT=12 * 3600,
        WTF_CSRF_SSL_STRICT=False,  # it wants a Referer, which our own pages tell nobody
        BABEL_DEFAULT_LOCALE="en",
        BABEL_TRANSLATION_DIRECTORIES=str(CATALOGUES),
        RATELIMIT_HEADERS_ENABLED=True,
        MAX_CONTENT_LENGTH=LARGEST,
    )
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies, x_proto=settings.trusted_proxies)  # type: ignore[method-assign]
    Babel(app, locale_selector=language)
    limiter = Limiter(get_remote_address, app=app, storage_uri=_storage(settings), strategy="fixed-window")
    app.context_processor(_for_templates)
    app.jinja_env.filters["money"] = money
    app.jinja_env.filters["country"] = country
    app.jinja_env.filters["number"] = format_decimal
    app.after_request(lambda response: _guarded(response, settings))
    app.register_error_handler(CSRFError, _forged)
    app.register_error_handler(429, _too_often)
    app.register_error_handler(413, _too_large)
    app.register_error_handler(404, _not_here)
    return CSRFProtect(app), limiter


def language() -> str:
    """The language of this page: asked for by a link, remembered from one, or the browser's."""
    if "language" not in g:
        asked = request.args.get("lang", "")
        if asked in LANGUAGES:
            session["lang"] = asked
        remembered = asked if asked in LANGUAGES else session.get("lang", "")
        g.language = remembered if remembered in LANGUAGES else request.accept_languages.best_match(LANGUAGES, "en")
    return str(g.language)


def money(amount: object, currency: str) -> str:
    """An amount as people of this language write it; whole ones without a point."""
    written, decimals = str(format_currency(amount, currency)), places(currency)
    return re.sub(rf"[.,٫][0٠]{{{decimals}}}(?=\D*$)", "", written) if decimals else written


def country(code: str) -> str:
    """A country's name in the language of the page. code: ISO 3166."""
    return str(Locale.parse(language()).territories.get(code, code))


def is_plain() -> bool:
    """True for a page that asks CiviCRM nothing."""
    return not request.args.get("pledge")


def message(title: str, text: str, status: int, *, back: str = "") -> tuple[str, int]:
    """A page that says one thing. back: the address of the page to go on from, when it is not the giving page."""
    return render_template("message.html", title=title, text=text, back=back), status


def _storage(settings: Settings) -> str:
    """Where hits are counted: with the queue when that is a server, which all processes share; else in this process."""
    return settings.queue_url if settings.queue_url.startswith("redis") else "memory://"


def _for_templates() -> dict[str, object]:
    here = Locale.parse(language())
    others = [(code, str(Locale.parse(code).get_display_name(code))) for code in LANGUAGES if code != language()]
    return {"language": language(), "direction": here.text_direction, "other_languages": others}


def _guarded(response: Response, settings: Settings) -> Response:
    """The headers of every answer. The pages load nothing but their own style and pictures."""
    forms = " ".join(filter(None, ["'self'", STRIPE_PAGES, settings.stripe_api_base]))
    policy = f"default-src 'none'; style-src 'self'; img-src 'self'; form-action {forms}; base-uri 'none'"
    response.headers.setdefault("Content-Security-Policy", f"{policy}; frame-ancestors 'none'")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=()"
    response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if response.mimetype == "text/html":
        response.headers.setdefault("Cache-Control", "no-store")
    if settings.public_url.startswith("https://"):
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return response


def _forged(_error: CSRFError) -> tuple[str, int]:
    text = gettext("It was open for too long, or it is not ours. Nothing was done. Please go back and open it again.")
    return message(gettext("This form cannot be used any more"), text, 400)


def _too_often(_error: object) -> tuple[str, int]:
    text = gettext("Nothing was done. Please wait for some minutes, then try again.")
    return message(gettext("That was too often"), text, 429)


def _too_large(_error: object) -> tuple[str, int]:
    return message(gettext("That is too much"), gettext("Nothing was done. Please write less."), 413)


def _not_here(_error: object) -> tuple[str, int]:
    return message(gettext("There is no such page"), gettext("Perhaps the link was cut in two."), 404)
