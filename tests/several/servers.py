"""A PostgreSQL and a Redis of a test run's own: on a free port of this machine, in a folder that goes with it."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

INSTALL = "apt-get install postgresql redis-server (CI does it by `make services`)"


def program(name: str, *folders: str) -> str:
    """Where a program is. A missing one fails the tests that need it: a skip would hide that nobody ran them."""
    places = [str(path) for folder in folders for path in sorted(Path("/").glob(f"{folder}/{name}"), reverse=True)]
    found = shutil.which(name) or next(iter(places), None)
    assert found, f"{name} is not installed: {INSTALL}"
    return found


@contextmanager
def postgresql() -> Iterator[str]:
    """An empty server; its URL, with the name of the database left open as `{}`."""
    with tempfile.TemporaryDirectory(prefix="solidarity-postgresql-") as folder, _postgresql(Path(folder)) as url:
        yield url


@contextmanager
def _postgresql(folder: Path) -> Iterator[str]:
    bin_ = "usr/lib/postgresql/*/bin"
    initdb, server = program("initdb", bin_), program("postgres", bin_)
    data, port = folder / "data", _free_port()
    data.mkdir()
    as_user = _somebody_else(folder, data)
    options = ["-A", "trust", "-U", "connector", "--no-sync", "-E", "UTF8", "--locale", "C"]
    subprocess.run([*as_user, initdb, "-D", str(data), *options], check=True, capture_output=True)
    quick = ["-c", "fsync=off", "-c", "shared_buffers=32MB", "-c", "timezone=Asia/Jerusalem"]
    where = ["-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", str(data)]
    ready = [program("pg_isready", bin_), "-q", "-h", "127.0.0.1", "-p", str(port)]
    with _running([*as_user, server, *where, *quick], lambda: subprocess.run(ready).returncode == 0):
        yield f"postgresql+psycopg://connector@127.0.0.1:{port}/{{}}"


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """An empty server; its URL."""
    port = _free_port()
    command = [program("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    with _running(command, lambda: _answers(port)):
        yield f"redis://127.0.0.1:{port}/0"


def _somebody_else(*folders: Path) -> list[str]:
    """What runs a command as Debian's user for PostgreSQL, which refuses to be root."""
    if os.getuid() != 0:
        return []
    user = pwd.getpwnam("postgres")
    for folder in folders:
        os.chown(folder, user.pw_uid, user.pw_gid)
    return [program("setpriv"), f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


@contextmanager
def _running(command: list[str], is_ready: Callable[[], bool]) -> Iterator[None]:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _until(lambda: process.poll() is not None or is_ready())
            assert process.poll() is None, f"{Path(command[-1]).name} did not start"
            yield
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def _until(holds: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
