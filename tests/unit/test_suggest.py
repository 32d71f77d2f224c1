"""A draft of a mapping: it loads, it recognises what headings say, and it shows nobody's data."""

from pathlib import Path

import pytest

from connector.errors import UserError
from connector.settings import SHIPPED_MAPPINGS
from connector.sync import mapping_file, roster as rosters, suggest
from connector.sync.roster import Roster, RosterRow


def roster(headings: str, *rows: str) -> Roster:
    names = tuple(headings.split(","))
    made = [RosterRow(n, dict(zip(names, row.split(","), strict=True))) for n, row in enumerate(rows, start=2)]
    return Roster(names, tuple(made))


def drafted(tmp_path: Path, found: Roster) -> tuple[str, mapping_file.Mapping]:
    text = suggest.draft(found, "cork")
    path = tmp_path / "cork.toml"
    path.write_text(text, encoding="utf-8")
    return text, mapping_file.load(path)


def test_the_headings_of_the_shipped_roster_give_the_shipped_fields(tmp_path: Path) -> None:
    headings = (
        "Member No,First name,Last name,Email,Mobile,Street,City,Postcode,Country,Language,Chapter Code,Role,Joined"
    )
    row = "M1,Amina,Haddad,amina@example.org,+353 87 555 0001,1 Lane,Cork,EX1,IE,en,COR06,member,2026-01-31"
    text, mapping = drafted(tmp_path, roster(headings, row))
    shipped = mapping_file.load(SHIPPED_MAPPINGS / "members.toml")
    assert set(mapping.fields) == set(shipped.fields)
    assert (mapping.key, mapping.scope, mapping.match) == (shipped.key, shipped.scope, shipped.match)
    assert mapping.group == shipped.group
    assert mapping.relationship_types == ("Chapter_Member",)
    assert "[fields]" in text


@pytest.mark.parametrize(
    "headings",
    [
        "Nr.,Vorname,Nachname,E-Mail,Handy,Ort,PLZ,Land",
        "رقم العضو,الاسم,اسم العائلة,البريد الإلكتروني,الجوال,المدينة,الرمز البريدي,البلد",
        "رقم العضو,الاسم,العائلة,البريد الالكتروني,الجوال,المدينة,الرمز البريدي,البلد",
        "Numéro,Prenom,Nom de famille,Courriel,Téléphone portable,Ville,Code postal,Pays",
        "Número,Nombre,Apellidos,Correo electrónico,Telefono móvil,Ciudad,Código postal,País",
        "Nº,Vorname,Name,E-Mail-Adresse,Telefonnr.,Stadt,PLZ,Land",
    ],
)
def test_headings_in_other_languages_are_known(tmp_path: Path, headings: str) -> None:
    row = "M1,Amina,Haddad,amina@example.org,+353 87 555 0001,Cork,EX1,IE"
    _, mapping = drafted(tmp_path, roster(headings, row))
    assert {"first_name", "last_name", "email_primary.email", "phone_primary.phone"} <= set(mapping.fields)
    assert mapping.fields["external_identifier"].columns == (headings.split(",")[0],)


def test_nobodys_data_is_in_the_draft(tmp_path: Path) -> None:
    text, _ = drafted(
        tmp_path,
        roster("Member No,Name given,Surname,Email,Notes", "M1,Amina,Haddad,amina@example.org,called Noor in Cork"),
    )
    for secret in ("Amina", "Haddad", "amina@", "Noor", "M1"):
        assert secret not in text
    assert '# Columns that are not taken: "Name given", "Notes"' in text


def test_without_a_number_for_each_row_the_e_mail_is_the_key_and_doubt_is_asked(tmp_path: Path) -> None:
    rows = (",Amina,Haddad,a@example.org", "7,Omar,Saleh,o@example.org")
    text, mapping = drafted(tmp_path, roster("No,First name,Last name,Email", *rows))
    assert mapping.key == ("Email",)
    assert mapping.look_alike
    assert '# "No" is empty or the same in several rows' in text


