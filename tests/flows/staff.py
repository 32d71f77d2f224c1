"""A member of the staff at their browser: the forms of CiviCRM, sent as a browser sends them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.flows.conftest import Connector, Site

HAND_IN, DECIDE, ANSWER = (f"afformSolidarity{name}" for name in ("HandIn", "Decide", "Answer"))


@dataclass
class Staff:
    """A member of the staff at their browser, with the rights of the limited role, and the worker's next minute."""

    site: Site
    connector: Connector
    login: str = ""  # name:password; the one of the sandbox's own staff user

    def __post_init__(self) -> None:
        """Log in as at the screen; CiviCRM sets the author of an activity from this session."""
        self._browser = requests.Session()
        self._browser.headers["X-Requested-With"] = "XMLHttpRequest"
        name, _, password = (self.login or self.site.staff).partition(":")
        params = json.dumps({"identifier": name, "password": password})
        url = f"{self.site.url}/civicrm/ajax/api4/User/login"
        self._browser.post(url, data={"params": params}, timeout=30).raise_for_status()

    @property
    def contact(self) -> int:
        """The contact behind the user."""
        name = (self.login or self.site.staff).partition(":")[0]
        (row,) = self.site.api("User", "get", select=["contact_id"], where=[["username", "=", name]])
        return int(row["contact_id"])

    def submit(self, form: str, fields: dict[str, Any]) -> int:
        """Send a form of the Solidarity menu; returns the activity that it makes."""
        values = {"Activity1": [{"fields": fields}]}
        sent = {"name": f"afformSolidarity{form}", "values": values}
        (made,) = self._post("submit", {"params": json.dumps(sent)})
        return int(made["Activity1"][0]["id"])

    def hand_in(self, path: Path, kind: str = "members", *, comes: bool = True, **fields: Any) -> int:
        """Fill in the form and send it with the file; returns the activity. comes: whether the file is taken."""
        values = {"Solidarity_Roster.Kind": kind, **{f"Solidarity_Roster.{k}": v for k, v in fields.items()}}
        sent = {"name": HAND_IN, "values": {"Activity1": [{"fields": values}]}}
        (made,) = self._post("submit", {"params": json.dumps(sent)})
        where = {"name": HAND_IN, "modelName": "Activity1", "fieldName": "Solidarity_Roster.File"}
        with path.open("rb") as file:
            params = {"params": json.dumps({**where, "token": made["token"]})}
            self._post("submitFile", params, {"file": file}, taken=comes)
        return int(made["Activity1"][0]["id"])

    def decide(self, roster: int, verdict: str, number: int | None = None, plan: str | None = None) -> int:
        """Decide about a roster by the form; the plan is the one that stands there, as the button has it."""
        fields = {"About": roster, "Plan": plan or self.roster(roster)["Plan"], "Verdict": verdict}
        fields |= {"Number_Of_Rows": number} if number is not None else {}
        values = {"Activity1": [{"fields": {f"Solidarity_Decision.{k}": v for k, v in fields.items()}}]}
        (made,) = self._post("submit", {"params": json.dumps({"name": DECIDE, "values": values})})
        return int(made["Activity1"][0]["id"])

    def answer(self, problem: int, verdict: str) -> int:
        """Decide about a connector problem by its form."""
        fields = {"Solidarity_Decision.About": problem, "Solidarity_Decision.Verdict": verdict}
        values = {"Activity1": [{"fields": fields}]}
        (made,) = self._post("submit", {"params": json.dumps({"name": ANSWER, "values": values})})
        return int(made["Activity1"][0]["id"])

    def problems(self) -> dict[int, str]:
        """The list of open problems: number, and what the connector says."""
        where = [["activity_type_id:name", "=", "Solidarity_Problem"], ["Solidarity_Problem.State", "=", "open"]]
        return {row["id"]: row["subject"] for row in self.site.api("Activity", "get", select=["subject"], where=where)}

    def works(self) -> str:
        """What the worker does within the next minute."""
        return self.connector.run("work", "--drain")

    def roster(self, id_: int) -> dict[str, Any]:
        """What the list and the activity show."""
        select = ["subject", "details", "Solidarity_Roster.*"]
        (row,) = self.site.api("Activity", "get", select=select, where=[["id", "=", id_]])
        return {name.removeprefix("Solidarity_Roster."): value for name, value in row.items()}

    def decision(self, id_: int) -> tuple[str, str]:
        select = ["subject", "Solidarity_Decision.State"]
        (row,) = self.site.api("Activity", "get", select=select, where=[["id", "=", id_]])
        return row["Solidarity_Decision.State"], row["subject"]

    def read(self, url: str) -> bytes:
        """A file behind a link."""
        return self._browser.get(f"{self.site.url}{url}", timeout=30).content

    def _post(
        self, action: str, form: dict[str, str], files: Any = None, *, taken: bool = True
    ) -> list[dict[str, Any]]:
        url = f"{self.site.url}/civicrm/ajax/api4/Afform/{action}"
        answer = self._browser.post(url, data=form, files=files, timeout=30)
        assert (answer.status_code == 200) == taken, answer.text
        return answer.json()["values"] if taken else []
