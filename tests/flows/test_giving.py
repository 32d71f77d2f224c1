"""Giving: one form leads to one Checkout, whatever is clicked twice, forged or nonsense; then it is told truthfully."""

import threading
from typing import Any

import pytest

from connector.pages import wiring
from tests.flows.fund import AMINA
from tests.flows.giving import HOME, Giver, browser, giver as giver
from tests.flows.test_fund_pledges import Promise


def test_a_gift_from_the_form_to_the_books(giver: Giver) -> None:
    session = giver.gives(amount="50", chapter="COR06", note="  For the\nchildren ", anonymous="yes")
    assert (session.mode, session.amount_total, session.currency, session.submit_type) == (
        "payment", 5000, "eur", "donate",
    )  # fmt: skip
    assert not session.adaptive_pricing.enabled
    giver.pays(session, **AMINA)
    gift = giver.fund.only()
    assert (gift["total_amount"], gift["contribution_status_id:name"]) == (50, "Completed")
    assert gift["Solidarity_Stripe.Message"] == "For the children"
    (more,) = giver.fund.books.call(
        "Contribution",
        "get",
        select=["Solidarity_Stripe.Anonymous", "Solidarity_Stripe.Receipt_By", "source"],
        where=[["id", "=", gift["id"]]],
    )
    assert (more["Solidarity_Stripe.Anonymous"], more["Solidarity_Stripe.Receipt_By"]) == (True, "stripe")
    assert more["source"] == "Stripe: website"


def test_a_monthly_gift_says_its_purpose_each_month(giver: Giver) -> None:
    session = giver.gives(amount="10", how_often="monthly", chapter="NONE99")
    assert session.mode == "subscription"
    giver.pays(session, **AMINA)
    giver.fund.told("renew")
    giver.fund.works()
    gifts = giver.fund.books.contributions().values()
    assert [row["total_amount"] for row in gifts] == [10, 10]
    (gift,) = giver.fund.books.recurs()
    assert giver.fund.books.problems() == [f"stripe:{gift}:chapter"]  # no such chapter: asked once


@pytest.mark.parametrize(
    ("filled", "cents"),
    [
        ({"amount": "other", "other": "12,5"}, 1250),
        ({"amount": "other", "other": "٤٠"}, 4000),
        ({"amount": "25", "other": "99"}, 2500),
        ({"amount": "100", "cover": "yes"}, 10178),  # (100 + 0.25) / (1 - 1.5 %)
    ],
)
def test_amounts(giver: Giver, filled: dict[str, str], cents: int) -> None:
    assert giver.gives(**filled).amount_total == cents


@pytest.mark.parametrize(
    "filled",
    [
        *(
            {"amount": "other", "other": text}
            for text in ("", "0", "-5", "1e9", "NaN", "5001", "12.345", "١٢٣٤٥", "x" * 500)
        ),
        {"amount": "1.99"},
        {"amount": ""},
        {"how_often": "hourly"},
        {"note": "n" * 10_000},
        {"chapter": "<script>alert(1)</script>"},
        {"chapter": "COR06' OR 1=1"},
    ],
    ids=str,
)
def test_nonsense_is_explained_and_nothing_is_lost_or_run(giver: Giver, filled: dict[str, str]) -> None:
    answer = giver.open().send(**{"chapter": "COR07", **filled})
    assert answer.status_code == 422
    assert 'class="wrong"' in answer.text
    assert "<script" not in answer.text
    assert giver.sessions == []


def test_more_than_a_form_can_hold(giver: Giver) -> None:
    answer = giver.open().send(note="n" * 100_000)
    assert answer.status_code == 413
    assert giver.sessions == []


