"""The pages behind the links in a mailing: leave its list, or opt out of everything; and the switch of the mail run.

A link that is only opened shows a page; the form on it, or one click of a mail program (RFC 8058), does it.
"""

from flask import Blueprint, Response, jsonify, render_template, request

from sandbox.civicrm import dates, groups, groups_of, mail_run
from sandbox.civicrm.http import Door
from sandbox.civicrm.site import Call, Caller, Site
from sandbox.civicrm.store import Row


def routes(door: Door) -> Blueprint:
    """The pages of one site."""
    pages = Blueprint("leaving", __name__, template_folder="templates")

    @pages.route("/civicrm/mailing/<any(unsubscribe, optout):what>", methods=["GET", "POST"])
    def leave(what: str) -> Response:
        with door.lock:
            queued = _queued(door.site)
            if queued is None:
                return Response("There was an error in your request", 400)
            if request.method == "POST":
                (_leave if what == "unsubscribe" else _opt_out)(door.site, queued)
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
    row = site.table("MailingQueue").get(request.args.get("qid", type=int) or 0)
    return row if row and row["hash"] == request.args.get("h") else None


def _leave(site: Site, queued: Row) -> None:
    """Out of the groups of the mailing, and of those below them that the person is in."""
    rows = site.table("MailingGroup").find("mailing_id", queued["mailing_id"])
    named = {int(row["entity_id"]) for row in rows if row["group_type"] == "Include"}
    call = Call(site, Caller(queued["contact_id"], frozenset()), method="Email")
    for group in groups_of.descendants(site, named):
        members = site.table("GroupContact").find("contact_id", queued["contact_id"])
        if any(row["group_id"] == group and row["status"] == "Added" for row in members):
            groups.set_status(call, group, queued["contact_id"], "Removed")
    mailing = site.table("Mailing").rows[queued["mailing_id"]]
    site.table("Mailing").update(mailing, {"stats_unsubscribes": (mailing.get("stats_unsubscribes") or 0) + 1})


def _opt_out(site: Site, queued: Row) -> None:
    person = site.table("Contact").rows[queued["contact_id"]]
    site.table("Contact").update(person, {"is_opt_out": True, "modified_date": dates.now()})
    history = {"contact_id": person["id"], "group_id": None, "method": "Email", "status": "Removed", "tracking": None}
    site.table("SubscriptionHistory").insert({**history, "date": dates.now()})
