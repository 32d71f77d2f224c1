"""The lock-down: nothing is synced or sent, what staff decide waits, gifts are settled; afterwards all goes on."""

import json
import re
import time

import pytest
import requests

from tests.flows.conftest import Connector, FundFlow, Mailbox, RosterFile, Site, member
from tests.flows.fund import AMINA
from tests.flows.giving import Giver, giver as giver
from tests.flows.office import Office, office as office
from tests.flows.staff import Staff
from tests.flows.test_giving import Pledged
from tests.flows.test_killed import Beginning, Killer, beginning as beginning, killer as killer
from tests.flows.test_problems import asked as asked, email

WHY = "A list of members may have leaked."
LISTS = ("chapters", "members", "pledges", "gifts", "rosters", "decisions", "problems", "alerts")


@pytest.fixture
def staff(ready: Site, connector: Connector) -> Staff:
    return Staff(ready, connector)


def on(connector: Connector, why: str = WHY) -> None:
    connector.run("lockdown", "on", "--why", why)


def off(connector: Connector) -> None:
    connector.run("lockdown", "off")


def grace(staff: Staff) -> None:
    """The right of a worker that got no answer runs out."""
    time.sleep(2 * float(staff.connector.env["CIVICRM_GRACE_SECONDS"]))


# --- what staff decide ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("verdict", "state"), [("apply", "applied"), ("refuse", "refused"), ("again", "planned")])
def test_a_decision_about_a_roster_waits_and_is_then_carried_out(
    staff: Staff, roster: RosterFile, verdict: str, state: str
) -> None:
    id_ = staff.hand_in(roster.write(member(1)))
    staff.works()
    decision = staff.decide(id_, verdict, number=1)
    on(staff.connector)
    for _ in range(2):
        staff.works()
        assert staff.decision(decision)[0] == "new"
        assert staff.roster(id_)["State"] == "planned"
        assert staff.site.status("M00001", "chapter_COR06") is None
    off(staff.connector)
    staff.works()
    assert staff.decision(decision)[0] == "done"
    assert staff.roster(id_)["State"] == state


def test_a_roster_that_is_handed_in_meanwhile_is_planned_and_the_chapter_says_nothing_new(
    staff: Staff, roster: RosterFile
) -> None:
    staff.connector.run("apply", "members", roster.write(member(1)), "--yes", "--force", "first-run")
    chapter = [["external_identifier", "=", "COR06"]]
    staff.site.api("Organization", "update", where=chapter, values={"Solidarity_Chapter.Last_Roster_On": "2026-01-01"})
    on(staff.connector)
    nothing, something = staff.hand_in(roster.path), staff.hand_in(roster.write(member(1), member(2)))
    staff.works()
    assert [staff.roster(id_)["State"] for id_ in (nothing, something)] == ["nothing", "planned"]
    (found,) = staff.site.api("Organization", "get", select=["Solidarity_Chapter.Last_Roster_On"], where=chapter)
    assert found["Solidarity_Chapter.Last_Roster_On"] == "2026-01-01"


def test_an_answer_to_a_rosters_question_waits(staff: Staff, asked: int) -> None:
    decision = staff.answer(asked, "roster")
    on(staff.connector)
    staff.works()
    assert (staff.decision(decision)[0], email(staff)) == ("new", "staff@example.org")
    off(staff.connector)
    staff.works()
    assert (staff.decision(decision)[0], email(staff)) == ("done", "roster@example.org")


# --- where it is shown ------------------------------------------------------------------------------------------------


def told_in_civicrm(site: Site) -> list[str]:
    where = [["Solidarity_Problem.Key", "=", "lockdown"], ["Solidarity_Problem.State", "=", "open"]]
    return [row["subject"] for row in site.api("Activity", "get", select=["subject"], where=where)]


def alarms(staff: Staff, path: str) -> list[str]:
    browser = requests.Session()
    name, _, password = staff.site.staff.partition(":")
    browser.post(f"{staff.site.url}/civicrm/login", {"identifier": name, "password": password}, timeout=10)
    page = browser.get(f"{staff.site.url}/{path}", timeout=10)
    assert page.status_code == 200
    return re.findall(r'<p class="alarm" role="alert">([^<]*)</p>', page.text)


def test_every_list_shows_it_as_long_as_it_is_on(staff: Staff) -> None:
    pages = [f"civicrm/solidarity/{name}" for name in LISTS]
    on(staff.connector)
    staff.works()
    assert {len(alarms(staff, page)) for page in (*pages, "")} == {1}
    assert WHY.rstrip(".") in alarms(staff, pages[0])[0]
    off(staff.connector)
    staff.works()
    assert [alarms(staff, page) for page in (*pages, "")] == [[]] * (len(pages) + 1)


def test_every_list_of_the_set_up_is_looked_at_here(staff: Staff) -> None:
    rows = staff.site.api("Afform", "get", select=["server_route"], where=[["type", "=", "search"]])
    assert {row["server_route"].rpartition("/")[2] for row in rows} == set(LISTS)


