"""On a real CiviCRM: our syncs against a naive script and against CiviCRM's own floor, in the same round."""

import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median

from bench.api import bare_read, naive
from bench.floor import floor
from bench.rosters import People
from bench.runs import Connector
from bench.table import Figure, show

# Ratios that hold for any size of roster, and what is asked of 10,000 members only: in a small roster the few requests
# that every run begins with weigh more.
GOALS = {
    "full sync, 1 at a time / floor": Figure(0, 0.8, ">="),
    "full sync, 2 at a time / floor": Figure(0, 1.5, ">="),
    "full sync, 2 at a time / naive": Figure(0, 30, ">=", digits=0),
    "nothing changed: requests": Figure(0, 3, digits=0),
    "nothing changed: requests that write": Figure(0, 0, digits=0),
    "1 % changed: requests": Figure(0, 5, digits=0),
}
GOALS_OF_10_000 = {
    "full sync: requests per member": Figure(0, 0.012, digits=4),
    "nothing changed / bare read": Figure(0, 1.5),
    "1 % changed, % of the full sync's time": Figure(0, 2.5, digits=1),
}


def measure(site: Mapping[str, str], *, members: int, rounds: int, naive_members: int, folder: str, php: str) -> None:
    """Run the rounds and print the medians. folder: of the site on this machine, "" to do without the floor."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as database:
        connector = Connector(site, Path(database))
        connector.prepare()
        connector.apply(_people(connector, "w", 50))  # so that no cache of the site is cold
        for number in range(1, rounds + 1):
            for name, value in _round(site, connector, members, naive_members, folder, php):
                found[name].append(value)
            show(f"Round {number}", {name: Figure(values[-1]) for name, values in found.items()})
    goals = GOALS | (GOALS_OF_10_000 if members >= 10_000 else {})
    middle = {name: replace(goals.get(name, Figure(0)), value=median(values)) for name, values in found.items()}
    show(f"{members} members, medians of {rounds} rounds", middle)


def _round(
    site: Mapping[str, str], connector: Connector, members: int, naive_members: int, folder: str, php: str
) -> Iterator[tuple[str, float]]:
    """What one round found, by name: rates in members a second, and the ratios between them."""
    plain = naive_members / naive(site, _people(connector, "n", naive_members))
    yield "naive script, members/s", plain
    least = None
    if folder:
        least = members / floor(site, _people(connector, "f", members), folder=folder, php=php)
        yield "in-process floor, members/s", least
    for workers in (1, 2):
        people = _people(connector, f"c{workers}", members)
        full = connector.apply(people, CIVICRM_WORKERS=str(workers))
        rate = members / full.seconds
        yield f"full sync, {workers} at a time, members/s", rate
        if least:
            yield f"full sync, {workers} at a time / floor", rate / least
        yield f"full sync, {workers} at a time / naive", rate / plain
    yield "full sync: requests per member", full.requests / members
    bare, same = bare_read(site, people), connector.apply(people)
    yield "bare one-request read, s", bare
    yield "nothing changed, s", same.seconds
    yield "nothing changed: own CPU, s", same.cpu
    yield "nothing changed: waiting for CiviCRM / bare read", same.waited / bare
    yield "nothing changed / bare read", same.seconds / bare
    yield "nothing changed: requests", same.requests
    yield "nothing changed: requests that write", same.writes
    some = connector.apply(people, changed=max(1, members // 100))
    yield "1 % changed, s", some.seconds
    yield "1 % changed: requests", some.requests
    yield "1 % changed, % of the full sync's time", 100 * some.seconds / full.seconds


def _people(connector: Connector, kind: str, count: int) -> People:
    """People whom nobody made before, with their chapters."""
    people = People(f"{kind}{int(time.time()):x}", count)
    connector.found_chapters(people)
    return people
