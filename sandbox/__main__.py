"""`python -m sandbox`: the demo; `python -m sandbox serve`: the stand-ins alone.

Only reads the command line; the work is in serve.py and demo.py.
"""

import argparse
import sys

from sandbox import demo
from sandbox.serve import serve


def main() -> None:
    """Read the command line and start what it names."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Stand-ins for CiviCRM and its neighbours.")
    parser.add_argument(
        "--once", action="store_true", help="tell the story and end, instead of staying to be looked at"
    )
    commands = parser.add_subparsers(dest="command", metavar="serve")
    serving = commands.add_parser("serve", help="start the stand-ins, print where they are as one JSON line, and stay")
    serving.add_argument(
        "--civicrm-port", type=int, default=0, metavar="N", help="port of CiviCRM (default: a free one)"
    )
    serving.add_argument(
        "--host-form",
        choices=("standalone", "wordpress"),
        default="standalone",
        help="behave like 6.18 on Standalone (default) or like 5.77 on WordPress",
    )
    serving.add_argument("--webhook-url", metavar="URL", help="where the stand-in Stripe sends its events")
    given = parser.parse_args()
    if given.command == "serve":
        serve(given.civicrm_port, given.host_form, given.webhook_url)
    else:
        sys.exit(demo.tell(once=given.once))


if __name__ == "__main__":
    main()
