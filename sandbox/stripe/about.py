"""What Stripe says of the account itself: whose it is, its balance, and its one webhook endpoint."""

from collections.abc import Callable, Mapping

from sandbox.stripe.account import Account
from sandbox.stripe.shapes import API_VERSION, Json
from sandbox.stripe.world import START

ACCOUNT_ID = "acct_ExampleFund0001"


def _account(account: Account) -> Json:
    return {
        "id": ACCOUNT_ID,
        "object": "account",
        "charges_enabled": True,
        "country": "IE",
        "default_currency": "eur",
        "details_submitted": True,
        "email": "fund@example.org",
        "payouts_enabled": True,
        "settings": {"dashboard": {"display_name": "Example Relief Fund", "timezone": "Europe/Dublin"}},
        "type": "standard",
    }


def _balance(account: Account) -> Json:
    """What has settled and what has not; what a payout took is its own negative line."""
    sums = dict.fromkeys(("available", "pending"), 0)
    for line in account.world.of("balance_transaction"):
        sums[line["status"]] += line["net"]
    shown = {name: [{"amount": amount, "currency": "eur", "source_types": {}}] for name, amount in sums.items()}
    return {"object": "balance", "livemode": False, **shown}


def _endpoints(account: Account) -> Json:
    endpoint: Json = {
        "id": "we_ExampleFund0001",
        "object": "webhook_endpoint",
        "api_version": API_VERSION,
        "application": None,
        "created": START,
        "description": None,
        "enabled_events": ["*"],
        "livemode": False,
        "metadata": {},
        "status": "enabled",
        "url": account.webhook_url,
    }
    data = [endpoint] if account.webhook_url else []
    return {"object": "list", "data": data, "has_more": False, "url": "/v1/webhook_endpoints"}


PAGES: Mapping[str, Callable[[Account], Json]] = {
    "account": _account,
    "balance": _balance,
    "webhook_endpoints": _endpoints,
}
