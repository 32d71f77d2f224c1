"""The stand-in's model tells the recorded stories as they were told: the same events, fields and sums."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from sandbox.stripe import recorded
from sandbox.stripe.steps import run
from sandbox.stripe.world import World

GIVER = {"name": "Amina Example", "email": "amina@example.org", "city": "Cork", "country": "IE"}
MONTHLY: list[dict[str, Any]] = [
    {"do": "subscribe", "amount": 2000},
    {"do": "renew"},
    {"do": "renew"},
    {"do": "renew", "outcome": "fails"},
    {"do": "retry"},
    {"do": "cancel_at_period_end"},
    {"do": "renew"},
]


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("a-onetime-card", [{"do": "give", "amount": 5000, "note": "For the children"}]),
        ("a2-expired", [{"do": "expire"}]),
        ("b1-debit-succeeds", [{"do": "give", "amount": 12000, "method": "sepa_debit"}, {"do": "debit_succeeds"}]),
        ("b2-debit-fails", [{"do": "give", "amount": 7500, "method": "sepa_debit"}, {"do": "debit_fails"}]),
        ("c-monthly", MONTHLY),
        ("d1-refund-full", [{"do": "give", "amount": 5000}, {"do": "refund"}]),
        (
            "d2-refund-partial",
            [{"do": "give", "amount": 10000}, {"do": "refund", "amount": 3000}, {"do": "refund", "amount": 2000}],
        ),
        (
            "e1-dispute-lost",
            [{"do": "give", "amount": 8000}, {"do": "dispute"}, {"do": "dispute_answered"}, {"do": "dispute_lost"}],
        ),
    ],
)
def test_a_recorded_story_happens_again(name: str, steps: Sequence[dict[str, Any]]) -> None:
    world, story = World(), recorded.read(name)
    for step in steps:
        run(world, {**GIVER, **step})
    told = [event for event in world.events if event["type"] != "charge.refund.updated"]  # the old twin
    wanted = list(story.deliveries.values())
    assert sorted(event["type"] for event in told) == sorted(event["type"] for event in wanted)
    for event in wanted:
        same = next(one for one in told if one["type"] == event["type"])
        told.remove(same)
        differing = set(_paths(event["data"]["object"])) ^ set(_paths(same["data"]["object"]))
        assert differing <= {"last_payment_error.doc_url"}, event["type"]
        assert _states(same) == _states(event)
    lines = [found for found in story.objects.values() if found["object"] == "balance_transaction"]
    made = world.of("balance_transaction")
    assert sorted((one["type"], one["amount"], one["fee"], one["net"]) for one in made) == sorted(
        (one["type"], one["amount"], one["fee"], one["net"]) for one in lines
    )


def _states(event: dict[str, Any]) -> dict[str, Any]:
    names = ("status", "payment_status", "amount", "amount_total", "amount_paid", "amount_refunded", "refunded", "paid")
    return {name: event["data"]["object"].get(name) for name in names}


def _paths(found: Any, path: str = "") -> Iterator[str]:
    if isinstance(found, dict):
        for key, value in found.items():
            if key != "metadata":
                yield f"{path}{key}"
                yield from _paths(value, f"{path}{key}.")
    elif isinstance(found, list):
        for one in found:
            yield from _paths(one, f"{path}[].")
