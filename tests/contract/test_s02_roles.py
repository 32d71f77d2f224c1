"""FACTS §2: what the small role of the runtime key can do, and what each missing permission looks like."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from .wire import AJAX, Site

Without = Callable[[str], AbstractContextManager[None]]


def test_s2_errors_are_hidden_without_view_debug_output(site: Site, without: Without) -> None:
    key = site.unique()
    site.person(external_identifier=key)
    with without("view debug output"):
        answer = site.call("Individual", "create", {"values": {"external_identifier": key}}, "runtime")
        refused = site.call("Setting", "get", {"select": ["defaultCurrency"]}, "runtime")
    assert (answer.status, refused.status) == (500, 403)
    assert set(answer.body) == {"error_code", "error_message", "status"}
    assert answer.body["error_code"] == "1"
    assert answer.error.startswith("Sorry an error occurred and your request was not completed. (Error ID: ")


def test_s2_without_delete_contacts_nothing_can_be_trashed(site: Site, without: Without) -> None:
    made = site.person()
    with without("delete contacts"):
        answer = site.call("Contact", "delete", {"where": [["id", "=", made]]}, "runtime")
    assert answer.status == 403
    assert site.contact(made, "is_deleted")["is_deleted"] is False


def test_s2_without_access_deleted_contacts_the_trash_is_invisible(site: Site, without: Without) -> None:
    made = site.person()
    site.call("Contact", "delete", {"where": [["id", "=", made]]})
    asked = [["id", "=", made], ["is_deleted", "IN", [True, False]]]
    assert site.get("Contact", asked, "id", who="runtime")
    with without("access deleted contacts"):
        assert site.get("Contact", asked, "id", who="runtime") == []


def test_s2_without_the_view_permission_reads_are_empty_not_refused(site: Site, without: Without) -> None:
    with without("edit all contacts"):
        answer = site.call("Contact", "get", {"select": ["id"], "where": [["id", "=", site.person()]]}, "runtime")
    assert (answer.status, answer.values) == (200, [])


def test_s2_without_the_login_permission_the_key_is_401(site: Site, without: Without) -> None:
    with without("authenticate with api key"):
        answer = site.send(
            "/civicrm/ajax/api4/Contact/get", {"params": "{}"}, {"X-Civi-Auth": f"Bearer {site.runtime_key}", **AJAX}
        )
    assert (answer.status, answer.body) == (401, "HTTP 401 Login not permitted. Must satisfy guard (site_key, perm).")


def test_s2_the_runtime_role_can_make_a_mailing_list(site: Site, runtime: str) -> None:
    name = site.unique("list")
    record = {"name": name, "title": name, "group_type:name": ["Mailing List"]}
    assert site.save("Group", record, match=["name"], who=runtime)[0]["id"]


def test_s2_the_runtime_role_cannot_make_another_kind_of_group(site: Site, runtime: str) -> None:
    answer = site.call("Group", "create", {"values": {"title": site.unique()}}, runtime)
    assert (answer.status, answer.error) == (403, "ACL check failed")


def test_s2_the_runtime_role_cannot_change_a_group_not_even_its_own(site: Site, runtime: str) -> None:
    name = site.unique("list")
    record = {"name": name, "title": name, "group_type:name": ["Mailing List"]}
    site.save("Group", record, who=runtime)
    again = site.call("Group", "save", {"records": [record], "match": ["name"]}, runtime)
    assert (again.status, again.error) == (403, "ACL check failed")


def test_s2_the_runtime_role_can_do_what_a_sync_needs(site: Site, runtime: str) -> None:
    key, group = site.unique(), site.group()
    saved = site.save(
        "Individual",
        {"external_identifier": key, "first_name": "Amina", "email_primary.email": f"{key}@example.org"},
        match=["external_identifier"],
        who=runtime,
    )
    member = {"group_id": group, "contact_id": saved[0]["id"], "status": "Added"}
    assert site.save("GroupContact", member, match=["group_id", "contact_id"], who=runtime)
    assert site.get("SubscriptionHistory", [["contact_id", "=", saved[0]["id"]]], "method", who=runtime)
    assert site.call("Contact", "delete", {"where": [["id", "=", saved[0]["id"]]]}, runtime).values


def test_s2_the_runtime_role_may_not_merge(site: Site, runtime: str) -> None:
    answer = site.call(
        "Contact", "mergeDuplicates", {"contactId": site.person(), "duplicateId": site.person()}, runtime
    )
    assert answer.error == "Authorization failed: CiviCRM APIv4 (Contact::mergeDuplicates)"


def test_s2_check_access_answers_what_the_write_would_meet(site: Site, without: Without) -> None:
    other = site.person()
    asked = {
        "add contacts": ("Individual", "create", {"last_name": "?"}),
        "edit all contacts": ("Contact", "update", {"id": other}),
        "access CiviMail": ("Group", "create", {"title": "?", "group_type:name": ["Mailing List"]}),
    }
    for permission, (entity, action, values) in asked.items():
        params = {"action": action, "values": values}
        assert site.call(entity, "checkAccess", params, "runtime").values[0]["access"] is True
        with without(permission):
            assert site.call(entity, "checkAccess", params, "runtime").values[0]["access"] is False


def test_s2_get_actions_lists_contact_update_for_everybody(site: Site, without: Without) -> None:
    with without("edit all contacts"):
        names = [row["name"] for row in site.call("Contact", "getActions", {}, "runtime").values]
    assert "update" in names


def test_s2_who_may_see_contacts_sees_somebody_else(site: Site, runtime: str) -> None:
    assert len(site.get("Contact", [["id", "!=", "user_contact_id"]], "id", who="runtime", limit=1)) == 1


def test_s5_the_runtime_role_reads_who_was_removed_when(site: Site, runtime: str) -> None:
    person, group = site.person(), site.group()
    for status in ("Added", "Removed"):
        site.save(
            "GroupContact",
            {"group_id": group, "contact_id": person, "status": status},
            match=["group_id", "contact_id"],
        )
    where = [["contact_id", "=", person], ["status", "=", "Removed"]]
    (row,) = site.get("SubscriptionHistory", where, "group_id", "date", "method", who="runtime")
    assert (row["group_id"], row["method"]) == (group, "API")


def test_s2_without_edit_all_contacts_a_contact_update_is_refused(site: Site, without: Without) -> None:
    made = site.person()
    with without("edit all contacts"):
        params = {"where": [["id", "=", made]], "values": {"first_name": "Noor"}}
        answer = site.call("Contact", "update", params, "runtime")
    assert (answer.status, answer.error) == (403, "ACL check failed")
    assert site.contact(made, "first_name")["first_name"] == "Amina"


def test_s2_an_individual_update_by_id_is_not_checked(site: Site, without: Without) -> None:
    made = site.person()
    with without("edit all contacts"):
        params = {"where": [["id", "=", made]], "values": {"first_name": "Noor"}}
        assert site.call("Individual", "update", params, "runtime").status == 200
    assert site.contact(made, "first_name")["first_name"] == "Noor"
