"""Rosters that staff hand in inside CiviCRM: planned, decided about, applied, each step written back where they look.

Every step looks at CiviCRM first and moves the activity only from the state that it saw, so it does not matter when
the connector is ended, or how often a step is begun. What an apply does is what `solidarity apply --plan` does.
"""

import html
import logging
import re
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

from connector import clock, report
from connector.civicrm.client import CiviClient
from connector.desk import activities as desk, problems
from connector.desk.activities import Decision, HandedIn
from connector.desk.problems import Problem
from connector.errors import ConnectorError, TransientError, UserError
from connector.leases import Lease
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


# What carries out a decision about another flow's problem, and says in words what was done.
Answer = Callable[[Problem, str], str]


class HandedInRosters:
    """The step that the worker takes each minute. mappings: their folder; lease: the right to apply a mapping.

    others: the first word of a problem's key → who answers for that flow.
    """

    def __init__(
        self,
        client: CiviClient,
        store: Store,
        hasher: Hasher,
        mappings: Path,
        lease: Callable[[str], AbstractContextManager[Lease | None]],
        others: Mapping[str, Answer] | None = None,
    ) -> None:
        self._client, self._store, self._hasher, self._mappings, self._lease = client, store, hasher, mappings, lease
        self._others = others or {}

    def step(self) -> int:
        """Plan what was handed in, carry out what was decided. Returns how much was done, 0 when nothing waits.

        Raises TransientError when CiviCRM is away; the next step begins anew.
        """
        decisions = desk.decisions(self._client)
        abouts = [decision.about for decision in decisions]
        asked = problems.by_number(self._client, abouts)
        rosters = desk.rosters(self._client, abouts)
        done = 0
        for roster in rosters.values():
            if roster.state in (desk.HANDED_IN, "") and (roster.file or clock.now() - roster.created > WAIT_FOR_FILE):
                self._plan(roster)
                done += 1
        for decision in decisions:
            # looked at again: an earlier decision of this very step may have moved what this one is about
            if decision.about in asked:
                done += self._answered(decision, problems.by_number(self._client, [decision.about]))
                continue
            current = desk.rosters(self._client, [decision.about]).get(decision.about)
            done += self._decided(decision, current)
        for roster in desk.rosters(self._client).values():
            if roster.file and roster.state in desk.ENDED:
                desk.remove_file(self._client, roster)
                done += 1
        return done

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
            desk.move(self._client, roster, desk.UNUSABLE, subject=wording.short(error.what), details=details)
            return
        desk.attach(self._client, roster.id, f"plan_{checksum}.csv", report.as_csv(plan, checksum))
        state = desk.PLANNED if plan.acting else desk.NOTHING
        if state == desk.NOTHING:
            questions.keep_up(self._client, look, roster.by)
            last_roster.note(self._client, sync.mapping, plan)
        told = {
            "subject": wording.short(wording.in_words(plan)),
            "details": report.as_details(plan, needed=wording.count(plan)),
        }
        desk.move(self._client, roster, state, Plan=checksum, **told)

    # --- deciding ----------------------------------------------------------------------------------------------------

    def _decided(self, decision: Decision, roster: HandedIn | None) -> int:
        """Carry out one decision. Returns 0 when it has to wait."""
        if roster and roster.decision == decision.id and roster.state in desk.ENDED:
            return self._close(decision, desk.DONE, "Carried out.")  # we were ended before we could say so
        if roster and roster.state == desk.APPLYING and roster.decision == decision.id:
            return self._apply(decision, roster)
        if roster is None:
            return self._close(decision, desk.VOID, f"There is no roster {decision.about}.")
        if void := wording.void(decision, roster):
            return self._close(decision, desk.VOID, void)
        if decision.verdict == desk.REFUSE:
            desk.move(self._client, roster, desk.REFUSED, Decision=decision.id, subject="Refused; nothing was changed.")
            return self._close(decision, desk.DONE, "Refused.")
        if decision.verdict == desk.AGAIN:
            desk.move(self._client, roster, desk.HANDED_IN)
            return self._close(decision, desk.DONE, "Looked at again.")
        return self._apply(decision, roster)

    def _answered(self, decision: Decision, found: Mapping[int, Problem]) -> int:
        """What somebody decided about a row that asks."""
        problem = found.get(decision.about)
        if problem and problem.decision == decision.id:
            return self._close(decision, desk.DONE, "Carried out.")  # we were ended before we could say so
        if problem is None or problem.state != problems.OPEN:
            return self._close(decision, desk.VOID, f"Problem {decision.about} is closed already.")
        other = self._others.get(problem.key.partition(":")[0])
        if other:
            told = other(problem, decision.verdict)
        elif decision.verdict in (questions.TAKE_ROSTER, questions.KEEP_CIVICRM):
            told = questions.answer(self._client, self._store, self._hasher, problem, decision)
        elif decision.verdict in (desk.AGAIN, desk.DISMISS):
            told = "Closed; it is opened again if a later roster asks it again."
        else:
            return self._close(decision, desk.VOID, "That is no answer to a problem.")
        waved = {desk.DISMISS, questions.KEEP_CIVICRM} if other else {desk.DISMISS}
        state = problems.DISMISSED if decision.verdict in waved else problems.SOLVED
        problems.close(self._client, problem, state, decision.id)
        return self._close(decision, desk.DONE, told)

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
        log.error("roster %d: %s Next: %s", roster.id, error.what, error.next_step)
        if current.state == desk.APPLYING:
            told = f"Not finished; it is tried again each minute. {error.what} Next: {error.next_step}"
            desk.move(self._client, current, desk.APPLYING, subject=wording.short(told))
            return 0
        desk.move(self._client, current, desk.UNUSABLE, subject=wording.short(error.what))
        return self._close(decision, desk.VOID, f"{error.what} Next: {error.next_step}")

    def _applied(self, decision: Decision, roster: HandedIn, sync: Sync, lease: Lease) -> int:
        look = sync.look()
        if stopped := wording.stopped(look.plan, decision, begun=roster.state == desk.APPLYING):
            desk.move(self._client, roster, desk.STOPPED, subject=wording.short(stopped))
            return self._close(decision, desk.VOID, stopped)
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
        questions.keep_up(self._client, look, roster.by)
        last_roster.note(self._client, sync.mapping, look.plan)
        telling.tell(decision, look, result)
        told = {"subject": wording.short(wording.done(result)), "details": wording.result(look, result)}
        desk.move(self._client, roster, desk.APPLIED, **told)
        return self._close(decision, desk.DONE, wording.done(result))

    def _close(self, decision: Decision, state: str, why: str) -> int:
        desk.close(self._client, decision, state, wording.short(why))
        return 1

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
            client=self._client,
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
