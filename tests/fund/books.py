"""What CiviCRM holds of the fund, read with an administrator's key and compared with what a story says."""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import requests

TEST_TOO = ["is_test", "IN", [True, False]]
OURS = ["invoice_id", "LIKE", "%\\_%"]


@dataclass
class Books:
    """One CiviCRM. Everything here is read and cleaned with the key for set-up."""

    url: str
    key: str

    def call(self, entity: str, action: str, **params: Any) -> list[dict[str, Any]]:
        answer = requests.post(
            f"{self.url}/civicrm/ajax/api4/{entity}/{action}",
            data={"params": json.dumps(params)},
            headers={"X-Civi-Auth": f"Bearer {self.key}", "X-Requested-With": "XMLHttpRequest"},
            timeout=60,
        )
        assert answer.status_code == 200, answer.text
        return list(answer.json()["values"])

    def clean(self) -> None:
        """Take away what the fund made, as if nobody had given yet."""
        self.call("Contribution", "delete", where=[TEST_TOO, ["id", ">", 0]])
        self.call("ContributionRecur", "delete", where=[TEST_TOO, ["id", ">", 0]])
        self.call("Contact", "delete", where=[["source", "=", "Stripe"]], useTrash=False)
        self.call("Activity", "delete", where=[["activity_type_id:name", "=", "Solidarity_Problem"]])

    def contributions(self) -> dict[str, dict[str, Any]]:
        """By invoice_id."""
        fields = ["id", "total_amount", "fee_amount", "net_amount", "currency", "trxn_id", "invoice_id", "receive_date"]
        fields += ["contribution_status_id:name", "contribution_recur_id.processor_id", "is_test", "contact_id"]
        fields += ["contact_id.first_name", "contact_id.last_name", "contact_id.email_primary.email"]
        fields += ["contact_id.address_primary.city", "contact_id.address_primary.country_id:name"]
        fields += [
            f"Solidarity_Stripe.{name}" for name in ("Gross", "Refunded", "Refunds", "Message", "Dispute_Status")
        ]
        fields += [f"Solidarity_Stripe.{name}" for name in ("Settled_Amount", "Settled_Fee", "Settled_Currency")]
        fields += [f"Solidarity_Stripe.{name}" for name in ("Payouts", "Payout_Verdict", "Last_Written")]
        rows = self.call("Contribution", "get", select=fields, where=[OURS, TEST_TOO], orderBy={"id": "ASC"})
        return {row["invoice_id"]: row for row in rows}

    def recurs(self) -> dict[str, dict[str, Any]]:
        """By subscription."""
        fields = ["amount", "currency", "frequency_unit", "frequency_interval", "contribution_status_id:name"]
        rows = self.call(
            "ContributionRecur", "get", select=[*fields, "processor_id", "end_date", "cancel_date"], where=[TEST_TOO]
        )
        return {row["processor_id"]: row for row in rows}

    def bank(self) -> Decimal:
        """What stands on the account of the payment processor, over all payments."""
        moved = self.call(
            "FinancialTrxn",
            "get",
            select=["total_amount", "to_financial_account_id.name", "from_financial_account_id.name"],
        )
        account = "Payment Processor Account"
        return sum(
            (
                Decimal(str(row["total_amount"]))
                * (
                    (row["to_financial_account_id.name"] == account)
                    - (row["from_financial_account_id.name"] == account)
                )
                for row in moved
            ),
            Decimal(0),
        )

    def problems(self) -> list[str]:
        """The keys of the open problems."""
        where = [["activity_type_id:name", "=", "Solidarity_Problem"], ["Solidarity_Problem.State", "=", "open"]]
        rows = self.call("Activity", "get", select=["Solidarity_Problem.Key"], where=where, orderBy={"id": "ASC"})
        return [row["Solidarity_Problem.Key"] for row in rows]

    def state(self) -> list[str]:
        """Everything of the fund, without ids and times, so that two ways to the same end compare equal."""
        found = [
            {name: value for name, value in row.items() if name not in ("id", "contact_id")}
            for row in (*self.contributions().values(), *self.recurs().values())
        ]
        credits = self.call("ContributionSoft", "get", select=["contribution_id.invoice_id", "amount"])
        people = self.call("Contact", "get", select=["display_name"], where=[["source", "=", "Stripe"]])
        paid = ["scheduled_date", "scheduled_amount", "actual_amount", "status_id:name", "contribution_id.invoice_id"]
        pledges = self.call("PledgePayment", "get", select=[*paid, "pledge_id.status_id:name"])
        rows = [*found, *credits, *people, *pledges, {"bank": str(self.bank())}, {"problems": sorted(self.problems())}]
        return sorted(json.dumps({k: row[k] for k in sorted(row) if k != "id"}) for row in rows)


def amount(value: Any) -> str:
    return str(Decimal(str(value)).quantize(Decimal("0.01")))


def of_row(row: dict[str, Any]) -> str:
    """Status, total, fee and net of a contribution in one line."""
    return " ".join(
        [row["contribution_status_id:name"], *(amount(row[f"{n}_amount"]) for n in ("total", "fee", "net"))]
    )
