"""The one judgement of CiviCRM's answers: rows, or the error that says who acts next. Pure.

CiviCRM answers 200 with a web page while it rebuilds its caches or has lost its database, 302 instead of running
a call, and on WordPress 200 for errors. So an answer is good only if it is JSON that holds what was asked for.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from connector.errors import AlreadyExists, ConnectorError, PermanentError, TransientError, UnknownOutcome, UserError

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, as far as the judgement needs it."""

    status: int
    content_type: str
    body: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked: `name` for messages (`Individual.save`), and whether CiviCRM may have written something."""

    name: str
    writes: bool


ADMIN_KEY = "the administrator checks CIVICRM_API_KEY (and CIVICRM_SETUP_KEY) and runs `solidarity doctor`."
ADMIN_URL = "the administrator checks CIVICRM_URL and CIVICRM_URL_FORM."
ADMIN_ROLE = "the administrator gives the connector's role this permission; `solidarity doctor` lists what is missing."
ADMIN_MAIL = "the administrator looks at CiviMail's settings: what is named is missing there or in the mailing."
WAIT = "run the same command again in a few minutes; it goes on where it stopped."
LOOK = "run the same command again: it looks at what was stored before it writes."
REPORT = "a developer looks at this; CiviCRM's own log holds the details."

# CiviCRM's sentences that cannot hold anything of a person, as far as they cannot. Any other text stays out of our
# messages and logs.
_IMPERSONAL = re.compile(
    r"API \(\w+, \w+\) does not exist|Api \w+ \w+ version \d does not exist|"
    r"Authorization failed(: CiviCRM APIv4 \(\w+::\w+\))?|ACL check failed|DB Error: [a-z ]+|"
    r"Invalid field '[\w.:]+'|Mandatory values missing from Api4 \w+::\w+: [\w., ]+|"
    r"Mandatory key\(s\) missing from params array: [\w, ]+|Parameter \"\w+\" is (required|not of the correct type)|"
    r"Unknown api parameter: \w+|The Contact Sub Type does not match the Contact type|SECURITY|"
    r"Duplicate error - existing contribution|Expected one \w+ but found \d+|Sorry an error occurred|"
    r"Invalid Relationship|Duplicate Relationship|"
    r"Mailing cannot be sent\. There are missing or invalid fields \([\w:., ]+\)"
)
_DUPLICATE = re.compile(r"already exists|Duplicate Relationship|Duplicate error - existing contribution")
_TRY_AGAIN = re.compile(r"deadlock|lock wait timeout|restarting transaction|connection lost|gone away", re.IGNORECASE)


def payload(answer: Answer, asked: Asked) -> Any:
    """The JSON of an answer, once HTTP itself says nothing is wrong. Raises the right ConnectorError otherwise."""
    if "application/json" in answer.content_type.lower():
        try:
            found = json.loads(answer.body)
        except ValueError:
            raise _broken(asked, "an answer that was cut off") from None
        if isinstance(found, dict) and "message" in found and "values" not in found and answer.status >= 500:
            raise _broken(asked, f"HTTP {answer.status} from WordPress instead of CiviCRM")
        return found
    raise _not_json(answer, asked)


def rows(found: Any, asked: Asked, status: int = 200) -> list[Row]:
    """The rows of one v4 answer (or one slot of a multi-call).

    found: the parsed answer. status: its HTTP status, which on WordPress says nothing.
    Raises UserError (permission), AlreadyExists, UnknownOutcome, TransientError or PermanentError.
    """
    if isinstance(found, dict) and found.get("error_message") is not None:
        raise _api_error(found, asked, status)
    if status < 400 and isinstance(found, dict) and isinstance(found.get("values"), list):
        return list(found["values"])
    raise _broken(asked, f"HTTP {status} and JSON without `values`")


def result3(found: Any, asked: Asked) -> Row:
    """The answer of a v3 call, whose errors come as HTTP 200 with `is_error`."""
    if isinstance(found, dict) and found.get("is_error") == 0:
        return found
    if isinstance(found, dict) and found.get("is_error"):
        raise _api_error(found, asked, 200)
    raise _broken(asked, "JSON without `is_error`")


def _api_error(found: Row, asked: Asked, status: int) -> ConnectorError:
    message = str(found.get("error_message", ""))
    code = found.get("status") or (status if status >= 400 else found.get("error_code"))
    harmless = _IMPERSONAL.match(message)
    shown = harmless[0] if harmless else f"a text left out here (error id {found.get('error_id')})"
    said = f"CiviCRM refused {asked.name}: {shown}"
    if code == 403 or message.startswith("Authorization failed"):
        return UserError(said, next_step=ADMIN_ROLE)
    if message.startswith(("API (", "Api ")):
        return UserError(said, next_step="the administrator enables this part of CiviCRM or updates it, then `doctor`.")
    if message.startswith("Mailing cannot be sent"):
        return UserError(said, next_step=ADMIN_MAIL)
    if _DUPLICATE.search(message):
        return AlreadyExists(said, next_step=LOOK)
    if _TRY_AGAIN.search(message):
        return _broken(asked, "its database gave way")
    if message.startswith("Sorry an error occurred"):
        return PermanentError(
            f"CiviCRM refused {asked.name} and hides why.",
            next_step="the administrator gives the connector's role 'view debug output' and runs it again.",
        )
    return PermanentError(said, next_step=REPORT)


def _not_json(answer: Answer, asked: Asked) -> ConnectorError:
    status, text = answer.status, answer.body
    if status == 401:
        reason = text[:120] if text.startswith("HTTP 401") else "no reason given"
        return UserError(f"CiviCRM does not accept the key ({reason}).", next_step=ADMIN_KEY)
    if status == 403:
        return UserError(f"CiviCRM forbids {asked.name} (HTTP 403).", next_step=ADMIN_ROLE)
    if status in (404, 405):
        return UserError(f"There is no CiviCRM at CIVICRM_URL (HTTP {status}).", next_step=ADMIN_URL)
    if status < 400 and "Critical error" in text:
        return TransientError(f"CiviCRM's database is away; {asked.name} was not run.", next_step=WAIT)
    if status < 400:
        # A rebuild of CiviCRM's caches answers like this, and so does a wrong address: only patience tells them apart.
        seen = f"HTTP {status}" if status >= 300 else "a web page instead of data"
        return TransientError(
            f"CiviCRM answered {asked.name} with {seen}; it was not run.",
            next_step=f"if this lasts for more than some minutes {ADMIN_URL} Otherwise {WAIT}",
        )
    if status in (429, 503):
        return TransientError(f"CiviCRM is busy or under maintenance (HTTP {status}).", next_step=WAIT)
    if status in (502, 504):
        return _broken(asked, f"HTTP {status} from the web server in front of it")
    if asked.writes:
        return _broken(asked, f"an error page (HTTP {status})")
    return PermanentError(f"CiviCRM answered {asked.name} with an error page (HTTP {status}).", next_step=REPORT)


def _broken(asked: Asked, seen: str) -> ConnectorError:
    """An answer that says nothing of what was done: a read may be repeated, a write has to be looked at first."""
    if asked.writes:
        return UnknownOutcome(f"CiviCRM answered {asked.name} with {seen}; it may have been stored.", next_step=LOOK)
    return TransientError(f"CiviCRM answered {asked.name} with {seen}.", next_step=WAIT)
