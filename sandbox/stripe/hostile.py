"""The raw deliveries of a story: genuine or not, each as bytes and headers, with the status that it must get."""

import json
import time

from sandbox.stripe.delivery import signature
from sandbox.stripe.recorded import read
from sandbox.stripe.shapes import Json

OTHER_SECRET = "whsec_sandbox_of_somebody_else"


def raw(story: str, secrets: list[str], moment: int | None = None) -> dict[str, Json]:
    """By name: `body`, `headers`, `http` (what the endpoint must answer), `because`."""
    now = int(time.time()) if moment is None else moment
    found = {}
    for name, told in read(story).raw_deliveries.items():
        body = _body(told)
        header = _header(body, told["sign"], secrets, now)
        before, after = told.get("replace_after_signing", ("", ""))
        sent = body.replace(before, after) if before else body
        headers = {"Content-Type": "application/json"} | ({"Stripe-Signature": header} if header else {})
        found[name] = {"body": sent, "headers": headers, "http": told["http"], "because": told["because"]}
    return found


def _body(told: Json) -> str:
    if "repeat" in told:
        how = told["repeat"]
        return str(how["before"] * how["times"] + how["middle"] + how["after"] * how["times"])
    if "body" in told:
        return str(told["body"])
    event = read(told["delivery"].split("/")[0]).deliveries[told["delivery"]]
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False)[: told.get("cut")]


def _header(body: str, sign: Json, secrets: list[str], moment: int) -> str:
    if "header" in sign:
        return "" if sign["header"] == "absent" else str(sign["header"])
    if sign.get("scheme") == "v1-wrong+v1-right":
        secrets = [OTHER_SECRET, *secrets]
    elif sign["secret"] == "wrong":
        secrets = [OTHER_SECRET]
    return signature(body.encode(), secrets, moment)
