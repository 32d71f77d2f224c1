"""What an alert costs between its approval and CiviMail: requests, own CPU, and seconds on the clock."""

import re
import tempfile
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.api import Api
from bench.rosters import CHAPTERS, People
from bench.runs import Connector, Run, sandbox
from bench.table import Figure, show

# In two languages, with people who left a group once. On a busy machine CPU takes half as long again.
REQUESTS, CPU_SECONDS, SECONDS = 15, 2.0, 2.0
MEMBERS = 5000
WHERE = "Solidarity_Alert"


def check(members: int) -> bool:
    """On the sandbox: counts and own CPU, which may fail. Returns whether every limit holds."""
    with tempfile.TemporaryDirectory() as folder, sandbox() as site:
        office = _Office(site, Path(folder), members)
        idle, reported, scheduled = office.sends()
    limits = {
        "approved to scheduled: requests": Figure(len(_until_scheduled(scheduled)), REQUESTS, digits=0),
        "the worker's whole minute, with its start: own CPU, s": Figure(scheduled.cpu, CPU_SECONDS),
    }
    told = {
        "a minute with nothing to do, with its start: own CPU, s": Figure(idle.cpu),
        "the report: requests": Figure(reported.requests - idle.requests, digits=0),
    }
    show(f"An alert to {members} members in {CHAPTERS} chapters, on the sandbox", limits | told)
    return all(figure.is_met for figure in limits.values())


def measure(site: Mapping[str, str], members: int) -> None:
    """On a real CiviCRM: seconds. The alert is withdrawn at the end; its people stay."""
    with tempfile.TemporaryDirectory() as folder:
        office = _Office(site, Path(folder), members)
        idle, reported, scheduled = office.sends()
    until = _until_scheduled(scheduled)
    of_civimail = sum(_milliseconds(line) for line in until if "Mailing.submit" in line) / 1000
    figures = {
        "approved to scheduled, s": Figure(_seconds(until), SECONDS),
        "of which CiviMail's own submit, s": Figure(of_civimail),
        "of which CiviCRM otherwise, s": Figure(sum(map(_milliseconds, until)) / 1000 - of_civimail),
        "approved to scheduled: requests": Figure(len(until), REQUESTS, digits=0),
        "the worker's whole minute, with its start: own CPU, s": Figure(scheduled.cpu, CPU_SECONDS),
        "the report, s": Figure(reported.seconds - idle.seconds),
    }
    show(f"An alert to {members} members in {CHAPTERS} chapters", figures)


