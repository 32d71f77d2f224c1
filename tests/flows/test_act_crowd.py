"""Many people at an alert's page at once, and strangers who try links: no deed doubled, and CiviCRM asked no more than
it must be. And what the page shows when CiviCRM is away.
"""

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
import requests
from werkzeug.serving import make_server

from connector import clock, create_app
from connector.pages.links import Signer
from connector.settings import Settings
from tests.flows.conftest import Connector
from tests.flows.office import Office, office as office

MANY = 30


class Crowd:
    """People at the pages of two processes that share a database, as far as a test can have two in one."""

    def __init__(self, office: Office, homes: list[str], alert: int, amina: int) -> None:
        self.office, self.homes, self.alert, self.amina = office, homes, alert, amina

    def page(self, number: int = 0, query: str = "") -> str:
        return f"{self.homes[number % len(self.homes)]}/act/{self.alert}{query}"

    @property
    def link(self) -> str:
        """Amina's own, behind the page's address."""
        return self.office.personal(self.amina)

    def asked(self, does: Callable[[], None]) -> int:
        """How many requests to CiviCRM that took."""
        before = self.office.site.requests_so_far()
        does()
        return self.office.site.requests_so_far() - before


def at_once(does: Callable[[int], int]) -> Counter[int]:
    """Do it many times at once; how often each status was answered."""
    begin = threading.Barrier(MANY)

    def one(number: int) -> int:
        begin.wait(timeout=30)
        return does(number)

    with ThreadPoolExecutor(MANY) as pool:
        return Counter(pool.map(one, range(MANY)))


def opens(url: str) -> int:
    return requests.get(url, timeout=60).status_code


@pytest.fixture
def crowd(office: Office, connector: Connector) -> Iterator[Crowd]:
    site = office.site
    own = {"PUBLIC_URL": "http://127.0.0.1:8000", "CONNECTOR_SECRET_KEY": "s" * 40, "MAIL_FROM": "office@example.org"}
    connector.env.update(own, SMTP_URL=site.mailbox.smtp)
    stripe = {"STRIPE_API_KEY": site.stripe.api_key, "STRIPE_API_BASE": site.stripe.url}
    amina = office.person("amina", "chapter_A")
    office.reaches_out(amina)
    alert = office.sends("chapter_A", count=1)
    apps = [create_app(Settings.from_env(connector.env | stripe)) for _ in range(2)]
    servers = [make_server("127.0.0.1", 0, app, threaded=True) for app in apps]
    threads = [threading.Thread(target=one.serve_forever, daemon=True) for one in servers]
    for thread in threads:
        thread.start()
    yield Crowd(office, [f"http://127.0.0.1:{one.server_port}" for one in servers], alert, amina)
    for one in servers:
        one.shutdown()
        one.server_close()


def test_who_comes_without_a_link_costs_one_request_in_all(crowd: Crowd) -> None:
    answers = Counter[int]()

    def they_come() -> None:
        answers.update(at_once(lambda _: opens(crowd.page())))

    assert crowd.asked(they_come) == 1
    assert answers == {200: MANY}


def test_a_link_opened_many_times_is_looked_up_once(crowd: Crowd) -> None:
    """The alert, the link and the chapter's contacts once; only what the member did is looked at each time."""
    link = crowd.page(0, crowd.link)
    assert crowd.asked(lambda: at_once(lambda _: opens(link))) == MANY + 3


def test_a_link_that_nobody_has_is_looked_up_once(crowd: Crowd) -> None:
    forged = crowd.page(0, f"{crowd.link[:-1]}99")
    assert crowd.asked(lambda: at_once(lambda _: opens(forged))) == 2


def test_the_outcome_is_counted_once(crowd: Crowd) -> None:
    """The alert, the actions and where people live."""
    crowd.office.acts(crowd.amina, crowd.alert, "shared")
    token = Signer("s" * 40).sign("outcome", crowd.alert)
    outcome = crowd.page(0, f"/outcome/{token}")
    assert crowd.asked(lambda: at_once(lambda _: opens(outcome))) == 3


def test_whoever_tries_links_is_soon_told_that_it_is_too_often(crowd: Crowd) -> None:
    answers = Counter[int]()

    def tries(number: int) -> int:
        return opens(crowd.page(0, f"?cs={'f' * 32}_{number}_1&cid=1"))

    def they_try() -> None:
        for begin in (0, MANY, 2 * MANY):
            answers.update(at_once(partial(lambda begin, one: tries(begin + one), begin)))

    assert crowd.asked(they_try) == 60 + 1
    assert answers == {200: 60, 429: 3 * MANY - 60}
    assert opens(crowd.page()) == 200  # and whoever only reads is not
    assert crowd.office.actions() == []


def test_many_clicks_at_once_are_one_for_each_kind(crowd: Crowd) -> None:
    link = crowd.link
    windows = []
    for number in range(MANY):
        window = requests.Session()
        page = window.get(crowd.page(number, link), timeout=30).text
        windows.append((window, re.findall(r'csrf_token" value="([^"]+)"', page)[0]))

    def click(number: int) -> int:
        window, token = windows[number]
        sent = {"csrf_token": token, "kind": ("media", "shared")[number // 2 % 2]}
        return window.post(crowd.page(number), data=sent, timeout=60, allow_redirects=False).status_code

    assert at_once(click) == {303: MANY}
    assert sorted(crowd.office.actions()) == [(crowd.amina, "media"), (crowd.amina, "shared")]


def test_when_civicrm_is_away_the_story_stays(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    member = requests.Session()
    page = member.get(crowd.page(0, crowd.link), timeout=30).text
    token = re.findall(r'csrf_token" value="([^"]+)"', page)[0]
    moment = clock.now
    monkeypatch.setattr("connector.clock.now", lambda: moment() + timedelta(minutes=1))
    crowd.office.site.faults({"kind": "http503", "count": 1000})

    assert crowd.asked(lambda: at_once(lambda _: opens(crowd.page()))) == 2  # tried, once more, and then left in peace
    for visitor, link in ((member, ""), (requests, "?cs=x_1_1&cid=1")):
        page = visitor.get(crowd.page(0, link), timeout=30).text
        assert "The well is dry." in page
        assert "in some minutes" in page
        assert "csrf_token" not in page
    nobody_came_before = requests.get(crowd.page(1, "?cs=x_1_1&cid=1"), timeout=30)
    assert nobody_came_before.status_code == 503
    assert "Nothing was lost." in nobody_came_before.text
    assert f'href="/act/{crowd.alert}?cs=x_1_1&amp;cid=1"' in nobody_came_before.text  # to try again
    sent = member.post(crowd.page(), data={"csrf_token": token, "kind": "media"}, timeout=30)
    assert (sent.status_code, "It could not be kept." in sent.text) == (503, True)

    crowd.office.site.faults()
    monkeypatch.setattr("connector.clock.now", lambda: moment() + timedelta(minutes=2))
    assert member.post(crowd.page(), data={"csrf_token": token, "kind": "media"}, timeout=30).status_code == 200
    assert [kind for _, kind in crowd.office.actions()] == ["media"]
