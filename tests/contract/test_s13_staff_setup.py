"""FACTS §13: activity types, lists, form pages and a menu, made over the API alone, twice without doubling."""

from .desk import Desk
from .wire import Site


def test_s13_setting_up_twice_doubles_nothing(site: Site, desk: Desk) -> None:
    tables = {
        "OptionValue": ["name", "IN", [desk.roster, desk.decision]],
        "CustomGroup": ["name", "IN", [desk.roster, desk.decision]],
        "CustomField": ["custom_group_id.name", "IN", [desk.roster, desk.decision]],
        "SavedSearch": ["name", "=", desk.roster],
        "SearchDisplay": ["name", "=", desk.roster],
    }
    before = {entity: site.get(entity, [where], "id") for entity, where in tables.items()}
    desk.set_up()
    assert {entity: site.get(entity, [where], "id") for entity, where in tables.items()} == before
    assert [len(rows) for rows in before.values()] == [2, 2, 8, 1, 1]


def test_s13_a_custom_group_on_a_type_holds_the_number_of_the_type(site: Site, desk: Desk) -> None:
    (kind,) = site.get("OptionValue", [["name", "=", desk.roster]], "value", "option_group_id:name")
    assert kind["option_group_id:name"] == "activity_type"
    group = [["name", "=", desk.roster]]
    (shown,) = site.get("CustomGroup", group, "extends_entity_column_value", "extends_entity_column_value:name")
    assert shown["extends_entity_column_value"] == [kind["value"]]
    assert shown["extends_entity_column_value:name"] == [desk.roster]


def test_s13_fields_that_point_to_other_rows_say_to_what(site: Site, desk: Desk) -> None:
    params = {"where": [["name", "LIKE", f"{desk.roster}.%"]], "select": ["name", "data_type", "fk_entity"]}
    found = {row["name"].partition(".")[2]: row for row in site.call("Activity", "getFields", params).values}
    assert (found["File"]["data_type"], found["File"]["fk_entity"]) == ("Integer", "File")
    assert (found["Ask"]["data_type"], found["Ask"]["fk_entity"]) == ("Integer", "Contact")
    assert found["Scope"]["fk_entity"] is None


def test_s13_a_display_of_an_unknown_search_is_refused(site: Site, desk: Desk) -> None:
    answer = site.call("SearchDisplay", "save", {"records": [{**desk.display(), "saved_search_id.name": "Nonesuch"}]})
    assert (answer.status, answer.error) == (500, "Expected to find one SavedSearch record, but there were zero.")


def test_s13_a_display_keeps_its_columns_as_sent(site: Site, desk: Desk) -> None:
    (held,) = site.get("SearchDisplay", [["name", "=", desk.roster]], "settings", "type")
    assert (held["settings"]["columns"], held["type"]) == (desk.display()["settings"]["columns"], "table")


def test_s13_the_empty_braces_of_a_structure_become_a_list(site: Site, desk: Desk) -> None:
    (made,) = site.save("SearchDisplay", {**desk.display(), "name": site.unique("d"), "settings": {"pager": {}}})
    assert site.get("SearchDisplay", [["id", "=", made["id"]]], "settings")[0]["settings"] == {"pager": []}


def test_s13_a_form_comes_back_as_it_was_sent(site: Site, desk: Desk) -> None:
    for sent in desk.forms():
        params = {"select": [*sent], "where": [["name", "=", sent["name"]]], "layoutFormat": "html"}
        assert site.call("Afform", "get", params).values == [sent]


def test_s13_saving_a_part_of_a_form_keeps_the_rest(site: Site, desk: Desk) -> None:
    sent = {"records": [{"name": desk.decide, "title": "Decide now"}], "match": ["name"]}
    answer = site.call("Afform", "save", sent)
    assert (answer.status, answer.body["countMatched"]) == (200, 1)
    params = {"select": ["title", "layout", "server_route"], "where": [["name", "=", desk.decide]]}
    (held,) = site.call("Afform", "get", {**params, "layoutFormat": "html"}).values
    form = next(form for form in desk.forms() if form["name"] == desk.decide)
    assert held == {"title": "Decide now", "layout": form["layout"], "server_route": form["server_route"]}
    desk.set_up()


