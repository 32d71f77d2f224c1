"""The demo's chapter about an alert: written and approved by two people, mailed by CiviMail, answered by a member."""

import re
from collections.abc import Callable
from typing import Any

import requests

Hold = Callable[[str, bool, dict[str, Any] | None], None]
Submit = Callable[[str, dict[str, Any]], int]
WHERE = "Solidarity_Alert"


class AlertStory:
    """api: what an administrator does in CiviCRM; solidarity: the command line; home: the connector's pages."""

    def __init__(
        self, civicrm: str, mailbox: str, home: str, api: Callable[..., list[Any]], tell: Callable[..., str]
    ) -> None:
        self._civicrm, self._mailbox, self._home = civicrm, mailbox, home
        self._api, self._solidarity = api, tell
        self.alert = 0

    def tell(self, author: Submit, other: Submit, say: Callable[[str], None]) -> None:
        """Tell it; the web service has to run."""
        self._prepare()
        say("\nAt night somebody writes what happened, in English and in Arabic, for the friends of Ras al-Auja.")
        group = self._id("Group", "friends_ras_al_auja")
        said: dict[str, Any] = {
            "Kind": "incident",
            "Community": "ras_al_auja",
            "Place": "at the spring",
            "Happened": "tonight at two",
        }
        said |= {"Body": "<p>Twelve men cut the water pipe. Nobody is hurt.</p>"}
        said |= {"Subject_ar": "رجال عند النبع", "Body_ar": "<p>قطع رجال أنبوب الماء.</p>"}
        said |= {"Ask": "Please call your officials now.", "Ask_ar": "اتصلوا بالمسؤولين الآن."}
        said |= {"Words": "I am calling about the water of Ras al-Auja.", "Audience_1": group, "State": "ready"}
        fields = {f"{WHERE}.{name}": value for name, value in said.items()}
        self.alert = author("NewAlert", {"subject": "Men at the spring of Ras al-Auja", **fields})
        self._solidarity("work", "--drain")
        row = self._row()
        say(f"  CiviCRM shows: {row[f'{WHERE}.Said']}")
        say("A second person reads the report, and types how many people get it.")
        decision: dict[str, Any] = {"About": self.alert, "Plan": row[f"{WHERE}.Plan"], "Verdict": "approve"}
        decision["Number_Of_Rows"] = row[f"{WHERE}.Count"]
        other("DecideAlert", {f"Solidarity_Decision.{name}": value for name, value in decision.items()})
        self._solidarity("work", "--drain")
        requests.post(f"{self._civicrm}/sandbox/cron", timeout=60).raise_for_status()
        self._solidarity("work", "--drain")
        say(f"  CiviCRM shows: {self._row()[f'{WHERE}.Said']}")
        say(f"A member opens the link in the mail and says what they did: {self._acts()}")

    def check(self, hold: Hold) -> None:
        """How it has to stand."""
        row = self._row()
        people = [mail["to"][0] for mail in self._mails()]
        hold(f"the alert reached {len(people)} people", len(people) == row[f"{WHERE}.Count"] > 100, None)
        hold("nobody got it twice", len(people) == len(set(people)), None)
        kept = [["activity_type_id:name", "=", "Solidarity_Action"]]
        actions = self._api("Activity", "get", select=["id"], where=kept)
        hold("what a member did is kept, once", len(actions) == 1, None)

    def _prepare(self) -> None:
        """What the administrator sets once: the address that mail comes from, and who may approve."""
        sender = {"email": "alerts@example.org", "display_name": "The network"}
        self._api("SiteEmailAddress", "update", where=[["id", ">", 0]], values=sender)
        staff = self._api("User", "get", select=["contact_id"], where=[["username", "IN", ["staff", "night"]]])
        group = self._id("Group", "alert_approvers")
        rows = [{"group_id": group, "contact_id": one["contact_id"], "status": "Added"} for one in staff]
        self._api("GroupContact", "save", records=rows, match=["group_id", "contact_id"])

    def _acts(self) -> str:
        """From the mail to the page, and a click; twice, which counts once."""
        mail = next(one for one in self._mails() if "spring" in one["subject"])
        (link,) = set(re.findall(rf"{re.escape(self._home)}/act/\S+?cid=\d+", mail["text"]))
        with requests.Session() as browser:
            page = browser.get(link, timeout=30)
            token = re.findall(r'csrf_token" value="([^"]+)"', page.text)[0]
            for _ in range(2):
                sent = {"csrf_token": token, "kind": "official"}
                browser.post(page.url.partition("?")[0], data=sent, timeout=30).raise_for_status()
        return page.url.partition("?")[0]

    def _mails(self) -> list[dict[str, Any]]:
        found = requests.get(f"{self._mailbox}/mails", timeout=60).json()
        return [one for one in found if "alerts@example.org" in one["from"] and "Draft" not in one["subject"]]

    def _row(self) -> dict[str, Any]:
        select = [f"{WHERE}.{name}" for name in ("Said", "Plan", "Count", "State")]
        row: dict[str, Any] = self._api("Activity", "get", select=select, where=[["id", "=", self.alert]])[0]
        return row

    def _id(self, entity: str, name: str) -> int:
        return int(self._api(entity, "get", select=["id"], where=[["name", "=", name]])[0]["id"])
