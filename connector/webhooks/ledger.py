"""The contributions of payments in CiviCRM: how they are read, and the calls that write them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connector.civicrm.answers import Row
from connector.civicrm.client import Call
from connector.errors import UserError
from connector.money import cents, from_minor
from connector.webhooks.fund import Fund
from connector.webhooks.objects import TAKING, Payment, Transaction, moved
from connector.webhooks.table import Books, Step, stamp

STRIPE = "Solidarity_Stripe"
WRITTEN = f"{STRIPE}.Last_Written"
_MONEY = ("Gross", "Refunded", "Settled_Amount", "Settled_Fee")
_TEXT = (
    "Payment_Intent",
    "Charge",
    "Checkout_Session",
    "Invoice",
    "Refunds",
    "Dispute",
    "Dispute_Status",
    "Dispute_Due",
    "Settled_Currency",
    "Transactions",
    "Message",
    "Anonymous",
)
FACTS = tuple(f"{STRIPE}.{name}" for name in (*_MONEY, *_TEXT))
# Who sends the receipt of this gift, decided once, when it is made.
RECEIPT_BY = f"{STRIPE}.Receipt_By"
# What proving payouts writes; settling leaves it.
OF_PAYOUTS = (f"{STRIPE}.Payouts", f"{STRIPE}.Payout_Verdict")
SELECT = [
    "id",
    "contact_id",
    "contribution_status_id:name",
    "total_amount",
    "fee_amount",
    "net_amount",
    "paid_amount",
    "currency",
    "trxn_id",
    "invoice_id",
    "is_test",
    "contribution_recur_id",
    WRITTEN,
    *FACTS,
    *OF_PAYOUTS,
]
# What a dispute took that may still come back as if nothing had been.
HELD = "held"
# How long a text field of CiviCRM may be: it refuses more.
LONGEST_TEXT = 255
# CiviCRM hides test rows unless they are asked for.
TEST_TOO = ["is_test", "IN", [True, False]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One contribution as it stands. written: the books as the connector last wrote them, None when it never did."""

    id: int
    contact: int
    books: Books
    written: Books | None
    paid: Decimal
    currency: str
    trxn_id: str
    invoice_id: str
    recur: int
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Names:
    """The ids of a fund's names in CiviCRM, which are checked: an unknown name would become empty without a word.

    receipts: who sends them.
    """

    values: Mapping[str, int]
    soft_credit_type: int
    receipts: str = ""


def calls(payments: Sequence[str], numbers: Sequence[str]) -> dict[str, Call]:
    """The questions for the contributions of these payments, and for others that carry one of these numbers."""
    ours = {"select": SELECT, "where": [["invoice_id", "IN", list(payments)], TEST_TOO]}
    named = ["OR", [["trxn_id", "IN", list(numbers)], ["invoice_id", "IN", list(numbers)]]]
    others = {"select": SELECT, "where": [named, TEST_TOO]}
    return {"ours": ("Contribution", "get", ours), "others": ("Contribution", "get", others)}


def entry(row: Row) -> Entry:
    """A row of `calls`."""
    return Entry(
        id=int(row["id"]),
        contact=int(row["contact_id"]),
        books=Books(
            str(row["contribution_status_id:name"]),
            cents(str(row["total_amount"])),
            cents(str(row["fee_amount"] or 0)),
            cents(str(row["net_amount"] if row["net_amount"] is not None else row["total_amount"])),
        ),
        written=Books.parse(row.get(WRITTEN) or ""),
        paid=cents(str(row.get("paid_amount") or 0)),
        currency=str(row["currency"]),
        trxn_id=str(row["trxn_id"] or ""),
        invoice_id=str(row["invoice_id"] or ""),
        recur=int(row["contribution_recur_id"] or 0),
        facts={name: _canonical(name, row.get(name)) for name in (*FACTS, *OF_PAYOUTS)},
    )


def facts(payment: Payment) -> dict[str, str]:
    """What stands beside the money: where it came from, what was given back, what arrived, in ids and amounts."""
    charge, currency = payment.charge, payment.currency
    known = charge.transaction if charge else None
    refunds = [one for one in payment.refunds if one.status in TAKING]
    due = min((one.due for one in payment.disputes if one.is_open and one.due), default=None)
    found = {
        "Payment_Intent": payment.id,
        "Charge": charge.id if charge else "",
        "Checkout_Session": payment.session,
        "Invoice": payment.invoice,
        "Gross": str(from_minor(payment.amount, currency)),
        "Refunded": str(from_minor(sum(one.amount for one in refunds), currency)),
        "Refunds": _words(one.id for one in refunds),
        "Dispute": _words(one.id for one in payment.disputes),
        "Dispute_Status": _words(one.status for one in payment.disputes),
        "Dispute_Due": (stamp(due) or "")[:10],
        "Settled_Amount": str(from_minor(known.amount, known.currency)) if known else "",
        "Settled_Fee": str(from_minor(known.fee, known.currency)) if known else "",
        "Settled_Currency": known.currency.upper() if known else "",
        "Transactions": "\n".join(_lines(payment)),
        "Message": (payment.message or payment.metadata.get("note", ""))[:LONGEST_TEXT],
        "Anonymous": "1" if payment.metadata.get("anonymous") else "",
    }
    return {f"{STRIPE}.{name}": value for name, value in found.items()}


def facts_of_second(payment: Payment, dispute: str) -> dict[str, str]:
    """What stands beside the money that an appeal brought back."""
    (one,) = [one for one in payment.disputes if one.id == dispute]
    back = [txn for txn in one.transactions if txn.amount > 0]
    found = {"Payment_Intent": payment.id, "Dispute": one.id, "Dispute_Status": one.status}
    found |= {"Gross": str(from_minor(one.amount, payment.currency)), "Transactions": "\n".join(map(_line, back))}
    return {f"{STRIPE}.{name}": value for name, value in found.items()}


