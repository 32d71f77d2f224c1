"""Plain HTTP to a CiviCRM, as the tests of the contract speak it: no client of ours in between.

`Site.call` sends one API v4 call and gives back status, type and body as they came.
"""

import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

AJAX = {"X-Requested-With": "XMLHttpRequest"}
JSON = "application/json"
DATE = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class Answer:
    status: int
    type: str
    body: Any

    @property
    def values(self) -> Any:
        assert (self.status, self.type) == (200, JSON), self.body
        return self.body["values"]

    @property
    def error(self) -> str:
        assert self.type == JSON, (self.status, self.type)
        return str(self.body["error_message"])

    @property
    def is_html(self) -> bool:
        return self.type.startswith("text/html")


@dataclass
class Site:
    url: str
    setup_key: str
    runtime_key: str
    # Starts everything this run makes, so that the suite can be run on a used site again and again.
    run: str
    is_sandbox: bool
    # NAME:PASSWORD of a user with a small role, as staff have it.
    staff: str = ""
    # Who is logged in at the screen, by name of the part that is played.
    cookies: dict[str, str] = field(default_factory=dict)
    http: requests.Session = field(default_factory=requests.Session)
    _count: int = 0

    def unique(self, text: str = "x") -> str:
        self._count += 1
        return f"{self.run}-{text}-{self._count}"

    def key(self, who: str) -> str:
        return {"setup": self.setup_key, "runtime": self.runtime_key}[who]

    def send(
        self,
        path: str,
        form: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        *,
        method: str = "POST",
        patient: bool = True,
        **more: Any,
    ) -> Answer:
        """A real site answers 302 or a page for a moment while it rebuilds its caches: not done, so ask again."""
        for _ in range(40 if patient and not self.is_sandbox else 1):
            reply = self.http.request(
                method, self.url + path, data=form, headers=headers, timeout=60, allow_redirects=False, **more
            )
            kind = reply.headers.get("content-type", "").lower()
            if reply.status_code != 302 and not (reply.status_code == 200 and kind.startswith("text/html")):
                break
            time.sleep(0.25)
        self.http.cookies.clear()
        kind = kind.split(";")[0] if kind.startswith(JSON) else kind
        return Answer(reply.status_code, kind, reply.json() if kind == JSON else reply.text)

    def headers(self, who: str) -> dict[str, str]:
        if who in self.cookies:
            return {"Cookie": self.cookies[who], **AJAX}
        return {"X-Civi-Auth": f"Bearer {self.key(who)}", **AJAX}

    def call(self, entity: str, action: str, params: Any = None, who: str = "setup", **form: str) -> Answer:
        body = {"params": json.dumps(params or {}), **form}
        return self.send(f"/civicrm/ajax/api4/{entity}/{action}", body, self.headers(who))

    def many(self, calls: Any, who: str = "setup") -> Answer:
        return self.send("/civicrm/ajax/api4", {"calls": json.dumps(calls)}, self.headers(who))

    def v3(self, entity: str, action: str, who: str = "runtime", **params: Any) -> Answer:
        form = {"entity": entity, "action": action, "json": json.dumps(params)}
        return self.send("/civicrm/ajax/rest", form, self.headers(who))

    def get(
        self, entity: str, where: list[Any], *select: str, who: str = "setup", **params: Any
    ) -> list[dict[str, Any]]:
        rows = self.call(entity, "get", {"select": list(select), "where": where, **params}, who).values
        assert isinstance(rows, list)
        return rows

    def save(self, entity: str, *records: dict[str, Any], who: str = "setup", **params: Any) -> list[dict[str, Any]]:
        rows = self.call(entity, "save", {"records": list(records), **params}, who).values
        assert isinstance(rows, list)
        return rows

    def person(self, **values: Any) -> int:
        """A new Individual of this run; trashed when the run ends."""
        made = {"first_name": "Amina", "external_identifier": self.unique("p"), **values}
        return int(self.save("Individual", made)[0]["id"])

    def organization(self, **values: Any) -> int:
        made = {"organization_name": self.unique("Chapter"), "external_identifier": self.unique("o"), **values}
        return int(self.save("Organization", made)[0]["id"])

    def group(self, **values: Any) -> int:
        name = self.unique("group")
        return int(
            self.save("Group", {"name": name, "title": name, "group_type:name": ["Mailing List"], **values})[0]["id"]
        )

    def wait_a_second(self, moment: str) -> str:
        """Until a change would get a later date than `moment`. A date after it, as the site writes dates."""
        time.sleep(1.1)
        later = datetime.strptime(moment, DATE).replace(tzinfo=UTC) + timedelta(seconds=1)
        return later.strftime(DATE)

    def contact(self, contact_id: int, *select: str) -> dict[str, Any]:
        return self.get("Contact", [["id", "=", contact_id]], *select)[0]
