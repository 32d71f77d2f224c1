"""CiviCRM's screens for staff, as far as they are needed: login, the pages that were provisioned, an activity, a file.

A page is drawn from the stored Afform, plainly; sent off, it does what the real page's two requests do.
"""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request

from sandbox.civicrm import accounts, auth, files, forms, http, lists, options, query
from sandbox.civicrm.errors import ApiError, LoginRefused, NotPermitted
from sandbox.civicrm.permissions import may_open
from sandbox.civicrm.seed import STAFF_PASSWORD
from sandbox.civicrm.site import Call
from sandbox.civicrm.store import Row

_ACTIVITY = [
    "activity_type_id:label", "subject", "activity_date_time", "status_id:label", "details",
    "source_contact_id.display_name",
]  # fmt: skip


def routes(door: http.Door) -> Blueprint:
    """The screens of one site; who is not logged in gets 403, as from the real one."""
    pages = Blueprint("screens", __name__, template_folder="templates")

    def answered(draw: Callable[[Call], Any]) -> Any:
        with door.lock:
            try:
                call = Call(door.site, auth.caller_of(door.site, request))
            except LoginRefused:
                abort(401)
            return draw(call)

    @pages.route("/civicrm/login", methods=["GET", "POST"])
    def login() -> Any:
        return answered(_log_in)

    @pages.get("/civicrm/file")
    def file() -> Any:
        return answered(_file)

    @pages.get("/civicrm/activity")
    def activity() -> Any:
        return answered(_activity)

    @pages.route("/civicrm/<path:route>", methods=["GET", "POST"])
    def page(route: str) -> Any:
        return answered(lambda call: _page(call, route))

    return pages


def _log_in(call: Call) -> Any:
    cookie = None
    if request.method == "POST":
        cookie = accounts.log_in(call.site, request.form["identifier"], request.form["password"])
    if cookie is None:
        return render_template("login.html", is_wrong=request.method == "POST", password=STAFF_PASSWORD)
    response = redirect("/civicrm/home", 303)
    response.set_cookie(accounts.COOKIE, cookie, httponly=True, samesite="Lax")
    return response


def _file(call: Call) -> Response:
    if not call.caller.may(files.READ):
        return http.html("Access denied", 403)
    number, token = request.args.get("id", ""), request.args.get("fcs", "")
    found = files.bytes_of(call.site, int(number) if number.isdigit() else None, token)
    # An empty file counts as none.
    if found is None or not found[1]:
        return Response("", 302, {"Location": "/"})
    row, content = found
    named = {"Content-Disposition": f'download; filename="{row["file_name"]}"'}
    return Response(content, headers=named, content_type=f"{row['mime_type']};charset=UTF-8")


def _activity(call: Call) -> Any:
    number = request.args.get("id", "")
    where = [["id", "=", int(number) if number.isdigit() else 0]]
    if not call.caller.may("access CiviCRM"):
        return http.html("Access denied", 403)
    rows = query.get(call, "Activity", {"select": _ACTIVITY, "where": where}).values or abort(404)
    shown = {
        "activity": rows[0],
        "menu": menu(call),
        "fields": _fields(call, rows[0]["id"]),
        "attached": files.attached(call.site, rows[0]["id"]),
    }
    page = http.html(render_template("activity.html", **shown))
    # Details are HTML from outside; the real one washes them, here no script of theirs may run.
    page.headers["Content-Security-Policy"] = "script-src 'none'"
    return page


def _fields(call: Call, activity: int) -> list[tuple[str, Any]]:
    """Title and value of the custom fields that have one; choices by their label, files by their name."""
    row = call.site.table("Activity").rows[activity]
    found = [f for f in call.site.fields("Activity").values() if f.type == "Custom" and row.get(f.name) is not None]
    ends = [".file_name" if f.fk == "File" else ":label" if options.has_options("Activity", f) else "" for f in found]
    paths = [f.name + end for f, end in zip(found, ends, strict=True)]
    (shown,) = query.get(call, "Activity", {"select": ["id", *paths], "where": [["id", "=", activity]]}).values
    return [(str(f.title), shown.get(path)) for f, path in zip(found, paths, strict=True)]


