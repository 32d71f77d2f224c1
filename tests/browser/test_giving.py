"""Giving as a person does it: the form, Checkout, the page afterwards; by mouse, by keyboard, without script."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.flows.fund import FundFlow

from .conftest import PHONE, WIDE


def fills_in_checkout(page: Page, method: str = "Card that works") -> None:
    page.get_by_label("Email").fill("amina@example.org")
    page.get_by_label("Name").fill("Amina Example")
    page.get_by_label("Country").select_option("IE")
    page.get_by_label(method).check()


def pays(page: Page, button: str = "Give", method: str = "Card that works") -> None:
    fills_in_checkout(page, method)
    page.get_by_role("button", name=button).click()


def fits(page: Page) -> bool:
    """Nothing has to be moved sideways to be read."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_once(visitor, home: str, fund: FundFlow) -> None:
    page = visitor()
    page.goto(f"{home}/give")
    page.get_by_label("€50", exact=True).check()
    page.get_by_label("Chapter").fill("COR06")
    page.get_by_role("button", name="On to payment").click()
    expect(page.get_by_text("50.00 EUR")).to_be_visible()
    pays(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you. Your gift has arrived.")
    expect(page.get_by_text("within some minutes")).to_be_visible()
    fund.delivers()
    fund.works()
    page.reload()
    expect(page.get_by_text("It is entered in the network’s books.")).to_be_visible()
    assert fund.only()["total_amount"] == 50


def test_monthly_and_how_it_is_stopped(visitor, home: str, fund: FundFlow) -> None:
    page = visitor()
    page.goto(f"{home}/give")
    page.get_by_label("Each month", exact=True).check()
    page.get_by_role("button", name="On to payment").click()
    pays(page)
    expect(page.get_by_text("each month").first).to_be_visible()
    page.get_by_role("link", name="ask for a link by e-mail").click()
    page.get_by_label("E-mail address").fill("amina@example.org")
    page.get_by_role("button", name="Send me the link").click()
    expect(page.get_by_role("status")).to_contain_text("a link is on its way")
    page.goto(portal(fund))
    page.get_by_role("button", name="Open it").click()
    page.get_by_role("button", name="Cancel at period end").click()
    expect(page.get_by_text("Ends on")).to_be_visible()
    fund.told("renew")  # the period ends
    fund.works()
    (gift,) = fund.books.recurs().values()
    assert gift["contribution_status_id:name"] == "Cancelled"


def portal(fund: FundFlow) -> str:
    """The link in the one mail that came."""
    for _ in range(100):
        if mails := fund.site.mailbox.mails():
            return str(re.search(r"http\S+/give/portal/\S+", mails[0]["text"])[0])  # type: ignore[index]
        time.sleep(0.1)
    raise AssertionError("no mail came")


def test_leaving_checkout_takes_nothing(visitor, home: str, fund: FundFlow) -> None:
    page = visitor()
    page.goto(f"{home}/give")
    page.get_by_role("button", name="On to payment").click()
    page.get_by_role("link", name="Back").click()
    expect(page.get_by_role("alert")).to_have_text("You left before giving. Nothing was taken.")
    fund.works()
    assert fund.books.contributions() == {}


def test_a_declined_card_and_another_one(visitor, home: str, fund: FundFlow) -> None:
    page = visitor()
    page.goto(f"{home}/give")
    page.get_by_role("button", name="On to payment").click()
    pays(page, method="Card that is declined")
    expect(page.get_by_role("alert")).to_contain_text("declined")
    pays(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you. Your gift has arrived.")
    fund.delivers()
    fund.works()
    assert fund.only()["contribution_status_id:name"] == "Completed"


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_in_arabic(visitor, home: str, accessible, viewport) -> None:
    page = visitor(locale="ar", viewport=viewport)
    page.goto(f"{home}/give")
    assert page.locator("html").get_attribute("dir") == "rtl"
    amounts = page.locator(".choices").nth(1).locator("label").all()
    first, second = (one.bounding_box() for one in amounts[:2])
    assert first
    assert second
    assert first["x"] > second["x"]  # the first choice stands at the right
    accessible(page)
    assert fits(page)
    page.get_by_role("button", name="إلى الدفع").click()
    pays(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("شكرا")
    assert fits(page)


def test_by_keyboard_alone(visitor, home: str) -> None:
    page = visitor()
    page.goto(f"{home}/give")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, "how_often")
    page.keyboard.press("ArrowRight")
    expect(page.locator("input[value=monthly]")).to_be_checked()
    tab_to(page, "amount")
    page.keyboard.press("ArrowRight")
    expect(page.locator("input[name=amount][value='50']")).to_be_checked()
    ring = page.evaluate("getComputedStyle(document.activeElement.nextElementSibling).outlineStyle")
    assert ring == "solid"  # whoever looks sees where they are
    tab_to(page, "note")
    page.keyboard.type("For the children")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("50.00 EUR per month")).to_be_visible()


def tab_to(page: Page, name: str) -> None:
    for _ in range(20):
        if page.evaluate("document.activeElement.name") == name:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{name} cannot be reached by keyboard")


@pytest.mark.parametrize("locale", ["en", "ar"])
def test_on_a_phone_without_script(visitor, home: str, fund: FundFlow, locale: str) -> None:
    page = visitor(locale=locale, viewport=PHONE, java_script_enabled=False, has_touch=True)
    page.goto(f"{home}/give")
    page.locator("label", has=page.locator("input[value=other]")).click()
    page.locator("#other").fill("12,50")
    page.locator("button.wide").click()
    pays(page)
    fund.delivers()
    fund.works()
    assert fund.only()["total_amount"] == 12.5


def test_a_mistake_is_shown_where_it_is(visitor, home: str, accessible) -> None:
    page = visitor(viewport=PHONE)
    page.goto(f"{home}/give")
    page.get_by_label("Other", exact=True).check()
    page.get_by_label("Other amount").fill("a lot")
    page.get_by_role("button", name="On to payment").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was taken")
    expect(page.get_by_label("Other amount")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Other amount")).to_have_value("a lot")
    accessible(page)
    assert fits(page)
