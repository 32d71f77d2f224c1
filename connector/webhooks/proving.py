"""Proves payouts: settles what is in them, holds them against CiviCRM, writes the verdict onto each contribution."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connector.civicrm.client import Call
from connector.desk import problems
from connector.desk.problems import Problem
from connector.errors import ConnectorError, TransientError
from connector.inbox import DONE, IGNORED
from connector.stripe_api import Object
from connector.webhooks import ledger, mistakes, payouts
from connector.webhooks.gather import LATER, Outcome, outcome_of
from connector.webhooks.ledger import Entry
from connector.webhooks.look import key
from connector.webhooks.payouts import Proof
from connector.webhooks.settle import Settler

# How many payments of a payout are settled in one batch.
BATCH = 50


@dataclass(frozen=True, slots=True)
class Prover:
    """Proves payouts of one account against one CiviCRM."""

    settler: Settler

    def settle(self, roots: Sequence[str]) -> dict[str, Outcome]:
        """For the inbox: po_… → what became of it."""
        return {root: self._outcome(root) for root in roots}

    def _outcome(self, root: str) -> Outcome:
        try:
            with mistakes.told():
                return self._proven(root)
        except ConnectorError as error:
            return outcome_of(error)

    def _proven(self, root: str) -> Outcome:
        payout = self.settler.api.payout(root)
        if not is_ready(payout):
            return Outcome(IGNORED, "not a payout whose transactions Stripe lists yet")
        proof = self.prove(payout, settles=True)
        self.write(proof)
        return Outcome(DONE, "" if proof.is_proven else "not proven; see the connector problem")

    def prove(self, payout: Object, *, settles: bool) -> Proof:
        """Hold a payout against CiviCRM. settles: bring its contributions up to date first.

        Raises TransientError when one of them has to wait, and what the doors to Stripe and CiviCRM raise.
        """
        moved = [payouts.line(one) for one in self.settler.api.transactions_of(payout["id"])]
        intents = sorted({line.payment for line in moved if line.payment})
        for start in range(0, len(intents) if settles else 0, BATCH):
            outcomes = self.settler.settle(intents[start : start + BATCH])
            for root, outcome in outcomes.items():
                if outcome.state == LATER:
                    what = f"Payout {payout['id']} holds {root}, which cannot be settled yet: {outcome.why}"
                    raise TransientError(what, next_step="nothing is lost; it is tried again by itself.")
        entries = self._entries(intents)
        return payouts.prove(payout, moved, entries, self._ours(intents, entries))

    def write(self, proof: Proof) -> None:
        """The verdict and the list of payouts, onto each contribution where they are not yet; a problem if it fails."""
        entries = self._entries(sorted({line.payment for line in proof.lines if line.payment}))
        calls: dict[str, Call] = {}
        for payment, its in entries.items():
            for entry in its:
                wanted = payouts.written(entry, proof, payment)
                if any(entry.facts[name] != value for name, value in wanted.items()):
                    calls[entry.invoice_id] = ledger.annotate(entry.invoice_id, wanted)
        self.settler.client.multi(calls)
        name = key(proof.payout, "unproven")
        known = problems.by_key(self.settler.client.multi({"known": problems.call([name])})["known"])
        problems.keep_up(self.settler.client, known, [] if proof.is_proven else [_problem(name, proof)])

    def _entries(self, intents: Sequence[str]) -> dict[str, list[Entry]]:
        """Payment → its contribution, and after it what was won back under the number of its dispute."""
        found = self.settler.client.multi({"ours": ledger.calls(intents, [])["ours"]}) if intents else {"ours": []}
        entries = {one.invoice_id: [one] for one in map(ledger.entry, found["ours"])}
        named = {name: entry.facts[f"{ledger.STRIPE}.Dispute"].split() for name, (entry,) in entries.items()}
        disputes = {dispute: name for name, ids in named.items() for dispute in ids}
        if disputes:
            again = self.settler.client.multi({"ours": ledger.calls(sorted(disputes), [])["ours"]})["ours"]
            for one in map(ledger.entry, again):
                entries[disputes[one.invoice_id]].append(one)
        return entries

    def _ours(self, intents: Sequence[str], entries: Mapping[str, Sequence[Entry]]) -> set[str]:
        """Those that CiviCRM has, and those that it should have: deleted ones, and ones that were never entered."""
        unknown = [intent for intent in intents if intent not in entries]
        named = {intent for intent in unknown if self.settler.is_ours(intent)}
        return {*entries, *named}


def is_ready(payout: Object) -> bool:
    """True when Stripe lists what is in a payout: it made it by itself, and has finished adding it up, or it failed."""
    return bool(payout["automatic"]) and (
        payout["status"] == "failed" or payout.get("reconciliation_status") in ("completed", None)
    )


def _problem(name: str, proof: Proof) -> Problem:
    if proof.failed:
        what = f"Payout {proof.payout} of {proof.amount} {proof.currency} failed: the money is at Stripe."
        return Problem(key=name, what=what, next_step="the treasurer corrects the bank account in Stripe's Dashboard.")
    one = proof.differences[0] if proof.differences else None
    which = f"contribution {one.contribution} of {one.payment}: {one.why}" if one else f"{proof.missing} have no line"
    what = f"Payout {proof.payout} is not proven: {len(proof.differences)} differ, the first is {which}."
    next_step = "the administrator runs `solidarity reconcile`, which lists each, then `--take` with those to repair."
    return Problem(key=name, what=what, next_step=next_step)
