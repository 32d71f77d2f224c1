"""What a roster asks for, row by row, and what is told about the rows that ask for nothing."""

import csv
import io
from dataclasses import replace

import pytest

from connector.errors import UserError
from connector.plan import Action
from connector.sync import desired, roster as rosters
from connector.sync.mapping import Source
from connector.sync.rows import AT_LARGE

from .site import members, schema

HEADINGS = "Member No,First name,Last name,Email,Mobile,Street,City,Postcode,Country,Language,Chapter Code,Role,Joined"


def row(number: str = "M1", **cells: str) -> dict[str, str]:
    given = {"Member No": number, "Last name": "Haddad", "Chapter Code": "COR06"}
    return given | {name.replace("_", " "): cell for name, cell in cells.items()}


@pytest.fixture
def read(tmp_path):
    """Read rows through the shipped mapping."""

    def from_rows(*rows, headings: str = HEADINGS, scope: tuple[str, ...] = (), mapping=None) -> desired.Desired:
        names = headings.split(",")
        text = io.StringIO(newline="")
        csv.writer(text).writerows([names, *([cells.get(name, "") for name in names] for cells in rows)])
        path = tmp_path / "members.csv"
        path.write_text(text.getvalue(), encoding="utf-8")
        return desired.read(rosters.read(path), mapping or members(), schema(), scope)

    return from_rows


def told(found: desired.Desired) -> list[tuple[str, int | None, str]]:
    return [(one.action.value, one.line, one.reason) for one in found.told]


# --- headings --------------------------------------------------------------------------------------------------------


def test_missing_and_doubled_columns_are_told_all_at_once(read) -> None:
    headings = HEADINGS.replace("Mobile", "Mobil").replace("Street", "Town").replace("First name", "City")
    with pytest.raises(UserError) as refused:
        read(row(), headings=headings)
    assert set(refused.value.problems) == {
        "there is no column 'Mobile', did you mean 'Mobil'?",
        "there is no column 'Street'.",
        "there is no column 'First name' or 'Vorname' or 'الاسم', did you mean 'Last name'?",
        "the column 'City' stands there 2 times",
    }
    assert "Mobil, Town" in refused.value.next_step


def test_any_one_of_several_headings_will_do(read) -> None:
    found = read(row(Nachname="Vos") | {"Last name": ""}, headings=HEADINGS.replace("Last name", "Nachname"))
    assert found.wanted[0].fields["last_name"] == "Vos"


def test_columns_that_the_mapping_does_not_name_are_left_alone(read) -> None:
    found = read(row() | {"Shoe size": "41"}, headings=f"{HEADINGS},Shoe size,Shoe size")
    assert "41" not in found.wanted[0].fields.values()


# --- cells -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "cell", "field", "value"),
    [
        ("Email", "Amina@Example.ORG", "email_primary.email", "amina@example.org"),
        ("Language", "AR", "preferred_language", "ar_EG"),
        ("Country", "IE", "address_primary.country_id:name", "IE"),
        ("Country", "ie", "address_primary.country_id:name", "IE"),
        ("Country", "Ireland", "address_primary.country_id:name", "IE"),
        ("Country", "IRELAND", "address_primary.country_id:name", "IE"),
        ("Joined", "2026-01-31", "Solidarity_Member.Joined_On", "2026-01-31"),
        ("First_name", '=HYPERLINK("http://x")', "first_name", '=HYPERLINK("http://x")'),
        ("City", "@SUM(1)", "address_primary.city", "@SUM(1)"),
        ("City", "x" * 65, "address_primary.city", "x" * 64),
    ],
)
def test_a_cell_becomes_the_value_that_civicrm_gives_back(read, heading, cell, field, value) -> None:
    assert read(row(**{heading: cell})).wanted[0].fields[field] == value


@pytest.mark.parametrize(
    ("heading", "cell", "why"),
    [
        ("Last_name", "", "Last name is empty"),
        ("Member_No", "", "Member No is empty"),
        ("Email", "nobody", "Email is not an e-mail address"),
        ("Mobile", "call me", "Mobile is not a phone number"),
        ("Joined", "31/12/2025", "Joined is not a date written as YYYY-MM-DD"),
        ("Language", "xx", "Language is none of: en, ar, de, fr, es"),
        ("Country", "Irelandia", "Country is not in CiviCRM's list"),
        ("Country", "XX", "Country is not in CiviCRM's list"),
        ("Chapter_Code", "COR 06", "Chapter Code may hold only letters, digits, '.', '_' and '-'"),
    ],
)
def test_a_cell_that_cannot_be_read_refuses_its_row_with_the_line(read, heading, cell, why) -> None:
    found = read(row("M1"), row("M2") | {heading.replace("_", " "): cell})
    assert told(found) == [("refuse", 3, why)]
    assert [one.key for one in found.wanted] == ["M1"]


def test_all_that_is_wrong_with_a_row_is_told_at_once(read) -> None:
    ((_, _, why),) = told(read(row(Email="nobody", Language="xx")))
    assert why == "Email is not an e-mail address; Language is none of: en, ar, de, fr, es"


