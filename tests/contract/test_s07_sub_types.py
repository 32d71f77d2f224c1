"""FACTS §4 and §7: sub types of organizations and custom fields that belong to one, as the runtime role uses them."""

import pytest

from .wire import Site


@pytest.fixture(scope="module")
def made(site: Site) -> dict[str, str]:
    """Two sub types and a custom group on the first, with a field of choices."""
    name, other = (site.unique("chapter").replace("-", "_") for _ in range(2))
    for each in (name, other):
        site.save("ContactType", {"name": each, "label": each, "parent_id:name": "Organization"}, match=["name"])
    group = site.unique("Sub").replace("-", "_")
    extends = {"extends": "Organization", "extends_entity_column_value:name": [name]}
    site.save("CustomGroup", {"name": group, "title": group, **extends}, match=["name"])
    options = [
        {"id": "active", "name": "Active_one", "label": "Active"},
        {"id": "gone", "name": "Gone", "label": "Gone"},
    ]
    field = {"name": "State", "label": "State", "html_type": "Select", "data_type": "String", "option_values": options}
    for _ in range(2):
        site.save("CustomField", {"custom_group_id.name": group, **field}, match=["name", "custom_group_id"])
    return {"sub_type": name, "other": other, "group": group, "state": f"{group}.State"}


def test_s7_a_custom_group_belongs_to_a_sub_type(site: Site, made: dict[str, str]) -> None:
    shown = site.get(
        "CustomGroup",
        [["name", "=", made["group"]]],
        "extends",
        "extends_entity_column_value",
        "extends_entity_column_id",
    )[0]
    assert (shown["extends"], shown["extends_entity_column_value"]) == ("Organization", [made["sub_type"]])
    assert shown["extends_entity_column_id"] is None


def test_s7_an_unknown_sub_type_leaves_the_group_to_all(site: Site) -> None:
    name = site.unique("Sub").replace("-", "_")
    record = {"name": name, "title": name, "extends": "Organization", "extends_entity_column_value:name": ["Nonesuch"]}
    site.save("CustomGroup", record)
    assert not site.get("CustomGroup", [["name", "=", name]], "extends_entity_column_value")[0][
        "extends_entity_column_value"
    ]


def test_s7_the_runtime_role_writes_and_finds_choices_by_name(site: Site, made: dict[str, str], runtime: str) -> None:
    state = made["state"]
    record = {"organization_name": site.unique("Ch"), "external_identifier": site.unique("o")}
    chapter = site.save(
        "Organization", {**record, "contact_sub_type": [made["sub_type"]], f"{state}:name": "Active_one"}, who=runtime
    )[0]["id"]
    assert site.get("Organization", [["id", "=", chapter]], state, f"{state}:name", f"{state}:label", who=runtime) == [
        {"id": chapter, state: "active", f"{state}:name": "Active_one", f"{state}:label": "Active"}
    ]
    found = site.get("Organization", [[f"{state}:name", "=", "Active_one"], ["id", "=", chapter]], "id", who=runtime)
    assert found == [{"id": chapter}]


def test_s7_fields_of_another_sub_type_are_accepted(site: Site, made: dict[str, str], runtime: str) -> None:
    chapter = site.organization()
    site.save("Organization", {"id": chapter, made["state"]: "gone"}, who=runtime)
    assert site.contact(chapter, made["state"])[made["state"]] == "gone"


def test_s4_sub_types_are_replaced_as_a_whole_by_the_runtime_role(
    site: Site, made: dict[str, str], runtime: str
) -> None:
    chapter, both = site.organization(), [made["sub_type"], made["other"]]
    for sent, held in ((both, both), (made["other"], both[1:]), ([both[0]], both[:1]), (None, None)):
        site.save("Organization", {"id": chapter, "contact_sub_type": sent}, who=runtime)
        assert site.contact(chapter, "contact_sub_type")["contact_sub_type"] == held


def test_s4_an_unknown_sub_type_is_refused_but_by_name_it_empties(site: Site, made: dict[str, str]) -> None:
    chapter = site.organization(contact_sub_type=[made["sub_type"]])
    answer = site.call("Organization", "save", {"records": [{"id": chapter, "contact_sub_type": ["Nonesuch"]}]})
    assert answer.error == "The Contact Sub Type does not match the Contact type for this record"
    assert site.contact(chapter, "contact_sub_type")["contact_sub_type"] == [made["sub_type"]]
    site.save("Organization", {"id": chapter, "contact_sub_type:name": ["Nonesuch"]})
    assert site.contact(chapter, "contact_sub_type")["contact_sub_type"] is None


@pytest.mark.parametrize("operator", ["=", "CONTAINS", "IN"])
def test_s4_organizations_are_found_by_sub_type(site: Site, made: dict[str, str], runtime: str, operator: str) -> None:
    chapter = site.organization(contact_sub_type=[made["sub_type"]])
    value = [made["sub_type"]] if operator == "IN" else made["sub_type"]
    found = site.get("Organization", [["contact_sub_type", operator, value], ["id", "=", chapter]], "id", who=runtime)
    assert found == [{"id": chapter}]
