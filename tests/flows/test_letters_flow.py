"""The wording of letters, between the shipped file and the staff, and what a community agreed to: from CiviCRM."""

from collections.abc import Iterator

import pytest

from connector.alert_templates import LANGUAGES, title
from connector.alerts import consent
from connector.alerts.letters import templates
from connector.civicrm.client import CiviClient
from connector.errors import UserError
from tests.flows.conftest import Connector, Site
from tests.unit.alerts import TEMPLATES


@pytest.fixture
def client(bare: Site) -> Iterator[CiviClient]:
    """A connection under the runtime key."""
    made = CiviClient(url=bare.url, api_key=bare.api_key)
    yield made
    made.close()


def titles(site: Site) -> list[str]:
    rows = site.api(
        "MessageTemplate", "get", select=["msg_title"], where=[["msg_title", "CONTAINS", "Solidarity alert"]]
    )
    return sorted(row["msg_title"] for row in rows)


def change(site: Site, kind: str, language: str, **values: object) -> None:
    where = [["msg_title", "=", title(kind, language)]]
    assert len(site.api("MessageTemplate", "update", where=where, values=values)) == 1


# --- templates -------------------------------------------------------------------------------------------------------


def test_set_up_makes_a_template_for_every_kind_and_language(bare: Site, client: CiviClient) -> None:
    assert titles(bare) == sorted(title(*key) for key in TEMPLATES)
    before = bare.requests_so_far()
    found = templates(client, "meeting")
    assert bare.requests_so_far() == before + 1
    assert found == {language: TEMPLATES["meeting", language] for language in LANGUAGES}


def test_what_staff_change_is_used_and_stays(bare: Site, client: CiviClient, connector: Connector) -> None:
    change(bare, "incident", "ar", msg_subject="[subject]!", msg_html="<p>[what]</p>")
    change(bare, "incident", "de", is_active=False)
    assert "Nothing to do" in connector.run("setup", "plan")
    connector.run("setup", "apply")
    found = templates(client, "incident")
    assert (found["ar"].subject, found["ar"].html) == ("[subject]!", "<p>[what]</p>")
    assert found["en"] == TEMPLATES["incident", "en"]


def test_one_that_was_deleted_renamed_emptied_or_switched_off_is_that_of_the_file(
    bare: Site, client: CiviClient, connector: Connector
) -> None:
    change(bare, "briefing", "en", msg_title="Our own")
    change(bare, "briefing", "fr", msg_html=" ", msg_subject="Ours")
    change(bare, "briefing", "de", is_active=False, msg_subject="Ours")
    bare.api("MessageTemplate", "delete", where=[["msg_title", "=", title("briefing", "es")]])
    assert templates(client, "briefing") == {language: TEMPLATES["briefing", language] for language in LANGUAGES}
    told = connector.run("setup", "plan", code=3)
    assert title("briefing", "en") in told
    assert title("briefing", "fr") not in told


# --- consent ---------------------------------------------------------------------------------------------------------


def test_consent_is_read_in_one_request(bare: Site, client: CiviClient) -> None:
    where = [["external_identifier", "=", "community:ras_al_auja"]]
    (community,) = bare.api("Organization", "get", select=["id"], where=where)
    lists = {
        "Partner_Community.Consent_Covers": "Ras al-Auja, spring.jpg",
        "Partner_Community.Consent_Withheld": "Um Khalid\nthe upper spring",
    }
    bare.api("Organization", "update", where=where, values=lists)
    people = [{"first_name": "Rana", "last_name": "Saleh"}, {"first_name": "Yusuf", "last_name": "Amin"}]
    rana, yusuf = (bare.api("Individual", "create", values=one)[0]["id"] for one in people)
    chapter = {"organization_name": "Cork", "contact_sub_type": ["Solidarity_Chapter"]}
    (cork,) = bare.api("Organization", "create", values=chapter)
    ties = ((rana, "Employee of", True), (yusuf, "Employee of", False), (cork["id"], "Stands_With", True))
    for other, kind, active in ties:
        told = {"contact_id_a": other, "contact_id_b": community["id"], "relationship_type_id:name": kind}
        bare.api("Relationship", "create", values={**told, "is_active": active})

    before = bare.requests_so_far()
    found = consent.read(client, "ras_al_auja")
    assert bare.requests_so_far() == before + 1
    assert found.covers == {"Ras al-Auja", "spring.jpg"}
    assert found.withheld == ((1, "Um Khalid"), (2, "the upper spring"))
    assert set(found.people) == {(rana, "Rana Saleh"), (rana, "Saleh Rana")}


def test_without_a_record_of_the_community_nobody_knows_what_it_agreed_to(bare: Site, client: CiviClient) -> None:
    with pytest.raises(UserError, match="no record of the community"):
        consent.read(client, "elsewhere")
