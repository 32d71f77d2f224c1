"""The reconciliation of each night: what no webhook told, settled all the same. With the first look of a day (UTC)."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from connector import clock
from connector.errors import ConnectorError
from connector.leases import Lease
from connector.webhooks.reconcile import Reconciliation
from connector.webhooks.settle import Settler

log = logging.getLogger(__name__)

# As far back as Stripe keeps events that it could not deliver. What moved in it may belong to older payments.
WINDOW = timedelta(days=30)
# Who tries has it for so long: after trouble it is tried again then, not each minute.
AGAIN = timedelta(hours=1)


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
            with lease.kept():
                undone = run.apply()
                unproven = [proof.payout for proof in run.proofs(settles=True) if not proof.is_proven]
        except ConnectorError:
            lease.give_back()
            raise
        for line in undone:
            log.warning("Not reconciled: %s", line)
        for payout in unproven:
            log.warning("Not proven: %s", payout)
        lease.hold_until(now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1))
        return 0