def test_a_double_click_makes_one_session(giver: Giver) -> None:
    form, answers = giver.open(), []
    app, cookies = giver.web.application, giver.web.get_cookie("form")
    assert cookies

    def click() -> None:
        web = app.test_client()
        web.set_cookie("form", cookies.value, domain="localhost")
        answers.append(web.post("/give", data={"amount": "25", **form.hidden}).location)

    clicks = [threading.Thread(target=click) for _ in range(4)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()
    assert len(giver.sessions) == 1
    assert set(answers) == {giver.sessions[0].url}


def test_a_form_sent_again_leads_to_the_same_session_until_it_says_something_else(giver: Giver) -> None:
    form = giver.open()
    first, again, other = (form.send(amount=amount).location for amount in ("25", "25", "50"))
    assert first == again != other
    assert len(giver.sessions) == 2


def test_forged_forms_open_nothing(giver: Giver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hundred of them, of every kind; without the limits, which would hide what the forms do."""
    monkeypatch.setattr(wiring, "GIVE", "1000 per minute")
    giver.web = browser(giver.fund)
    honest = giver.open().hidden
    forged: list[dict[str, str]] = [
        {},
        {"form": honest["form"]},
        {"csrf_token": honest["csrf_token"]},
        honest | {"csrf_token": "x"},
        honest | {"form": "x"},
        honest | {"form": honest["form"][:-1]},
        honest | {"form": honest["csrf_token"]},
        honest | {"link": "WzEsMV0.x.y"},
        honest | {"link": honest["form"]},
        {**honest, "csrf_token": browser(giver.fund).get("/give").text.split('csrf_token" value="')[1].split('"')[0]},
    ]
    answers = [
        giver.web.post("/give", data={"amount": "25", **forged[n % len(forged)]}).status_code for n in range(200)
    ]
    assert set(answers) == {400}
    assert giver.sessions == []


def test_a_robot_that_tries_cards_is_stopped_before_checkout(giver: Giver) -> None:
    form = giver.open()
    answers = [form.send(amount=str(10 + n)).status_code for n in range(20)]
    assert answers == [303] * 10 + [429] * 10
    assert len(giver.sessions) == 10


def test_stripe_is_away(giver: Giver) -> None:
    giver.fund.stripe.faults({"kind": "500", "times": 3})
    form = giver.open()
    answer = form.send(amount="other", other="33", note="For the children")
    assert answer.status_code == 503
    assert "Nothing was taken" in answer.text
    assert 'value="33"' in answer.text
    assert "For the children" in answer.text
    form.hidden = type(form)(giver, answer.text).hidden
    assert form.send(amount="other", other="33", note="For the children").status_code == 303
    assert len(giver.sessions) == 1


class Pledged:
    """A pledge of Amina's, and the link in her mail."""

    def __init__(self, giver: Giver) -> None:
        self.promise = Promise(giver.fund)
        self.contact = self.promise.contact
        self.checksum = self.made(self.contact)

    def made(self, contact: int) -> str:
        (row,) = self.promise.fund.books.call("Contact", "getChecksum", contactId=contact, ttl=1)
        return str(row["checksum"])

    def link(self, **other: Any) -> str:
        said = {"pledge": self.promise.id, "cid": self.contact, "cs": self.checksum, **other}
        return "/give?" + "&".join(f"{name}={value}" for name, value in said.items())


def test_a_personal_link_pays_the_pledge(giver: Giver) -> None:
    pledged = Pledged(giver)
    form = giver.open(pledged.link())
    assert 'value="50.00"' in form.page
    assert "goes towards your pledge" in form.page
    answer = form.send(amount="other", other="50.00")
    (session,) = giver.sessions
    assert answer.location == session.url
    giver.pays(session, name="Somebody Else", email="other@example.org")
    assert giver.fund.only()["contact_id"] == pledged.contact
    assert pledged.promise.stands() == ["Overdue", "50 Completed", "50 Overdue", "50 Overdue"]


def test_a_personal_link_that_is_not_genuine_fills_in_nothing(giver: Giver) -> None:
    pledged = Pledged(giver)
    other = Promise(giver.fund)
    forged = [
        {"cs": "x"},
        {"cs": ""},
        {"cid": other.contact},
        {"pledge": other.id},
        {"pledge": "1;2"},
        {"cid": "9" * 40},
    ]
    for said in forged:
        page = giver.open(pledged.link(**said)).page
        assert "cannot be used now" in page, said
        assert 'name="link"' not in page
        assert "50.00" not in page


def thanks(giver: Giver, session: Any) -> str:
    return giver.web.get(f"/give/thanks?session_id={session.id}").text


def test_the_return_page_says_what_is_true(giver: Giver) -> None:
    session = giver.gives(amount="50")
    assert session.success_url == f"{HOME}/give/thanks?session_id={{CHECKOUT_SESSION_ID}}"
    assert "not finished yet" in thanks(giver, session)
    giver.fund.told("give", session=session.id, **AMINA)
    assert "arrived" in thanks(giver, session)
    assert "within some minutes" in thanks(giver, session)
    giver.fund.works()
    assert "entered in the network" in thanks(giver, session)
    assert "Amina" not in thanks(giver, session)
    debit = giver.gives(amount="100")
    giver.pays(debit, method="sepa_debit", **AMINA)
    assert "counts as pending" in thanks(giver, debit)
    monthly = giver.gives(amount="10", how_often="monthly")
    giver.pays(monthly, **AMINA)
    assert "/give/manage" in thanks(giver, monthly)


def test_the_return_page_of_a_strangers_session_says_nothing(giver: Giver) -> None:
    giver.fund.told("give", **AMINA)
    stranger = giver.sessions[0]
    for id_ in (stranger.id, "cs_test_none", "", "x" * 5000):
        answer = giver.web.get(f"/give/thanks?session_id={id_}")
        assert answer.status_code == 404
        assert "50" not in answer.text.split("<main")[1].split("</main")[0]


def test_stripe_is_away_when_somebody_returns(giver: Giver) -> None:
    session = giver.gives()
    giver.fund.stripe.faults({"kind": "500", "times": 3})
    answer = giver.web.get(f"/give/thanks?session_id={session.id}")
    assert answer.status_code == 503
    assert "Your gift is safe" in answer.text
