"""The page of an alert as a member opens it from the mail, and the outcome page as its community does."""

import re
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Page, expect

from tests.flows.office import Office, office as office

from .conftest import PHONE, WIDE
from .test_giving import fits

PEOPLE = {
    "official": ("Maire", "Mayor of Cork"),
    "media": ("Sean", "Newsdesk, the Cork paper"),
    "faith": ("Brid", "Pastor at the harbour"),
    "community": ("Tomas", "Chair of the neighbourhood council"),
}
STORY = {
    "Kind": "incident",
    "Community": "ras_al_auja",
    "Place": "at the spring",
    "Happened": "tonight at two",
    "subject": "Men at the spring of Ras al-Auja",
    "Body": "<p>Twelve men cut the pipe that brings water to forty families. Nobody is hurt.</p>"
    "<p>The protectors are there. The police were called at half past two and have not come.</p>",
    "Ask": "Please call your officials now, before they sleep.\nAsk them to call the embassy.",
    "Ask_Link": "https://example.org/letter",
    "Words": "I am calling about the water of Ras al-Auja.\nPlease speak with the embassy & tell me what it said.",
    "Subject_ar": "رجال عند نبع رأس العوجا",
    "Body_ar": "<p>قطع اثنا عشر رجلاً الأنبوب الذي يوصل الماء إلى أربعين عائلة. لم يُصب أحد.</p>",
    "Ask_ar": "اتصلوا بالمسؤولين الآن، قبل أن يناموا.",
}


COUNTRIES = ("IE", "IE", "IE", "IE", "FR")
SIZES = pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
LOCALES = pytest.mark.parametrize("locale", ["en", "ar"])


@pytest.fixture
def alert(home: str, office: Office) -> int:
    """An alert that went to Amina of Cork and, in Arabic, to Amal; their chapter reaches out to four people."""
    members = [office.person("amina", "chapter_A"), office.person("amal", "chapter_A", language="ar_EG")]
    for kind, (name, title) in PEOPLE.items():
        where = {"email_primary.email": f"{name.lower()}@example.org", "Solidarity_Outreach.Kind": kind}
        office.reaches_out(*members, first_name=name, job_title=title, **where)
    return office.sends("chapter_A", count=2, **STORY)


def small(page: Page) -> list[str]:
    """What is to be tapped and is too small for a thumb: 44 by 44 pixels are what WCAG asks for (2.5.5)."""
    found = page.locator("main a, main button").all()
    boxes = [(one.inner_text(), one.bounding_box() or {"width": 0, "height": 0}) for one in found]
    return [text for text, box in boxes if min(box["width"], box["height"]) < 44]


@SIZES
@pytest.mark.parametrize(
    ("name", "direction", "story"), [("amina", "ltr", "Twelve men"), ("amal", "rtl", "اثنا عشر")], ids=["en", "ar"]
)
def test_from_the_mail(visitor, office: Office, alert: int, accessible, name, direction, story, viewport) -> None:
    """The page speaks the language of the mail, whatever the browser's."""
    page = visitor(locale="de", viewport=viewport)
    page.goto(office.link(name))
    assert "cs=" not in page.url
    assert page.locator("html").get_attribute("dir") == direction
    expect(page.locator(".story")).to_contain_text(story)
    accessible(page)
    assert fits(page)
    assert small(page) == []
    page.locator("button[value=official]").click()
    expect(page.get_by_role("status")).to_be_in_viewport()
    accessible(page)


def test_one_tap_calls_and_writes(visitor, office: Office, alert: int) -> None:
    page = visitor(viewport=PHONE)
    page.goto(office.link("amina"))
    call = page.get_by_role("link", name="Call Maire Example")
    assert call.get_attribute("href") == "tel:+353215550100"
    written = page.get_by_role("link", name="Write to Sean Example").get_attribute("href")
    address, _, query = str(written).partition("?")
    assert address == "mailto:sean@example.org"
    assert parse_qs(query) == {"subject": [STORY["subject"]], "body": [STORY["Words"]]}
    assert page.get_by_role("heading", level=3).all_inner_texts() == [
        *("Officials", "Media", "Faith leaders", "Community leaders")
    ]


