"""One payment that CiviCRM never takes: it alone waits, or is a person's; the others of its batch are settled.

And nothing is parked that nobody could be told of.
"""

import re
from collections.abc import Iterator

import pytest

from tests.flows.conftest import FundFlow
from tests.flows.proxy import Proxy, proxied
from tests.flows.test_fund_pledges import ONE, OWED, Promise

READS_ITS_CONTRIBUTION, WRITES_IT = '"Contribution","get"', '"Contribution","create"'


@pytest.fixture
def civicrm(fund: FundFlow) -> Iterator[Proxy]:
    with proxied(fund.site.url) as proxy:
        fund.connector.env["CIVICRM_URL"] = proxy.url
        yield proxy


@pytest.fixture
def stripe(fund: FundFlow) -> Iterator[Proxy]:
    with proxied(fund.stripe.url) as proxy:
        fund.connector.env["STRIPE_API_BASE"] = proxy.url
        yield proxy


@pytest.fixture
def gifts(fund: FundFlow) -> list[str]:
    """Three gifts that nobody has entered yet; their payments."""
    made = [fund.stripe.do("give", name=f"Giver {n}", email=f"giver{n}@example.org") for n in range(3)]
    fund.delivers()
    return [one["payment_intent"][0] for one in made]


def waiting(fund: FundFlow) -> set[str]:
    return {root for _, _, root, state, _ in fund.rows() if state in ("waiting", "working")}


def test_a_write_that_always_breaks_holds_up_nobody_else(fund: FundFlow, civicrm: Proxy, gifts: list[str]) -> None:
    civicrm.spoils = lambda text: WRITES_IT in text and gifts[1] in text
    fund.works()
    assert waiting(fund) == set(gifts)  # nobody knows yet what became of them
    fund.later(minutes=3)
    fund.works()
    assert set(fund.books.contributions()) == {gifts[0], gifts[2]}
    assert waiting(fund) == {gifts[1]}
    assert any("an error page" in why for *_, root, _, why in fund.rows() if root == gifts[1])
    civicrm.arm(None, "")
    fund.later(minutes=6)
    fund.works()
    assert set(fund.books.contributions()) == set(gifts)
    assert waiting(fund) == set()


def test_a_read_that_always_breaks_is_a_persons_and_holds_up_nobody_else(
    fund: FundFlow, civicrm: Proxy, gifts: list[str]
) -> None:
    civicrm.spoils = lambda text: READS_ITS_CONTRIBUTION in text and gifts[1] in text
    fund.works()
    assert set(fund.books.contributions()) == {gifts[0], gifts[2]}
    assert {root for _, _, root, state, _ in fund.rows() if state == "parked"} == {gifts[1]}
    assert fund.books.problems() == [f"stripe:{gifts[1]}:parked"]


@pytest.mark.parametrize(
    ("known", "unknown", "told"),
    [('"amount":', '"amounts":', "KeyError"), ('"metadata":', '"metadata": 7, "words":', "TypeError")],
)
def test_a_payment_of_a_shape_that_nobody_knows_is_a_developers(
    fund: FundFlow, stripe: Proxy, gifts: list[str], known: str, unknown: str, told: str
) -> None:
    def alters(text: str, got: bytes) -> bytes:
        return got.replace(known.encode(), unknown.encode()) if f"/v1/payment_intents/{gifts[1]}" in text else got

    stripe.alters = alters
    fund.works()
    assert set(fund.books.contributions()) == {gifts[0], gifts[2]}
    assert fund.books.problems() == [f"stripe:{gifts[1]}:parked"]
    (why,) = {why for _, _, _, state, why in fund.rows() if state == "parked"}
    assert f"({told} in " in why


def test_a_payout_of_a_shape_that_nobody_knows_is_a_developers(fund: FundFlow, stripe: Proxy, gifts: list[str]) -> None:
    fund.stripe.do("wait", days=10)
    payout = fund.told("payout")["payout"][0]
    stripe.alters = lambda text, got: got.replace(b'"automatic":', b'"by_itself":')
    fund.works()
    assert set(fund.books.contributions()) == set(gifts)
    assert fund.books.problems() == [f"stripe:{payout}:parked"]


