"""FACTS §13: how the runtime role finds new activities, takes one, writes back into it, and what it may not change."""

from typing import Any

import pytest

from .desk import Desk
from .wire import Site


def new(site: Site, desk: Desk, **values: Any) -> int:
    """An activity of the connector's own; its id."""
    me = site.get("Contact", [["id", "=", "user_contact_id"]], "id", who="runtime")[0]["id"]
    made = {"activity_type_id:name": desk.roster, "source_contact_id": me, "subject": site.unique("act"), **values}
    return int(site.call("Activity", "create", {"values": made}, "runtime").values[0]["id"])


def test_s13_new_work_is_found_by_type_and_state(site: Site, desk: Desk, runtime: str) -> None:
    waiting, done = new(site, desk), new(site, desk, **{f"{desk.roster}.State": "planned"})
    where = [["activity_type_id:name", "=", desk.roster], [f"{desk.roster}.State", "=", "new"]]
    found = {row["id"] for row in site.get("Activity", where, "id", who=runtime)}
    assert waiting in found
    assert done not in found


def test_s13_an_activity_is_taken_once(site: Site, desk: Desk, runtime: str) -> None:
    made, state = new(site, desk), f"{desk.roster}.State"
    take = {"where": [["id", "=", made], [state, "=", "new"]], "values": {state: "planned"}, "reload": ["id", state]}
    assert site.call("Activity", "update", take, runtime).values == [{"id": made, state: "planned"}]
    assert site.call("Activity", "update", take, runtime).values == []


def test_s13_details_are_kept_as_sent_and_a_long_subject_is_cut(site: Site, desk: Desk, runtime: str) -> None:
    made, details = new(site, desk), "<h2>Plan</h2><table><tr><td>1 &lt; 2</td></tr></table>"
    values = {"details": details, "subject": "s" * 300, "status_id:name": "Scheduled"}
    site.call("Activity", "update", {"where": [["id", "=", made]], "values": values}, runtime)
    held = desk.activity(made, "details", "subject", "status_id:name")
    assert held == {"id": made, "details": details, "subject": "s" * 252 + "...", "status_id:name": "Scheduled"}


def test_s13_custom_fields_move_modified_date_only_after_the_triggers_are_rebuilt(
    site: Site, desk: Desk, runtime: str
) -> None:
    """As with contacts (§14); subject, details and the like move it at once."""
    group = f"{site.run}_Late"
    kind = {"extends": "Activity", "extends_entity_column_value:name": [desk.roster]}
    site.save("CustomGroup", {"name": group, "title": group, **kind})
    field = {"name": "Note", "label": "Note", "data_type": "String", "html_type": "Text"}
    site.save("CustomField", {"custom_group_id.name": group, **field})
    made = new(site, desk)
    assert not moves(site, desk, made, {f"{group}.Note": "one"})
    assert moves(site, desk, made, {"subject": "other"})
    site.call("System", "flush", {"triggers": True})
    assert moves(site, desk, made, {f"{group}.Note": "two"})


def moves(site: Site, desk: Desk, activity: int, values: dict[str, Any]) -> bool:
    """Whether the activity counts as modified by this change."""
    later = site.wait_a_second(desk.activity(activity, "modified_date")["modified_date"])
    site.call("Activity", "update", {"where": [["id", "=", activity]], "values": values}, "runtime")
    return bool(desk.activity(activity, "modified_date")["modified_date"] >= later)


def test_s13_an_unknown_state_is_stored_and_an_unknown_status_empties(site: Site, desk: Desk, runtime: str) -> None:
    made = new(site, desk)
    values = {f"{desk.roster}.State": "nonesuch", "status_id:name": "Nonesuch"}
    site.call("Activity", "update", {"where": [["id", "=", made]], "values": values}, runtime)
    held = desk.activity(made, f"{desk.roster}.State", "status_id")
    assert (held[f"{desk.roster}.State"], held["status_id"]) == ("nonesuch", None)


def test_s13_updating_an_activity_that_is_gone_looks_as_if_it_had_worked(site: Site, runtime: str) -> None:
    """By its id alone; with a second condition the answer is empty, as it should be."""
    gone = 999_999_999
    update = {"where": [["id", "=", gone]], "values": {"subject": "x"}}
    assert site.call("Activity", "update", update, runtime).values[0]["id"] == gone
    update["where"].append(["subject", "!=", "y"])
    assert site.call("Activity", "update", update, runtime).values == []


