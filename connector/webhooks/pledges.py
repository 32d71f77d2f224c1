"""Keeps pledges as their gifts are: looks giver by giver under a lease, moves instalments, lets CiviCRM count anew.

Two ways lead here: a payment that names its pledge, and a contribution that staff entered. Everything is counted from
what CiviCRM holds, never added, so that nothing is paid twice by a run that was killed.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connector import clock
from connector.civicrm.client import Call, CiviClient
from connector.leases import Leases
from connector.plan import Action, Change, FieldChange
from connector.webhooks import accounts, ledger
from connector.webhooks.accounts import Account, Pledge
from connector.webhooks.instalments import COMPLETED, Instalment, Move, carried_out, counted_status, moves, open_status

# How often one giver is looked at in one run. Each look settles one gift of theirs.
MOST_ROUNDS = 50
INSTALMENT = "instalment"


@dataclass(frozen=True, slots=True)
class Paying:
    """A contribution that pledges may have to follow. pledge: the one that it names, 0 for none."""

    contribution: int
    contact: int
    pledge: int = 0


@dataclass(slots=True)
class Settled:
    """What became of it. questions: contribution → why it cannot pay the pledge that it names.

    busy: contact whom another worker is at work on, until when; None when somebody changed a pledge meanwhile.
    """

    questions: dict[int, str] = field(default_factory=dict)
    busy: dict[int, datetime | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pledges:
    """The pledges of one CiviCRM. types: the funds' financial types."""

    client: CiviClient
    leases: Leases
    types: Collection[str]

    def settle(self, paying: Sequence[Paying]) -> Settled:
        """Bring the pledges of these givers to what their gifts pay. Two or three requests for all of them."""
        done = Settled()
        for contact in sorted({one.contact for one in paying}):
            if until := self.leases.take(_lease_name(contact)):
                done.busy[contact] = until
        waiting = {one.contact for one in paying} - set(done.busy)
        for _ in range(MOST_ROUNDS):
            found = self._look(waiting, paying)
            done.questions |= {id_: why for one in found.values() for id_, why in one.questions.items()}
            calls = {contact: dict(_calls(account)) for contact, account in found.items()}
            answers = self.client.multi({name: call for each in calls.values() for name, call in each.items()})
            missed = {contact for contact, each in calls.items() if not all(answers[name] for name in each)}
            done.busy |= dict.fromkeys(missed)
            waiting = {contact for contact, each in calls.items() if any(INSTALMENT in name for name in each)} - missed
            if not waiting:
                return done
        done.busy |= dict.fromkeys(waiting)
        return done

    def doubtful(self, contacts: Iterable[int]) -> set[int]:
        """Those who may have been the end of another run: nobody gave the lease on them back. Takes the leases."""
        for contact in sorted(contacts):
            self.leases.take(_lease_name(contact))
        return {contact for contact in contacts if _lease_name(contact) in self.leases.ran_out}

    def differences(self, paying: Sequence[Paying]) -> Iterator[Change]:
        """What `settle` would do, without doing it."""
        for account in self._look({one.contact for one in paying}, paying).values():
            today, rows = clock.now().date(), account.instalments
            while found := moves(account.gifts, rows):
                yield from map(_change, found)
                rows = carried_out(found, rows, today)

    def _look(self, contacts: Iterable[int], paying: Sequence[Paying]) -> Mapping[int, Account]:
        ids = sorted(contacts)
        named = {one.contribution: one.pledge for one in paying if one.pledge}
        found = self.client.multi(accounts.calls(ids, set(named.values()))) if ids else {}
        return accounts.read(ids, named, self.types, found) if ids else {}


def _lease_name(contact: int) -> str:
    return f"pledges of {contact}"


def _calls(account: Account) -> Iterator[tuple[str, Call]]:
    """The writes of one round: instalments that move, then the pledges whose status has to be counted anew."""
    found = moves(account.gifts, account.instalments)
    touched = {move.seen.pledge for move in found}
    for move in found:
        yield f"{INSTALMENT} {move.seen.id}", _moved(move, account.pledges[move.seen.pledge])
    for pledge in account.pledges.values():
        if pledge.id in touched or _is_miscounted(pledge, account.instalments):
            # sent without a status, the amount that it has lets CiviCRM count the status
            where = [["id", "=", pledge.id], ledger.TEST_TOO, ["amount", "=", str(pledge.amount)]]
            yield (
                f"pledge {pledge.id}",
                ("Pledge", "update", {"where": where, "values": {"amount": str(pledge.amount)}}),
            )


def _moved(move: Move, pledge: Pledge) -> Call:
    """The write of one move, unless somebody changed the instalment since; the rest is made only together with it."""
    seen = move.seen
    unpaid = open_status(seen.due, clock.now().date())
    whose = ["contribution_id", "=", seen.contribution] if seen.contribution else ["contribution_id", "IS EMPTY"]
    values = {
        "scheduled_amount": str(move.amount),
        "actual_amount": str(move.amount) if move.contribution else None,
        "contribution_id": move.contribution or None,
        "status_id:name": COMPLETED if move.contribution else unpaid,
    }
    where = [["id", "=", seen.id], ["status_id:name", "=", seen.status], whose]
    params = {"where": [*where, ["scheduled_amount", "=", str(seen.scheduled)]], "values": values}
    if move.rest:
        rest = {
            "pledge_id": seen.pledge,
            "scheduled_amount": str(move.rest),
            "scheduled_date": seen.due.isoformat(),
            "currency": pledge.currency,
            "status_id:name": unpaid,
        }
        params["chain"] = {"rest": ["PledgePayment", "create", {"values": rest}]}
    return ("PledgePayment", "update", params)


def _is_miscounted(pledge: Pledge, instalments: Sequence[Instalment]) -> bool:
    """True when a run was killed, or CiviCRM opened instalments of a deleted gift, and nobody counted."""
    counted = counted_status([one.status for one in instalments if one.pledge == pledge.id])
    return pledge.status != accounts.CANCELLED and counted is not None and counted != pledge.status


def _change(move: Move) -> Change:
    seen = move.seen
    fields = [
        FieldChange("contribution_id", str(seen.contribution or ""), str(move.contribution or "")),
        FieldChange("scheduled_amount", str(seen.scheduled), str(move.amount)),
    ]
    shown = tuple(one for one in fields if one.before != one.after)
    reason = "a gift pays it" if move.contribution else "its gift was given back"
    return Change(
        Action.UPDATE, "PledgePayment", f"pledge {seen.pledge}", reason, seen.id if seen.id > 0 else None, fields=shown
    )
