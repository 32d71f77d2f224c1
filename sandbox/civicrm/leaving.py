"""The pages behind the links in a mailing: leave its groups, come back, opt out of everything; and the site's cron.

A link that is only opened shows a page; the form on it, or one click of a mail program (RFC 8058), does it.
"""

from flask import Blueprint, Response, jsonify, render_template, request

from sandbox.civicrm import dates, groups, groups_of, mail_run, smart
from sandbox.civicrm.http import Door
from sandbox.civicrm.site import Call, Caller, Site
from sandbox.civicrm.store import Row


def routes(door: Door) -> Blueprint:
    """The pages of one site."""
    pages = Blueprint("leaving", __name__, template_folder="templates")

    @pages.route("/civicrm/mailing/<any(unsubscribe, optout, resubscribe):what>", methods=["GET", "POST"])
    def leave(what: str) -> Response:
        with door.lock:
            queued = _queued(door.site)
            if queued is None:
                return Response("Invalid request: bad parameters", 400)
            if request.method == "POST" or (what == "resubscribe" and "confirm" in request.args):
                _ACTS[what](door.site, queued)
                mail_run.count(door.site, queued["mailing_id"])
            if request.method == "POST":
                return Response("OK")
            return Response(render_template("leave.html", what=what))

    @pages.post("/sandbox/cron")
    def cron() -> Response:
        with door.lock:
            try:
                return jsonify(processed=mail_run.run(door.site))
            except mail_run.NotConnected:
                return jsonify(processed=0, error="not connected")

    return pages


def _queued(site: Site) -> Row | None:
    row = site.table(mail_run.QUEUE).get(request.args.get("qid", type=int) or 0)
    return row if row and row["hash"] == request.args.get("h") else None


def _leave(site: Site, queued: Row) -> None:
    """Out of the groups of the mailing, and of those below them that the person is in; smart ones too."""
    call = Call(site, Caller(queued["contact_id"], frozenset()), method="Email")
    for group in groups_of.descendants(site, _named(site, queued)):
        if queued["contact_id"] in smart.members(site, group) or _has(site, queued, group, "Added"):
            groups.set_status(call, group, queued["contact_id"], "Removed")
    _note(site, queued, is_all=False)


def _opt_out(site: Site, queued: Row) -> None:
    person = site.table("Contact").rows[queued["contact_id"]]
    site.table("Contact").update(person, {"is_opt_out": True, "modified_date": dates.now()})
    history = {"contact_id": person["id"], "group_id": None, "method": "Email", "status": "Removed", "tracking": None}
    site.table("SubscriptionHistory").insert({**history, "date": dates.now()})
    _note(site, queued, is_all=True)


def _come_back(site: Site, queued: Row) -> None:
    """Into the groups of the mailing (not those below) again; only who left them by this very mail."""
    events = site.table(mail_run.UNSUBSCRIBE)
    left = [row for row in events.find("event_queue_id", queued["id"]) if not row["org_unsubscribe"]]
    call = Call(site, Caller(queued["contact_id"], frozenset()), method="Email")
    for group in _named(site, queued) if left else ():
        if _has(site, queued, group, "Removed"):
            groups.set_status(call, group, queued["contact_id"], "Added")
    for row in left:
        events.delete(row)


_ACTS = {"unsubscribe": _leave, "optout": _opt_out, "resubscribe": _come_back}


def _named(site: Site, queued: Row) -> set[int]:
    rows = site.table("MailingGroup").find("mailing_id", queued["mailing_id"])
    included = [row for row in rows if (row["group_type"], row["entity_table"]) == ("Include", "civicrm_group")]
    return {int(row["entity_id"]) for row in included}


def _has(site: Site, queued: Row, group: int, status: str) -> bool:
    rows = site.table("GroupContact").find("contact_id", queued["contact_id"])
    return any(row["group_id"] == group and row["status"] == status for row in rows)


def _note(site: Site, queued: Row, *, is_all: bool) -> None:
    event = {"event_queue_id": queued["id"], "org_unsubscribe": is_all, "time_stamp": dates.now()}
    site.table(mail_run.UNSUBSCRIBE).insert(event)
