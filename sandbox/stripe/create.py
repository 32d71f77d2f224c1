"""What a caller may make or change: Checkout Sessions, portal sessions, refunds, the end of a subscription."""

import re
from typing import Any

from stripe.params.checkout import SessionCreateParams

from sandbox.stripe import checkout, monthly, refunds
from sandbox.stripe.account import Account
from sandbox.stripe.errors import ApiError, missing, unknown
from sandbox.stripe.form import truth
from sandbox.stripe.shapes import Json, new
from sandbox.stripe.world import Refused

SUBMIT_TYPES = ("auto", "book", "donate", "pay", "subscribe")
SMALLEST = 50  # of the smallest unit; Stripe has a table, and for most currencies it is about this


def make(account: Account, path: str, params: Json, host: str) -> Json:
    """Carry out a POST."""
    try:
        return _make(account, path, params, host)
    except Refused as refused:
        raise ApiError(400, str(refused)) from refused


def _make(account: Account, path: str, params: Json, host: str) -> Json:
    if path == "checkout/sessions":
        return session(account, params, f"{host}/c/pay/")
    if path == "billing_portal/sessions":
        return portal(account, params, f"{host}/p/session/")
    if path == "refunds":
        wanted = {key: value for key, value in params.items() if key != "expand"}
        return refunds.refund(account.world, wanted)
    if found := re.fullmatch(r"checkout/sessions/(\w+)/expire", path):
        expired = _known(account, found[1], "checkout.session")
        checkout.expire_now(account.world, expired)
        return expired
    if found := re.fullmatch(r"subscriptions/(\w+)", path):
        return subscription(account, found[1], params)
    raise ApiError(404, f"Unrecognized request URL (POST: /v1/{path}).")


def _known(account: Account, id: str, kind: str, param: str = "id") -> Json:
    found = account.world.objects.get(id)
    if found is None or found["object"] != kind or "deleted" in found:
        raise missing(kind, id, param)
    return found


def session(account: Account, params: Json, pay_url: str) -> Json:
    """A Checkout Session, refused where Stripe would refuse it."""
    if "payment_method_types" in params:
        raise ApiError(
            400,
            "`payment_method_types` is no longer supported; use `allowed_payment_method_types`.",
            code="payment_method_types_no_longer_supported",
            param="payment_method_types",
        )
    for param in params.keys() - SessionCreateParams.__annotations__.keys():
        raise unknown(param)
    if params.get("mode") not in ("payment", "subscription"):
        raise ApiError(400, "Missing required param: mode.", code="parameter_missing", param="mode")
    if params.get("ui_mode", "hosted_page") == "hosted_page" and not params.get("success_url"):
        raise ApiError(400, "Missing required param: success_url.", code="parameter_missing", param="success_url")
    if params.get("submit_type", "auto") not in SUBMIT_TYPES:
        raise ApiError(400, f"Invalid submit_type: must be one of {', '.join(SUBMIT_TYPES)}", param="submit_type")
    if params["mode"] == "subscription" and ("payment_intent_data" in params or "customer_creation" in params):
        raise ApiError(400, "You can not pass `payment_intent_data` in `subscription` mode.")
    if params["mode"] == "payment" and "subscription_data" in params:
        raise ApiError(400, "You can not pass `subscription_data` in `payment` mode.", param="subscription_data")
    if params.get("customer"):
        _known(account, params["customer"], "customer", "customer")
    _check_texts(params)
    wanted = dict(params)
    wanted["adaptive_pricing"] = {"enabled": truth((params.get("adaptive_pricing") or {}).get("enabled"))}
    made = checkout.open_session(account.world, _with_numbers(wanted), pay_url)
    if 0 < made["amount_total"] < SMALLEST and made["currency"] not in ("jpy", "krw"):
        account.world.remove(made["id"])
        raise ApiError(400, "The Checkout Session's total amount is too small.", code="amount_too_small")
    return made


def _check_texts(params: Json) -> None:
    inner = [params.get(key, {}) for key in ("payment_intent_data", "subscription_data")]
    for metadata in [params.get("metadata", {}), *(data.get("metadata", {}) for data in inner)]:
        if len(metadata) > 50 or any(len(key) > 40 or len(value) > 500 for key, value in metadata.items()):
            raise ApiError(400, "Metadata: at most 50 keys of 40, with values of 500 characters.", param="metadata")
    if len(params.get("client_reference_id", "")) > 200:
        raise ApiError(400, "Invalid string: must be at most 200 characters", param="client_reference_id")


def _with_numbers(wanted: Json) -> Json:
    for line in wanted.get("line_items") or []:
        price = line.get("price_data") or {}
        if "unit_amount" in price:
            price["unit_amount"] = _number(price["unit_amount"], "line_items[0][price_data][unit_amount]")
        line["quantity"] = _number(line.get("quantity", 1), "line_items[0][quantity]")
    if "expires_at" in wanted:
        wanted["expires_at"] = _number(wanted["expires_at"], "expires_at")
    for field in wanted.get("custom_fields") or []:
        field["optional"] = truth(field.get("optional"))
    return wanted


def _number(value: Any, param: str) -> int:
    if not re.fullmatch(r"\d{1,8}|\d{10}", str(value)):
        raise ApiError(400, f"Invalid integer: {value}", code="parameter_invalid_integer", param=param)
    return int(value)


def portal(account: Account, params: Json, page: str) -> Json:
    """A page on which a giver may end or change what they give."""
    for param in params.keys() - {"customer", "return_url", "flow_data", "configuration", "locale", "expand"}:
        raise unknown(param)
    owner = _known(account, params.get("customer", ""), "customer", "customer")
    id = account.world.id("bps")
    flow = params.get("flow_data")
    made = new("billing_portal.session", id=id, customer=owner["id"], created=account.world.clock, url=f"{page}{id}")
    made.update(return_url=params.get("return_url"), locale=params.get("locale"))
    if flow:
        shape = dict.fromkeys(("subscription_cancel", "subscription_update", "subscription_update_confirm"))
        shown = {"type": "portal_homepage", "redirect": None, "hosted_confirmation": None}
        made["flow"] = shape | {"after_completion": shown} | flow
    return account.world.put(made)


def subscription(account: Account, id: str, params: Json) -> Json:
    """Only its end may be changed here."""
    found = _known(account, id, "subscription")
    for param in params.keys() - {"cancel_at_period_end", "expand"}:
        raise unknown(param)
    if truth(params.get("cancel_at_period_end")):
        monthly.cancel_at_period_end(account.world, {"subscription": id})
    return found


def delete(account: Account, path: str) -> Json:
    """Carry out a DELETE: end a subscription now."""
    found = re.fullmatch(r"subscriptions/(\w+)", path)
    if not found:
        raise ApiError(404, f"Unrecognized request URL (DELETE: /v1/{path}).")
    ended = _known(account, found[1], "subscription")
    try:
        monthly.cancel_now(account.world, {"subscription": ended["id"]})
    except Refused as refused:
        raise ApiError(400, str(refused)) from refused
    return ended
