"""A database of its own for each test, and a queue, on servers that a worker of the test run starts once."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from connector.store import Store, opened
from tests.flows.conftest import (
    _short_pauses as _short_pauses,
    connector as connector,
    fund as fund,
    ready as ready,
    roster as roster,
    sandbox as sandbox,
    site as site,
    stages as stages,
)

from . import servers


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    with servers.postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def _template(postgresql: str) -> str:
    """An empty database with its tables, made once."""
    _run(postgresql, "CREATE DATABASE template_of_ours")
    Store(postgresql.format("template_of_ours")).close()
    return "template_of_ours"


@pytest.fixture
def database(postgresql: str, _template: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database that is up to date and empty."""
    name = f"test_{abs(hash(request.node.nodeid))}"
    _run(postgresql, f"CREATE DATABASE {name} TEMPLATE {_template}")
    yield postgresql.format(name)
    _run(postgresql, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty(postgresql: str) -> Iterator[str]:
    """The URL of a database without tables."""
    _run(postgresql, "CREATE DATABASE nothing_yet")
    yield postgresql.format("nothing_yet")
    _run(postgresql, "DROP DATABASE nothing_yet WITH (FORCE)")


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    with opened(database) as found:
        yield found


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with servers.redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


def _run(url: str, statement: str) -> None:
    engine = sa.create_engine(url.format("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(statement))
    engine.dispose()
