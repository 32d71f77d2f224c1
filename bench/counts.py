"""On the sandbox: requests, writes, own CPU and memory of whole syncs. The counts are exact anywhere; they may fail."""

import tempfile
from pathlib import Path

from bench.rosters import People
from bench.runs import Connector, sandbox
from bench.table import Figure, show

# The counts that hold for any size of roster from some thousands on, up to 10,000 rows.
REQUESTS_EACH, NOTHING_CHANGED, ONE_PERCENT = 0.012, 3, 5
MEGABYTES = 200
# Of a plan of 10,000 rows on a quiet machine; told, because a busy one would miss it for no fault of ours.
CPU_SECONDS = 3.0


def check(members: int) -> bool:
    """Run the three syncs and print their figures. Returns whether every limit holds."""
    people = People("b", members)
    with tempfile.TemporaryDirectory() as folder, sandbox() as site:
        connector = Connector(site, Path(folder))
        connector.prepare()
        connector.found_chapters(people)
        first = connector.apply(people)
        same = min((connector.apply(people) for _ in range(3)), key=lambda run: run.cpu)
        some = connector.apply(people, changed=max(1, members // 100))
    limits = {
        "first run: requests per member": Figure(first.requests / members, REQUESTS_EACH, digits=4),
        "nothing changed: requests": Figure(same.requests, NOTHING_CHANGED, digits=0),
        "nothing changed: requests that write": Figure(same.writes, 0, digits=0),
        "1 % changed: requests": Figure(some.requests, ONE_PERCENT, digits=0),
        "memory at most, MB": Figure(max(run.megabytes for run in (first, same, some)), MEGABYTES, digits=0),
    }
    told = {
        "first run: own CPU, s": Figure(first.cpu),
        "nothing changed: own CPU, s (best of 3)": Figure(same.cpu, CPU_SECONDS),
        "1 % changed: own CPU, s": Figure(some.cpu),
    }
    show(f"{members} members on the sandbox", limits | told)
    return all(figure.is_met for figure in limits.values())
