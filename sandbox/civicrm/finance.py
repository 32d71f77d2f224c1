"""Campaigns and financial types, and the accounts that CiviCRM links to a new type by itself.

These are the rules for Campaign, FinancialType and EntityFinancialAccount.
"""

import re

from sandbox.civicrm import dates
from sandbox.civicrm.site import Call, Site
from sandbox.civicrm.store import Row
from sandbox.civicrm.values import Record
from sandbox.civicrm.writing import Rules

_INCOME = 1
_REVENUE = 3
# Account relationship -> the standing account that every type gets.
_STANDING = {3: "Accounts Receivable", 5: "Banking Fees", 7: "Premiums"}


def _campaign_before(call: Call, entity: str, record: Record, old: Row | None) -> None:
    values, who, now = record.core, call.caller.contact_id, dates.now()
    values["last_modified_id"] = who
    if old is None:
        values["name"] = values.get("name") or re.sub(r"[^a-zA-Z0-9]+", "_", values["title"])
        values.update(created_id=who, created_date=now, last_modified_date=now)


def _type_before(call: Call, entity: str, record: Record, old: Row | None) -> None:
    """Name and label stand in for each other; nothing keeps a name from being taken twice."""
    values = record.core
    if old is None:
        values["label"] = values.get("label") or values["name"]
        values["name"] = values.get("name") or values["label"]


def _type_after(call: Call, record: Record, row: Row, old: Row | None) -> None:
    if old is None:
        link_accounts(call.site, row)


def link_accounts(site: Site, row: Row) -> None:
    """The three standing accounts, and an income account of the type's own name (an old one is taken up again)."""
    accounts = site.table("FinancialAccount")
    for relationship, name in _STANDING.items():
        if standing := accounts.first(name=name):
            _link(site, row["id"], relationship, standing["id"])
    own = accounts.first(name=row["name"]) or accounts.insert(_income_account(row["name"]))
    _link(site, row["id"], _INCOME, own["id"])


def _income_account(name: str) -> Row:
    return {
        "name": name,
        "label": name,
        "contact_id": 1,
        "financial_account_type_id": _REVENUE,
        "account_type_code": "INC",
        "is_header_account": False,
        "is_deductible": False,
        "is_tax": False,
        "is_reserved": False,
        "is_active": True,
        "is_default": False,
    }


def _link(site: Site, type_id: int, relationship: int, account_id: int) -> None:
    site.table("EntityFinancialAccount").insert(
        {
            "entity_table": "civicrm_financial_type",
            "entity_id": type_id,
            "account_relationship": relationship,
            "financial_account_id": account_id,
        }
    )


def _type_removed(call: Call, row: Row, params: dict[str, object]) -> None:
    """The links go with the type, its account stays."""
    table = call.site.table("EntityFinancialAccount")
    for link in [r for r in table if (r["entity_table"], r["entity_id"]) == ("civicrm_financial_type", row["id"])]:
        table.delete(link)


CAMPAIGN_RULES = Rules(before=_campaign_before)
FINANCIAL_TYPE_RULES = Rules(before=_type_before, after=_type_after, remove=_type_removed)
