"""Killed with -9 before and after every request that goes out, then run again: the same end, nothing twice."""

import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector import clock
from tests.flows.conftest import Connector, RosterFile, Site, member
from tests.flows.proxy import Proxy, proxied
from tests.flows.staff import Staff

FIRST = ("--yes", "--force", "first-run", "--scope", "COR06,WIE01,(at large)")
Words = tuple[str | Path, ...]


class Killer:
    """Runs one command again and again, each time killed at another request, and compares what stands in the end."""

    def __init__(self, proxy: Proxy, site: Site, connector: Connector) -> None:
        self.proxy, self.site = proxy, site
        self.connector = replace(connector, env=connector.env | {"CIVICRM_URL": proxy.url})

    def check_every_request(self, begin: Callable[[], None], words: Words) -> None:
        """begin: brings site and database to where the command starts from.

        After a request that only reads, nothing is otherwise than before the next one.
        """
        begin()
        self.proxy.arm(None, "")
        self.connector.run(*words, code=None)
        wanted, requests = self.site.state(), self.proxy.count
        for when, numbers in (("before", range(1, requests + 1)), ("after", sorted(self.proxy.writes))):
            for number in numbers:
                begin()
                self.kill_at(number, when, words)
                self._run_later(words)
                assert self.site.state() == wanted, f"killed {when} request {number} of {requests}"
            again = {"setup": ("setup", "plan"), "work": words}.get(str(words[0]))
            told = self.connector.run(*again) if again else self._plan(words)
            assert "Nothing to do" in told or "0 done" in told

    def _run_later(self, words: Words) -> None:
        """When the lease of the dead process has run out."""
        moment = clock.now
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("connector.clock.now", lambda: moment() + timedelta(minutes=1))
            self.connector.run(*words, code=None)

    def _plan(self, words: Words) -> str:
        scope = words[words.index("--scope") :] if "--scope" in words else ()
        return self.connector.run("plan", *words[1:3], *scope, code=None)

    def kill_at(self, number: int, when: str, words: Words) -> None:
        self.proxy.arm(number, when)
        with tempfile.TemporaryFile() as output:
            victim = self.connector.start(words, output, {})
            self.proxy.watch(victim)
            _, status = os.waitpid(victim, 0)
        assert os.WIFSIGNALED(status), f"was not killed {when} request {number}"
        self.proxy.arm(None, "")


@pytest.fixture
def killer(site: Site, connector: Connector) -> Any:
    with proxied(site.url) as proxy:
        yield Killer(proxy, site, connector)


@pytest.fixture
def beginning(site: Site, tmp_path: Path) -> "Beginning":
    return Beginning(site, tmp_path)


class Beginning:
    """Where a command starts from: the site and the connector's database, brought back as often as one likes."""

    def __init__(self, site: Site, folder: Path) -> None:
        self._site, self._folder = site, folder

    def keep(self) -> None:
        self._site.keep("beginning")
        self._kept = {path.name: path.read_bytes() for path in self._folder.glob("solidarity.sqlite3*")}

    def put_back(self) -> None:
        self._site.put_back("beginning")
        for path in self._folder.glob("solidarity.sqlite3*"):
            path.unlink()
        for name, content in self._kept.items():
            (self._folder / name).write_bytes(content)


def test_set_up(killer: Killer, connector: Connector, beginning: Beginning) -> None:
    connector.run("setup", "plan", code=3)
    beginning.keep()
    killer.check_every_request(beginning.put_back, ("setup", "apply"))


def test_chapters(killer: Killer, bare: Site, beginning: Beginning, tmp_path: Path) -> None:
    path = tmp_path / "chapters.csv"
    headings = "Chapter Code,Chapter Name,Kind,Community,City,Country,Started,Coordinator No,Status"
    rows = [f"{code},Chapter {code},school,Ras al-Auja,Cork,IE,2025-08-21,,Active" for code in ("COR06", "WIE01")]
    path.write_text("\n".join([headings, *rows]) + "\n", encoding="utf-8")
    beginning.keep()
    scope = ("--yes", "--force", "first-run", "--scope", "COR06,WIE01")
    killer.check_every_request(beginning.put_back, ("apply", "chapters", path, *scope))


def test_first_sync(killer: Killer, ready: Site, beginning: Beginning, roster: RosterFile) -> None:
    path = roster.write(member(1), member(2, Chapter_Code="WIE01"), member(3, Chapter_Code="", Mobile=""))
    beginning.keep()
    killer.check_every_request(beginning.put_back, ("apply", "members", path, *FIRST))


