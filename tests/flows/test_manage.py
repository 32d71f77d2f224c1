"""A link to Stripe's portal by mail: the same answer for everybody, a link that opens once, for half an hour."""

import re
import time
from statistics import median

import pytest

from connector.pages import wiring
from tests.flows.giving import HOME, Form, Giver, browser, giver as giver

AMINA, NOBODY = "amina@example.org", "nobody@example.org"


@pytest.fixture
def monthly(giver: Giver) -> Giver:
    """Amina gives each month."""
    session = giver.gives(amount="10", how_often="monthly")
    giver.pays(session, name="Amina Example", email=AMINA)
    return giver


def ask(giver: Giver, address: str) -> str:
    form = giver.open("/give/manage")
    return form.send("/give/manage", email=address).text


def mailed(giver: Giver) -> list[dict[str, str]]:
    """The mails that came, once nobody is at work on them any more."""
    deadline = time.monotonic() + 5
    while not giver.fund.site.mailbox.mails() and time.monotonic() < deadline:
        time.sleep(0.02)
    return giver.fund.site.mailbox.mails()


def link(giver: Giver) -> str:
    (mail,) = mailed(giver)
    (path,) = re.findall(re.escape(HOME) + r"(/give/portal/\S+)", mail["text"])
    return str(path)


def enter(giver: Giver, path: str) -> tuple[int, str]:
    page = giver.web.get(path)
    if page.status_code != 200:
        return page.status_code, page.text
    answer = Form(giver, page.text).send(path.split("?")[0])
    return answer.status_code, answer.location or answer.text


def test_the_link_opens_the_portal_once(monthly: Giver) -> None:
    ask(monthly, AMINA)
    path = link(monthly)
    assert monthly.fund.site.mailbox.mails()[0]["to"] == [AMINA]
    monthly.web.get(path)  # a program that looks at every link in a mail does not use it up
    status, portal = enter(monthly, path)
    assert status == 303
    assert "/p/session/" in portal
    status, text = enter(monthly, path)
    assert status == 410
    assert "ask for a new one" in text


def test_a_link_that_lay_about_or_was_made_up(monthly: Giver, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(monthly, AMINA)
    path = link(monthly)
    assert monthly.web.get(path.replace("portal/", "portal/x")).status_code == 410
    later = time.time() + 31 * 60
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: later)
    assert monthly.web.get(path).status_code == 410


def test_the_mail_is_in_the_language_of_whoever_asks(monthly: Giver) -> None:
    monthly.web.get("/give/manage?lang=ar")
    ask(monthly, AMINA)
    (mail,) = mailed(monthly)
    assert mail["subject"] == "تبرعك الشهري"
    assert "lang=ar" in mail["text"]


@pytest.mark.parametrize(
    "address", [NOBODY, "", "x", "a@b" * 200, "amina@example.org\nBcc: b@example.org", "<script>@x"]
)
def test_nobody_else_gets_mail(monthly: Giver, address: str) -> None:
    ask(monthly, address)
    time.sleep(0.3)
    assert monthly.fund.site.mailbox.mails() == []


def test_known_and_unknown_addresses_are_answered_alike_in_text_and_in_time(
    monthly: Giver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stripe takes a quarter of a second for each question, which only the known address would show."""
    monkeypatch.setattr(wiring, "MANAGE", "1000 per minute")
    monthly.web = browser(monthly.fund)
    seconds: dict[str, list[float]] = {AMINA: [], NOBODY: []}
    texts: dict[str, set[str]] = {AMINA: set(), NOBODY: set()}
    monthly.fund.stripe.faults({"kind": "slow", "seconds": 0.25, "times": 200})
    for number in range(30):
        address = (AMINA, NOBODY)[number % 2]
        form = monthly.open("/give/manage")
        began = time.perf_counter()
        texts[address].add(form.send("/give/manage", email=address).text)
        seconds[address].append(time.perf_counter() - began)
    assert texts[AMINA] == texts[NOBODY]
    assert len(texts[AMINA]) == 1
    known, unknown = median(seconds[AMINA]), median(seconds[NOBODY])
    assert max(known, unknown) < 0.1
    assert abs(known - unknown) < 0.02


def test_a_robot_that_asks_for_every_address(monthly: Giver) -> None:
    form = monthly.open("/give/manage")
    answers = [form.send("/give/manage", email=f"a{n}@example.org").status_code for n in range(8)]
    assert answers == [200] * 5 + [429] * 3
