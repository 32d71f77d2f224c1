"""FACTS §13: lists that join through a third table: who made an activity, and who is related to a contact."""

from .desk import Desk
from .wire import Site


def test_s13_the_author_of_an_activity(site: Site, desk: Desk, staff: str) -> None:
    handed_in = desk.handed_in()
    through = [["id", "=", "by.activity_id"], ["by.record_type_id:name", "=", '"Activity Source"']]
    join = [["Contact AS by", "LEFT", "ActivityContact", *through]]
    params = {"select": ["by.id", "source_contact_id"], "join": join, "where": [["id", "=", handed_in]]}
    (row,) = site.call("Activity", "get", params).values
    assert row["by.id"] == row["source_contact_id"]


def test_s13_a_contact_comes_once_for_each_current_relationship_of_the_kind(site: Site) -> None:
    chapter, first, second, gone = site.organization(), site.person(), site.person(), site.person()
    kind = f"{site.run}_Coordinates"
    site.save("RelationshipType", {"name_a_b": kind, "name_b_a": f"{kind}_by", "label_a_b": kind, "label_b_a": kind})
    for one, is_active in ((first, True), (second, True), (gone, False)):
        ends = {"contact_id_a": one, "contact_id_b": chapter, "relationship_type_id:name": kind}
        site.save("Relationship", {**ends, "is_active": is_active})
    through = [["id", "=", "who.far_contact_id"], ["who.near_relation:name", "=", f'"{kind}"']]
    join = [["Contact AS who", "LEFT", "RelationshipCache", *through, ["who.is_current", "=", True]]]
    where = [["id", "IN", [chapter, first]]]
    rows = site.call("Contact", "get", {"select": ["who.id"], "join": join, "where": where}).values
    assert sorted((row["id"], row["who.id"] or 0) for row in rows) == sorted(
        [(chapter, first), (chapter, second), (first, 0)]
    )
