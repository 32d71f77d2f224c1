"""The door for Stripe's webhooks: what is genuine is kept once, as ids and money; everything else is turned away."""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import responses
import sqlalchemy as sa
from flask.testing import FlaskClient

from connector import create_app
from connector.settings import Settings
from connector.webhooks.door import LARGEST
from sandbox.stripe.account import WEBHOOK_SECRET
from sandbox.stripe.delivery import signature
from sandbox.stripe.hostile import raw
from tests.fund.stories import told

ODD = told("h-odd")
EVENTS = {one["name"]: one["event"] for one in ODD["deliveries"]}
GIFT = {one["name"]: one["event"] for one in told("a-onetime-card")["deliveries"]}
COMPLETED = GIFT["a-onetime-card/04-checkout.session.completed"]


class Door:
    """The door as Stripe sees it, and the rows behind it."""

    def __init__(self, folder: Path, secrets: str = WEBHOOK_SECRET) -> None:
        self.path = folder / "door.sqlite3"
        settings = Settings(database_url=f"sqlite:///{self.path}", stripe_webhook_secrets=secrets)
        self.web: FlaskClient = create_app(settings).test_client()

    def post(self, body: str | bytes, header: str | None = None) -> int:
        body = body.encode() if isinstance(body, str) else body
        header = signature(body, [WEBHOOK_SECRET], int(time.time())) if header is None else header
        return self.web.post("/webhooks/stripe", data=body, headers={"Stripe-Signature": header}).status_code

    def rows(self) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as database:
            return database.execute("SELECT event_id, state, why FROM inbox ORDER BY id").fetchall()


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


@pytest.fixture(autouse=True)
def _nobody_is_asked() -> Iterator[None]:
    """Any request that goes out meanwhile fails the test."""
    with responses.RequestsMock():
        yield


def test_a_full_disk_answers_503_and_the_event_is_taken_when_there_is_room(tmp_path: Path) -> None:
    """A database that may not grow any more is what a full disk looks like to SQLite."""
    body = json.dumps(COMPLETED)
    room = ["PRAGMA max_page_count = 1"]

    def fill(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(room[0])

    door = Door(tmp_path)
    door.post(json.dumps(GIFT["a-onetime-card/01-payment_intent.created"]))
    sa.event.listen(sa.Engine, "connect", fill)
    try:
        full = Door(tmp_path)
        answers = [full.post(json.dumps(COMPLETED | {"id": f"evt_{n}"})) for n in range(400)]
    finally:
        sa.event.remove(sa.Engine, "connect", fill)
    assert set(answers) == {200, 503}
    assert len(door.rows()) == 1 + answers.count(200)
    assert door.post(body) == 200


@pytest.mark.parametrize("name", sorted(ODD["raw_deliveries"]))
def test_hostile_deliveries(door: Door, name: str) -> None:
    sent = raw("h-odd", [WEBHOOK_SECRET])[name]
    answer = door.web.post("/webhooks/stripe", data=sent["body"].encode(), headers=sent["headers"])
    assert answer.status_code == sent["http"], sent["because"]
    assert len(door.rows()) == (sent["http"] == 200)


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_odd_but_genuine_ones_are_kept(door: Door, name: str) -> None:
    assert door.post(json.dumps(EVENTS[name])) == 200
    ((event, _, _),) = door.rows()
    assert event == EVENTS[name]["id"]


@pytest.mark.parametrize(
    ("name", "state", "why"),
    [
        ("01-payment_intent.teleported", "ignored", "nothing has to be settled because of it"),
        ("02-checkout.session.completed", "parked", "an event of the live mode, but the connector is in test mode"),
        ("14-invoice.paid", "ignored", "an invoice of nothing has no payment"),
        ("17-checkout.session.completed", "ignored", "an event of a connected account"),
        ("08-checkout.session.completed", "waiting", ""),
    ],
)
def test_what_becomes_of_odd_ones(door: Door, name: str, state: str, why: str) -> None:
    door.post(json.dumps(EVENTS[f"h-odd/{name}"]))
    assert [row[1:] for row in door.rows()] == [(state, why)]


def test_the_same_event_again_is_known(door: Door) -> None:
    assert [door.post(json.dumps(COMPLETED)) for _ in range(3)] == [200] * 3
    assert len(door.rows()) == 1


def test_a_body_that_is_too_large(door: Door) -> None:
    assert door.post(json.dumps(COMPLETED | {"x": "x" * LARGEST})) == 400
    assert door.rows() == []


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"null", b"1e400", b'{"id": NaN}'])
def test_signed_nonsense(door: Door, body: bytes) -> None:
    assert door.post(body) == 400
    assert door.rows() == []


@pytest.mark.parametrize("seconds", [-301, -100_000])
def test_a_signature_that_is_too_old_is_told(door: Door, caplog: pytest.LogCaptureFixture, seconds: int) -> None:
    body = json.dumps(COMPLETED)
    assert door.post(body, signature(body.encode(), [WEBHOOK_SECRET], int(time.time()) + seconds)) == 400
    assert "is this machine's clock right?" in caplog.text
    assert door.rows() == []


def test_without_a_secret_there_is_no_door(tmp_path: Path) -> None:
    assert Door(tmp_path, secrets=" , ").post(json.dumps(COMPLETED)) == 404


def test_while_a_secret_is_rolled_both_are_good(tmp_path: Path) -> None:
    door = Door(tmp_path, secrets=f"whsec_new,{WEBHOOK_SECRET}")
    body = json.dumps(COMPLETED)
    headers = [signature(body.encode(), [one], int(time.time())) for one in ("whsec_new", WEBHOOK_SECRET, "whsec_x")]
    assert [door.post(body, header) for header in headers] == [200, 200, 400]


def test_a_database_that_keeps_nothing_is_told_as_503(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    with closing(sqlite3.connect(door.path)) as database, database:
        database.execute("ALTER TABLE inbox RENAME TO elsewhere")
    assert door.post(json.dumps(COMPLETED)) == 503
    assert "Stripe sends it again" in caplog.text
    with closing(sqlite3.connect(door.path)) as database, database:
        database.execute("ALTER TABLE elsewhere RENAME TO inbox")
    assert door.post(json.dumps(COMPLETED)) == 200
    assert len(door.rows()) == 1


def test_nothing_of_a_person_is_kept(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    names = ("a-onetime-card", "b1-debit-succeeds", "c-monthly", "d1-refund-full", "e1-dispute-lost", "h-odd")
    events = [one["event"] for name in names for one in told(name)["deliveries"]]
    sent = "".join(map(json.dumps, events))
    assert {door.post(json.dumps(event)) for event in events} == {200}
    kept = b"".join(path.read_bytes() for path in door.path.parent.glob("door.sqlite3*")) + caplog.text.encode()
    assert events[0]["id"].encode() in kept
    for word in ("example.org", "Amina", "Example Street", "For the children", "Cork"):
        assert word in sent
        assert word.encode() not in kept
