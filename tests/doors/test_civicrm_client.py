"""How CiviCRM is asked: what travels where, and what is sent again."""

import json
import socket

import pytest
import requests

from connector.civicrm import records
from connector.civicrm.client import ATTEMPTS, LONGEST_PAUSE, MAX_BODY, CiviClient
from connector.errors import ConnectorError, PermanentError, TransientError, UnknownOutcome, UserError

from .civicrm import API4, HTML, KEY, READ, ROWS, URL, WRITE, Pauses, answer, client, form, sent

SAVE = f"{API4}/Individual/save"
SECRET = "amina@example.org"


# --- what travels where ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url_form", "api4", "api3"),
    [
        ("standalone", "/civicrm/ajax/api4", "/civicrm/ajax/rest"),
        ("drupal", "/civicrm/ajax/api4", "/civicrm/ajax/rest"),
        ("wordpress", "/?civiwp=CiviCRM&q=civicrm/ajax/api4", "/?civiwp=CiviCRM&q=civicrm/ajax/rest"),
    ],
)
@pytest.mark.parametrize("base", [URL, f"{URL}/", f"{URL}/sub/folder"])
def test_each_kind_of_site_is_asked_at_its_address(site, base, url_form, api4, api3) -> None:
    root = base.rstrip("/")
    for url in (f"{root}{api4}/Contact/get", f"{root}{api4}"):
        answer(site, {**ROWS, "call a": ROWS}, url=url)
    answer(site, {"is_error": 0}, url=f"{root}{api3}")
    asked = client(url_form, url=base)

    asked.api4("Contact", "get", where=[["email_primary.email", "=", SECRET]])
    asked.multi({"a": ("Contact", "get", {"where": [["email_primary.email", "=", SECRET]]})})
    asked.api3("Contact", "get", email=SECRET)

    urls = [call.request.url for call in site.calls]
    assert urls == [f"{root}{api4}/Contact/get", f"{root}{api4}", f"{root}{api3}"]
    assert {call.request.method for call in site.calls} == {"POST"}


def test_parameters_travel_in_the_body_as_one_json_field(site) -> None:
    answer(site, ROWS)
    where = [["first_name", "=", "Åsa & 'ليلى' +%"]]
    client().api4(*READ, select=["id"], where=where)
    (call,) = site.calls
    assert sent(call.request) == {"select": ["id"], "where": where}
    assert call.request.headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_the_key_travels_in_its_header(site) -> None:
    answer(site, ROWS)
    client().api4(*READ)
    headers = site.calls[0].request.headers
    assert headers["X-Civi-Auth"] == f"Bearer {KEY}"
    assert headers["X-Requested-With"] == "XMLHttpRequest"
    assert KEY not in str(site.calls[0].request.url) + str(site.calls[0].request.body)


