"""One alert from the form to the mailboxes, carried by the connector's own worker on the site under test.

An administrator writes it, a member of the staff with a small role approves it, CiviMail sends it. Each person gets
exactly one mail; who left or opted out gets none. On a real site mail has to go somewhere harmless.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .conftest import running_sandbox
from .desk import log_in
from .mailing import Post
from .wire import Site

WHERE = "Solidarity_Alert"
ALERTS = [["activity_type_id:name", "IN", [WHERE, "Solidarity_Decision", "Solidarity_Problem"]]]


@dataclass
class Network:
    """A site that is set up, its people, and the connector's worker."""

    site: Site
    env: dict[str, str]
    post: Post

    def solidarity(self, *words: str) -> str:
        command = [str(Path(sys.executable).with_name("solidarity")), *words]
        done = subprocess.run(command, env=self.env, check=True, capture_output=True, text=True, timeout=300)
        return done.stdout

    def alert(self, id_: int) -> dict[str, Any]:
        (row,) = self.site.get("Activity", [["id", "=", id_]], "details", f"{WHERE}.*")
        return {name.removeprefix(f"{WHERE}."): value for name, value in row.items()}

    def submit(self, form: str, who: str, fields: dict[str, Any]) -> int:
        sent = {"name": f"afformSolidarity{form}", "values": {"Activity1": [{"fields": fields}]}}
        return int(self.site.call("Afform", "submit", sent, who).values[0]["Activity1"][0]["id"])

    def group(self, name: str) -> int:
        return int(self.site.get("Group", [["name", "=", name]], "id")[0]["id"])


@pytest.fixture(scope="module")
def network(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """A real site keeps its set-up; of the stand-ins one is made for this alone."""
    folder = tmp_path_factory.mktemp("alert")
    with running_sandbox() as at:
        if site.is_sandbox:
            there = Site(at["url"], at["setup_key"], at["api_key"], site.run, is_sandbox=True, staff=at["staff"])
            sender = {"email": "network@example.org", "display_name": "The network"}  # a real site has one
            there.call("SiteEmailAddress", "update", {"where": [["id", ">", 0]], "values": sender})
        else:
            there = site
        if not (there.runtime_key and there.staff):
            pytest.skip("no CIVICRM_CONTRACT_RUNTIME_KEY or no CIVICRM_CONTRACT_STAFF")
        env = {**os.environ, "CIVICRM_URL": there.url, "CIVICRM_API_KEY": there.runtime_key}
        env |= {"CIVICRM_SETUP_KEY": there.setup_key, "DATABASE_URL": f"sqlite:///{folder}/solidarity.sqlite3"}
        env |= {"QUEUE_URL": f"sqlite:///{folder}/queue.sqlite3", "PUBLIC_URL": "https://solidarity.example.org"}
        env |= {"CONNECTOR_SECRET_KEY": "s" * 40, "CONNECTOR_FINGERPRINT_KEY": "k" * 40}
        found = Network(there, env, Post(there))
        found.solidarity("setup", "apply")
        yield found
        if not site.is_sandbox:
            site.call("Activity", "delete", {"where": ALERTS})


def test_from_the_form_to_the_mailboxes(network: Network) -> None:
    site, post = network.site, network.post
    assert log_in(site, *site.staff.split(":")).values
    parents = [network.group("solidarity_network")]
    first, second = (site.group(parents=parents) for _ in range(2))
    both = post.member(first, second)
    arab = post.member(second, preferred_language="ar_EG")
    post.member(first, is_opt_out=True)
    left = post.member(first, second)
    post.place(left, second, "Removed")
    staff = site.get("Contact", [["id", "=", "user_contact_id"]], "id", who="staff")[0]["id"]
    post.place(staff, network.group("alert_approvers"), "Added")

    said = {"Kind": "briefing", "Community": "ras_al_auja", "Body": "<p>The well is dry.</p>", "State": "ready"}
    said |= {"Ask": "Please write today.", "Audience_1": first, "Audience_2": second}
    fields = {"subject": site.unique("News"), **{f"{WHERE}.{name}": value for name, value in said.items()}}
    alert = network.submit("NewAlert", "setup", fields)
    network.solidarity("work", "--drain")
    report = network.alert(alert)
    assert (report["State"], report["Count"]) == ("ready", 2)

    about = {"About": alert, "Plan": report["Plan"], "Verdict": "approve", "Number_Of_Rows": 2}
    network.submit("DecideAlert", "staff", {f"Solidarity_Decision.{name}": value for name, value in about.items()})
    network.solidarity("work", "--drain")
    assert network.alert(alert)["State"] == "scheduled"
    post.run()
    network.solidarity("work", "--drain")
    sent = network.alert(alert)
    assert (sent["State"], sent["Delivered"]) == ("sent", 2)

    mailings = site.get("Mailing", [["name", "LIKE", f"%{alert}%"]], "id", "status")
    assert {one["status"] for one in mailings} == {"Complete"}
    assert sorted(contact for one in mailings for contact in post.delivered(one["id"])) == sorted([both, arab])
    post.run()
    network.solidarity("work", "--drain")
    assert sorted(contact for one in mailings for contact in post.delivered(one["id"])) == sorted([both, arab])
