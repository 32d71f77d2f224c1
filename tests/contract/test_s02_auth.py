"""FACTS §2: who may call, and what a refused caller sees."""

import json

import pytest

from .wire import AJAX, Answer, Site

PATH = "/civicrm/ajax/api4/Contact/get"
FORM = {"params": json.dumps({"select": ["id"], "limit": 1})}
TEXT = "text/plain;charset=utf-8"


def ask(site: Site, headers: dict[str, str], form: dict[str, str] | None = None) -> Answer:
    return site.send(PATH, {**FORM, **(form or {})}, headers)


@pytest.mark.parametrize(
    ("credential", "body"),
    [
        ("Bearer no_such_key", "HTTP 401 Invalid credential"),
        ("Bearer ", "HTTP 401 Invalid credential"),
        ("no_scheme", "HTTP 401 Invalid credential"),
        ("Basic YTpi", "HTTP 401 Invalid credential"),
    ],
)
def test_s2_a_bad_credential_is_401_in_plain_text(site: Site, credential: str, body: str) -> None:
    answer = ask(site, {"X-Civi-Auth": credential, **AJAX})
    assert (answer.status, answer.type, answer.body) == (401, TEXT, body)


def test_s2_no_key_looks_like_no_rows(site: Site) -> None:
    answer = ask(site, AJAX)
    assert (answer.status, answer.values, answer.body["count"]) == (200, [], 0)


def test_s2_no_key_may_not_read_groups(site: Site) -> None:
    answer = site.send("/civicrm/ajax/api4/Group/get", FORM, AJAX)
    assert answer.status == 403
    assert "Error ID" in answer.error


def test_s2_no_key_and_no_requested_with_is_400(site: Site) -> None:
    answer = ask(site, {})
    assert answer.status == 400
    assert answer.body == {
        "error_code": 400,
        "error_message": "SECURITY ALERT: Ajax requests can only be issued by javascript clients, eg. CRM.api4().",
    }


def test_s2_a_key_needs_no_requested_with(site: Site) -> None:
    assert len(ask(site, {"X-Civi-Auth": f"Bearer {site.setup_key}"}).values) == 1


def test_s2_the_authorization_header_works(site: Site) -> None:
    assert len(ask(site, {"Authorization": f"Bearer {site.setup_key}", **AJAX}).values) == 1


def test_s2_the_form_field_authx_works(site: Site) -> None:
    assert len(ask(site, AJAX, {"_authx": f"Bearer {site.setup_key}"}).values) == 1


def test_s2_a_contact_with_a_key_but_no_user_is_401(site: Site) -> None:
    site.person(api_key=(key := site.unique("key")))
    answer = ask(site, {"X-Civi-Auth": f"Bearer {key}", **AJAX})
    assert (answer.status, answer.body) == (401, "HTTP 401 Login not permitted. Must satisfy guard (site_key, perm).")


def test_s2_reading_by_get_works(site: Site) -> None:
    answer = site.send(PATH, None, site.headers("setup"), method="GET", params=FORM)
    assert len(answer.values) == 1


def test_s2_writing_by_get_is_405(site: Site) -> None:
    answer = site.send(
        "/civicrm/ajax/api4/Contact/create", None, site.headers("setup"), method="GET", params={"params": "{}"}
    )
    assert answer.status == 405
    assert answer.error == "SECURITY: All requests that modify the database must be http POST, not GET."


def test_s2_a_json_body_is_ignored_and_everything_comes_back(site: Site) -> None:
    answer = site.send(PATH, None, site.headers("setup"), json={"params": {"select": ["id"], "limit": 1}})
    assert len(answer.values) > 1
    assert "display_name" in answer.values[0]


def test_s2_broken_json_is_an_html_500(site: Site) -> None:
    answer = site.send(PATH, {"params": "{bad json"}, site.headers("setup"))
    assert answer.status == 500
    assert answer.is_html


def test_s2_a_url_without_entity_is_an_html_500(site: Site) -> None:
    answer = site.send("/civicrm/ajax/api4/", FORM, site.headers("setup"))
    assert answer.status == 500
    assert answer.is_html


