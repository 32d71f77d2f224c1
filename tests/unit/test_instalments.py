"""Which instalments a gift pays: the oldest open ones, in parts where it must be, and no longer than it is kept."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from connector.webhooks.instalments import Gift, Instalment, carried_out, counted_status, moves

TODAY = date(2026, 11, 24)
NOTHING = Decimal("0.00")


def instalment(number: int, amount: str = "50", contribution: int = 0, **more) -> Instalment:
    """The instalment of one month; instalments to November are overdue today."""
    paid = Decimal(amount) if contribution else NOTHING
    due = date(2026, 7, 1).replace(month=6 + number)
    status = "Completed" if contribution else "Overdue" if due < TODAY else "Pending"
    made = {"id": number, "pledge": 1, "due": due, "status": status, "scheduled": Decimal(amount), "paid": paid}
    return Instalment(**{**made, "contribution": contribution, **more})


def settled(gifts: list[Gift], rows: list[Instalment]) -> list[Instalment]:
    while found := moves(gifts, rows):
        rows = carried_out(found, rows, TODAY)
    return sorted(rows, key=lambda one: (one.due, one.pledge, one.contribution or 999, one.id))


def shown(rows: list[Instalment]) -> list[str]:
    """Month, amount and who pays it."""
    return [f"{one.due.month} {float(one.scheduled):g} {one.contribution or one.status}" for one in rows]


def gift(kept: str, id_: int = 100, *pledges: int) -> Gift:
    return Gift(id_, Decimal(kept), frozenset(pledges or (1,)))


THREE = [instalment(4), instalment(5), instalment(6)]  # October, November, December


@pytest.mark.parametrize(
    ("kept", "after"),
    [
        ("0", ["10 50 Overdue", "11 50 Overdue", "12 50 Pending"]),
        ("50", ["10 50 100", "11 50 Overdue", "12 50 Pending"]),
        ("20", ["10 20 100", "10 30 Overdue", "11 50 Overdue", "12 50 Pending"]),
        ("120", ["10 50 100", "11 50 100", "12 20 100", "12 30 Pending"]),
        ("200", ["10 50 100", "11 50 100", "12 50 100"]),  # what is too much pays nothing
    ],
)
def test_a_gift_pays_the_oldest_first(kept: str, after: list[str]) -> None:
    assert shown(settled([gift(kept)], THREE)) == after


@pytest.mark.parametrize(
    ("kept", "after"),
    [
        ("100", ["10 50 100", "11 50 100"]),
        ("80", ["10 50 100", "11 30 100", "11 20 Overdue"]),
        ("50", ["10 50 100", "11 50 Overdue"]),
        ("0", ["10 50 Overdue", "11 50 Overdue"]),
    ],
)
def test_what_is_given_back_pays_no_longer_the_newest_first(kept: str, after: list[str]) -> None:
    paid = [instalment(4, contribution=100), instalment(5, contribution=100)]
    assert shown(settled([gift(kept)], paid)) == after


def test_a_refund_that_fails_pays_again() -> None:
    less = settled([gift("80")], settled([gift("100")], THREE))
    assert shown(settled([gift("100")], less)) == ["10 50 100", "11 20 100", "11 30 100", "12 50 Pending"]


def test_the_next_gift_pays_what_the_first_one_left() -> None:
    both = [gift("70"), gift("50", 101)]
    after = ["10 50 100", "11 20 100", "11 30 101", "12 20 101", "12 30 Pending"]
    assert shown(settled(both, THREE)) == after
    assert not moves(both, settled(both, THREE))


def test_only_the_pledges_that_it_may_pay() -> None:
    rows = [instalment(4, pledge=2), instalment(5)]
    assert shown(settled([gift("100")], rows)) == ["10 50 Overdue", "11 50 100"]
    assert shown(settled([gift("100", 100, 1, 2)], rows)) == ["10 50 100", "11 50 100"]


def test_what_a_person_changed_is_left_alone() -> None:
    by_hand = [
        instalment(3, status="Cancelled"),
        instalment(4, status="Failed"),
        instalment(5, status="Completed"),  # without a contribution
        instalment(6, contribution=7, paid=Decimal(60)),  # more than was asked for, of a gift that is not looked at
    ]
    assert moves([gift("100")], by_hand) == []


def test_a_debit_under_way_that_staff_linked_stays_linked() -> None:
    linked = [instalment(4, contribution=100, status="Overdue")]
    assert moves([gift("0")], linked) == []
    assert moves([gift("50")], linked) == []


@pytest.mark.parametrize(
    ("statuses", "counted"),
    [
        (["Completed", "Overdue", "Pending"], "Overdue"),
        (["Completed", "Pending"], "In Progress"),
        (["Completed", "Completed"], "Completed"),
        (["Pending"], "Pending"),
        (["Completed", "Cancelled"], None),
        ([], None),
    ],
)
def test_the_status_of_a_pledge(statuses: list[str], counted: str | None) -> None:
    assert counted_status(statuses) == counted


AMOUNTS = st.integers(0, 300).map(lambda cents: Decimal(cents) / 100)


@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(1, 2), AMOUNTS), max_size=6),
    st.lists(st.lists(AMOUNTS, min_size=3, max_size=3), min_size=1, max_size=4),
)
def test_whatever_is_given_and_given_back(terms: list[tuple[int, int, Decimal]], kept: list[list[Decimal]]) -> None:
    """However the kept amounts change: nothing is promised or paid that was not, and no money idles beside a debt."""
    rows = [instalment(month, str(amount), id=id_, pledge=p) for id_, (month, p, amount) in enumerate(terms, 1)]
    for amounts in kept:
        gifts = [Gift(100 + n, amount, frozenset({1, 2} if n else {1})) for n, amount in enumerate(amounts)]
        rows = settled(gifts, rows)
        for pledge in (1, 2):
            promised = sum((amount for _, p, amount in terms if p == pledge), NOTHING)
            assert sum((one.scheduled for one in rows if one.pledge == pledge), NOTHING) == promised
        for one in gifts:
            pays = sum((row.paid for row in rows if row.contribution == one.id), NOTHING)
            debt = any(not row.contribution and row.scheduled and row.pledge in one.pledges for row in rows)
            assert pays <= one.kept
            assert pays == one.kept or not debt
        assert all(row.paid == row.scheduled for row in rows if row.contribution)
        assert moves(gifts, rows) == []
