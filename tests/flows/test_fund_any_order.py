"""Whatever Stripe does and however it is told: CiviCRM ends with what Stripe has, but for what it asked about.

Hypothesis invents gifts, debits, refunds, disputes, monthly gifts, staff edits, and lost, doubled or reordered
deliveries, with the worker looking in between. Stripe's truth is added up here anew, from Stripe's own objects.
"""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest
import requests
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.fund.books import Books, amount
from tests.fund.connector import Fund, connected
from tests.stripe_sandbox import StripeSandbox

from .conftest import Site

OURS = {"fund_campaign": "protector-pilot", "fund_source": "website"}
PEOPLE = st.sampled_from(["amina@example.org", "Amina@Example.org", "bruno@example.org", ""])
AMOUNTS = st.sampled_from([500, 1999, 5000, 12000])
SHARES = st.sampled_from([None, 100, 300])
DISPUTES = ["dispute_answered", "dispute_won", "dispute_lost", "dispute_appealed", "dispute_won_after_all"]
TAKING = ("succeeded", "pending", "requires_action")


class Account(RuleBasedStateMachine):
    """An account at Stripe, the connector and CiviCRM. `site`, `stripe` and `folder` are given by the test."""

    site: ClassVar[Site]
    stripe: ClassVar[StripeSandbox]
    folder: ClassVar[Path]
    runs: ClassVar[int] = 0
    fund: Fund

    @initialize()
    def begin(self) -> None:
        type(self).runs += 1
        self.site.put_back("set-up")
        self.stripe.reset()
        folder = self.folder / str(self.runs)
        folder.mkdir()
        self.connection = connected(self.site.url, self.site.api_key, self.stripe, folder)
        self.fund = self.connection.__enter__()
        self.books = Books(self.site.url, self.site.setup_key)

    # --- what happens at Stripe --------------------------------------------------------------------------------------

    def happens(self, do: str, **how: Any) -> None:
        """What is impossible now, such as giving back more than was given, does not happen."""
        answer = requests.post(f"{self.stripe.url}/sandbox/step", json={"do": do, **how}, timeout=30)
        assert answer.status_code in (200, 400), answer.text

    @rule(size=AMOUNTS, email=PEOPLE, method=st.sampled_from(["card", "sepa_debit"]), late=st.booleans())
    def a_gift(self, size: int, email: str, method: str, late: bool) -> None:
        who = {"email": email, "name": f"{email.partition('@')[0].title()} Example"} if email else {}
        self.happens("give", amount=size, method=method, fee_later=late, metadata=OURS, **who)

    @rule(size=AMOUNTS, currency=st.sampled_from(["jpy", "kwd", "usd"]))
    def a_gift_in_another_currency(self, size: int, currency: str) -> None:
        self.happens("give", amount=size * 10, currency=currency, metadata=OURS, email="haruto@example.org", name="H E")

    @rule()
    def a_payment_of_another_shop(self) -> None:
        self.happens("give", amount=700, metadata={"order": "5"}, email="shop@example.org", name="Shop Example")

    @rule(
        what=st.sampled_from(["debit_succeeds", "debit_fails", "debit_bounces", "debit_again", "cancel_payment", "fee"])
    )
    def a_debit_goes_on(self, what: str) -> None:
        for intent in self._intents(("processing", "requires_payment_method", "succeeded"))[-2:]:
            self.happens(what, payment_intent=intent["id"])

    @rule(share=SHARES, status=st.sampled_from(["succeeded", "pending"]), which=st.integers(0, 3))
    def a_refund(self, share: int | None, status: str, which: int) -> None:
        if intents := self._intents(("succeeded",)):
            part = {"amount": share} if share else {}
            self.happens("refund", payment_intent=intents[which % len(intents)]["id"], status=status, **part)

    @rule(what=st.sampled_from(["refund_succeeds", "refund_fails", "refund_canceled"]))
    def a_refund_goes_on(self, what: str) -> None:
        self.happens(what)

    @rule(share=SHARES, which=st.integers(0, 3))
    def a_dispute(self, share: int | None, which: int) -> None:
        if intents := self._intents(("succeeded",)):
            part = {"amount": share} if share else {}
            self.happens("dispute", payment_intent=intents[which % len(intents)]["id"], **part)

    @rule(what=st.sampled_from(DISPUTES), back=st.booleans())
    def a_dispute_goes_on(self, what: str, back: bool) -> None:
        self.happens(what, fee_back=back)

    @rule(size=AMOUNTS)
    def a_monthly_gift(self, size: int) -> None:
        self.happens("subscribe", amount=size, metadata=OURS, email="yusuf@example.org", name="Yusuf Example")

    @rule(what=st.sampled_from(["renew", "retry", "pause", "resume", "cancel_now", "cancel_at_period_end"]))
    def a_monthly_gift_goes_on(self, what: str) -> None:
        self.happens(what)

    @rule(what=st.sampled_from(["renew", "subscribe"]))
    def a_month_fails(self, what: str) -> None:
        self.happens(what, outcome="fails", email="yusuf@example.org", metadata=OURS)

    # --- how it is told ----------------------------------------------------------------------------------------------

    @rule(backwards=st.booleans(), times=st.integers(1, 2), some=st.integers(1, 6))
    def some_is_delivered(self, backwards: bool, times: int, some: int) -> None:
        self.stripe.deliver(next=some, reversed=backwards, times=times)

    @rule(some=st.integers(1, 4))
    def some_is_lost(self, some: int) -> None:
        self.stripe.deliver(next=some, lost=True)

    @rule()
    def the_worker_looks(self) -> None:
        self.fund.drain()

    # --- what staff do -----------------------------------------------------------------------------------------------

    @rule(which=st.integers(0, 3), values=st.sampled_from([{"total_amount": "1.23"}, {"fee_amount": "0.07"}]))
    def staff_change_a_gift(self, which: int, values: dict[str, str]) -> None:
        rows = [row for row in self.books.contributions().values() if row["contribution_status_id:name"] == "Completed"]
        if rows:
            self.books.call("Contribution", "update", where=[["id", "=", rows[which % len(rows)]["id"]]], values=values)

    @rule()
    def staff_delete_a_gift(self) -> None:
        if rows := list(self.books.contributions().values()):
            self.books.call("Contribution", "delete", where=[["id", "=", rows[0]["id"]]])

    # --- what must hold in the end -----------------------------------------------------------------------------------

    def teardown(self) -> None:
        try:
            self.happens("wait", days=10)
            self.fund.reconcile()
            self._all_is_as_at_stripe()
            so_far = len(self.fund.writes)
            self.fund.reconcile()
            assert self.fund.writes[so_far:] == []
        finally:
            self.connection.__exit__(None, None, None)

    def _all_is_as_at_stripe(self) -> None:
        there, asked = self.books.contributions(), set(self.books.problems())
        ours = [one for one in self._intents(()) if self._is_ours(one)]
        numbers = {one["id"] for one in ours} | {one["id"] for one in self._disputes({"limit": 100})}
        assert set(there) <= numbers  # nothing of another shop, nothing invented
        for intent in ours:
            id_, wanted = intent["id"], self._truth(intent)
            if asked & {f"stripe:{id_}:{kind}" for kind in ("edited", "deleted", "stuck")}:
                continue
            row, back = there.get(id_), [there.get(one["id"]) for one in self._disputes({"payment_intent": id_})]
            if row and row["contribution_status_id:name"] == "Chargeback" and any(back):
                # lost, then won by appeal: the two together are what the fund keeps
                assert wanted
                nets = sum((Decimal(str(one["net_amount"])) for one in (row, *back) if one), Decimal(0))
                assert amount(nets) == wanted[2], intent
                continue
            found = row and (
                row["contribution_status_id:name"],
                *(amount(row[f"{n}_amount"]) for n in ("total", "net")),
            )
            assert found == wanted, intent
        emails = [row["contact_id.email_primary.email"] for row in there.values()]
        people = {(email or "").lower(): set() for email in emails}
        for row in there.values():
            people[(row["contact_id.email_primary.email"] or "").lower()].add(row["contact_id"])
        assert all(len(ids) == 1 for email, ids in people.items() if email)

    def _truth(self, intent: dict[str, Any]) -> tuple[str, str, str] | None:
        """Status, total and net, from Stripe's objects alone."""
        charge = intent["latest_charge"]
        places = {"jpy": 0, "kwd": 3}.get(intent["currency"], 2)

        def money(minor: int) -> Decimal:
            return Decimal(minor).scaleb(-places)

        gross = money(intent["amount"])
        query: Any = {"payment_intent": intent["id"]}
        bounced = self._bounced(query)
        if bounced and intent["status"] != "succeeded":
            return ("Refunded", amount(gross), amount(-money(bounced)))
        if intent["status"] == "processing":
            return ("Pending", amount(gross), amount(gross))
        if intent["status"] != "succeeded":
            # only what got as far as a debit was ever a gift
            is_debit = bool(charge) and charge["payment_method_details"]["type"] != "card"
            return ("Failed", amount(gross), amount(gross)) if is_debit else None
        refunds = list(self.stripe.client.v1.refunds.list(query).auto_paging_iter())
        disputes = self._disputes(query)
        back = money(sum(one.amount for one in refunds if one.status in TAKING))
        lost = [one for one in disputes if one["status"] == "lost" or one["status"].startswith("appeal_")]
        held = ("needs_response", "under_review")
        ended = [txn for one in disputes if one["status"] not in held for txn in one["balance_transactions"]]
        own = [txn for txn in (charge["balance_transaction"], *ended) if txn and txn["currency"] == intent["currency"]]
        fee = money(bounced + sum(txn["fee"] for txn in own))
        kept = gross - back - money(sum(one["amount"] for one in lost))
        if kept > 0:
            return ("Completed", amount(kept), amount(kept - fee))
        if back >= gross:
            return ("Refunded", amount(gross), amount(kept - fee))
        return ("Chargeback", amount(gross - back), amount(-fee))

    def _bounced(self, query: Any) -> int:
        """The fees of debits of a payment that had arrived and went back."""
        more = {"expand": ["data.balance_transaction"]}
        charges = self.stripe.client.v1.charges.list({**query, **more}).auto_paging_iter()
        return sum(one.balance_transaction.fee for one in charges if one.status == "failed" and one.balance_transaction)

    def _disputes(self, query: Any) -> list[dict[str, Any]]:
        return [one.to_dict() for one in self.stripe.client.v1.disputes.list(query).auto_paging_iter()]

    def _intents(self, statuses: tuple[str, ...]) -> list[dict[str, Any]]:
        query: Any = {"limit": 100, "expand": ["data.latest_charge.balance_transaction"]}
        found = [one.to_dict() for one in self.stripe.client.v1.payment_intents.list(query).auto_paging_iter()]
        return [one for one in found[::-1] if not statuses or one["status"] in statuses]

    def _is_ours(self, intent: dict[str, Any]) -> bool:
        """By its own metadata, or as a month of a monthly gift, which all are ours here."""
        return bool(intent["metadata"].get("fund_campaign") or intent["customer"])


@pytest.fixture
def account(bare: Site, stripe: StripeSandbox, tmp_path: Path) -> type[Account]:
    Account.site, Account.stripe, Account.folder = bare, stripe, tmp_path
    return Account


def test_any_order_of_gifts_and_what_becomes_of_them(
    account: type[Account], orders: Callable[[int, int], settings]
) -> None:
    run_state_machine_as_test(account, settings=orders(12, 20))
