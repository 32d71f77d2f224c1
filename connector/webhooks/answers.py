"""What a person decided about a question of the fund: Stripe's value, or CiviCRM's."""

from connector.desk.activities import DISMISS, Decision
from connector.desk.deciding import Answered
from connector.desk.problems import DISMISSED, SOLVED, Problem
from connector.errors import UserError
from connector.inbox import PARKED, Inbox
from connector.webhooks import ledger, made, recurring
from connector.webhooks.decide import BY_HAND, DELETED, EDITED, FOREIGN
from connector.webhooks.settle import Settler

TAKE, KEEP = "roster", "civicrm"  # two of the verdicts, as mappings/setup.toml names them


def answer(settler: Settler, problem: Problem, decision: Decision) -> Answered:
    """Carry out a decision about a problem of ours."""
    state = DISMISSED if decision.verdict in (KEEP, DISMISS) else SOLVED
    return Answered(_carried_out(settler, problem, decision.verdict), state)


def _carried_out(settler: Settler, problem: Problem, verdict: str) -> str:
    """Returns what was done, in words."""
    _, root, kind = problem.key.split(":", 2)
    if verdict == KEEP:
        return "CiviCRM's value stays; it is not asked again."
    if verdict == DISMISS:
        return "Dismissed; it is not asked again."
    if verdict == TAKE and kind == DELETED:
        made.forget(settler.store, root)
    elif verdict == TAKE and kind in (EDITED, FOREIGN, BY_HAND) and root.startswith("pi_"):
        _adopt(settler, problem.record, root)
    elif verdict == TAKE and kind == EDITED:
        _adopt_gift(settler, problem.record)
    elif verdict == TAKE:
        return "There is no value of Stripe's to take here."
    inbox = Inbox(settler.store)
    inbox.replay(row.id for row in inbox.rows(states=[PARKED], roots=[root]))
    outcome = settler.settle([root])[root]
    return f"Settled: {outcome.state}{f' ({outcome.why})' if outcome.why else ''}."


def take_stripes(settler: Settler, contribution: int) -> None:
    """Let a contribution that somebody changed follow Stripe again. Raises UserError when it is none of ours."""
    rows = settler.client.api4(
        "Contribution", "get", select=ledger.SELECT, where=[["id", "=", contribution], ledger.TEST_TOO]
    )
    entry = ledger.entry(rows[0]) if rows else None
    if entry is None or entry.written is None:
        raise UserError(
            f"Contribution {contribution} is none that the connector made.",
            next_step="see the list of `solidarity reconcile`.",
        )
    _adopt(settler, contribution, entry.invoice_id)


def _adopt(settler: Settler, contribution: int, payment: str) -> None:
    """Make a contribution ours, as it stands: settling then brings it to Stripe's state, step by step."""
    rows = settler.client.api4(
        "Contribution", "get", select=ledger.SELECT, where=[["id", "=", contribution], ledger.TEST_TOO]
    )
    if rows:
        values = {"invoice_id": payment, ledger.WRITTEN: str(ledger.entry(rows[0]).books)}
        where = [["id", "=", contribution], ledger.TEST_TOO]
        settler.client.api4("Contribution", "update", where=where, values=values)


def _adopt_gift(settler: Settler, recur: int) -> None:
    """Make a monthly gift ours, as it stands: settling then writes Stripe's state over it."""
    where = [["id", "=", recur], ledger.TEST_TOO]
    for row in settler.client.api4("ContributionRecur", "get", select=recurring.SELECT, where=where):
        values = {recurring.WRITTEN: recurring.as_it_stands(recurring.entry(row))}
        settler.client.api4("ContributionRecur", "update", where=where, values=values)
