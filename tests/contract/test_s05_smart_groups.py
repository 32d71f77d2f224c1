"""FACTS §5 and §17: saved searches and the groups that are made of them."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from .pledging import PAST, pledge
from .wire import Site

PLEDGES = ["Pledge AS pledge", "INNER", ["id", "=", "pledge.contact_id"]]
Granted = Callable[[str], AbstractContextManager[None]]


def search(site: Site, entity: str, where: list[Any], **params: Any) -> int:
    name = site.unique("search")
    wanted = {"version": 4, "select": ["id"], "where": where, **params}
    record = {"name": name, "label": name, "api_entity": entity, "api_params": wanted}
    return int(site.save("SavedSearch", record, match=["name"])[0]["id"])


def members(site: Site, group: int, who: str = "setup") -> list[int]:
    rows = site.get("Contact", [["groups", "IN", [group]]], "id", who=who, orderBy={"id": "ASC"})
    return [row["id"] for row in rows]


def refresh(site: Site, group: int, who: str = "setup") -> None:
    assert site.call("Group", "refresh", {"where": [["id", "=", group]]}, who).values == [{"id": group}]


def put(site: Site, group: int, contact: int, status: str) -> None:
    record = {"group_id": group, "contact_id": contact, "status": status}
    site.save("GroupContact", record, match=["group_id", "contact_id"])


@pytest.fixture
def named(site: Site) -> dict[str, Any]:
    """A smart group of everybody with a certain job title, and two of them."""
    title = site.unique("job")
    people = [site.person(job_title=title) for _ in range(2)]
    saved = search(site, "Contact", [["job_title", "=", title]])
    return {"title": title, "people": people, "search": saved, "group": site.group(saved_search_id=saved)}


def test_s5_a_search_is_saved_once_by_name(site: Site) -> None:
    name = site.unique("search")
    record = {"name": name, "label": name, "api_entity": "Contact", "api_params": {"version": 4, "select": ["id"]}}
    first, second = (site.save("SavedSearch", record, match=["name"])[0]["id"] for _ in range(2))
    assert first == second
    held = site.get("SavedSearch", [["id", "=", first]], "name", "api_entity", "api_params")
    assert held == [{"id": first, **{k: record[k] for k in ("name", "api_entity", "api_params")}}]
    assert site.call("SavedSearch", "create", {"values": record}).error == "DB Error: already exists"


def test_s5_the_members_of_a_smart_group_have_no_rows(site: Site, named: dict[str, Any], runtime: str) -> None:
    assert members(site, named["group"], who=runtime) == named["people"]
    assert site.get("GroupContact", [["group_id", "=", named["group"]]], "id") == []


def test_s5_members_are_remembered_until_the_group_is_refreshed(
    site: Site, named: dict[str, Any], runtime: str
) -> None:
    assert members(site, named["group"]) == named["people"]
    third = site.person(job_title=named["title"])
    assert members(site, named["group"]) == named["people"]
    refresh(site, named["group"], who=runtime)
    assert members(site, named["group"]) == [*named["people"], third]


def test_s5_saving_the_group_forgets_but_saving_the_search_does_not(site: Site, named: dict[str, Any]) -> None:
    assert members(site, named["group"]) == named["people"]
    nobody = {"version": 4, "select": ["id"], "where": [["job_title", "=", site.unique()]]}
    site.save("SavedSearch", {"id": named["search"], "api_params": nobody})
    assert members(site, named["group"]) == named["people"]
    site.save("Group", {"id": named["group"], "description": "x"})
    assert members(site, named["group"]) == []


def test_s5_removed_by_hand_shows_after_a_refresh_and_added_at_once(site: Site, named: dict[str, Any]) -> None:
    first, second = named["people"]
    outside = site.person()
    assert members(site, named["group"]) == [first, second]
    put(site, named["group"], first, "Removed")
    put(site, named["group"], outside, "Added")
    assert members(site, named["group"]) == [first, second, outside]
    refresh(site, named["group"])
    assert members(site, named["group"]) == [second, outside]
    put(site, named["group"], first, "Added")
    assert members(site, named["group"]) == [first, second, outside]


def test_s5_not_in_a_smart_group(site: Site, named: dict[str, Any]) -> None:
    other = site.person(job_title=named["title"])
    refresh(site, named["group"])
    put(site, named["group"], other, "Removed")
    refresh(site, named["group"])
    rows = site.get("Contact", [["groups", "NOT IN", [named["group"]]], ["job_title", "=", named["title"]]], "id")
    assert rows == [{"id": other}]


def test_s5_a_smart_child_counts_for_its_parent(site: Site, named: dict[str, Any]) -> None:
    parent = site.group()
    site.save("Group", {"id": named["group"], "parents": [parent]})
    assert members(site, parent) == named["people"]


def test_s5_the_trash_is_not_in_the_answer(site: Site, named: dict[str, Any]) -> None:
    assert members(site, named["group"]) == named["people"]
    site.call("Contact", "delete", {"where": [["id", "=", named["people"][0]]]})
    assert members(site, named["group"]) == named["people"][1:]


def test_s5_a_deleted_search_takes_its_groups_along(site: Site, named: dict[str, Any]) -> None:
    answer = site.call("SavedSearch", "delete", {"where": [["id", "=", named["search"]]]})
    assert answer.values == [{"id": str(named["search"])}]
    assert site.get("Group", [["id", "=", named["group"]]], "id") == []


def test_s5_a_deleted_group_leaves_its_search(site: Site, named: dict[str, Any]) -> None:
    site.call("Group", "delete", {"where": [["id", "=", named["group"]]]})
    assert site.get("SavedSearch", [["id", "=", named["search"]]], "id") == [{"id": named["search"]}]


def test_s5_a_bad_search_is_saved_and_fails_when_read(site: Site) -> None:
    group = site.group(saved_search_id=search(site, "Contact", [["nonesuch", "=", 1]]))
    for entity, action, where in (
        ("Contact", "get", ["groups", "IN", [group]]),
        ("Group", "refresh", ["id", "=", group]),
    ):
        assert site.call(entity, action, {"where": [where]}).error == "Invalid field 'nonesuch'"


def test_s5_refresh_wants_a_where(site: Site) -> None:
    assert site.call("Group", "refresh", {}).error == 'Parameter "where" is required.'
    assert site.call("Group", "refresh", {"where": [["id", "=", 99999999]]}).values == []
    answer = site.call("Group", "refresh", {"where": [["id", "=", 99999999]], "select": ["id"]})
    assert answer.error == "Unknown api parameter: select"


def test_s5_a_group_of_an_unknown_search_is_a_constraint_violation(site: Site) -> None:
    values = {"name": site.unique("g"), "title": site.unique("g"), "saved_search_id": 99999999}
    assert site.call("Group", "create", {"values": values}).error == "DB Error: constraint violation"


def test_s17_a_group_of_those_with_overdue_pledges(site: Site) -> None:
    late, early, both = (site.person() for _ in range(3))
    mine = ["id", "IN", [late, early, both]]
    for person, start in ((late, PAST), (late, PAST), (early, "2090-01-01"), (both, PAST), (both, "2090-01-01")):
        pledge(site, contact_id=person, start_date=start)
    overdue = ["pledge.status_id:name", "IN", ["Overdue"]]
    group = site.group(saved_search_id=search(site, "Contact", [overdue, mine], join=[PLEDGES]))
    assert members(site, group) == [late, both]
    others = ["pledge.status_id:name", "IN", ["Pending", "In Progress", "Completed"]]
    group = site.group(saved_search_id=search(site, "Individual", [others, mine], join=[PLEDGES]))
    assert members(site, group) == [early, both]


def test_s17_a_join_answers_a_contact_once_for_each_pledge(site: Site) -> None:
    person = site.person()
    for _ in range(2):
        pledge(site, contact_id=person)
    assert site.get("Contact", [["id", "=", person]], "id", join=[PLEDGES]) == [{"id": person}] * 2


def test_s17_a_paid_pledge_leaves_the_group_after_a_refresh(site: Site) -> None:
    made = pledge(site, start_date=PAST, contact_id=(person := site.person()))
    where = [["pledge.status_id:name", "IN", ["Overdue"]], ["id", "=", person]]
    group = site.group(saved_search_id=search(site, "Contact", where, join=[PLEDGES]))
    assert members(site, group) == [person]
    site.call("Pledge", "cancel", {"where": [["id", "=", made]]})
    assert members(site, group) == [person]
    refresh(site, group)
    assert members(site, group) == []


def test_s17_another_language_means_not_that_one_and_not_none(site: Site) -> None:
    english, arabic, unknown = (site.person(preferred_language=tongue) for tongue in ("en_US", "ar_EG", "en_US"))
    site.save("Individual", {"id": unknown, "preferred_language": None})
    where = [["preferred_language", "!=", "ar_EG"], ["id", "IN", [english, arabic, unknown]]]
    assert members(site, site.group(saved_search_id=search(site, "Contact", where))) == [english]


def test_s17_the_runtime_role_makes_smart_groups_but_not_their_searches(
    site: Site, named: dict[str, Any], runtime: str, granted: Granted
) -> None:
    name = site.unique("smart")
    record = {"name": name, "title": name, "group_type:name": ["Mailing List"], "saved_search_id": named["search"]}
    made = site.save("Group", record, who=runtime)[0]["id"]
    assert members(site, made, who=runtime) == named["people"]
    assert site.get("SavedSearch", [["id", "=", named["search"]]], "id", who=runtime) == [{"id": named["search"]}]
    answer = site.call("SavedSearch", "create", {"values": {"name": site.unique()}}, who=runtime)
    assert (answer.status, answer.error) == (403, "Authorization failed: CiviCRM APIv4 (SavedSearch::create)")
    with granted("administer search_kit"):
        assert site.save("SavedSearch", {"name": site.unique(), "api_entity": "Contact"}, who=runtime)
