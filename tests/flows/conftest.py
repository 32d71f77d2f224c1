"""Flows end to end: the sandbox as a process of its own, the connector as a process of its own, HTTP between them."""

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest
from hypothesis import HealthCheck, settings

from connector.cli import main
from tests.flows.fund import FundFlow as FundFlow, fund as fund
from tests.flows.rosters import RosterFile as RosterFile, member as member
from tests.flows.site import GREETINGS as GREETINGS, Mailbox as Mailbox, Site as Site
from tests.fund.books import Books
from tests.fund.connector import Fund, connected
from tests.stripe_sandbox import StripeSandbox

PROJECT = Path(__file__).resolve().parents[2]
ROSTERS = PROJECT / "sandbox" / "rosters"
CHAPTERS, MEMBERS, PLEDGES = (ROSTERS / f"{name}.csv" for name in ("chapters", "members", "pledges"))


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
        mailbox = Mailbox(told["mailbox"]["url"], told["smtp"]["url"])
        yield Site(**told["civicrm"], stripe=StripeSandbox(**told["stripe"]), mailbox=mailbox)
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
def mailbox(site: Site) -> Mailbox:
    """Where its mail goes; empty."""
    site.mailbox.post("reset")
    return site.mailbox


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


@pytest.fixture
def stripe(sandbox: Site) -> StripeSandbox:
    """An account at Stripe in which nothing happened yet."""
    sandbox.stripe.reset()
    return sandbox.stripe


@pytest.fixture
def worker(bare: Site, stripe: StripeSandbox, tmp_path: Path) -> Iterator[Fund]:
    """The connector between that account and a CiviCRM that is set up; its worker looks when the test says so."""
    with connected(bare.url, bare.api_key, stripe, tmp_path) as found:
        yield found


@pytest.fixture
def books(site: Site) -> Books:
    """What CiviCRM holds of the fund."""
    return Books(site.url, site.setup_key)


@pytest.fixture
def orders(request: pytest.FixtureRequest) -> Callable[[int, int], settings]:
    """How many orders of how many events a state machine tries: the same few, or as many random ones as asked for."""

    def found(examples: int, steps: int) -> settings:
        usual: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck)}
        if many := request.config.getoption("--orders"):
            return settings(max_examples=many, stateful_step_count=30, derandomize=False, print_blob=True, **usual)
        return settings(max_examples=examples, stateful_step_count=steps, **usual)

    return found
