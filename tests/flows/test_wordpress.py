"""The same life of a roster on CiviCRM in WordPress, whose errors come with HTTP 200 and whose addresses differ."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.flows.conftest import CHAPTERS, Connector, RosterFile, Site, configured, member, running_sandbox

FIRST = ("--yes", "--force", "first-run")


@pytest.fixture(scope="module")
def wordpress() -> Iterator[Site]:
    with running_sandbox("--host-form", "wordpress") as site:
        yield site


@pytest.fixture
def there(wordpress: Site, tmp_path: Path) -> Connector:
    wordpress.reset()
    connector = configured(wordpress, tmp_path)
    return replace(connector, env=connector.env | {"CIVICRM_URL_FORM": "wordpress"})


def test_a_roster_is_applied_and_a_merge_is_followed(wordpress: Site, there: Connector, roster: RosterFile) -> None:
    there.run("setup", "apply")
    assert "Nothing to do" in there.run("setup", "plan")
    there.run("apply", "chapters", CHAPTERS, *FIRST)
    path = roster.write(member(1), member(2))
    there.run("apply", "members", path, *FIRST)
    assert "Nothing to do" in there.run("plan", "members", path)

    (twin,) = wordpress.api("Individual", "create", values={"first_name": "Amina", "last_name": "Haddad1"})
    loser = wordpress.person("M00001")["id"]
    wordpress.api("Contact", "mergeDuplicates", contactId=twin["id"], duplicateId=loser, mode="aggressive")
    roster.write(member(1, Mobile="+353 87 999 9999"), member(2))
    there.run("apply", "members", path, "--yes")
    phones = wordpress.api("Phone", "get", select=["phone"], where=[["contact_id", "=", twin["id"]]])
    assert "+353 87 999 9999" in [row["phone"] for row in phones]


def test_a_refusal_is_told_although_it_comes_with_200(there: Connector, roster: RosterFile) -> None:
    output = there.run("setup", "apply", code=1, CIVICRM_SETUP_KEY=there.env["CIVICRM_API_KEY"])
    assert "CiviCRM refused" in output
    assert "permission" in output


def test_the_wrong_form_of_address_is_told(site: Site, connector: Connector) -> None:
    output = connector.run("setup", "plan", code=1, CIVICRM_URL_FORM="wordpress")
    assert "a web page instead of data" in output or "no CiviCRM at CIVICRM_URL" in output
    assert "CIVICRM_URL_FORM" in output
