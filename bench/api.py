"""CiviCRM as a plain script speaks to it: what the connector is compared with."""

import json
import time
from collections.abc import Mapping
from typing import Any

import requests

from bench.rosters import People

Row = dict[str, Any]


class Api:
    """One kept connection under one key."""

    def __init__(self, site: Mapping[str, str]) -> None:
        self._url = site["CIVICRM_URL"].rstrip("/") + "/civicrm/ajax/api4"
        self._http = requests.Session()
        self._http.headers["X-Civi-Auth"] = f"Bearer {site['CIVICRM_API_KEY']}"
        self._http.headers["X-Requested-With"] = "XMLHttpRequest"

    def call(self, entity: str, action: str, **params: Any) -> list[Row]:
        """Run one call and return its rows."""
        found: list[Row] = self._post(f"/{entity}/{action}", {"params": json.dumps(params)})["values"]
        return found

    def multi(self, calls: Mapping[str, Any]) -> dict[str, list[Row]]:
        """Run several calls in one request."""
        return {name: one["values"] for name, one in self._post("", {"calls": json.dumps(calls)}).items()}

    def _post(self, path: str, form: Mapping[str, str]) -> Any:
        answer = self._http.post(self._url + path, data=form, timeout=300)
        answer.raise_for_status()
        return answer.json()

    def chapters(self, people: People) -> dict[str, tuple[int, int]]:
        """Chapter code → its contact and its mailing group."""
        codes = people.chapters
        contacts = self.call("Contact", "get", where=[["external_identifier", "IN", codes]])
        groups = self.call("Group", "get", where=[["name", "IN", [f"chapter_{code}" for code in codes]]])
        group_ids = {row["name"].removeprefix("chapter_"): row["id"] for row in groups}
        return {row["external_identifier"]: (row["id"], group_ids[row["external_identifier"]]) for row in contacts}


def naive(site: Mapping[str, str], people: People) -> float:
    """Four calls for each member, as a first script would make them. Returns the seconds that they took."""
    api = Api(site)
    chapters = api.chapters(people)
    began = time.monotonic()
    for one in range(people.count):
        chapter, group = chapters[people.chapter(one)]
        found = api.call("Contact", "get", select=["id"], where=[["email_primary.email", "=", people.email(one)]])
        record = {**people.contact(one), **people.joined(one)}
        if found:
            (made,) = api.call("Contact", "update", where=[["id", "=", found[0]["id"]]], values=record)
        else:
            (made,) = api.call("Contact", "create", values={"contact_type": "Individual", **record})
        values: Row = {"contact_id": made["id"], "group_id": group, "status": "Added"}
        api.call("GroupContact", "create", values=values)
        values = {"contact_id_a": made["id"], "contact_id_b": chapter, "relationship_type_id:name": "Chapter_Member"}
        api.call("Relationship", "create", values=values)
    return time.monotonic() - began


def bare_read(site: Mapping[str, str], people: People) -> float:
    """One request for all that CiviCRM holds of these members. Returns the seconds, with the answer's JSON read."""
    api = Api(site)
    api.call("Contact", "get", select=["id"], limit=1)  # so that the connection is there
    theirs = f"{people.run}-%"
    groups = [["contact_id.external_identifier", "LIKE", theirs]]
    began = time.monotonic()
    found = api.multi(
        {
            "contacts": [
                "Contact",
                "get",
                {
                    # ids of countries: their names take CiviCRM longer than all the rest
                    "select": [name.partition(":")[0] for name in (*people.contact(0), *people.joined(0))],
                    "where": [["external_identifier", "LIKE", theirs]],
                },
            ],
            "places": ["GroupContact", "get", {"select": ["contact_id", "group_id", "status"], "where": groups}],
            "past": [
                "SubscriptionHistory",
                "get",
                {"select": ["contact_id", "group_id", "date"], "where": [*groups, ["status", "=", "Removed"]]},
            ],
            "ties": [
                "Relationship",
                "get",
                {
                    "select": ["contact_id_a", "contact_id_b", "relationship_type_id:name", "is_active"],
                    "where": [["contact_id_a.external_identifier", "LIKE", theirs]],
                },
            ],
        }
    )
    seconds = time.monotonic() - began
    assert [len(found[name]) for name in ("contacts", "places", "ties")] == [people.count] * 3
    return seconds
