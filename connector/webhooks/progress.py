"""What a fund received, what is on its way, what is promised, and how far that goes. The worker counts, pages show.

Only sums are kept, in the currency of the fund; gifts in other currencies stand beside them, as they were given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal

import sqlalchemy as sa

from connector import clock
from connector.civicrm.answers import Row
from connector.civicrm.client import Call, CiviClient
from connector.money import NOTHING, cents
from connector.store import Store, progress
from connector.webhooks.fund import Fund, Goal
from connector.webhooks.instalments import OPEN
from connector.webhooks.table import COMPLETED, PENDING


@dataclass(frozen=True, slots=True)
class Progress:
    """The sums of one fund. received: in our books; proven: of it, what payouts brought, to the cent.

    under_way: debits that did not arrive yet. pledged: what was promised and not paid. others: currency → received.
    """

    currency: str
    received: Decimal
    proven: Decimal
    under_way: Decimal
    pledged: Decimal
    others: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measured:
    """How far the received money goes towards a goal."""

    goal: Goal
    received: Decimal

    @property
    def months(self) -> Decimal:
        """Protector-months that are paid for, a part of one too."""
        return (self.received / self.goal.price).quantize(Decimal("0.1"), ROUND_DOWN)

    @property
    def funded(self) -> int:
        """Whole protector-months of the pilot."""
        return min(int(self.received // self.goal.price), self.goal.needed)

    @property
    def beyond(self) -> int:
        """Whole protector-months beyond the pilot, for its extension."""
        return max(int(self.received // self.goal.price) - self.goal.needed, 0)

    @property
    def share(self) -> Decimal:
        """How much of the goal is received, from 0 to 1."""
        return min(self.received / (self.goal.price * self.goal.needed), Decimal(1))

    @property
    def next_at(self) -> Decimal:
        """The sum at which the next protector-month is paid for."""
        return cents((self.received // self.goal.price + 1) * self.goal.price)

    @property
    def missing(self) -> Decimal:
        """What lacks for it."""
        return self.next_at - self.received

    def has_ended(self, today: date) -> bool:
        """True after the last month of the pilot."""
        months = self.goal.begin.month - 1 + self.goal.months
        return today >= date(self.goal.begin.year + months // 12, months % 12 + 1, min(self.goal.begin.day, 28))


@dataclass(frozen=True, slots=True)
class Counting:
    """The step of the worker. livemode: which of Stripe's worlds counts; the other's gifts are test rows."""

    client: CiviClient
    store: Store
    funds: Sequence[Fund]
    livemode: bool

    def step(self) -> int:
        """Count every fund that has a page. One request; returns 0, because nothing waits for it."""
        wanted = [fund for fund in self.funds if fund.asking]
        calls = {f"{fund.name} {name}": call for fund in wanted for name, call in self._calls(fund).items()}
        found = self.client.multi(calls)
        for fund in wanted:
            counted = count(fund, {name: found[f"{fund.name} {name}"] for name in ("gifts", "proven", "pledges")})
            self.store.put(progress, [{"fund": fund.name, "numbers": _as_json(counted), "at": clock.now()}])
        return 0

    def _calls(self, fund: Fund) -> dict[str, Call]:
        is_test = ["is_test", "=", not self.livemode]
        names = {"financial_type_id:name": fund.financial_type, "campaign_id:name": fund.campaign}
        of_fund: list[list[object]] = [[name, "=", value] for name, value in names.items()]
        state, total = "contribution_status_id:name", "SUM(total_amount) AS total"
        by_state = {"select": [state, "currency", total], "groupBy": ["contribution_status_id", "currency"]}
        proven = [["Solidarity_Stripe.Payout_Verdict", "LIKE", "%proven"], [state, "=", COMPLETED], is_test]
        pledged = [[f"pledge_id.{one[0]}", *one[1:]] for one in [*of_fund, is_test]]
        open_ones = [["status_id:name", "IN", sorted(OPEN)], ["pledge_id.status_id:name", "!=", "Cancelled"]]
        promised = {
            "select": ["pledge_id.currency", "SUM(scheduled_amount) AS total"],
            "groupBy": ["pledge_id.currency"],
        }
        return {
            "gifts": ("Contribution", "get", {**by_state, "where": [*of_fund, is_test]}),
            "proven": ("Contribution", "get", {**by_state, "where": [*of_fund, *proven]}),
            "pledges": ("PledgePayment", "get", {**promised, "where": [*pledged, *open_ones]}),
        }


def count(fund: Fund, found: Mapping[str, Sequence[Row]]) -> Progress:
    """The sums, from the answers to the worker's questions."""
    own = fund.asking.currency if fund.asking else ""

    def total(rows: Sequence[Row], **where: str) -> Decimal:
        mine = [row for row in rows if all(row[_FIELDS[name]] == value for name, value in where.items())]
        return cents(sum((Decimal(str(row["total"])) for row in mine), NOTHING))

    gifts = found["gifts"]
    others = sorted({str(row["currency"]) for row in gifts} - {own})
    return Progress(
        currency=own,
        received=total(gifts, state=COMPLETED, currency=own),
        proven=total(found["proven"], state=COMPLETED, currency=own),
        under_way=total(gifts, state=PENDING, currency=own),
        pledged=total(found["pledges"], promised=own),
        others={one: sum_ for one in others if (sum_ := total(gifts, state=COMPLETED, currency=one))},
    )


_FIELDS = {"state": "contribution_status_id:name", "currency": "currency", "promised": "pledge_id.currency"}


def known(store: Store, fund: str) -> tuple[Progress, datetime] | None:
    """The sums and when they were counted (aware UTC); None before the worker counted."""
    rows = store.read(sa.select(progress.c.numbers, progress.c.at).where(progress.c.fund == fund))
    if not rows:
        return None
    numbers = rows[0].numbers
    names = ("received", "proven", "under_way", "pledged")
    others = {name: Decimal(value) for name, value in numbers["others"].items()}
    sums = {name: Decimal(numbers[name]) for name in names}
    return Progress(currency=numbers["currency"], others=others, **sums), rows[0].at


def _as_json(one: Progress) -> dict[str, object]:
    sums = {name: str(getattr(one, name)) for name in ("received", "proven", "under_way", "pledged")}
    return {"currency": one.currency, "others": {name: str(value) for name, value in one.others.items()}, **sums}
