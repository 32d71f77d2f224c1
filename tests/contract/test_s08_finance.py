"""FACTS §8: campaigns, financial types, payment methods and the accounts behind them."""

from typing import Any

from .pledging import pledge, read
from .wire import Site

TYPE = "civicrm_financial_type"
METHOD = "civicrm_option_value"


def accounts(site: Site, table: str, entity_id: int, who: str = "setup") -> dict[str, str]:
    where = [["entity_table", "=", table], ["entity_id", "=", entity_id]]
    names = ("account_relationship:name", "financial_account_id.name")
    rows = site.get("EntityFinancialAccount", where, *names, who=who)
    return {row[names[0]]: row[names[1]] for row in rows}


def test_s8_a_campaign_is_saved_once_by_name(site: Site, runtime: str) -> None:
    name = site.unique("fund")
    record = {
        "name": name,
        "title": name,
        "status_id:name": "In Progress",
        "campaign_type_id:name": "Direct Mail",
        "external_identifier": name,
    }
    first, second = (site.save("Campaign", record, match=["name"], who=runtime)[0]["id"] for _ in range(2))
    assert first == second
    names = ("title", "status_id:name", "campaign_type_id:name", "external_identifier", "is_active", "parent_id")
    assert site.get("Campaign", [["name", "=", name]], *names, who=runtime) == [
        {"id": first, **{k: v for k, v in record.items() if k != "name"}, "is_active": True, "parent_id": None}
    ]


def test_s8_name_and_key_of_a_campaign_are_each_unique(site: Site) -> None:
    name = site.unique("fund")
    site.save("Campaign", {"name": name, "title": name, "external_identifier": name})
    for values in ({"name": name}, {"name": site.unique("fund"), "external_identifier": name}):
        answer = site.call("Campaign", "create", {"values": {"title": "x", **values}})
        assert answer.error == "DB Error: already exists"


def test_s8_a_campaign_needs_a_title_and_makes_its_name(site: Site) -> None:
    for values in ({}, {"name": site.unique("fund")}):
        answer = site.call("Campaign", "create", {"values": values})
        assert answer.error == "Mandatory values missing from Api4 Campaign::create: title"
    title = f"{site.run} Fund: é & more"
    made = site.save("Campaign", {"title": title, "status_id:name": "Nonesuch"})[0]["id"]
    assert site.get("Campaign", [["id", "=", made]], "name", "status_id") == [
        {"id": made, "name": f"{site.run}_Fund_more", "status_id": None}
    ]


def test_s8_a_pledge_names_its_campaign_and_type_even_closed_ones(site: Site) -> None:
    name = site.unique("fund")
    site.save("Campaign", {"name": name, "title": name, "is_active": False})
    site.save("FinancialType", {"name": name, "is_active": False}, match=["name"])
    made = pledge(site, **{"campaign_id:name": name, "financial_type_id:name": name})
    shown = read(site, made, "campaign_id:name", "campaign_id.title", "financial_type_id.name")
    assert shown == {"id": made, "campaign_id:name": name, "campaign_id.title": name, "financial_type_id.name": name}


def test_s8_a_financial_type_is_saved_once_by_name_but_its_name_is_not_unique(site: Site) -> None:
    name = site.unique("type")
    first, second = (site.save("FinancialType", {"name": name}, match=["name"])[0] for _ in range(2))
    assert (first["id"], first["label"]) == (second["id"], name)
    held = ("label", "is_deductible", "is_reserved", "is_active")
    assert site.get("FinancialType", [["id", "=", first["id"]]], *held) == [
        {"id": first["id"], "label": name, "is_deductible": False, "is_reserved": False, "is_active": True}
    ]
    assert site.save("FinancialType", {"name": name})[0]["id"] != first["id"]


def test_s8_a_financial_type_needs_a_name_or_a_label(site: Site) -> None:
    answer = site.call("FinancialType", "create", {"values": {}})
    assert answer.error == "Mandatory values missing from Api4 FinancialType::create: name, label"


def test_s8_a_financial_type_gets_its_accounts_by_itself(site: Site, runtime: str) -> None:
    name = site.unique("type")
    made = site.save("FinancialType", {"name": name})[0]["id"]
    assert accounts(site, TYPE, made, who=runtime) == {
        "Income Account is": name,
        "Accounts Receivable Account is": "Accounts Receivable",
        "Expense Account is": "Banking Fees",
        "Cost of Sales Account is": "Premiums",
    }


def test_s8_a_new_payment_method_has_no_account_until_one_is_linked(site: Site) -> None:
    name = site.unique("method")
    record = {"option_group_id.name": "payment_instrument", "name": name, "label": name, "is_active": True}
    made, again = (site.save("OptionValue", record, match=["option_group_id", "name"])[0]["id"] for _ in range(2))
    assert made == again
    assert accounts(site, METHOD, made) == {}
    link: dict[str, Any] = {
        "entity_table": METHOD,
        "entity_id": made,
        "account_relationship:name": "Asset Account is",
        "financial_account_id.name": "Payment Processor Account",
    }
    match = ["entity_table", "entity_id", "account_relationship"]
    assert len({site.save("EntityFinancialAccount", link, match=match)[0]["id"] for _ in range(2)}) == 1
    assert accounts(site, METHOD, made) == {"Asset Account is": "Payment Processor Account"}


def test_s8_the_campaigns_are_not_listed_with_a_pledges_fields(site: Site, runtime: str) -> None:
    name = site.unique("fund")
    site.save("Campaign", {"name": name, "title": name})
    site.save("FinancialType", {"name": name}, match=["name"])
    params = {"action": "create", "loadOptions": ["name", "label"], "select": ["name", "options"]}
    found = {row["name"]: row["options"] for row in site.call("Pledge", "getFields", params, who=runtime).values}
    assert found["campaign_id"] is False
    assert name in {option["name"] for option in found["financial_type_id"]}


def test_s8_the_statuses_of_pledges_and_the_payment_methods(site: Site) -> None:
    def options(group: str) -> dict[str, str]:
        rows = site.get("OptionValue", [["option_group_id:name", "=", group]], "value", "name")
        return {row["name"]: row["value"] for row in rows}

    assert options("pledge_status") == {
        "Completed": "1",
        "Pending": "2",
        "Cancelled": "3",
        "In Progress": "5",
        "Overdue": "6",
    }
    standard = {"Credit Card": "1", "Debit Card": "2", "Cash": "3", "Check": "4", "EFT": "5"}
    assert standard.items() <= options("payment_instrument").items()


def test_s8_the_runtime_role_sets_up_campaigns_and_nothing_else(site: Site, runtime: str) -> None:
    for entity in ("FinancialType", "EntityFinancialAccount", "OptionValue"):
        answer = site.call(entity, "save", {"records": [{"name": site.unique()}]}, who=runtime)
        assert (answer.status, answer.error) == (403, f"Authorization failed: CiviCRM APIv4 ({entity}::save)")
