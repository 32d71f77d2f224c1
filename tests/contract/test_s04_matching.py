"""FACTS §4: upserts: what `match` finds, and what stays when a record fails."""

import pytest

from .wire import Site

BY_KEY = {"match": ["external_identifier"]}
EXISTS = "DB Error: already exists"


def test_s4_match_on_external_identifier_updates_or_inserts(site: Site) -> None:
    key = site.unique()
    made = site.person(external_identifier=key, last_name="Kept")
    params = {
        "records": [{"external_identifier": key, "first_name": "New"}, {"external_identifier": site.unique()}],
        **BY_KEY,
    }
    answer = site.call("Individual", "save", params)
    assert answer.values[0]["id"] == made
    assert answer.body["countMatched"] == 1
    assert site.contact(made, "first_name", "last_name") == {"id": made, "first_name": "New", "last_name": "Kept"}


def test_s4_match_on_email_ignores_case(site: Site) -> None:
    email = f"{site.unique()}@example.org"
    made = site.person(**{"email_primary.email": email})
    rows = site.save(
        "Individual",
        {"first_name": "New", "email_primary.email": email.upper()},
        match=["email_primary.email"],
        reload=["id", "email_primary.email"],
    )
    assert rows == [{"id": made, "email_primary.email": email}]


def test_s4_two_hits_insert_a_third(site: Site) -> None:
    email = f"{site.unique()}@example.org"
    twins = {site.person(**{"email_primary.email": email}) for _ in range(2)}
    record = {"external_identifier": site.unique(), "email_primary.email": email}
    assert site.save("Individual", record, match=["email_primary.email"])[0]["id"] not in twins


def test_s4_match_fields_must_all_agree(site: Site) -> None:
    email = f"{site.unique()}@example.org"
    made = site.person(first_name="One", **{"email_primary.email": email})
    both = ["first_name", "email_primary.email"]
    assert site.save("Individual", {"first_name": "One", "email_primary.email": email}, match=both)[0]["id"] == made
    other = {"first_name": "Two", "email_primary.email": email, "external_identifier": site.unique()}
    assert site.save("Individual", other, match=both)[0]["id"] != made


@pytest.mark.parametrize("record", [{"external_identifier": ""}, {"external_identifier": None}, {}])
def test_s4_an_empty_match_value_inserts(site: Site, record: dict[str, str | None]) -> None:
    """As long as several are without a number: where a site has one such contact only, that one is written over."""
    for _ in range(2):
        site.person(external_identifier=None, last_name=site.run)
    answer = site.call("Individual", "save", {"records": [{"first_name": "Nobody", **record}], **BY_KEY})
    assert answer.body["countMatched"] == 0
    site.call("Contact", "delete", {"where": [["id", "=", answer.values[0]["id"]]]})
    site.call("Contact", "delete", {"where": [["last_name", "=", site.run]]})


def test_s4_the_same_key_twice_in_one_batch_collides(site: Site) -> None:
    key = site.unique()
    records = [{"external_identifier": key, "first_name": name} for name in ("One", "Two")]
    assert site.call("Individual", "save", {"records": records, **BY_KEY}).error == EXISTS
    assert [row["first_name"] for row in site.get("Contact", [["external_identifier", "=", key]], "first_name")] == [
        "One"
    ]


def test_s4_the_same_email_twice_in_one_batch_makes_two_contacts(site: Site) -> None:
    email = f"{site.unique()}@example.org"
    records = [{"external_identifier": site.unique(), "email_primary.email": email} for _ in range(2)]
    rows = site.save("Individual", *records, match=["email_primary.email"])
    assert rows[0]["id"] != rows[1]["id"]


def test_s4_records_before_a_failing_one_stay_and_later_ones_are_not_run(site: Site) -> None:
    keys = [site.unique() for _ in range(3)]
    records = [
        {"external_identifier": keys[0]},
        {"external_identifier": keys[1], "contact_sub_type": ["Nonesuch"]},
        {"external_identifier": keys[2]},
    ]
    assert site.call("Individual", "save", {"records": records, **BY_KEY}).status == 500
    assert [
        r["external_identifier"]
        for r in site.get("Contact", [["external_identifier", "IN", keys]], "external_identifier")
    ] == keys[:1]


def test_s4_emails_are_written_after_all_contacts(site: Site) -> None:
    keys = [site.unique() for _ in range(3)]
    records = [{"external_identifier": k, "email_primary.email": f"{k}@example.org"} for k in keys]
    records[1]["email_primary.email"] = ""
    answer = site.call("Individual", "save", {"records": records, **BY_KEY})
    assert answer.error == "Mandatory values missing from Api4 Email::save: email"
    rows = site.get("Contact", [["external_identifier", "IN", keys]], "email_primary.email", orderBy={"id": "ASC"})
    assert [row["email_primary.email"] for row in rows] == [f"{keys[0]}@example.org", None, None]


def test_s4_a_missing_id_in_a_record_is_refused(site: Site) -> None:
    assert site.call("Individual", "save", {"records": [{"id": 99999999}]}).error == "Expected one Contact but found 0"


def test_s4_save_by_id_counts_as_matched(site: Site) -> None:
    answer = site.call("Individual", "save", {"records": [{"id": site.person(), "first_name": "x"}]})
    assert answer.body["countMatched"] == 1


def test_s4_a_guarded_update_misses_when_the_value_has_moved(site: Site) -> None:
    made = site.person(first_name="Now")
    params = {"where": [["id", "=", made], ["first_name", "=", "Before"]], "values": {"first_name": "After"}}
    answer = site.call("Individual", "update", params)
    assert (answer.values, answer.body["count"]) == ([], 0)
