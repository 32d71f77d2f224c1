"""The stand-in Stripe, driven by its switches."""

from dataclasses import dataclass
from typing import Any

import requests


@dataclass
class Stripe:
    """One account. Events wait there until they are delivered."""

    url: str
    api_key: str
    webhook_secret: str

    def reset(self) -> None:
        self._post("reset")

    def tells(self, url: str) -> None:
        """Where events are delivered to."""
        self._post("webhook", url=url)

    def story(self, name: str) -> list[str]:
        """Play a recorded story; its deliveries, in order."""
        return list(self._post("story", name=name)["deliveries"])

    def step(self, do: str, **how: Any) -> dict[str, Any]:
        """Let something happen in the live account; what it made, by kind."""
        return dict(self._post("step", do=do, **how))

    def deliver(self, *names: str, **how: Any) -> list[int | None]:
        """Deliver these events, or all that wait; the answers of the door."""
        wanted = {"events": list(names)} if names else {}
        return [one["status"] for one in self._post("deliver", **wanted, **how)["deliveries"]]

    def raw(self, story: str) -> list[dict[str, Any]]:
        """The hostile deliveries of a story: body, headers and what the door must answer."""
        answer = requests.get(f"{self.url}/sandbox/raw/{story}", timeout=30)
        assert answer.status_code == 200, answer.text
        return list(answer.json())

    def bad_day(self, **how: Any) -> None:
        self._post("faults", **how)

    def _post(self, path: str, **sent: Any) -> Any:
        answer = requests.post(f"{self.url}/sandbox/{path}", json=sent, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()
