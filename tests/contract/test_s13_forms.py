"""FACTS §13: what a limited staff user's form makes, and what it does not: the form decides, not what was submitted."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from .desk import Desk, log_in
from .wire import AJAX, Site

StaffWithout = Callable[[str], AbstractContextManager[None]]


def test_s13_staff_log_in_with_a_password(site: Site, desk: Desk, staff: str) -> None:
    (me,) = site.get("Contact", [["id", "=", "user_contact_id"]], "id", who=staff)
    assert me["id"] not in (0, None)


def test_s13_a_wrong_password_is_http_200_and_nobody(site: Site) -> None:
    kept = site.cookies.get("staff", "")
    answer = log_in(site, "nobody", "wrong")
    site.cookies["staff"] = kept
    assert answer.values == {"publicError": "Invalid credentials"}


def test_s13_a_session_needs_the_ajax_header(site: Site, staff: str) -> None:
    headers = {name: value for name, value in site.headers(staff).items() if name not in AJAX}
    answer = site.send("/civicrm/ajax/api4/Contact/get", {"params": "{}"}, headers)
    assert (answer.status, answer.error[:14]) == (400, "SECURITY ALERT")


def test_s13_a_form_makes_an_activity_of_its_type_by_the_person_logged_in(site: Site, desk: Desk, staff: str) -> None:
    me = site.get("Contact", [["id", "=", "user_contact_id"]], "id", who=staff)[0]["id"]
    answer = desk.submit(desk.hand_in, {f"{desk.roster}.Kind": "members", f"{desk.roster}.Scope": "COR06"})
    (done,) = answer.values
    assert (set(done), done["redirect"]) == ({"Activity1", "token", "redirect"}, f"/{desk.route('rosters')}")
    select = ("activity_type_id:name", "source_contact_id", "status_id:name", "subject", f"{desk.roster}.*")
    held = desk.activity(done["Activity1"][0]["id"], *select)
    assert (held["activity_type_id:name"], held["source_contact_id"]) == (desk.roster, me)
    assert (held["status_id:name"], held["subject"]) == ("Completed", None)
    values = {name.partition(".")[2]: value for name, value in held.items() if name.startswith(f"{desk.roster}.")}
    assert values == {"Kind": "members", "Scope": "COR06", "File": None, "State": "new", "Ask": None}


def test_s13_what_is_not_on_the_form_is_dropped(site: Site, desk: Desk, staff: str) -> None:
    forged = {
        "source_contact_id": 1,
        "activity_type_id": 1,
        "subject": "forged",
        "status_id": 1,
        f"{desk.roster}.State": "planned",
        f"{desk.roster}.Ask": 1,
    }
    (done,) = desk.submit(desk.hand_in, {f"{desk.roster}.Kind": "members", **forged}).values
    held = desk.activity(
        done["Activity1"][0]["id"],
        "activity_type_id:name",
        "source_contact_id",
        "subject",
        f"{desk.roster}.State",
        f"{desk.roster}.Ask",
    )
    me = site.get("Contact", [["id", "=", "user_contact_id"]], "id", who=staff)[0]["id"]
    assert (held["activity_type_id:name"], held["source_contact_id"], held["subject"]) == (desk.roster, me, None)
    assert (held[f"{desk.roster}.State"], held[f"{desk.roster}.Ask"]) == ("new", None)


@pytest.mark.parametrize("way", ["fields", "args"])
def test_s13_a_form_that_only_creates_changes_no_activity(desk: Desk, staff: str, way: str) -> None:
    values = {f"{desk.decision}.About": 1, f"{desk.decision}.Verdict": "apply"}
    (done,) = desk.submit(desk.decide, values).values
    first = done["Activity1"][0]["id"]
    other = {f"{desk.decision}.About": 2, f"{desk.decision}.Verdict": "refuse"}
    again = (
        desk.submit(desk.decide, {"id": first, **other})
        if way == "fields"
        else desk.submit(desk.decide, other, args={"Activity1": first})
    )
    assert again.values[0]["Activity1"][0]["id"] != first
    assert desk.activity(first, f"{desk.decision}.About")[f"{desk.decision}.About"] == 1


def test_s13_missing_required_fields_are_named_to_everybody(desk: Desk, staff: str) -> None:
    answer = desk.submit(desk.decide, {f"{desk.decision}.Number": 3})
    assert (answer.status, answer.error) == (
        500,
        f"{desk.decision}: The about is a required field.\nYour verdict is a required field.",
    )


def test_s13_a_choice_that_does_not_exist_is_stored_as_sent(desk: Desk, staff: str) -> None:
    values = {f"{desk.decision}.About": "12", f"{desk.decision}.Verdict": "nonesuch"}
    (done,) = desk.submit(desk.decide, values).values
    held = desk.activity(done["Activity1"][0]["id"], f"{desk.decision}.About", f"{desk.decision}.Verdict")
    assert (held[f"{desk.decision}.About"], held[f"{desk.decision}.Verdict"]) == (12, "nonesuch")


def test_s13_a_word_for_a_number_leaves_an_activity_without_its_fields_and_says_200(
    site: Site, desk: Desk, staff: str
) -> None:
    of_type = [["activity_type_id:name", "=", desk.decision]]
    before = {row["id"] for row in site.get("Activity", of_type, "id")}
    values = {f"{desk.decision}.About": "seven", f"{desk.decision}.Verdict": "apply"}
    assert desk.submit(desk.decide, values).values[0]["Activity1"] == []
    (left,) = [row for row in site.get("Activity", of_type, f"{desk.decision}.*") if row["id"] not in before]
    assert {value for name, value in left.items() if name != "id"} == {None}


def test_s13_two_rows_make_two_activities(site: Site, desk: Desk, staff: str) -> None:
    one = {"fields": {f"{desk.decision}.About": 1, f"{desk.decision}.Verdict": "apply"}}
    sent = {"name": desk.decide, "values": {"Activity1": [one, one]}}
    assert len(site.call("Afform", "submit", sent, staff).values[0]["Activity1"]) == 2


def test_s13_without_view_all_activities_a_form_stores_nothing_and_says_200(
    desk: Desk, staff: str, staff_without: StaffWithout
) -> None:
    with staff_without("view all activities"):
        answer = desk.submit(desk.hand_in, {f"{desk.roster}.Kind": "members"})
    assert (answer.status, answer.values[0]["Activity1"]) == (200, [])


def test_s13_without_access_all_custom_data_a_form_loses_all_that_was_typed(
    desk: Desk, staff: str, staff_without: StaffWithout
) -> None:
    with staff_without("access all custom data"):
        (done,) = desk.submit(desk.hand_in, {f"{desk.roster}.Kind": "members"}).values
    held = desk.activity(done["Activity1"][0]["id"], f"{desk.roster}.*")
    assert {value for name, value in held.items() if name != "id"} == {None}


def test_s13_without_the_form_s_permission_it_is_refused_and_says_so(
    desk: Desk, staff: str, staff_without: StaffWithout
) -> None:
    with staff_without("access CiviCRM"):
        answer = desk.submit(desk.hand_in, {f"{desk.roster}.Kind": "members"})
    assert (answer.status, answer.error) == (403, "You do not have permission to submit this form")


def test_s13_pages_are_not_shown_to_strangers(site: Site, desk: Desk) -> None:
    reply = site.http.get(f"{site.url}/{desk.route('hand-in')}", allow_redirects=False)
    assert reply.status_code == 403


def test_s13_pages_are_shown_to_staff(site: Site, desk: Desk, staff: str) -> None:
    for page in ("hand-in", "decide", "rosters"):
        reply = site.http.get(f"{site.url}/{desk.route(page)}", headers=site.headers(staff), allow_redirects=False)
        site.http.cookies.clear()
        assert (reply.status_code, reply.headers["content-type"].lower()) == (200, "text/html; charset=utf-8")
