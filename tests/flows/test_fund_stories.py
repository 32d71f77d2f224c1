"""Every recorded story of a payment ends the same in CiviCRM, in whatever order and however often Stripe tells it."""

import random
from collections.abc import Callable

import pytest

from tests.fund import stories
from tests.fund.books import Books, amount
from tests.fund.connector import Fund
from tests.stripe_sandbox import StripeSandbox

Order = Callable[[list[str]], list[str]]
ORDERS: dict[str, Order] = {
    "as sent": lambda names: names,
    "reversed": lambda names: names[::-1],
    "twice each": lambda names: [name for name in names for _ in range(2)],
    "shuffled": lambda names: random.Random(5).sample(names, len(names)),
}
DRAINS: dict[str, Callable[[int, int], bool]] = {
    "after each": lambda number, count: True,
    "half-way": lambda number, count: number == count // 2,
    "at the end": lambda number, count: False,
}


def play(stripe: StripeSandbox, worker: Fund, names: list[str], drains: str) -> None:
    """Deliver, drain in between and once more at the end."""
    for number, name in enumerate(names, start=1):
        (sent,) = stripe.deliver(events=[name])
        assert sent["status"] == 200
        if DRAINS[drains](number, len(names)):
            worker.drain()
    worker.drain()


@pytest.mark.parametrize("drains", DRAINS)
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("story", stories.GIFTS)
def test_a_story_ends_as_it_must(stripe, worker, books, story: str, order: str, drains: str) -> None:
    names = ORDERS[order](stripe.story(story))
    play(stripe, worker, names, drains)
    stripe.post("clock", end=True)  # what Stripe knows only later, such as a fee, is known now
    worker.again()
    stories.check(story, books)
    _nothing_more_to_do(worker, books)


def _nothing_more_to_do(worker: Fund, books: Books) -> None:
    """Settling all of it once more writes nothing."""
    there, so_far = books.state(), len(worker.writes)
    worker.again()
    assert worker.writes[so_far:] == []
    assert books.state() == there


@pytest.mark.parametrize("name", stories.told("a-onetime-card")["orders"])
def test_the_recorded_orders(stripe, worker, books, name: str) -> None:
    order = stories.told("a-onetime-card")["orders"][name]
    stripe.story("a-onetime-card")
    if order["at_once"]:
        assert {one["status"] for one in stripe.deliver(events=order["deliveries"], at_once=True)} == {200}
        worker.drain()
    else:
        play(stripe, worker, order["deliveries"], "after each")
    stripe.post("clock", end=True)
    worker.again()
    stories.check("a-onetime-card", books)


@pytest.mark.parametrize(
    ("story", "until", "status"),
    [("b1-debit-succeeds", 3, "Pending"), ("b2-debit-fails", 3, "Pending")],
)
def test_a_debit_under_way_is_no_money(stripe, worker, books, story: str, until: int, status: str) -> None:
    play(stripe, worker, stripe.story(story)[:until], "at the end")
    between = stories.told(story)["expected"]["after_first_3_events"]
    stories.check(story, books, {**between, "recurs": []})
    assert books.bank() == 0
    assert [row["contribution_status_id:name"] for row in books.contributions().values()] == [status]


def test_what_stands_on_the_account_is_what_stripe_paid(stripe, worker, books) -> None:
    for story in stories.GIFTS:
        play(stripe, worker, stripe.story(story), "at the end")
    assert books.bank() == 49 + stories.cents("119.65") + stories.cents("77.80") - 1 + stories.cents(
        "48.25"
    ) - stories.cents("21.45")


# --- odd but genuine -------------------------------------------------------------------------------------------------

ODD = stories.told("h-odd")["expected"]["per_delivery"]


@pytest.mark.parametrize("name", ODD)
def test_an_odd_delivery(stripe, worker, books, name: str) -> None:
    stripe.story("h-odd")
    (sent,) = stripe.deliver(events=[name])
    assert sent["status"] == ODD[name]["http"]
    worker.drain()
    stripe.post("clock", end=True)
    worker.again()
    wanted = ODD[name].get("contribution")
    found = list(books.contributions().values())
    assert len(found) == (1 if wanted else 0), ODD[name]["because"]
    if wanted:
        (row,) = found
        assert amount(row["total_amount"]) == amount(wanted["total_amount"])
        if "currency" in wanted:
            assert row["currency"] == wanted["currency"]
            facts = [f"Solidarity_Stripe.{part}" for part in ("Settled_Amount", "Settled_Fee", "Settled_Currency")]
            settled, fee, currency = (row[fact] for fact in facts)
            assert f"{amount(settled)} {currency}" == wanted["settled"]
            assert f"{amount(fee)} {currency}" == wanted["fee"]
            assert amount(row["fee_amount"]) == "0.00"  # a fee in euro is none in yen


def test_who_left_no_address_is_flagged_and_who_left_nothing_is_anonymous(stripe, worker, books) -> None:
    stripe.story("h-odd")
    stripe.deliver(events=["h-odd/10-checkout.session.completed", "h-odd/11-checkout.session.completed"])
    worker.drain()
    named, nobody = books.contributions().values()
    assert (named["contact_id.first_name"], named["contact_id.last_name"]) == ("No Mail", "Example")
    assert (nobody["contact_id.first_name"], nobody["contact_id.last_name"]) == ("Anonymous", "donor")
    assert books.problems() == [f"stripe:{named['invoice_id']}:giver"]


def test_events_of_the_live_mode_wait_for_a_person(stripe, worker) -> None:
    stripe.story("h-odd")
    stripe.deliver(events=["h-odd/02-checkout.session.completed"])
    worker.drain()
    (row,) = worker.inbox.rows()
    assert (row.state, row.why) == ("parked", "an event of the live mode, but the connector is in test mode")
