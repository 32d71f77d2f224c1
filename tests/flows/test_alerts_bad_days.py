"""Bad days of alerts: nobody there or everybody, one address for two, links that lead nowhere, and other minds.

Nothing goes out doubled or unseen, and whoever has to act is told.
"""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from connector import clock
from connector.alerts.activities import stamp
from connector.settings import SHIPPED_MAPPINGS
from tests.flows.office import Office, later as later, office as office

ARABIC = {"Body_ar": "<p>جفّ البئر.</p>", "Subject_ar": "أخبار"}
Later = Callable[..., None]


# --- who gets it ------------------------------------------------------------------------------------------------------


def test_nobody_in_the_group(office: Office) -> None:
    office.group("chapter_A")
    alert = office.writes("chapter_A")
    office.works()
    assert office.alert(alert)["Said"].startswith("0 people would get it.")
    assert office.decides(alert, "approve", 0) == ("void", "Nobody would get it.")
    assert office.mailings() == []


def test_everybody_is_more_than_usual_and_needs_another_word(office: Office, tmp_path: Path) -> None:
    shutil.copytree(SHIPPED_MAPPINGS, tmp_path / "mappings")
    file = tmp_path / "mappings" / "alerts.toml"
    file.write_text(file.read_text().replace("most_people = 20000", "most_people = 2"))
    office.connector.env.update(CONNECTOR_MAPPINGS=str(file.parent))
    for name in ("one", "two", "three"):
        office.person(name, "chapter_A")
    alert = office.writes("solidarity_network")
    office.works()
    warned = "3 people are more than the 2 that are usual for this kind"
    assert warned in office.alert(alert)["Said"]
    state, said = office.decides(alert, "approve", 3)
    assert state == "void"
    assert warned in said
    assert office.decides(alert, "despite", 3)[0] == "done"
    office.mail_run()
    assert office.mailed() == {"one": 1, "two": 1, "three": 1}


def test_nobody_reads_one_of_its_languages(office: Office) -> None:
    office.person("both", "chapter_A")
    alert = office.sends("chapter_A", count=1, **ARABIC)
    assert [one["name"].split()[3] for one in office.mailings()] == ["en"]
    assert office.mailed() == {"both": 1}
    assert office.alert(alert)["State"] == "sent"
    assert office.problems() == []


@pytest.mark.parametrize("languages", [("en_US", "en_US"), ("en_US", "ar_EG"), ("ar_EG", "en_US"), ("ar_EG", "ar_EG")])
def test_two_people_with_one_address_get_one_mail_in_each_language(office: Office, languages: tuple[str, str]) -> None:
    """CiviMail would send whom it left out of the Arabic mailing the English one."""
    first, second = (
        office.person(name, "chapter_A", email="home@example.org", language=one)
        for name, one in zip(("first", "second"), languages, strict=True)
    )
    office.person("amal", "chapter_A", language="ar_EG")
    office.person("both", "chapter_A")
    together = len(set(languages))
    office.approved(2 + together, **ARABIC)
    office.mail_run()
    assert office.mailed() == {"home": together, "amal": 1, "both": 1}
    office.place(first, "chapter_A", "Removed")
    office.approved(3, **ARABIC, Kind="meeting")
    office.mail_run()
    assert office.mailed() == {"home": together + 1, "amal": 2, "both": 2}
    office.place(second, "chapter_A", "Removed")
    office.approved(2, **ARABIC, Kind="incident")
    office.mail_run()
    assert office.mailed() == {"home": together + 1, "amal": 3, "both": 3}


def test_somebody_opts_out_after_the_report_was_read(office: Office) -> None:
    people = [office.person(f"p{number}", "chapter_A") for number in range(30)]
    alert = office.writes("chapter_A")
    office.works()
    for contact in people[:2]:
        office.site.api("Contact", "update", where=[["id", "=", contact]], values={"is_opt_out": True})
    assert office.decides(alert, "approve", 30)[0] == "void"  # two of 28 are more than 5 percent
    assert office.decides(alert, "approve", 29)[0] == "done"
    office.site.api("Contact", "update", where=[["id", "=", people[2]]], values={"is_opt_out": True})
    office.mail_run()
    office.works()
    assert office.mailed() == {f"p{number}": 1 for number in range(3, 30)}
    assert (office.alert(alert)["State"], office.alert(alert)["Delivered"]) == ("sent", 27)


