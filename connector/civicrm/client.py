"""The one door to CiviCRM over HTTP: API v4, its multi-calls, and the few v3 calls that v4 lacks.

Parameters travel in the body, never in a URL. Only what was certainly not carried out, or only reads, is sent again.
"""

import copy
import json
import logging
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any, TypeVar, cast
from urllib.parse import quote_plus, urlencode, urljoin, urlsplit

import requests

from connector.civicrm import answers
from connector.civicrm.answers import Answer, Asked, Row
from connector.errors import PermanentError, TransientError, UnknownOutcome, UserError
from connector.settings import UrlForm

log = logging.getLogger(__name__)

Call = tuple[str, str, Mapping[str, Any]]  # entity, action, params
Result = TypeVar("Result")
Judge = Callable[[Any, Asked, int], Result]

# Where a site of this form answers. WordPress: this form works under every permalink layout, the pretty one does not.
PATHS: dict[UrlForm, tuple[str, str]] = {
    "standalone": ("/civicrm/ajax/api4", "/civicrm/ajax/rest"),
    "drupal": ("/civicrm/ajax/api4", "/civicrm/ajax/rest"),
    "wordpress": ("/?civiwp=CiviCRM&q=civicrm/ajax/api4", "/?civiwp=CiviCRM&q=civicrm/ajax/rest"),
}
READS = frozenset(
    {
        "get",
        "getFields",
        "getActions",
        "getMergedTo",
        "getMergedFrom",
        "getDuplicates",
        "getmergedto",
        "checkAccess",
        "validateChecksum",
    }
)
# PHP drops every parameter of a body over post_max_size (8 MB by default): a get would then run without its filter.
# nginx refuses bodies over 1 MiB by default. Counted as sent, because encoding makes JSON half as long again.
MAX_BODY = 1_000_000
# A file that is larger is cut off here, and refused by whoever reads it.
MAX_FILE = 25_000_000
ATTEMPTS = 5
LONGEST_PAUSE = 8.0


