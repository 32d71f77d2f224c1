"""The pages of the stand-in Stripe, clicked without JavaScript: Checkout, the customer portal, the console."""

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from flask import Flask, request

from sandbox.serve import start
from sandbox.stripe.account import API_KEY, WEBHOOK_SECRET
from sandbox.stripe.app import create_app
from tests.stripe_sandbox import StripeSandbox

GIVER = {"name": "Amina Example", "email": "amina@example.org", "country": "IE", "city": "Cork", "method": "card"}
MESSAGE = {"key": "message", "label": {"type": "custom", "custom": "Message"}, "type": "text", "optional": True}
THANKS = "https://give.example.org/thanks?session_id="


class Visitor:
    """Somebody with a browser, and what the webhook endpoint heard meanwhile."""

    def __init__(self, sandbox: StripeSandbox, heard: list[str]) -> None:
        self.sandbox, self.heard = sandbox, heard

    def opens(self, path: str) -> requests.Response:
        return requests.get(f"{self.sandbox.url}{path}", timeout=10, allow_redirects=False)

    def sends(self, path: str, **form: str) -> requests.Response:
        return requests.post(f"{self.sandbox.url}{path}", form, timeout=10, allow_redirects=False)

    def clicks(self, do: str, **form: str) -> requests.Response:
        """A button of the console."""
        return self.sends("/console", do=do, **form)

    def starts(self, monthly: bool = False, **more: Any) -> str:
        """Our own page opens a session, and the giver is sent to its url; returns its id."""
        price: dict[str, Any] = {"currency": "eur", "unit_amount": 2500, "product_data": {"name": "The fund"}}
        if monthly:
            price["recurring"] = {"interval": "month"}
        wanted: Any = {
            "mode": "subscription" if monthly else "payment",
            "line_items": [{"quantity": 1, "price_data": price}],
            "success_url": f"{THANKS}{{CHECKOUT_SESSION_ID}}",
            "cancel_url": "https://give.example.org/cancelled",
            "custom_fields": [MESSAGE],
            **more,
        }
        return self.sandbox.client.v1.checkout.sessions.create(wanted).id

    def gives(self, **form: str) -> str:
        """A whole gift; returns the id of its PaymentIntent."""
        id = self.starts()
        assert self.sends(f"/c/pay/{id}", **(GIVER | form)).status_code == 303
        return str(self.session(id).payment_intent)

    def gives_monthly(self) -> Any:
        id = self.starts(monthly=True)
        assert self.sends(f"/c/pay/{id}", **GIVER).status_code == 303
        return self.sandbox.client.v1.subscriptions.retrieve(str(self.session(id).subscription))

    def session(self, id: str) -> Any:
        return self.sandbox.client.v1.checkout.sessions.retrieve(id)

    def portal(self, customer: str) -> str:
        """The path of a portal page."""
        wanted: Any = {"customer": customer, "return_url": "https://give.example.org/"}
        return self.sandbox.client.v1.billing_portal.sessions.create(wanted).url.removeprefix(self.sandbox.url)


@pytest.fixture(scope="module")
def servers() -> Iterator[Visitor]:
    heard: list[str] = []
    endpoint, lock = Flask("endpoint"), threading.Lock()

    @endpoint.post("/webhooks/stripe")
    def hear() -> str:
        with lock:
            heard.append(request.get_json()["type"])
        return ""

    hears = start(endpoint)
    server = start(create_app(f"http://127.0.0.1:{hears.server_port}/webhooks/stripe"))
    yield Visitor(StripeSandbox(f"http://127.0.0.1:{server.server_port}", API_KEY, WEBHOOK_SECRET), heard)
    for one in (server, hears):
        one.shutdown()
        one.server_close()


@pytest.fixture
def visitor(servers: Visitor) -> Visitor:
    servers.sandbox.reset()
    servers.heard.clear()
    return servers


def _alert(answer: requests.Response) -> str:
    found = re.search(r'role="alert">(.*?)</(?:p|div>\s*</div)', answer.text, re.DOTALL)
    return re.sub(r"<[^>]+>", " ", found[1]).strip() if found else ""


def test_the_page_says_what_it_is_about_and_that_it_is_not_stripe(visitor: Visitor) -> None:
    page = visitor.opens(f"/c/pay/{visitor.starts(customer_email='amina@example.org')}").text
    for said in ("no money moves here", "The fund", "25.00 EUR", 'value="amina@example.org"', "Message (optional)"):
        assert said in page
    assert "SEPA direct debit" in page
    assert "per month" not in page
    assert 'href="https://give.example.org/cancelled"' in page
    assert "<script" not in page


