"""Mapping files: what they may say, and what is told about each mistake."""

from pathlib import Path

import pytest

from connector import alert_templates, mappings as toml
from connector.alerts import kinds
from connector.errors import UserError
from connector.plan import Limits
from connector.settings import SHIPPED_MAPPINGS
from connector.setup import wanted as setup_file
from connector.sync import desired, mapping_file as mappings
from connector.sync.mapping import KEEP
from connector.webhooks import fund

from .site import members, schema

GOOD = """
about = "Members"
entity = "Individual"
key = ["No"]
scope = "Code"
match = [["external_identifier"], ["email_primary.email"]]
wins = "civicrm"

[fields]
external_identifier = { column = "No", required = true }
"email_primary.email" = { column = ["Email", "E-mail"], clean = ["e-mail"], wins = "ask" }
preferred_language = { column = "Language", choices = { en = "en_US" } }
source = { always = "Roster" }

[group]
name = "chapter_{Code}"
default = "at_large"
network = "network"
"""


def load(folder: Path, text: str) -> mappings.Mapping:
    path = folder / "members.toml"
    path.write_text(text, encoding="utf-8")
    return mappings.load(path)


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(UserError) as refused:
        load(folder, text)
    return list(refused.value.problems)


def test_a_mapping_says_where_each_field_comes_from(tmp_path) -> None:
    found = load(tmp_path, GOOD)
    assert found.name == "members"
    assert found.fields["email_primary.email"].columns == ("Email", "E-mail")
    assert found.fields["source"].always == "Roster"
    assert found.fields["preferred_language"].choices == {"en": "en_US"}


def test_a_field_without_a_winner_of_its_own_has_the_mappings(tmp_path) -> None:
    found = load(tmp_path, GOOD)
    assert found.wins("email_primary.email") == "ask"
    assert found.wins("external_identifier") == "civicrm"


def test_the_columns_that_are_read_are_those_of_fields_key_scope_and_group(tmp_path) -> None:
    assert load(tmp_path, GOOD).columns == (("No",), ("Email", "E-mail"), ("Language",), ("Code",))


def test_without_a_word_about_safety_the_careful_values_hold(tmp_path) -> None:
    found = load(tmp_path, GOOD)
    assert found.when_row_disappears == KEEP
    assert found.limits == Limits()


@pytest.mark.parametrize(
    ("was", "mistake", "told"),
    [
        pytest.param(
            'wins = "civicrm"\n', 'wins = "civi"\n', "wins: Must be one of: roster, civicrm, ask.", id="winner"
        ),
        pytest.param(
            'wins = "ask"', 'wins = "me"', "fields.email_primary.email.wins: Must be one of", id="field winner"
        ),
        pytest.param("about =", "abuot =", "abuot: there is no such word here, did you mean 'about'?", id="word"),
        pytest.param(
            'clean = ["e-mail"]',
            'clean = ["email"]',
            "fields.email_primary.email.clean.0: no such cleaner 'email', did you mean 'e-mail'?",
            id="cleaner",
        ),
        pytest.param(
            '"Language", choices',
            '"Language", choice',
            "fields.preferred_language.choice: there is no such word here, did you mean 'choices'?",
            id="word of a field",
        ),
        pytest.param(
            '["email_primary.email"]]',
            '["email_primary.emial"]]',
            "match: 'email_primary.emial' is not under [fields], did you mean 'email_primary.email'?",
            id="match",
        ),
        pytest.param('"Individual"', '"Person"', "entity: Must be one of: Individual, Organization", id="type"),
        pytest.param('["No"]', "[]", "key: Shorter than minimum length 1.", id="no key"),
        pytest.param('{ always = "Roster" }', "{}", "fields.source: either `column` or `always`", id="no origin"),
        pytest.param(
            '{ always = "Roster" }',
            '{ always = "Roster", column = "No" }',
            "fields.source: either `column` or `always`",
            id="two origins",
        ),
        pytest.param('{ always = "Roster" }', '"Roster"', "fields.source: Invalid", id="no table"),
        pytest.param('["Email", "E-mail"]', "[]", "fields.email_primary.email.column: a heading", id="no heading"),
        pytest.param('{ en = "en_US" }', "7", "fields.preferred_language.choices: a list of texts", id="choices"),
        pytest.param('network = "network"\n', "", "group.network: Missing data", id="missing"),
        pytest.param(
            "[group]",
            '[safety]\nmax_update_percent = 130\nwhen_row_disappears = "delete"\n[group]',
            "safety.max_update_percent: Must be greater",
            id="safety",
        ),
        pytest.param(
            'default = "', 'defualt = "', "group.defualt: there is no such word here, did you mean 'default'?", id="g"
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path, was, mistake, told) -> None:
    assert was in GOOD
    found = problems(tmp_path, GOOD.replace(was, mistake))
    assert any(problem.startswith(f"members.toml  {told}") for problem in found), found


def test_every_mistake_is_told_at_once_and_each_on_one_line(tmp_path) -> None:
    text = GOOD.replace("about =", "abuot =").replace('["e-mail"]', '["email"]').replace('"Individual"', '"Person"')
    found = problems(tmp_path, text)
    assert {problem.split("  ")[1].split(":")[0] for problem in found} == {
        "about",
        "abuot",
        "entity",
        "fields.email_primary.email.clean.0",
    }
    assert all("\n" not in problem for problem in found)


def test_broken_toml_is_told_with_its_line(tmp_path) -> None:
    with pytest.raises(UserError, match=r"members\.toml is not TOML: .*line 2"):
        load(tmp_path, 'about = "x"\nabout = "y"\n')


def test_a_mapping_that_does_not_exist_is_told_with_those_that_do(tmp_path) -> None:
    load(tmp_path, GOOD)
    with pytest.raises(UserError, match=r"no mapping member.toml, did you mean 'members'\?") as refused:
        mappings.load(tmp_path / "member.toml")
    assert "name one of: members" in refused.value.next_step


def test_a_suggestion_is_made_only_when_a_word_is_near() -> None:
    assert toml.suggest("trimm", ["trim", "upper"]) == ", did you mean 'trim'?"
    assert toml.suggest("xyz", ["trim", "upper"]) == "."


# --- the shipped files -----------------------------------------------------------------------------------------------


def test_every_shipped_mapping_loads() -> None:
    others = {
        "setup": setup_file.load,
        "stripe": lambda path: fund.load(path.parent),
        "alerts": lambda path: kinds.load(path.parent),
        "alert_templates": alert_templates.load,
    }
    for path in SHIPPED_MAPPINGS.glob("*.toml"):
        assert others.get(path.stem, mappings.load)(path)


def test_the_shipped_mapping_fits_a_site_that_is_set_up_and_its_examples_hold() -> None:
    assert members().examples
    assert list(desired.problems_of(members(), schema())) == []
    assert list(desired.examples(members(), schema())) == []


def test_an_example_that_does_not_hold_is_told(tmp_path) -> None:
    wrong = (
        '\n[[example]]\nrow = { No = "1", Code = "X" }\ngives = { external_identifier = "2", group = "chapter_X" }\n'
    )
    refused = '\n[[example]]\nrow = { No = "", Code = "X" }\ngives = { group = "members_at_large" }\n'
    first, second = desired.examples(
        load(tmp_path, GOOD.replace("source =", "first_name =") + wrong + refused), schema()
    )
    assert first.startswith("example 1: gives {'external_identifier': '1'")
    assert second == "example 2: No is empty"
