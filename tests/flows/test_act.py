"""The page of an alert: read by anybody once it is public, personal by the mail's link, one click for each deed."""

import re
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient

from connector import create_app
from connector.settings import Settings
from sandbox.civicrm import checksums
from sandbox.civicrm.site import Call, Caller, Site as SandboxSite
from tests.flows.conftest import Connector, Site
from tests.flows.office import Office, office as office

HOME = "http://127.0.0.1:8000"


class Reader:
    """Somebody at the page of one alert, which went to Amina."""

    def __init__(self, office: Office, web: FlaskClient, alert: int, amina: int) -> None:
        self.office, self.web, self.alert, self.amina = office, web, alert, amina

    def opens(self, query: str = "") -> str:
        answer = self.web.get(f"/act/{self.alert}{query}")
        if answer.status_code == 303:
            assert "cs=" not in answer.location
            assert "cid=" not in answer.location
            answer = self.web.get(answer.location)
        assert answer.status_code == 200, answer.status_code
        return answer.text

    def clicks(self, kind: str, page: str | None = None) -> Any:
        token = re.findall(r'csrf_token" value="([^"]+)"', page or self.opens())[0]
        return self.web.post(f"/act/{self.alert}", data={"csrf_token": token, "kind": kind})


@pytest.fixture
def pages(office: Office, connector: Connector) -> FlaskClient:
    site: Site = office.site
    own = {"PUBLIC_URL": HOME, "CONNECTOR_SECRET_KEY": "s" * 40, "MAIL_FROM": "office@example.org"}
    connector.env.update(own, SMTP_URL=site.mailbox.smtp)
    stripe = {"STRIPE_API_KEY": site.stripe.api_key, "STRIPE_API_BASE": site.stripe.url}
    return create_app(Settings.from_env(connector.env | stripe)).test_client()


@pytest.fixture
def sent(office: Office, pages: FlaskClient) -> Reader:
    """An alert that went to Amina of Cork, whose chapter reaches out to an official and a journalist."""
    amina = office.person("amina", "chapter_A")
    words = {"Words": "Please stop it & call <them>.", "Ask_Link": "https://example.org/ask", "Place": "the spring"}
    arabic = {"Subject_ar": "أخبار", "Body_ar": "<p>جفّ البئر.</p>", "Ask_ar": "اكتبوا"}
    return Reader(office, pages, office.sends("chapter_A", count=1, **arabic, **words), amina)


def test_anybody_reads_it_and_nothing_is_kept(sent: Reader) -> None:
    page = sent.opens()
    assert "The well is dry." in page
    assert "https://example.org/ask" in page
    assert "Please stop it &amp; call &lt;them&gt;." in page
    assert "tel:" not in page
    assert "nothing is kept of you" in page
    assert "csrf_token" not in page


def test_the_mails_own_link_opens_it_and_leaves_the_address(sent: Reader) -> None:
    page = sent.opens(sent.office.link("amina").removeprefix(f"{HOME}/act/{sent.alert}"))
    assert "One click for each" in page


def test_one_tap_to_call_and_write_with_the_words_filled_in(sent: Reader) -> None:
    contact = sent.amina
    sent.office.reaches_out(contact)
    page = sent.opens(sent.office.personal(contact))
    assert 'href="tel:+353215550100"' in page
    assert "Mayor of Cork" in page
    assert "mailto:mayor@example.org?subject=News%20from%20the%20valley" in page
    assert "body=Please%20stop%20it%20%26%20call%20%3Cthem%3E." in page


def test_each_deed_is_kept_once_and_told_without_names(sent: Reader) -> None:
    contact = sent.amina
    page = sent.opens(sent.office.personal(contact))
    assert sent.clicks("official", page).status_code == 303
    assert sent.clicks("official").status_code == 303
    assert sent.clicks("shared").status_code == 303
    assert sent.office.actions() == [(contact, "official"), (contact, "shared")]
    page = sent.opens()
    assert page.count('class="ticked"') == 2
    site = sent.office.site
    address = {"email": "ras@example.org", "preferred_language": "ar_PS"}
    where = [["external_identifier", "=", "community:ras_al_auja"]]
    values = {"email_primary.email": address["email"], "preferred_language": address["preferred_language"]}
    site.api("Organization", "update", where=where, values=values)
    assert sent.office.decides(sent.alert, "close") == ("done", "Closed.")
    assert sent.office.problems() == []
    (mail,) = [one for one in site.mailbox.mails() if one["to"] == ["ras@example.org"]]
    assert "1 من الأعضاء" in mail["text"]
    (path,) = re.findall(rf"{HOME}(/act/\d+/outcome/\S+)", mail["text"])
    shown = sent.web.get(f"{path}?lang=en").text
    assert "1 person" in shown
    assert "Other countries" in shown  # fewer than three
    assert "amina" not in shown
    assert sent.web.get(path[:-2]).status_code == 404
    assert sent.office.alert(sent.alert)["Actions"] == 2


