"""One thing that always fails does not hold up the others: what fails together is tried one by one."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from connector.errors import AlreadyExists, ConnectorError, PermanentError, TransientError, UserError
from connector.plan import Change

Thing = TypeVar("Thing")
Result = TypeVar("Result")
# Does all of them. Or does nothing, and returns those that have to be tried alone first.
Together = Callable[[Sequence[Thing]], tuple[dict[Thing, Result], set[Thing]]]


def do(
    things: Sequence[Thing],
    together: Together[Thing, Result],
    failed: Callable[[ConnectorError], Result],
    answers: Callable[[], bool],
) -> dict[Thing, Result]:
    """Thing → what became of it.

    failed: what becomes of one after an error. answers: whether CiviCRM answers a plain question; when it does, the
    trouble is with what was asked about these things. After a write whose outcome is unknown nothing is tried at once.
    """
    try:
        done, alone = together(things)
    except (PermanentError, AlreadyExists, UserError) as error:
        if not answers():
            return dict.fromkeys(things, failed(TransientError(error.what, next_step=error.next_step)))
        if len(things) == 1:
            return {things[0]: failed(error)}
        done, alone = {}, set(things)
    except ConnectorError as error:
        return dict.fromkeys(things, failed(error))
    if alone:
        rest = [thing for thing in things if thing not in alone]
        done |= do(rest, together, failed, answers) if rest else {}
        for thing in things:
            done |= do([thing], together, failed, answers) if thing in alone else {}
    return done


def look(
    things: Sequence[Thing],
    together: Callable[[Sequence[Thing]], Iterable[Change]],
    refused: Callable[[Thing, PermanentError], Change],
    answers: Callable[[], bool],
) -> Iterator[Change]:
    """What would be done about all of them; refused: what is told of one that cannot be looked at."""
    try:
        yield from list(together(things))
    except PermanentError as error:
        if not answers():
            raise
        if len(things) == 1:
            yield refused(things[0], error)
            return
        for thing in things:
            yield from look([thing], together, refused, answers)
