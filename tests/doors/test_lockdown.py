"""`solidarity lockdown` without a CiviCRM, and what it keeps from going out."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import responses
from click.testing import CliRunner, Result

from connector import lockdown
from connector.cli import main
from connector.desk.locked import LockdownShown
from connector.errors import UserError
from connector.store import opened

from .civicrm import API4, ROWS, URL, answer, client

WHY = "A list may have leaked."


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command with a database of its own. CiviCRM is not set, unless it is given as NAME="value"."""
    monkeypatch.chdir(tmp_path)

    def invoke(*words: str, **env: str) -> Result:
        return CliRunner(env={"DATABASE_URL": f"sqlite:///{tmp_path}/s.sqlite3"} | env).invoke(main, words)

    return invoke


def status(run: Any, code: int) -> dict[str, Any]:
    result = run("lockdown", "status", "--json")
    assert result.exit_code == code
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_on_and_off_need_no_civicrm(run: Any) -> None:
    assert status(run, 0) == {"on": False}
    told = run("lockdown", "on", "--why", f"  {WHY}\n")
    assert told.exit_code == 0
    assert WHY in told.stdout
    found = status(run, 4)
    assert (found["on"], found["why"]) == (True, WHY)
    assert datetime.fromisoformat(found["since"]).utcoffset() is not None
    assert json.loads(run("lockdown", "off", "--json").stdout) == {"on": False}
    assert status(run, 0) == {"on": False}
    assert "no lock-down" in run("lockdown", "status").stdout


@pytest.mark.parametrize("why", ["", "   ", "x" * 121])
def test_a_why_is_one_sentence(run: Any, why: str) -> None:
    assert run("lockdown", "on", "--why", why).exit_code == 2
    assert run("lockdown", "on").exit_code == 2
    assert status(run, 0) == {"on": False}


@pytest.mark.parametrize("mapping", ["members", "members_by_email", "chapters", "pledges"])
def test_an_apply_refuses_before_it_reads_or_asks_anything(
    run: Any, site: responses.RequestsMock, mapping: str
) -> None:
    run("lockdown", "on", "--why", WHY)
    env = {"CIVICRM_URL": URL, "CIVICRM_API_KEY": "a-key", "CONNECTOR_FINGERPRINT_KEY": "k" * 40}
    result = run("apply", mapping, "no-such-file.csv", "--yes", **env)
    assert result.exit_code == 1
    assert f"UTC: {WHY}" in " ".join(result.stderr.split())
    assert "solidarity lockdown off" in result.stderr
    assert len(site.calls) == 0


def test_a_connection_that_asks_first_reads_but_does_not_write(site: responses.RequestsMock) -> None:
    for url in ("Contact/get", "Contact/update", "", "rest"):
        answer(site, ROWS, url=f"{API4}/{url}" if url else API4)

    def refuses() -> None:
        raise UserError("Lock-down.", next_step="wait.")

    plain = client()
    careful = plain.asking_first(refuses)
    assert careful.api4("Contact", "get", select=["id"]) == [{"id": 7}]
    with pytest.raises(UserError, match="Lock-down"):
        careful.api4("Contact", "update", where=[["id", "=", 7]], values={"last_name": "H"})
    with pytest.raises(UserError, match="Lock-down"):
        careful.multi({"one": ("Contact", "get", {}), "two": ("Contact", "save", {"records": []})})
    with pytest.raises(UserError, match="Lock-down"):
        careful.api3("Attachment", "create", name="a")
    assert len(site.calls) == 1
    assert plain.api4("Contact", "update", where=[["id", "=", 7]], values={"last_name": "H"}) == [{"id": 7}]


@contextmanager
def held(_name: str) -> Iterator[None]:
    yield None


def test_while_it_is_off_or_another_worker_tells_of_it_nothing_is_asked(
    site: responses.RequestsMock, tmp_path: Path
) -> None:
    with opened(f"sqlite:///{tmp_path}/s.sqlite3") as store:
        step = LockdownShown(client(), store, held).step
        assert step() == 0
        lockdown.switch_on(store, WHY)
        assert step() == 0
        assert not lockdown.standing(store).is_told
    assert len(site.calls) == 0