def test_s13_type_and_source_are_required(site: Site, desk: Desk, runtime: str) -> None:
    missing = "Mandatory values missing from Api4 Activity::create: "
    create = {"values": {"subject": "x"}}
    answer = site.call("Activity", "create", create, runtime)
    assert answer.error == f"{missing}activity_type_id, source_contact_id"
    create["values"] = {"activity_type_id:name": "Nonesuch", "source_contact_id": "user_contact_id"}
    assert site.call("Activity", "create", create, runtime).error == f"{missing}activity_type_id"


def test_s13_an_activity_has_one_source_and_lists_of_others(site: Site, desk: Desk, runtime: str) -> None:
    one, two = site.person(), site.person()
    made = new(site, desk, target_contact_id=[one, two], assignee_contact_id=[two])
    held = desk.activity(made, "source_contact_id", "target_contact_id", "assignee_contact_id")
    assert (held["target_contact_id"], held["assignee_contact_id"]) == ([one, two], [two])
    assert isinstance(held["source_contact_id"], int)
    assert desk.activity(new(site, desk), "target_contact_id")["target_contact_id"] is None


@pytest.mark.parametrize(("operator", "is_list"), [("=", False), ("IN", True), ("CONTAINS", False)])
def test_s13_activities_are_found_by_whom_they_are_about(
    site: Site, desk: Desk, runtime: str, operator: str, is_list: bool
) -> None:
    one, two = site.person(), site.person()
    both, other = new(site, desk, target_contact_id=[one, two]), new(site, desk, target_contact_id=[two])
    where = [["target_contact_id", operator, [one] if is_list else one], ["id", "IN", [both, other]]]
    assert site.get("Activity", where, "id", who=runtime) == [{"id": both}]


@pytest.mark.parametrize("name", ["source_contact_id", "target_contact_id", "assignee_contact_id"])
def test_s13_the_runtime_role_cannot_change_who_belongs_to_an_activity(
    site: Site, desk: Desk, runtime: str, name: str
) -> None:
    """Not even to the same: name contacts when the activity is made, and never again."""
    one = site.person()
    made = new(site, desk, target_contact_id=[one])
    who = one if name == "source_contact_id" else [one]
    answer = site.call("Activity", "update", {"where": [["id", "=", made]], "values": {name: who}}, runtime)
    assert (answer.status, answer.error) == (403, "Authorization failed: CiviCRM APIv4 (ActivityContact::delete)")
    update = {"where": [["id", "=", made]], "values": {"subject": "other"}}
    assert site.call("Activity", "update", update, runtime).values
    assert desk.activity(made, "target_contact_id")["target_contact_id"] == [one]


def test_s13_the_runtime_role_cannot_delete_activities(site: Site, desk: Desk, runtime: str) -> None:
    where = {"where": [["id", "=", new(site, desk)]]}
    answer = site.call("Activity", "delete", where, runtime)
    assert (answer.status, answer.error) == (403, "Authorization failed: CiviCRM APIv4 (Activity::delete)")
    assert site.call("Activity", "delete", where).values
    assert site.get("Activity", where["where"], "id") == []


def test_s13_without_access_all_custom_data_the_fields_are_as_if_not_there(
    site: Site, desk: Desk, runtime: str, without: Any
) -> None:
    made, kind = new(site, desk), f"{desk.roster}.State"
    with without("access all custom data"):
        assert desk.activity(made, kind) == {"id": made}
        answer = site.call("Activity", "get", {"where": [[kind, "=", "new"]]}, runtime)
    assert (answer.status, answer.error) == (500, f"Invalid field '{kind}'")


def test_s13_without_view_all_activities_they_are_read_but_not_written(
    site: Site, desk: Desk, runtime: str, without: Any
) -> None:
    made = new(site, desk)
    with without("view all activities"):
        assert site.get("Activity", [["id", "=", made]], "id", who=runtime) == [{"id": made}]
        update = {"where": [["id", "=", made]], "values": {"subject": "x"}}
        answer = site.call("Activity", "update", update, runtime)
    assert (answer.status, answer.error) == (403, "Authorization failed: CiviCRM APIv4 (Activity::update)")
