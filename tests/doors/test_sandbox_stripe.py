"""The stand-in Stripe through the real SDK: what it serves, what it lists, what it refuses."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import stripe

from sandbox.serve import start
from sandbox.stripe.account import API_KEY, WEBHOOK_SECRET
from sandbox.stripe.app import create_app
from tests.stripe_sandbox import StripeSandbox

GIVER = {"name": "Amina Example", "email": "amina@example.org"}
GIFT = {
    "mode": "payment",
    "line_items": [
        {"quantity": 1, "price_data": {"currency": "eur", "unit_amount": 2500, "product_data": {"name": "A gift"}}}
    ],
    "metadata": {"fund_campaign": "protector-pilot"},
    "payment_intent_data": {"metadata": {"fund_campaign": "protector-pilot"}},
    "submit_type": "donate",
    "adaptive_pricing": {"enabled": False},
    "success_url": "https://give.example.org/thanks?session_id={CHECKOUT_SESSION_ID}",
    "cancel_url": "https://give.example.org/",
}


@pytest.fixture(scope="module")
def server() -> Iterator[StripeSandbox]:
    server = start(create_app())
    yield StripeSandbox(f"http://127.0.0.1:{server.server_port}", API_KEY, WEBHOOK_SECRET)
    server.shutdown()
    server.server_close()


@pytest.fixture
def sandbox(server: StripeSandbox) -> StripeSandbox:
    server.reset()
    return server


def test_a_gift_is_read_in_one_call(sandbox: StripeSandbox) -> None:
    made = sandbox.do("give", amount=5000, **GIVER)
    (id,) = made["checkout.session"]
    expand = ["payment_intent.latest_charge.balance_transaction"]
    session: Any = sandbox.client.v1.checkout.sessions.retrieve(id, {"expand": expand})
    fee = session.payment_intent.latest_charge.balance_transaction
    assert (session.payment_status, fee.fee, fee.net, fee.currency) == ("paid", 100, 4900, "eur")


def test_a_monthly_payment_is_found_from_its_invoice_and_back(sandbox: StripeSandbox) -> None:
    made = sandbox.do("subscribe", amount=2000, **GIVER)
    v1 = sandbox.client.v1
    invoice: Any = v1.invoices.retrieve(made["invoice"][0], {"expand": ["payments.data.payment.payment_intent"]})
    intent = invoice.payments.data[0].payment.payment_intent
    assert intent.latest_charge == made["charge"][0]
    asked: Any = {"payment": {"type": "payment_intent", "payment_intent": intent.id}}
    assert [one.invoice for one in v1.invoice_payments.list(asked).data] == [invoice.id]
    assert [one.id for one in v1.invoices.list({"subscription": made["subscription"][0]}).data] == [invoice.id]


def test_lists_are_newest_first_and_page_by_themselves(sandbox: StripeSandbox) -> None:
    for _ in range(12):
        sandbox.do("give", **GIVER)
    v1 = sandbox.client.v1
    page = v1.charges.list({})
    assert (len(page.data), page.has_more) == (10, True)
    every = [charge.id for charge in v1.charges.list({"limit": 5}).auto_paging_iter()]
    assert len(set(every)) == len(every) == 12
    created = [charge.created for charge in v1.charges.list({"limit": 100}).data]
    assert created == sorted(created, reverse=True)
    later = v1.charges.list({"ending_before": every[5], "limit": 3})
    assert ([one.id for one in later.data], later.has_more) == (every[2:5], True)
    recent = v1.charges.list({"created": {"gte": created[3], "lt": created[0]}})
    assert [one.id for one in recent.data] == every[1:4]


def test_what_belongs_together_is_listed(sandbox: StripeSandbox) -> None:
    made = sandbox.do("give", amount=8000, customer=True, **GIVER)
    charge, intent, customer = made["charge"][0], made["payment_intent"][0], made["customer"][0]
    sandbox.do("refund", amount=1000)
    sandbox.do("dispute", amount=7000)
    sandbox.do("wait", days=3)
    sandbox.do("give", amount=8000)
    sandbox.do("give", amount=8000)
    sandbox.do("payout", early=True)
    v1 = sandbox.client.v1
    assert len(v1.refunds.list({"charge": charge}).data) == len(v1.disputes.list({"payment_intent": intent}).data) == 1
    assert len(v1.charges.list({"customer": customer}).data) == len(
        v1.payment_intents.list({"customer": customer}).data
    )
    assert len(v1.checkout.sessions.list({"payment_intent": intent}).data) == 1
    assert v1.customers.list({"email": "amina@example.org"}).data[0].id == customer
    assert v1.balance_transactions.list({"source": charge}).data[0].type == "charge"
    (payout,) = v1.payouts.list({"status": "in_transit", "arrival_date": {"gte": 1}}).data
    lines = list(v1.balance_transactions.list({"payout": payout.id, "limit": 2}).auto_paging_iter())
    assert {line.type for line in lines} == {"charge", "refund", "adjustment", "payout"}
    assert sum(line.net for line in lines if line.type != "payout") == payout.amount


def test_subscriptions_that_ended_are_listed_only_when_asked_for(sandbox: StripeSandbox) -> None:
    sandbox.do("subscribe", **GIVER)
    sandbox.do("cancel_now")
    subscriptions = sandbox.client.v1.subscriptions
    assert (len(subscriptions.list({}).data), len(subscriptions.list({"status": "all"}).data)) == (0, 1)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("charges/ch_unknown", 404, "resource_missing"),
        ("charges?limit=101", 400, "parameter_invalid_integer"),
        ("charges?colour=red", 400, "parameter_unknown"),
        ("charges?starting_after=ch_unknown", 400, "resource_missing"),
        ("charges?expand[]=data.a.b.c.d", 400, "property_expansion_max_depth"),
        ("unknown/things", 404, None),
    ],
)
def test_what_stripe_refuses(sandbox: StripeSandbox, path: str, status: int, code: str | None) -> None:
    headers = {"Authorization": f"Bearer {API_KEY}", "Stripe-Version": stripe.api_version}
    answer = requests.get(f"{sandbox.url}/v1/{path}", headers=headers, timeout=10)
    assert (answer.status_code, answer.json()["error"].get("code")) == (status, code)


def test_a_wrong_key_and_another_version_are_refused(sandbox: StripeSandbox) -> None:
    other = stripe.StripeClient("sk_test_wrong", base_addresses={"api": sandbox.url})
    with pytest.raises(stripe.AuthenticationError):
        other.v1.charges.list({})
    with pytest.raises(stripe.InvalidRequestError, match="API version"):
        sandbox.client.v1.charges.list({}, {"stripe_version": "2020-08-27"})


def test_a_session_is_made_and_given_through(sandbox: StripeSandbox) -> None:
    wanted: Any = {**GIFT, "client_reference_id": "gift-1"}
    made = sandbox.client.v1.checkout.sessions.create(wanted, {"idempotency_key": "gift-1"})
    assert (made.status, made.amount_total, made.submit_type) == ("open", 2500, "donate")
    assert made.url
    assert made.url.startswith(f"{sandbox.url}/c/pay/cs_test_")
    done = sandbox.do("give", session=made.id, **GIVER)
    assert done["checkout.session"] == [made.id]
    intent = sandbox.client.v1.payment_intents.retrieve(done["payment_intent"][0])
    assert intent.metadata.to_dict() == {"fund_campaign": "protector-pilot"}


def test_a_monthly_session_passes_its_metadata_on(sandbox: StripeSandbox) -> None:
    wanted: Any = {key: GIFT[key] for key in ("line_items", "success_url", "metadata")} | {"mode": "subscription"}
    with pytest.raises(stripe.InvalidRequestError, match="recurring"):
        sandbox.client.v1.checkout.sessions.create(wanted)
    line = GIFT["line_items"][0]
    monthly = line["price_data"] | {"recurring": {"interval": "month"}}
    wanted |= {"line_items": [line | {"price_data": monthly}], "subscription_data": {"metadata": {"fund": "x"}}}
    made = sandbox.client.v1.checkout.sessions.create(wanted)
    done = sandbox.do("subscribe", session=made.id, **GIVER)
    invoice: Any = sandbox.client.v1.invoices.retrieve(done["invoice"][0])
    assert invoice.parent.subscription_details.metadata.to_dict() == {"fund": "x"}


def test_an_idempotency_key_makes_one_session(sandbox: StripeSandbox) -> None:
    create, wanted = sandbox.client.v1.checkout.sessions.create, dict[str, Any](GIFT)
    ids = {create(wanted, {"idempotency_key": "k"}).id for _ in range(3)}  # type: ignore[arg-type]
    assert len(ids) == 1
    with pytest.raises(stripe.IdempotencyError):
        create({**wanted, "submit_type": "pay"}, {"idempotency_key": "k"})  # type: ignore[arg-type]


def test_an_answer_that_was_lost_is_asked_for_again(sandbox: StripeSandbox) -> None:
    sandbox.faults({"kind": "drop_after", "path": "checkout"})
    asked: Any = (dict(GIFT), {"idempotency_key": "once", "max_network_retries": 0})
    with pytest.raises(stripe.APIConnectionError):
        sandbox.client.v1.checkout.sessions.create(*asked)
    made = sandbox.client.v1.checkout.sessions.create(*asked)
    assert [one.id for one in sandbox.client.v1.checkout.sessions.list({}).data] == [made.id]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"payment_method_types": ["card"]}, "payment_method_types_no_longer_supported"),
        ({"submit_type": "beg"}, None),
        ({"mode": ""}, "parameter_missing"),
        ({"success_url": ""}, "parameter_missing"),
        ({"gift_wrap": "yes"}, "parameter_unknown"),
        ({"metadata": {"note": "x" * 501}}, None),
        ({"customer": "cus_unknown"}, "resource_missing"),
        ({"line_items": [{"quantity": 1, "price_data": {"currency": "eur", "unit_amount": 49}}]}, "amount_too_small"),
        ({"line_items": [{"quantity": 1, "price_data": {"currency": "xyz", "unit_amount": 990}}]}, None),
    ],
)
def test_a_session_that_stripe_refuses(sandbox: StripeSandbox, change: dict[str, Any], says: str | None) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sandbox.client.v1.checkout.sessions.create({**GIFT, **change})  # type: ignore[arg-type]
    assert refused.value.code == says
    assert sandbox.client.v1.checkout.sessions.list({}).data == []


def test_portal_refund_and_end_through_the_api(sandbox: StripeSandbox) -> None:
    made = sandbox.do("subscribe", **GIVER)
    v1 = sandbox.client.v1
    portal = v1.billing_portal.sessions.create(
        {"customer": made["customer"][0], "return_url": "https://give.example.org/"}
    )
    assert portal.url.startswith(f"{sandbox.url}/p/session/bps_")
    refund = v1.refunds.create({"charge": made["charge"][0], "amount": 100})
    assert (refund.status, refund.amount) == ("succeeded", 100)
    id = made["subscription"][0]
    assert v1.subscriptions.update(id, {"cancel_at_period_end": True}).cancel_at
    assert v1.subscriptions.cancel(id).status == "canceled"


def test_bad_days(sandbox: StripeSandbox) -> None:
    sandbox.do("give", **GIVER)
    before = sandbox.requests_so_far()
    v1 = sandbox.client.v1
    for kind, error in {
        "429": stripe.RateLimitError,
        "403": stripe.PermissionError,
        "500": stripe.APIError,
        "html": stripe.APIError,
        "down": stripe.APIConnectionError,
        "drop_after": stripe.APIConnectionError,
    }.items():
        sandbox.faults({"kind": kind, "path": "charges"})
        with pytest.raises(error):
            v1.charges.list({})
        assert len(v1.charges.list({}).data) == 1
    sandbox.faults({"kind": "slow", "seconds": 0})
    assert len(v1.charges.list({}).data) == 1
    assert sandbox.requests_so_far() - before == 13


def test_a_deleted_customer_is_only_an_id_and_a_redacted_one_has_no_name(sandbox: StripeSandbox) -> None:
    first = sandbox.do("give", customer=True, **GIVER)
    sandbox.do("redact", email="amina@example.org")
    session: Any = sandbox.client.v1.checkout.sessions.retrieve(first["checkout.session"][0])
    assert (session.customer_details.email, session.customer_details.name) == (None, None)
    sandbox.do("delete_customer", customer=first["customer"][0])
    gone: Any = sandbox.client.v1.customers.retrieve(first["customer"][0])
    assert gone.deleted
    assert sandbox.client.v1.customers.list({}).data == []


def test_kept_and_put_back(sandbox: StripeSandbox) -> None:
    sandbox.do("give", **GIVER)
    sandbox.post("keep/one-gift")
    sandbox.do("give", **GIVER)
    sandbox.post("put_back/one-gift")
    assert len(sandbox.client.v1.charges.list({}).data) == 1
    sandbox.do("give", **GIVER)
    assert len(sandbox.client.v1.charges.list({}).data) == 2


def test_the_account_speaks_of_itself(sandbox: StripeSandbox) -> None:
    sandbox.do("give", amount=5000, **GIVER)
    v1 = sandbox.client.v1
    assert v1.accounts.retrieve_current().default_currency == "eur"
    assert v1.balance.retrieve().pending[0].amount == 4900
    sandbox.post("clock", advance=3 * 86_400)
    assert (v1.balance.retrieve().pending[0].amount, v1.balance.retrieve().available[0].amount) == (0, 4900)
    assert v1.webhook_endpoints.list({}).data == []


def test_what_cannot_be_done_is_said(sandbox: StripeSandbox) -> None:
    for path, sent in {"step": {"do": "pray"}, "story": {"name": "none"}, "deliver": {"events": ["evt_x"]}}.items():
        answer = requests.post(f"{sandbox.url}/sandbox/{path}", json=sent, timeout=10)
        assert answer.status_code == 400, path
        assert "error" in answer.json()
