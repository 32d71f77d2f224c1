"""Reconciliation: what moved in a window (window.py) is settled as if Stripe had just told it, every payout proven.

What webhooks missed, open debits, missing fees and edits on either side come out as the same plan that settling makes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.civicrm.records import chunks
from connector.errors import PermanentError, TransientError
from connector.plan import Action, Change
from connector.webhooks import answers, ledger, mistakes
from connector.webhooks.changes import CONTRIBUTION
from connector.webhooks.entered import Entered
from connector.webhooks.payouts import Proof
from connector.webhooks.proving import BATCH, Prover, is_ready
from connector.webhooks.settle import Settler
from connector.webhooks.window import Window


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """One window, from `since` (aware UTC) to now."""

    settler: Settler
    since: datetime

    def plan(self) -> list[Change]:
        """Every difference between Stripe and CiviCRM. Writes nothing."""
        found = [change for roots in self._batches() for change in self.settler.differences(roots)]
        return [*found, *Entered(self.settler).plan(self.since)]

    def apply(self, take: Sequence[int] = ()) -> list[str]:
        """Settle everything, and return what was not done. take: contributions that shall follow Stripe again."""
        for contribution in take:
            answers.take_stripes(self.settler, contribution)
        undone = [
            f"{root}: {outcome.why}"
            for roots in self._batches()
            for root, outcome in self.settler.settle(roots).items()
            if outcome.why and outcome.state in ("later", "parked")
        ]
        return [*undone, *Entered(self.settler).apply(self.since)]

    def takeable(self, found: Iterable[Change]) -> list[int]:
        """The contributions among what is asked about that can be taken: those that the connector made."""
        ids = sorted({one.id for one in found if one.action is Action.ASK and one.entity == CONTRIBUTION and one.id})
        ours = [["id", "IN", ids], ledger.TEST_TOO, [ledger.WRITTEN, "IS NOT EMPTY"]]
        rows = self.settler.client.api4("Contribution", "get", select=["id"], where=ours) if ids else []
        return sorted(int(row["id"]) for row in rows)

    def proofs(self, *, settles: bool) -> tuple[list[Proof], list[str]]:
        """The proof of each payout of the window, oldest first, and which could not be made now, with why.

        settles: bring its contributions up to date before, and write the verdict.
        """
        prover = Prover(self.settler)
        found = [one for one in self.settler.api.payouts(int(self.since.timestamp())) if is_ready(one)]
        proofs, unmade = [], []
        for payout in sorted(found, key=lambda one: int(one["created"])):
            try:
                with mistakes.told():
                    proof = prover.prove(payout, settles=settles)
                if settles:
                    prover.write(proof)
            except (TransientError, PermanentError) as error:
                unmade.append(f"{payout['id']}: {error.what}")
            else:
                proofs.append(proof)
        return proofs, unmade

    def _batches(self) -> Iterator[Sequence[str]]:
        return chunks(sorted(Window(self.settler, self.since).roots()), BATCH)


def of_proof(proof: Proof) -> Iterator[Change]:
    """What a proof found, as changes of a plan."""
    for one in proof.differences:
        reason = f"payout {proof.payout}: {one.why} ({one.civicrm} instead of {one.stripe})"
        yield Change(Action.ASK, CONTRIBUTION, one.payment, reason, one.contribution or None)
    if proof.missing:
        yield Change(Action.ASK, "Payout", proof.payout, f"its lines lack {proof.missing} to its {proof.amount}")
    if proof.failed:
        yield Change(Action.NOTE, "Payout", proof.payout, "failed; the money is at Stripe")
