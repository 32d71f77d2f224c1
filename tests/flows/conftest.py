"""Flows end to end: the sandbox as a process of its own, the connector as a process of its own, HTTP between them."""

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest
import requests

from connector.cli import main
from tests.flows.fund import FundFlow as FundFlow, fund as fund
from tests.flows.rosters import RosterFile as RosterFile, member as member
from tests.stripe_sandbox import StripeSandbox

PROJECT = Path(__file__).resolve().parents[2]
ROSTERS = PROJECT / "sandbox" / "rosters"
GREETINGS = ("email_greeting_display", "postal_greeting_display", "addressee_display")
CHAPTERS, MEMBERS, PLEDGES = (ROSTERS / f"{name}.csv" for name in ("chapters", "members", "pledges"))


@dataclass(frozen=True)
class Site:
    """The sandbox's CiviCRM, as staff or another program would use it: with the administrator's key, over the API."""

    url: str
    api_key: str
    setup_key: str
    staff: str  # name:password
    stripe: StripeSandbox

    def api(self, entity: str, action: str, **params: Any) -> list[dict[str, Any]]:
        return self._post(f"/{entity}/{action}", {"params": json.dumps(params)})["values"]

    def person(self, number: str, *select: str) -> dict[str, Any]:
        where = [["external_identifier", "=", number], ["is_deleted", "IN", [True, False]]]
        (row,) = self.api("Contact", "get", select=["id", "is_deleted", *select], where=where)
        return row

    def status(self, number: str, group: str) -> str | None:
        rows = self.api(
            "GroupContact",
            "get",
            select=["status"],
            where=[["contact_id.external_identifier", "=", number], ["group_id.name", "=", group]],
        )
        return rows[0]["status"] if rows else None

    def set_status(self, number: str, group: str, status: str) -> None:
        """What staff do when they take somebody out of a group, or put them in."""
        contact = self.person(number)["id"]
        (found,) = self.api("Group", "get", select=["id"], where=[["name", "=", group]])
        record = {"contact_id": contact, "group_id": found["id"], "status": status}
        self.api("GroupContact", "save", records=[record], match=["contact_id", "group_id"])

    def faults(self, *faults: dict[str, Any]) -> None:
        requests.post(f"{self.url}/sandbox/faults", json={"next": list(faults)}, timeout=10).raise_for_status()

    def reset(self) -> None:
        requests.post(f"{self.url}/sandbox/reset", timeout=10).raise_for_status()

    def keep(self, name: str) -> None:
        requests.post(f"{self.url}/sandbox/keep/{name}", timeout=10).raise_for_status()

    def put_back(self, name: str) -> None:
        requests.post(f"{self.url}/sandbox/put_back/{name}", timeout=10).raise_for_status()

    def requests_so_far(self) -> int:
        return int(requests.get(f"{self.url}/sandbox/requests", timeout=10).json()["count"])

    def state(self) -> dict[str, Any]:
        """Everything that a sync writes, without ids and times, so that two ways to the same end compare equal."""
        people = [
            "external_identifier",
            "first_name",
            "last_name",
            "organization_name",
            *GREETINGS,
            "contact_sub_type",
            "preferred_language",
            "Solidarity_Member.Joined_On",
            "Solidarity_Chapter.Status:name",
            "is_deleted",
            "is_opt_out",
        ]
        living_or_not = [["external_identifier", "IS NOT EMPTY"], ["is_deleted", "IN", [True, False]]]
        calls: dict[str, Any] = {"Contact": ["Contact", "get", {"select": people, "where": living_or_not}]}
        for entity, fields in {
            "Email": ["contact_id.external_identifier", "email", "is_primary"],
            "Phone": ["contact_id.external_identifier", "phone", "is_primary"],
            "Address": ["contact_id.external_identifier", "city", "postal_code", "country_id:name"],
            "GroupContact": ["contact_id.external_identifier", "group_id.name", "status"],
            "Relationship": [
                "contact_id_a.external_identifier",
                "contact_id_b.external_identifier",
                "relationship_type_id:name",
                "is_active",
            ],
            "Pledge": ["Solidarity_Pledge.Source_Id", "contact_id.external_identifier", "amount", "status_id:name"],
            "PledgePayment": ["scheduled_date", "scheduled_amount", "status_id:name"],
            "Activity": [
                "Solidarity_Roster.State",
                "Solidarity_Roster.Plan",
                "Solidarity_Decision.State",
                "Solidarity_Problem.State",
                "Solidarity_Problem.Key",
            ],
            "File": ["file_name"],
            "Group": ["name", "title"],
            "CustomField": ["name", "label"],
            "ContactType": ["name"],
            "RelationshipType": ["name_a_b"],
        }.items():
            calls[entity] = [entity, "get", {"select": fields}]
        written = [["activity_type_id:name", "=", "Solidarity_Written"]]
        calls["Written"] = ["Activity", "get", {"select": ["subject", "details"], "where": written}]
        found = self._post("", {"calls": json.dumps(calls)})
        return {
            name: sorted(json.dumps({k: row[k] for k in sorted(row) if k != "id"}) for row in found[name]["values"])
            for name in calls
        }

    def _post(self, path: str, form: dict[str, str]) -> Any:
        answer = requests.post(
            f"{self.url}/civicrm/ajax/api4{path}",
            data=form,
            headers={"X-Civi-Auth": f"Bearer {self.setup_key}", "X-Requested-With": "XMLHttpRequest"},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        assert "error_message" not in answer.json(), answer.text
        return answer.json()


@dataclass
class Connector:
    """The command `solidarity` as a process of its own, with a database of its own."""

    env: dict[str, str]

    def start(self, words: Sequence[str | Path], output: IO[bytes], env: Mapping[str, str]) -> int:
        """Start it and return its process id. A fork, because a fresh interpreter spends its time on imports."""
        pid = os.fork()
        if pid:
            return pid
        code = 70
        try:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            sys.stdout = sys.stderr = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), write_through=True)
            os.environ.clear()
            os.environ.update(self.env | env)
            main(list(map(str, words)))
        except SystemExit as ended:
            code = int(ended.code or 0)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)

    def run(self, *words: str | Path, code: int | None = 0, **env: str) -> str:
        """Run it and return what it printed (both channels). code: the expected exit code, None for any."""
        with tempfile.TemporaryFile() as output:
            _, status = os.waitpid(self.start(words, output, env), 0)
            output.seek(0)
            told = output.read().decode()
        ended = os.waitstatus_to_exitcode(status)
        assert code is None or ended == code, f"ended with {ended}:\n{told}"
        assert "Traceback" not in told, told
        return told

    def json(self, *words: str | Path, code: int | None = 0) -> dict[str, Any]:
        output = self.run(*words, "--json", code=code)
        return json.loads(next(line for line in output.splitlines() if line.startswith("{")))


