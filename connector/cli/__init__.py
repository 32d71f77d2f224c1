"""The command line `solidarity`: reads arguments, calls the flows, shows what they found. Decides nothing itself."""

import gc

import click

from connector.cli import demo, doctor, fund, mapping, reconcile, setup, sync, work
from connector.cli.context import Context, Group


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.option("-v", "--verbose", is_flag=True, help="Log every request with its duration (never its contents).")
@click.pass_context
def main(context: click.Context, debug: bool, verbose: bool) -> None:
    """Keeps a solidarity network's rosters in step with CiviCRM.

    Exit codes: 0 done or nothing to do, 1 failed, 2 usage, 3 changes wait, 4 stopped by a brake, 5 a person must
    decide.
    """
    # A plan is a heap of small values that stay to the end: looking through them for cycles took a fifth of the time.
    gc.set_threshold(50_000)
    context.obj = Context.from_env(debug=debug, verbose=verbose)


main.add_command(setup.setup)
main.add_command(sync.plan)
main.add_command(sync.apply)
main.add_command(mapping.mapping)
main.add_command(work.work)
main.add_command(fund.inbox)
main.add_command(reconcile.reconcile)
main.add_command(doctor.doctor)
main.add_command(demo.demo)
