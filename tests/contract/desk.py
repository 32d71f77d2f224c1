"""What staff need in CiviCRM to hand in a file and to decide on it, made over the API as a set-up would make it."""

import json
from dataclasses import dataclass
from typing import Any

from .wire import AJAX, Answer, Site

FORM = """<af-form ctrl="afform">
  <af-entity type="Activity" name="Activity1" label="{label}" data="{{'activity_type_id:name': '{type}', source_contact_id: 'user_contact_id'}}" actions="{{create: true, update: false}}" security="RBAC" url-autofill="0"></af-entity>
  <fieldset af-fieldset="Activity1" class="af-container" af-title="{label}">
{fields}
  </fieldset>
  <button class="af-button btn btn-primary" crm-icon="fa-check" ng-click="afform.submit()">{label}</button>
</af-form>"""  # noqa: E501 as a page's file has it
FIELD = '    <af-field name="{name}" defn="{defn}"></af-field>'
TABLE = '<crm-search-display-table search-name="{0}" display-name="{0}"></crm-search-display-table>'
PAGE = f'<div af-fieldset="">{TABLE}</div>'


@dataclass
class Desk:
    """Activity types, fields, forms and a list; all names start with the run's."""

    site: Site

    @property
    def roster(self) -> str:
        """Type of the activity that brings a file, and name of the custom group on it."""
        return f"{self.site.run}_Roster"

    @property
    def decision(self) -> str:
        return f"{self.site.run}_Decision"

    @property
    def hand_in(self) -> str:
        """Name of the form."""
        return f"afform{self.site.run}HandIn"

    @property
    def decide(self) -> str:
        return f"afform{self.site.run}Decide"

    @property
    def rosters(self) -> str:
        """Name of the page; the search and its display are called as the activity type."""
        return f"afsearch{self.site.run}Rosters"

    def route(self, page: str) -> str:
        return f"civicrm/{self.site.run}/{page}"

    def set_up(self) -> None:
        types = [
            {"option_group_id.name": "activity_type", "name": name, "label": name, "icon": "fa-gavel"}
            for name in (self.roster, self.decision)
        ]
        self.site.save("OptionValue", *types, match=["option_group_id", "name"])
        groups = [
            {
                "name": name,
                "title": name,
                "extends": "Activity",
                "extends_entity_column_value:name": [name],
                "style": "Inline",
            }
            for name in (self.roster, self.decision)
        ]
        self.site.save("CustomGroup", *groups, match=["name"])
        for field in self.fields():
            self.site.save("CustomField", field, match=["name", "custom_group_id"])
        self.site.save("SavedSearch", self.search(), match=["name"])
        self.site.save("SearchDisplay", self.display(), match=["name", "saved_search_id"])
        for form in self.forms():
            self.site.save("Afform", form, match=["name"], layoutFormat="html")
        self.site.call("System", "flush")

    def take_down(self) -> None:
        self.site.call("Activity", "delete", {"where": [["activity_type_id:name", "IN", [self.roster, self.decision]]]})
        self.site.call("Afform", "revert", {"where": [["name", "LIKE", f"af%{self.site.run}%"]]})

    def fields(self) -> list[dict[str, Any]]:
        def one(group: str, name: str, data_type: str, html_type: str, **more: Any) -> dict[str, Any]:
            kind = {"data_type": data_type, "html_type": html_type}
            return {"custom_group_id.name": group, "name": name, "label": f"The {name.lower()}", **kind, **more}

        return [
            one(self.roster, "Kind", "String", "Select", option_values=_options("chapters", "members")),
            one(self.roster, "Scope", "String", "Text"),
            one(self.roster, "File", "File", "File"),
            one(
                self.roster, "State", "String", "Select", default_value="new", option_values=_options("new", "planned")
            ),
            one(self.roster, "Ask", "ContactReference", "Autocomplete-Select"),
            one(self.decision, "About", "Int", "Text"),
            one(self.decision, "Verdict", "String", "Radio", option_values=_options("apply", "refuse")),
            one(self.decision, "Number", "Int", "Text"),
        ]

    def search(self) -> dict[str, Any]:
        select = ["id", "activity_date_time", f"{self.roster}.Kind:label", f"{self.roster}.State:label"]
        where = [["activity_type_id:name", "=", self.roster]]
        params = {"version": 4, "select": select, "where": where}
        return {"name": self.roster, "label": self.roster, "api_entity": "Activity", "api_params": params}

    def display(self) -> dict[str, Any]:
        link = {"path": f"{self.route('decide')}#?{self.decision}.About=[id]", "text": "Decide", "style": "default"}
        columns = [
            {"type": "field", "key": f"{self.roster}.Kind:label", "label": "Kind", "sortable": True},
            {"type": "field", "key": f"{self.roster}.State:label", "label": "State"},
            {"type": "buttons", "links": [link]},
        ]
        settings = {"sort": [["activity_date_time", "DESC"]], "limit": 50, "actions": False, "columns": columns}
        found = {"name": self.roster, "label": self.roster, "saved_search_id.name": self.roster}
        return {**found, "type": "table", "settings": settings}

    def forms(self) -> list[dict[str, Any]]:
        common = {"permission": ["access CiviCRM"], "create_submission": True, "redirect": f"/{self.route('rosters')}"}
        hand_in = self._form("Hand in", self.roster, Kind="{required: true}", Scope="{}", File="{required: true}")
        asked = {"About": "{required: true}", "Verdict": "{required: true, label: 'Your verdict'}", "Number": "{}"}
        decide = self._form("Decide", self.decision, **asked)
        return [
            {
                "name": self.hand_in,
                "type": "form",
                "title": "Hand in a roster",
                "server_route": self.route("hand-in"),
                "layout": hand_in,
                **common,
            },
            {
                "name": self.decide,
                "type": "form",
                "title": "Decide",
                "server_route": self.route("decide"),
                "layout": decide,
                **common,
            },
            {
                "name": self.rosters,
                "type": "search",
                "title": "Rosters",
                "server_route": self.route("rosters"),
                "permission": ["access CiviCRM"],
                "layout": PAGE.format(self.roster),
            },
        ]

    def _form(self, label: str, group: str, **fields: str) -> str:
        lines = (FIELD.format(name=f"{group}.{name}", defn=defn) for name, defn in fields.items())
        return FORM.format(label=label, type=group, fields="\n".join(lines))

    # What a page of the site does when staff click, and what it answers.

    def submit(self, form: str, values: dict[str, Any], who: str = "staff", **params: Any) -> Answer:
        sent = {"name": form, "values": {"Activity1": [{"fields": values}]}, **params}
        return self.site.call("Afform", "submit", sent, who)

    def upload(self, token: str, name: str, content: bytes, **params: Any) -> Answer:
        """The second request of a form with a file."""
        about = {"name": self.hand_in, "modelName": "Activity1", "fieldName": f"{self.roster}.File"}
        sent = {**about, "entityIndex": 0, "joinEntity": "", "joinIndex": "", "token": token, **params}
        file = {"file": (name, content, "text/csv")}
        path = "/civicrm/ajax/api4/Afform/submitFile"
        return self.site.send(path, {"params": json.dumps(sent)}, self.site.headers("staff"), files=file)

    def handed_in(self, name: str = "members.csv", content: bytes = b"a,b\n1,2\n") -> int:
        """A new activity of staff, with its file; its id."""
        (done,) = self.submit(self.hand_in, {f"{self.roster}.Kind": "members"}).values
        assert self.upload(done["token"], name, content).values
        return int(done["Activity1"][0]["id"])

    def activity(self, activity_id: int, *select: str, who: str = "runtime") -> dict[str, Any]:
        return self.site.get("Activity", [["id", "=", activity_id]], *select, who=who)[0]

    def attach(self, activity_id: int, name: str = "plan.csv", content: str = "a,b\n") -> Answer:
        file = {"name": name, "mime_type": "text/csv", "content": content}
        return self.site.v3("Attachment", "create", entity_table="civicrm_activity", entity_id=activity_id, **file)

    def download(self, url: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        """GET with the runtime key, unless other headers are given. Status and bytes."""
        headers = self.site.headers("runtime") if headers is None else headers
        reply = self.site.http.get(self.site.url + url, headers=headers, timeout=60, allow_redirects=False)
        return reply.status_code, reply.content


def log_in(site: Site, name: str, password: str) -> Answer:
    """Staff at the login page; who is logged in is told by the cookie that is kept in `site.cookies`."""
    params = json.dumps({"identifier": name, "password": password})
    url = f"{site.url}/civicrm/ajax/api4/User/login"
    reply = site.http.post(url, {"params": params}, headers=AJAX, timeout=60)
    site.cookies["staff"] = "; ".join(f"{cookie.name}={cookie.value}" for cookie in site.http.cookies)
    site.http.cookies.clear()
    return Answer(reply.status_code, reply.headers["content-type"].split(";")[0], reply.json())


def _options(*names: str) -> list[dict[str, str]]:
    return [{"id": name, "name": name, "label": name.title()} for name in names]