@contextmanager
def running_sandbox(*options: str) -> Iterator[Site]:
    """A sandbox as a process of its own."""
    command = [sys.executable, "-m", "sandbox", "serve", *options]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        told = json.loads(process.stdout.readline())
        yield Site(**told["civicrm"], stripe=StripeSandbox(**told["stripe"]))
        process.terminate()


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Site]:
    """One sandbox for all flows; `site` empties it for each test."""
    with running_sandbox() as site:
        yield site


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connector's processes are forks of this one, so this shortens their waits between attempts."""
    monkeypatch.setattr("connector.civicrm.client.LONGEST_PAUSE", 0.02)


@pytest.fixture
def site(sandbox: Site) -> Site:
    """A CiviCRM as after its installation."""
    sandbox.reset()
    return sandbox


@pytest.fixture
def connector(site: Site, tmp_path: Path) -> Connector:
    """The connector, configured for `site`."""
    return configured(site, tmp_path)


def configured(site: Site, folder: Path) -> Connector:
    """The connector with its database in `folder`."""
    return Connector(
        {
            "PATH": os.environ["PATH"],
            "CIVICRM_URL": site.url,
            "CIVICRM_API_KEY": site.api_key,
            "CIVICRM_SETUP_KEY": site.setup_key,
            "CIVICRM_GRACE_SECONDS": "0.05",
            "CONNECTOR_FINGERPRINT_KEY": "k" * 40,
            "DATABASE_URL": f"sqlite:///{folder}/solidarity.sqlite3",
            "COLUMNS": "200",
        }
    )


@dataclass(frozen=True)
class Stages:
    """How far a site was brought once for all tests; the sandbox and a folder with the connector's database keep it."""

    set_up: Path
    with_chapters: Path


@pytest.fixture(scope="session")
def stages(sandbox: Site, tmp_path_factory: pytest.TempPathFactory) -> Stages:
    """A site that is set up, and one that has chapters besides."""
    folder = tmp_path_factory.mktemp("stages")
    sandbox.reset()
    found = Stages(folder / "set-up", folder / "chapters")
    found.set_up.mkdir()
    configured(sandbox, found.set_up).run("setup", "apply")
    sandbox.keep("set-up")
    shutil.copytree(found.set_up, found.with_chapters)
    configured(sandbox, found.with_chapters).run("apply", "chapters", CHAPTERS, "--yes", "--force", "first-run")
    sandbox.keep("chapters")
    return found


@pytest.fixture
def bare(connector: Connector, site: Site, stages: Stages, tmp_path: Path) -> Site:
    """A CiviCRM that is set up."""
    site.put_back("set-up")
    shutil.copytree(stages.set_up, tmp_path, dirs_exist_ok=True)
    return site


@pytest.fixture
def ready(connector: Connector, site: Site, stages: Stages, tmp_path: Path) -> Site:
    """A CiviCRM that is set up and has the chapters of the example."""
    site.put_back("chapters")
    shutil.copytree(stages.with_chapters, tmp_path, dirs_exist_ok=True)
    return site


@pytest.fixture
def roster(tmp_path: Path) -> RosterFile:
    """A roster that the test writes and changes."""
    return RosterFile(tmp_path / "members.csv")