class CiviClient:
    """A connection to one CiviCRM site under one key; several threads may use it, each with a connection of its own.

    url: the site's base URL. timeout: seconds to wait for an answer. attempts: how often it is asked where repeating is
    safe. sleep: waits between attempts.
    Every method raises UserError (key, permission, address), TransientError (not carried out),
    UnknownOutcome (a write that may have been carried out: look before repeating) or PermanentError.
    """

    def __init__(
        self,
        *,
        url: str,
        api_key: str,
        url_form: UrlForm = "standalone",
        timeout: float = 60.0,
        attempts: int = ATTEMPTS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not (api_key.isascii() and api_key.isprintable()):
            raise UserError("The key for CiviCRM holds characters that no key has.", next_step=answers.ADMIN_KEY)
        if not api_key:
            # Without a key CiviCRM answers "no rows" with HTTP 200, which would look like an empty site.
            raise UserError("The key for CiviCRM is empty.", next_step=answers.ADMIN_KEY)
        self.url = url.rstrip("/")
        self.url_form = url_form
        self.timeout = timeout
        self.attempts = attempts
        self._sleep = sleep
        self._before_write: Callable[[], None] = lambda: None
        self._headers = {
            "X-Civi-Auth": f"Bearer {api_key}",
            "X-Requested-With": "XMLHttpRequest",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        self._of_thread = threading.local()  # a Session is made for one thread
        self._sessions: list[requests.Session] = []

    def close(self) -> None:
        """Close the kept connections."""
        for session in self._sessions:
            session.close()

    def asking_first(self, before_write: Callable[[], None]) -> "CiviClient":
        """The same connection, which calls this before each request that writes: what it raises keeps that back.

        It needs no close of its own.
        """
        same = copy.copy(self)
        same._before_write = before_write
        return same

    def page(self, path: str) -> str:
        """The address of one of CiviCRM's pages, for a person. path: `civicrm/…`, with a query or without."""
        if self.url_form != "wordpress":
            return f"{self.url}/{path}"
        route, _, query = path.partition("?")
        return f"{self.url}/?civiwp=CiviCRM&q={route}{f'&{query}' if query else ''}"

    def api4(self, entity: str, action: str, **params: Any) -> list[Row]:
        """Run one API v4 action and return its rows."""
        asked = Asked(f"{entity}.{action}", writes=action not in READS)
        path = f"{PATHS[self.url_form][0]}/{entity}/{action}"
        return self._send(path, {"params": _json(params)}, asked, answers.rows)

    def multi(self, calls: Mapping[str, Call]) -> dict[str, list[Row]]:
        """Run several v4 calls in one request, or in as many as their size asks for.

        They are not one transaction: each that fails leaves the others done. Raises the error of the first that failed.
        """
        return {name: rows for batch in _packed(calls) for name, rows in self._multi(batch).items()}

    def _multi(self, calls: Mapping[str, Call]) -> dict[str, list[Row]]:
        writes = any(action not in READS for _, action, _ in calls.values())
        names = sorted({f"{entity}.{action}" for entity, action, _ in calls.values()})
        asked = Asked(" + ".join(names), writes=writes)
        # Names that are numbers would come back as a list without its names.
        wire = {f"call {name}": call for name, call in calls.items()}

        def slots(found: Any, asked: Asked, status: int) -> dict[str, list[Row]]:
            if not isinstance(found, dict) or not wire.keys() <= found.keys():
                answers.rows(found, asked, status)  # an error of the whole request, which it raises
                raise PermanentError(f"CiviCRM left calls of {asked.name} unanswered.", next_step=answers.REPORT)
            return {
                name: answers.rows(found[f"call {name}"], Asked(f"{entity}.{action}", writes=asked.writes))
                for name, (entity, action, _) in calls.items()
            }

        return self._send(PATHS[self.url_form][0], {"calls": _json(wire)}, asked, slots)

    def api3(self, entity: str, action: str, **params: Any) -> Row:
        """Run one API v3 action, for what v4 lacks, and return its whole answer."""
        asked = Asked(f"{entity}.{action} (v3)", writes=action not in READS)
        form = {"entity": entity, "action": action, "json": _json(params)}
        return self._send(PATHS[self.url_form][1], form, asked, lambda found, asked, _: answers.result3(found, asked))

    def download(self, url: str) -> bytes:
        """The bytes of one of CiviCRM's files. url: as File.get gives it; signed, so it is kept out of messages."""
        asked = Asked("a file", writes=False)
        own, wanted = urlsplit(self.url), urlsplit(urljoin(f"{self.url}/", url))
        if (wanted.scheme, wanted.netloc) != (own.scheme, own.netloc):
            # our key would go there
            raise PermanentError("CiviCRM names a file at another address than its own.", next_step=answers.ADMIN_URL)
        try:
            got = self._connection().get(
                wanted.geturl(), timeout=(min(5.0, self.timeout), self.timeout), allow_redirects=False, stream=True
            )
            content = b"".join(_limited(got.iter_content(65536)))
        except requests.RequestException as error:
            raise _unreachable(error, asked) from None
        log.info("a file HTTP %d, %d bytes", got.status_code, len(content))
        if got.status_code >= 500:
            raise TransientError(f"CiviCRM answered HTTP {got.status_code} for a file.", next_step=answers.WAIT)
        if got.status_code != 200 or "text/html" in got.headers.get("content-type", ""):
            what = f"CiviCRM answered HTTP {got.status_code} for a file; an empty file is answered so too."
            raise PermanentError(what, next_step=f"look whether it is empty; if not, {answers.ADMIN_ROLE}")
        return content

    def _send(self, path: str, form: Mapping[str, str], asked: Asked, judge: Judge[Result]) -> Result:
        """Post until `judge` finds the answer good, as long as repeating is safe."""
        for attempt in range(1, self.attempts + 1):
            if asked.writes:
                self._before_write()
            try:
                answer = self._post(path, form, asked)
                return judge(answers.payload(answer, asked), asked, answer.status)
            except UnknownOutcome:
                raise
            except TransientError as error:
                if attempt == self.attempts:
                    raise
                pause = min(LONGEST_PAUSE, 0.5 * 2**attempt) * random.uniform(0.5, 1)
                log.warning("%s not answered (%s), attempt %d, next in %.1f s", asked.name, error.what, attempt, pause)
                self._sleep(pause)
        raise AssertionError("unreachable")

    def _connection(self) -> requests.Session:
        """The calling thread's own connection."""
        if not hasattr(self._of_thread, "session"):
            session = requests.Session()
            session.trust_env = False  # a .netrc would replace our key by its own
            session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # each call stands for itself
            session.headers.update(self._headers)
            self._sessions.append(session)
            self._of_thread.session = session
        return cast(requests.Session, self._of_thread.session)

    def _post(self, path: str, form: Mapping[str, str], asked: Asked) -> Answer:
        body = urlencode(form)
        if len(body) > MAX_BODY:
            raise PermanentError(f"{asked.name} is too large to send ({len(body)} bytes).", next_step=answers.REPORT)
        began = time.monotonic()
        try:
            got = self._connection().post(
                self.url + path, data=body, timeout=(min(5.0, self.timeout), self.timeout), allow_redirects=False
            )
        except requests.RequestException as error:
            raise _unreachable(error, asked) from None  # the chained text could quote the request
        log.info("%s HTTP %d in %.0f ms", asked.name, got.status_code, (time.monotonic() - began) * 1000)
        got.encoding = "utf-8"
        return Answer(got.status_code, got.headers.get("content-type", ""), got.text)


def _limited(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The parts of a file until it is larger than any that we take; what comes after is not read."""
    size = 0
    for part in parts:
        size += len(part)
        yield part
        if size > MAX_FILE:
            return


def _packed(calls: Mapping[str, Call]) -> Iterator[dict[str, Call]]:
    """The calls in their order, as many at a time as fit into one body. None at all for no calls."""
    batch: dict[str, Call] = {}
    size = 0
    for name, call in calls.items():
        length = len(quote_plus(_json([name, call]))) + 20
        if batch and size + length > MAX_BODY:
            yield batch
            batch, size = {}, 0
        batch[name] = call
        size += length
    if batch:
        yield batch


def _unreachable(error: requests.RequestException, asked: Asked) -> Exception:
    kind = type(error).__name__
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema):
        return UserError("CIVICRM_URL is not an address.", next_step=answers.ADMIN_URL)
    if isinstance(error, requests.exceptions.SSLError):
        return UserError("The certificate of CIVICRM_URL is not accepted.", next_step=answers.ADMIN_URL)
    if isinstance(error, requests.exceptions.ConnectTimeout) or "Failed to " in str(
        error
    ):  # to establish, or to resolve
        wait = f"the administrator checks that CiviCRM runs at CIVICRM_URL; {answers.WAIT}"
        return TransientError(f"CiviCRM cannot be reached ({kind}); {asked.name} was not sent.", next_step=wait)
    if asked.writes:
        return UnknownOutcome(f"The connection was lost during {asked.name} ({kind}).", next_step=answers.LOOK)
    return TransientError(f"The connection was lost during {asked.name} ({kind}).", next_step=answers.WAIT)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
