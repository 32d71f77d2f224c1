"""Rosters that staff hand in inside CiviCRM: planned, decided about, applied, each step written back where they look.

Every step looks at CiviCRM first and moves the activity only from the state that it saw, so it does not matter when
the connector is ended, or how often a step is begun. What an apply does is what `solidarity apply --plan` does.
"""

import html
import logging
import re
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import partial
from pathlib import Path

from connector import clock, lockdown, report
from connector.civicrm.client import CiviClient
from connector.desk import activities as desk
from connector.desk.activities import Decision, HandedIn
from connector.desk.deciding import done, void
from connector.errors import ConnectorError, TransientError, UserError
from connector.leases import Lease
from connector.lockdown import LockedDown
from connector.memory import Hasher
from connector.store import Store
from connector.sync import last_roster, questions, wording
from connector.sync.apply import Apply
from connector.sync.history import APPLIED, TRIAL
from connector.sync.run import Sync
from connector.sync.telling import Telling

# A browser sends the form first and the file after it.
WAIT_FOR_FILE = timedelta(minutes=5)

log = logging.getLogger(__name__)


class HandedInRosters:
    """What the worker does about them. mappings: their folder; lease: the right to apply a mapping."""

    def __init__(
        self,
        client: CiviClient,
        store: Store,
        hasher: Hasher,
        mappings: Path,
        lease: Callable[[str], AbstractContextManager[Lease | None]],
    ) -> None:
        self._client, self._store, self._hasher, self._mappings, self._lease = client, store, hasher, mappings, lease

    def step(self) -> int:
        """Plan what was handed in, and remove the files of those that are ended. Returns how much was done.

        Raises TransientError when CiviCRM is away; the next step begins anew.
        """
        did = 0
        for roster in desk.rosters(self._client).values():
            if roster.file and roster.state in desk.ENDED:
                desk.remove_file(self._client, roster)
                did += 1
            elif roster.state in (desk.HANDED_IN, "") and self._is_here(roster):
                self._plan(roster)
                did += 1
        return did

    def _is_here(self, roster: HandedIn) -> bool:
        return roster.file is not None or clock.now() - roster.created > WAIT_FOR_FILE

    # --- planning ----------------------------------------------------------------------------------------------------

    def _plan(self, roster: HandedIn) -> None:
        """Write what the roster would change into its activity; where it cannot be used, why."""
        try:
            with self._sync(roster) as sync:
                look = sync.look()
                plan = look.plan
                checksum = sync.history.show(plan, self._hasher)
        except TransientError:
            raise
        except ConnectorError as error:
            problems = "".join(f"<li>{html.escape(line)}</li>" for line in error.problems)
            details = f"<p>{html.escape(error.what)}</p><ul>{problems}</ul><p>Next: {html.escape(error.next_step)}</p>"
            desk.move(self._client, roster, desk.UNUSABLE, subject=desk.short(error.what), details=details)
            return
        desk.attach(self._client, roster.id, f"plan_{checksum}.csv", report.as_csv(plan, checksum))
        state = desk.PLANNED if plan.acting else desk.NOTHING
        if state == desk.NOTHING:
            questions.keep_up(self._client, look, roster.by)
            if not lockdown.is_on(self._store):
                last_roster.note(self._client, sync.mapping, plan)
        told = {
            "subject": desk.short(wording.in_words(plan)),
            "details": report.as_details(plan, needed=wording.count(plan)),
        }
        desk.move(self._client, roster, state, Plan=checksum, **told)

    # --- deciding ----------------------------------------------------------------------------------------------------

    def decide(self, decision: Decision) -> int:
        """Carry out what somebody decided about a roster. Returns 0 when it has to wait, as during a lock-down."""
        if lockdown.is_on(self._store):
            return 0
        roster = desk.rosters(self._client, [decision.about]).get(decision.about)
        if roster and roster.decision == decision.id and roster.state in desk.ENDED:
            return done(self._client, decision, "Carried out.")  # we were ended before we could say so
        if roster and roster.state == desk.APPLYING and roster.decision == decision.id:
            return self._apply(decision, roster)
        if roster is None:
            return void(self._client, decision, f"There is no roster {decision.about}.")
        if why := wording.void(decision, roster):
            return void(self._client, decision, why)
        if decision.verdict == desk.REFUSE:
            desk.move(self._client, roster, desk.REFUSED, Decision=decision.id, subject="Refused; nothing was changed.")
            return done(self._client, decision, "Refused.")
        if decision.verdict == desk.AGAIN:
            desk.move(self._client, roster, desk.HANDED_IN)
            return done(self._client, decision, "Looked at again.")
        return self._apply(decision, roster)

    def _apply(self, decision: Decision, roster: HandedIn) -> int:
        try:
            with self._sync(roster) as sync, self._lease(f"sync {roster.kind}") as lease:
                return self._applied(decision, roster, sync, lease) if lease else 0
        except TransientError:
            raise
        except ConnectorError as error:
            return self._failed(decision, roster, error)

    def _failed(self, decision: Decision, roster: HandedIn, error: ConnectorError) -> int:
        """Say why a roster could not be applied. One that was begun stays begun: each minute tries to finish it."""
        current = desk.rosters(self._client, [roster.id])[roster.id]
        if isinstance(error, LockedDown):
            if current.state == desk.APPLYING:
                told = f"Not finished; it goes on by itself after the lock-down. {error.what}"
                desk.move(self._client, current, desk.APPLYING, subject=desk.short(told))
            return 0
        log.error("roster %d: %s Next: %s", roster.id, error.what, error.next_step)
        if current.state == desk.APPLYING:
            told = f"Not finished; it is tried again each minute. {error.what} Next: {error.next_step}"
            desk.move(self._client, current, desk.APPLYING, subject=desk.short(told))
            return 0
        desk.move(self._client, current, desk.UNUSABLE, subject=desk.short(error.what))
        return void(self._client, decision, f"{error.what} Next: {error.next_step}")

    def _applied(self, decision: Decision, roster: HandedIn, sync: Sync, lease: Lease) -> int:
        look = sync.look()
        if stopped := wording.stopped(look.plan, decision, begun=roster.state == desk.APPLYING):
            desk.move(self._client, roster, desk.STOPPED, subject=desk.short(stopped))
            return void(self._client, decision, stopped)
        if roster.state != desk.APPLYING:
            if not desk.move(self._client, roster, desk.APPLYING, Decision=decision.id):
                return 0  # somebody else moved it: the next step sees how it stands
            roster = desk.rosters(self._client, [roster.id])[roster.id]
        shown, telling = sync.history.shown(roster.plan) or frozenset(), Telling(sync, roster)
        telling.announce(look, shown)
        result = Apply(sync, shown=shown, lease=lease).run(look)
        passed = [brake.name for brake in look.plan.brakes]
        state = TRIAL if result.left_out else APPLIED
        sync.history.applied(look.plan, state, passed, by=f"contact {decision.by}")
        questions.keep_up(sync.client, look, roster.by)
        last_roster.note(sync.client, sync.mapping, look.plan)
        telling.tell(decision, look, result)
        told = {"subject": desk.short(wording.done(result)), "details": wording.result(look, result)}
        desk.move(self._client, roster, desk.APPLIED, **told)
        return done(self._client, decision, wording.done(result))

    def _sync(self, roster: HandedIn) -> "_Opened":
        if not re.fullmatch(r"\w+", roster.kind):
            raise UserError(
                f"The roster {roster.id} does not say what kind it is.",
                next_step="hand it in again and choose its kind.",
            )
        return _Opened(self, roster)

    def open(self, roster: HandedIn, path: Path) -> Sync:
        """The sync of a roster whose file was written to `path`."""
        path.write_bytes(desk.file_of(self._client, roster))
        return Sync(
            client=self._client.asking_first(partial(lockdown.refuse, self._store)),
            store=self._store,
            hasher=self._hasher,
            mapping=self._mappings / f"{roster.kind}.toml",
            roster=path,
            scope=roster.scope,
        )


class _Opened:
    """A roster's file on disk for as long as it is read, in a folder that only we may enter, and its Sync."""

    def __init__(self, rosters: HandedInRosters, roster: HandedIn) -> None:
        self._rosters, self._roster = rosters, roster
        self._folder = tempfile.TemporaryDirectory(prefix="solidarity-")

    def __enter__(self) -> Sync:
        try:
            return self._rosters.open(self._roster, Path(self._folder.name) / "roster")
        except BaseException:
            self._folder.cleanup()
            raise

    def __exit__(self, *_exc: object) -> None:
        self._folder.cleanup()
