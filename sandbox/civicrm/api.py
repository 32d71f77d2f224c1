"""API v4 without HTTP: finds the action, checks parameters and permission, runs it, and wraps the answer.

http.py calls `run` for each call of a request; everything below works on plain Python values.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sandbox.civicrm import (
    access,
    accounts,
    activities,
    checksums,
    contacts,
    contributions,
    customdata,
    describe,
    files,
    finance,
    forms,
    groups,
    lists,
    mail_run,
    mailings,
    merge,
    pledges,
    query,
    relationships,
    smart,
    writing,
)
from sandbox.civicrm.errors import ApiError, NotPermitted, wrong_type
from sandbox.civicrm.permissions import permitted
from sandbox.civicrm.schema import CONTACT_ENTITIES
from sandbox.civicrm.site import Call, Site
from sandbox.civicrm.store import Row
from sandbox.civicrm.writing import Rules, Written

Params = dict[str, Any]

_READ_ONLY = ("GroupNesting", "FinancialTrxn", "EntityFinancialTrxn", "MailingJob", mail_run.QUEUE, *mail_run.EVENTS)
RULES: dict[str, Rules] = {
    **dict.fromkeys(CONTACT_ENTITIES, contacts.CONTACT_RULES),
    **dict.fromkeys(("Email", "Phone", "Address"), contacts.LOCATION_RULES),
    "Group": groups.GROUP_RULES,
    "GroupContact": groups.GROUP_CONTACT_RULES,
    "SubscriptionHistory": Rules(),
    "Relationship": relationships.RELATIONSHIP_RULES,
    "RelationshipType": customdata.TYPE_RULES,
    "Pledge": pledges.PLEDGE_RULES,
    "PledgePayment": pledges.PLEDGE_PAYMENT_RULES,
    "Contribution": contributions.CONTRIBUTION_RULES,
    "ContributionRecur": contributions.RECUR_RULES,
    "ContributionSoft": contributions.SOFT_RULES,
    "Campaign": finance.CAMPAIGN_RULES,
    "FinancialType": finance.FINANCIAL_TYPE_RULES,
    "FinancialAccount": Rules(),
    "EntityFinancialAccount": Rules(),
    "SavedSearch": groups.SAVED_SEARCH_RULES,
    "ContactType": customdata.TYPE_RULES,
    "CustomGroup": customdata.CUSTOM_GROUP_RULES,
    "CustomField": customdata.CUSTOM_FIELD_RULES,
    "OptionGroup": Rules(),
    "OptionValue": customdata.OPTION_RULES,
    "Country": Rules(),
    "Domain": Rules(),
    "Role": Rules(),
    "User": accounts.USER_RULES,
    "UserRole": accounts.USER_ROLE_RULES,
    "Activity": activities.RULES,
    "File": files.FILE_RULES,
    "EntityFile": Rules(),
    "SearchDisplay": Rules(),
    "Afform": forms.RULES,
    "AfformSubmission": Rules(),
    "Navigation": Rules(),
    "MessageTemplate": Rules(),
    "Mailing": mailings.RULES,
    "MailingGroup": Rules(),
    **dict.fromkeys(_READ_ONLY, Rules()),
    "SiteEmailAddress": Rules(),
    "Job": Rules(),
}
_DESCRIBES = ("checkAccess", "getActions", "getFields")
# Actions that 5.77 does not have yet.
_LATER = ("cancel", "getMergedFrom", "getMergedTo")
_CRUD = ("create", "delete", "get", *_DESCRIBES, "save", "update")
_MERGES: dict[str, Callable[[Call, Params], list[Any]]] = {
    "getMergedFrom": merge.merged_from,
    "getMergedTo": merge.merged_to,
    "mergeDuplicates": merge.merge_duplicates,
}
_CHECKSUMS: dict[str, Callable[[Call, Params], list[Any]]] = {
    "getChecksum": checksums.make,
    "validateChecksum": checksums.validate,
}
# What staff's browsers ask.
_SCREENS: dict[str, Callable[[Call, Params], list[Any]]] = {
    "run": lists.run,
    "submit": forms.submit,
    "submitFile": forms.submit_file,
}
_SPECIAL: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(CONTACT_ENTITIES, (*_CRUD, *_MERGES, *_CHECKSUMS)),
    "Group": (*_CRUD, "refresh"),
    "Pledge": (*_CRUD, "cancel"),
    **dict.fromkeys(_READ_ONLY, ("get", *_DESCRIBES)),
    "SearchDisplay": (*_CRUD, "run"),
    "Afform": ("create", "get", "save", "update", "revert", "submit", "submitFile", *_DESCRIBES),
    "User": (*_CRUD, "login"),
    "Setting": ("get", "set", *_DESCRIBES),
    "System": ("flush", "check", *_DESCRIBES),
}
_COMMON = ("checkPermissions", "chain", "debug", "language", "version")
_FILTERS = ("select", "where", "orderBy", "limit", "offset")
_PARAMETERS = {
    "get": (*_FILTERS, "join", "groupBy", "having", "domainId", "contactId"),
    "create": ("values", "reload", "actorPassword"),
    "save": ("records", "defaults", "match", "reload"),
    "update": ("values", *_FILTERS, "reload", "actorPassword"),
    "delete": (*_FILTERS, "useTrash"),
    "getFields": (*_FILTERS, "loadOptions", "action", "values", "includeCustom"),
    "getActions": _FILTERS,
    "checkAccess": ("action", "values"),
    "getMergedTo": ("contactId", "isTest"),
    "getMergedFrom": ("contactId", "isTest"),
    "mergeDuplicates": ("contactId", "duplicateId", "mode"),
    "getChecksum": ("contactId", "ttl"),
    "validateChecksum": ("contactId", "checksum"),
    "flush": ("triggers", "session", "language"),
    **dict.fromkeys(("refresh", "cancel"), ("where", "orderBy", "limit", "offset")),
    "set": ("values",),
    "run": ("return", "savedSearch", "display", "sort", "limit", "seed", "filters", "afform"),
    "submit": ("name", "args", "values"),
    "submitFile": ("name", "modelName", "fieldName", "entityIndex", "joinEntity", "joinIndex", "token"),
    "revert": ("where",),
    "login": ("identifier", "password"),
}
_OF_PAGES = ("layoutFormat",)
_TYPES: dict[str, tuple[str, tuple[type, ...]]] = {
    "where": ("array", (list,)),
    "select": ("array", (list,)),
    "orderBy": ("array", (dict, list)),
    "join": ("array", (list,)),
    "match": ("array", (list,)),
    "records": ("array", (list,)),
    "values": ("array", (dict, list)),
    "defaults": ("array", (dict, list)),
    "chain": ("array", (dict, list)),
}


def actions_of(call: Call, entity: str) -> list[str]:
    """Empty for an entity that this site does not have."""
    if entity not in RULES and entity not in _SPECIAL:
        return []
    if call.site.dialect.wordpress and entity in ("Role", "User", "UserRole"):
        return []
    found = _SPECIAL.get(entity, _CRUD)
    return [a for a in found if not (call.site.dialect.wordpress and a in _LATER)]


def run(call: Call, entity: str, action: str, params: Params, index: Any = None) -> Row:
    """One call, permission checked, chained calls run, values indexed; raises the errors of errors.py."""
    known = actions_of(call, entity)
    if not known:
        raise ApiError(f"API ({entity}, {action}) does not exist (or the extension it belongs to is not enabled).")
    if action not in known:
        raise ApiError(f"Api {entity} {action} version 4 does not exist.")
    _check_parameters(call, entity, action, params)
    if not permitted(call.caller, entity, action):
        raise NotPermitted(f"Authorization failed: CiviCRM APIv4 ({entity}::{action})")
    found = _act(call, entity, action, params)
    for name, chained in (params.get("chain") or {}).items():
        for row in found.values:
            row[name] = _chain(call, row, chained)
    return _wrapped(call, entity, action, params, found, index)


def _check_parameters(call: Call, entity: str, action: str, params: Params) -> None:
    known = (*_COMMON, *_PARAMETERS.get(action, ()), *(_OF_PAGES if entity == "Afform" else ()))
    for name, value in params.items():
        if name not in known:
            shown = f"set{name[0].upper()}{name[1:]}" if call.site.dialect.wordpress else name
            raise ApiError(f"Unknown api parameter: {shown}")
        expected, types = _TYPES.get(name, ("", ()))
        if types and value is not None and not isinstance(value, types):
            raise wrong_type(name, expected)
        if name in ("limit", "offset") and value is not None and not str(value).isdigit():
            raise wrong_type(name, "int")
    if call.site.dialect.wordpress and isinstance(params.get("reload"), list):
        raise wrong_type("reload", "bool")


class _Found(Written):
    """A result with, for `row_count`, the number of rows that match beyond the limit."""

    count: int | None = None


def _act(call: Call, entity: str, action: str, params: Params) -> _Found:
    if action in ("create", "save", "update", "delete") and entity in RULES:
        call = replace(call, actor_password=params.get("actorPassword"))
        do: Callable[..., Written] = getattr(writing, action)
        done = do(call, entity, params, RULES[entity])
        # A page counts as found even when it is new.
        return _Found(done.values, len(done.values) if entity == "Afform" and action == "save" else done.matched)
    if action == "get" and entity in RULES:
        rows = query.get(call, entity, params)
        found = _Found(rows.values)
        if "row_count" in (params.get("select") or []):
            found.count = found.matched = rows.matched
        return found
    return _Found(_other(call, entity, action, params))


def _other(call: Call, entity: str, action: str, params: Params) -> list[Any]:
    if action == "getActions":
        names = (a for a in actions_of(call, entity) if permitted(call.caller, entity, a))
        return describe.narrowed(call, ({"name": a} for a in sorted(names)), params)
    if action == "checkAccess":
        return access.check_access(call, entity, params)
    if action == "getFields":
        return describe.get_fields(call, entity, params)
    if found := _MERGES.get(action) or _CHECKSUMS.get(action) or _SCREENS.get(action):
        return found(call, params)
    if entity == "Setting":
        return _settings(call, action, params)
    if action == "flush" and params.get("triggers"):
        call.site.triggers = {group["name"] for group in call.site.table("CustomGroup")}
    if action in ("refresh", "cancel", "revert"):
        return _for_each(call, entity, action, params)
    return []


def _for_each(call: Call, entity: str, action: str, params: Params) -> list[Any]:
    if not params.get("where"):
        raise ApiError('Parameter "where" is required.')
    rows = query.rows_of(call, entity, params["where"])
    if action == "cancel":
        return list(pledges.cancel(call, rows))
    if action == "revert":
        return forms.revert(call, rows)
    for row in rows:
        smart.refresh(call.site, row["id"])
    return [{"id": row["id"]} for row in rows]


def _settings(call: Call, action: str, params: Params) -> list[Row]:
    if action == "set":
        call.site.settings.update(params.get("values") or {})
        return describe.settings(call, {"select": list(params.get("values") or {})})
    return describe.settings(call, params)


def _chain(call: Call, row: Row, chained: list[Any]) -> Any:
    entity, action, params, index = (*chained, *(None,) * 4)[:4]
    return run(call, entity, action, _filled(params or {}, row), index)["values"]


def _filled(value: Any, row: Row) -> Any:
    """`$id` and the like are replaced only where they are the whole value."""
    if isinstance(value, dict):
        return {key: _filled(v, row) for key, v in value.items()}
    if isinstance(value, list):
        return [_filled(v, row) for v in value]
    if isinstance(value, str) and value.startswith("$"):
        return row.get(value[1:], value)
    return value


def _wrapped(call: Call, entity: str, action: str, params: Params, found: _Found, index: Any) -> Row:
    modern = not call.site.dialect.wordpress
    answer: Row = {"values": found.values, "entity": entity, "action": action, "debug": None, "version": 4}
    if modern:
        answer.update(errors=[], max_error_level=None, is_blocking_error=False)
    answer.update(count=len(found.values) if found.count is None else found.count, countFetched=len(found.values))
    if found.matched is not None and (modern or found.count is not None):
        answer["countMatched"] = found.matched
    if index not in (None, ""):
        answer["values"] = indexed(found.values, index)
    return answer


def indexed(values: list[Any], index: Any) -> Any:
    """A number picks one row, a field name keys the rows by it, {"id": "title"} makes a map."""
    if isinstance(index, dict):
        key, value = next(iter(index.items()))
        return {str(row[key]): row.get(value) for row in values}
    if str(index).lstrip("-").isdigit():
        return values[int(index)] if -len(values) <= int(index) < len(values) else None
    return {str(row.get(index)): row for row in values}


def new_site(site: Site) -> None:
    """Forget everything and start as a fresh install (the seed fills it)."""
    fresh = Site(site.dialect, smtp=site.smtp)
    site.__dict__.update(fresh.__dict__)
