"""FACTS §17: a file that staff hand in, how its bytes are read, how one is attached, and how it is removed."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from .desk import Desk
from .wire import AJAX, Site

Changed = Callable[[str], AbstractContextManager[None]]


def file_of(desk: Desk, activity: int) -> int | None:
    found = desk.activity(activity, f"{desk.roster}.File")[f"{desk.roster}.File"]
    assert found is None or isinstance(found, int)
    return found


def url_of(site: Site, file_id: int) -> str:
    return str(site.get("File", [["id", "=", file_id]], "url", who="runtime")[0]["url"])


def test_s17_an_activity_stands_without_its_file_until_the_second_request(desk: Desk, staff: str, runtime: str) -> None:
    """`required` on a file field is the browser's business: the connector must expect that no file ever comes."""
    (done,) = desk.submit(desk.hand_in, {f"{desk.roster}.Kind": "members"}).values
    activity = done["Activity1"][0]["id"]
    assert file_of(desk, activity) is None
    (file,) = desk.upload(done["token"], "members.csv", b"a,b\n").values
    assert file["file_name"] == "members.csv"
    assert file_of(desk, activity) == file["id"]


def test_s17_who_hands_in_a_file_gets_its_address_only_if_they_may_read_files(
    site: Site, desk: Desk, staff: str, runtime: str, staff_without: Changed, staff_granted: Changed
) -> None:
    for changed, more in ((staff_without, set()), (staff_granted, {"url"})):
        (done,) = desk.submit(desk.hand_in, {f"{desk.roster}.Kind": "members"}).values
        with changed("access uploaded files"):
            (file,) = desk.upload(done["token"], "members.csv", b"a,b\n").values
        assert set(file) == {"id", "file_name", "icon", *more}


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"PK\x03\x04\xff\xfe\x00"])
def test_s17_the_runtime_role_reads_the_bytes(site: Site, desk: Desk, staff: str, runtime: str, content: bytes) -> None:
    file_id = file_of(desk, desk.handed_in(content=content))
    assert file_id
    assert desk.download(url_of(site, file_id)) == (200, content)


def test_s17_an_empty_file_is_taken_but_cannot_be_read(site: Site, desk: Desk, staff: str, runtime: str) -> None:
    file_id = file_of(desk, desk.handed_in(content=b""))
    assert file_id
    assert desk.download(url_of(site, file_id)) == (302, b"")


def test_s17_who_handed_a_file_in_is_known(site: Site, desk: Desk, staff: str, runtime: str) -> None:
    me = site.get("Contact", [["id", "=", "user_contact_id"]], "id", who=staff)[0]["id"]
    where = [["id", "=", file_of(desk, desk.handed_in())]]
    (held,) = site.get("File", where, "created_id", "mime_type", "file_name", who=runtime)
    assert (held["created_id"], held["mime_type"], held["file_name"]) == (me, "text/csv", "members.csv")


def test_s17_file_and_name_can_be_asked_through_the_activity(desk: Desk, staff: str, runtime: str) -> None:
    activity = desk.handed_in(content=b"through")
    path = f"{desk.roster}.File"
    held = desk.activity(activity, f"{path}.file_name", f"{path}.url")
    assert held[f"{path}.file_name"] == "members.csv"
    assert desk.download(held[f"{path}.url"]) == (200, b"through")


@pytest.mark.parametrize(
    ("sent", "held"),
    [
        ("members.xlsx", "members.xlsx"),
        ("MEMBERS.CSV", "MEMBERS.CSV"),
        ("members.txt", "members.txt"),
        ("members.ods", "members_ods.unknown"),
        ("members.tsv", "members_tsv.unknown"),
        ("members", ".unknown"),
        ("new members 2.csv", "new_members_2.csv"),
        ("members.old.csv", "members_old.csv"),
        ("../members.csv", "members.csv"),
    ],
)
def test_s17_file_names_are_made_harmless(
    site: Site, desk: Desk, staff: str, runtime: str, sent: str, held: str
) -> None:
    file_id = file_of(desk, desk.handed_in(sent))
    assert site.get("File", [["id", "=", file_id]], "file_name", who=runtime)[0]["file_name"] == held


def test_s17_the_address_is_signed_and_needs_a_key(site: Site, desk: Desk, staff: str, runtime: str) -> None:
    file_id = file_of(desk, desk.handed_in())
    assert file_id
    url = url_of(site, file_id)
    assert url.startswith(f"/civicrm/file?reset=1&id={file_id}&fcs=")
    assert desk.download(url, AJAX)[0] == 403
    assert desk.download(url.partition("&fcs=")[0] + "&fcs=forged")[0] == 302


def test_s17_without_access_uploaded_files_nothing_is_read(
    site: Site, desk: Desk, staff: str, runtime: str, without: Changed
) -> None:
    activity = desk.handed_in()
    file_id = file_of(desk, activity)
    assert file_id
    url = url_of(site, file_id)
    with without("access uploaded files"):
        answer = site.call("File", "get", {"where": [["id", "=", file_id]]}, runtime)
        assert (answer.status, answer.error) == (403, "Authorization failed: CiviCRM APIv4 (File::get)")
        assert desk.download(url)[0] == 403
        assert desk.activity(activity, f"{desk.roster}.File.url") == {"id": activity}
        assert file_of(desk, activity) == file_id


def test_s17_staff_read_what_is_attached_with_one_more_permission(
    site: Site, desk: Desk, staff: str, runtime: str, staff_without: Changed, staff_granted: Changed
) -> None:
    activity = desk.handed_in()
    desk.attach(activity, content="for staff")
    where = [["entity_table", "=", "civicrm_activity"], ["entity_id", "=", activity]]
    with staff_without("access uploaded files"):
        assert site.call("EntityFile", "get", {"where": where}, staff).status == 403
    with staff_granted("access uploaded files"):
        (row,) = site.get("EntityFile", where, "file_id.url", who=staff)
        assert desk.download(row["file_id.url"], site.headers(staff)) == (200, b"for staff")
        site.http.cookies.clear()