def menu(call: Call) -> list[dict[str, Any]]:
    """What hangs below each top of the menu and the caller may open."""
    rows = [row for row in call.site.table("Navigation") if row["is_active"] and may_open(call.caller, row)]
    rows.sort(key=lambda row: row.get("weight") or 0)
    tops = [row for row in rows if row.get("parent_id") is None]
    return [{"top": top, "items": [row for row in rows if row.get("parent_id") == top["id"]]} for top in tops]


def _page(call: Call, route: str) -> Any:
    if not call.caller.may("access CiviCRM"):
        return http.html("Access denied", 403)
    if route == "home":
        return render_template("desk.html", menu=menu(call))
    form = call.site.table("Afform").first(server_route=f"civicrm/{route}") or abort(404)
    if not may_open(call.caller, form):
        return http.html("Access denied", 403)
    model = forms.Model(form["layout"])
    if model.search:
        return _list(call, form, model)
    said = None
    if request.method == "POST":
        try:
            return _sent(call, form, model)
        except ApiError as error:
            said = error.message
    asked = [_asked(call, model, name) for name in model.fields]
    return render_template("form.html", menu=menu(call), form=form, asked=asked, said=said, sent=request.form)


def _list(call: Call, form: Row, model: forms.Model) -> str:
    search, display = model.search or ("", "")
    rows = _rows(call, search, display)
    columns = (call.site.table("SearchDisplay").first(name=display) or {})["settings"]["columns"]
    is_about_activities = (call.site.table("SavedSearch").first(name=search) or {})["api_entity"] == "Activity"
    shown = {"columns": columns, "rows": rows, "is_about_activities": is_about_activities}
    shown["notices"] = _told(call, model.notices)
    return render_template("list.html", menu=menu(call), form=form, **shown)


def _rows(call: Call, search: str, display: str) -> list[Row]:
    """What a list shows; nothing to whoever may not read it, as the real page's own request is refused then."""
    try:
        return lists.run(call, {"savedSearch": search, "display": display})
    except NotPermitted:
        return []


def notices(call: Call) -> list[str]:
    """What the notices over any list say now, each once."""
    models = [forms.Model(form["layout"]) for form in call.site.table("Afform")]
    return _told(call, dict.fromkeys(one for model in models for one in model.notices))


def _told(call: Call, wanted: Iterable[tuple[str, str]]) -> list[str]:
    found = [row for search, display in wanted for row in _rows(call, search, display)]
    return [str(cell["val"]) for row in found for cell in row["columns"]]


def _asked(call: Call, model: forms.Model, name: str) -> dict[str, Any]:
    """One question of a form."""
    field, defn = call.site.fields(model.type)[name], model.fields[name]
    choices = options.choices(call.site, model.type, field) if options.has_options(model.type, field) else []
    kind = "file" if field.input == "File" else "number" if field.data_type == "Integer" else "text"
    label = defn.get("label") or field.title
    return {"name": name, "label": label, "required": defn.get("required"), "choices": choices, "type": kind}


def _sent(call: Call, form: Row, model: forms.Model) -> Any:
    """Submit, then the file: two steps, so that an activity can stand without its file."""
    values = {name: request.form[name] for name in model.fields if request.form.get(name)}
    (done,) = forms.submit(call, {"name": form["name"], "values": {model.name: [{"fields": values}]}})
    for name in model.fields:
        if upload := http.sent_file(name):
            about = {"name": form["name"], "fieldName": name, "token": done["token"]}
            forms.submit_file(Call(call.site, call.caller, upload=upload), about)
    return redirect(done["redirect"] or "/civicrm/home", 303)
