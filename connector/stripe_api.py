"""The one door to Stripe: is a webhook genuine, what does Stripe hold now, and the pages on which givers pay.

All under one version. Nothing is written but the sessions of those pages.

Objects come as plain dicts, because StripeObject is none since SDK 15. Amounts are whole numbers of the smallest unit.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import stripe

from connector.errors import ConnectorError, PermanentError, TransientError, UserError

log = logging.getLogger(__name__)

Object = dict[str, Any]
# The SDK pins the version of the API that its types describe; it is sent with every call, and a webhook endpoint should
# be made with the same one.
VERSION = stripe._api_version._ApiVersion.CURRENT
# https://docs.stripe.com/webhooks#verify-official-libraries: how old a signature may be, in seconds
TOLERANCE = 300
_ADMIN = "the administrator checks STRIPE_API_KEY and its permissions (docs/runbook.md lists them)."
_WAIT = "nothing is lost; it is tried again by itself."


class NotFound(PermanentError):
    """Stripe has no such object under our key."""


def is_genuine(body: bytes, header: str, secrets: Sequence[str]) -> bool:
    """True when one of the endpoint's secrets signed this body, not too long ago. Several are valid while one rolls."""
    for secret in secrets:
        try:
            stripe.WebhookSignature.verify_header(body, header, secret, TOLERANCE)
        except Exception as error:  # whatever a stranger sends: a bad header, or a body that is no text
            if "tolerance" in str(error):
                log.warning("A webhook's signature is older than %d s: is this machine's clock right?", TOLERANCE)
            continue
        return True
    return False


