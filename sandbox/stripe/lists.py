"""The API's lists: which filters each one has, newest first, page by page."""

import fnmatch
from collections.abc import Callable
from typing import Any

from sandbox.stripe.errors import ApiError, missing, unknown
from sandbox.stripe.form import truth
from sandbox.stripe.shapes import Json
from sandbox.stripe.view import View

PAGING = ("limit", "starting_after", "ending_before", "expand")
# Path below /v1/: the kind of object, and which fields may be asked for. A filter with [gte] and so on is a RANGE.
KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "balance_transactions": ("balance_transaction", ("payout", "source", "type", "currency", "created")),
    "charges": ("charge", ("payment_intent", "customer", "created")),
    "checkout/sessions": (
        "checkout.session",
        ("payment_intent", "subscription", "customer", "status", "created", "customer_details"),
    ),
    "customers": ("customer", ("email", "created")),
    "disputes": ("dispute", ("charge", "payment_intent", "created")),
    "events": ("event", ("type", "types", "delivery_success", "created")),
    "invoice_payments": ("invoice_payment", ("invoice", "payment", "status", "created")),
    "invoices": ("invoice", ("subscription", "customer", "status", "created", "collection_method", "due_date")),
    "payment_intents": ("payment_intent", ("customer", "created")),
    "payouts": ("payout", ("status", "created", "arrival_date", "destination")),
    "refunds": ("refund", ("charge", "payment_intent", "created")),
    "subscriptions": ("subscription", ("customer", "status", "created", "price", "collection_method")),
}
RANGES = ("created", "arrival_date", "due_date")
COMPARE: dict[str, Callable[[int, int], bool]] = {
    "gt": lambda value, bound: value > bound,
    "gte": lambda value, bound: value >= bound,
    "lt": lambda value, bound: value < bound,
    "lte": lambda value, bound: value <= bound,
}


def page(view: View, path: str, params: Json) -> Json:
    """One page of a list."""
    kind, filters = KINDS[path]
    for param in params.keys() - {*filters, *PAGING}:
        raise unknown(param)
    wanted = {key: value for key, value in params.items() if key in filters}
    found = [one for one in view.of(kind) if "deleted" not in one and _fits(view, kind, one, wanted)]
    found = sorted(found, key=lambda one: int(one["created"]))[::-1]  # of one second, the last made first
    part, more = _cut(view, kind, found, params)
    return {"object": "list", "data": [view.whole(one) for one in part], "has_more": more, "url": f"/v1/{path}"}


def _cut(view: View, kind: str, found: list[Json], params: Json) -> tuple[list[Json], bool]:
    limit = _number(params.get("limit", 10), "limit")
    if not 1 <= limit <= 100:
        raise ApiError(400, "This value must be between 1 and 100.", param="limit", code="parameter_invalid_integer")
    for param in ("starting_after", "ending_before"):
        if param in params and view.find(params[param], kind) is None:
            raise missing(kind, params[param], param)
    ids = [one["id"] for one in found]
    if before := params.get("ending_before"):
        newer = found[: ids.index(before)] if before in ids else []
        return newer[-limit:], len(newer) > limit
    if after := params.get("starting_after"):
        found = found[ids.index(after) + 1 :] if after in ids else []
    return found[:limit], len(found) > limit


def _fits(view: View, kind: str, one: Json, wanted: Json) -> bool:
    if kind == "subscription" and "status" not in wanted and one["status"] == "canceled":
        return False
    return all(_field(view, one, key, value) for key, value in wanted.items())


def _field(view: View, one: Json, key: str, value: Any) -> bool:
    if key in RANGES:
        return _in_range(one.get(key), value, key)
    if key == "payout":
        return bool(view.payout_of(one["id"]) == value)
    if key == "types":
        return any(fnmatch.fnmatchcase(str(one["type"]), str(pattern)) for pattern in value)
    if key == "delivery_success":
        return bool(view.was_delivered(one["id"]) == truth(value))
    if key == "status" and one["object"] == "subscription" and value in ("all", "ended"):
        return bool(value == "all" or one["status"] == "canceled")
    if key == "subscription" and one["object"] == "invoice":
        return bool(one["parent"] and one["parent"]["subscription_details"]["subscription"] == value)
    if key == "price":
        return bool(one["items"]["data"][0]["price"]["id"] == value)
    if key in ("payment", "customer_details"):
        return all((one[key] or {}).get(inner) == wanted for inner, wanted in value.items())
    if key == "type" and one["object"] == "event":
        return fnmatch.fnmatchcase(one["type"], value)
    return bool(one.get(key) == value)


def _in_range(found: int | None, value: Any, key: str) -> bool:
    bounds = value if isinstance(value, dict) else {"gte": value, "lte": value}
    for name, bound in bounds.items():
        if name not in COMPARE:
            raise unknown(f"{key}[{name}]")
        if found is None or not COMPARE[name](found, _number(bound, key)):
            return False
    return True


def _number(value: Any, param: str) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise ApiError(400, f"Invalid integer: {value}", param=param, code="parameter_invalid_integer") from None
