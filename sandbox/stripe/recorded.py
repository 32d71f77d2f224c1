"""Recorded stories: what Stripe sent and what its API said, as of the deliveries so far.

The clock of the stories is the newest `created` of what was delivered. An object is there once it was created; one
of which events tell is as the newest event until now says; the rest are as they were in the end.
"""

import copy
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from sandbox.stripe.shapes import Json
from sandbox.stripe.world import World

FOLDER = Path(__file__).parents[2] / "tests" / "stories"
# What a session does not say before its giver is done.
UNFINISHED = {
    "status": "open",
    "payment_status": "unpaid",
    "payment_intent": None,
    "subscription": None,
    "invoice": None,
    "customer": None,
    "customer_details": None,
}


@dataclass(frozen=True)
class Story:
    """A story as its file tells it."""

    name: str
    title: str
    deliveries: dict[str, Json]  # by name, such as a-onetime-card/02-charge.succeeded
    objects: dict[str, Json]
    expected: Json
    after: tuple[str, ...] = ()  # stories whose objects this one needs
    payouts: dict[str, list[str]] = field(default_factory=dict)
    orders: dict[str, Json] = field(default_factory=dict)
    raw_deliveries: dict[str, Json] = field(default_factory=dict)


def names() -> list[str]:
    """Every story, in the order in which they were told."""
    return sorted(path.stem for path in FOLDER.glob("*.json") if path.stem != "end")


@cache
def read(name: str) -> Story:
    """One story; its objects are shared, so copy before changing."""
    told = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    deliveries = {one["name"]: one["event"] for one in told.pop("deliveries")}
    return Story(name, deliveries=deliveries, after=tuple(told.pop("after", ())), **told)


class Player:
    """Plays stories into a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.clock = 0
        self.events: dict[str, Json] = {}  # what may be delivered, by name
        self._stories: list[Story] = []
        self._shown: dict[str, Json] = {}  # what was last put into the world

    def add(self, name: str) -> Story:
        """Make a story's deliveries ready; nothing of it has happened yet."""
        story = read(name)
        for needed in (*story.after, name):
            if needed not in {known.name for known in self._stories}:
                self._stories.append(read(needed))
        self.events.update(story.deliveries)
        self._show()
        return story

    def hear(self, moment: int) -> None:
        """Something of this moment is being delivered: at Stripe it is at least as late."""
        if moment > self.clock:
            self.clock = moment
            self._world.clock = max(self._world.clock, moment)
            self._show()

    def end(self) -> int:
        """The moment at which all of the loaded stories are over."""
        return max((int(event["created"]) for event in self.events.values()), default=0)

    def _show(self) -> None:
        """Bring the world up to date; what the model did to an object since then stays until its story goes on."""
        now = self._now()
        for id, found in now.items():
            if found["object"] == "charge" and found["balance_transaction"] not in now:
                found = found | {"balance_transaction": None}  # not there yet, so no charge may name it
            if found != self._shown.get(id):
                self._shown[id] = found
                self._world.put(copy.deepcopy(found))
        for payout, lines in [pair for story in self._stories for pair in story.payouts.items()]:
            if payout in now:
                self._world.payout_of.update(dict.fromkeys(lines, payout))

    def _now(self) -> dict[str, Json]:
        now: dict[str, Json] = {}
        for story in self._stories:
            for event in _snapshots(story):
                found = event["data"]["object"]
                if event["created"] <= self.clock:
                    now[found["id"]] = found
                elif found["object"] == "checkout.session" and found["created"] <= self.clock:
                    now.setdefault(found["id"], found | UNFINISHED)
            now.update({id: found for id, found in story.objects.items() if found["created"] <= self.clock})
        return now


def _snapshots(story: Story) -> list[Json]:
    """The events of our own account in test mode, oldest first; of one second in the order of the story."""
    own = [event for event in story.deliveries.values() if not event["livemode"] and "account" not in event]
    return sorted((event for event in own if "created" in event["data"]["object"]), key=lambda e: int(e["created"]))
