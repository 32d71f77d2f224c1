"""The rules of the house, as tests: who may import whom, one door per library, nothing too long or undocumented."""

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click
import pytest

from connector import cli, lockdown, store
from connector.cli import sync
from connector.settings import SECRETS, Settings

PROJECT = Path(__file__).resolve().parents[1]
CONNECTOR = PROJECT / "connector"

# A module may import from its own layer's unit and from every layer above it; flows never from each other.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors",),
    ("clock", "log", "money", "plan", "report", "mappings"),
    ("settings", "store", "lockdown", "leases", "memory", "inbox", "civicrm", "stripe_api", "migrations", "mail"),
    ("leavings", "alert_templates"),
    ("desk",),
    ("setup", "sync", "webhooks", "alerts"),
    ("pages",),
    ("engine",),
    ("cli", "__init__"),
)
# within a layer, on purpose
SIDEWAYS = {
    ("civicrm", "settings"),
    ("plan", "errors"),
    ("report", "plan"),
    ("migrations", "store"),
    ("inbox", "store"),
    ("leases", "store"),
    ("lockdown", "store"),
    ("memory", "store"),
}
DOORS = {
    "requests": {"civicrm/client.py"},
    "sqlalchemy": {
        "store.py",
        "leases.py",
        "lockdown.py",
        "inbox.py",
        "migrations",
        "memory.py",
        "sync/history.py",
        "sync/telling.py",
        "webhooks",
        "pages",
    },
    "stripe": {"stripe_api.py"},
    "alembic": {"store.py", "migrations"},
    "tomllib": {"mappings.py"},
    "jinja2": {"report.py", "alerts/letters.py"},
    "nh3": {"alerts/cleaning.py"},
    "css_inline": {"alerts/letters.py"},
    "inscriptis": {"alerts/letters.py"},
    "huey": {"engine.py"},
    "redis": {"engine.py"},
    "smtplib": {"mail.py"},
    "openpyxl": {"sync/roster_xlsx.py"},
    "click": {"cli"},
    "rich": {"cli"},
    "flask": {"__init__.py", "webhooks/door.py", "pages"},
    "flask_babel": {"pages"},
    "flask_limiter": {"pages/site.py", "pages/wiring.py"},
    "flask_wtf": {"pages/site.py"},
    "itsdangerous": {"pages/links.py"},
}
MODULES = sorted(CONNECTOR.rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(CONNECTOR).as_posix()


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _unit(name: str) -> str:
    """The unit of the house that a module belongs to: `sync` for connector.sync.plan."""
    parts = name.removeprefix("connector").strip(".").split(".")
    return parts[0] if parts[0] else "__init__"


def _layer(unit: str) -> int:
    return next((number for number, units in enumerate(LAYERS) if unit in units), -1)


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_imports_point_inward(path: Path) -> None:
    here = _unit(".".join(path.relative_to(CONNECTOR).with_suffix("").parts))
    for imported in _imports(path):
        if imported.split(".")[0] != "connector":
            continue
        there = _unit(imported)
        if there == here or (here, there) in SIDEWAYS:
            continue
        assert _layer(there) >= 0, f"{there} has no place in the house"
        assert _layer(there) < _layer(here), f"{_name(path)} must not import {imported}"


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_every_library_has_one_door(path: Path) -> None:
    for library in {imported.split(".")[0] for imported in _imports(path)} & DOORS.keys():
        doors = DOORS[library]
        assert any(_name(path) == door or _name(path).startswith(f"{door}/") for door in doors), (
            f"{library} in {path.name}"
        )


def test_sandbox_and_connector_meet_over_http_only() -> None:
    for folder, other in (("connector", "sandbox"), ("sandbox", "connector")):
        for path in (PROJECT / folder).rglob("*.py"):
            assert not [name for name in _imports(path) if name.split(".")[0] == other], path


def test_only_settings_reads_the_environment() -> None:
    readers = [_name(path) for path in MODULES if re.search(r"os\.(environ|getenv)", path.read_text(encoding="utf-8"))]
    assert readers == ["settings.py"]


def test_no_file_is_longer_than_one_thing() -> None:
    folders = ("connector", "sandbox", "tests", "bench")
    paths = [path for folder in folders for path in (PROJECT / folder).rglob("*.py")]
    assert {path.name: n for path in paths if (n := len(path.read_text(encoding="utf-8").splitlines())) > 300} == {}


def test_every_setting_is_explained() -> None:
    example = (PROJECT / ".env.example").read_text(encoding="utf-8")
    for setting in fields(Settings):
        assert re.search(rf"^#?{setting.name.upper()}=", example, re.MULTILINE), setting.name
    assert set(SECRETS) <= {setting.name.upper() for setting in fields(Settings)}


def _commands(group: click.Group, words: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command
        if isinstance(command, click.Group):
            yield from _commands(command, f"{words} {name}")
        else:
            yield f"{words} {name}", command


def test_every_command_and_option_is_documented() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    for words, command in _commands(cli.main, "solidarity"):
        assert words in readme, words
        assert command.help, words
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help, f"{words} {option.name}"
                assert any(f"`{name}" in readme for name in option.opts), f"{words} {option.opts}"


def test_every_brake_that_can_be_forced_is_named_in_the_readme() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    for name in sync.FORCEABLE:
        assert f"`{name}`" in readme


def test_the_files_of_where_is_exist() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    for named in re.findall(r"`((?:connector|mappings|sandbox|tests|docs)/[\w./]*)`", readme):
        assert (PROJECT / named).exists(), named


def test_the_newest_migration_is_the_one_that_the_store_expects() -> None:
    newest = max(path.stem for path in (CONNECTOR / "migrations" / "versions").glob("[0-9]*.py"))
    assert newest.startswith(store.HEAD)


def test_the_tables_are_those_that_the_migrations_make(tmp_path: Path) -> None:
    import sqlalchemy as sa

    made = store.Store(f"sqlite:///{tmp_path}/made.sqlite3")
    assert lockdown.lockdown.metadata is store.metadata
    found = sa.MetaData()
    found.reflect(made.engine)
    made.close()
    columns = {name: {column.name for column in table.columns} for name, table in found.tables.items()}
    del columns["alembic_version"]
    assert columns == {name: {c.name for c in table.columns} for name, table in store.metadata.tables.items()}


def test_no_path_of_a_machine_and_nobody_real() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        text = (PROJECT / name).read_bytes().decode("utf-8", "replace")
        assert not re.search(r"(?<![\w.~-])/(home|root|work|opt)/\w", text), name
        addresses = set(re.findall(r"[\w.+-]+@([\w.-]+\.[A-Za-z]{2,})", text))
        assert {address.lower() for address in addresses} <= {"example.org"}, (name, addresses)
