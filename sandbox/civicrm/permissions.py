"""Which permission each action wants, as found by trying a role with one permission after the other.

api.py asks before an action runs; getActions lists only what the caller may do.
"""

from typing import Any

from sandbox.civicrm.schema import CONTACT_ENTITIES
from sandbox.civicrm.site import Caller

ADMINISTER = "administer CiviCRM"
PERMISSIONS = (
    "add contacts",
    "view all contacts",
    "edit all contacts",
    "view my contact",
    "edit my contact",
    "delete contacts",
    "access deleted contacts",
    "edit groups",
    "administer CiviCRM",
    "access uploaded files",
    "access all custom data",
    "view all activities",
    "access CiviCRM",
    "merge duplicate contacts",
    "view debug output",
    "access AJAX API",
    "edit api keys",
    "administer CiviCRM system",
    "administer CiviCRM data",
    "all CiviCRM permissions and ACLs",
    "access CiviEvent",
    "edit all events",
    "view event participants",
    "access CiviContribute",
    "edit contributions",
    "access CiviMail",
    "access CiviPledge",
    "edit pledges",
    "delete in CiviPledge",
    "administer search_kit",
    "administer CiviCampaign",
    "manage campaign",
    "authenticate with password",
    "authenticate with api key",
    "cms:administer users",
    "administer afform",
    "manage own afform",
    "delete activities",
)
# What DESIGN's runtime key holds: the smallest role that can sync, plus readable errors.
RUNTIME_ROLE = (
    "authenticate with api key",
    "access CiviCRM",
    "add contacts",
    "edit all contacts",
    "delete contacts",
    "access deleted contacts",
    "access CiviContribute",
    "edit contributions",
    "access CiviPledge",
    "edit pledges",
    "access CiviMail",
    "access CiviEvent",
    "edit all events",
    "view event participants",
    "manage campaign",
    "access all custom data",
    "view all activities",
    "access uploaded files",
    "manage own afform",
    "view debug output",
)
# A limited staff user: the pages of the menu, and reading what was written back and attached.
STAFF_ROLE = (
    "authenticate with password",
    "access CiviCRM",
    "view all contacts",
    "edit all contacts",
    "view all activities",
    "access all custom data",
    "access uploaded files",
)
# Anybody may call these; what they see is then limited row by row.
_OPEN = ("checkAccess", "getFields", "getActions")
_READS = ("get", "checkAccess", "getFields", "getActions", "getMergedTo", "getMergedFrom", "check")
_CONTACT = {
    "get": "",
    "create": "add contacts",
    "save": "add contacts",
    # Refused record by record, as the creating of groups below.
    "update": "access CiviCRM",
    "delete": "delete contacts",
    "getMergedTo": "access CiviCRM",
    "getMergedFrom": "access CiviCRM",
    "mergeDuplicates": "merge duplicate contacts",
    "getDuplicates": ADMINISTER,
    "getChecksum": ADMINISTER,
    "validateChecksum": "access CiviCRM",
}
_OF_CONTACT = {"get": "", "*": "edit all contacts"}
_ADMIN_DATA = {"get": "access CiviCRM", "*": "administer CiviCRM data"}
_ADMIN = {"get": "access CiviCRM", "*": ADMINISTER}
_CLOSED = {"*": ADMINISTER}
_USERS = {"*": "cms:administer users"}
# Several permissions in one text are all wanted.
_CONTRIBUTE = "access CiviCRM, access CiviContribute"
_PLEDGE = "access CiviCRM, access CiviPledge"
_MAIL = {"*": "access CiviCRM, access CiviMail"}
_FILES = {"*": "access CiviCRM, access uploaded files"}
_FINANCE = {"get": _CONTRIBUTE, "*": ADMINISTER}
_GIVING = {"get": _CONTRIBUTE, "*": f"{_CONTRIBUTE}, edit contributions"}
_WANTED: dict[str, dict[str, str]] = {
    **dict.fromkeys(CONTACT_ENTITIES, _CONTACT),
    **dict.fromkeys(("Email", "Phone", "Address"), _OF_CONTACT),
    # Creating is refused record by record ("ACL check failed"), so the action itself is open.
    "Group": {
        "get": "access CiviCRM",
        "refresh": "access CiviCRM",
        "create": "access CiviCRM",
        "save": "access CiviCRM",
        "*": "edit groups",
    },
    "GroupContact": {"get": "access CiviCRM", "*": "edit all contacts"},
    "GroupNesting": {"get": "access CiviCRM"},
    "SubscriptionHistory": _ADMIN,
    "Relationship": {"get": "access CiviCRM", "*": "edit all contacts"},
    "RelationshipType": _ADMIN,
    "Pledge": {"get": _PLEDGE, "delete": f"{_PLEDGE}, delete in CiviPledge", "*": f"{_PLEDGE}, edit pledges"},
    "PledgePayment": {
        "get": _PLEDGE,
        "delete": f"{_PLEDGE}, delete in CiviPledge, {_CONTRIBUTE}, delete in CiviContribute",
        "*": f"{_PLEDGE}, edit pledges, {_CONTRIBUTE}, edit contributions",
    },
    "Contribution": {
        "get": _CONTRIBUTE,
        "delete": f"{_CONTRIBUTE}, delete in CiviContribute",
        "*": f"{_CONTRIBUTE}, edit contributions",
    },
    **dict.fromkeys(("ContributionRecur", "ContributionSoft"), _GIVING),
    **dict.fromkeys(("FinancialTrxn", "EntityFinancialTrxn"), _FINANCE),
    "Campaign": {"get": "access CiviCRM", "*": "manage campaign"},
    **dict.fromkeys(("FinancialType", "FinancialAccount", "EntityFinancialAccount"), _FINANCE),
    "SavedSearch": _ADMIN_DATA,
    "ContactType": _CLOSED,
    "CustomGroup": _ADMIN_DATA,
    "CustomField": _ADMIN_DATA,
    "OptionGroup": _ADMIN,
    "OptionValue": _ADMIN,
    "Country": _ADMIN,
    **dict.fromkeys(("Domain", "Setting", "System"), _CLOSED),
    "Activity": {
        "get": "access CiviCRM",
        "delete": "access CiviCRM, delete activities",
        "*": "access CiviCRM, view all activities",
    },
    "File": _FILES,
    "EntityFile": _FILES,
    # Each display and each form asks for what it needs itself.
    "SearchDisplay": {"run": "", **_ADMIN_DATA},
    "Afform": {"get": "", "submit": "", "submitFile": "", "revert": "administer afform", "*": "manage own afform"},
    "AfformSubmission": {"*": "manage own afform"},
    "Navigation": _ADMIN,
    "MessageTemplate": _ADMIN_DATA,
    **dict.fromkeys(("Mailing", "MailingGroup", "MailingJob"), _MAIL),
    **dict.fromkeys(("SiteEmailAddress", "Job"), _CLOSED),
    "User": {"get": "", "login": "", "*": "cms:administer users"},
    "Role": _USERS,
    "UserRole": _USERS,
}


def permitted(caller: Caller, entity: str, action: str) -> bool:
    """Whether the caller's roles allow this action at all."""
    if action in _OPEN:
        return True
    table = _WANTED.get(entity, _CLOSED)
    wanted = table.get(action, table.get("*", ADMINISTER))
    return not wanted or all(map(caller.may, wanted.split(", ")))


def may_open(caller: Caller, page: dict[str, Any]) -> bool:
    """Whether a page's, or a menu item's, own permissions let the caller in."""
    return all(map(caller.may, page.get("permission") or []))


def is_read(action: str) -> bool:
    """Reads may be sent by GET; everything else must be a POST."""
    return action in _READS
