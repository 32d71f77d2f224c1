"""Set-up: what the file may say, and what becomes of what is missing, there, or otherwise than it has to be."""

import pytest

from connector.errors import UserError
from connector.plan import Action, Plan
from connector.settings import SHIPPED_MAPPINGS
from connector.setup import wanted
from connector.setup.run import decide
from connector.setup.wanted import Setup, Thing

FILE = """
network = "network"
[runtime_role]
permissions = ["access CiviCRM"]
[[custom_group]]
name = "Facts"
title = "Facts"
extends = "Individual"
[[custom_group.field]]
name = "Joined_On"
label = "Joined on"
data_type = "Date"
html_type = "Select Date"
[[group]]
name = "network"
title = "The network"
[[group]]
name = "friends"
title = "Friends"
parent = "network"
"""

FIELD = Thing("CustomField", "Facts.Joined_On", {"label": "Joined on", "data_type": "Date"})
FRIENDS = Thing("Group", "friends", {"title": "Friends", "parent": "network"})


def asked_for(*things: Thing) -> Setup:
    return Setup("network", things, frozenset())


def load(folder, text: str) -> Setup:
    path = folder / "setup.toml"
    path.write_text(text, encoding="utf-8")
    return wanted.load(path)


# --- deciding --------------------------------------------------------------------------------------------------------


def test_what_is_missing_is_made_with_all_its_values() -> None:
    (create,) = decide(asked_for(FIELD), {})
    assert (create.action, create.entity, create.key) == (Action.CREATE, "CustomField", "Facts.Joined_On")
    assert {one.field: one.after for one in create.fields} == {"label": "Joined on", "data_type": "Date"}


def test_what_is_there_as_it_has_to_be_is_left_alone() -> None:
    there = {("CustomField", "Facts.Joined_On"): {"id": 4, "data_type": "Date", "is_active": True}}
    assert list(decide(asked_for(FIELD), there)) == []


def test_titles_and_labels_belong_to_the_staff() -> None:
    there = {
        ("CustomField", "Facts.Joined_On"): {"id": 4, "data_type": "Date", "label": "With us since"},
        ("Group", "friends"): {"id": 5, "title": "Our friends", "parent": ["network"]},
    }
    assert list(decide(asked_for(FIELD, FRIENDS), there)) == []


def test_what_was_made_otherwise_is_put_to_a_person_and_not_changed() -> None:
    (ask,) = decide(asked_for(FIELD), {("CustomField", "Facts.Joined_On"): {"id": 4, "data_type": "String"}})
    assert (ask.action, ask.id) == (Action.ASK, 4)
    assert ask.reason == "its data_type is String and has to be Date; correct it in CiviCRM"


def test_what_is_switched_off_is_put_to_a_person() -> None:
    there = {("CustomField", "Facts.Joined_On"): {"id": 4, "data_type": "Date", "is_active": False}}
    (ask,) = decide(asked_for(FIELD), there)
    assert ask.action is Action.ASK
    assert "switched off" in ask.reason


@pytest.mark.parametrize("parents", [[], ["elsewhere"], None])
def test_a_group_in_the_wrong_place_is_hung_where_it_belongs(parents) -> None:
    (update,) = decide(asked_for(FRIENDS), {("Group", "friends"): {"id": 5, "parent": parents}})
    assert (update.action, update.id) == (Action.UPDATE, 5)
    assert [(one.field, one.after) for one in update.fields] == [("parent", "network")]


def test_a_group_may_hang_below_others_too() -> None:
    there = {("Group", "friends"): {"id": 5, "parent": ["another", "network"]}}
    assert list(decide(asked_for(FRIENDS), there)) == []


def test_an_empty_site_lacks_everything_in_the_shipped_file_and_a_second_look_finds_nothing() -> None:
    shipped = wanted.load(SHIPPED_MAPPINGS / "setup.toml")
    plan = Plan("setup", tuple(decide(shipped, {})))
    assert [change.key for change in plan.acting] == [thing.name for thing in shipped.things]
    made = {
        (thing.entity, thing.name): {**thing.values, "id": 1, "is_active": True, "parent": [thing.values.get("parent")]}
        if thing.entity == "Group"
        else {**thing.values, "id": 1, "is_active": True}
        for thing in shipped.things
    }
    assert list(decide(shipped, made)) == []


# --- the file --------------------------------------------------------------------------------------------------------


def test_things_stand_in_the_order_in_which_they_are_made(tmp_path) -> None:
    found = load(tmp_path, FILE)
    assert [(thing.entity, thing.name) for thing in found.things] == [
        ("CustomGroup", "Facts"),
        ("CustomField", "Facts.Joined_On"),
        ("Group", "network"),
        ("Group", "friends"),
    ]
    assert found.permissions == {"access CiviCRM"}


def test_the_runtime_role_of_the_shipped_file_administers_nothing() -> None:
    permissions = wanted.load(SHIPPED_MAPPINGS / "setup.toml").permissions
    assert not [permission for permission in permissions if permission.startswith("administer")]


@pytest.mark.parametrize(
    ("was", "mistake", "told"),
    [
        ('network = "network"', 'network = "netwrok"', "network: is no [[group]], did you mean 'network'?"),
        ('parent = "network"', 'parent = "netwrok"', "group: friends: the group 'netwrok' has to stand before it"),
        ('name = "Joined_On"', 'name = "Joined on"', "custom_group.0.field.0.name: letters, digits and _ only"),
        ('data_type = "Date"', 'data_type = "Day"', "custom_group.0.field.0.data_type: Must be one of: String, Int"),
        ('title = "Friends"', 'titel = "Friends"', "group.1.titel: there is no such word here, did you mean 'title'?"),
        ('extends = "Individual"', "", "custom_group.0.extends: Missing data for required field."),
        ("[runtime_role]", "[role]", "role: there is no such word here"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_place(tmp_path, was, mistake, told) -> None:
    assert was in FILE
    with pytest.raises(UserError) as refused:
        load(tmp_path, FILE.replace(was, mistake))
    assert any(problem.startswith(f"setup.toml  {told}") for problem in refused.value.problems), refused.value.problems


# --- choices ---------------------------------------------------------------------------------------------------------

STATE = Thing("CustomField", "Facts.State", {"label": "State", "options": {"open": "Open", "closed": "Closed"}})


def test_a_choice_that_a_field_lacks_is_added() -> None:
    there = {("CustomField", "Facts.State"): {"id": 4, "options": frozenset({"open", "their own"})}}
    (update,) = decide(asked_for(STATE), there)
    assert (update.action, update.id, update.reason) == (Action.UPDATE, 4, "it lacks choices")
    assert [(one.field, one.after) for one in update.fields] == [("options", '{"closed": "Closed"}')]


def test_choices_that_are_there_are_the_staffs() -> None:
    there = {("CustomField", "Facts.State"): {"id": 4, "options": frozenset({"open", "closed"})}}
    assert list(decide(asked_for(STATE), there)) == []
