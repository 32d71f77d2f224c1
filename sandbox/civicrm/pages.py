"""Pages for visitors: who is in which group, and a person's page where a visitor can play staff.

Changes go through the same rules as the API's, with method "Admin", as if made at CiviCRM's own screens.
"""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request

from sandbox.civicrm import api, groups, groups_of, query, screens
from sandbox.civicrm.errors import ApiError
from sandbox.civicrm.http import Door
from sandbox.civicrm.site import EVERYTHING, Call, Caller, Site
from sandbox.civicrm.store import Row

_PERSON = [
    "display_name", "contact_type", "contact_sub_type:label", "first_name", "last_name", "external_identifier",
    "preferred_language:label", "is_opt_out", "is_deleted", "modified_date", "email_primary.email",
    "phone_primary.phone", "address_primary.city", "address_primary.country_id:label",
]  # fmt: skip
_EDITABLE = ("first_name", "last_name", "email_primary.email", "phone_primary.phone")


def routes(door: Door) -> Blueprint:
    """The pages of one site."""
    pages = Blueprint("pages", __name__, template_folder="templates")

    @pages.get("/")
    def home() -> str:
        with door.lock:
            return _drawn("home.html", door.site, tree=_tree(door.site), people=_people(door.site, None))

    @pages.get("/groups/<int:group_id>")
    def group(group_id: int) -> str:
        with door.lock:
            found = door.site.table("Group").get(group_id) or abort(404)
            members = groups_of.members(door.site, {group_id})
            return _drawn("group.html", door.site, group=found, people=_people(door.site, members))

    @pages.get("/people/<int:contact_id>")
    def person(contact_id: int) -> str:
        with door.lock:
            return _drawn("person.html", door.site, **_person(door.site, contact_id))

    @pages.post("/people/<int:contact_id>/<deed>")
    def change(contact_id: int, deed: str) -> Response:
        with door.lock:
            if door.site.table("Contact").get(contact_id) is None or deed not in _DEEDS:
                abort(404)
            try:
                _DEEDS[deed](_staff(door.site), contact_id)
            except ApiError as error:
                abort(400, error.message)
        return redirect(f"/people/{contact_id}", 303)  # type: ignore[return-value]

    return pages


def _drawn(template: str, site: Site, **shown: Any) -> str:
    """A page under what the notices say now."""
    return render_template(template, notices=screens.notices(_staff(site)), **shown)


def _staff(site: Site) -> Call:
    """The visitor, in the place of the administrator at the screen."""
    return Call(site, Caller(2, frozenset((EVERYTHING,))), method="Admin")


def _edit(call: Call, contact_id: int) -> None:
    sent = {name: request.form[name].strip() or None for name in _EDITABLE if name in request.form}
    _update(call, contact_id, sent)


def _update(call: Call, contact_id: int, values: Row) -> None:
    api.run(call, "Contact", "update", {"where": [["id", "=", contact_id]], "values": values})


def _remove(call: Call, contact_id: int) -> None:
    groups.set_status(call, int(request.form["group_id"]), contact_id, "Removed")


_DEEDS: dict[str, Callable[[Call, int], None]] = {
    "edit": _edit,
    "remove": _remove,
    "opt-out": lambda call, who: _update(call, who, {"is_opt_out": True}),
    "trash": lambda call, who: _update(call, who, {"is_deleted": True}),
}


def _tree(site: Site) -> list[dict[str, Any]]:
    """Groups that stand under no other, each with its children below it."""
    top = [g for g in site.table("Group") if not groups_of.parents(site, g["id"])]
    return [_branch(site, g) for g in sorted(top, key=lambda g: str(g["title"]))]


def _branch(site: Site, group: Row) -> dict[str, Any]:
    below = [site.table("Group").rows[i] for i in groups_of.children(site, group["id"])]
    return {
        "group": group,
        "count": len(groups_of.members(site, {group["id"]})),
        "children": [_branch(site, g) for g in sorted(below, key=lambda g: str(g["title"]))],
    }


def _people(site: Site, only: set[int] | None) -> list[Row]:
    where = [["id", "IN", sorted(only)]] if only is not None else []
    params = {"select": _PERSON, "where": where, "orderBy": {"sort_name": "ASC"}, "limit": 500}
    return query.get(_staff(site), "Contact", params).values


def _person(site: Site, contact_id: int) -> dict[str, Any]:
    found = query.get(_staff(site), "Contact", {"select": _PERSON, "where": [["id", "=", contact_id]]}).values
    groups_table = site.table("Group").rows
    memberships = [
        {"group": groups_table[row["group_id"]], "status": row["status"]}
        for row in site.table("GroupContact").find("contact_id", contact_id)
    ]
    history = site.table("SubscriptionHistory").find("contact_id", contact_id)
    named = [{**row, "group": groups_table.get(row["group_id"], {}).get("title", "a deleted group")} for row in history]
    return {
        "person": found[0] if found else abort(404),
        "memberships": memberships,
        "history": named,
        "relationships": _relationships(site, contact_id),
    }


def _relationships(site: Site, contact_id: int) -> list[dict[str, Any]]:
    """Each from this person's side: "Member of" or, seen from the other end, "Has member"."""
    found = []
    for side, other, label in (("a", "b", "label_a_b"), ("b", "a", "label_b_a")):
        for row in site.table("Relationship").find(f"contact_id_{side}", contact_id):
            kind = site.table("RelationshipType").rows[row["relationship_type_id"]]
            who = site.table("Contact").get(row[f"contact_id_{other}"])
            found.append({"label": kind[label], "who": who, "is_active": row["is_active"], "end_date": row["end_date"]})
    return found