def test_s2_a_url_without_action_names_the_action_it_lacks(site: Site) -> None:
    answer = site.send("/civicrm/ajax/api4/Contact", FORM, site.headers("setup"))
    assert (answer.status, answer.error) == (500, "Api Contact  version 4 does not exist.")


def test_s2_an_unknown_entity_is_named(site: Site) -> None:
    answer = site.call("Nonesuch", "get")
    assert answer.status == 500
    assert answer.error == "API (Nonesuch, get) does not exist (or the extension it belongs to is not enabled)."


def test_s2_an_unknown_action_is_named(site: Site) -> None:
    assert site.call("Contact", "frobnicate").error == "Api Contact frobnicate version 4 does not exist."


def test_s2_errors_have_an_id_a_code_and_a_status(site: Site) -> None:
    assert set(site.call("Nonesuch", "get").body) == {"error_id", "error_code", "error_message", "status"}


def test_s2_the_runtime_role_may_not_read_settings(site: Site, runtime: str) -> None:
    answer = site.call("Setting", "get", {"select": ["defaultCurrency"]}, runtime)
    assert (answer.status, answer.error) == (403, "Authorization failed: CiviCRM APIv4 (Setting::get)")


def test_s2_switching_permission_checks_off_is_ignored(site: Site, runtime: str) -> None:
    answer = site.call("Setting", "get", {"select": ["defaultCurrency"], "checkPermissions": False}, runtime)
    assert answer.status == 403


@pytest.mark.parametrize("entity", ["ContactType", "Domain", "Role"])
def test_s2_the_runtime_role_may_not_read_configuration(site: Site, runtime: str, entity: str) -> None:
    assert site.call(entity, "get", {}, runtime).error == f"Authorization failed: CiviCRM APIv4 ({entity}::get)"


def test_s2_the_runtime_role_does_not_see_api_keys(site: Site, runtime: str) -> None:
    assert "api_key" not in site.get("Contact", [], "id", "api_key", limit=1, who=runtime)[0]


def test_s2_a_where_on_api_key_is_dropped_for_the_runtime_role(site: Site, runtime: str) -> None:
    made = site.person()
    assert site.get("Contact", [["api_key", "IS NOT NULL"], ["id", "=", made]], "id", who=runtime)


def test_s2_the_runtime_role_may_not_write_api_keys(site: Site, runtime: str) -> None:
    params = {"where": [["id", "=", site.person()]], "values": {"api_key": site.unique()}}
    assert site.call("Contact", "update", params, runtime).status == 403


def test_s2_get_actions_lists_only_what_is_permitted(site: Site, runtime: str) -> None:
    names = {row["name"] for row in site.call("Contact", "getActions", {"select": ["name"]}, runtime).values}
    assert {"get", "create", "save", "update", "delete", "getMergedTo"} <= names
    assert not names & {"mergeDuplicates", "getDuplicates"}
    assert "get" not in {
        row["name"] for row in site.call("Setting", "getActions", {"select": ["name"]}, runtime).values
    }


def test_s2_making_a_user_wants_the_administrators_own_password(site: Site) -> None:
    name = site.unique("user")
    values = {"username": name, "uf_name": f"{name}@example.org", "contact_id": site.person(), "password": name}
    answer = site.call("User", "create", {"values": values})
    assert (answer.status, answer.error) == (403, "Unauthorized")


def test_s2_v3_answers_errors_with_200(site: Site) -> None:
    answer = site.send(
        "/civicrm/ajax/rest", {"entity": "Nonesuch", "action": "get", "json": "{}"}, site.headers("setup")
    )
    assert (answer.status, answer.body["is_error"]) == (200, 1)


def test_s2_v3_without_a_key_is_403_html(site: Site) -> None:
    answer = site.send("/civicrm/ajax/rest", {"entity": "Contact", "action": "get", "json": "{}"}, AJAX)
    assert answer.status == 403
    assert answer.is_html
