"""A database for one test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.store import Store, opened


@pytest.fixture(scope="session")
def _up_to_date(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with its tables, made once: migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("store") / "empty.sqlite3"
    with opened(f"sqlite:///{path}") as store:
        store.write()  # opening is enough
    return path


@pytest.fixture
def store(_up_to_date: Path, tmp_path: Path) -> Iterator[Store]:
    """An open database of its own."""
    path = tmp_path / "solidarity.sqlite3"
    path.write_bytes(_up_to_date.read_bytes())
    with opened(f"sqlite:///{path}") as found:
        yield found
