"""What exists at Stripe at this moment: objects, the events that told of their changes, and a clock that only we move.

Every change goes through here, so every change can be told as an event with a snapshot.
"""

import copy
import random
import string
from collections.abc import Iterator
from typing import Any

from sandbox.stripe.shapes import API_VERSION, Json

START = 1_782_864_000  # 1 July 2026, midnight: before the first recorded story
DAY = 86_400
# Stripe says what was there before with these; other events have the new state only.
WITH_PREVIOUS = (".updated", "charge.refunded", "charge.dispute.closed")


class Refused(Exception):
    """A step or a call that cannot be done as things are."""


class World:
    """One account."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self.clock = START
        self.objects: dict[str, Json] = {}
        self._of_kind: dict[str, dict[str, Json]] = {}
        self._settling: list[Json] = []
        self.events: list[Json] = []
        self.payout_of: dict[str, str] = {}  # balance transaction: payout; Stripe knows it, but no object says it
        self.method_of: dict[str, str] = {}  # charge: how it was paid
        self.hidden: dict[str, Json] = {}  # session: what it was made with and does not show
        self.invoices_made = 0
        self.silent = False  # "in very rare cases Stripe cannot make an Event"
        self.next_is_live = False

    def id(self, prefix: str, length: int = 24) -> str:
        """A new id; the same ones in the same order in every run."""
        return f"{prefix}_" + "".join(self._random.choices(string.ascii_letters + string.digits, k=length))

    def advance(self, seconds: int) -> None:
        """Let time pass; what was on its way to the balance arrives."""
        self.clock += max(seconds, 0)
        for found in self._settling:
            if found["available_on"] <= self.clock:
                found["status"] = "available"
        self._settling = [found for found in self._settling if found["status"] == "pending"]

    def advance_to(self, moment: int) -> None:
        """Let time pass until a moment; the past stays where it is."""
        self.advance(moment - self.clock)

    def of(self, kind: str, **values: Any) -> Iterator[Json]:
        """The objects of a kind with these values, oldest first."""
        for found in list(self._of_kind.get(kind, {}).values()):
            if all(found.get(key) == value for key, value in values.items()):
                yield found

    def get(self, id: str, kind: str = "") -> Json:
        """One object."""
        found = self.objects.get(id)
        if found is None or (kind and found["object"] != kind):
            raise Refused(f"no {kind or 'object'} {id!r}")
        return found

    def put(self, made: Json) -> Json:
        """A new object, or a new state of one."""
        self.objects[made["id"]] = self._of_kind.setdefault(made["object"], {})[made["id"]] = made
        if made.get("status") == "pending" and made["object"] == "balance_transaction":
            self._settling.append(made)
        return made

    def remove(self, id: str) -> None:
        """It was never there."""
        del self._of_kind[self.objects.pop(id)["object"]][id]

    def change(self, type: str, found: Json, **values: Any) -> Json:
        """Change an object and tell of it; the event's object is the state after the change."""
        before = copy.deepcopy(found)
        found.update(values)
        return self.tell(type, found, difference(before, found) if type.endswith(WITH_PREVIOUS) else None)

    def tell(self, type: str, found: Json, previous: Json | None = None) -> Json:
        """An event about an object as it is now."""
        data: Json = {"object": copy.deepcopy(found)}
        if previous:
            data["previous_attributes"] = previous
        event = {
            "id": self.id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": max(self.clock, self.events[-1]["created"] if self.events else 0),
            "data": data,
            "livemode": self.next_is_live,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": type,
        }
        self.next_is_live = False
        if not self.silent:
            self.events.append(event)
        return event


def difference(before: Json, after: Json) -> Json:
    """What Stripe sends as previous_attributes: the old values of what changed, nested as they stand."""
    changed: Json = {}
    for key, value in after.items():
        old = before.get(key)
        if old == value:
            continue
        if isinstance(old, dict) and isinstance(value, dict):
            changed[key] = difference(old, value)
        elif _alike(old, value):
            changed[key] = [difference(was, now) for was, now in zip(old or [], value, strict=True)]
        else:
            changed[key] = old
    return changed


def _alike(old: Any, value: Any) -> bool:
    """Two lists of objects of one length, as the items of a subscription: told element by element."""
    lists = isinstance(old, list) and isinstance(value, list) and len(old) == len(value)
    return lists and all(isinstance(one, dict) for one in [*old, *value])
