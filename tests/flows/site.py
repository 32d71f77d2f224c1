"""The sandbox's CiviCRM as tests of flows use it."""

import json
from dataclasses import dataclass
from typing import Any

import requests

from tests.stripe_sandbox import StripeSandbox

ADMIN_PASSWORD = "sandbox_password"  # of the sandbox's administrator
GREETINGS = ("email_greeting_display", "postal_greeting_display", "addressee_display")


@dataclass(frozen=True)
class Mailbox:
    """The sandbox's mail server, and the page that shows what came."""

    url: str
    smtp: str

    def mails(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = requests.get(f"{self.url}/mails", timeout=10).json()
        return found

    def post(self, path: str, **told: Any) -> None:
        requests.post(f"{self.url}/{path}", json=told, timeout=10).raise_for_status()


@dataclass(frozen=True)
class Site:
    """The sandbox's CiviCRM, as staff or another program would use it: with the administrator's key, over the API."""

    url: str
    api_key: str
    setup_key: str
    staff: str  # name:password
    stripe: StripeSandbox  # of the same process
    mailbox: Mailbox  # of the same process

    def api(self, entity: str, action: str, **params: Any) -> list[dict[str, Any]]:
        return self._post(f"/{entity}/{action}", {"params": json.dumps(params)})["values"]

    def person(self, number: str, *select: str) -> dict[str, Any]:
        where = [["external_identifier", "=", number], ["is_deleted", "IN", [True, False]]]
        (row,) = self.api("Contact", "get", select=["id", "is_deleted", *select], where=where)
        return row

    def status(self, number: str, group: str) -> str | None:
        rows = self.api(
            "GroupContact",
            "get",
            select=["status"],
            where=[["contact_id.external_identifier", "=", number], ["group_id.name", "=", group]],
        )
        return rows[0]["status"] if rows else None

    def set_status(self, number: str, group: str, status: str) -> None:
        """What staff do when they take somebody out of a group, or put them in."""
        contact = self.person(number)["id"]
        (found,) = self.api("Group", "get", select=["id"], where=[["name", "=", group]])
        record = {"contact_id": contact, "group_id": found["id"], "status": status}
        self.api("GroupContact", "save", records=[record], match=["contact_id", "group_id"])

    def status_of(self, contact: int, group: str) -> str | None:
        where = [["contact_id", "=", contact], ["group_id.name", "=", group]]
        rows = self.api("GroupContact", "get", select=["status"], where=where)
        return rows[0]["status"] if rows else None

    def another_staff(self, name: str) -> str:
        """One more user of the limited staff role; their name:password."""
        who = {"first_name": name, "last_name": "Staff", "email_primary.email": f"{name}@example.org"}
        (contact,) = self.api("Individual", "create", values=who)
        (first,) = self.api("User", "get", select=["roles"], where=[["username", "=", self.staff.partition(":")[0]]])
        user = {"username": name, "contact_id": contact["id"], "password": f"{name}-password", "roles": first["roles"]}
        user |= {"uf_name": f"{name}@example.org", "is_active": True}
        self.api("User", "create", values=user, actorPassword=ADMIN_PASSWORD)
        return f"{name}:{name}-password"

    def faults(self, *faults: dict[str, Any]) -> None:
        requests.post(f"{self.url}/sandbox/faults", json={"next": list(faults)}, timeout=10).raise_for_status()

    def reset(self) -> None:
        requests.post(f"{self.url}/sandbox/reset", timeout=10).raise_for_status()

    def keep(self, name: str) -> None:
        requests.post(f"{self.url}/sandbox/keep/{name}", timeout=10).raise_for_status()

    def put_back(self, name: str) -> None:
        requests.post(f"{self.url}/sandbox/put_back/{name}", timeout=10).raise_for_status()

    def asked_for(self, entity: str, action: str) -> int:
        """How often this was asked for so far."""
        log = requests.get(f"{self.url}/sandbox/requests", timeout=10).json()["log"]
        return sum((one.get("entity"), one.get("action")) == (entity, action) for one in log)

    def requests_so_far(self) -> int:
        return int(requests.get(f"{self.url}/sandbox/requests", timeout=10).json()["count"])

    def state(self) -> dict[str, Any]:
        """Everything that a sync writes, without ids and times, so that two ways to the same end compare equal."""
        people = [
            "external_identifier",
            "first_name",
            "last_name",
            "organization_name",
            *GREETINGS,
            "contact_sub_type",
            "preferred_language",
            "Solidarity_Member.Joined_On",
            "Solidarity_Chapter.Status:name",
            "is_deleted",
            "is_opt_out",
        ]
        living_or_not = [["external_identifier", "IS NOT EMPTY"], ["is_deleted", "IN", [True, False]]]
        calls: dict[str, Any] = {"Contact": ["Contact", "get", {"select": people, "where": living_or_not}]}
        for entity, fields in {
            "Email": ["contact_id.external_identifier", "email", "is_primary"],
            "Phone": ["contact_id.external_identifier", "phone", "is_primary"],
            "Address": ["contact_id.external_identifier", "city", "postal_code", "country_id:name"],
            "GroupContact": ["contact_id.external_identifier", "group_id.name", "status"],
            "Relationship": [
                "contact_id_a.external_identifier",
                "contact_id_b.external_identifier",
                "relationship_type_id:name",
                "is_active",
            ],
            "Pledge": ["Solidarity_Pledge.Source_Id", "contact_id.external_identifier", "amount", "status_id:name"],
            "PledgePayment": ["scheduled_date", "scheduled_amount", "status_id:name"],
            "Activity": [
                "Solidarity_Roster.State",
                "Solidarity_Roster.Plan",
                "Solidarity_Decision.State",
                "Solidarity_Problem.State",
                "Solidarity_Problem.Key",
            ],
            "File": ["file_name"],
            "Group": ["name", "title"],
            "CustomField": ["name", "label"],
            "ContactType": ["name"],
            "RelationshipType": ["name_a_b"],
        }.items():
            calls[entity] = [entity, "get", {"select": fields}]
        written = [["activity_type_id:name", "=", "Solidarity_Written"]]
        calls["Written"] = ["Activity", "get", {"select": ["subject", "details"], "where": written}]
        found = self._post("", {"calls": json.dumps(calls)})
        return {
            name: sorted(json.dumps({k: row[k] for k in sorted(row) if k != "id"}) for row in found[name]["values"])
            for name in calls
        }

    def _post(self, path: str, form: dict[str, str]) -> Any:
        answer = requests.post(
            f"{self.url}/civicrm/ajax/api4{path}",
            data=form,
            headers={"X-Civi-Auth": f"Bearer {self.setup_key}", "X-Requested-With": "XMLHttpRequest"},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        assert "error_message" not in answer.json(), answer.text
        return answer.json()
