"""Invoices of a subscription: drafted, finalized, tried, paid by one or several payments, paid outside, given up."""

from sandbox.stripe import payments
from sandbox.stripe.shapes import Json, new
from sandbox.stripe.world import DAY, Refused, World

HOUR = 3600


def item_of(subscription: Json) -> Json:
    """The one thing that a subscription of ours is for."""
    item: Json = subscription["items"]["data"][0]
    return item


def draft(world: World, subscription: Json, item: Json, since: int | None = None) -> Json:
    """The invoice for the period of the item; `since` is when the one before began, null for the first."""
    id, amount, reason = world.id("in"), item["price"]["unit_amount"], "subscription_cycle"
    if since is None:
        since, reason = item["current_period_start"], "subscription_create"
    customer, metadata = world.get(subscription["customer"]), dict(subscription["metadata"])
    made = new(
        "invoice",
        id=id,
        billing_reason=reason,
        created=world.clock,
        currency=subscription["currency"],
        customer=customer["id"],
        effective_at=None,
        hosted_invoice_url=None,
        invoice_pdf=None,
        period_start=since,
        period_end=item["current_period_start"],
        webhooks_delivered_at=None,
        **{f"customer_{key}": customer.get(key) for key in ("address", "email", "name", "phone")},
    )
    made.update(dict.fromkeys(("amount_due", "amount_remaining", "subtotal", "total"), amount))
    made.update(subtotal_excluding_tax=amount, total_excluding_tax=amount)
    about = {"subscription": subscription["id"], "metadata": metadata, "subscription_proration_date": None}
    made["parent"] = {"quote_details": None, "subscription_details": about, "type": "subscription_details"}
    made["lines"].update(data=[_line(world, made, subscription, item)], total_count=1, url=f"/v1/invoices/{id}/lines")
    return world.put(made)


def _line(world: World, made: Json, subscription: Json, item: Json) -> Json:
    line = new(
        "line_item",
        id=world.id("il"),
        amount=made["total"],
        subtotal=made["total"],
        currency=made["currency"],
        invoice=made["id"],
        description="1 x Monthly gift",
        metadata=dict(subscription["metadata"]),
        period={"start": item["current_period_start"], "end": item["current_period_end"]},
    )
    line["parent"]["subscription_item_details"].update(subscription=subscription["id"], subscription_item=item["id"])
    line["pricing"].update(unit_amount_decimal=str(made["total"]))
    line["pricing"]["price_details"]["price"] = item["price"]["id"]
    return line


def finalize(world: World, made: Json, parts: list[int] | None = None) -> None:
    """It may be paid now: by one PaymentIntent over all of it, or by one for each of `parts`."""
    world.invoices_made += 1
    page = f"https://invoice.example.org/i/{made['id']}"
    times = made["status_transitions"] | {"finalized_at": world.clock}
    about = "creation" if made["billing_reason"] == "subscription_create" else "update"
    values = {"customer": made["customer"], "description": f"Subscription {about}"}
    for number, amount in enumerate(parts or ([made["total"]] if made["total"] else [])):
        found = payments.intent(world, amount, made["currency"], **values)
        world.put(
            new(
                "invoice_payment",
                id=world.id("inpay"),
                amount_paid=None,
                amount_requested=amount,
                created=world.clock,
                currency=made["currency"],
                invoice=made["id"],
                is_default=number == 0,
                payment={"type": "payment_intent", "payment_intent": found["id"]},
                status="open",
                status_transitions={"canceled_at": None, "paid_at": None},
            )
        )
    world.change(
        "invoice.finalized",
        made,
        status="open",
        number=f"EXMPL-{world.invoices_made:04}",
        effective_at=world.clock,
        hosted_invoice_url=page,
        invoice_pdf=f"{page}/pdf",
        status_transitions=times,
    )
    if not made["total"]:
        _close(world, made)


def open_payments(world: World, made: Json) -> list[tuple[Json, Json]]:
    """The payments of an invoice that may be tried, with their PaymentIntents; not those on their way by bank."""
    waiting = world.of("invoice_payment", invoice=made["id"], status="open")
    both = [(payment, world.get(payment["payment"]["payment_intent"])) for payment in waiting]
    return [(payment, found) for payment, found in both if found["status"] != "processing"]


def pay(world: World, made: Json, method: str = "card", only: int | None = None) -> list[Json]:
    """Try to pay what is open (only the first `only` payments), with success; returns the charges."""
    charges = []
    for payment, found in open_payments(world, made)[:only]:
        tried = payments.charge(world, found, method, _giver(made))
        charges.append(tried)
        if method == "sepa_debit":
            world.change(
                "payment_intent.processing", found, status="processing", payment_method=tried["payment_method"]
            )
            world.tell("charge.pending", tried)
        else:
            payments.succeed(world, found, tried, settles_now=False)
            arrived(world, payment)
    made.update(attempted=True, attempt_count=made["attempt_count"] + 1)
    return charges


