"""Chromium, and the pages behind a real server that it opens."""

import os
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.flows.conftest import (
    _short_pauses as _short_pauses,
    connector as connector,
    fund as fund,
    ready as ready,
    sandbox as sandbox,
    site as site,
    stages as stages,
)
from tests.flows.fund import FundFlow

PICTURES = os.environ.get("PICTURES", "")  # a folder: then each test leaves there what it saw
# Chromium as root has no sandbox of its own, and asks Google for this and that unless it is told not to.
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
OPTIONS += ["--disable-component-update", "--disable-sync"]
WIDE, PHONE = {"width": 1100, "height": 900}, {"width": 375, "height": 740}


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A missing browser fails: a skip would hide that nobody looked at the pages."""
    path = shutil.which("chromium")
    assert path, "Chromium is not installed: make services"
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=OPTIONS)


@pytest.fixture
def home(fund: FundFlow) -> Iterator[str]:
    """The address of the connector's pages, served by a process of their own."""
    fund.site.mailbox.post("reset")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        own = {"PUBLIC_URL": url, "CONNECTOR_SECRET_KEY": "s" * 40, "MAIL_FROM": "giving@example.org"}
        fund.connector.env.update(own, SMTP_URL=fund.site.mailbox.smtp)
        pid = fund._fork_door(listening, {})
    fund.stripe.post("webhook", url=f"{url}/webhooks/stripe")
    yield url
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


@pytest.fixture
def visitor(chromium: Browser, home: str, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """Opens a page as somebody who was never there: visitor(locale="ar", viewport=PHONE, java_script_enabled=False).

    They leave before `home` closes, which would cut off what a page still loads. What a page asks of anybody but this
    machine, and what it complains about, fails the test.
    """
    opened: list[BrowserContext] = []
    wrong: list[str] = []

    def arrives(**options: Any) -> Page:
        context = chromium.new_context(**{"locale": "en", "viewport": WIDE, **options})
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.on("request", lambda asked: wrong.append(asked.url) if "//127.0.0.1" not in asked.url else None)
        return page

    yield arrives
    for number, context in enumerate(opened):
        if PICTURES:
            name = f"{request.node.name}-{number}.png".replace("/", "-")
            context.pages[0].screenshot(path=Path(PICTURES) / name, full_page=True)
        context.close()
    assert [text for text in wrong if "status of 4" not in text] == []


@pytest.fixture
def accessible() -> Callable[[Page], None]:
    """Asserts that axe finds nothing in a page (WCAG 2.2 A and AA, and what it calls best practice)."""

    def looked_at(page: Page) -> None:
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        found = Axe().run(page, options={"runOnly": tags}).response["violations"]
        assert found == [], [(one["id"], [node["target"] for node in one["nodes"]]) for one in found]

    return looked_at
