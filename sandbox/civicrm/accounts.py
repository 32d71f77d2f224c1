"""Users and roles, and whom a key belongs to; a role changed over the API counts from the next request on.

auth.py asks here who is calling; the rules are those for Role, User and UserRole.
"""

import base64
import hashlib
import secrets
from typing import Any

from sandbox.civicrm import dates
from sandbox.civicrm.errors import LoginRefused, NotPermitted
from sandbox.civicrm.site import Call, Caller, Site
from sandbox.civicrm.store import Row
from sandbox.civicrm.values import Record
from sandbox.civicrm.writing import Rules

GUARD = "Login not permitted. Must satisfy guard (site_key, perm)."
ADMIN_PASSWORD = "sandbox_password"
COOKIE = "SESSCIVISO"


def anonymous(site: Site) -> Caller:
    """Nobody: what a caller without a key may do."""
    everyone = site.table("Role").first(name="everyone")
    return Caller(None, frozenset((everyone or {}).get("permissions") or ()))


def by_key(site: Site, key: str) -> Caller:
    """A User whose `is_active` is false still gets in, as in the real one: only role and key count."""
    people = site.table("Contact").find("api_key", key) if key else []
    people = [p for p in people if p["api_key"] == key]
    if not people:
        raise LoginRefused("Invalid credential")
    users = site.table("User").find("contact_id", people[0]["id"])
    if not users:
        raise LoginRefused(GUARD)
    caller = Caller(people[0]["id"], _permissions(site, users[0]), dates.zone(users[0].get("timezone")))
    if not caller.may("authenticate with api key"):
        raise LoginRefused(GUARD)
    return caller


def by_session(site: Site, cookie: str) -> Caller:
    """Who logged in with a password, as long as the cookie lives."""
    user = site.table("User").get(site.sessions.get(cookie))
    if user is None:
        return anonymous(site)
    return Caller(user["contact_id"], _permissions(site, user), dates.zone(user.get("timezone")))


def log_in(site: Site, name: str, password: str) -> str | None:
    """The cookie of a new session; None for a wrong name or password."""
    user = site.table("User").first(username=name)
    if user is None or user["hashed_password"] != _hashed(password):
        return None
    cookie = secrets.token_hex(32)
    site.sessions[cookie] = user["id"]
    return cookie


def _hashed(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()


def is_password(site: Site, basic: str) -> bool:
    """Whether `Basic …` holds a true name and password; passwords are known but not allowed to log in here."""
    try:
        name, _, password = base64.b64decode(basic).decode().partition(":")
    except ValueError:
        return False
    return password == ADMIN_PASSWORD and site.table("User").first(username=name) is not None


def _permissions(site: Site, user: Row) -> frozenset[str]:
    roles = (site.table("Role").get(int(role)) for role in user.get("roles") or [])
    return anonymous(site).permissions.union(*(r.get("permissions") or () for r in roles if r and r["is_active"]))


def _user_before(call: Call, entity: str, record: Record, old: Row | None) -> None:
    values = record.core
    values["when_updated"] = dates.now()
    if "roles" in record.extra:
        values["roles"] = [str(r) for r in record.extra["roles"] or []] or None
    if old is None:
        if call.actor_password != ADMIN_PASSWORD:
            raise NotPermitted("Unauthorized")
        secret = str(record.extra.get("password", ""))
        values.update(hashed_password=_hashed(secret), when_created=values["when_updated"])


def _user_after(call: Call, record: Record, row: Row, old: Row | None) -> None:
    if old is None:
        row["uf_id"] = row["id"]
    table = call.site.table("UserRole")
    for link in table.find("user_id", row["id"]):
        table.delete(link)
    for role in row.get("roles") or []:
        table.insert({"user_id": row["id"], "role_id": int(role)})


def _link_after(call: Call, record: Record, row: Row, old: Row | None) -> None:
    _show_roles(call, row["user_id"], {row["role_id"]}, set())


def _link_removed(call: Call, row: Row, params: dict[str, Any]) -> None:
    _show_roles(call, row["user_id"], set(), {row["role_id"]})


def _show_roles(call: Call, user_id: int, added: set[int], taken: set[int]) -> None:
    if user := call.site.table("User").get(user_id):
        roles = ({int(r) for r in user.get("roles") or []} | added) - taken
        user["roles"] = [str(r) for r in sorted(roles)] or None


USER_RULES = Rules(before=_user_before, after=_user_after)
USER_ROLE_RULES = Rules(after=_link_after, remove=_link_removed)
