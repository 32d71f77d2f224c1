"""The web service: it lives, it is ready, and it does not start on wrong settings."""

import pytest

from connector import create_app
from connector.errors import TransientError, UserError
from connector.settings import Settings
from connector.store import Store


@pytest.fixture
def web(tmp_path):
    return create_app(Settings(database_url=f"sqlite:///{tmp_path}/solidarity.sqlite3")).test_client()


def away(_store: Store) -> None:
    raise TransientError("The connector's database does not answer (X).", next_step="look at its disk.")


def test_a_process_that_answers_is_healthy(web) -> None:
    answer = web.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_a_service_whose_database_answers_is_ready(web) -> None:
    answer = web.get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"status": "ready"})


def test_a_service_whose_database_went_away_is_not_ready_but_healthy(web, monkeypatch) -> None:
    monkeypatch.setattr(Store, "ping", away)
    answer = web.get("/readyz")
    assert answer.status_code == 503
    assert answer.json == {"status": "not ready", "why": "The connector's database does not answer (X)."}
    assert web.get("/healthz").status_code == 200


def test_settings_come_from_the_environment(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/from-env.sqlite3")
    create_app()
    assert (tmp_path / "from-env.sqlite3").exists()


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("CIVICRM_URL", "crm.example.org", "CIVICRM_URL"),
        ("CONNECTOR_SECRET_KEY", "short", "CONNECTOR_SECRET_KEY"),
        ("DATABASE_URL", "no such database", "DATABASE_URL"),
        ("DATABASE_URL", "sqlite:////proc/nowhere/x.sqlite3", "cannot be written"),
    ],
)
def test_wrong_settings_stop_it_at_the_start(monkeypatch, name, value, told) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(UserError) as refused:
        create_app()
    assert told in str(refused.value)


def test_it_serves_no_files_and_knows_no_other_address(web) -> None:
    assert web.get("/static/x").status_code == 404
    assert web.get("/").status_code == 404
