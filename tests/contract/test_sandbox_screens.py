"""The stand-in's own screens for staff: plain forms that a browser sends off, with what the real pages make of them."""

import pytest
import requests

from .desk import Desk
from .wire import Site


@pytest.fixture
def browser(site: Site) -> requests.Session:
    """Logged in as staff at the login page."""
    session = requests.Session()
    name, _, password = site.staff.partition(":")
    reply = session.post(f"{site.url}/civicrm/login", {"identifier": name, "password": password}, timeout=10)
    assert (reply.status_code, reply.url) == (200, f"{site.url}/civicrm/home")
    return session


def newest(site: Site, kind: str, *select: str) -> dict[str, object]:
    where = [["activity_type_id:name", "=", kind]]
    return site.get("Activity", where, *select, orderBy={"id": "DESC"}, limit=1)[0]


def test_a_wrong_password_is_told(site: Site) -> None:
    reply = site.http.post(f"{site.url}/civicrm/login", {"identifier": "staff", "password": "no"})
    assert "Invalid credentials" in reply.text
    assert not reply.cookies


def test_a_roster_is_handed_in_by_a_plain_form(site: Site, desk: Desk, browser: requests.Session) -> None:
    page = f"{site.url}/{desk.route('hand-in')}"
    assert f'name="{desk.roster}.File" type="file"' in browser.get(page, timeout=10).text
    file = {f"{desk.roster}.File": ("members.csv", b"a,b\n", "text/csv")}
    reply = browser.post(page, {f"{desk.roster}.Kind": "members"}, files=file, timeout=10)
    assert (reply.status_code, reply.url) == (200, f"{site.url}/{desk.route('rosters')}")
    made = newest(site, desk.roster, f"{desk.roster}.Kind", f"{desk.roster}.File.file_name")
    assert (made[f"{desk.roster}.Kind"], made[f"{desk.roster}.File.file_name"]) == ("members", "members.csv")
    assert f'href="/{desk.route("decide")}#?{desk.decision}.About={made["id"]}"' in reply.text


def test_without_a_file_the_activity_stands_alone(site: Site, desk: Desk, browser: requests.Session) -> None:
    browser.post(f"{site.url}/{desk.route('hand-in')}", {f"{desk.roster}.Kind": "members"}, timeout=10)
    assert newest(site, desk.roster, f"{desk.roster}.File")[f"{desk.roster}.File"] is None


def test_a_decision_is_made_by_a_plain_form(site: Site, desk: Desk, browser: requests.Session, staff: str) -> None:
    page = f"{site.url}/{desk.route('decide')}"
    refused = browser.post(page, {f"{desk.decision}.About": "7"}, timeout=10)
    assert "Your verdict is a required field." in refused.text
    assert 'value="7"' in refused.text
    browser.post(page, {f"{desk.decision}.About": "7", f"{desk.decision}.Verdict": "refuse"}, timeout=10)
    made = newest(site, desk.decision, "source_contact_id", f"{desk.decision}.Verdict")
    me = site.get("Contact", [["id", "=", "user_contact_id"]], "id", who=staff)[0]["id"]
    assert (made["source_contact_id"], made[f"{desk.decision}.Verdict"]) == (me, "refuse")


def test_an_activity_shows_what_was_written_back_and_runs_no_script(
    site: Site, desk: Desk, browser: requests.Session, staff: str
) -> None:
    activity = desk.handed_in()
    desk.attach(activity)
    values = {"details": "<h2>The plan</h2>", f"{desk.roster}.State": "planned"}
    site.call("Activity", "update", {"where": [["id", "=", activity]], "values": values}, "runtime")
    reply = browser.get(f"{site.url}/civicrm/activity?reset=1&action=view&id={activity}", timeout=10)
    assert [text in reply.text for text in ("<h2>The plan</h2>", "Planned", "plan.csv", "members.csv")] == [True] * 4
    assert reply.headers["content-security-policy"] == "script-src 'none'"


def test_the_menu_leads_to_the_pages(site: Site, desk: Desk, browser: requests.Session) -> None:
    common = {"permission": ["access CiviCRM"], "domain_id": "current_domain"}
    top = {"name": f"{site.run}_menu", "label": "Solidarity", **common}
    item = {
        "name": f"{site.run}_menu_in",
        "label": "Hand in",
        "url": desk.route("hand-in"),
        "parent_id.name": top["name"],
    }
    site.save("Navigation", top)
    site.save("Navigation", {**item, **common})
    home = browser.get(f"{site.url}/civicrm/home", timeout=10).text
    assert f'<a href="/{desk.route("hand-in")}">Hand in</a>' in home


def test_an_activity_is_not_shown_to_strangers(site: Site, desk: Desk, staff: str) -> None:
    reply = site.http.get(f"{site.url}/civicrm/activity?id={desk.handed_in()}")
    assert reply.status_code == 403