def payment_of(world: World, found: Json) -> Json | None:
    """The invoice payment that a PaymentIntent is for."""
    wanted = {"type": "payment_intent", "payment_intent": found["id"]}
    return next(world.of("invoice_payment", payment=wanted), None)


def arrived(world: World, payment: Json) -> None:
    """One payment of an invoice is there; with the last one the invoice is paid."""
    made = world.get(payment["invoice"])
    times = payment["status_transitions"] | {"paid_at": world.clock}
    amount = payment["amount_requested"]
    world.change("invoice_payment.paid", payment, status="paid", amount_paid=amount, status_transitions=times)
    paid, left = made["amount_paid"] + amount, made["amount_remaining"] - amount
    if left > 0:
        world.change("invoice.updated", made, amount_paid=paid, amount_remaining=left)
        return
    made.update(amount_paid=paid, amount_remaining=0)
    _close(world, made)
    world.tell("invoice.payment_succeeded", made)
    _stand(world, made, "active", "past_due", "unpaid", "incomplete")


def _stand(world: World, made: Json, status: str, *before: str) -> None:
    """What becomes of the subscription, if it is in one of the states before."""
    found = world.get(made["parent"]["subscription_details"]["subscription"])
    if found["status"] in before:
        world.change("customer.subscription.updated", found, status=status)


def _close(world: World, made: Json) -> None:
    """Nothing is left to be paid."""
    times = made["status_transitions"] | {"paid_at": world.clock}
    made.update(attempted=True, next_payment_attempt=None, auto_advance=False, status_transitions=times)
    world.change("invoice.paid", made, status="paid")


def fail(world: World, made: Json, code: str = "", last: bool = False) -> None:
    """A try that failed; Stripe tries again after three days unless it was the last time."""
    for _, found in open_payments(world, made):
        payments.fail(world, found, payments.charge(world, found, "card", _giver(made)), code)
    _tried(world, made, "invoice.payment_failed", None if last else world.clock + 3 * DAY)


def ask(world: World, made: Json) -> None:
    """The giver's bank wants the giver to confirm."""
    for _, found in open_payments(world, made):
        action = {"type": "use_stripe_sdk", "use_stripe_sdk": {}}
        world.change("payment_intent.requires_action", found, status="requires_action", next_action=action)
    _tried(world, made, "invoice.payment_action_required", None)


def _tried(world: World, made: Json, type: str, again: int | None) -> None:
    count = made["attempt_count"] + 1
    world.change(
        type, made, attempted=True, attempt_count=count, auto_advance=again is not None, next_payment_attempt=again
    )
    _stand(world, made, "past_due", "active")


def bounced(world: World, payment: Json) -> None:
    """A bank debit for an invoice failed days after it was tried."""
    made = world.get(payment["invoice"])
    made["attempt_count"] -= 1  # this try was counted when it began
    _tried(world, made, "invoice.payment_failed", world.clock + 3 * DAY)


def paid_outside(world: World, made: Json) -> None:
    """Marked as paid by hand: no charge, and the PaymentIntent is canceled."""
    if made["status"] != "open":
        raise Refused(f"{made['id']} is {made['status']}")
    _drop_payments(world, made)
    left = made["amount_remaining"]
    made.update(amount_paid=made["amount_paid"] + left, amount_paid_off_stripe=left, amount_remaining=0)
    _close(world, made)
    _stand(world, made, "active", "past_due", "unpaid", "incomplete")


def end(world: World, made: Json, status: str) -> None:
    """`void`, or `uncollectible` and still payable."""
    name = {"void": "voided", "uncollectible": "marked_uncollectible"}[status]
    if status == "void":
        _drop_payments(world, made)
    times = made["status_transitions"] | {f"{name}_at": world.clock}
    made.update(next_payment_attempt=None, auto_advance=False, status_transitions=times)
    world.change(f"invoice.{name}", made, status=status)


def _drop_payments(world: World, made: Json) -> None:
    for payment, found in open_payments(world, made):
        payment.update(status="canceled", status_transitions={"canceled_at": world.clock, "paid_at": None})
        world.change(
            "payment_intent.canceled",
            found,
            status="canceled",
            canceled_at=world.clock,
            cancellation_reason="void_invoice",
        )


def _giver(made: Json) -> Json:
    return {key: made[f"customer_{key}"] for key in ("address", "email", "name", "phone")}