def test_a_card_gift_is_complete_and_told_at_once(visitor: Visitor) -> None:
    id = visitor.starts()
    answer = visitor.sends(f"/c/pay/{id}", **GIVER, custom_message="For the children")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{THANKS}{id}")
    session = visitor.session(id)
    assert (session.status, session.payment_status) == ("complete", "paid")
    assert session.custom_fields[0].text.value == "For the children"
    who = session.customer_details
    assert (who.name, who.email, who.address.city) == ("Amina Example", "amina@example.org", "Cork")
    assert "checkout.session.completed" in visitor.heard
    assert visitor.heard == [event["type"] for event in visitor.sandbox.events()]


def test_a_declined_card_keeps_the_session_open_and_a_second_try_works(visitor: Visitor) -> None:
    id = visitor.starts()
    declined = visitor.sends(f"/c/pay/{id}", **GIVER | {"method": "declined"})
    assert (declined.status_code, _alert(declined)) == (402, "Your card was declined.")
    assert 'value="Amina Example"' in declined.text
    assert visitor.session(id).status == "open"
    assert visitor.heard == ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"]
    assert visitor.sends(f"/c/pay/{id}", **GIVER).status_code == 303
    (intent,) = visitor.sandbox.client.v1.payment_intents.list({}).data
    charges = visitor.sandbox.client.v1.charges.list({"payment_intent": intent.id}).data
    assert [charge.status for charge in charges] == ["succeeded", "failed"]
    assert visitor.heard.count("payment_intent.created") == 1


def test_a_monthly_gift_starts_on_the_page(visitor: Visitor) -> None:
    id = visitor.starts(monthly=True)
    page = visitor.opens(f"/c/pay/{id}").text
    assert "per month" in page
    assert "SEPA" not in page
    assert _alert(visitor.sends(f"/c/pay/{id}", **GIVER | {"method": "declined"})) == "Your card was declined."
    assert visitor.sends(f"/c/pay/{id}", **GIVER).status_code == 303
    assert (visitor.session(id).status, visitor.heard[-1]) == ("complete", "charge.updated")


def test_what_is_missing_is_said_before_anything_is_tried(visitor: Visitor) -> None:
    id = visitor.starts(custom_fields=[MESSAGE | {"optional": False}])
    answer = visitor.sends(f"/c/pay/{id}", email="amina", name=" ", country="XX", method="gold")
    assert answer.status_code == 422
    for said in ("email is incomplete", "name is missing", "Choose a country", "Choose a way to pay", "Message"):
        assert said in _alert(answer)
    assert visitor.heard == []


def test_a_page_that_is_over_says_so(visitor: Visitor) -> None:
    done, late = visitor.starts(), visitor.starts()
    visitor.sends(f"/c/pay/{done}", **GIVER)
    assert "all done here" in visitor.opens(f"/c/pay/{done}").text
    assert visitor.sends(f"/c/pay/{done}", **GIVER).status_code == 409
    visitor.sandbox.post("clock", advance=2 * 86_400)
    assert "has expired" in visitor.opens(f"/c/pay/{late}").text
    assert visitor.heard[-1] == "checkout.session.expired"
    assert [visitor.opens(path).status_code for path in ("/c/pay/cs_none", "/p/session/bps_none")] == [404, 404]


def test_what_a_giver_types_is_shown_as_text(visitor: Visitor) -> None:
    name = "<script>alert(1)</script>"
    id = visitor.starts()
    declined = visitor.sends(f"/c/pay/{id}", **GIVER | {"name": name, "method": "declined"})
    monthly = visitor.starts(monthly=True)
    visitor.sends(f"/c/pay/{monthly}", **GIVER | {"name": name})
    portal = visitor.portal(visitor.session(monthly).customer)
    for page in (declined, visitor.opens("/console"), visitor.opens(portal)):
        assert "<script" not in page.text
        assert "&lt;script&gt;" in page.text


def test_a_debit_arrives_when_the_console_says_so(visitor: Visitor) -> None:
    id = visitor.starts()
    visitor.sends(f"/c/pay/{id}", **GIVER | {"method": "declined"})
    visitor.sends(f"/c/pay/{id}", **GIVER | {"method": "sepa_debit"})
    session = visitor.session(id)
    assert (session.status, session.payment_status) == ("complete", "unpaid")
    assert "Debit succeeds" in visitor.opens("/console").text
    assert visitor.clicks("debit_succeeds", payment_intent=session.payment_intent).status_code == 303
    assert visitor.session(id).payment_status == "paid"
    assert visitor.heard[-1] == "checkout.session.async_payment_succeeded"
    again = visitor.clicks("debit_succeeds", payment_intent=session.payment_intent)
    assert (again.status_code, _alert(again)) == (409, f"{session.payment_intent} is succeeded")


