"""checkAccess: whether the caller might do something to one record, asked without doing it.

Unlike getActions, which lists Contact.update for everybody, this answers what the write itself would meet.
"""

from typing import Any

from sandbox.civicrm.errors import ApiError
from sandbox.civicrm.permissions import permitted
from sandbox.civicrm.schema import CONTACT_ENTITIES
from sandbox.civicrm.site import Call
from sandbox.civicrm.store import Row

_OF_CONTACTS = {"create": "add contacts", "update": "edit all contacts", "delete": "delete contacts"}


def check_access(call: Call, entity: str, params: dict[str, Any]) -> list[Row]:
    values = params.get("values")
    if not values:
        raise ApiError('Parameter "values" is required.')
    allowed = _allowed(call, entity, str(params.get("action")), values)
    return [{"access": allowed, "id": values.get("id") if allowed else None}]


def _allowed(call: Call, entity: str, action: str, values: Row) -> bool:
    if entity in CONTACT_ENTITIES and action in _OF_CONTACTS:
        return call.caller.may(_OF_CONTACTS[action])
    if entity == "Group" and action == "create":
        mailing = "Mailing List" in (values.get("group_type:name") or [])
        return call.caller.may("edit groups") or (mailing and call.caller.may("access CiviMail"))
    return permitted(call.caller, entity, action)