@pytest.mark.parametrize("name", ["amina", "amal"])
def test_each_deed_counts_once_on_a_phone_without_script(visitor, office: Office, alert: int, name: str) -> None:
    page = visitor(viewport=PHONE, java_script_enabled=False, has_touch=True)
    page.goto(office.link(name))
    other = page.context.new_page()  # the same page in another window
    other.goto(page.url)
    page.locator("button[value=official]").tap()
    expect(page.get_by_role("status")).to_contain_text({"amina": "It was kept", "amal": "شكراً لك"}[name])
    expect(page.locator("button[value=official]")).to_be_disabled()
    other.locator("button[value=official]").tap()
    expect(other.get_by_role("status")).to_contain_text({"amina": "You told us before", "amal": "من قبل"}[name])
    other.locator("button[value=shared]").tap()
    expect(other.locator(".ticked")).to_have_count(2)
    assert [kind for _, kind in office.actions()] == ["official", "shared"]


def test_by_keyboard_alone(visitor, office: Office, alert: int) -> None:
    page = visitor()
    page.goto(office.link("amina"))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    page.keyboard.press("Enter")
    seen = []
    while page.evaluate("document.activeElement.value") != "media":
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.href || document.activeElement.value"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        assert len(seen) < 20
    assert seen[:2] == ["https://example.org/letter", "tel:+353215550100"]
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="I called or wrote to the media: kept")).to_be_visible()
    assert [kind for _, kind in office.actions()] == ["media"]


@pytest.mark.parametrize("kind", ["none", "forged", "another's", "expired"])
def test_without_a_good_link_it_is_read_and_nothing_is_kept(
    visitor, home: str, office: Office, alert: int, accessible, kind: str
) -> None:
    (person,) = office.site.api("Contact", "get", select=["id"], where=[["first_name", "=", "amina"]])
    (expired,) = office.site.api("Contact", "getChecksum", contactId=person["id"], ttl=-1)
    good = office.link("amina").partition("cs=")[2].partition("&")[0]
    wrong = {"none": "", "forged": f"cs={good[::-1]}&cid={person['id']}", "another's": f"cs={good}&cid=1"}
    wrong["expired"] = f"cs={expired['checksum']}&cid={person['id']}"
    contacts = office.site.api("Contact", "get", select=["id"])
    page = visitor(viewport=PHONE)
    page.goto(f"{home}/act/{alert}?{wrong[kind]}")
    expect(page.locator(".story")).to_contain_text("Twelve men")
    expect(page.get_by_role("link", name="Do it now")).to_be_visible()
    expect(page.get_by_text("nothing is kept of you")).to_be_visible()
    assert page.get_by_text("Maire").count() == page.locator("main button").count() == 0
    accessible(page)
    assert fits(page)
    assert office.site.api("Contact", "get", select=["id"]) == contacts
    assert office.actions() == []


@SIZES
@LOCALES
def test_the_community_reads_what_came_of_it(
    visitor, office: Office, alert: int, accessible, locale: str, viewport
) -> None:
    where = [["external_identifier", "=", "community:ras_al_auja"]]
    address = {"email_primary.email": "ras@example.org", "preferred_language": f"{locale}_US"}
    office.site.api("Organization", "update", where=where, values=address)
    for number, country in enumerate(COUNTRIES):
        contact = office.person(f"p{number}", **{"address_primary.country_id:name": country})
        for kind in ("official", "media", "shared")[: 1 + number % 3]:
            office.acts(contact, alert, kind)
    assert office.decides(alert, "close")[0] == "done"
    (mail,) = [one for one in office.site.mailbox.mails() if one["to"] == ["ras@example.org"]]
    page = visitor(locale=locale, viewport=viewport)
    page.goto(re.findall(r"http\S+/outcome/\S+", mail["text"])[0])
    assert page.locator("html").get_attribute("dir") == {"en": "ltr", "ar": "rtl"}[locale]
    assert page.locator(".sums").nth(0).locator("dd").all_inner_texts() == ["5", "3", "1"]
    assert page.locator(".sums").nth(1).locator("dd").all_inner_texts() == ["4", "1"]
    assert page.get_by_text("Example").count() == page.get_by_text("p0").count() == 0
    accessible(page)
    assert fits(page)
