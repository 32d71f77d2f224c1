"""`make bench`: what a sync, a full inbox of gifts, an alert and a webhook cost.

On the sandbox by default: request counts, which may fail. On a real CiviCRM given by BENCH_CIVICRM_URL,
BENCH_CIVICRM_KEY and BENCH_CIVICRM_SETUP_KEY: ratios. It leaves its people there: use a site that can be thrown away.
BENCH_CIVICRM_SITE names the site's folder when it is on this machine, for the in-process floor, which BENCH_PHP runs
(default `php`; it should run as the web server's user, because CiviCRM caches files).
"""

import argparse
import os
import sys
from collections.abc import Callable, Collection

from bench import alerts, counts, door, gifts, ratios

PARTS = ("sync", "gifts", "alert", "door")


def main() -> None:
    """Measure, print, and end with 1 when a limit of the sandbox is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, help="rows of the roster (default: 10000 on the sandbox, else 1000)")
    parser.add_argument("--rounds", type=int, default=3, help="on a real CiviCRM: how often everything is measured")
    parser.add_argument("--naive", type=int, default=40, help="on a real CiviCRM: members of the naive script")
    parser.add_argument("--gifts", type=int, default=300, help="gifts in the inbox of the fund")
    parser.add_argument("--alert", type=int, default=alerts.MEMBERS, help="members whom an alert goes to")
    parser.add_argument("--events", type=int, default=2000, help="webhooks that the door is sent, 200 each second")
    parser.add_argument("--only", choices=PARTS, help="measure nothing but this")
    given = parser.parse_args()
    parts = (given.only,) if given.only else PARTS
    if os.environ.get("BENCH_CIVICRM_URL"):
        _measure(given, parts)
        return
    met = [_check(given, part) for part in parts]  # all of them, also after one that is missed
    if not all(met):
        sys.exit(1)


def _check(given: argparse.Namespace, part: str) -> bool:
    checks: dict[str, Callable[[], bool]] = {
        "sync": lambda: counts.check(given.members or 10_000),
        "gifts": lambda: gifts.check(given.gifts),
        "alert": lambda: alerts.check(given.alert),
        "door": lambda: door.check(given.events),
    }
    return checks[part]()


def _measure(given: argparse.Namespace, parts: Collection[str]) -> None:
    key, setup_key = os.environ["BENCH_CIVICRM_KEY"], os.environ["BENCH_CIVICRM_SETUP_KEY"]
    site = {"CIVICRM_URL": os.environ["BENCH_CIVICRM_URL"], "CIVICRM_API_KEY": key, "CIVICRM_SETUP_KEY": setup_key}
    if "sync" in parts:
        ratios.measure(
            site,
            members=given.members or 1000,
            rounds=given.rounds,
            naive_members=given.naive,
            folder=os.environ.get("BENCH_CIVICRM_SITE", ""),
            php=os.environ.get("BENCH_PHP", "php"),
        )
    if "gifts" in parts:
        gifts.measure(site, given.gifts, 40)
    if "alert" in parts:
        alerts.measure(site, given.alert)


if __name__ == "__main__":
    main()
