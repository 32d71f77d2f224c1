"""What came of an alert, for the community it was about: what members did, by kind and by country, and no names."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connector.alerts.acting import ACTION
from connector.civicrm.client import CiviClient
from connector.civicrm.records import chunks

# One or two people in a country could be guessed. They are counted among the others.
FEWEST = 3
OTHERS = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Sums. people: how many did something; by_country: ISO code → people, OTHERS for those too few or unknown."""

    people: int
    by_kind: Mapping[str, int]
    by_country: Mapping[str, int]


def read(client: CiviClient, alert: int) -> Outcome:
    """Two requests, and one more for each 1,000 people."""
    where = [["activity_type_id:name", "=", ACTION], ["is_deleted", "=", False], [f"{ACTION}.Alert", "=", alert]]
    rows = client.api4("Activity", "get", select=["source_contact_id", f"{ACTION}.Kind"], where=where)
    done = [(int(row["source_contact_id"]), str(row[f"{ACTION}.Kind"])) for row in rows if row["source_contact_id"]]
    countries: dict[int, str] = {}
    for some in chunks(sorted({contact for contact, _ in done}), 1000):
        found = client.api4(
            "Contact", "get", select=["address_primary.country_id:name"], where=[["id", "IN", list(some)]]
        )
        countries |= {int(row["id"]): str(row["address_primary.country_id:name"] or OTHERS) for row in found}
    return summed(done, countries)


def summed(done: Iterable[tuple[int, str]], countries: Mapping[int, str]) -> Outcome:
    """The sums of who did what. Pure."""
    pairs = set(done)
    people = {contact for contact, _ in pairs}
    counted = Counter(countries.get(contact, OTHERS) for contact in people)
    few = sum(number for code, number in counted.items() if code == OTHERS or number < FEWEST)
    named = {code: number for code, number in counted.items() if code != OTHERS and number >= FEWEST}
    by_country = dict(sorted(named.items(), key=lambda pair: (-pair[1], pair[0]))) | ({OTHERS: few} if few else {})
    return Outcome(len(people), dict(Counter(kind for _, kind in pairs)), by_country)


def mail(alert: int, people: int, url: str, language: str) -> tuple[str, str]:
    """Subject and text of the mail to the community's contact. language: en or ar."""
    subject, text = _MAILS.get(language, _MAILS["en"])
    return subject.format(alert=alert), text.format(people=people, url=url)


_MAILS = {
    "en": (
        "What members did after alert {alert}",
        "Dear friends,\n\nAfter our last alert {people} members all over the world told us that they acted. This page "
        "shows what they did, by kind and by country; it names nobody:\n\n{url}\n\nIt is for you. You may share it.\n",
    ),
    "ar": (
        "ما فعله الأعضاء بعد التنبيه {alert}",
        "أصدقاءنا الأعزاء،\n\nبعد تنبيهنا الأخير أخبرنا {people} من الأعضاء حول العالم بأنهم تحرّكوا. "
        "تعرض هذه الصفحة ما فعلوه، حسب النوع والبلد، دون ذكر أي اسم:\n\n{url}\n\nهذه الصفحة لكم، ويمكنكم مشاركتها.\n",
    ),
}
