"""The demo: a roster, a staff edit that survives, a person who left and stays away, told as it happens.

It starts the stand-ins and the connector as an operator would, each as a process of its own with its own environment,
and fails when the story does not end as it should.
"""

import csv
import json
import secrets
import signal
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import requests

from sandbox.demo_alert import AlertStory
from sandbox.demo_fund import FundStory

CHAPTERS = Path(__file__).parent / "rosters" / "chapters.csv"
PLEDGES = Path(__file__).parent / "rosters" / "pledges.csv"
ROSTER = Path(__file__).parent / "rosters" / "members.csv"
SOLIDARITY = Path(sys.executable).with_name("solidarity")
CORRECTED, LEFT, MOVED_PHONE, NEW = "M01-00003", "M01-00010", "M01-00005", "M01-00121"


def tell(once: bool) -> int:
    """Tell the story and return the exit code. once: end by itself instead of leaving the sandbox up to look at."""
    with tempfile.TemporaryDirectory(prefix="solidarity-demo-") as folder, _stand_ins() as told:
        story = Story(Path(folder), told)
        right = story.tell()
        if not once:
            story.stay()
        return 0 if right else 1


class Staff:
    """A member of the staff at their browser: logs in, sends the forms of CiviCRM's own pages."""

    def __init__(self, url: str, login: str) -> None:
        self._url, self._browser = f"{url}/civicrm/ajax/api4", requests.Session()
        self._browser.headers["X-Requested-With"] = "XMLHttpRequest"
        name, _, password = login.partition(":")
        self._send("User/login", {"identifier": name, "password": password})

    def hand_in(self, roster: Path) -> int:
        """Send the form, then the file, as the page does; returns the activity."""
        form = "afformSolidarityHandIn"
        (made,) = self._submit(form, {"Solidarity_Roster.Kind": "members"})
        where = {"name": form, "modelName": "Activity1", "fieldName": "Solidarity_Roster.File", "entityIndex": 0}
        with roster.open("rb") as file:
            self._send("Afform/submitFile", {**where, "token": made["token"]}, {"file": file})
        return int(made["Activity1"][0]["id"])

    def decide(self, number: int, plan: str) -> None:
        """Decide that what the plan shows is done."""
        fields = {"About": number, "Plan": plan, "Verdict": "apply"}
        self._submit("afformSolidarityDecide", {f"Solidarity_Decision.{name}": value for name, value in fields.items()})

    def fill_in(self, form: str, fields: dict[str, Any]) -> int:
        """Send one of the forms of the menu; returns the activity that it makes."""
        (made,) = self._submit(f"afformSolidarity{form}", fields)
        return int(made["Activity1"][0]["id"])

    def _submit(self, form: str, fields: dict[str, Any]) -> list[dict[str, Any]]:
        return self._send("Afform/submit", {"name": form, "values": {"Activity1": [{"fields": fields}]}})

    def _send(self, action: str, params: dict[str, Any], files: Any = None) -> list[dict[str, Any]]:
        sent = {"params": json.dumps(params)}
        answer = self._browser.post(f"{self._url}/{action}", data=sent, files=files, timeout=30)
        answer.raise_for_status()
        values = answer.json()["values"]
        return values if isinstance(values, list) else [values]