def _words(found: Iterable[str]) -> str:
    """As many of these words as fit, none of them cut."""
    text = " ".join(found)
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT + 1].rpartition(" ")[0]


def _lines(payment: Payment) -> Iterator[str]:
    """A line for each transaction. What an open dispute holds, and what a refund will take, does not count yet, or
    counts already: so it is called HELD, or stands under the refund's id.
    """
    held = {txn.id for one in payment.disputes if one.holds for txn in one.transactions}
    yield from (_line(txn, HELD if txn.id in held else "") for txn in moved(payment))
    currency = payment.currency
    for refund in payment.refunds:
        if refund.status in TAKING and not refund.transactions:
            yield f"{refund.id} waits {-from_minor(refund.amount, currency)} {currency.upper()}"


def _line(txn: Transaction, kind: str = "") -> str:
    return f"{txn.id} {kind or txn.type} {from_minor(txn.net, txn.currency)} {txn.currency.upper()}"


def differing(wanted: Mapping[str, str], there: Mapping[str, str]) -> dict[str, str | None]:
    """The facts that have to be written."""
    return {name: value or None for name, value in wanted.items() if _canonical(name, value) != there.get(name, "")}


def gross(payment: Payment) -> Decimal:
    """What was given, before anything was given back."""
    return from_minor(payment.amount, payment.currency)


def create(payment: Payment, step: Step, base: Mapping[str, Any], dispute: str = "") -> Call:
    """Make the contribution. base: whose it is, and what the fund's names are in CiviCRM.

    dispute: of what was won back by appeal; its id is the number then.
    """
    charge = payment.charge
    beside = facts_of_second(payment, dispute) if dispute else facts(payment)
    values = {
        **base,
        "currency": payment.currency.upper(),
        "receive_date": stamp(charge.created) if charge else None,
        "invoice_id": dispute or payment.id,
        "is_test": not payment.livemode,
        **{name: value for name, value in beside.items() if value},
        **step.values,
        WRITTEN: str(step.after),
    }
    return ("Contribution", "create", {"values": values})


def update(invoice_id: str, seen: Books, step: Step, more: Mapping[str, Any]) -> Call:
    """Bring a contribution one step further, unless somebody changed it since it was seen."""
    where = [
        ["invoice_id", "=", invoice_id],
        TEST_TOO,
        ["contribution_status_id:name", "=", seen.status],
        ["total_amount", "=", str(seen.total)],
    ]
    return ("Contribution", "update", {"where": where, "values": {**step.values, **more, WRITTEN: str(step.after)}})


def annotate(invoice_id: str, more: Mapping[str, Any]) -> Call:
    """Write facts beside the money, which stays as it is."""
    return ("Contribution", "update", {"where": [["invoice_id", "=", invoice_id], TEST_TOO], "values": dict(more)})


def name_calls(funds: Iterable[Fund]) -> dict[str, Call]:
    """The questions for what the funds name."""
    funds = list(funds)

    def ask(entity: str, names: Iterable[str], *where: list[Any]) -> Call:
        params = {"select": ["id", "name", "value"], "where": [["name", "IN", sorted(set(names))], *where]}
        return (entity, "get", params)

    return {
        "campaign_id": ask("Campaign", (fund.campaign for fund in funds)),
        "financial_type_id": ask("FinancialType", (fund.financial_type for fund in funds)),
        "payment_instrument_id": ask(
            "OptionValue",
            (fund.payment_instrument for fund in funds),
            ["option_group_id.name", "=", "payment_instrument"],
        ),
        "soft_credit_type_id": ask(
            "OptionValue", (fund.soft_credit_type for fund in funds), ["option_group_id.name", "=", "soft_credit_type"]
        ),
    }


def names(funds: Iterable[Fund], found: Mapping[str, Sequence[Row]]) -> dict[str, Names]:
    """Fund → the ids of its names. Raises UserError for names that CiviCRM does not have."""
    funds = list(funds)
    made, by = {fund.name: dict(_named(fund)) for fund in funds}, {fund.name: fund.receipts for fund in funds}
    fields = {field for one in made.values() for field in one}
    ids = {field: {row["name"]: int(row.get("value") or row["id"]) for row in found[field]} for field in fields}
    missing = [f"{field} '{name}'" for one in made.values() for field, name in one.items() if name not in ids[field]]
    if missing:
        raise UserError(
            "CiviCRM lacks what mappings/stripe.toml names.",
            problems=missing,
            next_step="the administrator runs `solidarity setup apply`, or corrects mappings/stripe.toml.",
        )
    return {
        fund: Names({f: ids[f][n] for f, n in one.items() if f != _SOFT}, ids[_SOFT][one[_SOFT]], by[fund])
        for fund, one in made.items()
    }


_SOFT = "soft_credit_type_id"


def _named(fund: Fund) -> Iterator[tuple[str, str]]:
    yield "campaign_id", fund.campaign
    yield "financial_type_id", fund.financial_type
    yield "payment_instrument_id", fund.payment_instrument
    yield _SOFT, fund.soft_credit_type


def _canonical(name: str, value: Any) -> str:
    """A fact in the one form in which both sides are compared."""
    text = "" if value is None else str(value).strip()
    short = name.removeprefix(f"{STRIPE}.")
    if short in _MONEY and text:
        return str(cents(text))
    if short == "Dispute_Due":
        return text[:10]
    if short == "Anonymous":
        return "1" if value in (True, 1, "1") else ""
    return text.replace("\r\n", "\n")
