"""What is genuinely signed but odd, and how it is sent: kept or turned away, never a crash of the door."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from sandbox.stripe.account import WEBHOOK_SECRET
from sandbox.stripe.delivery import signature
from tests.doors.test_webhook_door import COMPLETED, Door

OBJECT = {"id": "pi_1", "amount": 500, "currency": "eur"}
KEPT, TURNED_AWAY = 200, 400
DEEP = 30_000
HALF = "\\ud800"  # half of a surrogate pair, as JSON writes it


def event(**more: Any) -> str:
    told = {"id": "evt_1", "object": "event", "type": "payment_intent.succeeded", "created": 1793610960}
    return json.dumps({**told, "livemode": False, "api_version": "v", "data": {"object": OBJECT}, **more})


def about(**more: Any) -> str:
    return event(data={"object": {**OBJECT, **more}})


ODD = {
    "a list": ("[]", TURNED_AWAY),
    "a word": ('"event"', TURNED_AWAY),
    "no data": (event(data=None), TURNED_AWAY),
    "data that is a list": (event(data=[OBJECT]), TURNED_AWAY),
    "data of nothing": (event(data={}), TURNED_AWAY),
    "data of null": (event(data={"object": None}), TURNED_AWAY),
    "a thin event": (json.dumps({"id": "evt_1", "object": "v2.core.event", "type": "v1.charge.x"}), TURNED_AWAY),
    "something else": (event(object="charge"), TURNED_AWAY),
    "an id that is a number": (event(id=7), TURNED_AWAY),
    "an id with NUL": (event(id="evt_\0"), TURNED_AWAY),
    "an id with half a letter": (event(id="EVT").replace("EVT", HALF), TURNED_AWAY),
    "an id that is too long": (event(id="e" * 256), TURNED_AWAY),
    "a type with half a letter": (event(type="TYPE").replace("TYPE", HALF), TURNED_AWAY),
    "a payment whose id is a number": (about(id=7), TURNED_AWAY),
    "a payment with NUL": (about(id="pi_\0"), TURNED_AWAY),
    "a payment with half a letter": (about(id="PI").replace("PI", f"pi_{HALF}"), TURNED_AWAY),
    "an account with half a letter": (event(account="ACCT").replace("ACCT", HALF), TURNED_AWAY),
    "a version with a line break": (event(api_version="v\nroot: all is well"), TURNED_AWAY),
    "livemode of null": (event(livemode=None), TURNED_AWAY),
    "livemode of a word": (event(livemode="perhaps"), TURNED_AWAY),
    "no date": (event(created="soon"), TURNED_AWAY),
    "a date of the year 36812": (event(created=2**40), TURNED_AWAY),
    "an infinite date": (event(created=0).replace(": 0", ": Infinity"), TURNED_AWAY),
    "a number of 5000 digits": (event(x=0).replace(": 0", f": {'9' * 5000}"), TURNED_AWAY),
    "nested without end": (event(x=0).replace(": 0", f": {'[' * DEEP}{']' * DEEP}"), TURNED_AWAY),
    "an unknown version": (event(api_version="2099-01-01.of_tomorrow"), KEPT),
    "no version": (event(api_version=None), KEPT),
    "an amount that no column takes": (about(amount=2**80), KEPT),
    "an amount of a word": (about(amount="much"), KEPT),
    "a currency with half a letter": (about(currency="EUR").replace("EUR", HALF), KEPT),
    "a currency that is a list": (about(currency=["eur"]), KEPT),
    "a key twice": (event().replace('"evt_1"', '"evt_0", "id": "evt_1"'), KEPT),
    "a mark of the byte order": ("\ufeff" + event(), KEPT),
}


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


@pytest.mark.parametrize("name", ODD)
def test_odd_bodies_that_stripe_signed(door: Door, name: str) -> None:
    body, status = ODD[name]
    assert door.post(body) == status
    assert [row[0] for row in door.rows()] == ["evt_1"] * (status == KEPT)


@pytest.mark.parametrize("body", [b'{"id": "evt_\xff"}', b'{"id": "evt_\xed\xa0\x80"}', event().encode("utf-16")])
def test_a_body_that_is_no_utf_8(door: Door, body: bytes) -> None:
    assert door.post(body) == TURNED_AWAY
    assert door.rows() == []


def test_where_a_payment_is_named_oddly_nothing_is_settled(door: Door) -> None:
    for number, named in enumerate([5, ["pi_1"], {"id": {"id": "pi_1"}}, "pi_\0", "pi_ 1"]):
        told = event(
            id=f"evt_{number}", type="charge.succeeded", data={"object": {"id": "ch_1", "payment_intent": named}}
        )
        assert door.post(told) == KEPT
    assert {row[1:] for row in door.rows()} == {("ignored", "nothing has to be settled because of it")}


@pytest.fixture
def served(door: Door) -> Iterator[tuple[str, int]]:
    """The door behind a real server: its host and port."""
    server = make_server("127.0.0.1", 0, door.web.application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield "127.0.0.1", server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def headers(body: bytes) -> dict[str, str]:
    return {"Stripe-Signature": signature(body, [WEBHOOK_SECRET], int(time.time()))}


def in_chunks(where: tuple[str, int], body: bytes, sent_as: Iterator[bytes]) -> int:
    connection = http.client.HTTPConnection(*where, timeout=30)
    connection.request("POST", "/webhooks/stripe", sent_as, headers(body), encode_chunked=True)
    status = connection.getresponse().status
    connection.close()
    return status


def test_a_body_in_chunks_has_the_same_limit(door: Door, served: tuple[str, int]) -> None:
    body = json.dumps(COMPLETED).encode()
    assert in_chunks(served, body, iter([body[:100], body[100:]])) == KEPT
    large = json.dumps(COMPLETED | {"id": "evt_large", "x": "x" * 600_000}).encode()
    assert in_chunks(served, large, iter([large[:300_000], large[300_000:]])) == TURNED_AWAY
    assert [row[0] for row in door.rows()] == [COMPLETED["id"]]


@pytest.mark.parametrize(
    "sent",
    [b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", b"Content-Length: 500\r\n\r\n{}"],
    ids=["chunks that are none", "a sender who leaves"],
)
def test_a_request_that_breaks_off(door: Door, served: tuple[str, int], sent: bytes) -> None:
    with socket.create_connection(served, timeout=30) as connection:
        connection.sendall(b"POST /webhooks/stripe HTTP/1.1\r\nHost: here\r\nStripe-Signature: t=1,v1=x\r\n" + sent)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.makefile("rb").readline()
    assert int(answer.split()[1]) == TURNED_AWAY
    assert door.rows() == []
