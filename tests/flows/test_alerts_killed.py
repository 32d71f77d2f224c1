"""The worker killed with -9 before and after every request that it sends for an alert, then run again: no mail doubled
or lost. And several workers at once.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.flows.fund import together
from tests.flows.office import Office, office as office
from tests.flows.proxy import Proxy, proxied

WORK = ("work", "--drain")


class Killer:
    """Runs one minute of the worker again and again, each time killed at another request; what comes of it is equal."""

    def __init__(self, office: Office, folder: Path, proxy: Proxy) -> None:
        self.office, self.folder, self.proxy = office, folder, proxy
        office.connector.env.update(CIVICRM_URL=proxy.url)

    def check_every_request(self, then: Callable[[], None]) -> None:
        """then: what happens after that minute, up to the mails."""
        self._keep()
        self.proxy.arm(None, "")
        self.office.works()
        count, writes = self.proxy.count, sorted(self.proxy.writes)
        assert writes
        then()
        wanted = self._state()
        assert self.office.mailed()
        for when, numbers in (("before", range(1, count + 1)), ("after", writes)):
            for number in numbers:
                self._put_back()
                self._kill_at(number, when)
                self._works_later()
                then()
                assert self._state() == wanted, f"killed {when} request {number} of {count}"

    def _state(self) -> list[object]:
        alerts = self.office.site.api(
            "Activity",
            "get",
            select=["Solidarity_Alert.State", "Solidarity_Alert.Count", "Solidarity_Alert.Delivered"],
            where=[["activity_type_id:name", "=", "Solidarity_Alert"]],
        )
        left = [["group_id:name", "=", "solidarity_left"], ["status", "=", "Added"]]
        gone = self.office.site.api("GroupContact", "get", select=["contact_id"], where=left)
        names = sorted(" ".join(one["name"].split()[:4]) for one in self.office.mailings())
        rows = [{name: value for name, value in row.items() if name != "id"} for row in (*alerts, *gone)]
        return [*rows, *names, sorted(self.office.mailed().items())]

    def _works_later(self) -> None:
        """When the leases of the dead worker have run out."""
        from tests.flows.fund import FundFlow

        with pytest.MonkeyPatch.context() as patch:
            FundFlow(self.office.site, self.office.connector, self.folder, patch).later(minutes=1)
            self.office.works()

    def _keep(self) -> None:
        self.office.site.keep("alert")
        self._kept = {path: path.read_bytes() for path in self._files()}

    def _put_back(self) -> None:
        self.office.site.put_back("alert")
        self.office.site.mailbox.post("reset")
        for path in self._files():
            path.unlink()
        for path, content in self._kept.items():
            path.write_bytes(content)

    def _files(self) -> list[Path]:
        return list(self.folder.glob("solidarity.sqlite3*"))

    def _kill_at(self, number: int, when: str) -> None:
        self.proxy.arm(number, when)
        with tempfile.TemporaryFile() as output:
            victim = self.office.connector.start(WORK, output, {})
            self.proxy.watch(victim)
            _, status = os.waitpid(victim, 0)
        assert os.WIFSIGNALED(status), f"was not killed {when} request {number}"
        self.proxy.arm(None, "")


@pytest.fixture
def killer(office: Office, tmp_path: Path) -> Iterator[Killer]:
    office.person("both", "chapter_A", "chapter_B")
    office.person("amal", "chapter_A", language="ar_EG")
    left = office.person("left", "chapter_A", "chapter_B")
    office.place(left, "chapter_A", "Removed")
    with proxied(office.site.url) as proxy:
        yield Killer(office, tmp_path, proxy)


def two_languages(office: Office) -> int:
    return office.writes("solidarity_network", Body_ar="<p>جفّ البئر.</p>", Subject_ar="أخبار")


def test_while_it_is_looked_at(killer: Killer) -> None:
    alert = two_languages(killer.office)

    def decided_and_sent() -> None:
        assert killer.office.decides(alert, "approve", 2)[0] == "done"
        killer.office.mail_run()
        killer.office.works()

    killer.check_every_request(decided_and_sent)


def test_while_it_is_decided_about_and_submitted(killer: Killer) -> None:
    office = killer.office
    alert = two_languages(office)
    office.works()
    fields = {"About": alert, "Plan": office.alert(alert)["Plan"], "Verdict": "approve", "Number_Of_Rows": 2}
    office.other.submit("DecideAlert", {f"Solidarity_Decision.{name}": value for name, value in fields.items()})

    def sent() -> None:
        office.mail_run()
        office.works()

    killer.check_every_request(sent)


def test_four_workers_at_once_send_one(office: Office) -> None:
    for number in range(6):
        office.person(f"p{number}", "chapter_A")
    alert = office.writes("chapter_A")
    together(office.connector, [WORK] * 4)
    office.works()
    fields = {"About": alert, "Plan": office.alert(alert)["Plan"], "Verdict": "approve", "Number_Of_Rows": 6}
    office.other.submit("DecideAlert", {f"Solidarity_Decision.{name}": value for name, value in fields.items()})
    together(office.connector, [WORK] * 4)
    office.works()
    office.mail_run()
    together(office.connector, [WORK] * 4)
    assert office.mailed() == {f"p{number}": 1 for number in range(6)}
    assert len(office.mailings()) == 1
