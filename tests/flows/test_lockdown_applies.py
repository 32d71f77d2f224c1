"""A lock-down at every request of an apply: it stops before its next write, and is finished when it is run again."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connector import lockdown
from connector.civicrm.client import READS
from connector.store import Store, opened
from tests.flows.conftest import CHAPTERS, Connector, RosterFile, Site, member
from tests.flows.proxy import Proxy, proxied
from tests.flows.staff import Staff
from tests.flows.test_killed import FIRST, Beginning, beginning as beginning
from tests.flows.test_lockdown import WHY, off, on, staff as staff


@pytest.fixture
def proxy(site: Site) -> Any:
    with proxied(site.url) as found:
        yield found


# how staff and the connector talk; a plan hangs on its activity as a file
TALK = {("Activity", "update"), ("Activity", "create"), ("Attachment", "create")}


def deeds(text: str) -> set[tuple[str, str]]:
    """The entities and actions of a request that change something."""
    path, _, sent = text.partition("calls=")
    if sent:
        found = {(entity, action) for entity, action, _ in json.loads(sent).values()}
    else:
        found = set(re.findall(r"api4/(\w+)/(\w+?)params=|entity=(\w+)&action=(\w+)", path))
        found = {(one[0] or one[2], one[1] or one[3]) for one in found}
    assert found, text
    return {(entity, action) for entity, action in found if action not in READS}


class Switch:
    """Switches the lock-down on while a certain request is under way, and keeps what is written after it."""

    def __init__(self, store: Store, proxy: Proxy) -> None:
        self.store, self.proxy = store, proxy
        self.written: list[str] = []

    def arm(self, number: int | None) -> None:
        self.proxy.arm(None, "")
        self.written = []

        def sees(seen: int, text: str, writes: bool) -> None:
            if seen == number:
                lockdown.switch_on(self.store, WHY)
            elif writes and number is not None and seen > number:
                self.written.append(text)

        self.proxy.sees = sees


Check = Callable[[Connector, "tuple[str | Path, ...]"], None]


@pytest.fixture
def at_every_request(proxy: Proxy, site: Site, tmp_path: Path, beginning: Beginning) -> Check:
    """Runs a command again and again, each time with a lock-down at another request, then once more after it."""

    def check(connector: Connector, words: tuple[str | Path, ...]) -> None:
        own = replace(connector, env=connector.env | {"CIVICRM_URL": proxy.url, "CIVICRM_WORKERS": "1"})
        beginning.keep()
        proxy.arm(None, "")
        own.run(*words, code=None)
        wanted, count = site.state(), proxy.count
        stopped = 0
        for number in range(1, count + 1):
            beginning.put_back()
            with opened(connector.env["DATABASE_URL"]) as store:
                switch = Switch(store, proxy)
                switch.arm(number)
                told = own.run(*words, code=None)
                stopped += "Nothing is synced or sent" in told or site.state() != wanted
                synced = {deed for text in switch.written for deed in deeds(text)} - TALK
                assert synced == set(), f"lock-down at request {number} of {count}"
                lockdown.switch_off(store)
                switch.arm(None)
            own.run(*words, code=None)
            assert site.state() == wanted, f"lock-down at request {number} of {count}"
        assert stopped

    return check


def test_a_first_sync_stops_before_its_next_write_and_is_finished_afterwards(
    at_every_request: Check, ready: Site, connector: Connector, roster: RosterFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.sync.apply.BATCH", 1)  # the connector's processes are forks of this one
    path = roster.write(member(1), member(2, Chapter_Code="WIE01"), member(3, Chapter_Code="", Mobile=""))
    at_every_request(connector, ("apply", "members", path, *FIRST))


def test_a_sync_that_updates_and_moves(
    at_every_request: Check, ready: Site, connector: Connector, roster: RosterFile
) -> None:
    connector.run("apply", "members", roster.write(*(member(n) for n in range(1, 5))), *FIRST)
    roster.write(member(1, Mobile="+353 87 999 0001"), member(2, Chapter_Code="WIE01"), member(5, Chapter_Code=""))
    at_every_request(connector, ("apply", "members", roster.path, *FIRST))


def test_a_roster_that_was_handed_in(
    at_every_request: Check, staff: Staff, connector: Connector, roster: RosterFile
) -> None:
    id_ = staff.hand_in(roster.write(member(1), member(2)))
    staff.works()
    decision = staff.decide(id_, "apply", number=2)
    at_every_request(connector, ("work", "--drain"))
    assert staff.roster(id_)["State"] == "applied"
    assert staff.decision(decision)[0] == "done"


def test_plan_doctor_and_set_up_go_on_and_applies_are_refused(
    bare: Site, connector: Connector, roster: RosterFile
) -> None:
    path = roster.write(member(1))
    on(connector)
    assert "UTC: A list of members" in connector.run("doctor", code=5)
    connector.run("setup", "plan")
    connector.run("plan", "chapters", CHAPTERS, code=3)
    for mapping, file in (("chapters", CHAPTERS), ("members", path)):
        told = connector.run("apply", mapping, file, "--yes", "--force", "first-run", code=1)
        assert WHY in " ".join(told.split())
        assert "solidarity lockdown off" in told
    assert bare.api("Group", "get", select=["id"], where=[["name", "LIKE", "chapter_%"]]) == []
    off(connector)
    assert "lock-down" not in connector.run("apply", "chapters", CHAPTERS, "--yes", "--force", "first-run")
    assert "Lock-down" not in connector.run("doctor")
