"""What stands beside the money: each transaction in a line, and what does not count (yet) under another word."""

from dataclasses import replace

from connector.webhooks import ledger
from connector.webhooks.objects import Dispute

from .payments import charge, dispute, payment, refund

TRANSACTIONS = "Solidarity_Stripe.Transactions"


def with_ids(found: Dispute) -> Dispute:
    """Its transactions under ids of their own."""
    return replace(found, transactions=tuple(replace(one, id=f"txn_{found.id}") for one in found.transactions))


def test_what_an_open_dispute_holds_is_called_so() -> None:
    lost, held = dispute(1000, "lost", -1000), dispute(2000, "needs_response", -2000, id_="du_2")
    assert ledger.facts(payment(disputes=(with_ids(lost), with_ids(held))))[TRANSACTIONS].splitlines() == [
        "txn_1 charge 49.00 EUR",
        "txn_du_1 adjustment -10.00 EUR",
        "txn_du_2 held -20.00 EUR",
    ]


def test_a_refund_that_has_not_left_the_account_stands_under_its_own_id() -> None:
    waits = replace(refund(3000, "requires_action"), transactions=())
    found = ledger.facts(payment(refunds=(waits,)))
    assert found[TRANSACTIONS].splitlines() == ["txn_1 charge 49.00 EUR", "re_1 waits -30.00 EUR"]


def test_as_many_ids_as_a_text_field_takes() -> None:
    found = ledger.facts(payment(refunds=tuple(refund(1, id_=f"re_{number:024}") for number in range(12))))
    ids = found["Solidarity_Stripe.Refunds"].split(" ")
    assert len(ids) == 9
    assert {len(one) for one in ids} == {27}


def test_what_an_appeal_brought_back_has_its_own_transactions() -> None:
    won = dispute(8000, "won", -8000, 8000, fee=2000)
    found = ledger.facts_of_second(payment(8000, charge=charge(8000, 145), disputes=(won,)), "du_1")
    assert found[TRANSACTIONS] == "txn_1 adjustment 80.00 EUR"
    assert found["Solidarity_Stripe.Gross"] == "80.00"
