"""The switches for tests and the demo, below /sandbox/: stories, steps, deliveries, the clock, bad days.

POST step      {"do": "give", "amount": 5000, "email": …}     something happens (steps.py); "deliver": true tells of it
POST story     {"names": ["a-onetime-card"]}                  recorded deliveries are made ready
GET  events    ?undelivered=1                                 what was told, and who heard of it
POST deliver   {"next": 2, "reversed": true, "times": 2, …}   signed and sent (delivery.py)
POST webhook   {"url": …, "secrets": […]}                     where to, and signed with what
GET  raw/NAME                                                 hostile deliveries of a story (hostile.py)
POST clock     {"advance": seconds}, {"to": …}, {"end": true}  time passes; `end`: until the stories are over
POST faults    {"next": [{"kind": "429", "times": 3}]}        bad days (faults.py)
GET  requests, POST reset, keep/NAME, put_back/NAME           as at the stand-in CiviCRM
"""

import pickle
from typing import Any

from flask import Blueprint, Response, jsonify, request

from sandbox.stripe import delivery, hostile, recorded, steps
from sandbox.stripe.account import Account
from sandbox.stripe.faults import KINDS, Faults
from sandbox.stripe.shapes import Json
from sandbox.stripe.world import Refused

KEPT = ("world", "player", "webhook_url", "secrets", "is_holding", "delivered", "answered")


def routes(account: Account, faults: Faults) -> Blueprint:
    """The switches as routes; every body and every answer is JSON."""
    pages = Blueprint("control", __name__, url_prefix="/sandbox")
    pages.register_error_handler(Refused, lambda error: (jsonify(error=str(error)), 400))
    _happenings(pages, account)
    _deliveries(pages, account)
    _switches(pages, account, faults)
    return pages


def _happenings(pages: Blueprint, account: Account) -> None:
    @pages.post("/story")
    def story() -> Response:
        wanted = _sent()
        with account.lock:
            told = [account.player.add(_story(name)) for name in wanted.get("names") or [wanted["name"]]]
        return jsonify(deliveries=[name for one in told for name in one.deliveries], titles=[o.title for o in told])

    @pages.get("/stories")
    def stories() -> Response:
        return jsonify(names=recorded.names())

    @pages.post("/step")
    def step() -> Response:
        with account.lock:
            done = steps.run(account.world, _sent())
        if _sent().get("deliver"):
            done["deliveries"] = delivery.carry_out(account, {"events": done["events"]})
        return jsonify(done)

    @pages.post("/clock")
    def clock() -> Response:
        with account.lock:
            if "advance" in _sent():
                account.world.advance(int(_sent()["advance"]))
            if "to" in _sent():
                account.world.advance_to(int(_sent()["to"]))
            if account.player.clock or _sent().get("end"):
                account.player.hear(account.player.end() if _sent().get("end") else account.world.clock)
            return jsonify(clock=account.world.clock)


def _deliveries(pages: Blueprint, account: Account) -> None:
    @pages.post("/webhook")
    def webhook() -> Response:
        account.webhook_url = _sent().get("url", account.webhook_url)
        account.secrets = _sent().get("secrets", account.secrets)
        return jsonify(url=account.webhook_url)

    @pages.get("/events")
    def events() -> Response:
        with account.lock:
            names = {event["id"]: name for name, event in account.player.events.items()}
            told = delivery.pending(account) if request.args.get("undelivered") else account.all_events()
            shown = [{key: event[key] for key in ("id", "type", "created")} for event in told]
        known = account.delivered
        return jsonify(
            events=[one | {"name": names.get(one["id"]), "delivered": known.get(one["id"])} for one in shown]
        )

    @pages.post("/deliver")
    def deliver() -> Response:
        return jsonify(deliveries=delivery.carry_out(account, _sent()))

    @pages.get("/raw/<story>")
    def raw(story: str) -> Response:
        return jsonify(hostile.raw(_story(story), account.secrets))


def _switches(pages: Blueprint, account: Account, faults: Faults) -> None:
    kept: dict[str, bytes] = {}

    @pages.post("/faults")
    def order() -> tuple[Response, int]:
        wanted = _sent().get("next", [])
        if unknown := sorted({str(fault.get("kind")) for fault in wanted} - set(KINDS)):
            return jsonify(error=f"unknown kinds: {unknown}; known are {list(KINDS)}"), 400
        faults.order(wanted)
        return jsonify(ordered=len(wanted)), 200

    @pages.get("/requests")
    def count() -> Response:
        log = faults.log()
        return jsonify(count=len(log), log=log)

    @pages.post("/reset")
    def reset() -> Response:
        faults.clear()
        with account.lock:
            account.reset()
        return jsonify(reset=True)

    @pages.post("/keep/<name>")
    def keep(name: str) -> Response:
        with account.lock:
            kept[name] = pickle.dumps({key: getattr(account, key) for key in KEPT})
        return jsonify(kept=True)

    @pages.post("/put_back/<name>")
    def put_back(name: str) -> Response:
        faults.clear()
        with account.lock:
            account.__dict__.update(pickle.loads(kept[name]))  # noqa: S301 our own, from this process
        return jsonify(put_back=True)


def _story(name: str) -> str:
    if name not in recorded.names():
        raise Refused(f"unknown story {name!r}; known are {recorded.names()}")
    return name


def _sent() -> Json:
    body: Any = request.get_json(silent=True)
    return body if isinstance(body, dict) else {}
