"""Whoever sends the greetings, the contacts end up with those that CiviCRM would have made."""

from collections.abc import Sequence
from typing import Any

from .conftest import GREETINGS, MEMBERS, Connector, Site

WHOLE = ("apply", "members", MEMBERS, "--yes", "--force", "first-run")


def greetings(site: Site) -> list[dict[str, Any]]:
    members = [["external_identifier", "LIKE", "M%"]]
    return site.api("Individual", "get", select=["id", *GREETINGS], where=members, orderBy={"id": "ASC"})


def made_by_civicrm(site: Site, people: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    site.api("Individual", "save", records=[{"id": person["id"]} for person in people])
    return greetings(site)


def test_sent_greetings_are_those_that_civicrm_makes(ready: Site, connector: Connector) -> None:
    connector.run(*WHOLE, code=None)
    sent = greetings(ready)
    assert len(sent) > 100
    assert sent == made_by_civicrm(ready, sent)


def test_a_site_with_a_template_of_its_own_greets_everybody_itself(ready: Site, connector: Connector) -> None:
    template = [["option_group_id:name", "=", "email_greeting"], ["is_default", "=", True], ["filter", "=", 1]]
    ready.api("OptionValue", "update", where=template, values={"label": "Ahlan {contact.first_name}"})
    connector.run(*WHOLE, code=None)
    made = greetings(ready)
    assert {row["email_greeting_display"].partition(" ")[0] for row in made} == {"Ahlan"}
    assert made == made_by_civicrm(ready, made)
