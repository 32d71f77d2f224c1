"""The floor: the same members made by CiviCRM itself in one process of its own, on the machine where it runs."""

import json
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

from bench.api import Api
from bench.rosters import CITY, POSTCODE, STREET, People, phone

BATCH = 250


def floor(site: Mapping[str, str], people: People, *, folder: str, php: str) -> float:
    """Make these people by floor.php. folder: of the site; php: the command. Returns the seconds, without its start."""
    chapters = Api(site).chapters(people)
    members = [
        {
            "contact": people.contact(one),
            "email": {"email": people.email(one)},
            "phone": {"phone": phone(one)},
            "address": {"street_address": STREET, "city": CITY, "postal_code": POSTCODE, "country_id:name": "IE"},
            "group_id": chapters[people.chapter(one)][1],
            "contact_id_b": chapters[people.chapter(one)][0],
            "type": "Chapter_Member",
        }
        for one in range(people.count)
    ]
    script = str(Path(__file__).with_name("floor.php"))
    done = subprocess.run(
        [*shlex.split(php), script, folder],
        input=json.dumps({"batch": BATCH, "members": members}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"floor.php ended with {done.returncode}: {done.stderr[-1000:]} {done.stdout[-1000:]}")
    return float(json.loads(done.stdout.splitlines()[-1])["seconds"])
