"""The stand-in Stripe as tests use it: through Stripe's own SDK, and through the switches below /sandbox/."""

from dataclasses import dataclass
from typing import Any

import requests
import stripe


@dataclass(frozen=True)
class StripeSandbox:
    """Where it is; the fields are those of the line that `python -m sandbox serve` prints."""

    url: str
    api_key: str
    webhook_secret: str

    @property
    def client(self) -> stripe.StripeClient:
        return stripe.StripeClient(self.api_key, base_addresses={"api": self.url})

    def post(self, path: str, **sent: Any) -> Any:
        answer = requests.post(f"{self.url}/sandbox/{path}", json=sent, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def get(self, path: str) -> Any:
        answer = requests.get(f"{self.url}/sandbox/{path}", timeout=60)
        answer.raise_for_status()
        return answer.json()

    def reset(self) -> None:
        self.post("reset")

    def do(self, what: str, **step: Any) -> dict[str, list[str]]:
        """One step of the model; the ids of what it made or changed, by kind."""
        found: dict[str, list[str]] = self.post("step", do=what, **step)["objects"]
        return found

    def story(self, *names: str) -> list[str]:
        """Load recorded stories; the names of their deliveries."""
        found: list[str] = self.post("story", names=names)["deliveries"]
        return found

    def deliver(self, **order: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.post("deliver", **order)["deliveries"]
        return found

    def events(self, undelivered: bool = False) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("events" + ("?undelivered=1" if undelivered else ""))["events"]
        return found

    def faults(self, *faults: dict[str, Any]) -> None:
        self.post("faults", next=faults)

    def requests_so_far(self) -> int:
        return int(self.get("requests")["count"])
