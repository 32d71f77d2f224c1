"""FACTS §5: groups and their tree."""

from .wire import Site

EXISTS = "DB Error: already exists"


def test_s5_a_group_is_saved_once_by_name(site: Site) -> None:
    name = site.unique("g")
    record = {"name": name, "title": name, "group_type:name": ["Mailing List"]}
    first, second = (site.save("Group", record, match=["name"])[0]["id"] for _ in range(2))
    assert first == second
    assert site.get("Group", [["id", "=", first]], "group_type:name", "visibility", "parents") == [
        {"id": first, "group_type:name": ["Mailing List"], "visibility": "User and User Admin Only", "parents": None}
    ]


def test_s5_parents_and_children_are_ids_as_text(site: Site) -> None:
    parent = site.group()
    child = site.group(parents=[parent])
    assert site.get("Group", [["id", "=", child]], "parents")[0]["parents"] == [str(parent)]
    assert site.get("Group", [["id", "=", parent]], "children")[0]["children"] == [str(child)]
    assert len(site.get("GroupNesting", [["child_group_id", "=", child], ["parent_group_id", "=", parent]], "id")) == 1


def test_s5_parents_are_kept_when_not_sent(site: Site) -> None:
    parent = site.group()
    child = site.group(parents=[parent])
    site.save("Group", {"id": child, "description": "x"})
    assert site.get("Group", [["id", "=", child]], "parents")[0]["parents"] == [str(parent)]


def test_s5_name_and_title_are_each_unique(site: Site) -> None:
    name = site.unique("g")
    site.save("Group", {"name": name, "title": name})
    assert site.call("Group", "create", {"values": {"name": name, "title": name + "x"}}).error == EXISTS
    assert site.call("Group", "create", {"values": {"name": name + "x", "title": name}}).error == EXISTS


def test_s5_a_name_is_made_from_the_title_without_its_last_four_letters(site: Site) -> None:
    title = f"{site.run} Only: ü title"
    made = site.save("Group", {"title": title}, reload=["id", "name", "frontend_title"])[0]
    assert made == {"id": made["id"], "name": f"{site.run}_Only_t_{made['id']}", "frontend_title": title}


def test_s5_an_unknown_group_type_is_dropped(site: Site) -> None:
    made = site.group(**{"group_type:name": ["Nonesuch"]})
    assert not site.get("Group", [["id", "=", made]], "group_type")[0]["group_type"]


def test_s5_groups_in_finds_members_of_child_groups(site: Site) -> None:
    parent = site.group()
    child = site.group(parents=[parent])
    made = site.person()
    site.save("GroupContact", {"group_id": child, "contact_id": made, "status": "Added"})
    mine = ["id", "=", made]
    assert site.get("Contact", [["groups", "IN", [parent]], mine], "id") == [{"id": made}]
    assert site.get("Contact", [["groups", "IN", [child]], mine], "id") == [{"id": made}]
    name = site.get("Group", [["id", "=", child]], "name")[0]["name"]
    assert site.get("Contact", [["groups:name", "IN", [name]], mine], "id") == [{"id": made}]


def test_s5_only_added_members_count(site: Site) -> None:
    group, made = site.group(), site.person()
    site.save("GroupContact", {"group_id": group, "contact_id": made, "status": "Removed"})
    assert site.get("Contact", [["groups", "IN", [group]], ["id", "=", made]], "id") == []


def test_s5_a_deleted_group_takes_its_memberships_along(site: Site) -> None:
    group, made = site.group(), site.person()
    site.save("GroupContact", {"group_id": group, "contact_id": made})
    site.call("Group", "delete", {"where": [["id", "=", group]]})
    assert site.get("GroupContact", [["contact_id", "=", made]], "id") == []
