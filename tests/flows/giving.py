"""The pages for givers as a browser without script uses them, between a Stripe, a CiviCRM and a mail server."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from connector import create_app
from connector.settings import Settings
from tests.flows.fund import FundFlow

HOME = "http://127.0.0.1:8000"


@dataclass
class Giver:
    """Somebody at the pages. web: their browser, with its cookies."""

    fund: FundFlow
    web: FlaskClient

    @property
    def sessions(self) -> list[Any]:
        """Every Checkout Session at Stripe."""
        return list(self.fund.stripe.client.v1.checkout.sessions.list({"limit": 100}).auto_paging_iter())

    def open(self, path: str = "/give") -> "Form":
        answer = self.web.get(path)
        assert answer.status_code == 200, answer.text
        return Form(self, answer.text)

    def gives(self, **filled: str) -> Any:
        """Fills in a form and is led to Checkout; the session there."""
        answer = self.open().send(**filled)
        assert answer.status_code == 303, answer.text
        (id_,) = re.findall(r"/c/pay/(\w+)", answer.location)
        return next(one for one in self.sessions if one.id == id_)

    def pays(self, session: Any, **step: Any) -> dict[str, list[str]]:
        """Fills in Checkout; the door hears of it and the worker settles it."""
        do = "subscribe" if session.mode == "subscription" else "give"
        found = self.fund.told(do, session=session.id, **step)
        self.fund.works()
        return found


@dataclass
class Form:
    """A form as it stands in a page."""

    giver: Giver
    page: str
    hidden: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        names = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', self.page)
        self.hidden = {name: unescape(value) for name, value in names}

    def send(self, path: str = "/give", **filled: str) -> TestResponse:
        return self.giver.web.post(path, data={"amount": "25", **self.hidden, **filled})


_apps: list[Flask] = []


@pytest.fixture
def giver(fund: FundFlow) -> Iterator[Giver]:
    """The pages of a connector that is set up, and somebody who opens them.

    Their threads have ended when the next test begins: the connector's processes are forks of this one, and a fork
    while a thread holds one of OpenSSL's locks would wait for it for ever.
    """
    own = {"PUBLIC_URL": HOME, "CONNECTOR_SECRET_KEY": "s" * 40, "MAIL_FROM": "giving@example.org"}
    fund.site.mailbox.post("reset")
    fund.connector.env.update(own, SMTP_URL=fund.site.mailbox.smtp)
    yield Giver(fund, browser(fund))
    while _apps:
        _apps.pop().extensions["managing"].close()


def browser(fund: FundFlow, **env: str) -> FlaskClient:
    """A browser that nobody used yet."""
    _apps.append(create_app(Settings.from_env(fund.connector.env | env)))
    return _apps[-1].test_client()