def test_an_empty_cell_asks_for_nothing(read) -> None:
    assert set(read(row()).wanted[0].fields) == {"external_identifier", "last_name"}


def test_a_name_that_is_too_long_is_cut_knowingly(read) -> None:
    found = read(row(First_name="x" * 65))
    assert told(found) == [("note", 2, "First name is longer than CiviCRM's 64 characters and is cut")]


def test_a_value_that_the_mapping_always_gives_needs_no_column(read) -> None:
    fields = dict(members().fields) | {"first_name": Source(always="Member", wins="civicrm")}
    found = read(row(), mapping=replace(members(), fields=fields), headings=HEADINGS.replace("First name,", ""))
    assert found.wanted[0].fields["first_name"] == "Member"


def test_what_is_told_never_repeats_a_cell(read) -> None:
    found = read(row(Email="amina at example", Mobile="secret", Country="Hiddenland", Joined="yesterday"))
    reasons = " ".join(one.reason for one in found.told)
    assert not [cell for cell in ("amina", "secret", "Hiddenland", "yesterday") if cell in reasons]


# --- rows that are there more than once ------------------------------------------------------------------------------


def test_the_same_row_twice_is_taken_once(read) -> None:
    found = read(row("M1"), row("M2"), row("M1"))
    assert [one.key for one in found.wanted] == ["M1", "M2"]
    assert told(found) == [("note", 4, "the same row as line 2")]


def test_rows_are_the_same_when_they_ask_for_the_same(read) -> None:
    found = read(row(Email="amina@example.org"), row(Email="Amina@Example.org "))
    assert len(found.wanted) == 1


@pytest.mark.parametrize("other", [{"Last_name": "Byrne"}, {"Chapter_Code": "WIE01"}])
def test_two_rows_of_one_number_that_differ_are_both_refused(read, other) -> None:
    found = read(row("M1"), row("M1", **other))
    assert found.wanted == ()
    assert [(one.action, one.line) for one in found.told] == [(Action.REFUSE, 2), (Action.REFUSE, 3)]
    assert "lines 2, 3" in found.told[0].reason


def test_a_refused_row_has_not_disappeared(read) -> None:
    found = read(row("M1", Email="nobody"), row("M2"), row("M2", Last_name="Byrne"))
    assert found.keys == {"M1", "M2"}
    assert found.row_count == 3


# --- groups and scope ------------------------------------------------------------------------------------------------


def test_a_row_names_the_group_where_its_person_is_mailed(read) -> None:
    first, second = read(row("M1"), row("M2", Chapter_Code="")).wanted
    assert first.group == "chapter_COR06"
    assert (second.group, second.scope) == ("members_at_large", AT_LARGE)


def test_without_a_scope_the_codes_in_the_file_are_the_scope(read) -> None:
    found = read(row("M1"), row("M2", Chapter_Code="WIE01"), row("M3", Chapter_Code=""))
    assert found.scope == (AT_LARGE, "COR06", "WIE01")


def test_a_row_outside_the_scope_is_refused_with_its_line(read) -> None:
    found = read(row("M1"), row("M2", Chapter_Code="WIE01"), scope=("COR06",))
    assert [one.key for one in found.wanted] == ["M1"]
    assert told(found) == [("refuse", 3, "belongs to WIE01, which is outside the scope of this run")]
    assert found.keys == {"M1", "M2"}


def test_the_scope_all_takes_every_row(read) -> None:
    found = read(row("M1"), row("M2", Chapter_Code=""), scope=("all",))
    assert len(found.wanted) == 2
    assert found.scope == ("all",)


# --- the mapping and the site ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "source", "why"),
    [
        ("frist_name", Source(("City",)), "fields.frist_name: this CiviCRM has no field Individual.frist_name"),
        ("email_primary.emial", Source(("City",)), "this CiviCRM has no field Email.emial, did you mean 'email'?"),
        ("id", Source(("City",)), "fields.id: Individual.id cannot be written"),
        ("first_name:name", Source(("City",)), "has no list of options; leave out ':name'"),
        ("gender_id:name", Source(("City",), choices={"f": "Femal"}), "has no 'Femal', did you mean 'Female'?"),
    ],
)
def test_a_mapping_that_does_not_fit_the_site_is_told_before_any_row_is_read(read, path, source, why) -> None:
    wrong = replace(members(), fields=dict(members().fields) | {path: replace(source, wins="civicrm")})
    with pytest.raises(UserError) as refused:
        read(row(), mapping=wrong)
    (problem,) = refused.value.problems
    assert why in problem


def test_a_good_row_and_a_refused_one_of_one_number_are_both_refused(read) -> None:
    found = read(row("M1"), row("M1", Last_name="Byrne", Email="broken"))
    assert found.wanted == ()
    assert [one.line for one in found.told if one.action is Action.REFUSE] == [2, 3]


def test_numbers_that_differ_in_case_only_are_one_number(read) -> None:
    assert read(row("m1"), row("M1")).wanted == ()
