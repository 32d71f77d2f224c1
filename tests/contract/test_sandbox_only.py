"""What only the stand-in has: troubles on order, a request log, a reset, visitor pages, and the WordPress form.

No facts about CiviCRM itself, except those of FACTS-577-WORDPRESS that the WordPress form plays.
"""

import json
from collections.abc import Iterator

import pytest
import requests

from .conftest import running_sandbox
from .wire import AJAX, Site


@pytest.fixture(scope="module", params=["standalone", "wordpress"])
def any_form(request: pytest.FixtureRequest) -> Iterator[Site]:
    yield from _started(request.param)


@pytest.fixture(scope="module")
def wordpress() -> Iterator[Site]:
    yield from _started("wordpress")


def _started(form: str) -> Iterator[Site]:
    with running_sandbox("--host-form", form) as at:
        site = Site(at["url"], at["setup_key"], at["api_key"], form, is_sandbox=True)
        with site.http:
            yield site


@pytest.fixture
def clean(any_form: Site) -> Site:
    assert any_form.http.post(f"{any_form.url}/sandbox/reset").json() == {"reset": True}
    return any_form


def order(site: Site, **fault: object) -> None:
    assert site.http.post(f"{site.url}/sandbox/faults", json={"next": [fault]}).status_code == 200


@pytest.mark.parametrize(
    ("kind", "status", "is_html"),
    [
        ("html200", 200, True),
        ("redirect", 302, False),
        ("db_down", 200, True),
        ("html500", 500, True),
        ("http503", 503, True),
    ],
)
def test_a_trouble_comes_once_and_the_call_is_not_run(clean: Site, kind: str, status: int, is_html: bool) -> None:
    order(clean, kind=kind, entity="Individual", action="create")
    create = ("Individual", "create", {"values": {"external_identifier": "once"}})
    assert len(clean.get("Contact", [["id", "=", 2]], "id")) == 1
    first, second = clean.call(*create), clean.call(*create)
    assert (first.status, second.status) == (status, 200)
    assert not is_html or first.is_html


@pytest.mark.parametrize(("kind", "stored"), [("drop_before", 0), ("drop_after", 1)])
def test_a_dropped_connection_leaves_the_outcome_open(clean: Site, kind: str, stored: int) -> None:
    order(clean, kind=kind)
    with pytest.raises(requests.ConnectionError):
        clean.call("Individual", "create", {"values": {"external_identifier": "dropped"}})
    assert len(clean.get("Contact", [["external_identifier", "=", "dropped"]], "id")) == stored


def test_an_unknown_trouble_is_refused(clean: Site) -> None:
    answer = clean.http.post(f"{clean.url}/sandbox/faults", json={"next": [{"kind": "nonesuch"}]})
    assert answer.status_code == 400


def test_requests_are_counted_without_their_values(clean: Site) -> None:
    clean.call("Contact", "get", {"where": [["first_name", "=", "Amina"]]})
    clean.many({"a": ["Group", "get", {}], "b": ["Email", "get", {}]})
    log = clean.http.get(f"{clean.url}/sandbox/requests").json()
    both = [{"entity": "Group", "action": "get"}, {"entity": "Email", "action": "get"}]
    assert log == {
        "count": 2,
        "log": [{"entity": "Contact", "action": "get"}, {"entity": "", "action": "calls", "calls": both}],
    }


def test_a_visitor_can_play_staff(clean: Site) -> None:
    group, person = clean.group(), clean.person(first_name="<b>Amina</b>")
    clean.save("GroupContact", {"group_id": group, "contact_id": person})
    page = f"{clean.url}/people/{person}"
    clean.http.post(f"{page}/remove", data={"group_id": group})
    clean.http.post(f"{page}/edit", data={"phone_primary.phone": "020 7946 0000"})
    clean.http.post(f"{page}/opt-out")
    history = clean.get(
        "SubscriptionHistory", [["contact_id", "=", person]], "status", "method", orderBy={"id": "DESC"}
    )
    assert (history[0]["status"], history[0]["method"]) == ("Removed", "Admin")
    shown = clean.http.get(page).text
    assert "&lt;b&gt;Amina" in shown
    assert "opted out" in shown
    assert [clean.http.get(clean.url + path).status_code for path in ("/", f"/groups/{group}", "/people/999")] == [
        200,
        200,
        404,
    ]


QUERY = "/?civiwp=CiviCRM&q=civicrm/ajax/api4/"


def test_wordpress_answers_both_forms_of_the_address(wordpress: Site) -> None:
    form = {"params": json.dumps({"select": ["id"], "limit": 1})}
    assert wordpress.send(f"{QUERY}Contact/get", form, wordpress.headers("setup")).values
    assert wordpress.call("Contact", "get", {"limit": 1}).values


def test_wordpress_answers_errors_with_200(wordpress: Site) -> None:
    answer = wordpress.call("Nonesuch", "get")
    assert (answer.status, answer.body["status"]) == (200, 500)
    assert set(answer.body) == {"error_code", "error_message", "status"}
    assert wordpress.many([["Nonesuch", "get", {}]]).status == 200
    assert wordpress.many([]).body == []


def test_wordpress_refuses_reload_lists(wordpress: Site) -> None:
    answer = wordpress.call("Individual", "save", {"records": [{"first_name": "x"}], "reload": ["id"]})
    assert answer.error == 'Parameter "reload" is not of the correct type. Expecting bool.'


def test_wordpress_lacks_what_came_later(wordpress: Site) -> None:
    names = {row["name"] for row in wordpress.call("Contact", "getActions").values}
    assert not names & {"getMergedTo", "getMergedFrom"}
    assert "cancel" not in {row["name"] for row in wordpress.call("Pledge", "getActions").values}
    answer = wordpress.call("Individual", "save", {"records": [{"first_name": "x"}]})
    assert not {"countMatched", "errors"} & set(answer.body)


def test_wordpress_answers_an_empty_key_with_a_page(wordpress: Site) -> None:
    answer = wordpress.send("/civicrm/ajax/api4/Contact/get", {}, {"X-Civi-Auth": "Bearer ", **AJAX}, patient=False)
    assert answer.status == 200
    assert answer.is_html
