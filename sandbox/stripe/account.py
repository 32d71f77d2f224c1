"""Everything that the servers share: the world, the stories played into it, what was delivered, what was asked."""

import threading

from sandbox.stripe.recorded import Player
from sandbox.stripe.shapes import Json
from sandbox.stripe.world import World

API_KEY = "sk_test_sandbox_key_of_the_connector"
WEBHOOK_SECRET = "whsec_sandbox_secret_of_the_endpoint"


class Account:
    """One account at the stand-in, and its one webhook endpoint."""

    def __init__(self, webhook_url: str | None = None) -> None:
        self.lock = threading.RLock()
        self.first_url = webhook_url
        self.reset()

    def reset(self) -> None:
        """Empty, as on the first day; only where events go to stays as it was at the start."""
        self.world = World()
        self.player = Player(self.world)
        self.webhook_url, self.secrets = self.first_url, [WEBHOOK_SECRET]
        self.is_holding = False  # what the pages let happen waits until somebody says "deliver"
        self.delivered: dict[str, bool] = {}
        self.answered: dict[str, tuple[str, Json]] = {}  # by idempotency key

    def all_events(self) -> list[Json]:
        """Those of the stories in their order, then those of the model."""
        return [*self.player.events.values(), *self.world.events]

    def events_so_far(self) -> list[Json]:
        """What Stripe lists: test mode, our own account, and not from the future; oldest first."""
        told = [
            event
            for event in self.player.events.values()
            if event["created"] <= self.player.clock and not event["livemode"] and "account" not in event
        ]
        return [*told, *(event for event in self.world.events if not event["livemode"])]