def test_a_key_in_a_netrc_file_does_not_take_its_place(site, tmp_path, monkeypatch) -> None:
    (tmp_path / "netrc").write_text("machine crm.example.org login me password other\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    answer(site, ROWS)
    client().api4(*READ)
    assert "Authorization" not in site.calls[0].request.headers


def test_no_cookie_is_kept(site) -> None:
    answer(site, ROWS, headers={"Set-Cookie": "SESSCIVI=abc; path=/"})
    asked = client()
    asked.api4(*READ)
    asked.api4(*READ)
    assert "Cookie" not in site.calls[1].request.headers


def test_an_empty_key_is_refused_before_anything_is_sent(site) -> None:
    with pytest.raises(UserError, match="key for CiviCRM is empty"):
        CiviClient(url=URL, api_key="")
    assert len(site.calls) == 0


def test_a_body_that_php_would_drop_is_refused_before_it_is_sent(site) -> None:
    with pytest.raises(PermanentError, match="too large to send"):
        client().api4(*READ, where=[["id", "IN", ["é" * MAX_BODY]]])
    assert len(site.calls) == 0


def test_an_answer_is_waited_for_as_long_as_the_setting_says(site) -> None:
    answer(site, ROWS)
    client(timeout=90.0).api4(*READ)
    client(timeout=2.0).api4(*READ)
    assert [call.request.req_kwargs["timeout"] for call in site.calls] == [(5.0, 90.0), (2.0, 2.0)]


# --- several calls in one request ------------------------------------------------------------------------------------


def test_no_calls_are_no_request(site) -> None:
    assert client().multi({}) == {}
    assert len(site.calls) == 0


def test_calls_keep_their_names_even_when_they_are_numbers(site) -> None:
    answer(site, {"call 0": {"values": [{"id": 1}]}, "call 1": {"values": []}}, url=API4)
    found = client().multi({"0": ("Contact", "get", {"limit": 1}), "1": ("Group", "get", {})})
    assert found == {"0": [{"id": 1}], "1": []}
    names = sent(site.calls[0].request, "calls")
    assert list(names.values()) == [["Contact", "get", {"limit": 1}], ["Group", "get", {}]]
    assert not [name for name in names if name.isdigit()]


def test_more_calls_than_one_body_holds_travel_in_several_requests(site) -> None:
    def answered(request):
        return 200, {}, json.dumps({name: {"values": [{"name": name}]} for name in sent(request, "calls")})

    site.add_callback("POST", API4, answered, content_type="application/json")
    large = {"where": [["id", "IN", ["x" * (MAX_BODY // 3)]]]}
    found = client().multi({str(number): ("Contact", "get", large) for number in range(5)})
    assert found == {str(number): [{"name": f"call {number}"}] for number in range(5)}
    assert len(site.calls) == 3
    assert all(len(form(call.request)["calls"]) <= MAX_BODY for call in site.calls)


def test_a_v3_call_travels_in_three_fields(site) -> None:
    answer(site, {"is_error": 0}, url=f"{URL}/civicrm/ajax/rest")
    client().api3("Mailing", "submit", id=7)
    assert form(site.calls[0].request) == {"entity": "Mailing", "action": "submit", "json": '{"id":7}'}


# --- what is sent again ----------------------------------------------------------------------------------------------

NOT_RUN = [
    pytest.param("", 302, HTML, id="302"),
    pytest.param("<html>", 200, HTML, id="web page"),
    pytest.param("<h1>Critical error.</h1>", 200, HTML, id="database away"),
    pytest.param("<html>", 503, HTML, id="503"),
    pytest.param(requests.ConnectionError("Failed to establish a new connection"), 0, "", id="refused"),
    pytest.param(requests.ConnectionError("Failed to resolve 'crm.example.org'"), 0, "", id="no such host"),
    pytest.param(requests.exceptions.ConnectTimeout("slow"), 0, "", id="no connection in time"),
]
UNKNOWN = [
    pytest.param("<html>", 502, HTML, id="502"),
    pytest.param("<html>", 500, HTML, id="error page"),
    pytest.param('{"values": [', 200, "application/json", id="cut off"),
    pytest.param(requests.exceptions.ReadTimeout("slow"), 0, "", id="no answer in time"),
    pytest.param(requests.ConnectionError("Connection aborted."), 0, "", id="connection lost"),
    pytest.param(requests.exceptions.ChunkedEncodingError("broken"), 0, "", id="answer cut off"),
]


@pytest.mark.parametrize("call", [READ, WRITE], ids=["read", "write"])
@pytest.mark.parametrize(("body", "status", "kind"), NOT_RUN)
def test_what_was_certainly_not_run_is_sent_again(site, call, body, status, kind) -> None:
    url, pauses = f"{API4}/{call[0]}/{call[1]}", Pauses()
    answer(site, body, status, kind, url=url)
    answer(site, ROWS, url=url)
    assert client(pauses=pauses).api4(*call) == [{"id": 7}]
    assert len(site.calls) == 2
    assert len(pauses) == 1


@pytest.mark.parametrize(("body", "status", "kind"), UNKNOWN)
def test_a_write_of_which_nobody_knows_whether_it_was_stored_is_not_sent_again(site, body, status, kind) -> None:
    answer(site, body, status, kind, url=SAVE)
    with pytest.raises(UnknownOutcome) as raised:
        client().api4(*WRITE)
    assert len(site.calls) == 1
    assert "it looks at what was stored before it writes" in raised.value.next_step


@pytest.mark.parametrize(("body", "status", "kind"), [case for case in UNKNOWN if case.id != "error page"])
def test_a_read_is_sent_again_after_the_same(site, body, status, kind) -> None:
    answer(site, body, status, kind)
    answer(site, ROWS)
    assert client().api4(*READ) == [{"id": 7}]


def test_a_request_is_a_write_as_soon_as_one_of_its_calls_writes(site) -> None:
    answer(site, "<html>", 502, HTML, url=API4)
    with pytest.raises(UnknownOutcome):
        client().multi({"a": ("Contact", "get", {}), "b": ("Email", "create", {})})
    assert len(site.calls) == 1


def test_pauses_grow_and_stay_short_until_it_gives_up(site) -> None:
    pauses = Pauses()
    answer(site, "", 302, HTML)
    with pytest.raises(TransientError, match="HTTP 302"):
        client(pauses=pauses).api4(*READ)
    assert len(site.calls) == ATTEMPTS
    assert len(pauses) == ATTEMPTS - 1
    for attempt, pause in enumerate(pauses, start=1):
        longest = min(LONGEST_PAUSE, 0.5 * 2**attempt)
        assert longest / 2 <= pause <= longest


def test_what_a_person_has_to_change_is_not_asked_twice(site) -> None:
    answer(site, "HTTP 401 Invalid credential", 401, "text/plain")
    with pytest.raises(UserError):
        client().api4(*READ)
    assert len(site.calls) == 1


def test_a_redirect_is_not_followed(site) -> None:
    answer(site, "", 302, HTML, headers={"Location": f"{URL}/civicrm/dashboard"})
    site.get(f"{URL}/civicrm/dashboard", json=ROWS)
    with pytest.raises(TransientError):
        client().api4(*READ)
    assert {call.request.url for call in site.calls} == {f"{API4}/Contact/get"}


# --- the real network ------------------------------------------------------------------------------------------------


@pytest.fixture
def closed_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def test_a_server_that_is_not_there_has_certainly_run_nothing(closed_port) -> None:
    pauses = Pauses()
    with pytest.raises(TransientError, match=r"cannot be reached .* Individual\.save was not sent") as raised:
        client(url=f"http://127.0.0.1:{closed_port}", pauses=pauses).api4(*WRITE, records=[{"first_name": SECRET}])
    assert type(raised.value) is TransientError
    assert len(pauses) == ATTEMPTS - 1
    assert SECRET not in str(raised.value)


def test_a_server_that_hangs_up_may_have_stored_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        server.settimeout(5)
        with pytest.raises(UnknownOutcome) as raised:
            client(url=f"http://127.0.0.1:{port}", timeout=0.1).api4(*WRITE, records=[{"first_name": SECRET}])
    assert SECRET not in str(raised.value)
    assert raised.value.__cause__ is None


def test_what_the_library_says_about_a_lost_connection_is_not_repeated(site) -> None:
    answer(site, requests.ConnectionError(f"Bearer {KEY} {SECRET}"), url=SAVE)
    with pytest.raises(UnknownOutcome) as raised:
        client().api4(*WRITE)
    assert KEY not in str(raised.value)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("url", ["http://", "https:// crm"])
def test_an_address_that_is_none_is_told_to_the_administrator(url) -> None:
    with pytest.raises(ConnectorError, match="CIVICRM_URL"):
        client(url=url).api4(*READ)


# --- records ---------------------------------------------------------------------------------------------------------


def test_a_save_that_answers_in_another_order_is_noticed(site) -> None:
    rows = [{"id": 1, "external_identifier": "M2"}, {"id": 2, "external_identifier": "M1"}]
    answer(site, {"values": rows}, url=SAVE)
    with pytest.raises(PermanentError, match="another order"):
        records.create_contacts(client(), "Individual", [{"external_identifier": "M1"}, {"external_identifier": "M2"}])


@pytest.mark.parametrize("key", ["ключ", "a\nb"])
def test_a_key_that_cannot_be_one_is_refused(key: str) -> None:
    with pytest.raises(UserError, match="characters that no key has"):
        CiviClient(url=URL, api_key=key)
