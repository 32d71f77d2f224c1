"""What a webhook costs: the door in this process, and as a process of its own under a steady stream of events.

That everything is answered, kept once, and nobody asked meanwhile may fail; times are told beside their goals.
"""

import copy
import http.client
import json
import os
import socket
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import quantiles

from bench.runs import web_service
from bench.table import Figure, show
from connector import create_app
from connector.settings import Settings
from sandbox.stripe.delivery import signature
from sandbox.stripe.recorded import read

A_SECOND = 200
IN_PROCESS, P99 = 3, 50  # milliseconds
# More than are ever under way at once at this rate, as long as an answer takes less than a fifth of a second.
SENDERS = 40
SIGNED_BY = "whsec_bench"
NONE: Mapping[str, str] = {}
STORY, DELIVERY = "a-onetime-card", "a-onetime-card/04-checkout.session.completed"


def check(events: int) -> bool:
    """Measure both, and print them. Returns whether every limit holds."""
    alone = _in_process(min(events, 500))
    with tempfile.TemporaryDirectory() as folder, _nobody() as (address, calls):
        database = Path(folder) / "bench.sqlite3"
        with web_service(_settings(database, address)) as door:
            plain, _ = _stream(events // 2, lambda _: _asked(door, "GET", "/healthz"))
            sent = [_event(number) for number in range(events)]
            answers, seconds = _stream(events, lambda number: _asked(door, "POST", "/webhooks/stripe", *sent[number]))
        with closing(sqlite3.connect(database)) as kept:
            ((rows,),) = kept.execute("SELECT count(*) FROM inbox WHERE state = 'waiting'")
        asked = calls()
    limits = {
        "answers other than 200": Figure(sum(status != 200 for status, _ in answers), 0, digits=0),
        "events that were not kept": Figure(events - rows, 0, digits=0),
        "connections to CiviCRM or Stripe meanwhile": Figure(asked, 0, digits=0),
    }
    told = {
        "in process, p50, ms": Figure(_share(alone, 50), IN_PROCESS),
        "events a second": Figure(events / seconds, digits=0),
        "under these, p50, ms": Figure(_share(_times(answers), 50)),
        "under these, p99, ms": Figure(_share(_times(answers), 99), P99),
        "as many to /healthz, which keeps nothing, p99, ms": Figure(_share(_times(plain), 99)),
    }
    show(f"{events} webhooks at the door, {A_SECOND} a second", limits | told)
    return all(figure.is_met for figure in limits.values())


def _in_process(count: int) -> list[float]:
    """Milliseconds of each request, one after the other, without a network."""
    with tempfile.TemporaryDirectory() as folder:
        env = _settings(Path(folder) / "bench.sqlite3", "http://127.0.0.1:9")
        web = create_app(Settings.from_env(env)).test_client()
        taken = []
        for number in range(count):
            body, headers = _event(number)
            began = time.perf_counter()
            answer = web.post("/webhooks/stripe", data=body, headers=headers)
            taken.append((time.perf_counter() - began) * 1000)
            assert answer.status_code == 200
    return taken


def _stream(count: int, ask: Callable[[int], int]) -> tuple[list[tuple[int, float]], float]:
    """The status of each answer, and the milliseconds from when it was to be asked for; the seconds of all together."""
    with ThreadPoolExecutor(SENDERS) as pool:
        begin = time.monotonic() + 0.2

        def timed(number: int) -> tuple[int, float]:
            due = begin + number / A_SECOND
            time.sleep(max(0.0, due - time.monotonic()))
            return ask(number), (time.monotonic() - due) * 1000

        answers = list(pool.map(timed, range(count)))
    return answers, time.monotonic() - begin


def _asked(door: tuple[str, int], method: str, path: str, body: bytes = b"", headers: Mapping[str, str] = NONE) -> int:
    with closing(http.client.HTTPConnection(*door, timeout=30)) as connection:
        connection.request(method, path, body, headers)
        return connection.getresponse().status


def _event(number: int) -> tuple[bytes, dict[str, str]]:
    """A recorded event under a number of its own, and its signature."""
    event = copy.deepcopy(read(STORY).deliveries[DELIVERY])
    event["id"] = f"evt_{number}"
    event["data"]["object"]["payment_intent"] = f"pi_{number}"
    body = json.dumps(event).encode()
    return body, {"Stripe-Signature": signature(body, [SIGNED_BY], int(time.time()))}


def _settings(database: Path, others: str) -> Mapping[str, str]:
    own = {
        "DATABASE_URL": f"sqlite:///{database}",
        "STRIPE_WEBHOOK_SECRETS": SIGNED_BY,
        "STRIPE_API_KEY": "sk_test_bench",
    }
    return {**os.environ, **own, "CIVICRM_URL": others, "CIVICRM_API_KEY": "bench", "STRIPE_API_BASE": others}


@contextmanager
def _nobody() -> Iterator[tuple[str, Callable[[], int]]]:
    """An address that stands for CiviCRM and Stripe, and how many have connected to it."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        listening.setblocking(False)

        def calls() -> int:
            count = 0
            while True:
                try:
                    listening.accept()[0].close()
                except BlockingIOError:
                    return count
                count += 1

        yield f"http://127.0.0.1:{listening.getsockname()[1]}", calls


def _times(answers: list[tuple[int, float]]) -> list[float]:
    return [took for _, took in answers]


def _share(taken: list[float], percent: int) -> float:
    return quantiles(taken, n=100)[percent - 1]
