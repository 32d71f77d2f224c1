"""Files: uploaded through a form or attached to an activity, read by a signed address."""

import secrets
from typing import Any

from sandbox.civicrm import dates
from sandbox.civicrm.site import Call, Site
from sandbox.civicrm.store import Row

# Other endings are kept as ".unknown", because a web server could run them.
_KEPT = (".csv", ".xlsx", ".txt", ".pdf")


def add(site: Site, name: str, mime_type: str, content: bytes, created_id: int | None, **more: Any) -> Row:
    """Keep a file; `more` says what it hangs on."""
    safe = "".join(sign if sign.isalnum() or sign == "." else "_" for sign in name)
    stored = safe if safe.lower().endswith(_KEPT) else f"{safe}.unknown"
    row = site.table("File").insert(
        {
            "mime_type": mime_type,
            "file_name": stored,
            "uri": f"{stored.rpartition('.')[0]}_{secrets.token_hex(16)}.{stored.rpartition('.')[2]}",
            "upload_date": dates.now(),
            "created_id": created_id,
            "is_public": False,
            "icon": "fa-file-o",
            "content": None,
            "bytes": content,
            "token": secrets.token_urlsafe(16),
            **more,
        }
    )
    row["url"] = f"/civicrm/file?reset=1&id={row['id']}&fcs={row['token']}"
    return row


def remove(site: Site, file_id: Any) -> None:
    """Forget a file."""
    row = site.table("File").get(file_id)
    if row is not None:
        site.table("File").delete(row)


def read(site: Site, file_id: str | None, token: str | None) -> Row | None:
    """The file behind a signed address."""
    row = site.table("File").get(int(file_id)) if file_id and file_id.isdigit() else None
    return row if row is not None and row["token"] == token else None


def attach(call: Call, params: dict[str, Any]) -> Row:
    """v3's Attachment.create."""
    content = str(params["content"]).encode()
    hangs_on = {"entity_table": params["entity_table"], "entity_id": int(params["entity_id"])}
    return add(call.site, str(params["name"]), str(params["mime_type"]), content, call.caller.contact_id, **hangs_on)


def attached(call: Call, params: dict[str, Any]) -> list[Row]:
    """v3's Attachment.get."""
    wanted = (params["entity_table"], int(params["entity_id"]))
    return [row for row in call.site.table("File") if (row.get("entity_table"), row.get("entity_id")) == wanted]
