"""The staff's pages from their short description in `mappings/setup.toml`: forms, lists, and the menu. Pure.

A form makes one activity, whose author is whoever is logged in: CiviCRM sets it, whatever is sent. A list is a saved
search, a table of it, and a page around that table.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

MENU = "solidarity"


def form_page(
    form: Mapping[str, Any], permission: Sequence[str], options: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    """The Afform record of a form, without its name. options: field → its choices, for fields that show only some."""
    entity = {"activity_type_id:name": form["activity_type"], "source_contact_id": "user_contact_id"}
    lines = [
        '<af-form ctrl="afform">',
        f'<af-entity type="Activity" name="Activity1" label="{escape(form["title"])}" data="{escape(_js(entity))}"'
        ' actions="{create: true, update: false}" security="RBAC" url-autofill="0"></af-entity>',
        f'<fieldset af-fieldset="Activity1" class="af-container" af-title="{escape(form["title"])}">',
        f'<div class="af-markup"><p>{escape(form["intro"])}</p></div>',
        *_fields(form["field"], options),
        "</fieldset>",
        '<button class="af-button btn btn-primary" crm-icon="fa-check" ng-click="afform.submit()">'
        f"{escape(form['button'])}</button>",
        "</af-form>",
    ]
    values = {"type": "form", "create_submission": True, "redirect": f"/{form['after']}"}
    return _page(form, "\n".join(lines), permission) | values


def list_page(
    found: Mapping[str, Any], permission: Sequence[str], notice: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The Afform record of a list, without its name. notice: what stands over every list."""
    table = f'<crm-search-display-table search-name="{found["name"]}" display-name="{found["name"]}">'
    # a fieldset of its own: what is searched for in the list does not narrow the notice
    over = f'<div af-fieldset="">\n{_display_of(notice["name"])}\n</div>\n' if notice else ""
    layout = f'{over}<div af-fieldset="">\n<div class="af-markup"><p>{escape(found["intro"])}</p></div>\n'
    # on a phone the table moves sideways, and not the page with it
    layout += f'<div style="overflow-x: auto; position: relative">{table}</crm-search-display-table></div>\n</div>'
    return _page(found, layout, permission) | {"type": "search"}


def notice_search(notice: Mapping[str, Any]) -> dict[str, Any]:
    """The SavedSearch record of the notice, without its name."""
    params = {"version": 4, "select": ["id", notice["field"]], "where": notice["where"]}
    return {"label": notice["title"], "api_entity": notice["api_entity"], "api_params": params}


def notice_display(notice: Mapping[str, Any]) -> dict[str, Any]:
    """The SearchDisplay record of the notice, without its name. While it finds nothing, nothing is shown at all."""
    settings = {
        "sort": [["id", "ASC"]],
        "limit": 5,
        "style": "ul",
        "symbol": "none",
        "placeholder": 0,
        "noResultsText": False,
        "cssRules": [["alert alert-danger"]],
        "columns": [{"type": "field", "key": notice["field"]}],
    }
    return {"label": notice["title"], "type": "list", "settings": settings}


def _display_of(name: str) -> str:
    return f'<crm-search-display-list search-name="{name}" display-name="{name}"></crm-search-display-list>'


def search(found: Mapping[str, Any]) -> dict[str, Any]:
    """The SavedSearch record of a list, without its name."""
    select = ["id", *(column["field"] for column in found["column"]), *found.get("also", ())]
    params = {"version": 4, "select": list(dict.fromkeys(select)), "join": found["join"], "where": found["where"]}
    return {"label": found["title"], "api_entity": found["api_entity"], "api_params": params}


def display(found: Mapping[str, Any]) -> dict[str, Any]:
    """The SearchDisplay record of a list, without its name."""
    columns: list[dict[str, Any]] = []
    for column in found["column"]:
        made = {"type": "field", "key": column["field"], "label": column["label"], "sortable": True}
        if "link" in column:
            made["link"] = {"path": column["link"], "target": "_blank"}
        columns.append(made)
    if buttons := [_button(button) for button in found.get("button", ())]:
        columns.append({"type": "buttons", "alignment": "text-right", "size": "btn-sm", "links": buttons})
    settings = {
        "sort": [found["sort"]],
        "limit": 50,
        "pager": {"show_count": True},
        "actions": False,
        "classes": ["table", "table-striped"],
        "columns": columns,
    }
    return {"label": found["title"], "type": "table", "settings": settings}


def menu(pages: Sequence[Mapping[str, Any]], permission: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The Navigation records by name: the menu itself first, then its lines."""
    common = {"permission": list(permission), "permission_operator": "AND"}
    yield MENU, {"label": "Solidarity", "icon": "crm-i fa-handshake-o", "weight": 90, **common}
    for weight, page in enumerate(sorted(pages, key=lambda page: int(page["menu"])), start=1):
        line = {"label": page["title"], "url": page["route"], "parent": MENU, "weight": weight, **common}
        yield f"{MENU}_{page['name'].removeprefix(f'{MENU}_')}", line


def _page(page: Mapping[str, Any], layout: str, permission: Sequence[str]) -> dict[str, Any]:
    """What forms and lists have in common. The description tells a later set-up whether the page is still ours."""
    version = hashlib.sha256(layout.encode()).hexdigest()[:8]
    return {
        "title": page["title"],
        "description": f"Made by the Solidarity Connector ({version}); it is made again when that changes.",
        "server_route": page["route"],
        "permission": list(permission),
        "layout": layout,
    }


def _fields(fields: Sequence[Mapping[str, Any]], options: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """One after the other. A heading begins a part that is folded up until somebody needs it."""
    is_folded = False
    for field in fields:
        if field["heading"]:
            yield from ["</details>"] * is_folded
            title, is_folded = escape(field["heading"]), True
            # the summary for a CiviCRM that does not make it from the title yet
            yield f'<details class="af-container" af-title="{title}"><summary class="af-title">{title}</summary>'
        yield _field(field, options.get(field["name"], {}))
    yield from ["</details>"] * is_folded


def _field(field: Mapping[str, Any], options: Mapping[str, str]) -> str:
    words: dict[str, Any] = {"label": field["label"], "required": field["required"]}
    if field["hidden"]:
        words = {"input_type": "Hidden", "label": False}
    elif field["help"]:
        words["help_post"] = field["help"]
    if field.get("choices"):
        words["options"] = [{"id": name, "label": options[name]} for name in field["choices"]]
    return f'<af-field name="{field["name"]}" defn="{escape(_js(words))}"></af-field>'


def _button(button: Mapping[str, Any]) -> dict[str, Any]:
    return {"path": button["link"], "text": button["label"], "icon": button["icon"], "style": "default", "target": ""}


def _js(value: Any) -> str:
    """A value as Afform's attributes hold it: JavaScript in single quotation marks."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_js(name)}: {_js(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_js, value)) + "]"
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return json.dumps(value)
