"""The one reader of what staff decide: looks up what each decision is about and hands it to the flow that it concerns.

The flows do not know each other: connector/cli/work.py says who carries out decisions about which type of activity,
and whose a problem is by the first word of its key.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from connector.civicrm.client import CiviClient
from connector.desk import activities as desk, problems
from connector.desk.activities import Decision
from connector.desk.problems import Problem
from connector.errors import ConnectorError

log = logging.getLogger(__name__)

# Carries out one decision and closes it. Returns how much was done: 0 when it has to wait for another minute.
Handler = Callable[[Decision], int]


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of an answer to a problem.

    said: one sentence for whoever answered. state: what the problem is now, SOLVED or DISMISSED; OPEN when it was no
    answer to it.
    """

    said: str
    state: str


# Carries out an answer to an open problem, or returns None when that has to wait for another minute. It may be called
# again for the same one after the worker was ended.
Answer = Callable[[Problem, Decision], Answered | None]


class Deciding:
    """The step that the worker takes each minute. handlers: type of activity → who carries out decisions about it."""

    def __init__(self, client: CiviClient, handlers: Mapping[str, Handler]) -> None:
        self._client, self._handlers = client, handlers

    def step(self) -> int:
        """Hand on every decision that nobody looked at yet, oldest first. Returns how much was done.

        One that waits, or is in trouble, holds up only later ones about the same thing. Raises the first trouble when
        all had their turn.
        """
        decisions = desk.decisions(self._client)
        types = self._types({decision.about for decision in decisions})
        done, held, trouble = 0, set[int](), list[ConnectorError]()
        for decision in decisions:
            if decision.about in held:
                continue
            try:
                did = self._hand_on(decision, types.get(decision.about, ""))
            except ConnectorError as error:
                trouble.append(error)
                did = 0
            done += did
            held |= set() if did else {decision.about}
        for other in trouble[1:]:
            log.warning("%s Next: %s", other.what, other.next_step)
        if trouble:
            raise trouble[0]
        return done

    def _hand_on(self, decision: Decision, type_: str) -> int:
        handler = self._handlers.get(type_)
        return handler(decision) if handler else void(self._client, decision, f"There is no {decision.meant}.")

    def _types(self, ids: Iterable[int]) -> dict[int, str]:
        """Activity → its type's name, for those that are there."""
        if not (wanted := sorted(set(ids) - {0})):
            return {}
        where = [["id", "IN", wanted], ["is_deleted", "=", False]]
        rows = self._client.api4("Activity", "get", select=["id", "activity_type_id:name"], where=where)
        return {int(row["id"]): str(row["activity_type_id:name"] or "") for row in rows}


class Answering:
    """Hands answers to problems on. answers: the first word of a problem's key → whose it is; rest: the others'.

    The others' keys begin with the name of a mapping, which only the network knows.
    """

    def __init__(self, client: CiviClient, answers: Mapping[str, Answer], rest: Answer) -> None:
        self._client, self._answers, self._rest = client, answers, rest

    def decide(self, decision: Decision) -> int:
        """Carry out what somebody decided about a problem. Returns 0 when it has to wait."""
        problem = problems.by_number(self._client, [decision.about]).get(decision.about)
        if problem and problem.decision == decision.id:
            return done(self._client, decision, "Carried out.")  # we were ended before we could say so
        if problem is None or problem.state != problems.OPEN:
            return void(self._client, decision, f"Problem {decision.about} is closed already.")
        answered = self._answers.get(problem.key.partition(":")[0], self._rest)(problem, decision)
        if answered is None:
            return 0
        if answered.state == problems.OPEN:
            return void(self._client, decision, answered.said)
        problems.close(self._client, problem, answered.state, decision.id)
        return done(self._client, decision, answered.said)


def done(client: CiviClient, decision: Decision, said: str) -> int:
    """Close a decision that was carried out."""
    desk.close(client, decision, desk.DONE, said)
    return 1


def void(client: CiviClient, decision: Decision, why: str) -> int:
    """Close a decision that cannot be carried out."""
    desk.close(client, decision, desk.VOID, why)
    return 1
