"""Recorded stories: what the API says after each delivery, and that in the end it says what was recorded."""

import hashlib
import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
import requests
import stripe

from sandbox.serve import start
from sandbox.stripe import recorded
from sandbox.stripe.account import API_KEY, WEBHOOK_SECRET
from sandbox.stripe.app import create_app
from sandbox.stripe.lists import KINDS
from tests.stripe_sandbox import StripeSandbox

ADDRESSES = {kind: path for path, (kind, _) in KINDS.items()}
PAYOUT = "po_QFwaHvnzQSnC3qRLp9bDfpx4"


@pytest.fixture(scope="module")
def server() -> Iterator[StripeSandbox]:
    server = start(create_app())
    yield StripeSandbox(f"http://127.0.0.1:{server.server_port}", API_KEY, WEBHOOK_SECRET)
    server.shutdown()
    server.server_close()


@pytest.fixture
def sandbox(server: StripeSandbox) -> StripeSandbox:
    server.reset()
    return server


def _asked(sandbox: StripeSandbox, kind: str, id: str) -> Any:
    headers = {"Authorization": f"Bearer {API_KEY}", "Stripe-Version": stripe.api_version}
    return requests.get(f"{sandbox.url}/v1/{ADDRESSES[kind]}/{id}", headers=headers, timeout=10).json()


def _every_object(sandbox: StripeSandbox) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {API_KEY}", "Stripe-Version": stripe.api_version}
    found = {}
    for path in KINDS:
        if path != "events":
            address = f"{sandbox.url}/v1/{path}?limit=100" + ("&status=all" if path == "subscriptions" else "")
            found |= {one["id"]: one for one in requests.get(address, headers=headers, timeout=10).json()["data"]}
    return found


@pytest.mark.parametrize("reversed_order", [False, True])
def test_in_the_end_the_api_says_what_was_recorded(sandbox: StripeSandbox, reversed_order: bool) -> None:
    sandbox.story(*recorded.names())
    sandbox.deliver(send=False, reversed=reversed_order)
    wanted = json.loads((recorded.FOLDER / "end.json").read_text(encoding="utf-8"))
    found = _every_object(sandbox)
    sums = {
        id: hashlib.sha256(json.dumps(one, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]
        for id, one in found.items()
    }
    assert {id: sums.get(id) for id in wanted} == wanted
    # events tell of these; the recorder did not ask for them
    assert sums.keys() - wanted.keys() == {"cs_test_foreign", "in_CQb9hP9mYiJjgGPCtRcgStkC"}


def test_the_payout_lists_its_lines_and_adds_up(sandbox: StripeSandbox) -> None:
    story = recorded.read("f-payout")
    sandbox.story("f-payout")
    sandbox.deliver(next=1, send=False)
    page = sandbox.client.v1.balance_transactions.list({"payout": PAYOUT, "limit": 5})
    lines = list(page.auto_paging_iter())
    assert {line.id for line in lines} == set(story.payouts[PAYOUT])
    assert sum(line.net for line in lines if line.type != "payout") == 27125
    wanted = {line["txn"]: (line["type"], line["source"], line["net"]) for line in story.expected["by_transaction"]}
    assert {
        line.id: (line.type, line.source, f"{line.net / 100:.2f}") for line in lines if line.type != "payout"
    } == wanted


def test_nothing_is_there_before_it_happened(sandbox: StripeSandbox) -> None:
    names = sandbox.story("a-onetime-card")
    story = recorded.read("a-onetime-card")
    assert _every_object(sandbox) == {}
    charge = story.deliveries[names[1]]["data"]["object"]["id"]
    session = story.deliveries[names[3]]["data"]["object"]["id"]
    seen = []
    for name in names:
        sandbox.deliver(events=[name], send=False)
        found = _every_object(sandbox)
        line = found.get(charge, {}).get("balance_transaction", "no charge")
        seen.append((found[session]["payment_status"], found[session]["payment_intent"] is None, line))
    (fee,) = story.objects
    assert seen == [
        ("unpaid", True, "no charge"),
        ("unpaid", True, None),
        ("unpaid", True, None),
        ("paid", False, None),
        ("paid", False, fee),
    ]


@pytest.mark.parametrize("name", recorded.names())
def test_the_api_says_what_the_newest_delivery_said(sandbox: StripeSandbox, name: str) -> None:
    told = [event for event in recorded.read(name).deliveries.values() if not event["livemode"]]
    told = sorted((one for one in told if "account" not in one), key=lambda event: int(event["created"]))
    sandbox.story(name)
    for event, following in pairwise([*told, None]):
        assert event is not None
        sandbox.deliver(events=[event["id"]], send=False)
        object = event["data"]["object"]
        if object["object"] not in ADDRESSES or (following and following["created"] == event["created"]):
            continue  # of one second all is told at once
        found = _asked(sandbox, object["object"], object["id"])
        found.pop("payments", None)
        assert found == object


def test_reversed_and_doubled_end_alike_and_alone_is_enough(sandbox: StripeSandbox) -> None:
    ends = []
    for order in recorded.read("a-onetime-card").orders.values():
        sandbox.reset()
        sandbox.story(order["story"])
        sandbox.deliver(events=order["deliveries"], send=False, at_once=order["at_once"])
        ends.append(_every_object(sandbox))
    reversed_, doubled, alone, at_once = ends
    assert reversed_ == doubled == at_once != alone


def test_what_was_never_delivered_is_found_by_asking_later(sandbox: StripeSandbox) -> None:
    names = sandbox.story("a-onetime-card")
    sandbox.deliver(events=[names[3]], send=False)
    (charge,) = sandbox.client.v1.charges.list({}).data
    assert charge.balance_transaction is None
    sandbox.post("clock", end=True)
    (charge,) = sandbox.client.v1.charges.list({"expand": ["data.balance_transaction"]}).data
    line: Any = charge.balance_transaction
    assert line.fee == 100


def test_events_are_listed_once_they_happened_and_say_who_heard_of_them(sandbox: StripeSandbox) -> None:
    sandbox.story("a-onetime-card", "h-odd")
    assert sandbox.client.v1.events.list({}).data == []
    sandbox.deliver(next=2, lost=True)
    sandbox.deliver(next=1, send=False)
    v1 = sandbox.client.v1
    assert [event.type for event in v1.events.list({"delivery_success": False}).data] == [
        "payment_intent.succeeded",
        "charge.succeeded",
    ]
    assert [event.type for event in v1.events.list({"delivery_success": True}).data] == ["payment_intent.created"]
    assert len(v1.events.list({"types": ["charge.succeeded", "payment_intent.*"]}).data) == 3
    assert v1.events.list({"type": "charge.*"}).data[0].pending_webhooks == 1
    sandbox.deliver(send=False)
    listed = list(v1.events.list({"limit": 5}).auto_paging_iter())
    assert {event.livemode for event in listed} == {False}
    assert len(listed) == len(recorded.read("a-onetime-card").deliveries) + len(recorded.read("h-odd").deliveries) - 2


def test_the_model_goes_on_where_a_story_ends(sandbox: StripeSandbox) -> None:
    sandbox.story("d2-refund-partial")
    sandbox.deliver(send=False)
    charge = next(id for id in _every_object(sandbox) if id.startswith("ch_"))
    sandbox.do("refund", charge=charge, amount=5000)
    assert sandbox.client.v1.charges.retrieve(charge).refunded
    with pytest.raises(AssertionError, match="unrefunded"):
        sandbox.do("refund", charge=charge, amount=1)