class StripeApi:
    """Stripe under one key. base: the address of a stand-in; empty for Stripe itself.

    Every method raises NotFound, UserError (key), TransientError (try again) or PermanentError.
    """

    def __init__(self, key: str, base: str = "") -> None:
        stripe.enable_telemetry = False  # it would tell Stripe how long our requests took
        self._client = stripe.StripeClient(
            key,
            base_addresses={"api": base} if base else {},
            max_network_retries=2,  # none by default
            http_client=stripe.RequestsClient(timeout=(5, 30)),
        )
        self._v1 = self._client.v1

    def payment_intent(self, id_: str) -> Object:
        """A PaymentIntent, its newest charge and that charge's balance transactions expanded."""
        expand = ["latest_charge.balance_transaction", "latest_charge.failure_balance_transaction"]
        return self._one("payment_intent", lambda: self._v1.payment_intents.retrieve(id_, {"expand": expand}))

    def subscription(self, id_: str) -> Object:
        """A Subscription with its customer."""
        return self._one("subscription", lambda: self._v1.subscriptions.retrieve(id_, {"expand": ["customer"]}))

    def invoice(self, id_: str) -> Object:
        """An Invoice with what paid it; its payments are in no webhook and no invoice that is not asked for them."""
        return self._one("invoice", lambda: self._v1.invoices.retrieve(id_, {"expand": ["payments"]}))

    def payout(self, id_: str) -> Object:
        """A Payout."""
        return self._one("payout", lambda: self._v1.payouts.retrieve(id_))

    def invoice_of(self, payment_intent: str) -> Object | None:
        """The Invoice that a PaymentIntent pays, or None."""
        asked = {"type": "payment_intent", "payment_intent": payment_intent}
        pays: Any = {"payment": asked, "expand": ["data.invoice"]}
        found = self._all("invoice_payment", lambda: self._v1.invoice_payments.list(pays))
        return next((one["invoice"] for one in found), None)

    def session_of(self, **of: str) -> Object | None:
        """The newest completed Checkout Session of a payment_intent or subscription, or None."""
        asked: Any = of
        found = list(self._all("checkout.session", lambda: self._v1.checkout.sessions.list(asked)))
        return next((one for one in found if one["status"] == "complete"), None)

    def refunds(self, payment_intent: str) -> list[Object]:
        """The Refunds of a payment, oldest first, with their balance transactions: of failed ones there are two."""
        asked: Any = {"payment_intent": payment_intent, "limit": 100, "expand": ["data.balance_transaction"]}
        found = sorted(self._all("refund", lambda: self._v1.refunds.list(asked)), key=lambda one: int(one["created"]))
        for one in found:
            if isinstance(back := one.get("failure_balance_transaction"), str):
                one["failure_balance_transaction"] = self._transaction(back)
        return found

    def disputes(self, payment_intent: str) -> list[Object]:
        """The Disputes of a payment, oldest first; their balance transactions come along."""
        asked: Any = {"payment_intent": payment_intent, "limit": 100}
        return sorted(self._all("dispute", lambda: self._v1.disputes.list(asked)), key=lambda one: int(one["created"]))

    def earlier_charges(self, payment_intent: str, newest: str) -> list[Object]:
        """The other Charges of a payment, newest first: tries that failed, or that had arrived and bounced."""
        expand = ["data.balance_transaction", "data.failure_balance_transaction"]
        asked: Any = {"payment_intent": payment_intent, "limit": 100, "expand": expand}
        return [one for one in self._all("charge", lambda: self._v1.charges.list(asked)) if one["id"] != newest]

    def payment_intents(self, since: int) -> Iterator[Object]:
        """Every PaymentIntent made since then (seconds of the epoch), newest first."""
        asked: Any = {"created": {"gte": since}, "limit": 100}
        return self._all("payment_intent", lambda: self._v1.payment_intents.list(asked))

    def subscriptions(self, since: int) -> Iterator[Object]:
        """Every Subscription made since then, ended ones too, newest first."""
        asked: Any = {"created": {"gte": since}, "status": "all", "limit": 100}
        return self._all("subscription", lambda: self._v1.subscriptions.list(asked))

    def refunds_since(self, since: int) -> Iterator[Object]:
        """Every Refund made since then, of old payments too, newest first."""
        asked: Any = {"created": {"gte": since}, "limit": 100}
        return self._all("refund", lambda: self._v1.refunds.list(asked))

    def disputes_since(self, since: int) -> Iterator[Object]:
        """Every Dispute opened since then, of old payments too, newest first."""
        asked: Any = {"created": {"gte": since}, "limit": 100}
        return self._all("dispute", lambda: self._v1.disputes.list(asked))

    def transactions(self, since: int) -> Iterator[Object]:
        """Every balance transaction since then with what it is about, newest first."""
        asked: Any = {"created": {"gte": since}, "limit": 100, "expand": ["data.source"]}
        return self._all("balance_transaction", lambda: self._v1.balance_transactions.list(asked))

    def payouts(self, since: int) -> Iterator[Object]:
        """Every Payout made since then, newest first."""
        asked: Any = {"created": {"gte": since}, "limit": 100}
        return self._all("payout", lambda: self._v1.payouts.list(asked))

    def transactions_of(self, payout: str) -> list[Object]:
        """The balance transactions in an automatic payout, its own (negative) one left out."""
        asked: Any = {"payout": payout, "limit": 100, "expand": ["data.source"]}
        found = self._all("balance_transaction", lambda: self._v1.balance_transactions.list(asked))
        return [one for one in found if one["type"] != "payout"]

    def account(self) -> Object:
        """The account that the key belongs to."""
        return self._one("account", lambda: self._v1.accounts.retrieve_current())

    def now(self) -> datetime:
        """The moment at Stripe (aware UTC), from the Date of an answer (RFC 9110, section 6.6.1)."""
        answer = self._asked("account", lambda: self._v1.accounts.retrieve_current()).last_response
        return parsedate_to_datetime(answer.headers["Date"])

    def endpoints(self) -> list[Object]:
        """The account's webhook endpoints; a restricted key may lack the permission to read them."""
        asked: Any = {"limit": 100}
        return list(self._all("webhook endpoint", lambda: self._v1.webhook_endpoints.list(asked)))

    def undelivered(self, since: int) -> Iterator[Object]:
        """Events since then that did not reach every endpoint. Stripe keeps them for 30 days."""
        asked: Any = {"delivery_success": False, "created": {"gte": since}, "limit": 100}
        return self._all("event", lambda: self._v1.events.list(asked))

    def session(self, id_: str) -> Object:
        """A Checkout Session."""
        return self._one("checkout.session", lambda: self._v1.checkout.sessions.retrieve(id_))

    def open_checkout(self, asked: Mapping[str, Any], key: str) -> Object:
        """Open a Checkout Session. key: the same makes the same session, for a day."""
        params: Any = asked
        options: Any = {"idempotency_key": key}
        return self._one("checkout.session", lambda: self._v1.checkout.sessions.create(params, options))

    def customers(self, email: str) -> list[Object]:
        """The customers with this e-mail, as it was written."""
        asked: Any = {"email": email, "limit": 100}
        return list(self._all("customer", lambda: self._v1.customers.list(asked)))

    def subscriptions_of(self, customer: str) -> list[Object]:
        """The customer's monthly gifts, ended ones left out."""
        asked: Any = {"customer": customer, "limit": 100}
        return list(self._all("subscription", lambda: self._v1.subscriptions.list(asked)))

    def open_portal(self, customer: str, return_url: str) -> Object:
        """Open a session of the customer portal, where a giver ends or changes a monthly gift."""
        asked: Any = {"customer": customer, "return_url": return_url}
        return self._one("billing_portal.session", lambda: self._v1.billing_portal.sessions.create(asked))

    def _transaction(self, id_: str) -> Object:
        return self._one("balance_transaction", lambda: self._v1.balance_transactions.retrieve(id_))

    def _one(self, name: str, ask: Callable[[], Any]) -> Object:
        found: Object = self._asked(name, ask).to_dict()
        return found

    def _all(self, name: str, ask: Callable[[], Any]) -> Iterator[Object]:
        pages = self._asked(name, ask).auto_paging_iter()
        while (one := self._asked(name, lambda: next(pages, None))) is not None:
            yield one.to_dict()

    def _asked(self, name: str, ask: Callable[[], Any]) -> Any:
        began = time.monotonic()
        try:
            return ask()
        except stripe.StripeError as error:
            raise _told(name, error) from None  # Stripe's text could quote an address
        finally:
            log.debug("Stripe %s in %.0f ms", name, (time.monotonic() - began) * 1000)


def _told(name: str, error: stripe.StripeError) -> ConnectorError:
    status, kind = error.http_status, type(error).__name__
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        return UserError(f"Stripe does not let us read a {name} (HTTP {status}).", next_step=_ADMIN)
    if status == 404 or getattr(error, "code", None) == "resource_missing":
        return NotFound(f"Stripe has no such {name}.", next_step="a person looks whether it belongs to this account.")
    if isinstance(error, stripe.APIConnectionError | stripe.RateLimitError) or (status or 500) >= 500:
        return TransientError(f"Stripe did not answer for a {name} ({kind}).", next_step=_WAIT)
    return PermanentError(
        f"Stripe refused to read a {name} ({kind}, HTTP {status}).", next_step="a developer looks at it."
    )


def expanded(thing: Mapping[str, Any], name: str) -> Object | None:
    """The object in a field, when it was expanded and is there."""
    found = thing.get(name)
    return found if isinstance(found, dict) else None
