"""What a caller of the API may see of a world: its objects as they are now, with what Stripe adds when asked."""

import copy
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sandbox.stripe.errors import ApiError
from sandbox.stripe.shapes import Json

if TYPE_CHECKING:
    from sandbox.stripe.account import Account

MOST_LEVELS = 4


class View:
    """Reading an account; what is sent is a copy."""

    def __init__(self, account: "Account") -> None:
        self._account = account

    def of(self, kind: str) -> Iterator[Json]:
        """All objects of a kind as they are kept, in the order in which they were made."""
        if kind == "event":
            yield from self._account.events_so_far()
        else:
            yield from self._account.world.of(kind)

    def find(self, id: str, kind: str = "") -> Json | None:
        """One object, of this kind if one is named."""
        if kind == "event":
            event = next((event for event in self.of("event") if event["id"] == id), None)
            return self.whole(event) if event else None
        found = self._account.world.objects.get(id)
        return self.whole(found) if found and kind in ("", found["object"]) else None

    def payout_of(self, id: str) -> str | None:
        """In which payout a balance transaction went to the bank."""
        return self._account.world.payout_of.get(id)

    def was_delivered(self, id: str) -> bool:
        """Whether the endpoint said yes to an event."""
        return self._account.delivered.get(id, False)

    def whole(self, found: Json) -> Json:
        """A copy to be sent: an invoice shows its payments to whoever asks the API, but not in events."""
        found = copy.deepcopy(found)
        if found["object"] == "event":
            found["pending_webhooks"] = 0 if self.was_delivered(found["id"]) else 1
        if found["object"] == "invoice":
            id = found["id"]
            paid = list(self._account.world.of("invoice_payment", invoice=id))
            if paid or found["total"]:
                found["payments"] = _list(copy.deepcopy(paid), f"/v1/invoice_payments?invoice={id}")
        return found

    def expand(self, answer: Json, paths: list[str]) -> Json:
        """Put objects in the place of their ids."""
        for path in paths:
            parts = path.split(".")
            if len(parts) > MOST_LEVELS:
                message = f"You cannot expand more than {MOST_LEVELS} levels of a property. Property: {path}"
                raise ApiError(400, message, code="property_expansion_max_depth", param="expand")
            self._expand(answer, parts, path)
        return answer

    def _expand(self, here: Json, parts: list[str], path: str) -> None:
        name, rest = parts[0], parts[1:]
        if name == "refunds" and here.get("object") == "charge" and name not in here:
            refunds = [self.whole(one) for one in self._account.world.of("refund", charge=here["id"])]
            here[name] = _list(refunds[::-1], f"/v1/charges/{here['id']}/refunds")
        if name not in here:
            # Stripe leaves out what an object of this sort never has, such as the charge of a payment by intent.
            raise ApiError(400, f"This property cannot be expanded ({path}).", param="expand")
        if isinstance(here[name], str):
            here[name] = self.find(here[name]) or here[name]
        inner = here[name] if isinstance(here[name], list) else [here[name]]
        for one in inner:
            if rest and isinstance(one, dict):
                self._expand(one, rest, path)


def _list(data: list[Json], url: str) -> Json:
    return {"object": "list", "data": data, "has_more": False, "total_count": len(data), "url": url}
