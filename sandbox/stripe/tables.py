"""What the console shows of an account: the newest of each kind, and what may be let happen to each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sandbox.stripe import delivery, money
from sandbox.stripe.account import Account
from sandbox.stripe.days import day
from sandbox.stripe.shapes import Json
from sandbox.stripe.world import World

MOST = 50


@dataclass(frozen=True)
class Action:
    """A button; with `currency` it stands beside a field for an amount."""

    label: str
    fields: dict[str, str]
    currency: str = ""


@dataclass(frozen=True)
class Row:
    """One object: its cells, what may be done, and where it has a page of its own."""

    id: str
    cells: tuple[str, ...]
    actions: tuple[Action, ...] = ()
    page: str = ""


@dataclass(frozen=True)
class Table:
    """The newest rows of a kind."""

    title: str
    columns: tuple[str, ...]
    rows: list[Row]
    total: int


RowOf = Callable[[World, Json], Row]


def tables(account: Account) -> list[Table]:
    """All of the console's tables."""
    world = account.world
    return [
        _table(world, "Payments", "payment_intent", ("Amount", "Status", "Giver", "Day"), _payment),
        _table(world, "Monthly gifts", "subscription", ("Amount", "Status", "Giver", "Paid until"), _monthly),
        _table(world, "Payouts", "payout", ("Amount", "Status", "Arrives"), _payout),
        _table(world, "Checkout pages", "checkout.session", ("Amount", "Status", "For", "Open until"), _session),
        _events(account),
    ]


def _table(world: World, title: str, kind: str, columns: tuple[str, ...], row: RowOf) -> Table:
    found = [one for one in world.of(kind) if "deleted" not in one]
    return Table(title, columns, [row(world, one) for one in found[::-1][:MOST]], len(found))


def _payment(world: World, found: Json) -> Row:
    id, made = found["id"], world.objects.get(found["latest_charge"] or "", {})
    status = found["status"].replace("_", " ")
    if made.get("amount_refunded"):
        status += f", {money.shown(made['amount_refunded'], found['currency'])} given back"
    for dispute in world.of("dispute", payment_intent=id):
        status += f", dispute: {dispute['status'].replace('_', ' ')}"
    bank = " by bank debit" if made.get("id", "").startswith("py_") else ""
    cells = (money.shown(found["amount"], found["currency"]), status + bank, _giver(made), day(found["created"]))
    return Row(id, cells, tuple(_of_payment(world, found, made)))


def _giver(made: Json) -> str:
    who = made.get("billing_details") or {}
    return " ".join(who[key] for key in ("name", "email") if who.get(key))


def _of_payment(world: World, found: Json, made: Json) -> Iterator[Action]:
    named = {"payment_intent": found["id"]}
    is_debit = made.get("id", "").startswith("py_")
    if found["status"] == "processing":
        yield Action("Debit succeeds", {"do": "debit_succeeds"} | named)
        yield Action("Debit fails", {"do": "debit_fails"} | named)
    if found["status"] == "requires_payment_method" and is_debit:
        yield Action("Debit is tried again", {"do": "debit_again"} | named)
    if made.get("status") == "succeeded" and made["amount_refunded"] < made["amount"]:
        yield Action("Refund in full", {"do": "refund"} | named)
        yield Action("Refund part", {"do": "refund", "part": "yes"} | named, found["currency"])
        if not made["disputed"]:
            yield Action("Dispute", {"do": "dispute"} | named)
    yield from _of_refunds(world, found)
    yield from _of_disputes(world, found)


def _of_refunds(world: World, found: Json) -> Iterator[Action]:
    for refund in world.of("refund", payment_intent=found["id"], status="pending"):
        amount = money.shown(refund["amount"], refund["currency"])
        yield Action(f"Refund of {amount} arrives", {"do": "refund_succeeds", "refund": refund["id"]})
        yield Action(f"Refund of {amount} fails", {"do": "refund_fails", "refund": refund["id"]})


def _of_disputes(world: World, found: Json) -> Iterator[Action]:
    for dispute in world.of("dispute", payment_intent=found["id"]):
        if dispute["status"] in ("needs_response", "under_review"):
            yield Action("Dispute is lost", {"do": "dispute_lost", "dispute": dispute["id"]})
            yield Action("Dispute is won", {"do": "dispute_won", "dispute": dispute["id"]})


def _monthly(world: World, found: Json) -> Row:
    item = found["items"]["data"][0]
    owner = world.objects.get(found["customer"], {})
    status = found["status"].replace("_", " ") + (", ends with its period" if found["cancel_at_period_end"] else "")
    amount = (
        f"{money.shown(item['price']['unit_amount'], found['currency'])} per {item['price']['recurring']['interval']}"
    )
    who = " ".join(owner[key] for key in ("name", "email") if owner.get(key))
    named = {"subscription": found["id"]}
    actions = [
        Action("Next month is paid", {"do": "renew"} | named),
        Action("Next month fails", {"do": "renew", "outcome": "fails"} | named),
        Action("Cancel at period end", {"do": "cancel_at_period_end"} | named),
        Action("Cancel now", {"do": "cancel_now"} | named),
        Action("Change amount", {"do": "change_amount", "part": "yes"} | named, found["currency"]),
    ]
    if found["status"] == "past_due":
        actions.insert(0, Action("Retry succeeds", {"do": "retry"} | named))
        actions.insert(1, Action("Stripe gives up", {"do": "give_up"} | named))
    return Row(
        found["id"],
        (amount, status, who, day(item["current_period_end"])),
        tuple(actions) if found["status"] in ("active", "past_due", "unpaid") else (),
    )


def _payout(world: World, found: Json) -> Row:
    named, status = {"payout": found["id"]}, found["status"]
    actions = []
    if status in ("in_transit", "pending"):
        actions.append(Action("Payout is paid", {"do": "payout_paid"} | named))
    if status in ("in_transit", "pending", "paid"):
        actions.append(Action("Payout fails", {"do": "payout_fails"} | named))
    cells = (money.shown(found["amount"], found["currency"]), status.replace("_", " "), day(found["arrival_date"]))
    return Row(found["id"], cells, tuple(actions))


def _session(world: World, found: Json) -> Row:
    is_open = found["status"] == "open"
    title = world.hidden.get(found["id"], {}).get("title") or found["mode"]
    cells = (money.shown(found["amount_total"], found["currency"]), found["status"], title, day(found["expires_at"]))
    actions = (Action("Expires", {"do": "expire", "session": found["id"]}),) if is_open else ()
    return Row(found["id"], cells, actions, f"/c/pay/{found['id']}" if is_open else "")


def _events(account: Account) -> Table:
    told = account.events_so_far()
    rows = [
        Row(event["id"], (event["type"], _heard(account, event["id"]), day(event["created"])))
        for event in told[::-1][:MOST]
    ]
    return Table("Events", ("Type", "Delivery", "Day"), rows, len(told))


def _heard(account: Account, id: str) -> str:
    return {None: "waits", False: "was refused or did not arrive", True: "delivered"}[account.delivered.get(id)]


def waiting(account: Account) -> int:
    """How many events the webhook has not said yes to."""
    return len(delivery.pending(account))
