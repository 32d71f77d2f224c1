"""The command line `solidarity`: reads arguments, calls the flows, shows what they found. Decides nothing itself."""

import gc
from importlib import import_module

import click

from connector.cli.context import Context, Group

# command → the module here that has it under the same name. Loaded when it is called: no command waits for the
# libraries of the others.
COMMANDS = {
    "alert": "alert",
    "apply": "sync",
    "demo": "demo",
    "doctor": "doctor",
    "inbox": "inbox",
    "lockdown": "lockdown",
    "mapping": "mapping",
    "plan": "sync",
    "reconcile": "reconcile",
    "setup": "setup",
    "work": "work",
}


class _Lazy(Group):
    """The commands by name, as Click's own manual does it (https://click.palletsprojects.com/complex/)."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        found: click.Command = getattr(import_module(f"{__name__}.{COMMANDS[name]}"), name)
        return found


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.option("-v", "--verbose", is_flag=True, help="Log every request with its duration (never its contents).")
@click.pass_context
def main(context: click.Context, debug: bool, verbose: bool) -> None:
    """Keeps a solidarity network's rosters and gifts in step with CiviCRM.

    Exit codes: 0 done or nothing to do, 1 failed, 2 usage, 3 changes wait, 4 stopped by a brake, 5 a person must
    decide.
    """
    # A plan is a heap of small values that stay to the end: looking through them for cycles took a fifth of the time.
    gc.set_threshold(50_000)
    context.obj = Context.from_env(debug=debug, verbose=verbose)
