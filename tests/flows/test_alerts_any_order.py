"""Whatever happens in whatever order: nobody who left or opted out is mailed or added again, and nobody mailed twice.

Hypothesis invents rosters, gifts, leavings, alerts, edits and decisions; the worker and the site's mail run come in
between. The mailbox holds the truth: a mail's headers name the job of its mailing, the link to the page its reader.
"""

import re
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar

import pytest
import requests
from hypothesis import settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.flows.conftest import FundFlow, RosterFile, member
from tests.flows.office import WHERE, Office, office as office
from tests.flows.staff import Staff
from tests.flows.told import WITHHELD, Told

NUMBERS = st.integers(1, 5)
NAMED = st.sampled_from([False, False, True])
CHAPTERS = st.sampled_from(["COR06", "WIE01"])
AUDIENCES = st.sampled_from([("solidarity_network",), ("chapter_COR06",), ("chapter_COR06", "chapter_WIE01")])
HOW = st.sampled_from(["is_opt_out", "is_opt_out", "do_not_email", "is_deceased", "is_deleted", "on_hold"])
BRAKES = ("first-run", "creates", "updates", "removals", "half-empty")
GIFT = {"amount": 500, "metadata": {"fund_campaign": "protector-pilot", "fund_source": "website"}}


class Alarm(RuleBasedStateMachine):
    """A network, its office, its fund, and what must hold of them. `office` and `folder` are given by the test."""

    office: ClassVar[Office]
    folder: ClassVar[Path]
    fund: ClassVar[FundFlow]
    runs: ClassVar[int] = 0

    @initialize()
    def begin(self) -> None:
        type(self).runs += 1
        site = self.site = self.office.site
        site.put_back("office")
        site.mailbox.post("reset")
        site.stripe.reset()
        self.office.connector.env["DATABASE_URL"] = f"sqlite:///{self.folder}/run{self.runs}.sqlite3"
        self.door = ExitStack()
        self.door.enter_context(self.fund.door(PUBLIC_URL=""))  # no pages for givers
        self.file = RosterFile(self.folder / f"run{self.runs}.csv")
        self.rows = {number: row(number) for number in range(1, 6)}
        self.told, self.read, self.texts = Told(), 0, 0
        self.is_withheld = False
        self.edited: set[int] = set()  # alerts, since the worker looked
        self.alerts: dict[int, str] = {}  # number → text
        self.known: dict[int, int] = {}
        self.sync()

    def teardown(self) -> None:
        self.door.close()

    # --- rosters -----------------------------------------------------------------------------------------------------

    @rule(number=NUMBERS, chapter=CHAPTERS)
    def row_names_a_chapter(self, number: int, chapter: str) -> None:
        self.rows[number] = row(number) | {"Chapter Code": chapter}

    @precondition(lambda self: self.rows)
    @rule(data=st.data())
    def row_disappears(self, data: st.DataObject) -> None:
        del self.rows[data.draw(st.sampled_from(sorted(self.rows)))]

    @rule()
    def sync(self) -> None:
        passed = [word for brake in BRAKES for word in ("--force", brake)]
        file = self.file.write(*self.rows.values())
        self.office.connector.run("apply", "members", file, "--scope", "all", "--yes", *passed, code=None)
        where = [["external_identifier", "LIKE", "M0%"], ["is_deleted", "IN", [True, False]]]
        rows = self.site.api("Contact", "get", select=["external_identifier"], where=where)
        self.known = {int(one["external_identifier"][1:]): int(one["id"]) for one in rows}

    # --- members, givers and staff -----------------------------------------------------------------------------------

    @rule(number=NUMBERS)
    def gives(self, number: int) -> None:
        self.fund.told("give", **GIFT, email=row(number)["Email"], name=f"Amina Haddad{number}")

    @rule(number=NUMBERS, chapter=CHAPTERS)
    def staff_place(self, number: int, chapter: str) -> None:
        contact = self.known.get(number)
        if contact and contact not in self.told.gone | self.told.leaving:
            self.site.set_status(key(number), f"chapter_{chapter}", "Added")

    @rule(number=NUMBERS, which=st.integers(0, 1))
    def staff_take_out(self, number: int, which: int) -> None:
        if groups := sorted(self._groups_of(self.known.get(number, 0))):
            self.site.set_status(key(number), groups[which % len(groups)], "Removed")
            self._left(self.known[number])

    @rule(number=NUMBERS, how=HOW)
    def is_no_more_to_be_mailed(self, number: int, how: str) -> None:
        if not (contact := self.known.get(number)):
            return
        if how == "on_hold":
            self.site.api("Email", "update", where=[["contact_id", "=", contact]], values={how: 1})
        else:
            self.site.api("Contact", "update", where=[["id", "=", contact]], values={how: True})
        self.told.gone.add(contact)
        if how == "is_opt_out":
            self.told.may_be_in.setdefault(contact, self._groups_of(contact))

    @precondition(lambda self: self.read)
    @rule(which=st.integers(0, 9), page=st.sampled_from(["unsubscribe", "optout"]))
    def clicks_in_a_mail(self, which: int, page: str) -> None:
        mails = self._mails()
        mail = mails[which % len(mails)]
        contact, before = reader(mail), self._groups_of(reader(mail))
        url = mail["headers"]["List-Unsubscribe"].strip("<>").replace("unsubscribe", page)
        requests.post(url, data={"List-Unsubscribe": "One-Click"}, timeout=10).raise_for_status()
        if page == "optout":
            self.told.gone.add(contact)
            self.told.may_be_in.setdefault(contact, before)
        elif self._groups_of(contact) != before:
            self._left(contact)

    @rule()
    def community_changes_its_mind(self) -> None:
        self.is_withheld = not self.is_withheld
        values = {"Partner_Community.Consent_Withheld": WITHHELD if self.is_withheld else ""}
        where = [["external_identifier", "=", "community:ras_al_auja"]]
        self.site.api("Organization", "update", where=where, values=values)

    # --- alerts ------------------------------------------------------------------------------------------------------

    @rule(audience=AUDIENCES, in_arabic=st.booleans(), named=NAMED, far=st.sampled_from([0, 1, 1, 2]))
    def alert_is_written(self, audience: tuple[str, ...], in_arabic: bool, named: bool, far: int) -> None:
        """far: whether it is approved, and sent, before anything else happens."""
        text = self._text(named)
        arabic = {"Body_ar": text, "Subject_ar": "أخبار"} if in_arabic else {}
        alert = self.office.writes(*audience, Kind="incident", Body=text, **arabic)
        self.alerts[alert] = text
        self.worker_looks()
        if far > 0:
            self._approve(alert, self.office.other)
        if far > 1:
            self.office.mail_run()

    @precondition(lambda self: self.alerts)
    @rule(data=st.data(), audience=AUDIENCES, named=NAMED)
    def alert_is_edited(self, data: st.DataObject, audience: tuple[str, ...], named: bool) -> None:
        alert, text = self._one(data), self._text(named)
        values = {f"{WHERE}.Audience_{n}": None for n in (1, 2, 3)}
        values |= {f"{WHERE}.Audience_{n}": self.office.group_id(name) for n, name in enumerate(audience, 1)}
        values |= {f"{WHERE}.Body": text, f"{WHERE}.Body_ar": None}
        values |= {f"{WHERE}.State": "ready"} if self.office.alert(alert)["State"] == "draft" else {}
        self.site.api("Activity", "update", where=[["id", "=", alert]], values=values)
        self.alerts[alert] = text
        self.edited.add(alert)

    @precondition(lambda self: self.alerts)
    @rule(data=st.data(), off=st.sampled_from([0, 0, 0, 1]), by_author=st.sampled_from([False, False, True]))
    def alert_is_approved(self, data: st.DataObject, off: int, by_author: bool) -> None:
        by = self.office.author if by_author else self.office.other
        assert not (self._approve(self._one(data), by, off) and by_author)

    @precondition(lambda self: self.alerts)
    @rule(data=st.data(), verdict=st.sampled_from(["withdraw", "redraft", "again", "close"]))
    def alert_is_decided_about(self, data: st.DataObject, verdict: str) -> None:
        alert = self._one(data)
        said = self.office.decides(alert, verdict)[1]
        self._looked()
        if said in ("Withdrawn.", "Back to drafting."):
            self.told.approved.pop(alert, None)

    # --- the clock ---------------------------------------------------------------------------------------------------

    @rule()
    def worker_looks(self) -> None:
        self.office.works()
        self._looked()

    @rule(worker_was_there=st.sampled_from([True, True, False]))
    def mail_run(self, worker_was_there: bool) -> None:
        if worker_was_there:
            self.worker_looks()
        self.office.mail_run()

    # --- what must hold ----------------------------------------------------------------------------------------------

    @invariant()
    def only_those_are_mailed_who_may_be(self) -> None:
        new = self._mails()[self.read :]
        self.read += len(new)
        jobs = self.site.api("MailingJob", "get", select=["mailing_id.name"]) if new else []
        names = {int(one["id"]): one["mailing_id.name"] for one in jobs}
        for mail in new:
            (job,) = re.findall(r"jid=(\d+)", mail["headers"]["List-Unsubscribe"])
            self.told.mailed(int(names[int(job)].split()[2]), reader(mail), mail["text"])

    @invariant()
    def nobody_who_left_is_added_again(self) -> None:
        for contact, groups in self.told.may_be_in.items():
            assert self._groups_of(contact) <= groups

    def _approve(self, alert: int, by: Staff, off: int = 0) -> bool:
        number = (self.office.alert(alert)["Count"] or 0) + off
        is_done = self.office.decides(alert, "despite", number, by=by)[0] == "done"
        self._looked()
        if is_done:
            self.told.approved[alert] = (self.alerts[alert], number)
        return is_done

    def _looked(self) -> None:
        self.told.gone |= self.told.leaving
        self.told.leaving.clear()
        self.told.is_withheld = self.is_withheld
        for alert in self.edited - self.told.got.keys():
            self.told.approved.pop(alert, None)
        self.edited.clear()
        for alert in self.alerts:
            groups = [self.office.alert(alert)[f"Audience_{number}"] for number in (1, 2, 3)]
            where = [["groups", "IN", [one for one in groups if one]]]
            self.told.audience[alert] = {int(one["id"]) for one in self.site.api("Contact", "get", where=where)}

    def _left(self, contact: int) -> None:
        self.told.leaving.add(contact)
        self.told.may_be_in[contact] = self._groups_of(contact)

    def _groups_of(self, contact: int) -> set[str]:
        """Without the connector's own group of those who left."""
        where = [["contact_id", "=", contact], ["status", "=", "Added"], ["group_id.name", "!=", "solidarity_left"]]
        rows = self.site.api("GroupContact", "get", select=["group_id.name"], where=where)
        return {one["group_id.name"] for one in rows}

    def _mails(self) -> list[dict[str, Any]]:
        """Those that went out; not the tests, which go to the staff."""
        return [one for one in self.site.mailbox.mails() if "[CiviMail Draft]" not in one["subject"]]

    def _one(self, data: st.DataObject) -> int:
        """One of the newest."""
        return data.draw(st.sampled_from(sorted(self.alerts)[:-4:-1]))

    def _text(self, named: bool) -> str:
        self.texts += 1
        return f"Text {self.texts} of them. {WITHHELD if named else 'Somebody'} is hurt."


