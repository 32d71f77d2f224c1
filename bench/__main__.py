"""`make bench`: what a sync costs, a full inbox, and a webhook.

On the sandbox by default: request counts, which may fail. On a real CiviCRM given by BENCH_CIVICRM_URL,
BENCH_CIVICRM_KEY and BENCH_CIVICRM_SETUP_KEY: ratios. It leaves its people there: use a site that can be thrown away.
BENCH_CIVICRM_SITE names the site's folder when it is on this machine, for the in-process floor, which BENCH_PHP runs
(default `php`; it should run as the web server's user, because CiviCRM caches files).
"""

import argparse
import os
import sys

from bench import counts, door, gifts, ratios


def main() -> None:
    """Measure, print, and end with 1 when a limit of the sandbox is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, help="rows of the roster (default: 10000 on the sandbox, else 1000)")
    parser.add_argument("--rounds", type=int, default=3, help="on a real CiviCRM: how often everything is measured")
    parser.add_argument("--naive", type=int, default=40, help="on a real CiviCRM: members of the naive script")
    parser.add_argument("--gifts", type=int, default=300, help="gifts in the inbox of the fund")
    parser.add_argument("--events", type=int, default=2000, help="webhooks that the door is sent, 200 each second")
    given = parser.parse_args()
    if url := os.environ.get("BENCH_CIVICRM_URL"):
        key, setup_key = os.environ["BENCH_CIVICRM_KEY"], os.environ["BENCH_CIVICRM_SETUP_KEY"]
        ratios.measure(
            {"CIVICRM_URL": url, "CIVICRM_API_KEY": key, "CIVICRM_SETUP_KEY": setup_key},
            members=given.members or 1000,
            rounds=given.rounds,
            naive_members=given.naive,
            folder=os.environ.get("BENCH_CIVICRM_SITE", ""),
            php=os.environ.get("BENCH_PHP", "php"),
        )
        gifts.measure({"CIVICRM_URL": url, "CIVICRM_API_KEY": key, "CIVICRM_SETUP_KEY": setup_key}, given.gifts, 40)
    elif not all([counts.check(given.members or 10_000), gifts.check(given.gifts), door.check(given.events)]):
        sys.exit(1)


if __name__ == "__main__":
    main()
