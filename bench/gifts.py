"""What a full inbox of gifts costs: requests to CiviCRM for each, and how much faster than one call after another."""

import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from bench.api import Api
from bench.runs import Connector, Run, sandbox, web_service
from bench.table import Figure, show

REQUESTS_EACH = 0.2
TIMES_NAIVE = 7
# Of a hundred givers so many gave before.
KNOWN = 70


def check(gifts: int) -> bool:
    """On the sandbox: counts, which may fail. Returns whether every limit holds."""
    with tempfile.TemporaryDirectory() as folder, sandbox() as site:
        first, again = _drained(Connector(site, Path(folder)), site, gifts)
    figures = {
        "a full inbox: requests per gift": Figure(first.requests / gifts, REQUESTS_EACH, digits=3),
        "settled again: requests that write": Figure(again.writes, 0, digits=0),
    }
    show(f"{gifts} gifts on the sandbox, {KNOWN} % of the givers known", figures)
    return all(figure.is_met for figure in figures.values())


def measure(site: Mapping[str, str], gifts: int, naive_gifts: int) -> None:
    """On a real CiviCRM: gifts a second, beside single calls in the same run."""
    with tempfile.TemporaryDirectory() as folder, sandbox() as stand_in:
        both = {**stand_in, **site}
        first, _ = _drained(Connector(both, Path(folder)), both, gifts)
        naive = naive_gifts / _naive(site, naive_gifts)
    rate = gifts / first.seconds
    figures = {
        "single calls, gifts/s": Figure(naive),
        "a full inbox, gifts/s": Figure(rate),
        "full inbox / single calls": Figure(rate / naive, TIMES_NAIVE, ">=", 1),
        "requests per gift": Figure(first.requests / gifts, REQUESTS_EACH, digits=3),
    }
    show(f"{gifts} gifts, {KNOWN} % of the givers known, one worker", figures)


def _drained(connector: Connector, env: Mapping[str, str], gifts: int) -> tuple[Run, Run]:
    """The drain of a full inbox, and the one after everything was told once more."""
    connector.prepare()
    known = max(1, gifts * KNOWN // 100)
    with web_service(connector.env) as (host, port):
        stripe = _Stripe(env["STRIPE_API_BASE"], f"http://{host}:{port}/webhooks/stripe")
        stripe.give(known, 0)
        connector.run("work", "--drain")  # the known givers
        stripe.give(gifts, 0)
        first = connector.run("work", "--drain")
        stripe.tell_again()
        return first, connector.run("work", "--drain")


class _Stripe:
    """The stand-in, told what happens."""

    def __init__(self, url: str, door: str) -> None:
        self._url, self._run = url, os.urandom(3).hex()
        self._post("webhook", url=door)

    def give(self, count: int, start: int) -> None:
        """So many gifts, each of another giver, all delivered."""
        for number in range(start, start + count):
            who = {"name": f"Giver {number}", "email": f"{self._run}.{number}@example.org"}
            self._post("step", do="give", amount=2000, metadata={"fund_campaign": "protector-pilot"}, **who)
        self._post("deliver")

    def tell_again(self) -> None:
        """Every event a second time, under numbers of their own."""
        told = requests.get(f"{self._url}/sandbox/events", timeout=60).json()["events"]
        for event in told:
            if event["type"] == "payment_intent.succeeded":
                self._post("step", do="tell_again", event=event["id"])
        self._post("deliver")

    def _post(self, path: str, **sent: Any) -> None:
        requests.post(f"{self._url}/sandbox/{path}", json=sent, timeout=300).raise_for_status()


def _naive(site: Mapping[str, str], gifts: int) -> float:
    """Seconds that a script takes that looks, makes the contact and enters the gift, each in a request of its own."""
    api, run = Api(site), os.urandom(3).hex()
    began = time.monotonic()
    for number in range(gifts):
        email = f"{run}.{number}@example.org"
        found = api.call("Contact", "get", select=["id"], where=[["email_primary.email", "=", email]])
        values = {"first_name": "Giver", "last_name": str(number), "email_primary.email": email}
        contact = found[0]["id"] if found else api.call("Individual", "create", values=values)[0]["id"]
        gift = {"contact_id": contact, "financial_type_id:name": "Donation", "total_amount": "20.00"}
        api.call("Contribution", "create", values={**gift, "invoice_id": f"{run}-{number}", "is_test": True})
        api.call("Contribution", "get", select=["id"], where=[["invoice_id", "=", f"{run}-{number}"]])
    return time.monotonic() - began
