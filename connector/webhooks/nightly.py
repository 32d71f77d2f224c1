"""The reconciliation of each night: what no webhook told, settled all the same. With the first look of a day (UTC)."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from connector import clock
from connector.desk import problems
from connector.desk.problems import Problem
from connector.errors import ConnectorError
from connector.leases import Lease
from connector.webhooks import mistakes
from connector.webhooks.reconcile import Reconciliation
from connector.webhooks.settle import Settler

log = logging.getLogger(__name__)

# As far back as Stripe keeps events that it could not deliver. What moved in it may belong to older payments.
WINDOW = timedelta(days=30)
# Who tries has it for so long: after trouble it is tried again then, not each minute.
AGAIN = timedelta(hours=1)
LEFT = "stripe:nightly:left"


@dataclass(frozen=True, slots=True)
class Nightly:
    """The step of the worker. A lease that is held until midnight keeps it to once a day, also with several workers."""

    settler: Settler

    def step(self) -> int:
        """Reconcile, unless it was done today. Returns 0: nothing waits for it."""
        lease = Lease(self.settler.store, "nightly reconciliation", AGAIN.total_seconds())
        if lease.take():
            return 0
        now = clock.now()
        run = Reconciliation(self.settler, now - WINDOW)
        try:
            with lease.kept(), mistakes.told():
                undone = run.apply()
                proofs, unmade = run.proofs(settles=True)
                self._tell([*undone, *unmade])
        except ConnectorError as error:
            with suppress(ConnectorError):  # CiviCRM may be what is away
                self._tell([error.what])
            raise
        for proof in proofs:
            if not proof.is_proven:
                log.warning("Not proven: %s", proof.payout)
        lease.hold_until(now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1))
        return 0

    def _tell(self, undone: Sequence[str]) -> None:
        """The staff hear of what was left undone, until a night leaves nothing."""
        for line in undone:
            log.warning("Not reconciled: %s", line)
        client = self.settler.client
        known = problems.by_key(client.multi({"known": problems.call([LEFT])})["known"])
        problems.keep_up_alarms(client, known, [_left(undone)] if undone else [])


def _left(undone: Sequence[str]) -> Problem:
    return Problem(
        key=LEFT,
        what=f"The reconciliation of the night left {len(undone)} undone; the first: {undone[0]}",
        next_step="the administrator runs `solidarity reconcile --apply`, which lists what is still undone and why.",
    )