def test_s13_a_reverted_page_is_gone_and_reverting_again_is_no_error(site: Site, desk: Desk) -> None:
    name = f"afform{site.run}Short"
    site.save("Afform", {"name": name, "title": "Short", "layout": "<div></div>"}, layoutFormat="html")
    where = {"where": [["name", "=", name]]}
    assert site.get("Afform", where["where"], "name") == [{"name": name}]
    assert [row["name"] for row in site.call("Afform", "revert", where).values] == [name]
    assert site.get("Afform", where["where"], "name") == []
    assert site.call("Afform", "revert", where).values == []


def test_s13_only_the_setup_key_may_write_pages(site: Site, desk: Desk, runtime: str, staff: str) -> None:
    record = {"records": [{"name": desk.decide, "title": "Mine"}], "match": ["name"]}
    for who in (runtime, staff):
        assert site.get("Afform", [["name", "=", desk.decide]], "name", who=who) == [{"name": desk.decide}]
        assert site.call("Afform", "save", record, who).status == 403
        assert site.call("Navigation", "save", {"records": [{"name": site.run, "label": "x"}]}, who).status == 403


def test_s13_menu_items_hang_below_a_parent_and_are_matched_by_name(site: Site) -> None:
    top, item = f"{site.run}_top", f"{site.run}_item"
    common = {"permission": ["access CiviCRM"], "is_active": True, "domain_id": "current_domain"}
    for _ in range(2):
        site.save("Navigation", {"name": top, "label": "Top", "url": None, **common}, match=["name", "domain_id"])
        below = {"name": item, "label": "Item", "url": "civicrm/x", "parent_id.name": top, **common}
        site.save("Navigation", below, match=["name", "domain_id"])
    rows = site.get("Navigation", [["name", "LIKE", f"{site.run}%"]], "name", "parent_id.name", "permission", "url")
    assert [{**row, "id": 0} for row in rows] == [
        {"id": 0, "name": top, "parent_id.name": None, "permission": ["access CiviCRM"], "url": None},
        {"id": 0, "name": item, "parent_id.name": top, "permission": ["access CiviCRM"], "url": "civicrm/x"},
    ]


def test_s13_a_menu_item_below_an_unknown_parent_is_refused(site: Site) -> None:
    record = {"name": f"{site.run}_lost", "label": "Lost", "parent_id.name": "nonesuch", "domain_id": "current_domain"}
    answer = site.call("Navigation", "save", {"records": [record], "match": ["name", "domain_id"]})
    assert answer.error == "Expected to find one Navigation record, but there were zero."


def test_s13_staff_see_a_list_with_its_links(site: Site, desk: Desk, staff: str) -> None:
    handed_in = desk.handed_in()
    params = {"savedSearch": desk.roster, "display": desk.roster, "return": "page:1", "afform": desk.rosters}
    row = next(row for row in site.call("SearchDisplay", "run", params, staff).values if row["key"] == handed_in)
    assert row["data"][f"{desk.roster}.State:label"] == "New"
    assert [column.get("val") for column in row["columns"]] == ["Members", "New", None]
    (link,) = row["columns"][2]["links"]
    assert link["url"] == f"/{desk.route('decide')}#?{desk.decision}.About={handed_in}"


def test_s13_an_unknown_search_cannot_be_run(site: Site, desk: Desk) -> None:
    params = {"savedSearch": "Nonesuch", "display": "Nonesuch", "return": "page:1"}
    answer = site.call("SearchDisplay", "run", params)
    assert answer.error == "Expected to find one SavedSearch record, but there were zero."
