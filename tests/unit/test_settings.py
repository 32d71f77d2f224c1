"""Settings come from the environment, all of them at once, and keep their secrets to themselves."""

from pathlib import Path

import pytest

from connector.errors import UserError
from connector.settings import DEFAULT_DATABASE, SECRETS, SHIPPED_MAPPINGS, Settings

KEY = "k" * 32


def problems(**env: str) -> tuple[str, ...]:
    with pytest.raises(UserError) as refused:
        Settings.from_env(env)
    assert ".env.example" in refused.value.next_step
    return refused.value.problems


def test_an_empty_environment_gives_the_defaults() -> None:
    found = Settings.from_env({})
    assert found.database_url == DEFAULT_DATABASE
    assert found.connector_mappings == SHIPPED_MAPPINGS
    assert (found.civicrm_url_form, found.civicrm_timeout_seconds) == ("standalone", 60)


def test_settings_are_read_from_the_process_by_default(monkeypatch) -> None:
    monkeypatch.setenv("CIVICRM_URL", "https://crm.example.org/")
    assert Settings.from_env().civicrm_url == "https://crm.example.org"


def test_each_setting_is_taken_over() -> None:
    found = Settings.from_env(
        {
            "CIVICRM_URL": " https://crm.example.org/ ",
            "CIVICRM_URL_FORM": "wordpress",
            "CIVICRM_API_KEY": "runtime",
            "CIVICRM_SETUP_KEY": "setup",
            "CIVICRM_TIMEOUT_SECONDS": "2.5",
            "CIVICRM_GRACE_SECONDS": "30",
            "CIVICRM_WORKERS": "1",
            "DATABASE_URL": "sqlite:///x.sqlite3",
            "CONNECTOR_FINGERPRINT_KEY": KEY,
            "CONNECTOR_MAPPINGS": "/etc/solidarity",
            "SMTP_URL": "smtps://user:password@example.org",
            "MAIL_FROM": " connector@example.org ",
            "ADMIN_EMAIL": "admin@example.org",
        }
    )
    assert found == Settings(
        civicrm_url="https://crm.example.org",
        civicrm_url_form="wordpress",
        civicrm_api_key="runtime",
        civicrm_setup_key="setup",
        civicrm_timeout_seconds=2.5,
        civicrm_grace_seconds=30,
        civicrm_workers=1,
        database_url="sqlite:///x.sqlite3",
        connector_fingerprint_key=KEY,
        connector_mappings=Path("/etc/solidarity"),
        smtp_url="smtps://user:password@example.org",
        mail_from="connector@example.org",
        admin_email="admin@example.org",
    )
    assert "password" not in repr(found)


def test_every_problem_is_told_at_once() -> None:
    found = problems(
        CIVICRM_URL="crm.example.org",
        CIVICRM_URL_FORM="joomla",
        CIVICRM_TIMEOUT_SECONDS="soon",
        CIVICRM_GRACE_SECONDS="-1",
        CIVICRM_WORKERS="many",
        CONNECTOR_SECRET_KEY="short",
        CONNECTOR_FINGERPRINT_KEY="short",
        CIVICRM_API_KEY_FILE="/nowhere/at/all",
    )
    assert [problem.split()[0] for problem in found] == [
        "CIVICRM_API_KEY_FILE",
        "CONNECTOR_SECRET_KEY",
        "CONNECTOR_FINGERPRINT_KEY",
        "CIVICRM_URL",
        "CIVICRM_URL_FORM",
        "CIVICRM_TIMEOUT_SECONDS",
        "CIVICRM_GRACE_SECONDS",
        "CIVICRM_WORKERS",
    ]


@pytest.mark.parametrize("seconds", ["0", "-1", "3600", "nan", "inf", "soon"])
def test_a_time_out_is_a_number_of_seconds(seconds) -> None:
    assert problems(CIVICRM_TIMEOUT_SECONDS=seconds)


@pytest.mark.parametrize("name", SECRETS)
def test_each_secret_may_stand_in_a_file(name, tmp_path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n", encoding="utf-8")
    found = Settings.from_env({f"{name}_FILE": str(tmp_path / "key")})
    assert getattr(found, name.lower()) == KEY


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_that_is_given_twice_is_a_mistake(name, tmp_path) -> None:
    (tmp_path / "key").write_text(KEY, encoding="utf-8")
    assert problems(**{name: KEY, f"{name}_FILE": str(tmp_path / "key")}) == (f"{name} and {name}_FILE are both set",)


def test_a_key_that_could_be_guessed_is_refused() -> None:
    assert problems(CONNECTOR_FINGERPRINT_KEY=KEY[1:]) == ("CONNECTOR_FINGERPRINT_KEY is shorter than 32 characters",)
    assert Settings.from_env({"CONNECTOR_FINGERPRINT_KEY": KEY}).connector_fingerprint_key == KEY


@pytest.mark.parametrize("name", SECRETS)
def test_no_secret_is_shown(name) -> None:
    secret = "S" + KEY
    assert secret not in repr(Settings.from_env({name: secret}))


def test_a_command_names_every_setting_that_it_misses() -> None:
    with pytest.raises(UserError, match=r"Not set: CIVICRM_API_KEY, CONNECTOR_FINGERPRINT_KEY\."):
        Settings(civicrm_url="https://crm.example.org").need(
            "civicrm_url", "civicrm_api_key", "connector_fingerprint_key"
        )
    Settings(civicrm_url="https://crm.example.org").need("civicrm_url")


@pytest.mark.parametrize(("url", "accepted"), [("http://crm.example.org", False), ("http://localhost:8080", True)])
def test_the_key_travels_in_clear_on_this_machine_only(url: str, accepted: bool) -> None:
    if accepted:
        assert Settings.from_env({"CIVICRM_URL": url}).civicrm_url == url
    else:
        with pytest.raises(UserError, match="the key travels"):
            Settings.from_env({"CIVICRM_URL": url})


def test_a_secret_file_that_is_not_text_is_told(tmp_path) -> None:
    (tmp_path / "key").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="CIVICRM_API_KEY_FILE cannot be read"):
        Settings.from_env({"CIVICRM_API_KEY_FILE": str(tmp_path / "key")})


def test_an_empty_form_of_address_means_the_default() -> None:
    assert Settings.from_env({"CIVICRM_URL_FORM": ""}).civicrm_url_form == "standalone"
