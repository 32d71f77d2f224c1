"""Which contacts of CiviCRM are found for a row: by its link, its number, a merge, or by looking alike."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from connector.civicrm.greetings import Greetings
from connector.civicrm.records import Group
from connector.civicrm.site import Site
from connector.leavings import Membership
from connector.sync.current import Current, Reader
from connector.sync.desired import Desired, Wanted

from .builders import left, mapping
from .site import schema

GROUPS = {
    "network": Group(1, "network", "Network", ()),
    "chapter_COR06": Group(2, "chapter_COR06", "Cork", (1,)),
    "elsewhere": Group(9, "elsewhere", "Elsewhere", ()),
}
Row = dict[str, Any]


class Server:
    """A CiviCRM that answers each question from a few rows. Its `where` is only as clever as the reader needs."""

    def __init__(self, *contacts: Row, merged: Mapping[int, int] | None = None, **rows: list[Row]) -> None:
        self.contacts, self.merged, self.rows = contacts, dict(merged or {}), rows
        self.questions = 0

    def multi(self, calls: Mapping[str, tuple[str, str, Mapping[str, Any]]]) -> dict[str, list[Row]]:
        self.questions += bool(calls)
        return {name: self._rows(*call) for name, call in calls.items()}

    def _rows(self, entity: str, action: str, params: Mapping[str, Any]) -> list[Row]:
        if action == "getMergedTo":
            survivor = self.merged.get(params["contactId"])
            return [{"id": survivor}] if survivor else []
        rows = self.contacts if entity in ("Contact", "Individual") else self.rows.get(entity, [])
        return [row for row in rows if all(_fits(row, clause) for clause in params.get("where", ()))]

    def api3(self, entity: str, action: str, **params: Any) -> Row:
        assert (entity, action) == ("Contact", "getmergedto")
        survivor = self.merged.get(params["contact_id"])
        return {"is_error": 0, "values": {str(survivor): {"id": survivor}} if survivor else []}


def _fits(row: Row, clause: list[Any]) -> bool:
    if clause[0] == "OR":
        return any(_fits(row, one) for one in clause[1])
    name, operator, value = clause
    tests: dict[str, Callable[[], bool]] = {"IN": lambda: row.get(name) in value, "=": lambda: row.get(name) == value}
    return tests[operator]()


def contact(id: int, number: str | None = None, **more: Any) -> Row:
    return {
        "id": id,
        "contact_type": "Individual",
        "is_deleted": False,
        "is_opt_out": False,
        "external_identifier": number,
        "last_name": "Haddad",
    } | more


def look(
    server: Server, links: Mapping[str, int] | None = None, gone: tuple[int, ...] = (), *, can: str = "getMergedTo"
) -> Current:
    row = Wanted("M1", 2, "COR06", {"external_identifier": "M1", "last_name": "Haddad"}, "chapter_COR06")
    desired = Desired((row,), (), frozenset({"M1"}), ("COR06",), 1)
    reader = Reader(server, mapping(), Site(schema(), GROUPS, frozenset({can}), Greetings([])))  # type: ignore[arg-type]
    return reader.read(desired, links or {}, gone)


def ids(current: Current) -> list[int]:
    return [person.id for person in current.found["M1"].people]


def test_a_row_finds_its_contact_by_its_number() -> None:
    current = look(Server(contact(7, "M1"), contact(8, "M2")))
    assert ids(current) == [7]
    assert current.found["M1"].by_key


def test_a_row_finds_its_contact_by_its_link_even_when_staff_took_the_number_away() -> None:
    assert ids(look(Server(contact(7, None)), {"M1": 7})) == [7]


def test_a_contact_in_the_trash_is_found_and_not_overlooked() -> None:
    current = look(Server(contact(7, "M1", is_deleted=True)))
    assert [person.is_deleted for person in current.found["M1"].people] == [True]


@pytest.mark.parametrize("can", ["getMergedTo", "get"], ids=["today", "before 5.81"])
def test_a_merged_contact_is_followed_to_its_survivor(can) -> None:
    loser, survivor = contact(7, "M1", is_deleted=True), contact(9, "X1")
    assert ids(look(Server(loser, survivor, merged={7: 9}), {"M1": 7}, can=can)) == [9]


@pytest.mark.parametrize("can", ["getMergedTo", "get"], ids=["today", "before 5.81"])
def test_a_linked_contact_in_the_trash_that_was_not_merged_stays_the_rows(can) -> None:
    current = look(Server(contact(7, "M1", is_deleted=True)), {"M1": 7}, can=can)
    assert [person.is_deleted for person in current.found["M1"].people] == [True]


def test_a_linked_contact_that_is_nowhere_any_more_is_gone() -> None:
    found = look(Server(), {"M1": 7}).found["M1"]
    assert found.gone
    assert found.people == ()


def test_a_contact_that_only_looks_alike_is_found_as_such() -> None:
    current = look(Server(contact(7, None, last_name="HADDAD"), contact(8, None, last_name="Haddad")))
    assert ids(current) == [8]
    assert not current.found["M1"].by_key


def test_a_look_alike_in_the_trash_is_not_looked_for() -> None:
    assert ids(look(Server(contact(7, None, is_deleted=True)))) == []


def test_the_places_in_the_network_come_with_their_history() -> None:
    server = Server(
        contact(7, "M1"),
        GroupContact=[
            {"id": 1, "contact_id": 7, "group_id": 2, "status": "Removed"},
            {"id": 2, "contact_id": 7, "group_id": 9, "status": "Added"},
        ],
        SubscriptionHistory=[
            {"id": 31, "contact_id": 7, "group_id": 2, "date": "2026-03-01 10:00:00", "method": "Email", **removed()}
        ],
    )
    (person,) = look(server).found["M1"].people
    assert person.groups == {"chapter_COR06": left("chapter_COR06")}


def test_a_membership_that_was_deleted_after_a_removal_still_counts_as_removed() -> None:
    history = [{"id": 31, "contact_id": 7, "group_id": 2, "date": "2026-03-01", "method": "Email", **removed()}]
    (person,) = look(Server(contact(7, "M1"), SubscriptionHistory=history)).found["M1"].people
    assert person.groups == {
        "chapter_COR06": Membership("chapter_COR06", "Removed", None, (31,), ("2026-03-01",), "Email")
    }


def test_those_whose_row_is_gone_are_read_from_the_groups_of_the_scope() -> None:
    rows = [{"id": 1, "contact_id": id_, "group_id": 2, "status": "Added"} | {"id": id_} for id_ in (7, 8)]
    current = look(Server(contact(7, "M1"), GroupContact=rows), {"M1": 7}, gone=(8,))
    assert [(person.id, list(person.groups)) for person in current.absent] == [(8, ["chapter_COR06"])]


def test_a_known_roster_is_read_in_few_requests_however_long_it_is() -> None:
    server = Server(contact(7, "M1"))
    look(server, {"M1": 7})
    assert server.questions == 2


def removed() -> Row:
    return {"status": "Removed"}
