"""Files: uploaded into a custom field or attached to an activity, read over a signed address, removed.

Rules for File and EntityFile, API v3's Attachment, and what /civicrm/file gives out.
"""

import re
import secrets
from typing import Any

from sandbox.civicrm import dates
from sandbox.civicrm.errors import CONSTRAINT, ApiError
from sandbox.civicrm.site import Call, Site, Upload
from sandbox.civicrm.store import Row
from sandbox.civicrm.values import Record
from sandbox.civicrm.writing import Rules

# Endings that a new site lets pass; every other becomes `.unknown`.
SAFE = frozenset(
    ("jpg", "jpeg", "png", "gif", "txt", "pdf", "doc", "xls", "rtf", "csv", "ppt", "docx", "xlsx", "odt", "pptx")
)
READ = "access uploaded files"
ACTIVITY = "civicrm_activity"


def keep(call: Call, upload: Upload) -> Row:
    """A new row of File, its bytes beside it."""
    name, ending = _harmless(upload.name)
    row = call.site.table("File").insert(
        {
            "mime_type": upload.mime_type,
            "uri": f"{name}_{secrets.token_hex(16)}.{ending}",
            "is_public": False,
            "upload_date": dates.now(),
            "created_id": call.caller.contact_id,
            "file_name": f"{name}.{ending}",
            "icon": "fa-file-o",
        }
    )
    row["url"] = f"/civicrm/file?reset=1&id={row['id']}&fcs={secrets.token_urlsafe(24)}"
    call.site.contents[row["id"]] = upload.content
    return row


def _harmless(name: str) -> tuple[str, str]:
    """Only plain letters; the name of a file without an ending is lost."""
    base, dot, ending = re.split(r"[\\/]", name)[-1].rpartition(".")
    if dot and ending.lower() not in SAFE:
        base, ending = f"{base}_{ending}", "unknown"
    return re.sub(r"[^A-Za-z0-9]+", "_", base).strip("_"), ending if dot else "unknown"


def remove(site: Site, file_id: Any) -> None:
    """The row, its bytes, and what pointed to it from a custom field; a file that is gone already is no error."""
    row = site.table("File").get(file_id)
    if row is None:
        return
    _unlink(site, row)
    site.table("File").delete(row)


def _unlink(site: Site, row: Row) -> None:
    site.contents.pop(row["id"], None)
    names = [field.name for field in site.fields("Activity").values() if field.fk == "File"]
    for activity in site.table("Activity"):
        activity.update({name: None for name in names if activity.get(name) == row["id"]})


def _removed(call: Call, row: Row, params: dict[str, Any]) -> None:
    if call.site.table("EntityFile").find("file_id", row["id"]):
        raise ApiError(CONSTRAINT)
    _unlink(call.site, row)


def _no_new_file(call: Call, entity: str, record: Record, old: Row | None) -> None:
    if old is None:
        raise ApiError("The sandbox takes files by a form and by API v3's Attachment only.")


FILE_RULES = Rules(before=_no_new_file, remove=_removed)


def bytes_of(site: Site, file_id: Any, token: str) -> tuple[Row, bytes] | None:
    """What stands behind a signed address; None when the signature is wrong or nothing is there."""
    row = site.table("File").get(file_id)
    if row is None or not row["url"].endswith(f"&fcs={token}"):
        return None
    return row, site.contents[row["id"]]


def attachment(call: Call, action: str, sent: dict[str, Any]) -> list[Row]:
    """API v3's Attachment: create, get and delete."""
    if action == "delete":
        return _detach(call, sent["id"])
    table, activity = sent["entity_table"], int(sent["entity_id"])
    if action == "get":
        return [_shown(call.site, link) for link in _links(call.site, activity)]
    upload = Upload(sent["name"], sent["mime_type"], str(sent["content"]).encode())
    may = call.caller.may("view all activities") and call.site.table("Activity").get(activity) is not None
    if table != ACTIVITY or not may:
        raise ApiError(f"Authorization failed on (Activity,{activity})")
    link = {"entity_table": table, "entity_id": activity, "file_id": keep(call, upload)["id"]}
    return [_shown(call.site, call.site.table("EntityFile").insert(link))]


def _links(site: Site, activity: int) -> list[Row]:
    found = site.table("EntityFile").find("entity_id", activity)
    return [link for link in found if link["entity_table"] == ACTIVITY]


def attached(site: Site, activity: int) -> list[Row]:
    """The files that hang on an activity."""
    return [site.table("File").rows[link["file_id"]] for link in _links(site, activity)]


def _detach(call: Call, file_id: Any) -> list[Row]:
    links = call.site.table("EntityFile")
    found = links.find("file_id", int(file_id))
    if not found:
        raise ApiError("Failed to run permission check")
    for link in found:
        links.delete(link)
    remove(call.site, int(file_id))
    return []


def _shown(site: Site, link: Row) -> Row:
    row = site.table("File").rows[link["file_id"]]
    same = {name: row[name] for name in ("mime_type", "upload_date", "icon", "url")}
    entity = {name: str(link[name]) for name in ("entity_table", "entity_id")}
    return {"id": str(row["id"]), "name": row["file_name"], "description": "", **entity, **same}
