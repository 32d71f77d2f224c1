"""Who is in which group, children included: the membership that mailings and `groups IN […]` see.

Shared by queries, the visitor pages and the group rules.
"""

from sandbox.civicrm import smart
from sandbox.civicrm.site import Site


def descendants(site: Site, group_ids: set[int]) -> set[int]:
    """These groups and every group below them."""
    nesting = site.table("GroupNesting")
    found, waiting = set(group_ids), list(group_ids)
    while waiting:
        for row in nesting.find("parent_group_id", waiting.pop()):
            if row["child_group_id"] not in found:
                found.add(row["child_group_id"])
                waiting.append(row["child_group_id"])
    return found


def members(site: Site, group_ids: set[int]) -> set[int]:
    """Contacts with status Added in any of these groups or below, and whom the smart ones among them found."""
    found: set[int] = set()
    for group in descendants(site, group_ids):
        found |= smart.members(site, group) | with_status(site, group, "Added")
    return found


def with_status(site: Site, group: int, status: str) -> set[int]:
    """Contacts with a row of this status in this very group."""
    return {row["contact_id"] for row in site.table("GroupContact").find("group_id", group) if row["status"] == status}


def parents(site: Site, group_id: int) -> list[int]:
    """The groups right above."""
    return [row["parent_group_id"] for row in site.table("GroupNesting").find("child_group_id", group_id)]


def children(site: Site, group_id: int) -> list[int]:
    """The groups right below."""
    return [row["child_group_id"] for row in site.table("GroupNesting").find("parent_group_id", group_id)]