def test_a_sync_that_updates_moves_and_takes_out(
    killer: Killer, ready: Site, connector: Connector, beginning: Beginning, roster: RosterFile
) -> None:
    connector.run("apply", "members", roster.write(*(member(n) for n in range(1, 5))), *FIRST)
    beginning.keep()
    roster.write(
        member(1, Mobile="+353 87 999 0001", Joined="2026-02-01"),
        member(2, Chapter_Code="WIE01"),
        member(4, Email=""),
        member(5, Chapter_Code=""),
    )
    killer.check_every_request(beginning.put_back, ("apply", "members", roster.path, *FIRST))


def test_pledges(
    killer: Killer, ready: Site, connector: Connector, beginning: Beginning, roster: RosterFile, tmp_path: Path
) -> None:
    connector.run("apply", "members", roster.write(member(1), member(2)), *FIRST)
    path = tmp_path / "pledges.csv"
    headings = "Pledge No,Member No,Total,Currency,Payments,Each payment,How often,First payment,Fund"
    rows = [f"P{n},M0000{n},60,EUR,6,10,monthly,2026-10-15,protector-pilot" for n in (1, 2)]
    path.write_text("\n".join([headings, *rows]) + "\n", encoding="utf-8")
    beginning.keep()
    killer.check_every_request(beginning.put_back, ("apply", "pledges", path, "--yes", "--force", "first-run"))


def test_a_first_sync_of_two_batches_at_a_time(
    killer: Killer, ready: Site, beginning: Beginning, roster: RosterFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.sync.apply.BATCH", 1)  # the connector's processes are forks of this one
    path = roster.write(*(member(number) for number in range(1, 4)))
    beginning.keep()
    killer.check_every_request(beginning.put_back, ("apply", "members", path, *FIRST))


def test_the_worker_planning_and_applying_what_staff_handed_in(
    killer: Killer, ready: Site, connector: Connector, beginning: Beginning, roster: RosterFile
) -> None:
    staff = Staff(ready, connector)
    id_ = staff.hand_in(roster.write(member(1), member(2)))
    beginning.keep()
    killer.check_every_request(beginning.put_back, ("work", "--drain"))
    staff.works()
    staff.decide(id_, "apply", number=2)
    beginning.keep()
    killer.check_every_request(beginning.put_back, ("work", "--drain"))
    assert staff.roster(id_)["State"] == "applied"


@pytest.mark.parametrize("verdict", ["roster", "civicrm", "dismiss"])
def test_the_worker_carrying_out_what_was_decided_about_a_problem(
    killer: Killer, ready: Site, connector: Connector, beginning: Beginning, roster: RosterFile, verdict: str
) -> None:
    staff = Staff(ready, connector)
    connector.run("apply", "members", roster.write(member(1), member(2)), *FIRST)
    where = [["contact_id.external_identifier", "=", "M00001"]]
    ready.api("Email", "update", where=where, values={"email": "staff@example.org"})
    roster.write(member(1, Email="roster@example.org"), member(2))
    connector.run("apply", "members", roster.path, "--yes", "--scope", "COR06,WIE01,(at large)", code=5)
    (problem,) = staff.problems()
    staff.answer(problem, verdict)
    beginning.keep()
    killer.check_every_request(beginning.put_back, ("work", "--drain"))


def test_a_sync_that_asks(
    killer: Killer, ready: Site, connector: Connector, beginning: Beginning, roster: RosterFile
) -> None:
    connector.run("apply", "members", roster.write(member(1), member(2)), *FIRST)
    where = [["contact_id.external_identifier", "=", "M00001"]]
    ready.api("Email", "update", where=where, values={"email": "staff@example.org"})
    beginning.keep()
    roster.write(member(1, Email="roster@example.org"), member(2), member(3))
    killer.check_every_request(beginning.put_back, ("apply", "members", roster.path, *FIRST))
    assert len(Staff(ready, connector).problems()) == 1


def test_the_worker_applying_what_updates_moves_and_takes_out(
    killer: Killer, ready: Site, connector: Connector, beginning: Beginning, roster: RosterFile
) -> None:
    """Each contact says what was written to it, wherever the worker was ended."""
    staff = Staff(ready, connector)
    connector.run("apply", "members", roster.write(*(member(n) for n in range(1, 5))), *FIRST)
    moved = (member(1, Mobile="+353 87 999 0001"), member(2, Chapter_Code="WIE01"), member(4, Email=""))
    id_ = staff.hand_in(roster.write(*moved, member(5, Chapter_Code="WIE01")))
    staff.works()
    staff.decide(id_, "apply", number=4)
    beginning.keep()
    killer.check_every_request(beginning.put_back, ("work", "--drain"))
    assert staff.roster(id_)["State"] == "applied", staff.roster(id_)["subject"]
