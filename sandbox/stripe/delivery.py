"""Deliveries to the webhook endpoint: signed as Stripe signs, once, twice, in any order, all at once, or lost."""

import hashlib
import hmac
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from sandbox.stripe.account import Account
from sandbox.stripe.shapes import Json
from sandbox.stripe.world import Refused

PATIENCE = 30.0


def signature(body: bytes, secrets: list[str], moment: int) -> str:
    """The Stripe-Signature header; with two secrets, as while one is being changed, it has two signatures."""
    signed = [hmac.new(secret.encode(), b"%d." % moment + body, hashlib.sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={moment}", *(f"v1={one}" for one in signed)])


def pending(account: Account) -> list[Json]:
    """What the endpoint has not said yes to, oldest first."""
    return [event for event in account.all_events() if not account.delivered.get(event["id"])]


def chosen(account: Account, order: Json) -> list[Json]:
    """The events that an order names: `next` (how many), `events` (ids or names of a story), else all that wait;
    only these `types`, as an endpoint that listens to nothing else.
    """
    if "events" in order:
        by_name = account.player.events | {event["id"]: event for event in account.all_events()}
        if unknown := [name for name in order["events"] if name not in by_name]:
            raise Refused(f"unknown events {unknown}")
        events = [by_name[name] for name in order["events"]]
    else:
        events = pending(account)[: int(order["next"]) if "next" in order else None]
    if "types" in order:
        events = [event for event in events if event["type"] in order["types"]]
    if order.get("reversed"):
        events.reverse()
    return [event for event in events for _ in range(int(order.get("times", 1)))]


def carry_out(account: Account, order: Json) -> list[Json]:
    """Deliver; says what was sent and answered. `send: false` gives the signed requests instead of sending them,
    `lost: true` lets time pass at Stripe without anybody being told, `at_once: true` sends from many threads,
    `changed: {"livemode": true}` or `account` or `api_version` makes what is sent another than what happened.
    """
    with account.lock:
        events = chosen(account, order)
    if order.get("lost"):
        return [_lose(account, event) for event in events]
    if order.get("at_once"):
        for event in events:
            _hear(account, event)
        with ThreadPoolExecutor(max_workers=16) as pool:
            return list(pool.map(lambda event: _deliver(account, event, order), events))
    return [_deliver(account, event, order) for event in events]


def _hear(account: Account, event: Json) -> None:
    """Stripe is as late as what it tells of; before the endpoint hears of it, for it may ask at once."""
    with account.lock:
        if any(known is event for known in account.player.events.values()):
            account.player.hear(event["created"])


def _lose(account: Account, event: Json) -> Json:
    _hear(account, event)
    return {"event": event["id"], "type": event["type"], "status": None}


def signed(account: Account, event: Json, order: Json) -> Json:
    """One delivery as it goes over the wire."""
    body = json.dumps(event | order.get("changed", {}), ensure_ascii=False)
    moment = int(order.get("signed_at") or time.time())
    header = signature(body.encode(), order.get("secrets") or account.secrets, moment)
    return {"body": body, "headers": {"Content-Type": "application/json", "Stripe-Signature": header}}


def _deliver(account: Account, event: Json, order: Json) -> Json:
    _hear(account, event)
    sent: dict[str, Any] = {"event": event["id"], "type": event["type"]}
    wire = signed(account, event, order)
    if not order.get("send", True):
        account.delivered[event["id"]] = True
        return sent | wire
    if not account.webhook_url:
        raise Refused("no webhook url is set")
    try:
        answer = requests.post(
            account.webhook_url, wire["body"].encode(), headers=wire["headers"], timeout=PATIENCE, allow_redirects=False
        )
    except requests.RequestException as error:
        account.delivered.setdefault(event["id"], False)
        return sent | {"status": None, "error": type(error).__name__}
    # Whoever said yes once has it, whatever is said to a repetition.
    account.delivered[event["id"]] = account.delivered.get(event["id"], False) or answer.ok
    return sent | {"status": answer.status_code}