@pytest.mark.parametrize(
    ("days", "cleaner", "remark"),
    [
        (("31.01.2026", "01.02.2026"), "date DD.MM.YYYY", False),
        (("31/01/2026", "01/02/2026"), "date DD/MM/YYYY", False),
        (("01/31/2026", "01/02/2026"), "date MM/DD/YYYY", False),
        (("01/02/2026", "03/04/2026"), "date DD/MM/YYYY", True),
    ],
)
def test_how_dates_are_written_is_found_or_said_to_be_unclear(tmp_path: Path, days, cleaner, remark) -> None:
    rows = (f"{number},Haddad,{day}" for number, day in enumerate(days))
    text, mapping = drafted(tmp_path, roster("No,Last name,Member since", *rows))
    assert mapping.fields["Solidarity_Member.Joined_On"].clean == (cleaner,)
    assert ("Nobody can tell how these days are written" in text) == remark


def test_a_word_that_nobody_knows_is_left_to_a_person(tmp_path: Path) -> None:
    _, mapping = drafted(tmp_path, roster("No,Last name,Language", "1,Haddad,Arabic", "2,Saleh,Klingon"))
    assert mapping.fields["preferred_language"].choices == {"arabic": "ar_EG", "klingon": "?"}


def test_a_whole_name_is_not_cut_by_guessing(tmp_path: Path) -> None:
    text, mapping = drafted(tmp_path, roster("Member No,Full name,Email", "M1,Amina Haddad,amina@example.org"))
    assert set(mapping.fields) == {"external_identifier", "email_primary.email"}
    assert '# "Full name" holds whole names' in text
    assert "Amina" not in text


def test_words_of_roles_that_may_name_people_are_not_shown(tmp_path: Path) -> None:
    rows = ("1,Amina,Haddad,COR06,Member", "2,Omar,Saleh,COR06,Brother of Amina", "3,Nour,Saleh,COR06,Tel 0875550001")
    text, mapping = drafted(tmp_path, roster("No,First name,Last name,Chapter,Role", *rows))
    assert "amina" not in text.casefold()
    assert "0875550001" not in text
    assert '# 2 words of "Role" are not shown' in text
    assert mapping.relationships[0].kind.choices == {"member": "Chapter_Member"}


def test_without_headings_the_first_person_is_not_taken_for_them() -> None:
    with pytest.raises(UserError, match="holds headings that are known") as refused:
        suggest.draft(roster("M1,Amina,amina@example.org", "M2,Omar,omar@example.org"), "cork")
    assert "mina" not in str(refused.value)


def test_a_heading_that_looks_like_a_cell_is_not_shown(tmp_path: Path) -> None:
    text, _ = drafted(tmp_path, roster("No,Last name,+353 87 555 0001,amina@example.org", "1,Haddad,x,y"))
    assert "555" not in text
    assert "amina" not in text


def test_what_a_person_should_look_at_is_remarked(tmp_path: Path) -> None:
    found = roster("Ref,Last name,Role", "A-1,Haddad,member", "A-2,Saleh,member")
    text, mapping = drafted(tmp_path, Roster((*found.headings, "Last name"), found.rows, ("read as Windows-1252",)))
    for remark in (
        '# "Ref" is different in each row',
        '# "Role" is not taken either',
        '# "Last name" stands above several columns',
        "# The file: read as Windows-1252",
    ):
        assert remark in text
    assert set(mapping.fields) == {"last_name"}


def test_titles_above_the_headings_do_not_hide_them(tmp_path: Path) -> None:
    path = tmp_path / "cork.csv"
    path.write_text("Members of Cork 2026;;\nMitgliedsnr.;Vorname;Nachname\n1;Amina;Haddad\n", encoding="utf-8")
    _, mapping = drafted(tmp_path, rosters.read(path, suggest.HEADINGS))
    assert set(mapping.fields) == {"external_identifier", "first_name", "last_name"}
