"""Every setting, read once from the environment into a frozen object. The only file that reads os.environ."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast, get_args
from urllib.parse import urlsplit

from connector.errors import UserError

UrlForm = Literal["standalone", "wordpress", "drupal"]
SECRETS = (
    "CIVICRM_API_KEY",
    "CIVICRM_SETUP_KEY",
    "CONNECTOR_SECRET_KEY",
    "CONNECTOR_FINGERPRINT_KEY",
    "STRIPE_API_KEY",
    "STRIPE_WEBHOOK_SECRETS",
    "SMTP_URL",
)
SHIPPED_MAPPINGS = Path(__file__).resolve().parent.parent / "mappings"
DEFAULT_QUEUE = "sqlite:///solidarity-queue.sqlite3"
DEFAULT_DATABASE = "sqlite:///solidarity.sqlite3"
# More than CiviCRM's own server has processors gains nothing; six of them lost a third on two.
WORKERS = ("1", "2", "3", "4")
# How many servers of ours stand between the world and the web service, each adding whom it got a request from.
PROXIES = ("0", "1", "2", "3")
LOOPBACK = ("127.0.0.1", "::1", "localhost")
# A guessable key would make the fingerprints of short values (a phone number) readable by trying them all.
SHORTEST_KEY = 32


@dataclass(frozen=True, slots=True)
class Settings:
    """The connector's settings. Secrets are kept out of `repr`."""

    civicrm_url: str = ""
    civicrm_url_form: UrlForm = "standalone"
    civicrm_api_key: str = field(default="", repr=False)
    civicrm_setup_key: str = field(default="", repr=False)
    civicrm_timeout_seconds: float = 60.0
    civicrm_grace_seconds: float = 10.0
    civicrm_workers: int = 2
    database_url: str = DEFAULT_DATABASE
    queue_url: str = DEFAULT_QUEUE
    connector_secret_key: str = field(default="", repr=False)
    connector_fingerprint_key: str = field(default="", repr=False)
    connector_mappings: Path = SHIPPED_MAPPINGS
    stripe_api_key: str = field(default="", repr=False)
    stripe_webhook_secrets: str = field(default="", repr=False)
    stripe_api_base: str = ""
    stripe_livemode: bool = False
    public_url: str = ""
    trusted_proxies: int = 0
    smtp_url: str = field(default="", repr=False)
    mail_from: str = ""
    admin_email: str = ""

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings from `env` (default: the process's environment).

        Raises UserError with every wrong value at once; a setting that is merely absent is asked for by `need`.
        """
        env = os.environ if env is None else env
        problems: list[str] = []
        secrets = {name.lower(): _secret(env, name, problems) for name in SECRETS}
        for name in ("CONNECTOR_SECRET_KEY", "CONNECTOR_FINGERPRINT_KEY"):
            if 0 < len(secrets[name.lower()]) < SHORTEST_KEY:
                problems.append(f"{name} is shorter than {SHORTEST_KEY} characters")
        url = env.get("CIVICRM_URL", "").strip().rstrip("/")
        if url and not _is_safe(url):
            problems.append("CIVICRM_URL does not start with https:// (http:// only on this machine: the key travels)")
        form = env.get("CIVICRM_URL_FORM", "").strip() or "standalone"
        if form not in get_args(UrlForm):
            problems.append(f"CIVICRM_URL_FORM is none of {', '.join(get_args(UrlForm))}")
        timeout = _seconds(env, "CIVICRM_TIMEOUT_SECONDS", 60.0, problems)
        grace = _seconds(env, "CIVICRM_GRACE_SECONDS", 10.0, problems)
        workers = env.get("CIVICRM_WORKERS", "").strip() or "2"
        if workers not in WORKERS:
            problems.append(f"CIVICRM_WORKERS is none of {', '.join(WORKERS)}")
        base = env.get("STRIPE_API_BASE", "").strip().rstrip("/")
        if base and not _is_safe(base):
            problems.append("STRIPE_API_BASE does not start with https:// (http:// only on this machine)")
        public = env.get("PUBLIC_URL", "").strip().rstrip("/")
        if public and not _is_safe(public):
            problems.append("PUBLIC_URL does not start with https:// (http:// only on this machine)")
        proxies = env.get("TRUSTED_PROXIES", "").strip() or "0"
        if proxies not in PROXIES:
            problems.append(f"TRUSTED_PROXIES is none of {', '.join(PROXIES)}")
        livemode = env.get("STRIPE_LIVEMODE", "").strip().lower() or "false"
        if livemode not in ("true", "false"):
            problems.append("STRIPE_LIVEMODE is neither true nor false")
        if "_live_" in secrets["stripe_api_key"] and livemode == "false":
            problems.append("STRIPE_API_KEY is a live key, but STRIPE_LIVEMODE is not true")
        if problems:
            raise UserError("The settings are not usable.", problems=problems, next_step=_CORRECT)
        return cls(
            civicrm_url=url,
            civicrm_url_form=cast(UrlForm, form),
            civicrm_timeout_seconds=timeout,
            civicrm_grace_seconds=grace,
            civicrm_workers=int(workers),
            database_url=env.get("DATABASE_URL", "").strip() or DEFAULT_DATABASE,
            queue_url=env.get("QUEUE_URL", "").strip() or DEFAULT_QUEUE,
            stripe_api_base=base,
            stripe_livemode=livemode == "true",
            public_url=public,
            trusted_proxies=int(proxies),
            connector_mappings=Path(env.get("CONNECTOR_MAPPINGS", "").strip() or SHIPPED_MAPPINGS),
            mail_from=env.get("MAIL_FROM", "").strip(),
            admin_email=env.get("ADMIN_EMAIL", "").strip(),
            **secrets,
        )

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """The signing secrets of the webhook endpoint, several while one is rolled."""
        return tuple(filter(None, map(str.strip, self.stripe_webhook_secrets.split(","))))

    def need(self, *names: str) -> None:
        """Raise UserError naming every one of these settings (in lower case, as attributes) that is empty."""
        missing = [name.upper() for name in names if not getattr(self, name)]
        if missing:
            raise UserError(f"Not set: {', '.join(missing)}.", next_step=_CORRECT)


_CORRECT = "the administrator sets it in the environment; .env.example explains each setting."


def _secret(env: Mapping[str, str], name: str, problems: list[str]) -> str:
    """The value of NAME, or the contents of the file named by NAME_FILE; never both."""
    value, path = env.get(name, "").strip(), env.get(f"{name}_FILE", "").strip()
    if value and path:
        problems.append(f"{name} and {name}_FILE are both set")
    if not path or value:
        return value
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        problems.append(f"{name}_FILE cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        problems.append(f"{name}_FILE cannot be read: it is not text")
    return ""


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def _seconds(env: Mapping[str, str], name: str, default: float, problems: list[str]) -> float:
    text = env.get(name, "").strip()
    try:
        value = float(text) if text else default
    except ValueError:
        value = -1.0
    if not 0 < value < 3600:
        problems.append(f"{name} is not a number of seconds between 0 and 3600")
    return value
