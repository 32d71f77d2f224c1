"""Set-up of a site that an older version set up, and that its staff have worked with since."""

import pytest

from tests.flows.conftest import Connector, Site


def options(site: Site, group: str, name: str) -> list[dict[str, str]]:
    where = [["custom_group_id.name", "=", group], ["name", "=", name]]
    (field,) = site.api("CustomField", "get", select=["option_group_id"], where=where)
    where = [["option_group_id", "=", field["option_group_id"]]]
    return site.api("OptionValue", "get", select=["value", "label", "option_group_id"], where=where)


def test_choices_that_a_field_lacks_are_added_and_the_others_stay_as_staff_call_them(
    bare: Site, connector: Connector
) -> None:
    before = options(bare, "Solidarity_Roster", "Kind")
    own = [["option_group_id", "=", before[0]["option_group_id"]]]
    bare.api("OptionValue", "update", where=[*own, ["value", "=", "members"]], values={"label": "Our members"})
    bare.api("OptionValue", "delete", where=[*own, ["value", "IN", ["pledges", "members_by_email"]]])

    told = connector.run("setup", "plan", code=3)
    assert '{"members_by_email": "Members without numbers", "pledges": "Pledges"}' in told
    connector.run("setup", "apply")
    labels = {one["value"]: one["label"] for one in options(bare, "Solidarity_Roster", "Kind")}
    wanted = {one["value"]: one["label"] for one in before}
    assert labels == {**wanted, "members": "Our members"}
    assert "Nothing to do" in connector.run("setup", "plan")


def test_a_choice_that_staff_switched_off_stays_off(bare: Site, connector: Connector) -> None:
    own = [["option_group_id", "=", options(bare, "Solidarity_Roster", "Kind")[0]["option_group_id"]]]
    bare.api("OptionValue", "update", where=[*own, ["value", "=", "pledges"]], values={"is_active": False})
    assert "Nothing to do" in connector.run("setup", "plan")


def test_a_field_that_an_older_version_did_not_make_is_made(bare: Site, connector: Connector) -> None:
    where = [["custom_group_id.name", "=", "Solidarity_Problem"], ["name", "=", "Decision"]]
    bare.api("CustomField", "delete", where=where)
    assert "Solidarity_Problem.Decision" in connector.run("setup", "plan", code=3)
    connector.run("setup", "apply")
    assert "Nothing to do" in connector.run("setup", "plan")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"is_active": False}, "is off: no alert would go out"),
        ({"run_frequency": "Hourly"}, "runs hourly: alerts would wait"),
        ({"last_run": "2020-01-01 00:00:00"}, "has not run for 15 minutes"),
    ],
)
def test_doctor_looks_whether_civicrm_sends_its_mailings(
    bare: Site, connector: Connector, values: dict[str, object], said: str
) -> None:
    assert "sends its mailings by itself" in connector.run("doctor")
    bare.api("Job", "update", where=[["api_action", "=", "process_mailing"]], values=values)
    assert said in connector.run("doctor", code=5)
