"""The fund as it runs: Stripe's and CiviCRM's stand-ins, the door and the worker as processes, HTTP between them."""

import importlib
import os
import signal
import socket
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.serving import make_server

from connector import clock, create_app, log
from connector.settings import Settings
from tests.fund.books import Books

if TYPE_CHECKING:
    from tests.flows.conftest import Connector, Site

# loaded here, so that the connector's processes, which are forks of this one, need not
for _name in ("engine", "cli.work", "cli.inbox", "cli.reconcile", "cli.fund", "webhooks.door"):
    importlib.import_module(f"connector.{_name}")
AMINA = {"name": "Amina Example", "email": "amina@example.org", "city": "Cork", "country": "IE"}


@dataclass
class FundFlow:
    """One connector between one Stripe and one CiviCRM, with its door open."""

    site: "Site"
    connector: "Connector"
    folder: Path
    monkeypatch: pytest.MonkeyPatch
    books: Books = field(init=False)
    url: str = ""

    def __post_init__(self) -> None:
        """What is in CiviCRM is read as an administrator."""
        self.stripe = self.site.stripe
        self.books = Books(self.site.url, self.site.setup_key)

    def told(self, what: str, **step: Any) -> dict[str, list[str]]:
        """Something happens at Stripe, and the door hears of it."""
        found = self.stripe.do(what, **step)
        self.delivers()
        return found

    def begin_again(self) -> None:
        """Stripe as on its first day, and an inbox that heard nothing; the same steps then have the same ids."""
        self.stripe.reset()
        self.stripe.post("webhook", url=self.url)
        with closing(sqlite3.connect(self.folder / "solidarity.sqlite3")) as database, database:
            database.execute("DELETE FROM inbox")
            database.execute("DELETE FROM links")

    def forgive(self) -> None:
        """Stripe is well again."""
        self.stripe.post("keep/now")
        self.stripe.post("put_back/now")

    def delivers(self, **order: Any) -> None:
        """Stripe sends what waits, and the door takes it."""
        assert {one["status"] for one in self.stripe.deliver(**order)} <= {200}

    def works(self, **env: str) -> str:
        """What the worker does within the next minute."""
        return self.connector.run("work", "--drain", **env)

    def later(self, **by: float) -> None:
        """The processes that start from now on live so much later."""
        moment = clock.now
        self.monkeypatch.setattr("connector.clock.now", lambda: moment() + timedelta(**by))

    def inbox(self, *words: str) -> dict[str, Any]:
        return self.connector.json("inbox", "list", "--limit", "500", *words)

    def rows(self) -> list[tuple[Any, ...]]:
        """The inbox, read past the connector: event, type, root, state and why of each row."""
        with closing(sqlite3.connect(self.folder / "solidarity.sqlite3")) as database:
            return database.execute("SELECT event_id, type, root, state, why FROM inbox ORDER BY id").fetchall()

    def counts(self) -> dict[str, int]:
        found: dict[str, int] = self.inbox()["counts"]
        return found

    def log(self) -> str:
        """What the door said."""
        path = self.folder / "door.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def only(self) -> dict[str, Any]:
        """The one contribution that there is."""
        (row,) = self.books.contributions().values()
        return row

    def problem(self, kind: str) -> int:
        """The number of the one open problem of this kind."""
        where = [["Solidarity_Problem.State", "=", "open"], ["Solidarity_Problem.Key", "LIKE", f"%:{kind}"]]
        (row,) = self.site.api("Activity", "get", select=["id"], where=where)
        return int(row["id"])

    @contextmanager
    def door(self, **env: str) -> Iterator[None]:
        """The web service as a process of its own."""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            pid = self._fork_door(listening, env)
            before, self.url = self.url, f"http://127.0.0.1:{listening.getsockname()[1]}/webhooks/stripe"
        self.stripe.post("webhook", url=self.url)
        try:
            yield
        finally:
            self.url = before
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def _fork_door(self, listening: socket.socket, env: dict[str, str]) -> int:
        pid = os.fork()
        if pid:
            return pid
        with suppress(BaseException):
            file = os.open(self.folder / "door.log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
            os.dup2(file, 1)
            os.dup2(file, 2)
            sys.stdout = sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
            log.configure(verbose=False)  # as wsgi.py does
            app = create_app(Settings.from_env(self.connector.env | env))
            make_server("127.0.0.1", 0, app, threaded=True, fd=listening.fileno()).serve_forever()
        os._exit(70)


@pytest.fixture
def fund(ready: "Site", connector: "Connector", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FundFlow]:
    """A connector whose door is open."""
    ready.stripe.reset()
    connector.env.update(
        STRIPE_API_KEY=ready.stripe.api_key,
        STRIPE_WEBHOOK_SECRETS=ready.stripe.webhook_secret,
        STRIPE_API_BASE=ready.stripe.url,
    )
    monkeypatch.setattr("stripe._http_client.HTTPClient.MAX_DELAY", 0.02)
    monkeypatch.setattr("stripe._http_client.HTTPClient.INITIAL_DELAY", 0.01)
    found = FundFlow(ready, connector, tmp_path, monkeypatch)
    with found.door():
        yield found


def together(connector: "Connector", commands: Sequence[Sequence[str]]) -> list[str]:
    """Run commands at once, each in a process; what each said."""
    with tempfile.TemporaryDirectory() as folder:
        files = [(Path(folder) / str(number)).open("w+b") for number in range(len(commands))]
        running = [connector.start(words, file, {}) for words, file in zip(commands, files, strict=True)]
        for pid in running:
            os.waitpid(pid, 0)
        told = []
        for file in files:
            file.seek(0)
            told.append(file.read().decode())
            file.close()
    assert not [text for text in told if "Traceback" in text or "mistake of the connector" in text], told
    return told
