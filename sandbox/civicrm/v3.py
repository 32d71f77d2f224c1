"""The little of API v3 that has no twin in v4, or none on older sites: merging, a flush, attached files.

Errors are HTTP 200 with `is_error`, as v3 always answers.
"""

from typing import Any

from sandbox.civicrm import dates, files, mail_run, mailings, merge
from sandbox.civicrm.errors import ApiError
from sandbox.civicrm.permissions import ADMINISTER
from sandbox.civicrm.site import Call


def run(call: Call, entity: str, action: str, params: dict[str, Any]) -> dict[str, Any]:
    """One v3 call."""
    name = (entity.lower(), action.lower())
    try:
        if name == ("contact", "getmergedto"):
            found = merge.merged_to(call, {"contactId": params["contact_id"]})
            return _answer([row for row in found if row])
        if name == ("contact", "merge"):
            sent = {
                "contactId": params["to_keep_id"],
                "duplicateId": params["to_remove_id"],
                "mode": params.get("mode"),
            }
            return {"is_error": 0, "version": 3, "count": 1, "values": merge.merge_duplicates(call, sent)[0]}
        if name == ("system", "flush"):
            return _flush(call, params)
        if name == ("contribution", "sendconfirmation"):
            return _receipt(call, params)
        if name in _MAIL:
            return _mail(call, name, params)
        if name[0] == "attachment" and name[1] in ("create", "get", "delete"):
            return _answer(files.attachment(call, name[1], params))
    except KeyError as missing:
        return _error(f"Mandatory key(s) missing from params array: {missing.args[0]}", "mandatory_missing")
    except ApiError as error:
        return _error(error.message)
    return _error(f"API ({entity}, {action}) does not exist (join the API team and implement it!)", "not-found")


_MAIL = {
    ("mailing", "submit"): mailings.submit,
    ("mailing", "send_test"): mailings.send_test,
    ("mailing", "preview"): mailings.preview,
    ("mailingrecipients", "get"): mailings.recipients,
    ("job", "process_mailing"): None,
}


def _mail(call: Call, name: tuple[str, str], params: dict[str, Any]) -> dict[str, Any]:
    wanted = ADMINISTER if name[0] == "job" else "access CiviMail"
    if not call.caller.may(wanted):
        return _error(f"API permission check failed for {name[0].title()}/{name[1]} call", "unauthorized")
    try:
        if name[0] == "job":
            return {"is_error": 0, "version": 3, "count": 1, "values": {"processed": mail_run.run(call.site)}}
        found = _MAIL[name](call, params)  # type: ignore[misc]
    except mail_run.NotConnected:
        return _error("not connected")
    except mailings.CannotSend as error:
        return {**error.fields, **_error(error.message, "cannot-send")}
    if isinstance(found, dict):
        return {"is_error": 0, "version": 3, "count": len(found), "id": found["id"], "values": found}
    return _answer(found)


def _receipt(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """Notes the day of the receipt. The mail itself is CiviCRM's own; here none goes out."""
    if not call.caller.may("edit contributions"):
        return _error("API permission check failed for Contribution/sendconfirmation call", "unauthorized")
    row = call.site.table("Contribution").get(int(params["id"]))
    if row is None:
        return _error("Contribution not found")
    call.site.table("Contribution").update(row, {"receipt_date": dates.now()})
    return {"is_error": 0}


def _flush(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    if not call.caller.may(ADMINISTER):
        return _error("API permission check failed for System/flush call", "unauthorized")
    if params.get("triggers"):
        call.site.triggers = {group["name"] for group in call.site.table("CustomGroup")}
    return _answer([])


def _answer(rows: list[dict[str, Any]]) -> dict[str, Any]:
    values = {str(row["id"]): {**row, "id": str(row["id"])} for row in rows}
    single = {"id": int(rows[0]["id"])} if len(rows) == 1 else {}
    return {"is_error": 0, "version": 3, "count": len(values), **single, "values": values or []}


def _error(message: str, code: str = "0") -> dict[str, Any]:
    return {"error_code": code, "is_error": 1, "error_message": message}