def test_a_click_in_several_windows_at_once_is_one(sent: Reader) -> None:
    contact = sent.amina
    page = sent.opens(sent.office.personal(contact))
    token = re.findall(r'csrf_token" value="([^"]+)"', page)[0]
    cookie = sent.web.get_cookie("form")
    assert cookie

    def click() -> None:
        web = sent.web.application.test_client()
        web.set_cookie("form", cookie.value, domain="localhost")
        web.post(f"/act/{sent.alert}", data={"csrf_token": token, "kind": "media"})

    clicks = [threading.Thread(target=click) for _ in range(5)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()
    assert sent.office.actions() == [(contact, "media")]


def test_links_that_are_not_genuine_know_nobody(sent: Reader) -> None:
    contact = sent.amina
    other = sent.office.person("other")
    good = sent.office.personal(contact)
    window = sent.opens(good)
    for forged in (
        "?cs=x&cid=1",
        f"{good[:-1]}9999",
        good.replace(f"cid={contact}", f"cid={other}"),
        "?cs=&cid=1",
        "?cid=a",
    ):
        assert "You came without a personal link" in sent.opens(forged), forged
    late = sent.clicks("shared", window)
    assert (late.status_code, "Nothing was kept of you" in late.text) == (200, True)
    assert sent.office.actions() == []


def test_another_link_on_the_same_machine_forgets_who_came_before(sent: Reader) -> None:
    page = sent.opens(sent.office.personal(sent.amina))
    sent.office.site.faults({"kind": "http503", "count": 2})
    assert "in some minutes" in sent.web.get(f"/act/{sent.alert}?cs=x&cid=1").text
    assert "Nothing was kept of you" in sent.clicks("shared", page).text
    assert sent.office.actions() == []


@pytest.mark.parametrize(("days", "is_known"), [(6, True), (8, False)])
def test_a_link_runs_out_after_a_week(sent: Reader, monkeypatch: pytest.MonkeyPatch, days: int, is_known: bool) -> None:
    """CiviCRM's checksums last seven days; the page can be read all the same."""
    contact = sent.amina
    monkeypatch.setattr(checksums, "time", SimpleNamespace(time=lambda: time.time() - days * 24 * 3600))
    (made,) = checksums.make(Call(SandboxSite(), Caller(None, frozenset())), {"contactId": contact})
    page = sent.opens(f"?cs={made['checksum']}&cid={contact}")
    assert "The well is dry." in page
    assert ("You came without a personal link" in page) != is_known
    assert ("csrf_token" in page) == is_known


def test_a_link_without_https_works_on_the_page_as_in_the_mail(office: Office, pages: FlaskClient) -> None:
    amina = office.person("amina", "chapter_A")
    alert = office.sends("chapter_A", count=1, Ask_Link="example.org/petition")
    mail = next(one for one in office.site.mailbox.mails() if one["to"] == ["amina@example.org"])
    assert "https://example.org/petition" in mail["text"]
    assert 'href="https://example.org/petition"' in Reader(office, pages, alert, amina).opens()


def test_what_is_not_public_is_not_there(office: Office, pages: FlaskClient) -> None:
    office.person("amina", "chapter_A")
    alert = office.writes("chapter_A")
    office.works()
    for number in (alert, 999_999, 0):
        answer = pages.get(f"/act/{number}")
        assert answer.status_code == 404
        assert "well" not in answer.text


@pytest.mark.parametrize("kind", ["", "hacked", "x" * 500, "official' OR 1=1"])
def test_nonsense_is_not_kept(sent: Reader, kind: str) -> None:
    page = sent.opens(sent.office.personal(sent.amina))
    assert sent.clicks(kind, page).status_code == 404
    assert sent.office.actions() == []


def test_in_arabic(sent: Reader) -> None:
    page = sent.opens("?lang=ar")
    assert 'dir="rtl"' in page
    assert "جفّ البئر" in page
    assert "ما يمكنك فعله الآن" in page


def test_a_merged_contact_is_who_it_became(sent: Reader) -> None:
    contact, survivor = sent.amina, sent.office.person("survivor", email=None)
    link = sent.office.personal(contact)
    sent.office.site.api("Contact", "mergeDuplicates", contactId=survivor, duplicateId=contact, mode="aggressive")
    page = sent.opens(link)
    assert sent.clicks("shared", page).status_code == 303
    assert sent.office.actions() == [(survivor, "shared")]


def test_a_crowd_asks_civicrm_once(sent: Reader) -> None:
    sent.opens()
    before = sent.office.site.requests_so_far()
    for _ in range(20):
        sent.opens()
    assert sent.office.site.requests_so_far() == before
