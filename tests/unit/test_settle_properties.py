"""What holds for whatever Stripe does to a payment: the books follow, in few steps, and then nothing is left to do."""

from decimal import Decimal

from hypothesis import given, strategies as st

from connector.webhooks.objects import Payment
from connector.webhooks.table import MOST_STEPS, Books, Step, steps, wanted, won_back

from .payments import charge, dispute, payment, refund

GROSS = 5000
fees = st.sampled_from([None, 0, 100])
refunds = st.lists(
    st.tuples(
        st.integers(1, GROSS), st.sampled_from(["succeeded", "pending", "failed", "canceled", "requires_action"])
    ),
    max_size=3,
)
disputes = st.lists(
    st.tuples(
        st.integers(1, GROSS),
        st.sampled_from(["needs_response", "warning_closed", "won", "lost", "appeal_under_review"]),
    ),
    max_size=2,
)


@st.composite
def arrived(draw) -> Payment:
    """A payment whose money came, whatever happened to it since."""
    back, left = [], GROSS
    for number, (amount, status) in enumerate(draw(refunds)):
        amount = min(amount, left)
        if amount:
            back.append(refund(amount, status, f"re_{number}"))
            left -= amount if status in ("succeeded", "pending", "requires_action") else 0
    moved = {"lost": [-1], "appeal_under_review": [-1], "won": [-1, 1]}
    asked = []
    for number, (amount, status) in enumerate(draw(disputes)):
        if taken := min(amount, left):
            signs = moved.get(status, ())
            asked.append(dispute(taken, status, *(sign * taken for sign in signs), fee=2000, id_=f"du_{number}"))
            left -= taken
    return payment(GROSS, charge=charge(GROSS, draw(fees)), refunds=tuple(back), disputes=tuple(asked))


@st.composite
def any_payment(draw) -> Payment:
    """A payment in any state: under way, failed, cancelled, or arrived."""
    if draw(st.booleans()):
        return draw(arrived())
    status, of_charge = draw(
        st.sampled_from([("processing", "pending"), ("requires_payment_method", "failed"), ("canceled", "failed")])
    )
    return payment(GROSS, status=status, charge=charge(GROSS, None, of_charge))


def carried_out(there: Books | None, gift: Payment) -> tuple[Books | None, list[Step]]:
    want = wanted(gift, is_there=there is not None)
    assert want
    path = list(steps(there, won_back(there, want, gift)[0]))
    return (path[-1].after if path else there), path


@given(any_payment())
def test_a_new_contribution_ends_as_the_payment_is(gift: Payment) -> None:
    want = wanted(gift, is_there=False)
    assert want
    assert carried_out(None, gift)[0] == want.books


@given(arrived(), arrived())
def test_whatever_happened_before_the_fund_has_what_stripe_has(before: Payment, now: Payment) -> None:
    """Before and now need not follow from each other: an inbox that was off for a week sees only the end."""
    there, _ = carried_out(None, before)
    want = wanted(now, is_there=True)
    assert want
    found, path = carried_out(there, now)
    assert found
    assert len(path) < MOST_STEPS
    first, back = won_back(there, want, now)
    stuck = {"Refunded": {"Chargeback"}, "Chargeback": {"Refunded", "Chargeback"}}
    if found != first.books:
        assert there
        # a person is told; see decide. Of a chargeback only what an appeal brought back can come
        assert first.books.status in stuck[there.status] or there.status == "Chargeback"
    elif back:
        assert found.net + sum(one.books.net for one in back.values()) == want.books.net
    else:
        assert found == want.books


@given(any_payment(), any_payment())
def test_doing_it_again_does_nothing(before: Payment, now: Payment) -> None:
    there, _ = carried_out(None, before)
    found, _ = carried_out(there, now)
    assert carried_out(found, now)[1] == []


@given(arrived())
def test_the_net_is_what_the_balance_at_stripe_moved(gift: Payment) -> None:
    want = wanted(gift, is_there=False)
    assert want
    assert gift.charge
    if gift.charge.transaction is None:
        return
    moved = gift.charge.transaction.net
    moved -= sum(one.amount for one in gift.refunds if one.status in ("succeeded", "pending", "requires_action"))
    moved += sum(txn.net for one in gift.disputes if one.status != "needs_response" for txn in one.transactions)
    assert want.books.net == Decimal(moved).scaleb(-2)