def row(number: int) -> dict[str, str]:
    """Numbers 2, 4 and 5 read Arabic; 4 and 5 have the address of 3."""
    language = "ar" if number in (2, 4, 5) else "en"
    return member(number, Email=f"m{min(number, 3)}@example.org", Language=language)


def key(number: int) -> str:
    return member(number)["Member No"]


def reader(mail: dict[str, Any]) -> int:
    """Whose mail it is, by the link to their own page."""
    return int(re.findall(r"cid=(\d+)", mail["text"])[0])


@pytest.fixture
def alarm(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type[Alarm]:
    stripe = office.site.stripe
    office.connector.env.update(PUBLIC_URL="http://127.0.0.1:8000")
    office.connector.env.update(STRIPE_API_KEY=stripe.api_key, STRIPE_API_BASE=stripe.url)
    office.connector.env.update(STRIPE_WEBHOOK_SECRETS=stripe.webhook_secret)
    office.site.keep("office")
    Alarm.office, Alarm.folder = office, tmp_path
    Alarm.fund = FundFlow(office.site, office.connector, tmp_path, monkeypatch)
    return Alarm


def test_any_order_of_rosters_gifts_leavings_alerts_and_decisions(
    alarm: type[Alarm], orders: Callable[[int, int], settings]
) -> None:
    run_state_machine_as_test(alarm, settings=orders(6, 20))
