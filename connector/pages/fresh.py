"""What pages know of CiviCRM, for some seconds: however many people come at once, each thing is asked once."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from connector import clock
from connector.errors import ConnectorError

Value = TypeVar("Value")
# An answer is given again for so long; trouble for less, and a site that is away is left in peace meanwhile.
FRESH, PAUSE = timedelta(seconds=30), timedelta(seconds=15)
# What an answer is still worth when CiviCRM is away.
LAST = timedelta(hours=1)
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Kept(Generic[Value]):
    lock: threading.Lock = field(default_factory=threading.Lock)
    until: datetime = _NEVER
    trouble: ConnectorError | None = None
    value: Value | None = None
    came: datetime = _NEVER


class Fresh(Generic[Value]):
    """Answers by their question. most: how many are kept; those that nobody asks for go first."""

    def __init__(self, most: int = 500) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, _Kept[Value]] = OrderedDict()

    def get(self, key: Hashable, ask: Callable[[], Value]) -> Value:
        """The answer that is known, or what `ask` finds; others with the same question wait for it.

        Raises what `ask` raised, also for those who come just after.
        """
        kept = self._of(key)
        with kept.lock:
            if kept.until <= clock.now():
                self._ask(kept, ask)
            if kept.trouble:
                raise kept.trouble
            return kept.value  # type: ignore[return-value]  # there is one where there was no trouble

    def last(self, key: Hashable) -> Value | None:
        """What was known last, for when CiviCRM is away; None when that is nothing, or long ago."""
        with self._lock:
            kept = self._kept.get(key)
        return kept.value if kept and clock.now() - kept.came < LAST else None

    def _of(self, key: Hashable) -> _Kept[Value]:
        with self._lock:
            kept = self._kept.setdefault(key, _Kept())
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
            return kept

    @staticmethod
    def _ask(kept: _Kept[Value], ask: Callable[[], Value]) -> None:
        try:
            kept.value, kept.trouble = ask(), None
        except ConnectorError as error:
            kept.trouble, kept.until = error, clock.now() + PAUSE
        else:
            kept.came = clock.now()
            kept.until = kept.came + FRESH
