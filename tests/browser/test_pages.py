"""Every page for givers, in both languages: nothing serious for axe, readable on a phone, truthful numbers."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.flows.fund import AMINA, FundFlow

from .conftest import PHONE, WIDE

PAGES = ("/give", "/give/manage", "/fund", "/give/portal/none", "/nothing")


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("locale", ["en", "ar"])
def test_every_page(visitor, home: str, fund: FundFlow, accessible, locale: str, viewport) -> None:
    fund.told("give", amount=700_000, **AMINA)
    fund.works()
    page = visitor(locale=locale, viewport=viewport)
    for path in PAGES:
        page.goto(f"{home}{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path


def test_the_language_is_changed_by_a_link_and_kept(visitor, home: str) -> None:
    page = visitor()
    page.goto(f"{home}/give")
    page.get_by_role("link", name="العربية").click()
    assert page.locator("html").get_attribute("lang") == "ar"
    page.goto(f"{home}/give/manage")
    assert page.locator("html").get_attribute("dir") == "rtl"
    page.get_by_role("link", name="English").click()
    assert page.locator("html").get_attribute("dir") == "ltr"


def test_the_thermometer_moves_with_gifts_and_what_is_given_back(
    visitor: Callable[..., Page], home: str, fund: FundFlow
) -> None:
    page = visitor()

    def months() -> str:
        fund.works()
        page.goto(f"{home}/fund")
        return page.locator("#months").inner_text()

    fund.told("give", amount=150_000, **AMINA)
    assert months() == "1 of 36 protector-months are funded"
    fund.told("give", amount=200_000, **AMINA)
    assert months() == "2 of 36 protector-months are funded"
    fund.told("refund", amount=100_000)
    assert months() == "1 of 36 protector-months are funded"
    page.get_by_role("link", name="a picture for your website").click()
    assert page.locator("title").first.text_content() == "1 of 36 protector-months are funded"