def test_s17_a_file_over_two_megabytes_never_arrives(desk: Desk, staff: str, runtime: str) -> None:
    """With PHP as it comes (upload_max_filesize); the activity stands already."""
    (done,) = desk.submit(desk.hand_in, {f"{desk.roster}.Kind": "members"}).values
    assert desk.upload(done["token"], "m.csv", b"a" * (2 * 1024 * 1024)).status == 200
    (done,) = desk.submit(desk.hand_in, {f"{desk.roster}.Kind": "members"}).values
    assert desk.upload(done["token"], "m.csv", b"a" * (2 * 1024 * 1024 + 1)).status == 500
    assert file_of(desk, done["Activity1"][0]["id"]) is None


def test_s17_uploading_again_replaces_the_file(site: Site, desk: Desk, staff: str, runtime: str) -> None:
    (done,) = desk.submit(desk.hand_in, {f"{desk.roster}.Kind": "members"}).values
    first, second = (desk.upload(done["token"], "m.csv", text).values[0]["id"] for text in (b"1", b"2"))
    assert file_of(desk, done["Activity1"][0]["id"]) == second
    assert site.get("File", [["id", "IN", [first, second]]], "id", who=runtime) == [{"id": second}]


def test_s17_an_upload_needs_the_token_of_its_form(desk: Desk, staff: str) -> None:
    assert desk.upload("forged", "m.csv", b"1").status == 500


def test_s17_an_upload_may_name_any_text_field_of_the_activity(desk: Desk, staff: str, runtime: str) -> None:
    """Nobody but the connector writes its fields, one would think: a number in them may come from an upload."""
    (done,) = desk.submit(desk.hand_in, {f"{desk.roster}.Kind": "members"}).values
    (file,) = desk.upload(done["token"], "m.csv", b"1", fieldName=f"{desk.roster}.Scope").values
    held = desk.activity(done["Activity1"][0]["id"], f"{desk.roster}.Scope")
    assert held[f"{desk.roster}.Scope"] == str(file["id"])


def test_s17_emptying_the_field_removes_the_file(site: Site, desk: Desk, staff: str, runtime: str) -> None:
    activity = desk.handed_in()
    file_id = file_of(desk, activity)
    assert file_id
    url = url_of(site, file_id)
    update = {"where": [["id", "=", activity]], "values": {f"{desk.roster}.File": None}}
    assert site.call("Activity", "update", update, runtime).values
    assert file_of(desk, activity) is None
    assert site.get("File", [["id", "=", file_id]], "id") == []
    assert desk.download(url)[0] != 200


def test_s17_deleting_the_file_empties_the_field(site: Site, desk: Desk, staff: str, runtime: str) -> None:
    activity = desk.handed_in()
    assert site.call("File", "delete", {"where": [["id", "=", file_of(desk, activity)]]}, runtime).values
    assert file_of(desk, activity) is None


def test_s17_attaching_is_not_idempotent(site: Site, desk: Desk, staff: str, runtime: str) -> None:
    """Look at what hangs there first: a second plan.csv is a second file."""
    activity = desk.handed_in()
    ids = [desk.attach(activity).body["id"] for _ in range(2)]
    where = [["entity_table", "=", "civicrm_activity"], ["entity_id", "=", activity]]
    rows = site.get("EntityFile", where, "file_id", "file_id.file_name", who=runtime)
    assert [(row["file_id"], row["file_id.file_name"]) for row in rows] == [(id, "plan.csv") for id in ids]


def test_s17_an_attached_file_is_read_like_an_uploaded_one(site: Site, desk: Desk, staff: str, runtime: str) -> None:
    made = desk.attach(desk.handed_in(), content="a,b\n3,é\n").body
    (row,) = made["values"].values()
    assert (row["name"], row["entity_table"], made["is_error"]) == ("plan.csv", "civicrm_activity", 0)
    assert desk.download(url_of(site, made["id"])) == (200, "a,b\n3,é\n".encode())


def test_s17_a_deleted_attachment_is_gone_and_deleting_again_is_an_error_in_v3(
    site: Site, desk: Desk, staff: str, runtime: str
) -> None:
    made = desk.attach(desk.handed_in()).body["id"]
    assert site.v3("Attachment", "delete", id=made).body["is_error"] == 0
    assert site.get("File", [["id", "=", made]], "id", who=runtime) == []
    assert site.get("EntityFile", [["file_id", "=", made]], "id", who=runtime) == []
    again = site.v3("Attachment", "delete", id=made)
    assert (again.status, again.body["error_message"]) == (200, "Failed to run permission check")


def test_s17_an_attached_file_cannot_be_deleted_as_a_file(site: Site, desk: Desk, staff: str, runtime: str) -> None:
    made = desk.attach(desk.handed_in()).body["id"]
    answer = site.call("File", "delete", {"where": [["id", "=", made]]}, runtime)
    assert (answer.status, answer.error) == (500, "DB Error: constraint violation")
    assert site.get("File", [["id", "=", made]], "id", who=runtime) == [{"id": made}]


def test_s17_nothing_is_attached_to_an_activity_that_is_gone(desk: Desk, runtime: str) -> None:
    answer = desk.attach(999_999_999)
    assert (answer.status, answer.body["is_error"]) == (200, 1)
    assert answer.body["error_message"] == "Authorization failed on (Activity,999999999)"
