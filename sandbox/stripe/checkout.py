"""Checkout Sessions: made by a call, finished by a giver, or left to expire."""

from typing import Any

from sandbox.stripe import money
from sandbox.stripe.shapes import Json, new, part
from sandbox.stripe.world import DAY, Refused, World

OURS = {"fund_campaign": "protector-pilot", "fund_source": "website"}
# Of what a caller may send, these stand on the session as they were sent.
TAKEN = (
    "billing_address_collection",
    "cancel_url",
    "client_reference_id",
    "customer",
    "customer_email",
    "locale",
    "submit_type",
    "success_url",
)


def open_session(world: World, wanted: Json, pay_url: str = "https://checkout.example.org/c/pay/") -> Json:
    """A session that waits for its giver; `wanted` as in the API's call, with numbers and truths already read."""
    total, currency, recurring = _lines(wanted.get("line_items") or [])
    mode = wanted.get("mode", "payment")
    if (mode == "subscription") != bool(recurring):
        raise Refused("You must provide at least one recurring price in `subscription` mode, and none in `payment`.")
    id = world.id("cs_test", 58)
    session = new(
        "checkout.session",
        id=id,
        mode=mode,
        created=world.clock,
        expires_at=int(wanted.get("expires_at", world.clock + DAY)),
        amount_subtotal=total,
        amount_total=total,
        currency=currency,
        metadata=wanted.get("metadata") or {},
        url=f"{pay_url}{id}",
        custom_fields=[_field(field) for field in wanted.get("custom_fields") or []],
        adaptive_pricing={"enabled": bool((wanted.get("adaptive_pricing") or {}).get("enabled", False))},
        payment_method_types=["card", "sepa_debit"] if currency == "eur" else ["card"],
        **{key: wanted[key] for key in TAKEN if key in wanted},
    )
    if mode == "subscription":
        session.update(customer_creation=None, invoice_creation=None, payment_method_collection="always")
    else:
        session["customer_creation"] = wanted.get("customer_creation", "if_required")
    world.hidden[id] = {
        "recurring": recurring,
        "title": ", ".join(_names(wanted["line_items"])),
        "payment_metadata": (wanted.get("payment_intent_data") or {}).get("metadata") or {},
        "subscription_metadata": (wanted.get("subscription_data") or {}).get("metadata") or {},
    }
    return world.put(session)


def _lines(lines: list[Json]) -> tuple[int, str, Json | None]:
    if not lines:
        raise Refused("Missing required param: line_items.")
    total, currency, recurring = 0, "", None
    for line in lines:
        price = line.get("price_data")
        if not price or "currency" not in price or "unit_amount" not in price:
            raise Refused("This stand-in knows prices by `price_data` with `currency` and `unit_amount` only.")
        total += int(price["unit_amount"]) * int(line.get("quantity", 1))
        currency = price["currency"].lower()
        recurring = price.get("recurring") or recurring
    if currency != money.SETTLEMENT and currency not in money.RATES:
        raise Refused(f"Invalid currency: {currency}. This stand-in exchanges {sorted(money.RATES)}.")
    return total, currency, recurring


def _names(lines: list[Json]) -> list[str]:
    """What the giver reads that the money is for."""
    return [name for line in lines if (name := line["price_data"].get("product_data", {}).get("name"))]


def _field(wanted: Json) -> Json:
    field = part("custom_field")
    field.update(key=wanted["key"], label=wanted["label"], optional=bool(wanted.get("optional", False)))
    field["text"]["value"] = None
    return field


def give_session(world: World, step: Json, mode: str = "payment") -> Json:
    """The session that a step names, or a new one as our own page would have opened it."""
    if step.get("session"):
        session = world.get(step["session"], "checkout.session")
        if session["status"] != "open":
            raise Refused(f"{session['id']} is {session['status']}")
        return session
    metadata = step.get("metadata", OURS)
    price = {"currency": step.get("currency", "eur"), "unit_amount": step.get("amount", 5000)}
    if mode == "subscription":
        price["recurring"] = {"interval": step.get("interval", "month"), "interval_count": 1}
    wanted = {
        "mode": mode,
        "line_items": [{"price_data": price, "quantity": 1}],
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata},
        "subscription_data": {"metadata": metadata},
        "submit_type": "donate",
        "success_url": "https://give.example.org/thanks?session_id={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://give.example.org/cancelled",
        "client_reference_id": step.get("client_reference_id"),
    }
    if step.get("note"):
        label = {"type": "custom", "custom": "Message (optional)"}
        wanted["custom_fields"] = [{"key": "message", "label": label, "type": "text", "optional": True}]
    return open_session(world, wanted)


def details(step: Json) -> Json:
    """The giver as the page asked for them; null what they did not say."""
    found = part("customer_details")
    address = {"city": None, "country": "IE", "line1": None, "line2": None, "postal_code": None, "state": None}
    address.update({key: step[key] for key in address.keys() & step.keys()})
    found.update(name=step.get("name"), email=step.get("email"), phone=step.get("phone"), address=address)
    return found


def finish(world: World, session: Json, step: Json, **values: Any) -> None:
    """The giver is done: the session says who they are and what came of it."""
    answers = step.get("custom_fields", {})
    for field in session["custom_fields"]:
        field["text"]["value"] = answers.get(field["key"], step.get("note"))
    world.change("checkout.session.completed", session, status="complete", url=None, **values)


def expire(world: World, step: Json) -> None:
    """Nobody finished it."""
    session = give_session(world, step)
    world.advance_to(session["expires_at"])
    expire_now(world, session)


def expire_now(world: World, session: Json) -> None:
    """Nobody may finish it any more."""
    if session["status"] != "open":
        raise Refused(f"{session['id']} is {session['status']}")
    world.change("checkout.session.expired", session, status="expired", url=None)
