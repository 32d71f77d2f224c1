"""Contributions of one payment instrument, and what CiviCRM booked for them."""

from typing import Any

from .wire import Site

STATUS = "contribution_status_id:name"
TEST_TOO = ["is_test", "IN", [True, False]]
SHOWN = (STATUS, "total_amount", "fee_amount", "net_amount", "paid_amount")


class Fund:
    """One instrument whose payments go to an account of its own, as set-up gives Stripe's."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.instrument = site.unique("instrument")
        record = {"option_group_id.name": "payment_instrument", "name": self.instrument, "label": self.instrument}
        option = site.save("OptionValue", record)[0]["id"]
        link = {"entity_table": "civicrm_option_value", "entity_id": option}
        link |= {"account_relationship:name": "Asset Account is"}
        site.save("EntityFinancialAccount", {**link, "financial_account_id.name": "Payment Processor Account"})
        self.giver = site.person()

    def give(self, **values: Any) -> str:
        """A new contribution; its invoice_id."""
        invoice = self.site.unique("pi")
        self.create(invoice, **values).values  # noqa: B018  # asserts that it went through
        return invoice

    def create(self, invoice: str, who: str = "setup", **values: Any) -> Any:
        common = {"contact_id": self.giver, "financial_type_id:name": "Donation", "currency": "EUR"}
        common |= {"payment_instrument_id:name": self.instrument, "invoice_id": invoice, "trxn_id": f"ch-{invoice}"}
        return self.site.call("Contribution", "create", {"values": {**common, **values}}, who)

    def change(self, invoice: str, who: str = "setup", **values: Any) -> Any:
        return self.site.call("Contribution", "update", {"where": self.named(invoice), "values": values}, who)

    def named(self, invoice: str) -> list[Any]:
        return [["invoice_id", "=", invoice], TEST_TOO]

    def row(self, invoice: str) -> str:
        (row,) = self.site.get("Contribution", self.named(invoice), *SHOWN)
        return " ".join([row[STATUS], *(f"{float(row[name] or 0):g}" for name in SHOWN[1:])])

    def bank(self, invoice: str) -> float:
        """What stands on the account because of this contribution."""
        (row,) = self.site.get("Contribution", self.named(invoice), "id")
        linked = [["entity_table", "=", "civicrm_contribution"], ["entity_id", "=", row["id"]]]
        ids = [one["financial_trxn_id"] for one in self.site.get("EntityFinancialTrxn", linked, "financial_trxn_id")]
        names = ("total_amount", "to_financial_account_id.name", "from_financial_account_id.name")
        moved = self.site.get("FinancialTrxn", [["id", "IN", ids]], *names) if ids else []
        account = "Payment Processor Account"
        return round(sum(one[names[0]] * ((one[names[1]] == account) - (one[names[2]] == account)) for one in moved), 2)
