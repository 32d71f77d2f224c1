"""The command line at its door: what it refuses before anything happens, and how it tells."""

import json
import os

import pytest
from click.testing import CliRunner

from connector.cli import main

from .civicrm import API4, HTML, TEXT, URL, answer, sent

ROSTER = "Member No,Last name\nM1,Haddad\n"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the command with a roster in the current folder. Settings may be given as NAME="value"."""
    (tmp_path / "members.csv").write_text(ROSTER, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    usual = {
        "CIVICRM_URL": URL,
        "CIVICRM_API_KEY": "a-runtime-key",
        "CIVICRM_SETUP_KEY": "a-setup-key",
        "CONNECTOR_FINGERPRINT_KEY": "k" * 40,
        "DATABASE_URL": f"sqlite:///{tmp_path}/solidarity.sqlite3",
    }

    def invoke(*words: str, **env: str):
        return CliRunner(env=usual | env).invoke(main, words)

    return invoke


@pytest.mark.parametrize(
    "words",
    [
        ("plan",),
        ("plan", "members"),
        ("nonesuch",),
        ("plan", "members", "members.csv", "--nonesuch"),
        ("apply", "members", "members.csv"),
        ("apply", "members", "members.csv", "--yes", "--plan", "abc"),
        ("apply", "members", "members.csv", "--yes", "--limit", "0"),
        ("apply", "members", "members.csv", "--yes", "--force", "everything"),
        ("setup", "nonesuch"),
    ],
    ids=" ".join,
)
def test_what_was_typed_wrong_ends_with_2_and_asks_nobody(run, site, words) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert "Usage:" in result.stderr
    assert len(site.calls) == 0


@pytest.mark.parametrize("words", [("--help",), ("plan", "-h"), ("apply", "-h"), ("setup", "-h"), ("doctor", "-h")])
def test_help_is_there_without_any_setting(words) -> None:
    result = CliRunner(env={}).invoke(main, words)
    assert result.exit_code == 0
    assert "Usage:" in result.stdout


def test_the_settings_that_are_missing_are_named_at_once(run) -> None:
    result = run("plan", "members", "members.csv", CIVICRM_URL="", CONNECTOR_FINGERPRINT_KEY="")
    assert result.exit_code == 1
    assert "Not set: CIVICRM_URL, CONNECTOR_FINGERPRINT_KEY." in result.stderr
    assert "Next: the administrator" in result.stderr


@pytest.mark.parametrize("words", [("setup", "plan"), ("setup", "apply")])
def test_set_up_asks_for_its_own_key(run, words) -> None:
    result = run(*words, CIVICRM_SETUP_KEY="")
    assert result.exit_code == 1
    assert "Not set: CIVICRM_SETUP_KEY." in result.stderr


def test_wrong_settings_are_told_without_a_traceback(run) -> None:
    result = run("plan", "members", "members.csv", CIVICRM_URL="crm.example.org", CIVICRM_TIMEOUT_SECONDS="soon")
    assert result.exit_code == 1
    assert result.stderr.count("  - ") == 2
    assert "Traceback" not in result.output


def test_a_mapping_that_does_not_exist_is_told_with_the_nearest(run) -> None:
    result = run("plan", "member", "members.csv")
    assert result.exit_code == 1
    assert "There is no mapping member.toml, did you mean 'members'?" in result.stderr


def test_mappings_of_ones_own_are_read_from_their_folder(run, tmp_path) -> None:
    (tmp_path / "mine.toml").write_text("about = 1\n", encoding="utf-8")
    result = run("plan", "mine", "members.csv", CONNECTOR_MAPPINGS=str(tmp_path))
    assert result.exit_code == 1
    assert "mine.toml  about: Not a valid string." in result.stderr


def test_a_roster_that_does_not_exist_is_told_before_anybody_is_asked(run, site) -> None:
    result = run("plan", "members", "nowhere.csv")
    assert result.exit_code == 1
    assert "The roster file cannot be read" in result.stderr
    assert len(site.calls) == 0


def test_a_key_that_is_not_accepted_is_told_with_what_to_do(run, site) -> None:
    answer(site, "HTTP 401 Invalid credential", 401, TEXT, url=API4)
    result = run("plan", "members", "members.csv")
    assert result.exit_code == 1
    assert "CiviCRM does not accept the key (HTTP 401 Invalid credential)." in result.stderr
    assert "Next: the administrator checks CIVICRM_API_KEY" in result.stderr
    assert result.stdout == ""


def test_a_stranger_is_told_so_and_nobody_is_taken_for_gone(run, site) -> None:
    def everything_is_empty(request):
        return 200, {}, json.dumps({name: {"values": []} for name in sent(request, "calls")})

    site.add_callback("POST", API4, everything_is_empty, content_type="application/json")
    for command in (("plan",), ("apply", "--yes")):
        result = run(command[0], "members", "members.csv", *command[1:])
        assert result.exit_code == 1
        assert "as to a stranger" in result.stderr
    assert len(site.calls) == 2


def test_only_debug_shows_a_traceback(run, site) -> None:
    answer(site, "HTTP 401 Invalid credential", 401, TEXT, url=API4)
    assert "Traceback" not in run("plan", "members", "members.csv").output
    assert run("--debug", "plan", "members", "members.csv").exception is not None


def test_a_mistake_of_our_own_is_told_without_its_text(run, monkeypatch) -> None:
    def broken(_path):
        raise KeyError("amina@example.org")

    monkeypatch.setattr("connector.sync.mapping_file.load", broken)
    result = run("plan", "members", "members.csv")
    assert result.exit_code == 1
    assert "a mistake of the connector itself (KeyError)" in result.stderr
    assert "amina" not in result.output
    assert isinstance(run("--debug", "plan", "members", "members.csv").exception, KeyError)


def test_verbose_shows_each_request_and_never_its_contents(run, site) -> None:
    answer(site, "<h1>Error</h1>", 404, HTML, url=API4)
    result = run("-v", "plan", "members", "members.csv")
    assert "HTTP 404 in" in result.stderr
    assert "Haddad" not in result.output


def test_the_key_is_never_shown(run, site) -> None:
    answer(site, "<h1>a-runtime-key</h1>", 404, HTML, url=API4)
    result = run("-v", "plan", "members", "members.csv")
    assert "a-runtime-key" not in result.output


def test_a_mapping_is_drafted_without_any_setting_and_without_asking_anybody(site, tmp_path) -> None:
    path = tmp_path / "members.csv"
    path.write_text("Members of Cork;;\nMember No;First name;Last name\nM1;Amina;Haddad\n", encoding="utf-8")
    result = CliRunner(env=dict.fromkeys(os.environ)).invoke(main, ["mapping", "suggest", str(path)])
    assert result.exit_code == 0, result.stderr
    assert "[fields]" in result.stdout
    assert '"Member No"' in result.stdout
    assert "Amina" not in result.stdout
    assert len(site.calls) == 0
