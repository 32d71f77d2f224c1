"""FACTS §5: who may rename, close and move a group."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from .wire import Site


def changes(site: Site) -> list[dict[str, Any]]:
    return [{"title": site.unique("new")}, {"is_active": False}, {"description": "x"}, {"parents": [site.group()]}]


def own_group(site: Site, who: str) -> int:
    name = site.unique("own")
    return int(site.save("Group", {"name": name, "title": name, "group_type:name": ["Mailing List"]}, who=who)[0]["id"])


def test_s5_the_runtime_role_changes_no_group_not_even_its_own(site: Site, runtime: str) -> None:
    for group in (site.group(), own_group(site, runtime)):
        for values in changes(site):
            answer = site.call("Group", "update", {"where": [["id", "=", group]], "values": values}, who=runtime)
            assert (answer.status, answer.error) == (403, "Authorization failed: CiviCRM APIv4 (Group::update)")
        answer = site.call("Group", "save", {"records": [{"id": group, "is_active": False}]}, who=runtime)
        assert (answer.status, answer.error) == (403, "ACL check failed")
        asked = {"action": "update", "values": {"id": group}}
        assert site.call("Group", "checkAccess", asked, who=runtime).values == [{"access": False, "id": None}]


def test_s5_edit_groups_is_enough_to_rename_close_and_move(
    site: Site, runtime: str, granted: Callable[[str], AbstractContextManager[None]]
) -> None:
    groups = [site.group(), site.group(**{"group_type:name": []}), own_group(site, runtime)]
    with granted("edit groups"):
        for group in groups:
            for values in changes(site):
                assert site.call(
                    "Group", "update", {"where": [["id", "=", group]], "values": values}, who=runtime
                ).values
                ((name, value),) = values.items()
                expected = list(map(str, value)) if name == "parents" else value
                assert site.get("Group", [["id", "=", group]], name) == [{"id": group, name: expected}]
            site.save("Group", {"id": group, "is_active": True}, who=runtime)
        made = site.save("Group", {"title": site.unique("plain")}, who=runtime)[0]["id"]
        assert site.call("Group", "delete", {"where": [["id", "=", made]]}, who=runtime).values == [{"id": str(made)}]


@pytest.mark.parametrize("permission", ["administer CiviCRM data", "administer search_kit", "administer CiviCampaign"])
def test_s5_other_permissions_do_not_help(
    site: Site, runtime: str, granted: Callable[[str], AbstractContextManager[None]], permission: str
) -> None:
    group = site.group()
    with granted(permission):
        answer = site.call(
            "Group", "update", {"where": [["id", "=", group]], "values": {"is_active": False}}, who=runtime
        )
        assert answer.status == 403


def test_s5_a_closed_group_keeps_its_members_and_still_answers(site: Site) -> None:
    group, person = site.group(), site.person()
    site.save("GroupContact", {"group_id": group, "contact_id": person})
    site.save("Group", {"id": group, "is_active": False})
    assert [row["contact_id"] for row in site.get("GroupContact", [["group_id", "=", group]], "contact_id")] == [person]
    assert site.get("Contact", [["groups", "IN", [group]]], "id") == [{"id": person}]


def test_s5_a_renamed_group_keeps_its_name_and_frontend_title(site: Site) -> None:
    group, title = site.group(), site.unique("new")
    before = site.get("Group", [["id", "=", group]], "name", "frontend_title")[0]
    site.save("Group", {"id": group, "title": title})
    assert site.get("Group", [["id", "=", group]], "name", "frontend_title", "title")[0] == {**before, "title": title}