class _Office:
    """Staff and members at one site."""

    def __init__(self, site: Mapping[str, str], folder: Path, members: int) -> None:
        own = {name: value for name, value in site.items() if name.startswith("CIVICRM")}
        self._connector = Connector(own, folder)
        self._api = Api({**site, "CIVICRM_API_KEY": site["CIVICRM_SETUP_KEY"]})
        self._people = People(f"a{int(time.time()):x}", members)
        self._connector.prepare()
        self._connector.found_chapters(self._people)
        self._connector.apply(self._people)
        self._differ()
        self._found_staff()

    def sends(self) -> tuple[Run, Run, Run]:
        """Write an alert and approve it: a minute with nothing to do, that of the report, that of the decision."""
        self._works()  # so that no cache of the site is cold
        idle = self._works()
        number = self._writes()
        reported = self._works()
        self._decides(number, "approve")
        scheduled = self._works()
        row = self._row(number)
        self._takes_back(number)
        if row[f"{WHERE}.State"] not in ("scheduled", "sending") or row[f"{WHERE}.Count"] < self._people.count * 0.9:
            raise RuntimeError(f"alert {number} is {row[f'{WHERE}.State']}: {row[f'{WHERE}.Said']}")
        return idle, reported, scheduled

    def _works(self) -> Run:
        return self._connector.run("work", "--drain")

    def _writes(self) -> int:
        said: dict[str, Any] = {"Kind": "incident", "Community": "ras_al_auja", "State": "ready"}
        said |= {"Place": "at the spring", "Happened": "tonight", "Ask": "Please call.", "Ask_ar": "اتصلوا."}
        said |= {"Body": "<p>They cut the pipe.</p>", "Subject_ar": "عند النبع", "Body_ar": "<p>قطعوا الأنبوب.</p>"}
        said["Audience_1"] = self._id("Group", "solidarity_network")
        values = {"activity_type_id:name": WHERE, "source_contact_id": self._author, "subject": "At the spring"}
        values |= {f"{WHERE}.{name}": value for name, value in said.items()}
        return int(self._api.call("Activity", "create", values=values)[0]["id"])

    def _decides(self, number: int, verdict: str) -> None:
        row = self._row(number)
        said = {"About": number, "Plan": row[f"{WHERE}.Plan"], "Verdict": verdict}
        said["Number_Of_Rows"] = row[f"{WHERE}.Count"]
        fields = {f"Solidarity_Decision.{name}": value for name, value in said.items()}
        values = {"Activity1": [{"fields": fields}]}
        self._api.call("Afform", "submit", name="afformSolidarityDecideAlert", values=values)

    def _takes_back(self, number: int) -> None:
        """At once, so that no mail run of the site comes in between; then as staff do."""
        ours = [["name", "LIKE", f"Solidarity alert {number} %"], ["status", "=", "Scheduled"]]
        self._api.call("Mailing", "delete", where=ours)
        self._decides(number, "withdraw")
        self._works()

    def _row(self, number: int) -> dict[str, Any]:
        select = [f"{WHERE}.{name}" for name in ("State", "Said", "Plan", "Count")]
        return self._api.call("Activity", "get", select=select, where=[["id", "=", number]])[0]

    def _differ(self) -> None:
        """Every tenth reads Arabic, and every hundredth left their chapter."""
        last = [["external_identifier", "LIKE", f"{self._people.run}-%0"]]
        self._api.call("Contact", "update", values={"preferred_language": "ar_EG"}, where=last)
        theirs = ["contact_id.external_identifier", "LIKE", f"{self._people.run}-%00"]
        self._api.call("GroupContact", "update", values={"status": "Removed"}, where=[theirs])

    def _found_staff(self) -> None:
        """Whoever has the key may approve; somebody else writes."""
        (me,) = self._api.call("Contact", "get", select=["id"], where=[["id", "=", "user_contact_id"]])
        place = {"group_id": self._id("Group", "alert_approvers"), "contact_id": me["id"], "status": "Added"}
        self._api.call("GroupContact", "save", records=[place], match=["group_id", "contact_id"])
        who = {"first_name": "Author", "last_name": "Example", "external_identifier": f"{self._people.run}-author"}
        self._author = self._api.call("Individual", "create", values=who)[0]["id"]
        sender = {"email": "alerts@example.org", "display_name": "The network"}
        unset = [["email", "LIKE", "info@EXAMPLE.ORG"]]
        self._api.call("SiteEmailAddress", "update", values=sender, where=unset)

    def _id(self, entity: str, name: str) -> int:
        return int(self._api.call(entity, "get", select=["id"], where=[["name", "=", name]])[0]["id"])


def _until_scheduled(run: Run) -> list[str]:
    """The requests of a minute up to the one that says scheduled: the first after the last submission."""
    submitted = max(number for number, line in enumerate(run.log) if "Mailing.submit" in line)
    return list(run.log[: submitted + 2])


def _seconds(log: list[str]) -> float:
    """From the begin of the first request to the end of the last."""
    first, last = (datetime.fromisoformat(line[:23].replace(",", ".")) for line in (log[0], log[-1]))
    return (last - first).total_seconds() + _milliseconds(log[0]) / 1000


def _milliseconds(line: str) -> int:
    return int(re.findall(r" in (\d+) ms", line)[0])