def test_the_portal_changes_the_amount_and_ends_the_gift(visitor: Visitor) -> None:
    gift = visitor.gives_monthly()
    path = visitor.portal(gift.customer)
    assert "25.00 EUR per month" in visitor.opens(path).text
    visitor.sends(path, do="change_amount", subscription=gift.id, amount="12.50")
    assert "12.50 EUR per month" in visitor.opens(path).text
    visitor.sends(path, do="cancel_at_period_end", subscription=gift.id)
    assert "Ends on 1 August 2026." in visitor.opens(path).text
    visitor.sends(path, do="cancel_now", subscription=gift.id)
    page = visitor.opens(path).text
    assert "Ended on 1 July 2026." in page
    assert "Cancel now" not in page
    assert visitor.heard[-3:] == [*["customer.subscription.updated"] * 2, "customer.subscription.deleted"]


@pytest.mark.parametrize("amount", ["0", "-5", "12.345", "ten", "", "1e9", "999999999"])
def test_the_portal_refuses_what_is_no_amount(visitor: Visitor, amount: str) -> None:
    gift = visitor.gives_monthly()
    answer = visitor.sends(visitor.portal(gift.customer), do="change_amount", subscription=gift.id, amount=amount)
    assert (answer.status_code, _alert(answer).endswith("is no amount in EUR.")) == (409, True)


def test_nobody_ends_the_gift_of_another(visitor: Visitor) -> None:
    mine, other = visitor.gives_monthly(), visitor.gives_monthly()
    answer = visitor.sends(visitor.portal(mine.customer), do="cancel_now", subscription=other.id)
    assert (answer.status_code, _alert(answer)) == (409, "That cannot be done here.")


def test_the_console_gives_a_part_back(visitor: Visitor) -> None:
    intent = visitor.gives()
    visitor.clicks("refund", payment_intent=intent, part="yes", amount="7,50")
    assert [refund.amount for refund in visitor.sandbox.client.v1.refunds.list({}).data] == [750]
    assert "7.50 EUR given back" in visitor.opens("/console").text
    refused = visitor.clicks("refund", payment_intent=intent, part="yes", amount="20")
    assert _alert(refused).startswith("Refund amount (2000) is greater")
    visitor.clicks("refund", payment_intent=intent)
    assert sum(refund.amount for refund in visitor.sandbox.client.v1.refunds.list({}).data) == 2500


def test_disputes_months_and_payouts_are_buttons_too(visitor: Visitor) -> None:
    intent, gift = visitor.gives(), visitor.gives_monthly()
    visitor.clicks("dispute", payment_intent=intent)
    (dispute,) = visitor.sandbox.client.v1.disputes.list({}).data
    visitor.clicks("dispute_won", dispute=dispute.id)
    visitor.clicks("renew", subscription=gift.id)
    visitor.clicks("wait", days="7")
    visitor.clicks("payout")
    visitor.clicks("payout_paid", payout=visitor.sandbox.client.v1.payouts.list({}).data[0].id)
    for told in ("charge.dispute.closed", "invoice.paid", "payout.paid"):
        assert told in visitor.heard
    assert "dispute: won" in visitor.opens("/console").text
    assert _alert(visitor.clicks("payout")).startswith("nothing to pay out")
    assert _alert(visitor.clicks("wait", days="soon")).endswith("from 0 to 999.")
    assert "no button" in _alert(visitor.clicks("redact"))


def test_deliveries_are_held_back_until_somebody_delivers(visitor: Visitor) -> None:
    visitor.clicks("hold")
    visitor.gives()
    assert visitor.heard == []
    assert "5 events wait." in visitor.opens("/console").text
    visitor.clicks("deliver")
    assert len(visitor.heard) == 5
    visitor.clicks("send_again")
    assert visitor.heard[-2:] == ["charge.updated"] * 2
    visitor.clicks("let_go")
    visitor.gives()
    assert len(visitor.heard) == 11


def test_without_a_webhook_the_pages_work_and_the_console_says_why_nobody_hears(visitor: Visitor) -> None:
    visitor.sandbox.post("webhook", url=None)
    assert _alert(visitor.clicks("send_again")) == "Nothing has happened yet."
    visitor.gives()
    assert "nobody is told" in visitor.opens("/console").text
    assert _alert(visitor.clicks("deliver")) == "no webhook url is set"


def test_the_console_shows_recorded_stories_as_well(visitor: Visitor) -> None:
    visitor.sandbox.story(*visitor.sandbox.get("stories")["names"])
    visitor.sandbox.deliver(send=False)
    assert visitor.opens("/console").status_code == 200
