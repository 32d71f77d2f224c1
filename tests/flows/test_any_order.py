"""Whatever happens in whatever order: no staff edit is lost, nobody who left is added again, a second plan is empty.

Hypothesis invents the order of roster versions, staff edits, leavings, opt-outs and merges; the sandbox
holds the truth.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from connector.civicrm.client import CiviClient
from connector.leases import Lease
from connector.memory import Hasher
from connector.settings import SHIPPED_MAPPINGS
from connector.store import Store
from connector.sync.apply import Apply
from connector.sync.run import Look, Sync
from tests.flows.conftest import RosterFile, Site, member

NUMBERS = st.integers(1, 4)
CHAPTERS = st.sampled_from(["COR06", "WIE01", ""])


class Network(RuleBasedStateMachine):
    """A roster, its CiviCRM, and what must hold of both. `site` and `folder` are given by the test."""

    site: ClassVar[Site]
    folder: ClassVar[Path]
    runs: ClassVar[int] = 0

    @initialize()
    def begin(self) -> None:
        type(self).runs += 1
        self.site.put_back("chapters")
        self.store = Store(f"sqlite:///{self.folder}/run{self.runs}.sqlite3")
        self.client = CiviClient(url=self.site.url, api_key=self.site.api_key)
        self.file = RosterFile(self.folder / f"run{self.runs}.csv")
        self.rows: dict[int, dict[str, str]] = {}
        self.known: dict[int, int] = {}  # number → its contact, the survivor when it was merged
        self.staffs_name: dict[int, str] = {}
        self.staffs_phone: dict[int, str] = {}
        self.waiting: set[int] = set()  # numbers whose row changed since the last sync
        self.may_be_in: dict[int, set[str]] = {}  # of those who left or opted out: the groups they were left in
        self.edits = 0

    def teardown(self) -> None:
        self.client.close()
        self.store.close()

    # --- what a coordinator does -------------------------------------------------------------------------------------

    @rule(number=NUMBERS, chapter=CHAPTERS)
    def row_names_a_chapter(self, number: int, chapter: str) -> None:
        if number not in self.rows:
            self.rows[number] = member(number)
            self._roster_speaks(number)
        self.rows[number]["Chapter Code"] = chapter

    @precondition(lambda self: self.rows)
    @rule(data=st.data())
    def row_changes(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.rows)))
        self.edits += 1
        self.rows[number] |= {"First name": f"Roster{self.edits}", "Mobile": f"+353 87 555 {self.edits:04d}"}
        self._roster_speaks(number)

    @precondition(lambda self: self.rows)
    @rule(data=st.data())
    def row_disappears(self, data: st.DataObject) -> None:
        del self.rows[data.draw(st.sampled_from(sorted(self.rows)))]

    # --- what staff and members do -----------------------------------------------------------------------------------

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def staff_edit(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.known)))
        self.edits += 1
        name, phone = f"Staff{self.edits}", f"+1 555 {self.edits:04d}"
        self.staffs_name[number] = name
        if number not in self.waiting:
            self.staffs_phone[number] = phone
        contact = self.known[number]
        self.site.api("Contact", "update", where=[["id", "=", contact]], values={"first_name": name})
        where = [["contact_id", "=", contact], ["is_primary", "=", True]]
        self.site.api("Phone", "update", where=where, values={"phone": phone})

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def member_leaves(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.known)))
        groups = self._groups_of(number)
        for group in groups:
            where = [["contact_id", "=", self.known[number]], ["group_id.name", "=", group]]
            self.site.api("GroupContact", "update", where=where, values={"status": "Removed"})
        if groups:
            self.may_be_in[number] = set()

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def member_opts_out(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.known)))
        self.site.api("Contact", "update", where=[["id", "=", self.known[number]]], values={"is_opt_out": True})
        self.may_be_in.setdefault(number, self._groups_of(number))

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def staff_merge(self, data: st.DataObject) -> None:
        """Staff find the same person entered a second time, and keep that second contact."""
        number = data.draw(st.sampled_from(sorted(self.known)))
        loser = self.known[number]
        where = [["id", "=", loser]]
        (values,) = self.site.api("Contact", "get", select=["first_name", "last_name", "is_opt_out"], where=where)
        (twin,) = self.site.api("Individual", "create", values={**values, "id": None})
        self.site.api("Contact", "mergeDuplicates", contactId=twin["id"], duplicateId=loser, mode="aggressive")
        self.known[number] = twin["id"]

    # --- what the connector does -------------------------------------------------------------------------------------

    @rule()
    def sync(self) -> None:
        sync, look = self._look()
        lease = Lease(self.store, "sync members", 60)
        assert lease.take() is None
        shown = frozenset(sync.hasher(*atom) for atom in look.plan.atoms())
        result = Apply(sync, shown=shown, lease=lease).run(look)
        lease.give_back()
        assert not result.failed
        assert not result.left_out
        for number in self.rows:
            self.known.setdefault(number, self.site.person(key(number))["id"])
        self.waiting -= set(self.rows)
        assert self._look()[1].plan.acting == ()

    @invariant()
    def no_staff_edit_is_lost(self) -> None:
        for number, name in getattr(self, "staffs_name", {}).items():
            select, where = ["first_name", "phone_primary.phone"], [["id", "=", self.known[number]]]
            (found,) = self.site.api("Contact", "get", select=select, where=where)
            assert found["first_name"] == name
            if number in self.staffs_phone:
                assert found["phone_primary.phone"] == self.staffs_phone[number]

    @invariant()
    def nobody_who_left_is_added_again(self) -> None:
        for number, groups in getattr(self, "may_be_in", {}).items():
            assert self._groups_of(number) <= groups

    def _roster_speaks(self, number: int) -> None:
        """Its phone number wins where both sides changed: the mapping says so."""
        self.waiting.add(number)
        self.staffs_phone.pop(number, None)

    def _look(self) -> tuple[Sync, Look]:
        sync = Sync(
            client=self.client,
            store=self.store,
            hasher=Hasher("k" * 40),
            mapping=SHIPPED_MAPPINGS / "members.toml",
            roster=self.file.write(*self.rows.values()),
            scope=["all"],
        )
        return sync, sync.look()

    def _groups_of(self, number: int) -> set[str]:
        where = [["contact_id", "=", self.known[number]], ["status", "=", "Added"]]
        rows: list[dict[str, Any]] = self.site.api("GroupContact", "get", select=["group_id.name"], where=where)
        return {row["group_id.name"] for row in rows}


def key(number: int) -> str:
    return member(number)["Member No"]


@pytest.fixture
def network(ready: Site, tmp_path: Path) -> type[Network]:
    Network.site, Network.folder = ready, tmp_path
    return Network


def test_any_order_of_rosters_edits_and_leavings(
    network: type[Network], orders: Callable[[int, int], settings]
) -> None:
    run_state_machine_as_test(network, settings=orders(12, 14))
