"""Which payments and monthly gifts a reconciliation looks at: what moved at Stripe, what CiviCRM has open or lost.

An old payment is of the window too when it was given back, disputed, edited or deleted lately.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from connector.civicrm.client import Call
from connector.stripe_api import Object
from connector.webhooks import ledger, made, recurring
from connector.webhooks.events import root_of
from connector.webhooks.settle import Settler
from connector.webhooks.table import COMPLETED, PENDING, stamp


@dataclass(frozen=True, slots=True)
class Window:
    """From `since` (aware UTC) to now."""

    settler: Settler
    since: datetime

    def roots(self) -> set[str]:
        """pi_… and sub_…, each once. Raises what the doors to Stripe and CiviCRM raise."""
        found = {*self._moved_at_stripe(), *self._of_civicrm()}
        return {root for root in found if root and not root.startswith("po_")}

    def _moved_at_stripe(self) -> Iterator[str]:
        """All that was made, given back, disputed or booked since, and what was never delivered."""
        api, since = self.settler.api, int(self.since.timestamp())
        for made_since in (api.payment_intents(since), api.subscriptions(since)):
            yield from (str(one["id"]) for one in made_since)
        for about in (api.refunds_since(since), api.disputes_since(since)):
            yield from (_payment(one) for one in about)
        for moved in api.transactions(since):
            source = moved.get("source")
            yield _payment(source) if isinstance(source, dict) else ""
        for event in api.undelivered(since):
            yield root_of(event["type"], event["data"]["object"])

    def _of_civicrm(self) -> Iterator[str]:
        """Ours that CiviCRM has open, that are of the window or were edited in it, and that somebody deleted."""
        found = self.settler.client.multi(
            {"all": _all(), "some": self._some(), "gifts": _gifts(), "open": _open_gifts()}
        )
        yield from (row["invoice_id"] for row in found["some"])
        yield from (row["processor_id"] for row in found["open"])
        there = {row["invoice_id"] for row in found["all"]} | {row["processor_id"] for row in found["gifts"]}
        yield from (
            one for one in made.all_known(self.settler.store) if one.startswith(("pi_", "sub_")) and one not in there
        )

    def _some(self) -> Call:
        no_fee = [["contribution_status_id:name", "=", COMPLETED], [f"{ledger.STRIPE}.Settled_Currency", "IS EMPTY"]]
        those = [
            ["contribution_status_id:name", "=", PENDING],
            ["AND", no_fee],
            *([f"{ledger.STRIPE}.Dispute_Status", "LIKE", f"%{word}"] for word in ("needs_response%", "under_review%")),
            [f"{ledger.STRIPE}.Transactions", "LIKE", "% waits %"],  # a refund that has moved nothing yet
            ["receive_date", ">=", (stamp(self.since) or "")[:19]],
            ["modified_date", ">=", stamp(self.since)],
        ]
        where = [*_OURS, [ledger.WRITTEN, "IS NOT EMPTY"], ["OR", those]]
        return ("Contribution", "get", {"select": ["invoice_id"], "where": where})


_OURS = [["invoice_id", "LIKE", "pi\\_%"], ledger.TEST_TOO]
_OUR_GIFTS = [["processor_id", "LIKE", "sub\\_%"], ledger.TEST_TOO]


def _all() -> Call:
    return ("Contribution", "get", {"select": ["invoice_id"], "where": _OURS})


def _gifts() -> Call:
    return ("ContributionRecur", "get", {"select": ["processor_id"], "where": _OUR_GIFTS})


def _open_gifts() -> Call:
    """Monthly gifts that Stripe had not ended when they were written last: their states end without a day."""
    not_ended = ["OR", [[recurring.WRITTEN, "LIKE", "% -"], [recurring.WRITTEN, "LIKE", "%|"]]]
    return ("ContributionRecur", "get", {"select": ["processor_id"], "where": [*_OUR_GIFTS, not_ended]})


def _payment(thing: Object) -> str:
    """The PaymentIntent that a charge, a refund or a dispute belongs to; empty for none."""
    return str(thing.get("payment_intent") or "")
