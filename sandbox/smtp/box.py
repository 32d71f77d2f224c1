"""What the mail server was given, and how it is told to behave. Shared by the server and the mailbox page."""

import threading
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from typing import Any

Reply = tuple[int, str]
OK: Reply = (250, "OK")


@dataclass
class Box:
    """The mails in the order in which they came, and the switches.

    all: the reply to every MAIL command; of: address → the reply to it as a recipient; data: the reply after a mail.
    down: nobody is answered. drop: the connection ends after the whole mail came, unanswered and unkept.
    """

    mails: list[bytes] = field(default_factory=list)
    sent_to: list[list[str]] = field(default_factory=list)
    all: int = 250
    data: int = 250
    of: dict[str, int] = field(default_factory=dict)
    down: bool = False
    drop: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def put(self, mail: bytes, to: list[str]) -> None:
        with self.lock:
            self.mails.append(mail)
            self.sent_to.append(to)

    def switch(self, told: dict[str, Any]) -> None:
        """Behave as told; what is not named is as it is at first."""
        with self.lock:
            self.all, self.data = int(told.get("all", 250)), int(told.get("data", 250))
            self.of = {str(address).lower(): int(code) for address, code in (told.get("of") or {}).items()}
            self.down, self.drop = bool(told.get("down")), bool(told.get("drop"))

    def reset(self) -> None:
        with self.lock:
            self.mails.clear()
            self.sent_to.clear()
        self.switch({})

    def listed(self) -> list[dict[str, Any]]:
        """Every mail as its parts, as a mail program reads them."""
        with self.lock:
            pairs = list(zip(self.mails, self.sent_to, strict=True))
        return [_parts(number, raw, to) for number, (raw, to) in enumerate(pairs)]


def _parts(number: int, raw: bytes, to: list[str]) -> dict[str, Any]:
    mail = message_from_bytes(raw, policy=policy.default)
    bodies = {"text": mail.get_body(("plain",)), "html": mail.get_body(("html",))}
    return {
        "number": number,
        "to": to,
        "subject": str(mail["Subject"]),
        "from": str(mail["From"]),
        "headers": {name: str(value) for name, value in mail.items()},
        **{name: body.get_content().replace("\r\n", "\n") if body else "" for name, body in bodies.items()},
    }
