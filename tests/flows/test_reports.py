"""`solidarity plan --save`: the plan of a real run as a file, readable by its owner only."""

import csv
import json
import stat
from pathlib import Path

import pytest

from tests.flows.conftest import Connector, RosterFile, Site, member


def test_a_plan_is_kept_in_every_form(ready: Site, connector: Connector, roster: RosterFile, tmp_path: Path) -> None:
    sheet = roster.write(member(1, First_name="أمينة"), member(2, Email="nonsense"))
    for ending in ("json", "csv", "HTML"):
        file = tmp_path / f"plan.{ending}"
        told = connector.run("plan", "members", sheet, "--save", file, code=5)
        assert "1 new, 1 into groups, 1 related, 1 refused." in told
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert "أمينة" in file.read_text(encoding="utf-8")
        checksum = told.rsplit("--plan ", 1)[1].strip()
        assert checksum in file.read_text(encoding="utf-8")
    held = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))
    assert held == connector.json("plan", "members", sheet, code=5)
    with (tmp_path / "plan.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {"'+353 87 555 0001"} == {row["after"] for row in rows if row["field"] == "phone_primary.phone"}
    assert [(row["line"], row["reason"]) for row in rows if row["action"] == "refuse"] == [
        ("3", "Email is not an e-mail address")
    ]


def test_a_file_that_others_could_read_is_closed_to_them(
    ready: Site, connector: Connector, roster: RosterFile, tmp_path: Path
) -> None:
    file = tmp_path / "plan.csv"
    file.write_text("something longer than nothing, from before\n" * 500, encoding="utf-8")
    file.chmod(0o644)
    connector.run("plan", "members", roster.write(member(1)), "--save", file, code=3)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "from before" not in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["plan.pdf", "plan", "plan.csv.gz"])
def test_another_ending_is_refused_before_anybody_is_asked(
    ready: Site, connector: Connector, roster: RosterFile, tmp_path: Path, name: str
) -> None:
    asked = ready.requests_so_far()
    told = connector.run("plan", "members", roster.write(member(1)), "--save", tmp_path / name, code=2)
    assert all(ending in told for ending in (".json", ".csv", ".html"))
    assert ready.requests_so_far() == asked
    assert not (tmp_path / name).exists()


def test_a_folder_that_is_not_there_is_told(
    ready: Site, connector: Connector, roster: RosterFile, tmp_path: Path
) -> None:
    told = connector.run("plan", "members", roster.write(member(1)), "--save", tmp_path / "no" / "plan.csv", code=1)
    assert "The plan cannot be saved" in told
    assert "Next:" in told
