"""What can happen at Stripe, by name: `{"do": "give", "amount": 5000, …}` becomes changed objects and events."""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.stripe import checkout, disputes, gifts, monthly, payouts, refunds
from sandbox.stripe.shapes import Json
from sandbox.stripe.world import Refused, World


def _wait(world: World, step: Json) -> None:
    """Time passes: `seconds`, `days`, or until the moment `to`."""
    world.advance(int(step.get("seconds", 0)) + 86_400 * int(step.get("days", 0)))
    if "to" in step:
        world.advance_to(int(step["to"]))


def _tell_again(world: World, step: Json) -> None:
    """A second Event object for one happening, as Stripe sometimes makes."""
    event = next(event for event in reversed(world.events) if event["id"] == step["event"])
    world.tell(event["type"], event["data"]["object"], event["data"].get("previous_attributes"))


STEPS: Mapping[str, Callable[[World, Json], Any]] = {
    step.__name__.strip("_"): step
    for step in (
        gifts.give,
        gifts.fee,
        gifts.debit_succeeds,
        gifts.debit_fails,
        gifts.debit_again,
        gifts.debit_bounces,
        gifts.cancel_payment,
        gifts.delete_customer,
        gifts.redact,
        checkout.expire,
        monthly.subscribe,
        monthly.never_paid,
        monthly.renew,
        monthly.retry,
        monthly.give_up,
        monthly.paid_out_of_band,
        monthly.change_amount,
        monthly.pause,
        monthly.resume,
        monthly.cancel_at_period_end,
        monthly.cancel_now,
        refunds.refund,
        refunds.refund_succeeds,
        refunds.refund_fails,
        refunds.refund_canceled,
        disputes.dispute,
        disputes.dispute_escalates,
        disputes.dispute_answered,
        disputes.dispute_won,
        disputes.dispute_lost,
        disputes.dispute_appealed,
        disputes.dispute_won_after_all,
        payouts.payout,
        payouts.payout_paid,
        payouts.payout_fails,
        _wait,
        _tell_again,
    )
}


def run(world: World, step: Json) -> Json:
    """Do one step; says which objects it made or changed, by kind, and which events it told them with.

    `silent` makes no events, `live` makes the first of them one of live mode.
    """
    do = STEPS.get(str(step.get("do")))
    if do is None:
        raise Refused(f"unknown step {step.get('do')!r}; known are {sorted(STEPS)}")
    known, told = set(world.objects), len(world.events)
    world.silent, world.next_is_live = bool(step.get("silent")), bool(step.get("live"))
    try:
        do(world, step)
    except (LookupError, StopIteration, TypeError, ValueError) as error:
        raise Refused(f"{step['do']} cannot be done with this: {error!r}") from error
    finally:
        world.silent = world.next_is_live = False
    events = world.events[told:]
    touched: dict[str, list[str]] = {}
    ids = [id for id in world.objects if id not in known]
    for id in dict.fromkeys([*ids, *(event["data"]["object"]["id"] for event in events)]):
        touched.setdefault(world.objects[id]["object"], []).append(id)
    return {"objects": touched, "events": [event["id"] for event in events], "clock": world.clock}
