"""The receipts that CiviCRM sends: one for each gift whose receipt is CiviCRM's, after the gift stands in the books.

Who sends a gift's receipt is written into its contribution when it is made, so a later change of `receipts` in
mappings/stripe.toml sends nothing twice. CiviCRM notes the day of a receipt with the receipt; what was begun and left
without an answer is looked at again after a while, and sent only when there is no such day.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from connector import clock
from connector.civicrm.client import CiviClient
from connector.desk import problems
from connector.desk.problems import Problem
from connector.errors import AlreadyExists, ConnectorError, PermanentError, UnknownOutcome, UserError
from connector.store import Store, receipts
from connector.webhooks import ledger
from connector.webhooks.fund import CIVICRM
from connector.webhooks.table import COMPLETED

log = logging.getLogger(__name__)

SENDING, SENT, REFUSED = "sending", "sent", "refused"
# How many are sent with one look.
BATCH = 25
# For how long CiviCRM may be at work on a request whose answer was lost.
PATIENCE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Receipts:
    """The step of the worker. sender: the address that receipts come from."""

    client: CiviClient
    store: Store
    sender: str

    def step(self) -> int:
        """Send what is due. Returns how many were sent; one request when none is."""
        return sum(self._send(contribution) for contribution in self._due())

    def _due(self) -> list[int]:
        """Gifts in the books without a receipt, of givers who may be mailed."""
        rows = self.client.api4(
            "Contribution",
            "get",
            select=["id"],
            where=[
                [ledger.RECEIPT_BY, "=", CIVICRM],
                ["contribution_status_id:name", "=", COMPLETED],
                ["receipt_date", "IS EMPTY"],
                ["contact_id.email_primary.email", "IS NOT EMPTY"],
                ["contact_id.do_not_email", "=", False],
                ledger.TEST_TOO,
            ],
            orderBy={"id": "ASC"},
            limit=BATCH,
        )
        ids = [int(row["id"]) for row in rows]
        return [id_ for id_ in ids if self._is_free(id_)]

    def _is_free(self, contribution: int) -> bool:
        rows = self.store.read(sa.select(receipts).where(receipts.c.contribution == contribution))
        if not rows:
            return True
        began: datetime = rows[0].at
        return rows[0].state == SENDING and clock.now() - began > PATIENCE

    def _send(self, contribution: int) -> int:
        """Written down before it is asked for. Returns 1 when it was sent."""
        if not self._claim(contribution):
            return 0
        try:
            self.client.api3("Contribution", "sendconfirmation", id=contribution, receipt_from_email=self.sender)
        except UnknownOutcome as error:
            if not isinstance(error, AlreadyExists):
                log.warning("Receipt of contribution %d: %s", contribution, error.what)
                return 0  # looked at again when CiviCRM cannot be at work on it any more
            raise
        except (PermanentError, UserError) as error:
            self._mark(contribution, REFUSED)
            self._tell(contribution, error)
            return 0
        except ConnectorError:
            self.store.write(sa.delete(receipts).where(receipts.c.contribution == contribution))
            raise
        self._mark(contribution, SENT)
        return 1

    def _claim(self, contribution: int) -> bool:
        """Make it ours; False when another worker was faster."""
        now, mine = clock.now(), receipts.c.contribution == contribution
        old = sa.and_(mine, receipts.c.state == SENDING, receipts.c.at < now - PATIENCE)
        try:
            with self.store.engine.begin() as connection:
                connection.execute(sa.delete(receipts).where(old))
                connection.execute(sa.insert(receipts).values(contribution=contribution, state=SENDING, at=now))
        except sa.exc.IntegrityError:
            return False
        return True

    def _mark(self, contribution: int, state: str) -> None:
        mine = receipts.c.contribution == contribution
        self.store.write(sa.update(receipts).where(mine).values(state=state, at=clock.now()))

    def _tell(self, contribution: int, error: ConnectorError) -> None:
        problem = Problem(
            key=f"stripe:receipt {contribution}:refused",
            what=f"The receipt of contribution {contribution} was not sent: {error.what}",
            next_step="send it from the contribution's page; then dismiss this.",
            entity="Contribution",
            record=contribution,
        )
        problems.open_one(self.client, problem, 0)
