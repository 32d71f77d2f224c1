"""Every answer that CiviCRM was seen to give, and who acts next."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from connector.civicrm import records
from connector.civicrm.client import ATTEMPTS
from connector.errors import (
    AlreadyExists,
    ConnectorError,
    PermanentError,
    TransientError,
    UnknownOutcome,
    UserError,
)

from .civicrm import API4, HTML, JSON, READ, ROWS, TEXT, WRITE, answer, client


@dataclass(frozen=True)
class Case:
    """An answer, and what it means for a read and for a write."""

    name: str
    body: Any
    status: int
    kind: str
    read: type[ConnectorError]
    write: type[ConnectorError]
    told: str


def says(message: str, **more: Any) -> dict[str, Any]:
    return {"error_message": message, "error_code": 0, "status": 500} | more


PAGE = "<!DOCTYPE html><html><title>Home</title></html>"
HIDDEN = "Sorry an error occurred and your request was not completed. (Error ID: abc)"
WP_ERROR = {
    "code": "internal_server_error",
    "message": "<p>There has been a critical error.</p>",
    "data": {"error": {"file": "/var/www/secret.php"}},
}

# FACTS.md 0, 2, 3, 4, 15 and FACTS-577-WORDPRESS.md 3
CASES = [
    Case("wrong key", "HTTP 401 Invalid credential", 401, TEXT, UserError, UserError, "Invalid credential"),
    Case(
        "role without the permission for keys",
        "HTTP 401 Login not permitted. Must satisfy guard (site_key, perm).",
        401,
        TEXT,
        UserError,
        UserError,
        "guard",
    ),
    Case("401 of something in front", PAGE, 401, HTML, UserError, UserError, "no reason given"),
    Case(
        "no permission",
        {"error_code": 0, "error_message": "Authorization failed: CiviCRM APIv4 (Setting::get)", "status": 403},
        403,
        JSON,
        UserError,
        UserError,
        "Authorization failed",
    ),
    Case("no permission, on WordPress", says("Authorization failed", status=403), 200, JSON, UserError, UserError, ""),
    Case("no permission and hidden", says(HIDDEN, status=403), 403, JSON, UserError, UserError, ""),
    Case("403 page", PAGE, 403, HTML, UserError, UserError, "HTTP 403"),
    Case("hidden error", says(HIDDEN, error_code="1"), 500, JSON, PermanentError, PermanentError, "hides why"),
    Case("hidden, on WordPress", says(HIDDEN, error_code="1"), 200, JSON, PermanentError, PermanentError, "hides why"),
    Case(
        "no header, no key",
        {"error_code": 400, "error_message": "SECURITY ALERT: Ajax requests can only be issued by javascript clients"},
        400,
        JSON,
        PermanentError,
        PermanentError,
        "SECURITY",
    ),
    Case(
        "405",
        {"error_code": 405, "error_message": "SECURITY: All requests that modify the database must be http POST"},
        405,
        JSON,
        PermanentError,
        PermanentError,
        "SECURITY",
    ),
    Case("unknown entity", says("API (Nonesuch, get) does not exist"), 500, JSON, UserError, UserError, "Nonesuch"),
    Case("unknown field", says("Invalid field 'nonesuch'"), 500, JSON, PermanentError, PermanentError, "nonesuch"),
    Case(
        "parameters lost on the way",
        says('Parameter "records" is required.'),
        500,
        JSON,
        PermanentError,
        PermanentError,
        "records",
    ),
    Case("taken number", says("DB Error: already exists"), 500, JSON, AlreadyExists, AlreadyExists, "already exists"),
    Case("taken, on WordPress", says("DB Error: already exists"), 200, JSON, AlreadyExists, AlreadyExists, ""),
    Case("constraint", says("DB Error: constraint violation"), 500, JSON, PermanentError, PermanentError, "constraint"),
    Case("deadlock", says("Deadlock found when trying to get lock"), 500, JSON, TransientError, UnknownOutcome, ""),
    Case("302 while caches are rebuilt", "", 302, HTML, TransientError, TransientError, "HTTP 302; it was not run"),
    Case("home page while caches are rebuilt", PAGE, 200, HTML, TransientError, TransientError, "a web page"),
    Case("database away", "<h1>Critical error.</h1>", 200, HTML, TransientError, TransientError, "database is away"),
    Case("404 page", PAGE, 404, HTML, UserError, UserError, "no CiviCRM at CIVICRM_URL"),
    Case("500 page", "<h1>Error</h1>", 500, HTML, PermanentError, UnknownOutcome, "HTTP 500"),
    Case("500 of WordPress", WP_ERROR, 500, JSON, TransientError, UnknownOutcome, "WordPress"),
    Case("502", PAGE, 502, HTML, TransientError, UnknownOutcome, "HTTP 502"),
    Case("503", PAGE, 503, HTML, TransientError, TransientError, "HTTP 503"),
    Case("504", PAGE, 504, HTML, TransientError, UnknownOutcome, "HTTP 504"),
    Case("429", PAGE, 429, HTML, TransientError, TransientError, "HTTP 429"),
    Case("cut off", '{"values": [{"id": 7', 200, JSON, TransientError, UnknownOutcome, "cut off"),
    Case("empty body", "", 200, JSON, TransientError, UnknownOutcome, "cut off"),
    Case("a list", [{"id": 7}], 200, JSON, TransientError, UnknownOutcome, "without `values`"),
    Case("null", None, 200, JSON, TransientError, UnknownOutcome, "without `values`"),
    Case("no values", {"count": 0}, 200, JSON, TransientError, UnknownOutcome, "without `values`"),
    Case("values are null", {"values": None}, 200, JSON, TransientError, UnknownOutcome, "without `values`"),
    Case("values with a bad status", ROWS, 500, JSON, TransientError, UnknownOutcome, "HTTP 500"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("writes", [False, True], ids=["read", "write"])
def test_an_answer_says_who_acts_next(site, case, writes) -> None:
    entity, action = WRITE if writes else READ
    answer(site, case.body, case.status, case.kind, url=f"{API4}/{entity}/{action}")
    with pytest.raises(ConnectorError) as raised:
        client().api4(entity, action)
    assert type(raised.value) is (case.write if writes else case.read)
    assert case.told in str(raised.value)
    assert raised.value.next_step


@pytest.mark.parametrize("kind", [JSON, "application/json; charset=utf-8", "Application/JSON"])
def test_rows_are_rows(site, kind) -> None:
    answer(site, ROWS, kind=kind)
    assert client().api4(*READ) == [{"id": 7}]


def test_no_rows_are_no_error(site) -> None:
    answer(site, {"values": [], "count": 0})
    assert client().api4(*READ) == []


def test_text_comes_as_it_was_typed_even_without_a_charset(site) -> None:
    answer(site, json.dumps({"values": [{"first_name": "Åsa ليلى"}]}, ensure_ascii=False))
    assert client().api4(*READ) == [{"first_name": "Åsa ليلى"}]


# --- what CiviCRM says to a stranger ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("me", "other"),
    [
        pytest.param([], [], id="the key did not arrive"),
        pytest.param([{"id": 2}], [], id="the role sees no contacts"),
    ],
)
def test_empty_rows_for_everything_are_not_taken_for_an_empty_site(site, me, other) -> None:
    slots = {"call me": {"values": me}, "call other": {"values": other}}
    answer(site, slots, url=API4)
    with pytest.raises(UserError):
        records.check_identity(client().multi(records.IDENTITY))


def test_who_we_are_is_told_when_the_key_arrives(site) -> None:
    answer(site, {"call me": {"values": [{"id": 2}]}, "call other": {"values": [{"id": 9}]}}, url=API4)
    assert records.check_identity(client().multi(records.IDENTITY)) == (2, 9)


# --- several calls in one request ------------------------------------------------------------------------------------

CALLS = {"a": ("Contact", "get", {}), "b": ("Group", "get", {})}
WRITES = {"a": ("Email", "create", {}), "b": ("Phone", "create", {})}


def test_each_call_has_its_rows(site) -> None:
    answer(site, {"call a": {"values": [{"id": 1}]}, "call b": {"values": []}}, url=API4)
    assert client().multi(CALLS) == {"a": [{"id": 1}], "b": []}


def test_one_failing_call_among_good_ones_is_an_error_although_http_says_200(site) -> None:
    answer(site, {"call a": ROWS, "call b": says("Invalid field 'x'")}, url=API4)
    with pytest.raises(PermanentError, match=r"CiviCRM refused Group\.get: Invalid field"):
        client().multi(CALLS)


def test_a_taken_row_among_good_ones_is_looked_at_again(site) -> None:
    answer(site, {"call a": ROWS, "call b": says("DB Error: already exists")}, url=API4)
    with pytest.raises(AlreadyExists, match=r"Phone\.create"):
        client().multi(WRITES)


def test_all_calls_failing_is_an_error_with_the_reason_of_the_first(site) -> None:
    answer(site, {"call a": says("Invalid field 'x'"), "call b": says("Invalid field 'y'")}, status=500, url=API4)
    with pytest.raises(PermanentError, match="Invalid field 'x'"):
        client().multi(CALLS)


@pytest.mark.parametrize("slot", [None, [], {}, {"values": None}])
def test_a_slot_without_rows_is_no_empty_answer(site, slot) -> None:
    answer(site, {"call a": ROWS, "call b": slot}, url=API4)
    with pytest.raises(TransientError, match=r"Group\.get"):
        client().multi(CALLS)


def test_a_call_that_was_left_out_of_the_answer_is_noticed(site) -> None:
    answer(site, {"call a": ROWS, "values": []}, url=API4)
    with pytest.raises(PermanentError, match=r"left calls .* unanswered"):
        client().multi(CALLS)


@pytest.mark.parametrize("body", [[], [ROWS, ROWS], says("Authorization failed", status=403)])
def test_an_answer_for_the_whole_request_is_an_error_of_the_whole_request(site, body) -> None:
    answer(site, body, url=API4)
    with pytest.raises(UnknownOutcome if isinstance(body, list) else UserError):
        client().multi(WRITES)


def test_one_broken_call_turns_the_whole_request_into_an_error_page(site) -> None:
    answer(site, "<h1>Error</h1>", 500, HTML, url=API4)
    with pytest.raises(UnknownOutcome, match=r"Email\.create \+ Phone\.create"):
        client().multi(WRITES)


# --- API v3 ----------------------------------------------------------------------------------------------------------

API3 = f"{API4.removesuffix('api4')}rest"


def test_a_v3_answer_is_given_whole(site) -> None:
    answer(site, {"is_error": 0, "count": 1, "values": {"7": {}}}, url=API3)
    assert client().api3("Mailing", "submit", id=7)["count"] == 1


def test_a_v3_error_comes_with_http_200(site) -> None:
    answer(site, {"is_error": 1, "error_message": "API permission check failed", "error_code": "x"}, url=API3)
    with pytest.raises(PermanentError, match=r"Mailing\.submit \(v3\)"):
        client().api3("Mailing", "submit", id=7)


@pytest.mark.parametrize("body", [{}, [], {"values": []}])
def test_a_v3_answer_that_says_nothing_of_errors_is_not_believed(site, body) -> None:
    answer(site, body, url=API3)
    with pytest.raises(UnknownOutcome):
        client().api3("Mailing", "submit", id=7)


# --- privacy ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        "Amina Haddad <amina@example.org> is not of the type Timestamp",
        "Duplicate error - existing contribution record of Amina Haddad",
        "Deadlock found when trying to save Amina Haddad",
        "Cannot save amina@example.org: DB Error: already exists",
    ],
)
@pytest.mark.parametrize("status", [200, 403, 500])
def test_a_person_that_the_server_names_is_not_named_by_us(site, caplog, message, status) -> None:
    caplog.set_level("DEBUG")
    body = says(message, status=status if status >= 400 else 500, error_id="e1", debug="Amina Haddad")
    answer(site, body, status=status)
    with pytest.raises(ConnectorError) as raised:
        client().api4(*READ)
    told = str(raised.value) + repr(raised.value) + caplog.text
    assert "Amina" not in told
    assert "amina@" not in told


@pytest.mark.parametrize("kind", [JSON, HTML, TEXT])
@pytest.mark.parametrize("status", [200, 401, 403, 404, 500, 502])
def test_a_page_that_holds_a_person_is_not_repeated(site, caplog, kind, status) -> None:
    caplog.set_level("DEBUG")
    answer(site, "<p>Amina Haddad</p>", status, kind)
    with pytest.raises(ConnectorError) as raised:
        client().api4(*READ)
    assert "Amina" not in str(raised.value) + caplog.text


def test_the_log_holds_neither_what_was_sent_nor_the_key(site, caplog) -> None:
    caplog.set_level("DEBUG")
    answer(site, PAGE, 502, HTML)
    with pytest.raises(TransientError):
        client().api4(*READ, where=[["email_primary.email", "=", "amina@example.org"]])
    assert len(site.calls) == ATTEMPTS
    assert "Contact.get HTTP 502" in caplog.text
    assert "amina" not in caplog.text
    assert "a-runtime-key" not in caplog.text
