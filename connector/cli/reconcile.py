"""`solidarity reconcile`: Stripe's records against CiviCRM's, both ways, and each payout to the cent."""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import click
from rich.table import Table

from connector import clock
from connector.cli import show
from connector.cli.context import Context
from connector.cli.fund import settler
from connector.plan import Exit, Plan, worst
from connector.webhooks.payouts import Proof
from connector.webhooks.reconcile import Reconciliation, of_proof

# As far back as Stripe keeps events that it could not deliver.
DEFAULT_DAYS = 30


@click.command()
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    help=f"First day looked at, in UTC (default: {DEFAULT_DAYS} days ago).",
)
@click.option("--apply", "applies", is_flag=True, help="Write the differences, and the verdict of each payout.")
@click.option(
    "--take", type=int, multiple=True, metavar="ID", help="With --apply: this contribution follows Stripe again."
)
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_obj
def reconcile(context: Context, since: datetime | None, applies: bool, take: Sequence[int], as_json: bool) -> None:
    """Hold every payment and payout since a day against CiviCRM. Without --apply nothing is written."""
    if take and not applies:
        raise click.UsageError("--take goes with --apply")
    begin = since.replace(tzinfo=UTC) if since else clock.now() - timedelta(days=DEFAULT_DAYS)
    with context.client() as client, context.store() as store:
        run = Reconciliation(settler(context, client, store), begin)
        undone = run.apply(take) if applies else []
        proofs, unmade = run.proofs(settles=applies)
        found = Plan("fund", (*run.plan(), *(change for proof in proofs for change in of_proof(proof))))
        takeable = run.takeable(found.changes)
    undone += unmade
    if as_json:
        payouts = [_as_json(proof) for proof in proofs]
        click.echo(json.dumps({**json.loads(show.as_json(found, None)), "payouts": payouts, "undone": undone}))
    else:
        _show(context, found, proofs, takeable)
        for line in undone:
            context.err.print(f"Not done: {line}", soft_wrap=True)
    sys.exit(worst(Exit.FAILED if undone else Exit.DONE, found.exit_code()))


def _show(context: Context, found: Plan, proofs: Sequence[Proof], takeable: Sequence[int]) -> None:
    if proofs:
        table = Table("payout", "amount", "gifts", "without a gift", "verdict", box=None)
        for proof in proofs:
            own = ", ".join(f"{line.type} {line.net}" for line in proof.own)
            verdict = "proven to the cent" if proof.is_proven else "failed" if proof.failed else "differs"
            gifts = len({line.payment for line in proof.lines if line.payment})
            table.add_row(proof.payout, f"{proof.amount} {proof.currency}", str(gifts), own, verdict)
        context.out.print(table)
    show.show_plan(context.out, found)
    if takeable:
        ids = " ".join(f"--take {id_}" for id_ in takeable)
        context.out.print(f"To let CiviCRM follow Stripe: solidarity reconcile --apply {ids}", soft_wrap=True)


def _as_json(proof: Proof) -> dict[str, object]:
    return {
        "payout": proof.payout,
        "amount": str(proof.amount),
        "currency": proof.currency,
        "proven": proof.is_proven,
        "failed": proof.failed,
        "missing": str(proof.missing),
        "transactions": [
            {"id": line.id, "type": line.type, "net": str(line.net), "payment": line.payment} for line in proof.lines
        ],
        "without_a_gift": [{"id": line.id, "type": line.type, "net": str(line.net)} for line in proof.own],
        "differences": [
            {
                "payment": one.payment,
                "contribution": one.contribution,
                "civicrm": str(one.civicrm),
                "stripe": str(one.stripe),
                "why": one.why,
            }
            for one in proof.differences
        ],
    }
