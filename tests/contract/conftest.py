"""The site under test, what a test may change for a moment, and the transcript of a run.

`--transcript FILE` writes which side was asked, when, and which facts held; no address and no key.
"""

import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from .desk import Desk, log_in
from .giving import TEST_TOO, Fund
from .mailing import Post
from .wire import Site

ROOT = Path(__file__).parents[2]
# Of the stand-in alone.
OWN = ("test_recordings.py", "test_sandbox_only.py", "test_sandbox_screens.py")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--transcript", metavar="FILE", help="write the contract's transcript (Markdown) to FILE")


@contextmanager
def running_sandbox(*options: str) -> Iterator[dict[str, str]]:
    """The stand-ins in a process of their own, as any operator would start them."""
    command = [sys.executable, "-m", "sandbox", "serve", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield json.loads(process.stdout.readline())["civicrm"]
        finally:
            process.terminate()
            assert process.wait(timeout=10) == 0


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    run = f"ct{secrets.token_hex(3)}"
    if url := os.environ.get("CIVICRM_CONTRACT_URL"):
        found = Site(
            url.rstrip("/"),
            os.environ["CIVICRM_CONTRACT_KEY"],
            os.environ.get("CIVICRM_CONTRACT_RUNTIME_KEY", ""),
            run,
            is_sandbox=False,
            staff=os.environ.get("CIVICRM_CONTRACT_STAFF", ""),
        )
        yield from _used(found)
    else:
        with running_sandbox() as at:
            yield from _used(Site(at["url"], at["setup_key"], at["api_key"], run, is_sandbox=True, staff=at["staff"]))


def _used(site: Site) -> Iterator[Site]:
    with site.http:
        yield site
        _clean_up(site)


def _clean_up(site: Site) -> None:
    mine = [["external_identifier", "LIKE", f"{site.run}-%"]]
    site.call("Pledge", "delete", {"where": [["contact_id.external_identifier", "LIKE", f"{site.run}-%"]]})
    site.call("Contact", "delete", {"where": mine})
    for entity, column in (
        ("Mailing", "name"),
        ("MessageTemplate", "msg_title"),
        ("Group", "title"),
        ("SearchDisplay", "saved_search_id.name"),
        ("SavedSearch", "name"),
        ("Navigation", "name"),
        ("Campaign", "name"),
        ("FinancialType", "name"),
        ("OptionValue", "name"),
        ("RelationshipType", "name_a_b"),
        ("CustomGroup", "title"),
        ("ContactType", "name"),
    ):
        site.call(entity, "delete", {"where": [[column, "LIKE", f"{site.run}%"]]})


@pytest.fixture
def runtime(site: Site) -> str:
    """For tests that need the small role; skipped on a site for which no runtime key was given."""
    if not site.runtime_key:
        pytest.skip("no CIVICRM_CONTRACT_RUNTIME_KEY")
    return "runtime"


@pytest.fixture(scope="session")
def staff(site: Site) -> str:
    """For tests that act as staff at the screen; skipped on a site for which no staff user was given."""
    if not site.staff:
        pytest.skip("no CIVICRM_CONTRACT_STAFF")
    name, _, password = site.staff.partition(":")
    assert log_in(site, name, password).values == {"url": "/civicrm/home"}
    return "staff"


@pytest.fixture(scope="session")
def fund(site: Site) -> Iterator[Fund]:
    """A payment instrument with an account of its own, and a giver."""
    yield Fund(site)
    site.call("Contribution", "delete", {"where": [["invoice_id", "LIKE", f"{site.run}-pi-%"], TEST_TOO]})


@pytest.fixture
def post(site: Site, runtime: str) -> Post:
    """What makes mailings with the small role, and the site's mail run."""
    return Post(site)


@pytest.fixture(scope="session")
def desk(site: Site) -> Iterator[Desk]:
    """Activity types, forms and a list for staff."""
    made = Desk(site)
    made.set_up()
    yield made
    made.take_down()


@pytest.fixture
def without(site: Site, runtime: str) -> Callable[[str], AbstractContextManager[None]]:
    """`with without("delete contacts"):` takes one permission from the runtime role for a moment."""
    return lambda permission: _changed_role(site, runtime, lambda held: [p for p in held if p != permission])


@pytest.fixture
def granted(site: Site, runtime: str) -> Callable[[str], AbstractContextManager[None]]:
    """`with granted("edit groups"):` gives the runtime role one more permission for a moment."""
    return lambda permission: _changed_role(site, runtime, lambda held: [*held, permission])


@pytest.fixture
def staff_without(site: Site, staff: str) -> Callable[[str], AbstractContextManager[None]]:
    """As `without`, for the role of staff."""
    return lambda permission: _changed_role(site, staff, lambda held: [p for p in held if p != permission])


@pytest.fixture
def staff_granted(site: Site, staff: str) -> Callable[[str], AbstractContextManager[None]]:
    """As `granted`, for the role of staff."""
    return lambda permission: _changed_role(site, staff, lambda held: [*held, permission])


@contextmanager
def _changed_role(site: Site, who: str, change: Callable[[list[str]], list[str]]) -> Iterator[None]:
    user = site.get("User", [["contact_id", "=", _contact_of(site, who)]], "roles")[0]
    role = site.get("Role", [["id", "IN", user["roles"]], ["name", "!=", "everyone"]], "permissions")[0]
    _set_permissions(site, role, change(role["permissions"]))
    try:
        yield
    finally:
        _set_permissions(site, role, role["permissions"])


def _contact_of(site: Site, who: str) -> Any:
    return site.get("Contact", [["id", "=", "user_contact_id"]], "id", who=who)[0]["id"]


def _set_permissions(site: Site, role: dict[str, Any], permissions: list[str]) -> None:
    answer = site.call("Role", "update", {"where": [["id", "=", role["id"]]], "values": {"permissions": permissions}})
    assert answer.values


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What only a stand-in has to show (its replays, its switches) is no part of the contract with a real site."""
    if os.environ.get("CIVICRM_CONTRACT_URL"):
        own = [item for item in items if item.path.name in OWN]
        config.hook.pytest_deselected(items=own)
        items[:] = [item for item in items if item not in own]


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_FACTS] = {}


_FACTS = pytest.StashKey[dict[str, str]]()
_SIDE = pytest.StashKey[str]()


@pytest.fixture(scope="session", autouse=True)
def _side(site: Site, request: pytest.FixtureRequest) -> None:
    version = site.get("Domain", [], "version")[0]["version"]
    kind = "sandbox, playing CiviCRM" if site.is_sandbox else "CiviCRM"
    request.config.stash[_SIDE] = f"{kind} {version} (Standalone form)"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report: pytest.TestReport = yield
    if report.when == "call" or report.outcome != "passed":
        item.config.stash[_FACTS][f"{item.path.name}::{item.name}"] = report.outcome
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    if target := session.config.getoption("--transcript"):
        side = session.config.stash.get(_SIDE, "unknown")
        Path(str(target)).write_text(transcript(side, session.config.stash[_FACTS]), encoding="utf-8")


def transcript(side: str, facts: dict[str, str]) -> str:
    outcomes = list(facts.values())
    counts = ", ".join(f"{outcomes.count(word)} {word}" for word in ("passed", "failed", "skipped"))
    lines = [
        "# Contract transcript",
        "",
        f"- Side: {side}",
        f"- Date: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        f"- Facts: {counts}",
    ]
    heading = ""
    for name, outcome in facts.items():
        file, _, test = name.partition("::")
        if file != heading:
            lines += ["", f"## {file.removeprefix('test_').removesuffix('.py')}"]
            heading = file
        lines.append(f"- {outcome}: {re.sub(r'^test_', '', test).replace('_', ' ')}")
    return "\n".join(lines) + "\n"
