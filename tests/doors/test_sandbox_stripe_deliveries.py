"""Deliveries of the stand-in Stripe: signed so that the real SDK accepts them, in the order that a test wants."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import stripe
from flask import Flask, request

from sandbox.serve import start
from sandbox.stripe.account import API_KEY, WEBHOOK_SECRET
from sandbox.stripe.app import create_app
from tests.stripe_sandbox import StripeSandbox

PROJECT = Path(__file__).resolve().parents[2]


class Endpoint:
    """A webhook endpoint that believes what the SDK believes, and answers what it is told to."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.answer = 200
        self.secret = WEBHOOK_SECRET
        self.lock = threading.Lock()
        self.app = Flask("endpoint")
        self.app.post("/webhooks/stripe")(self.hear)

    def hear(self) -> tuple[str, int]:
        try:
            event = stripe.Webhook.construct_event(
                request.get_data(), request.headers.get("Stripe-Signature", ""), self.secret
            )
        except Exception:
            return "", 400
        with self.lock:
            self.heard.append(event.type)
        return "", self.answer


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
def sandbox(endpoint: Endpoint) -> Iterator[StripeSandbox]:
    hears = start(endpoint.app)
    server = start(create_app(f"http://127.0.0.1:{hears.server_port}/webhooks/stripe"))
    yield StripeSandbox(f"http://127.0.0.1:{server.server_port}", API_KEY, WEBHOOK_SECRET)
    for one in (server, hears):
        one.shutdown()
        one.server_close()


def test_events_go_out_in_order_and_once(sandbox: StripeSandbox, endpoint: Endpoint) -> None:
    sandbox.do("give", name="Amina Example", email="amina@example.org")
    sandbox.deliver(next=2)
    sandbox.deliver()
    assert endpoint.heard == [event["type"] for event in sandbox.events()]
    assert sandbox.deliver() == []


def test_a_step_may_be_told_at_once(sandbox: StripeSandbox, endpoint: Endpoint) -> None:
    sandbox.do("expire", deliver=True)
    assert endpoint.heard == ["checkout.session.expired"]
    assert sandbox.events(undelivered=True) == []


def test_reversed_twice_at_once_and_by_name(sandbox: StripeSandbox, endpoint: Endpoint) -> None:
    names = sandbox.story("a-onetime-card")
    types = [name.partition("-card/")[2][3:] for name in names]
    sandbox.deliver(reversed=True)
    assert endpoint.heard == types[::-1]
    endpoint.heard.clear()
    sandbox.deliver(events=[names[3]], times=2)
    assert endpoint.heard == [types[3]] * 2
    endpoint.heard.clear()
    sandbox.deliver(events=names, at_once=True)
    assert sorted(endpoint.heard) == sorted(types)


def test_what_was_refused_waits(sandbox: StripeSandbox, endpoint: Endpoint) -> None:
    sandbox.do("expire")
    endpoint.answer = 503
    assert [sent["status"] for sent in sandbox.deliver()] == [503]
    assert [event["delivered"] for event in sandbox.events(undelivered=True)] == [False]
    endpoint.answer = 200
    assert [sent["status"] for sent in sandbox.deliver()] == [200]
    assert sandbox.events(undelivered=True) == []


def test_what_is_sent_may_be_chosen_and_changed(sandbox: StripeSandbox) -> None:
    sandbox.do("give")
    (sent,) = sandbox.deliver(types=["charge.updated"], send=False, changed={"livemode": True, "account": "acct_1"})
    body = json.loads(sent["body"])
    assert (body["type"], body["livemode"], body["account"]) == ("charge.updated", True, "acct_1")
    assert len(sandbox.events(undelivered=True)) == 4


def test_the_sandbox_says_where_stripe_is() -> None:
    command = [sys.executable, "-m", "sandbox", "serve", "--webhook-url", "http://127.0.0.1:9/hooks"]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        told = json.loads(process.stdout.readline())
        sandbox = StripeSandbox(**told["stripe"])
        (endpoint,) = sandbox.client.v1.webhook_endpoints.list({}).data
        process.terminate()
    assert endpoint.url == "http://127.0.0.1:9/hooks"
    assert endpoint.api_version == stripe.api_version
    assert sandbox.api_key.startswith("sk_test_sandbox_")
    assert sandbox.webhook_secret.startswith("whsec_sandbox_")


def test_nobody_listens(sandbox: StripeSandbox) -> None:
    sandbox.post("webhook", url="http://127.0.0.1:9/nobody")
    sandbox.do("expire")
    assert [sent["status"] for sent in sandbox.deliver()] == [None]


def test_secrets_may_be_changed_and_a_signature_may_be_old(sandbox: StripeSandbox, endpoint: Endpoint) -> None:
    sandbox.do("give")
    assert [sent["status"] for sent in sandbox.deliver(next=1, signed_at=1_700_000_000)] == [400]
    assert [sent["status"] for sent in sandbox.deliver(next=1, secrets=["whsec_sandbox_other"])] == [400]
    sandbox.post("webhook", secrets=["whsec_sandbox_new", WEBHOOK_SECRET])
    assert [sent["status"] for sent in sandbox.deliver(next=1)] == [200]
    endpoint.secret = "whsec_sandbox_new"
    assert [sent["status"] for sent in sandbox.deliver(next=1)] == [200]


def test_raw_deliveries_get_what_the_sdk_gives_them(sandbox: StripeSandbox, endpoint: Endpoint) -> None:
    client = endpoint.app.test_client()
    raws = sandbox.get("raw/h-odd")
    assert len(raws) == 10
    for name, raw in raws.items():
        if "data-missing" in name:
            continue  # signed and an event: the SDK lets it through, so the door must look
        answer = client.post("/webhooks/stripe", data=raw["body"].encode(), headers=raw["headers"])
        assert answer.status_code == raw["http"], name
