"""Smart groups: who a saved search finds, remembered until the group is saved or refreshed.

A real site also forgets by itself after some minutes (smart_group_cache_timeout); here only the calls do it, so that
a test sees the same thing whenever it looks.
"""

from typing import Any

from sandbox.civicrm.site import EVERYTHING, Call, Caller, Site
from sandbox.civicrm.store import Row


def members(site: Site, group_id: int) -> set[int]:
    """Whom the cache holds; filled on first use. Nobody for a plain group."""
    group = site.table("Group").get(group_id)
    if group is None or group.get("saved_search_id") is None:
        return set()
    if group_id not in site.smart:
        site.smart[group_id] = _search(site, group)
    return site.smart[group_id]


def refresh(site: Site, group_id: int) -> None:
    """Search again, now."""
    site.smart.pop(group_id, None)
    members(site, group_id)


def _search(site: Site, group: Row) -> set[int]:
    """Found by the search or added by hand, less those removed by hand."""
    from sandbox.civicrm import query  # it reads groups in turn

    search = site.table("SavedSearch").rows[group["saved_search_id"]]
    params: dict[str, Any] = {**(search.get("api_params") or {}), "select": ["id"]}
    everybody = Call(site, Caller(None, frozenset({EVERYTHING})))
    found = {row["id"] for row in query.get(everybody, search["api_entity"], params).values}
    by_hand = site.table("GroupContact").find("group_id", group["id"])
    removed = {row["contact_id"] for row in by_hand if row["status"] == "Removed"}
    return (found - removed) | {row["contact_id"] for row in by_hand if row["status"] == "Added"}
