"""FACTS §17: who made a decision. The source of an activity can be forged by staff; the submission of a form cannot."""

from typing import Any

import pytest

from .desk import Desk
from .wire import Site


def contact_of(site: Site, who: str) -> int:
    return int(site.get("Contact", [["id", "=", "user_contact_id"]], "id", who=who)[0]["id"])


def decided(site: Site, desk: Desk, **values: Any) -> int:
    sent = {f"{desk.decision}.About": 7, f"{desk.decision}.Verdict": "apply", **values}
    return int(desk.submit(desk.decide, sent).values[0]["Activity1"][0]["id"])


def submissions(site: Site, desk: Desk, who: str) -> list[dict[str, Any]]:
    where = [["afform_name", "=", desk.decide], ["status_id:name", "=", "Processed"]]
    return site.get("AfformSubmission", where, "contact_id", "data", "submission_date", who=who)


def test_s17_the_form_names_the_person_logged_in_whatever_was_submitted(site: Site, desk: Desk, staff: str) -> None:
    made = decided(site, desk, source_contact_id=contact_of(site, "setup"))
    assert desk.activity(made, "source_contact_id", who="setup")["source_contact_id"] == contact_of(site, staff)


def test_s17_but_staff_can_make_an_activity_of_somebody_else_over_the_api(site: Site, desk: Desk, staff: str) -> None:
    """So a source alone proves nothing."""
    other = contact_of(site, "setup")
    values = {"activity_type_id:name": desk.decision, "source_contact_id": other, f"{desk.decision}.Verdict": "apply"}
    made = site.call("Activity", "create", {"values": values}, staff).values[0]["id"]
    held = desk.activity(made, "source_contact_id", f"{desk.decision}.Verdict", who="setup")
    assert (held["source_contact_id"], held[f"{desk.decision}.Verdict"]) == (other, "apply")


def test_s17_a_submission_names_the_activity_and_the_person_logged_in(
    site: Site, desk: Desk, staff: str, runtime: str, granted: Any
) -> None:
    made = decided(site, desk, source_contact_id=contact_of(site, "setup"))
    with granted("manage own afform"):
        rows = submissions(site, desk, runtime)
    (row,) = [row for row in rows if row["data"]["Activity1"][0].get("id") == made]
    assert row["contact_id"] == contact_of(site, staff)
    assert row["data"]["Activity1"][0]["fields"][f"{desk.decision}.Verdict"] == "apply"


@pytest.mark.parametrize("action", ["get", "create"])
def test_s17_staff_neither_read_nor_forge_submissions(site: Site, desk: Desk, staff: str, action: str) -> None:
    values = {"afform_name": desk.decide, "contact_id": 1, "data": {}, "status_id:name": "Processed"}
    answer = site.call("AfformSubmission", action, {"values": values} if action == "create" else {}, staff)
    assert answer.status == 403


def test_s17_without_manage_own_afform_the_runtime_role_reads_no_submissions(
    site: Site, desk: Desk, runtime: str, without: Any
) -> None:
    with without("manage own afform"):
        answer = site.call("AfformSubmission", "get", {}, runtime)
    assert (answer.status, answer.error) == (403, "Authorization failed: CiviCRM APIv4 (AfformSubmission::get)")


def test_s17_that_permission_does_not_let_the_runtime_role_change_the_forms(
    site: Site, desk: Desk, runtime: str, granted: Any
) -> None:
    with granted("manage own afform"):
        record = {"name": desk.decide, "title": "Mine"}
        answer = site.call("Afform", "save", {"records": [record], "match": ["name"]}, runtime)
    assert (answer.status, answer.error) == (403, "ACL check failed")


def test_s17_staff_cannot_change_the_source_of_an_activity(site: Site, desk: Desk, staff: str) -> None:
    made = decided(site, desk)
    update = {"where": [["id", "=", made]], "values": {"source_contact_id": contact_of(site, "setup")}}
    assert site.call("Activity", "update", update, staff).status == 403


def test_s17_staff_can_change_what_a_decision_says_afterwards(site: Site, desk: Desk, staff: str) -> None:
    """Read the verdict from the submission, which stays as it was."""
    made = decided(site, desk)
    update = {"where": [["id", "=", made]], "values": {f"{desk.decision}.Verdict": "refuse"}}
    assert site.call("Activity", "update", update, staff).values
    (row,) = [row for row in submissions(site, desk, "setup") if row["data"]["Activity1"][0].get("id") == made]
    assert row["data"]["Activity1"][0]["fields"][f"{desk.decision}.Verdict"] == "apply"
