"""A CiviCRM that answers what a test tells it to, and a client that speaks to it without waiting."""

import json
from typing import Any
from urllib.parse import parse_qs

import requests
import responses

from connector.civicrm.client import CiviClient
from connector.settings import UrlForm

URL = "https://crm.example.org"
KEY = "a-runtime-key"
API4 = f"{URL}/civicrm/ajax/api4"
JSON, HTML, TEXT = "application/json", "text/html; charset=utf-8", "text/plain; charset=utf-8"
READ = ("Contact", "get")
WRITE = ("Individual", "save")
ROWS = {"values": [{"id": 7}], "count": 1}


class Pauses(list[float]):
    """Notes how long somebody wanted to sleep, instead of sleeping."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def client(url_form: UrlForm = "standalone", pauses: Pauses | None = None, **more: Any) -> CiviClient:
    sleep = Pauses() if pauses is None else pauses
    return CiviClient(**({"url": URL, "api_key": KEY, "url_form": url_form, "sleep": sleep} | more))


def answer(
    site: responses.RequestsMock, body: Any, status: int = 200, kind: str = JSON, url: str = "", **more: Any
) -> None:
    """Let the site answer this to the next request, or to every one when it is the last."""
    if isinstance(body, Exception):
        site.post(url or f"{API4}/Contact/get", body=body)
        return
    text = body if isinstance(body, str) else json.dumps(body)
    site.post(url or f"{API4}/Contact/get", body=text, status=status, content_type=kind, **more)


def form(request: requests.PreparedRequest) -> dict[str, str]:
    """The fields of a posted form."""
    body = request.body.decode() if isinstance(request.body, bytes) else str(request.body)
    return {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}


def sent(request: requests.PreparedRequest, name: str = "params") -> Any:
    """One field of a posted form, which holds JSON."""
    return json.loads(form(request)[name])
