"""CiviCRM's side of a roster of pledges: what is there, what becomes of it, how it is written."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping as MappingType, Sequence
from dataclasses import dataclass, replace
from datetime import date

from connector import clock
from connector.civicrm import records
from connector.civicrm.answers import Row
from connector.civicrm.client import Call, CiviClient
from connector.civicrm.records import Group
from connector.civicrm.schema import canonical
from connector.civicrm.site import Site
from connector.memory import Agreement, Remember
from connector.plan import Action, Change
from connector.sync import pledge_table
from connector.sync.desired import Desired
from connector.sync.mapping import PLEDGE, Mapping
from connector.sync.plan import Decision
from connector.sync.pledge_table import CONTACT, Pledge, Promise
from connector.sync.rows import Wanted
from connector.sync.writing import Written, guarded


@dataclass(frozen=True, slots=True)
class PledgeSide:
    """The pledges of one look; see `sync.run.Side`. promises: row key → what there is for it."""

    client: CiviClient
    mapping: Mapping
    groups: MappingType[str, Group]
    promises: MappingType[str, Promise]

    def decide(self, desired: Desired, remember: Remember) -> Decision:
        """What becomes of each row."""
        memory = remember({pledge.id for promise in self.promises.values() for pledge in promise.pledges})
        return pledge_table.decide(desired.wanted, desired.told, self.promises, memory, self.mapping)

    def announced(self, _batch: Sequence[Change]) -> list[Agreement]:
        """Nothing: only removals are announced, and no pledge is ever removed."""
        return []

    def write(self, batch: Sequence[Change], _groups: MappingType[str, Group]) -> Written:
        """Carry out a batch: all new pledges in one call, each changed one under the values that were seen."""
        done = Written()
        new = [change for change in batch if change.action is Action.CREATE]
        ids = records.create_pledges(self.client, [self._record(change) for change in new], _number(self.mapping))
        for change, id_ in zip(new, ids, strict=True):
            done.made[change.key] = id_
            done.agreed += [(id_, one.field, one.after) for one in change.fields if one.field != CONTACT]
        changed = [(change, change.id) for change in batch if change.action is Action.UPDATE and change.id]
        found = self.client.multi({change.key: guarded(PLEDGE, id_, change.fields) for change, id_ in changed})
        done.moved = {key for key, rows in found.items() if not rows}
        for change, id_ in changed:
            if change.key not in done.moved:
                done.agreed += [(id_, one.field, one.after) for one in change.fields]
        return done

    def _record(self, change: Change) -> Row:
        """What CiviCRM is sent for a new pledge; it makes the payments from it."""
        values = {one.field: one.after for one in change.fields if one.field != CONTACT}
        contact = self.promises[change.key].contact
        return {**terms(values, clock.now().date()), **values, "contact_id": contact}


def terms(values: MappingType[str, str | None], today: date) -> Row:
    """What a new pledge needs besides what a roster says, so that its payments fall on the day of the first one.

    values: canonical. CiviCRM counts the status of several payments by itself, but takes that of a single one as sent.
    """
    first = date.fromisoformat(values["start_date"] or "")
    overdue = values["installments"] == "1" and first < today
    return {
        "original_installment_amount": values["amount"],
        # of the month, or of the week with 0 for Sunday; other units do without
        "frequency_day": first.isoweekday() % 7 if values["frequency_unit"] == "week" else first.day,
        "create_date": today.isoformat(),
        "status_id:name": "Overdue" if overdue else "Pending",
    }


def read(
    client: CiviClient,
    mapping: Mapping,
    site: Site,
    desired: Desired,
    links: MappingType[str, int],
    _gone: Collection[int],
) -> PledgeSide:
    """Read the pledges of these rows. links: row key → pledge. What is no longer in a roster stays as it is."""
    reader = _Reader(client, mapping, site)
    return PledgeSide(client, mapping, site.groups, reader.read(desired.wanted, links))


class _Reader:
    def __init__(self, client: CiviClient, mapping: Mapping, site: Site) -> None:
        self._client, self._site = client, site
        self._forms = {path: canonical(path, site.schema.field(PLEDGE, path)) for path in mapping.fields}
        self._number = _number(mapping)

    def read(self, wanted: Sequence[Wanted], links: MappingType[str, int]) -> dict[str, Promise]:
        """Two requests, and one more when a row has no pledge yet or its contact was merged."""
        contacts = self._contacts({row.contact for row in wanted if row.contact})
        linked = {row.key: links[row.key] for row in wanted if row.key in links}
        pledges = self._pledges([row.fields[self._number] for row in wanted], list(linked.values()))
        numbered: defaultdict[str, dict[int, Pledge]] = defaultdict(dict)
        for pledge in pledges:
            numbered[(pledge.fields[self._number] or "").casefold()][pledge.id] = pledge
        by_id = {pledge.id: pledge for pledge in pledges}
        found = {}
        for row in wanted:
            mine = dict(numbered[row.fields[self._number].casefold()])
            if linked.get(row.key) in by_id:
                mine[linked[row.key]] = by_id[linked[row.key]]
            contact, in_trash = contacts.get((row.contact or "").casefold(), (None, False))
            there = tuple(mine.values())
            found[row.key] = Promise(contact, in_trash, there, gone=row.key in linked and not there)
        return found | self._alike([(row, found[row.key]) for row in wanted if not found[row.key].pledges])

    def _contacts(self, numbers: Iterable[str]) -> dict[str, tuple[int, bool]]:
        """External identifier, in small letters, → its living contact, or one in the trash that nobody followed."""
        rows = records.contacts(self._client, [], numbers=sorted(numbers))
        lost = [int(row["id"]) for row in rows if row["is_deleted"]]
        merged = records.survivors(self._client, lost, self._site.contact_actions)
        found: dict[str, tuple[int, bool]] = {}
        for row in sorted(rows, key=lambda row: not row["is_deleted"]):
            id_ = int(row["id"])
            there = (merged.get(id_, id_), bool(row["is_deleted"]) and id_ not in merged)
            found[str(row["external_identifier"]).casefold()] = there
        return found

    def _pledges(self, numbers: Sequence[str], ids: Sequence[int]) -> list[Pledge]:
        calls: dict[str, Call] = {}
        for name, values in ((self._number, numbers), ("id", ids)):
            for count, some in enumerate(records.chunks(list(values), records.CHUNK)):
                calls[f"{name} {count}"] = self._get([[name, "IN", list(some)]])
        rows = {row["id"]: row for found in self._client.multi(calls).values() for row in found}
        return [self._pledge(rows[id_]) for id_ in sorted(rows)]

    def _alike(self, missing: Sequence[tuple[Wanted, Promise]]) -> dict[str, Promise]:
        """These promises with the pledges of their contacts that have no number but their amount and first day."""
        contacts = sorted({promise.contact for _, promise in missing if promise.contact})
        calls = {
            str(count): self._get([["contact_id", "IN", list(some)], [self._number, "IS EMPTY"]])
            for count, some in enumerate(records.chunks(contacts, records.CHUNK))
        }
        rows = [row for part in self._client.multi(calls).values() for row in part]
        theirs: defaultdict[tuple[object, ...], list[Pledge]] = defaultdict(list)
        for pledge in map(self._pledge, rows):
            if pledge.status != pledge_table.CANCELLED:
                theirs[_looks(pledge.contact, pledge.fields)].append(pledge)
        return {
            row.key: replace(promise, alike=tuple(theirs[_looks(promise.contact, row.fields)]))
            for row, promise in missing
        }

    def _get(self, where: list[list[object]]) -> Call:
        select = sorted({"id", "contact_id", "status_id:name", *self._forms})
        return (PLEDGE, "get", {"select": select, "where": where})

    def _pledge(self, row: Row) -> Pledge:
        return Pledge(
            id=int(row["id"]),
            contact=int(row["contact_id"]),
            status=row["status_id:name"] or "",
            fields={path: form(row.get(path)) for path, form in self._forms.items()},
        )


def _number(mapping: Mapping) -> str:
    """The field that holds a pledge's own number."""
    return mapping.match[0][0]


def _looks(contact: int | None, fields: MappingType[str, str | None]) -> tuple[object, ...]:
    return contact, fields.get("amount"), fields.get("start_date")
