"""FACTS §14 and §15: what moves modified_date, time zones, and limits."""

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from .wire import Site


@pytest.fixture(scope="module")
def moved(site: Site) -> dict[str, bool]:
    """Which kinds of change move a contact's modified_date; one wait for all, since it knows only whole seconds."""
    field = _custom_field(site)
    people = {kind: site.person(**{"email_primary.email": "amina@example.org"}) for kind in CHANGES}
    seen: dict[str, bool] = {}
    for triggers in (False, True):
        kinds = [kind for kind in CHANGES if kind.endswith("after a flush") is triggers]
        if triggers:
            assert site.call("System", "flush", {"triggers": True}).values == []
        before = {kind: _modified(site, people[kind]) for kind in kinds}
        time.sleep(1.05)
        for kind in kinds:
            CHANGES[kind](site, people[kind], field)
        for kind in kinds:
            seen[kind] = _modified(site, people[kind]) != before[kind]
    return seen


CHANGES: dict[str, Callable[[Site, int, str], Any]] = {
    "another name": lambda site, who, field: _update(site, who, first_name="New"),
    "the same name": lambda site, who, field: _update(site, who, first_name="Amina"),
    "the same e-mail": lambda site, who, field: _update(site, who, **{"email_primary.email": "amina@example.org"}),
    "opting out": lambda site, who, field: _update(site, who, is_opt_out=True),
    "a group": lambda site, who, field: site.save("GroupContact", {"group_id": site.group(), "contact_id": who}),
    "a phone": lambda site, who, field: site.save("Phone", {"contact_id": who, "phone": "1"}),
    "the trash": lambda site, who, field: site.call("Contact", "delete", {"where": [["id", "=", who]]}),
    "a custom field": lambda site, who, field: _update(site, who, **{field: "one"}),
    "a custom field after a flush": lambda site, who, field: _update(site, who, **{field: "two"}),
}
MOVE_NOTHING = ("the same name", "a group", "a custom field")


def _update(site: Site, contact_id: int, **values: Any) -> None:
    site.call("Individual", "update", {"where": [["id", "=", contact_id]], "values": values})


def _modified(site: Site, contact_id: int) -> str:
    return str(site.contact(contact_id, "modified_date")["modified_date"])


def _custom_field(site: Site) -> str:
    name = site.unique("Trig").replace("-", "_")
    site.save("CustomGroup", {"name": name, "title": name, "extends": "Individual"})
    field = {"custom_group_id.name": name, "name": "F", "label": "F", "html_type": "Text", "data_type": "String"}
    site.save("CustomField", field)
    return f"{name}.F"


@pytest.mark.parametrize("kind", CHANGES)
def test_s14_what_moves_modified_date(moved: dict[str, bool], kind: str) -> None:
    assert moved[kind] is (kind not in MOVE_NOTHING)


def test_s14_where_reads_offsets(site: Site) -> None:
    made = site.person()
    for hours in (0, 2, -5):
        local = datetime.now(timezone(timedelta(hours=hours))) - timedelta(minutes=1)
        assert site.get(
            "Contact", [["modified_date", ">=", local.isoformat(timespec="seconds")], ["id", "=", made]], "id"
        )


def test_s14_timestamps_are_shown_in_the_users_zone(site: Site) -> None:
    made = site.person()
    me = site.get("User", [["contact_id", "=", "user_contact_id"]], "timezone")[0]
    in_zone = {}
    for zone in ("UTC", "Asia/Tokyo"):
        site.call("User", "update", {"where": [["id", "=", me["id"]]], "values": {"timezone": zone}})
        in_zone[zone] = datetime.fromisoformat(site.contact(made, "created_date")["created_date"])
    site.call("User", "update", {"where": [["id", "=", me["id"]]], "values": {"timezone": me["timezone"]}})
    assert in_zone["Asia/Tokyo"] - in_zone["UTC"] == timedelta(hours=9)


def test_s14_trashed_contacts_can_be_listed(site: Site) -> None:
    made = site.person()
    site.call("Contact", "delete", {"where": [["id", "=", made]]})
    assert site.get("Contact", [["is_deleted", "=", True], ["id", ">=", made]], "id")[0]["id"] == made


def test_s15_a_body_over_8_mb_loses_its_parameters(site: Site) -> None:
    records = [{"external_identifier": site.unique(), "source": "x" * 9_000_000}]
    answer = site.call("Individual", "save", {"records": records})
    assert (answer.status, answer.error) == (500, 'Parameter "records" is required.')


def test_s15_a_body_of_a_megabyte_is_fine(site: Site) -> None:
    keys = [f"{site.run}-none-{i:030d}" for i in range(20_000)]
    assert site.get("Contact", [["external_identifier", "IN", keys]], "id") == []


def test_s15_an_empty_list_finds_nothing(site: Site) -> None:
    assert site.get("Contact", [["id", "IN", []]], "id") == []


def test_s15_quotes_do_no_harm(site: Site) -> None:
    assert site.get("Contact", [["first_name", "=", 'O\'Brien \\ "x" %']], "id") == []


def test_s15_a_hundred_calls_fit_one_request(site: Site) -> None:
    answer = site.many({str(i): ["Contact", "get", {"select": ["id"], "limit": 1}] for i in range(100)})
    assert len(answer.body) == 100


def test_s15_a_wrong_path_is_404(site: Site) -> None:
    answer = site.send("/nonesuch/path", {"params": json.dumps({})}, site.headers("setup"))
    assert (answer.status, answer.body.strip()) == (404, "Path not found")
