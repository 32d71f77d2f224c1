"""The fund's whole story by clicking: a gift, a part given back, a payout, at the pages and at Stripe's console."""

from decimal import Decimal

from playwright.sync_api import expect

from tests.flows.fund import FundFlow

from .test_giving import pays


def test_a_gift_a_part_of_it_back_and_a_payout(visitor, home: str, fund: FundFlow) -> None:
    giver, office = visitor(), visitor()
    giver.goto(f"{home}/give")
    giver.get_by_label("€100", exact=True).check()
    giver.get_by_role("button", name="On to payment").click()
    pays(giver)
    expect(giver.get_by_role("heading", level=1)).to_have_text("Thank you. Your gift has arrived.")

    office.goto(f"{fund.stripe.url}/console")
    payment = office.locator("tr", has=office.locator("code", has_text="pi_"))
    payment.get_by_label("Amount in EUR").first.fill("30")
    payment.get_by_role("button", name="Refund", exact=False).last.click()
    office.get_by_label("Days").fill("10")
    office.get_by_role("button", name="Wait", exact=True).click()
    office.get_by_role("button", name="Pay out").click()
    office.get_by_role("button", name="Deliver what waits").click()
    fund.works()

    giver.goto(f"{home}/fund")
    expect(giver.get_by_text("€70", exact=True)).to_be_visible()
    moved = fund.stripe.client.v1.balance_transactions.list({"limit": 100}).data
    kept = fund.only()
    assert Decimal(str(kept["net_amount"])) * 100 == sum(one.net for one in moved if one.type != "payout")
    assert kept["Solidarity_Stripe.Refunded"] == 30