def test_one_problem_that_follows_the_switch_and_closes_by_itself(staff: Staff) -> None:
    on(staff.connector)
    staff.works()
    staff.works()
    (subject,) = told_in_civicrm(staff.site)
    assert subject.startswith("Lock-down since 20")
    on(staff.connector, "It <did> & we know.")
    staff.works()
    (subject,) = told_in_civicrm(staff.site)
    assert "It <did> & we know" in subject
    (problem,) = staff.problems()
    decision = staff.answer(problem, "dismiss")
    staff.works()
    assert staff.decision(decision)[0] == "void"
    assert "closes by itself" in staff.decision(decision)[1]
    staff.site.api("Activity", "update", where=[["id", "=", problem]], values={"Solidarity_Problem.State": "solved"})
    staff.works()
    assert len(told_in_civicrm(staff.site)) == 1  # a person closed it by hand; the switch is still on
    off(staff.connector)
    staff.works()
    assert told_in_civicrm(staff.site) == []


def test_while_civicrm_is_away_it_is_on_all_the_same_and_is_told_later(staff: Staff) -> None:
    staff.site.faults(*[{"kind": "html500"}] * 12)
    on(staff.connector)
    staff.works()
    staff.site.faults()
    grace(staff)
    assert told_in_civicrm(staff.site) == []
    assert staff.connector.json("lockdown", "status", code=4)["on"]
    staff.works()
    assert len(told_in_civicrm(staff.site)) == 1
    staff.site.faults(*[{"kind": "html500"}] * 12)
    off(staff.connector)
    staff.works()
    staff.site.faults()
    grace(staff)
    staff.works()
    assert told_in_civicrm(staff.site) == []


def test_the_worker_killed_while_it_tells_and_while_it_takes_back(
    killer: Killer, ready: Site, connector: Connector, beginning: Beginning
) -> None:
    for switch in (on, off):
        switch(connector)
        beginning.keep()
        killer.check_every_request(beginning.put_back, ("work", "--drain"))
    assert told_in_civicrm(ready) == []


def test_the_daily_summary_goes_out_and_says_so(staff: Staff, mailbox: Mailbox) -> None:
    mail = {"SMTP_URL": mailbox.smtp, "MAIL_FROM": "connector@example.org", "ADMIN_EMAIL": "admin@example.org"}
    on(staff.connector)
    staff.connector.run("work", "--drain", **mail)
    (mailed,) = mailbox.mails()
    assert mailed["subject"] == "Solidarity Connector: LOCK-DOWN is on"
    assert mailed["text"].startswith("LOCK-DOWN since 20")
    assert WHY not in mailed["text"]  # what a person wrote stands in CiviCRM alone


# --- alerts -----------------------------------------------------------------------------------------------------------


def test_an_alert_that_was_scheduled_is_taken_back_and_nothing_is_sent(office: Office) -> None:
    office.person("amina", "chapter_A")
    alert = office.writes("chapter_A")
    office.works()
    assert office.decides(alert, "approve", number=1)[0] == "done"
    assert office.alert(alert)["State"] == "scheduled"
    on(office.connector)
    office.works()
    assert office.alert(alert)["State"] == "ready"
    assert "lock-down" in office.alert(alert)["Said"]
    office.mail_run()
    assert office.mailed() == {}
    off(office.connector)
    office.works()
    office.mail_run()
    assert (office.alert(alert)["State"], office.mailed()) == ("ready", {})  # it needs a new decision
    assert office.decides(alert, "approve", number=1)[0] == "done"
    office.mail_run()
    assert office.mailed() == {"amina": 1}


# --- gifts ------------------------------------------------------------------------------------------------------------


def test_gifts_are_settled_and_questions_about_them_answered_meanwhile(fund: FundFlow) -> None:
    on(fund.connector)
    fund.told("give", **AMINA)
    fund.works()
    assert fund.only()["contribution_status_id:name"] == "Completed"
    ours = [["is_test", "IN", [True, False]], ["id", ">", 0]]
    fund.books.call("Contribution", "update", where=ours, values={"total_amount": "45.00"})
    fund.told("refund", amount=1000)
    fund.works()
    decision = Staff(fund.site, fund.connector).answer(fund.problem("edited"), "roster")
    fund.works()
    assert Staff(fund.site, fund.connector).decision(decision)[0] == "done"
    assert fund.only()["total_amount"] == 40
    fund.connector.run("reconcile", "--since", "2026-01-01", code=None)
    assert json.loads(fund.connector.run("inbox", "list", "--json"))["counts"].get("parked") is None


def test_a_personal_link_is_not_honoured_and_giving_without_it_works(giver: Giver) -> None:
    pledged = Pledged(giver)
    before = giver.open(pledged.link())  # opened, then the lock-down begins
    on(giver.fund.connector)
    asked = giver.fund.site.requests_so_far()
    form = giver.open(pledged.link())
    assert giver.fund.site.requests_so_far() == asked  # CiviCRM is not even asked whose it is
    assert "cannot be used now" in form.page
    assert 'name="link"' not in form.page
    assert "50.00" not in form.page
    late = before.send(amount="25")
    assert late.status_code == 503
    assert "cannot be used now" in late.text
    assert 'name="link"' not in late.text
    assert giver.sessions == []
    giver.pays(giver.gives(amount="25"), **AMINA)
    assert giver.fund.only()["total_amount"] == 25
    assert giver.web.get("/fund").status_code == 200
    off(giver.fund.connector)
    assert "goes towards your pledge" in giver.open(pledged.link()).page
