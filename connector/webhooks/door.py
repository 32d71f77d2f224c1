"""The door `POST /webhooks/stripe`: is it Stripe, keep ids and money, answer. Nobody is asked anything meanwhile.

200: kept, or known already. 400: not genuine, or no event of ours. 503: could not be kept, Stripe sends it again.
"""

import logging
from collections.abc import Sequence

import sqlalchemy as sa
from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from connector.errors import TransientError, UserError
from connector.inbox import IGNORED, PARKED, WAITING, WRONG_MODE, Inbox
from connector.stripe_api import VERSION, is_genuine
from connector.webhooks import events
from connector.webhooks.events import Event

log = logging.getLogger(__name__)

# Stripe's largest events are some tens of KB.
LARGEST = 512 * 1024


def blueprint(inbox: Inbox, secrets: Sequence[str], livemode: bool) -> Blueprint:
    """The door. secrets: of the endpoint, several while one is rolled; livemode: which of Stripe's worlds is ours."""
    door = Blueprint("webhooks", __name__)

    @door.post("/webhooks/stripe")
    def stripe() -> Response:
        """Keep one event."""
        request.max_content_length = LARGEST
        try:
            body = request.get_data()
        except RequestEntityTooLarge:
            return _answer(400, "too large")
        if not is_genuine(body, request.headers.get("Stripe-Signature", ""), secrets):
            return _answer(400, "not genuine")
        try:
            event = events.read(body)
        except UserError as error:
            log.warning("%s", error.what)
            return _answer(400, "not a snapshot event")
        return _kept(inbox, event, livemode)

    return door


def _kept(inbox: Inbox, event: Event, livemode: bool) -> Response:
    state, why = judge(event, livemode)
    if event.api_version != VERSION:
        log.warning("Stripe's endpoint uses API version %s, the connector %s", event.api_version[:40], VERSION)
    try:
        is_new = inbox.put(
            event_id=event.id,
            type=event.type,
            object_id=event.object_id,
            root=event.root,
            livemode=event.livemode,
            account=event.account,
            api_version=event.api_version[:64],
            created=event.created,
            amount=event.amount,
            currency=event.currency,
            state=state,
            why=why,
        )
    except (TransientError, sa.exc.SQLAlchemyError) as error:
        log.error("A webhook could not be kept (%s); Stripe sends it again", type(error).__name__)
        return _answer(503, "not kept")
    return _answer(200, "kept" if is_new else "known")


def judge(event: Event, livemode: bool) -> tuple[str, str]:
    """What becomes of an event at the door: the state of its row, and why."""
    if event.livemode != livemode:
        ours, theirs = ("live", "test") if livemode else ("test", "live")
        return PARKED, f"{WRONG_MODE}{theirs} mode, but the connector is in {ours} mode"
    if event.account:
        return IGNORED, "an event of a connected account"
    if not event.root:
        return IGNORED, "nothing has to be settled because of it"
    if event.root.startswith("in_") and event.amount == 0:
        return IGNORED, "an invoice of nothing has no payment"
    return WAITING, ""


def _answer(status: int, text: str) -> Response:
    return Response(text, status, mimetype="text/plain")
