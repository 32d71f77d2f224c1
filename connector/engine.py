"""The worker: Huey as hands and clock. What waits stands in CiviCRM and in our database, never in Huey's queue.

Huey deletes a task when it takes it, so a task says nothing but "look what waits"; the queue can be deleted at any
moment and nothing is lost, because the next minute looks again. Its rows are JSON: what it reads, it does not run.
"""

import json
import logging
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from huey import Huey, RedisHuey, SqliteHuey, crontab
from huey.registry import Message
from huey.serializer import Serializer

from connector.errors import ConnectorError, UserError

log = logging.getLogger(__name__)

Step = Callable[[], int]  # does what waits of one kind and returns how much it was


class _Json(Serializer):  # type: ignore[misc]  # Huey has no types
    """Queue rows as JSON. Huey's own form is pickle, which runs whatever somebody wrote into the queue."""

    def _serialize(self, data: Any) -> bytes:
        return json.dumps(list(data)).encode()

    def _deserialize(self, data: bytes) -> Any:
        return Message(*json.loads(data))


def work(queue_url: str, steps: Sequence[Step]) -> None:
    """Look each minute what waits, until the process is told to end; what is under way is finished first.

    queue_url: sqlite:///FILE for one machine, redis://… for several. Raises UserError when it is neither.
    """
    queue = _queue(queue_url)

    @queue.periodic_task(crontab(minute="*"))  # type: ignore[untyped-decorator]
    @queue.lock_task("look")  # type: ignore[untyped-decorator]
    def look() -> None:
        """One look at what waits; a minute that comes while the last look is still at work is left out."""
        drain(steps)

    look()  # at the start, not a minute after it
    queue.create_consumer(workers=1, worker_type="thread", flush_locks=True).run()


def drain(steps: Sequence[Step], wait: Callable[[], bool] = lambda: False) -> int:
    """Do all that waits, one kind after the other. Returns how much it was.

    wait: waits for what another worker is at work on, or was when it died; True when it may have to be done now.

    Trouble is told to the log and tried again with the next look; it keeps no other kind from its turn.
    """
    done = 0
    while True:
        for step in steps:
            try:
                while did := step():
                    done += did
            except ConnectorError as error:
                log.warning("%s Next: %s", error.what, error.next_step)
        if not wait():
            return done


def _queue(url: str) -> Huey:
    parts = urlsplit(url)
    common = {"results": False, "serializer": _Json()}
    if parts.scheme == "sqlite":
        return SqliteHuey("solidarity", filename=url.removeprefix("sqlite:///"), **common)
    if parts.scheme in ("redis", "rediss"):
        return _on_redis(url, common)
    raise UserError("QUEUE_URL is neither sqlite:///FILE nor redis://…", next_step="see QUEUE_URL in .env.example.")


def _on_redis(url: str, common: dict[str, Any]) -> Huey:
    try:
        from redis import RedisError  # here: only several machines have it
    except ModuleNotFoundError:
        what = "A queue on Redis needs the package redis."
        raise UserError(what, next_step="the administrator runs pip install 'solidarity-connector[several]'.") from None
    queue = RedisHuey("solidarity", url=url, **common)
    try:
        queue.storage.conn.ping()
    except RedisError as error:
        what = f"The queue at QUEUE_URL does not answer ({type(error).__name__})."
        raise UserError(what, next_step="the administrator starts Redis, or corrects QUEUE_URL.") from None
    return queue
