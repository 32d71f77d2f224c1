"""Runs the connector as an operator would, a process of its own each time, and measures it."""

import json
import os
import re
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.rosters import People, write_chapters, write_members

PROJECT = Path(__file__).resolve().parents[1]
SOLIDARITY = str(Path(sys.executable).with_name("solidarity"))


@dataclass(frozen=True, slots=True)
class Run:
    """What one command took: seconds on the clock, seconds of its own CPU, requests to CiviCRM, megabytes at most.

    writes: how many of its requests wrote. waited: seconds until CiviCRM answered, all requests together. log: a line
    for each request.
    """

    seconds: float
    cpu: float
    requests: int
    writes: int
    megabytes: int
    waited: float
    log: tuple[str, ...]


class Connector:
    """The connector with a database of its own in `folder`, against one site."""

    def __init__(self, site: Mapping[str, str], folder: Path) -> None:
        self._folder = folder
        self._env = {**os.environ, **site, "CONNECTOR_FINGERPRINT_KEY": "b" * 40}
        self._env["DATABASE_URL"] = f"sqlite:///{folder}/bench.sqlite3"

    def prepare(self) -> None:
        """Set the site up."""
        self.run("setup", "apply")

    def found_chapters(self, people: People) -> None:
        """Apply the chapters that these people belong to."""
        chapters = self._folder / f"chapters-{people.run}.csv"
        write_chapters(chapters, people)
        self.run("apply", "chapters", str(chapters), "--yes", "--force", "first-run")

    def apply(self, people: People, changed: int = 0, **settings: str) -> Run:
        """Apply the roster of these people, `changed` of them with another phone number. Raises when it fails."""
        roster = self._folder / f"members-{people.run}.csv"
        write_members(roster, people, range(changed))
        return self.run("apply", "members", str(roster), "--yes", "--force", "first-run", "--json", **settings)

    @property
    def env(self) -> Mapping[str, str]:
        """Its environment."""
        return self._env

    def run(self, *words: str, **settings: str) -> Run:
        """Run one command of it. Raises when it fails."""
        began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        command, env = [SOLIDARITY, "-v", *words], {**self._env, **settings}
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            raise RuntimeError(f"solidarity {words[0]} {words[1]} ended with {done.returncode}: {done.stderr[-2000:]}")
        sent = [line for line in done.stderr.splitlines() if " HTTP " in line]
        return Run(
            seconds=seconds,
            cpu=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            requests=len(sent),
            writes=sum(any(word in line for word in (".save", ".update", ".create")) for line in sent),
            megabytes=after.ru_maxrss // 1024,
            waited=sum(int(ms) for ms in re.findall(r" HTTP \d+ in (\d+) ms", done.stderr)) / 1000,
            log=tuple(sent),
        )


@contextmanager
def sandbox() -> Iterator[dict[str, str]]:
    """A sandbox of one's own: the settings that point the connector at it."""
    command = [sys.executable, "-m", "sandbox", "serve"]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            told = json.loads(process.stdout.readline())
            civicrm, stripe = told["civicrm"], told["stripe"]
            yield {
                "CIVICRM_URL": civicrm["url"],
                "CIVICRM_API_KEY": civicrm["api_key"],
                "CIVICRM_SETUP_KEY": civicrm["setup_key"],
                "STRIPE_API_BASE": stripe["url"],
                "STRIPE_API_KEY": stripe["api_key"],
                "STRIPE_WEBHOOK_SECRETS": stripe["webhook_secret"],
            }
        finally:
            process.terminate()


@contextmanager
def web_service(env: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    """The web service as a process of its own, as `make run` starts it; its host and port."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        host, port = found.getsockname()
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "run", "--port", str(port)]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=PROJECT, env=dict(env), **quiet) as process:
        try:
            for _ in range(200):
                try:
                    socket.create_connection((host, port), timeout=5).close()
                    break
                except ConnectionError:
                    time.sleep(0.05)
            yield host, port
        finally:
            process.terminate()
