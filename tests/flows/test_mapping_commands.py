"""`solidarity mapping`, and docs/mappings.md: whoever does what it says, and no more, gets what it promises."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import marshmallow
import pytest

from connector.sync import cleaners
from connector.sync.mapping_file import MappingSchema
from tests.flows.conftest import PROJECT, Connector, RosterFile, Site, member

DOC = (PROJECT / "docs" / "mappings.md").read_text(encoding="utf-8")
RENAMED = {"Mobile": "Cell phone", "Last name": "Surname"}


def lines_of(name: str) -> list[str]:
    """The lines of the document between the marks of this name."""
    found = re.search(rf"<!-- the test \w+ these lines: {name} -->\n(.*?)<!-- end -->", DOC, re.DOTALL)
    assert found, name
    return [line for line in found[1].splitlines() if line and not line.startswith("```")]


@pytest.fixture
def folder(connector: Connector, tmp_path: Path) -> Path:
    """A copy of the members' mapping, which the connector uses instead of the shipped ones."""
    made = tmp_path / "mappings"
    made.mkdir()
    for name in ("members", "setup"):
        shutil.copy(PROJECT / "mappings" / f"{name}.toml", made)
    connector.env["CONNECTOR_MAPPINGS"] = str(made)
    return made


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def put_line(path: Path, line: str) -> None:
    """Write a line in the place of the one with the same field, as an editor would."""
    field = line.partition(" = ")[0]
    (old,) = (one for one in path.read_text(encoding="utf-8").splitlines() if one.startswith(f"{field} = "))
    edit(path, f"{old}\n", f"{line}\n")


def test_following_the_document_renames_two_headings_and_adds_a_field(
    ready: Site, connector: Connector, folder: Path, roster: RosterFile
) -> None:
    mapping = folder / "members.toml"
    assert "ok" in connector.run("mapping", "check", "members")

    for line in lines_of("rename"):
        put_line(mapping, line)
    assert "ok" in connector.run("mapping", "check", "members")  # it still knows the heading of the examples
    edit(mapping, '"Last name" = ', '"Surname" = ')
    assert "ok" in connector.run("mapping", "check", "members")

    (line,) = lines_of("add")
    edit(mapping, "[fields]\n", f"[fields]\n{line}\n")
    assert "no field Individual.Solidarity_Member.Skills" in connector.run("mapping", "check", "members", code=5)
    values = {"custom_group_id.name": "Solidarity_Member", "label": "Skills", "name": "Skills"}
    ready.api("CustomField", "create", values=values | {"data_type": "String", "html_type": "Text"})
    assert "ok" in connector.run("mapping", "check", "members")

    row = {RENAMED.get(heading, heading): cell for heading, cell in member(1).items()}
    roster.HEADINGS = ",".join([*row, "Street", "Postcode", "Skills"])
    sheet = roster.write(row | {"Skills": "  first aid,  Arabic ".replace(",", " and")})
    assert "Skills first aid and Arabic" in " ".join(connector.run("plan", "members", sheet, code=3).split())
    connector.run("apply", "members", sheet, "--yes", "--limit", "20")
    person = ready.person("M00001", "last_name", "phone_primary.phone", "Solidarity_Member.Skills")
    assert person["last_name"] == "Haddad1"
    assert person["phone_primary.phone"] == "+353 87 555 0001"
    assert person["Solidarity_Member.Skills"] == "first aid and Arabic"
    assert "Nothing to do" in connector.run("plan", "members", sheet)


def test_every_cleaner_does_what_the_document_says() -> None:
    tried = set()
    _heading, _rule, *rows = lines_of("cleaners")
    for line in rows:
        found = re.fullmatch(r"\| `(.+?)` \|.*\| `(.+?)` → `(.+?)` \|", line)
        assert found, line
        clean = cleaners.cleaner(found[1])
        assert clean, line
        assert clean(cleaners.tidy(found[2])) == found[3]
        tried.add(found[1])
    assert set(cleaners.KNOWN) <= tried


def words_of(schema: marshmallow.Schema) -> Iterator[str]:
    for name, field in schema.load_fields.items():
        yield field.data_key or name
        inner = getattr(field, "inner", None) or getattr(field, "value_field", None) or field
        if isinstance(inner, marshmallow.fields.Nested):
            yield from words_of(inner.schema)


def test_every_word_that_a_mapping_may_say_is_explained() -> None:
    words = set(words_of(MappingSchema(context_name="any")))
    assert {word for word in words if not re.search(rf"`[^`\n]*\b{word}\b[^`\n]*`", DOC)} == set()


def test_the_shipped_mappings_fit_a_site_that_is_set_up(ready: Site, connector: Connector) -> None:
    told = connector.json("mapping", "check")["mappings"]
    assert {"members", "chapters"} <= set(told)
    assert all(problems == [] for problems in told.values()), told


def test_an_example_that_gives_something_else_has_to_be_corrected(
    ready: Site, connector: Connector, folder: Path
) -> None:
    edit(folder / "members.toml", 'last_name = "Byrne", group', 'last_name = "Burns", group')
    told = connector.json("mapping", "check", "members", code=5)["mappings"]["members"]
    assert len(told) == 1
    assert told[0].startswith("example 2: gives ")


def test_two_mappings_never_both_win_one_field(ready: Site, connector: Connector, folder: Path) -> None:
    shutil.copy(folder / "members.toml", folder / "helpers.toml")
    told = connector.json("mapping", "check", code=5)["mappings"]
    assert told["members"] == [
        "fields.phone_primary.phone.wins: helpers.toml wins this field of Individual too; "
        "only one mapping may say roster"
    ]
    assert list(told) == ["helpers", "members"]
    # asked about one of them, it knows the other
    assert list(connector.json("mapping", "check", "helpers", code=5)["mappings"]) == ["helpers"]
    edit(folder / "helpers.toml", 'wins = "roster"', 'wins = "ask"')
    connector.run("mapping", "check")


def test_a_file_that_cannot_be_used_does_not_hide_the_others(ready: Site, connector: Connector, folder: Path) -> None:
    (folder / "broken.toml").write_text("about = 1\n", encoding="utf-8")
    edit(folder / "members.toml", "preferred_language =", "preferred_langage =")
    told = connector.run("mapping", "check", code=1)
    assert "about: Not a valid string." in told
    assert "did you mean 'preferred_language'?" in told
    assert "docs/mappings.md" in told
    assert "broken" not in connector.run("mapping", "check", "members", code=5)


def test_a_mapping_that_is_not_there_is_told_with_the_nearest(connector: Connector, folder: Path) -> None:
    assert "did you mean 'members'?" in connector.run("mapping", "check", "member", code=1)
    (folder / "members.toml").unlink()
    assert "CONNECTOR_MAPPINGS" in connector.run("mapping", "check", code=1)


def test_the_json_is_one_line_for_a_script(ready: Site, connector: Connector, folder: Path) -> None:
    assert json.loads(connector.run("mapping", "check", "members", "--json")) == {"mappings": {"members": []}}