def test_a_payout_that_holds_it_is_named_as_not_proven_yet(fund: FundFlow, civicrm: Proxy, gifts: list[str]) -> None:
    fund.stripe.do("wait", days=10)
    payout = fund.stripe.do("payout", silent=True)["payout"][0]
    civicrm.spoils = lambda text: WRITES_IT in text and gifts[1] in text
    found = fund.connector.json("reconcile", "--since", "2020-01-01", "--apply", code=1)
    assert found["payouts"] == []
    assert [line for line in found["undone"] if line.startswith(f"{payout}: Payout {payout} holds pi_")]
    civicrm.arm(None, "")
    fund.later(minutes=3)
    found = fund.connector.json("reconcile", "--since", "2020-01-01", "--apply")
    assert [(one["payout"], one["proven"]) for one in found["payouts"]] == [(payout, True)]
    assert found["undone"] == []


def test_what_nobody_can_be_told_of_waits(fund: FundFlow, civicrm: Proxy, gifts: list[str]) -> None:
    civicrm.spoils = lambda text: gifts[1] in text  # the question for its problem too
    for _ in range(3):
        fund.works()
        fund.later(hours=1)
    assert set(fund.books.contributions()) == {gifts[0], gifts[2]}
    assert waiting(fund) == {gifts[1]}
    civicrm.arm(None, "")
    fund.works()
    assert set(fund.books.contributions()) == set(gifts)
    assert fund.books.problems() == []


def test_nothing_is_parked_while_civicrm_answers_plain_questions_with_error_pages(
    fund: FundFlow, civicrm: Proxy, gifts: list[str]
) -> None:
    civicrm.spoils = lambda text: "Activity" not in text or READS_ITS_CONTRIBUTION in text  # staff could be told
    fund.works()
    assert waiting(fund) == set(gifts)
    assert "parked" not in fund.counts()
    civicrm.arm(None, "")
    fund.later(minutes=5)
    fund.works()
    assert set(fund.books.contributions()) == set(gifts)


def test_a_plan_names_the_one_that_cannot_be_read(fund: FundFlow, civicrm: Proxy, gifts: list[str]) -> None:
    civicrm.spoils = lambda text: READS_ITS_CONTRIBUTION in text and gifts[1] in text
    found = fund.connector.json("reconcile", "--since", "2020-01-01", code=5)
    assert {one["key"]: one["action"] for one in found["changes"]} == dict.fromkeys(gifts, "create") | {
        gifts[1]: "refuse"
    }


def test_civicrm_away_for_longer_than_rows_may_wait(fund: FundFlow, gifts: list[str]) -> None:
    """Nobody can be told, so nothing is parked: when it is back everything is settled."""
    for _ in range(3):
        fund.works(CIVICRM_URL="http://127.0.0.1:9")
        fund.later(days=4)
    assert set(fund.counts()) <= {"waiting", "ignored"}
    fund.works()
    assert set(fund.books.contributions()) == set(gifts)
    assert fund.books.problems() == []


def test_events_of_the_wrong_mode_are_told_once_until_nothing_is_parked(fund: FundFlow) -> None:
    fund.stripe.do("give", email="giver@example.org")
    with fund.door(STRIPE_LIVEMODE="true"):
        fund.delivers()
    assert set(fund.counts()) == {"parked"}
    for _ in range(2):
        fund.works()
        assert fund.books.problems() == ["stripe:inbox:mode"]
    fund.connector.run("inbox", "replay", *(str(row["id"]) for row in fund.inbox()["rows"]))
    fund.works()
    assert fund.books.problems() == []
    assert fund.only()["contribution_status_id:name"] == "Completed"


@pytest.mark.parametrize("action", ["update", "get"])
def test_one_pledge_that_always_breaks_holds_up_no_other(fund: FundFlow, civicrm: Proxy, action: str) -> None:
    promises = [Promise(fund) for _ in range(3)]
    for one in promises:
        one.entered()
    whose = [["pledge_id", "=", promises[1].id]]
    rows = fund.books.call("PledgePayment", "get", select=["id"], where=whose, orderBy={"id": "ASC"})
    named = {"update": rf'\["id","=",{rows[0]["id"]}\]', "get": rf"\b{promises[1].contact}\b"}[action]
    civicrm.spoils = lambda text: f'"PledgePayment","{action}"' in text and bool(re.search(named, text))
    fund.works()
    fund.later(minutes=3)
    fund.works()
    assert [one.stands() for one in promises] == [ONE, ["Overdue", *OWED], ONE]
    found = fund.connector.json("reconcile", "--since", "2020-01-01", "--apply", code=None)
    assert [line for line in found["undone"] if line.startswith(f"pledges of contact {promises[1].contact}: ")]
    civicrm.arm(None, "")
    fund.later(minutes=6)
    fund.works()
    assert [one.stands() for one in promises] == [ONE] * 3
