"""SearchDisplay.run: the rows of a saved search, with the columns and links of its display.

Asked by list pages, the site's own and the sandbox's (screens.py).
"""

import re
from typing import Any

from sandbox.civicrm import query
from sandbox.civicrm.errors import ApiError, NotPermitted
from sandbox.civicrm.permissions import permitted
from sandbox.civicrm.site import Call
from sandbox.civicrm.store import Row


def run(call: Call, params: dict[str, Any]) -> list[Row]:
    """What the caller may see of the list, in its order."""
    search = _one(call, "SavedSearch", name=params.get("savedSearch"))
    display = _one(call, "SearchDisplay", name=params.get("display"), saved_search_id=search["id"])
    settings = display.get("settings") or {}
    asked, entity = search["api_params"], search["api_entity"]
    if not permitted(call.caller, entity, "get"):
        raise NotPermitted(f"Authorization failed: CiviCRM APIv4 ({entity}::get)")
    where = [*(asked.get("where") or []), *([name, "=", v] for name, v in (params.get("filters") or {}).items())]
    order = dict(params.get("sort") or settings.get("sort") or [])
    limit = params.get("limit") or settings.get("limit")
    found = {**asked, "where": where, "orderBy": order, "limit": limit}
    rows = query.get(call, entity, found).values
    return [{"data": row, "columns": [_cell(c, row) for c in settings["columns"]], "key": row["id"]} for row in rows]


def _one(call: Call, entity: str, **values: Any) -> Row:
    found = call.site.table(entity).first(**values)
    if found is None:
        raise ApiError(f"Expected to find one {entity} record, but there were zero.")
    return found


def _cell(column: Row, row: Row) -> Row:
    if column["type"] == "buttons":
        return {"links": [{**link, "url": "/" + _filled(link["path"], row)} for link in column["links"]]}
    return {"val": row.get(column["key"]), "label": column.get("label")}


def _filled(path: str, row: Row) -> str:
    """`[id]` and the like are the row's own values."""
    return re.sub(r"\[([\w.:]+)\]", lambda found: str(row.get(found[1], "")), path)
