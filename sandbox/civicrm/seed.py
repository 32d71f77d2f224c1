"""A fresh site: what a new CiviCRM brings along, an administrator, and the connector's runtime user.

Called at the start and by /sandbox/reset.
"""

import hashlib
import json
from typing import Any

from sandbox.civicrm import customdata, dates, finance
from sandbox.civicrm.permissions import RUNTIME_ROLE, STAFF_ROLE
from sandbox.civicrm.schema import FIELDS, core_fields
from sandbox.civicrm.site import EVERYTHING, Site
from sandbox.civicrm.store import Row

SETUP_KEY = "sandbox_setup_key_0000000000000001"
RUNTIME_KEY = "sandbox_runtime_key_0000000000000002"
STAFF_PASSWORD = "sandbox_staff_password"


def plant(site: Site) -> None:
    """Fill an empty site."""
    for name in ("Individual", "Household", "Organization"):
        _add(site, "ContactType", name=name, label=name, is_reserved=True)
    _option_groups(site)
    for row in _data("relationship_types"):
        _add(site, "RelationshipType", **row)
    for country_id, iso, name in core_fields("Address")["country_id"].options:
        site.table("Country").next_id = country_id
        _add(site, "Country", name=name, iso_code=iso)
    _add(site, "Domain", name="Default Domain Name", version=site.dialect.version, contact_id=1)
    sender = {"display_name": "FIXME", "email": "info@EXAMPLE.ORG"}  # what nobody has set yet
    _add(site, "SiteEmailAddress", **sender, is_active=True, is_default=True, domain_id=1)
    job = {"name": "Send Scheduled Mailings", "api_entity": "Job", "api_action": "process_mailing"}
    # off in a fresh CiviCRM; here its administrator has switched it on, and cron comes
    _add(site, "Job", **job, run_frequency="Always", is_active=True, last_run=dates.now())
    _people(site)
    _finance(site)
    _add(
        site,
        "Group",
        name="Administrators",
        title="Administrators",
        frontend_title="Administrators",
        group_type=["1"],
        description="Contacts in this group are assigned Administrator role permissions.",
    )
    site.settings.update(_data("settings"))


def _finance(site: Site) -> None:
    found = _data("finance")
    for row in found["accounts"]:
        _add(site, "FinancialAccount", contact_id=1, **row)
    for row in found["types"]:
        finance.link_accounts(site, _add(site, "FinancialType", **row))


def _people(site: Site) -> None:
    _contact(
        site,
        "Organization",
        organization_name="Default Organization",
        sort_name="Default Organization",
        display_name="Default Organization",
    )
    admin = _contact(
        site,
        "Individual",
        first_name="Sandbox",
        last_name="Admin",
        display_name="Sandbox Admin",
        sort_name="Admin, Sandbox",
        api_key=SETUP_KEY,
    )
    runtime = _contact(
        site,
        "Individual",
        first_name="Sandbox",
        last_name="Connector",
        display_name="Sandbox Connector",
        sort_name="Connector, Sandbox",
        api_key=RUNTIME_KEY,
    )
    staff = _contact(
        site,
        "Individual",
        first_name="Sandbox",
        last_name="Staff",
        display_name="Sandbox Staff",
        sort_name="Staff, Sandbox",
    )
    _role(site, "everyone", "Everyone, including anonymous users", ())
    admin_role = _role(site, "admin", "Administrator", (EVERYTHING, "authenticate with api key", "view debug output"))
    staff_role = _role(site, "staff", "Staff", STAFF_ROLE)
    runtime_role = _role(site, "connector", "Solidarity Connector", RUNTIME_ROLE)
    _user(site, "admin", admin["id"], admin_role["id"])
    _user(site, "connector", runtime["id"], runtime_role["id"])
    staff_user = _user(site, "staff", staff["id"], staff_role["id"])
    staff_user["hashed_password"] = hashlib.sha256(STAFF_PASSWORD.encode()).hexdigest()


def _contact(site: Site, kind: str, **values: Any) -> Row:
    return _add(
        site,
        "Contact",
        contact_type=kind,
        created_date=dates.now(),
        modified_date=dates.now(),
        preferred_language="en_US",
        **values,
    )


def _role(site: Site, name: str, label: str, permissions: tuple[str, ...]) -> Row:
    return _add(site, "Role", name=name, label=label, permissions=list(permissions))


def _user(site: Site, name: str, contact_id: int, role_id: int) -> Row:
    user = _add(
        site,
        "User",
        username=name,
        uf_name=f"{name}@example.org",
        contact_id=contact_id,
        domain_id=1,
        roles=[str(role_id)],
        when_created=dates.now(),
    )
    user["uf_id"] = user["id"]
    _add(site, "UserRole", user_id=user["id"], role_id=role_id)
    return user


def _option_groups(site: Site) -> None:
    for group in _data("option_groups"):
        made = _add(site, "OptionGroup", name=group["name"], title=group["title"], is_active=True)
        for value, name, label, *more in group.get("values", ()):
            customdata.add_option(site.table("OptionValue"), made["id"], value, name, label, **dict(*more))


def _add(site: Site, entity: str, **values: Any) -> Row:
    defaults = {f.name: f.default for f in site.fields(entity).values() if f.type == "Field" and f.name != "id"}
    return site.table(entity).insert({**defaults, **values})


def _data(name: str) -> Any:
    return json.loads((FIELDS.parent / "seed" / f"{name}.json").read_text(encoding="utf-8"))
