"""Subscriptions: started, renewed, failing, tried again, given up, changed, paused, ended."""

from datetime import UTC, datetime

from sandbox.stripe import checkout, gifts, invoices, payments
from sandbox.stripe.shapes import Json, new
from sandbox.stripe.world import DAY, Refused, World


def after_one(interval: str, moment: int, anchor: int) -> int:
    """The end of a period that begins at `moment`; months keep the day on which the first one began."""
    if interval in ("day", "week"):
        return moment + DAY * {"day": 1, "week": 7}[interval]
    was, wanted = datetime.fromtimestamp(moment, UTC), datetime.fromtimestamp(anchor, UTC).day
    months = was.year * 12 + was.month - 1 + (12 if interval == "year" else 1)
    for day in range(wanted, 0, -1):
        try:
            return int(was.replace(year=months // 12, month=months % 12 + 1, day=day).timestamp())
        except ValueError:
            continue
    raise AssertionError(moment)


def _price(world: World, item: Json, amount: int, currency: str, interval: str) -> Json:
    """The item's price and plan for an amount; a new amount is a new price."""
    id = world.id("price")
    price = item["price"] | {"id": id, "currency": currency, "created": world.clock, "unit_amount": amount}
    price["unit_amount_decimal"] = str(amount)
    price["recurring"] = price["recurring"] | {"interval": interval}
    plan = item["plan"] | {"id": id, "currency": currency, "created": world.clock, "amount": amount}
    plan.update(amount_decimal=str(amount), interval=interval)
    return {"price": price, "plan": plan}


def subscribe(world: World, step: Json) -> None:
    """Somebody starts to give each month; the first payment is made at once. With `outcome` fails it is declined."""
    session = checkout.give_session(world, step, "subscription")
    if session["mode"] != "subscription":
        raise Refused(f"{session['id']} is for {session['mode']}")
    hidden = world.hidden[session["id"]]
    world.advance(60)
    who = checkout.details(step)
    customer = gifts.customer(world, {"customer": session["customer"] or True} | step, who)
    assert customer is not None
    found = _start(world, session, customer, hidden["recurring"]["interval"], hidden["subscription_metadata"])
    made = invoices.draft(world, found, invoices.item_of(found))
    is_declined = step.get("outcome") == "fails"
    found.update(latest_invoice=made["id"], status="incomplete" if is_declined else found["status"])
    world.tell("customer.subscription.created", found)
    world.tell("invoice.created", made)
    invoices.finalize(world, made)
    if is_declined:
        invoices.fail(world, made, str(step.get("code", "")), last=True)
        return
    charges = invoices.pay(world, made, step.get("method", "card"))
    links = {"customer": customer["id"], "subscription": found["id"], "invoice": made["id"]}
    status = "paid" if made["status"] == "paid" else "unpaid"
    world.advance(1)
    checkout.finish(world, session, step, customer_details=who, payment_status=status, **links)
    _tell_fees(world, step, charges)


def never_paid(world: World, step: Json) -> None:
    """The first payment did not come within 23 hours: the subscription ends before it began."""
    found = subscription_of(world, step, "incomplete")
    world.advance(23 * invoices.HOUR)
    invoices.end(world, world.get(found["latest_invoice"]), "void")
    world.change("customer.subscription.updated", found, status="incomplete_expired", ended_at=world.clock)


def _start(world: World, session: Json, customer: Json, interval: str, metadata: Json) -> Json:
    id, now = world.id("sub"), world.clock
    item = new("subscription_item", id=world.id("si", 14), created=now, subscription=id)
    item.update(_price(world, item, session["amount_total"], session["currency"], interval))
    item.update(current_period_start=now, current_period_end=after_one(interval, now, now))
    found = new("subscription", id=id, created=now, start_date=now, billing_cycle_anchor=now, metadata=dict(metadata))
    found.update(currency=session["currency"], customer=customer["id"], default_payment_method=world.id("pm"))
    found["billing_mode"] = found["billing_mode"] | {"updated_at": now}
    found["items"].update(data=[item], total_count=1, url=f"/v1/subscription_items?subscription={id}")
    return world.put(found)


def _tell_fees(world: World, step: Json, charges: list[Json]) -> None:
    if not step.get("fee_later"):
        world.advance(2)
        for made in charges:
            if made["status"] == "succeeded":
                payments.tell_fee(world, made)


def subscription_of(world: World, step: Json, *statuses: str) -> Json:
    """The subscription that a step names, else the newest; in one of these states."""
    if step.get("subscription"):
        found = world.get(step["subscription"], "subscription")
    elif not (known := list(world.of("subscription"))):
        raise Refused("there is no subscription")
    else:
        found = known[-1]
    if found["status"] not in (statuses or ("active", "past_due", "unpaid")):
        raise Refused(f"{found['id']} is {found['status']}")
    return found


def renew(world: World, step: Json) -> None:
    """The next period begins; `outcome` paid, fails or action_required, `parts` splits the payment."""
    found = subscription_of(world, step)
    item = invoices.item_of(found)
    if found["cancel_at_period_end"]:
        _end(world, found, item["current_period_end"])
        return
    begin = item["current_period_end"]
    world.advance_to(begin)
    end = after_one(item["price"]["recurring"]["interval"], begin, found["billing_cycle_anchor"])
    later = item | {"current_period_start": begin, "current_period_end": end}
    made = invoices.draft(world, found, later, since=item["current_period_start"])
    items = found["items"] | {"data": [later]}
    world.change("customer.subscription.updated", found, items=items, latest_invoice=made["id"])
    world.tell("invoice.created", made)
    world.advance(invoices.HOUR)
    pause = found["pause_collection"]
    if pause and pause["behavior"] == "keep_as_draft":
        return
    invoices.finalize(world, made, step.get("parts"))
    if pause:
        invoices.end(world, made, "void" if pause["behavior"] == "void" else "uncollectible")
        return
    if made["status"] == "paid":  # there was nothing to pay
        return
    world.advance(60)
    _try(world, made, step)


def _try(world: World, made: Json, step: Json) -> None:
    outcome = step.get("outcome", "paid")
    if outcome == "paid":
        charges = invoices.pay(world, made, step.get("method", "card"), step.get("only"))
        _tell_fees(world, step, charges)
        return
    if outcome == "fails":
        invoices.fail(world, made, str(step.get("code", "")), bool(step.get("last")))
    else:
        invoices.ask(world, made)


def _open_invoice(world: World, step: Json) -> tuple[Json, Json]:
    if step.get("invoice"):
        made = world.get(step["invoice"], "invoice")
        found = world.get(made["parent"]["subscription_details"]["subscription"])
    else:
        found = subscription_of(world, step, "incomplete", "active", "past_due", "unpaid", "canceled")
        made = world.get(found["latest_invoice"])
    if made["status"] not in ("open", "uncollectible") or not invoices.open_payments(world, made):
        raise Refused(f"{made['id']} is {made['status']}, and nothing of it can be tried now")
    return found, made


def retry(world: World, step: Json) -> None:
    """An invoice that was not paid is tried again, after `days`."""
    _, made = _open_invoice(world, step)
    world.advance(int(step.get("days", 3)) * DAY)
    _try(world, made, step)


def paid_out_of_band(world: World, step: Json) -> None:
    """Staff mark an invoice as paid: the money came in another way."""
    _, made = _open_invoice(world, step)
    world.advance(1)
    invoices.paid_outside(world, made)


def give_up(world: World, step: Json) -> None:
    """The last try failed; `then` canceled (default), unpaid or past_due is what the Dashboard says."""
    found, made = _open_invoice(world, step)
    world.advance(int(step.get("days", 3)) * DAY)
    _try(world, made, {"outcome": "fails", "last": True})
    if step.get("invoice_is", "uncollectible") == "uncollectible":
        invoices.end(world, made, "uncollectible")
    then = step.get("then", "canceled")
    if then == "canceled":
        _end(world, found, world.clock, "payment_failed")
    elif then != found["status"]:
        world.change("customer.subscription.updated", found, status=then)


def change_amount(world: World, step: Json) -> None:
    """From the next period on another amount."""
    found = subscription_of(world, step)
    world.advance(1)
    item = invoices.item_of(found)
    interval = item["price"]["recurring"]["interval"]
    changed = item | _price(world, item, int(step["amount"]), found["currency"], interval)
    world.change("customer.subscription.updated", found, items=found["items"] | {"data": [changed]})


def pause(world: World, step: Json) -> None:
    """No payment is asked for; `behavior` void (default), keep_as_draft or mark_uncollectible."""
    found = subscription_of(world, step)
    world.advance(1)
    paused = {"behavior": step.get("behavior", "void"), "resumes_at": step.get("resumes_at")}
    world.change("customer.subscription.updated", found, pause_collection=paused)


def resume(world: World, step: Json) -> None:
    """Payments are asked for again."""
    found = subscription_of(world, step)
    world.advance(1)
    world.change("customer.subscription.updated", found, pause_collection=None)


def cancel_at_period_end(world: World, step: Json) -> None:
    """The giver ends it; what is paid stays until the period's end, when `renew` ends it."""
    found = subscription_of(world, step)
    world.advance(1)
    details = {"comment": None, "feedback": step.get("feedback"), "reason": "cancellation_requested"}
    world.change(
        "customer.subscription.updated",
        found,
        cancel_at=invoices.item_of(found)["current_period_end"],
        cancel_at_period_end=True,
        canceled_at=world.clock,
        cancellation_details=details,
    )


def cancel_now(world: World, step: Json) -> None:
    """Ended at once."""
    found = subscription_of(world, step)
    _end(world, found, world.clock + 1, step.get("reason", "cancellation_requested"))


def _end(world: World, found: Json, moment: int, reason: str | None = None) -> None:
    world.advance_to(moment)
    details = found["cancellation_details"]
    values = {"status": "canceled", "ended_at": world.clock, "canceled_at": found["canceled_at"] or world.clock}
    details = details | {"reason": reason or details["reason"]}
    world.change("customer.subscription.deleted", found, cancellation_details=details, **values)