# --- what it says -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "warned"),
    [
        ({"Ask_Link": "htp:/example"}, "its link leads nowhere"),
        ({"Body": "<p><a href='/petition'>Sign</a> <a href='https://example.org'>or read</a>.</p>"}, "1 link in its"),
        ({"Ask_Link": "example.org/petition", "Body": "<p><a name='x'>Anchor</a></p>"}, ""),
    ],
)
def test_links_that_lead_nowhere_are_told_before_it_goes(office: Office, fields: dict[str, str], warned: str) -> None:
    office.person("both", "chapter_A")
    alert = office.writes("chapter_A", **fields)
    office.works()
    assert (warned and warned in office.alert(alert)["Said"]) or office.alert(alert)["Said"].endswith("a decision.")
    assert office.decides(alert, "approve", 1)[0] == ("void" if warned else "done")
    assert not warned or office.decides(alert, "despite", 1)[0] == "done"


# --- who decides ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["out of the group", "in the trash"])
def test_an_approver_who_is_none_any_more_when_it_is_carried_out(office: Office, how: str) -> None:
    office.person("both", "chapter_A")
    alert = office.writes("chapter_A")
    office.works()
    fields = {"About": alert, "Plan": office.alert(alert)["Plan"], "Verdict": "approve", "Number_Of_Rows": 1}
    form = office.other.submit("DecideAlert", {f"Solidarity_Decision.{name}": value for name, value in fields.items()})
    who = office.other.contact
    if how == "in the trash":
        office.site.api("Contact", "update", where=[["id", "=", who]], values={"is_deleted": True})
    else:
        where = [["contact_id", "=", who], ["group_id:name", "=", "alert_approvers"]]
        office.site.api("GroupContact", "update", where=where, values={"status": "Removed"})
    office.works()
    assert office.author.decision(form) == ("void", "You are not in the group of those who may approve alerts.")
    office.mail_run()
    assert office.mailed() == {}


# --- when it goes -----------------------------------------------------------------------------------------------------


def test_an_embargo_is_kept_to_the_minute(office: Office, later: Later) -> None:
    office.person("both", "chapter_A")
    alert = office.approved(1, Send_At=stamp(clock.now() + timedelta(hours=2)))
    office.mail_run()
    assert (office.alert(alert)["State"], office.mailed()) == ("approved", {})
    later(hours=1, minutes=59)
    office.works()
    assert office.alert(alert)["State"] == "approved"
    later(minutes=1)
    office.works()
    office.mail_run()
    assert office.mailed() == {"both": 1}


def test_an_edit_under_embargo_is_told_at_once(office: Office) -> None:
    """At its hour nobody would be there to approve it again."""
    office.person("both", "chapter_A")
    alert = office.approved(1, Send_At=stamp(clock.now() + timedelta(hours=2)))
    office.changes(alert, Body="<p>Another text.</p>")
    office.works()
    assert office.alert(alert)["State"] == "ready"
    assert "Another text." in office.alert(alert)["details"]


def test_a_community_that_changes_its_mind_before_the_mail_run(office: Office) -> None:
    office.person("both", "chapter_A")
    alert = office.approved(1, Body="<p>They took Abu Khalid away.</p>")
    where = [["external_identifier", "=", "community:ras_al_auja"]]
    values = {"Partner_Community.Consent_Withheld": "Abu Khalid"}
    office.site.api("Organization", "update", where=where, values=values)
    office.works()
    assert "without the community's consent" in office.alert(alert)["Said"]
    office.mail_run()
    assert office.mailed() == {}


def test_it_closes_by_itself(office: Office, later: Later) -> None:
    office.person("both", "chapter_A")
    alert = office.sends("chapter_A", count=1)
    later(days=13, hours=23)
    office.works()
    assert office.alert(alert)["State"] == "sent"
    later(hours=1)
    office.works()
    assert office.alert(alert)["State"] == "closed"