class Story:
    """The demo's chapters. Everything is done by `solidarity` or by staff over CiviCRM's own API."""

    def __init__(self, folder: Path, stand_ins: dict[str, dict[str, str]]) -> None:
        civicrm = stand_ins["civicrm"]
        self._folder, self._civicrm, self._mailbox = folder, civicrm, stand_ins["mailbox"]["url"]
        self._roster = folder / "members.csv"
        self._right = True
        self._env = {
            "CIVICRM_URL": civicrm["url"],
            "CIVICRM_API_KEY": civicrm["api_key"],
            "CIVICRM_SETUP_KEY": civicrm["setup_key"],
            "CONNECTOR_FINGERPRINT_KEY": secrets.token_hex(32),
            "DATABASE_URL": f"sqlite:///{folder}/solidarity.sqlite3",
            "SMTP_URL": stand_ins["smtp"]["url"],
            "MAIL_FROM": "connector@example.org",
            "ADMIN_EMAIL": "admin@example.org",
            "COLUMNS": "110",
        }
        self._fund = FundStory(stand_ins["stripe"], self._env, self._api, self._solidarity)
        self._env = self._fund.env
        self._alert = AlertStory(civicrm["url"], self._mailbox, self._fund.home, self._api, self._solidarity)

    def tell(self) -> bool:
        """Tell all of it. Returns whether it ended as it should."""
        say(f"An empty CiviCRM stands at {self._civicrm['url']} (a stand-in; nobody in it is real).")

        title("1. The administrator sets CiviCRM up, and looks whether all is well")
        self._solidarity("setup", "apply", quiet=True)
        self._fund.connect()
        self._solidarity("doctor")

        title("2. The chapters: each an organization with a mailing group, below the friends of Ras al-Auja")
        self._solidarity("apply", "chapters", CHAPTERS, "--yes", "--force", "first-run")

        title("3. A roster of 120 members of these chapters. The first run takes twenty, to look at")
        rows = self._read()
        self._write(rows)
        self._solidarity("apply", "members", self._roster, "--yes", "--limit", "20")
        say("They look right, so all of them:")
        self._solidarity("apply", "members", self._roster, "--yes", "--force", "first-run")

        title("4. Meanwhile, inside CiviCRM")
        say(f"Staff correct the first name of {CORRECTED}, and {LEFT} leaves the chapter's mailing list.")
        self._api(
            "Contact", "update", where=[["external_identifier", "=", CORRECTED]], values={"first_name": "Nguyen Thi"}
        )
        where = [["contact_id.external_identifier", "=", LEFT], ["group_id.name", "LIKE", "chapter_%"]]
        (place,) = self._api("GroupContact", "get", select=["contact_id", "group_id"], where=where)
        removed = {"contact_id": place["contact_id"], "group_id": place["group_id"], "status": "Removed"}
        self._api("GroupContact", "save", records=[removed], match=["contact_id", "group_id"])

        title("5. The next roster: it knows nothing of that. One new phone number, one new member")
        self._change(rows)
        self._write(rows)
        self._solidarity("plan", "members", self._roster)
        checksum = json.loads(self._solidarity("plan", "members", self._roster, "--json", quiet=True))["checksum"]
        self._solidarity("apply", "members", self._roster, "--plan", checksum)

        title("6. Promises to the protector fund: each a pledge, with the payments that CiviCRM makes of it")
        self._solidarity("apply", "pledges", PLEDGES, "--yes", "--force", "first-run")

        title("7. Staff need no terminal: they hand in a roster on a page of CiviCRM, read its plan there, and decide")
        rows[0]["Mobile"] = "+353 87 555 0001"
        self._write(rows)
        staff = Staff(self._civicrm["url"], self._civicrm["staff"])
        number = staff.hand_in(self._roster)
        say(f"\nRoster {number} is handed in. Within a minute the worker has looked at it; here it does so at once:")
        self._solidarity("work", "--drain")
        say(f"  CiviCRM shows: {self._roster_handed_in(number)['subject']}")
        staff.decide(number, self._roster_handed_in(number)["Solidarity_Roster.Plan"])
        self._solidarity("work", "--drain")
        say(f"  CiviCRM shows: {self._roster_handed_in(number)['subject']}")
        pages = f"{self._civicrm['url']}/civicrm/solidarity/hand-in"
        with urllib.request.urlopen(f"{self._mailbox}/mails", timeout=30) as answer:
            (mail,) = json.load(answer)
        say(f"  The administrator's mail of the day says: {mail['subject'].partition(': ')[2]} ({self._mailbox})")
        say(f"  To do it yourself: {pages} (log in as {self._civicrm['staff'].replace(':', ', password ')})")

        title("8. The protector fund: gifts through Stripe, one of them given back, and a payout")
        self._fund.tell(say)

        title("9. An alert: written at night, approved by a second person, in the mailboxes, and answered")
        with self._fund.web_service():
            self._alert.tell(staff.fill_in, Staff(self._civicrm["url"], self._another_staff()).fill_in, say)

        title("10. How it ended")
        self._check(rows)
        return self._right

    def stay(self) -> None:
        """Leave everything up to be clicked, until Ctrl-C."""
        say("\nEverything stays up, and the worker looks each minute. Click, and end it with Ctrl-C:")
        for what, where in self._fund.to_click:
            say(f"  {what}: {where}")
        say(f"  the mails that were sent: {self._mailbox}")
        with suppress(KeyboardInterrupt), self._fund.web_service(), self.worker():
            signal.pause()

    @contextmanager
    def worker(self) -> Iterator[None]:
        """The connector's worker, at work until this ends."""
        env = {**self._env, "QUEUE_URL": f"sqlite:///{self._folder}/queue.sqlite3"}
        with subprocess.Popen([str(SOLIDARITY), "work"], env=env) as process:
            yield
            process.terminate()

    def _check(self, rows: list[dict[str, str]]) -> None:
        corrected, left = self._person(CORRECTED), self._person(LEFT)
        phone, new = self._person(MOVED_PHONE), self._person(NEW)
        self._hold("the staff's correction survived", corrected["first_name"] == "Nguyen Thi", corrected)
        self._hold("who left stays away", not self._chapters(LEFT), left)
        self._hold("the new phone number arrived", phone["phone_primary.phone"] == "+353 87 555 0005", phone)
        overdue = self._api("Pledge", "get", select=["id"], where=[["status_id:name", "=", "Overdue"]])
        self._hold(f"{len(overdue)} promises are overdue, and CiviCRM knows", bool(overdue), None)
        first = self._person(rows[0]["Member No"])
        self._hold("what staff handed in was applied", first["phone_primary.phone"] == "+353 87 555 0001", first)
        self._hold("the new member is in the chapter's group", bool(self._chapters(NEW)), new)
        self._fund.check(self._hold)
        self._alert.check(self._hold)
        again = self._solidarity("plan", "members", self._roster, "--json", quiet=True)
        acts = [
            change for change in json.loads(again)["changes"] if change["action"] not in ("respect", "keep CiviCRM's")
        ]
        self._hold("a second plan has nothing to do", not acts, None)
        say(f"\nGroups and people to look at: {self._civicrm['url']}/")

    def _hold(self, what: str, is_so: bool, person: dict[str, Any] | None) -> None:
        self._right = self._right and is_so
        link = f"   {self._civicrm['url']}/people/{person['id']}" if person else ""
        say(f"  {'yes' if is_so else 'NO '}  {what}{link}")

    def _another_staff(self) -> str:
        """A second user of the staff's role; name:password."""
        who = {"first_name": "Night", "last_name": "Example", "email_primary.email": "night@example.org"}
        (contact,) = self._api("Individual", "create", values=who)
        (first,) = self._api("User", "get", select=["roles"], where=[["username", "=", "staff"]])
        user = {"username": "night", "uf_name": "night@example.org", "password": "night-password", "is_active": True}
        self._api(
            "User",
            "create",
            values=user | {"contact_id": contact["id"], "roles": first["roles"]},
            actorPassword="sandbox_password",
        )
        return "night:night-password"

    def _person(self, number: str) -> dict[str, Any]:
        select = ["id", "first_name", "phone_primary.phone"]
        (row,) = self._api("Contact", "get", select=select, where=[["external_identifier", "=", number]])
        return row

    def _chapters(self, number: str) -> list[dict[str, Any]]:
        where = [["contact_id.external_identifier", "=", number], ["status", "=", "Added"]]
        return self._api("GroupContact", "get", select=["group_id.name"], where=where)

    def _solidarity(self, *words: object, quiet: bool = False) -> str:
        if not quiet:
            say(f"\n$ solidarity {' '.join(getattr(word, 'name', str(word)) for word in words)}")
        command = [str(SOLIDARITY), *map(str, words)]
        done = subprocess.run(command, env=self._env, capture_output=True, text=True, check=False)
        if not quiet:
            say("\n".join(f"  {line}".rstrip() for line in (done.stdout + done.stderr).splitlines()))
        if done.returncode not in (0, 3):
            say(done.stdout + done.stderr)
            raise SystemExit(f"solidarity ended with {done.returncode}")
        return done.stdout

    def _api(self, entity: str, action: str, **params: Any) -> list[dict[str, Any]]:
        """What staff do on a page of CiviCRM, done over its API."""
        form = urllib.parse.urlencode({"params": json.dumps(params)}).encode()
        headers = {"X-Civi-Auth": f"Bearer {self._civicrm['setup_key']}", "X-Requested-With": "XMLHttpRequest"}
        url = f"{self._civicrm['url']}/civicrm/ajax/api4/{entity}/{action}"
        with urllib.request.urlopen(urllib.request.Request(url, form, headers), timeout=30) as answer:
            rows: list[dict[str, Any]] = json.load(answer)["values"]
            return rows

    def _roster_handed_in(self, number: int) -> dict[str, Any]:
        select = ["subject", "Solidarity_Roster.Plan"]
        (row,) = self._api("Activity", "get", select=select, where=[["id", "=", number]])
        return row

    def _read(self) -> list[dict[str, str]]:
        with ROSTER.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def _change(self, rows: list[dict[str, str]]) -> None:
        next(row for row in rows if row["Member No"] == MOVED_PHONE)["Mobile"] = "+353 87 555 0005"
        new = {"Member No": NEW, "First name": "Salma", "Last name": "Byrne", "Email": "m1.121@example.org"}
        rows.append({**dict.fromkeys(rows[0], ""), **new, "Chapter Code": "COR06", "Role": "member", "Language": "en"})

    def _write(self, rows: list[dict[str, str]]) -> None:
        with self._roster.open("w", encoding="utf-8", newline="") as file:
            out = csv.DictWriter(file, rows[0].keys())
            out.writeheader()
            out.writerows(rows)


@contextmanager
def _stand_ins() -> Iterator[dict[str, Any]]:
    process = subprocess.Popen([sys.executable, "-m", "sandbox", "serve"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(10)


def title(text: str) -> None:
    """A chapter's heading."""
    bold: Callable[[str], str] = (lambda t: f"\033[1m{t}\033[0m") if sys.stdout.isatty() else str
    say(f"\n{bold(text)}")


def say(text: str) -> None:
    """One piece of the story, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
