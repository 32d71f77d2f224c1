"""`solidarity demo`: tells the demo's story from a checkout; the sandbox is no part of the installed package."""

import subprocess
import sys
from pathlib import Path

import click

from connector.errors import UserError

PROJECT = Path(__file__).resolve().parents[2]


@click.command()
@click.option("--once", is_flag=True, help="Tell the story and end, instead of staying to be looked at.")
def demo(once: bool) -> None:
    """Tell the story of a roster on stand-ins, with nothing real in it."""
    if not (PROJECT / "sandbox").is_dir():
        raise UserError("The demo is not installed.", next_step="run it from a checkout of the project: `make demo`.")
    command = [sys.executable, "-m", "sandbox", *(["--once"] if once else [])]
    sys.exit(subprocess.run(command, cwd=PROJECT, check=False).returncode)  # noqa: S603 our own program
