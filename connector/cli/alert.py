"""`solidarity alert`: write an alert for somebody on the phone, and see where alerts stand. Staff decide in CiviCRM."""

import json
from typing import Any

import click

from connector.alerts import activities, kinds, writing
from connector.alerts.activities import ALERT, DRAFT, READY
from connector.civicrm import records
from connector.cli.context import Context
from connector.errors import UserError

AUDIENCE = "solidarity_network"


@click.group()
def alert() -> None:
    """Action alerts: write one, list them. Approving is done in CiviCRM, by another person."""


@alert.command()
@click.option("--kind", required=True, help="incident, demolition, legislation, briefing or meeting.")
@click.option("--community", default="ras_al_auja", show_default=True, help="Its code, as in CiviCRM's list.")
@click.option("--subject", required=True, help="The subject of the mail.")
@click.option("--what", required=True, help="What happened.")
@click.option("--ask", required=True, help="What members are asked to do.")
@click.option("--where", default="", help="The place, as it may be told.")
@click.option("--when", default="", help="The time, as it is told.")
@click.option("--link", default="", help="A link for the ask (https://…).")
@click.option("--audience", multiple=True, default=(AUDIENCE,), help="A group's name; may be repeated.")
@click.option("--author", type=int, required=True, help="The contact of whoever says it; they cannot approve it.")
@click.option("--draft", is_flag=True, help="Leave it a draft; else it is ready to be checked and decided about.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def new(context: Context, /, as_json: bool, draft: bool, audience: tuple[str, ...], **said: Any) -> None:
    """Write an alert as the form does. Nothing is sent before another person has decided in CiviCRM."""
    with context.client() as client:
        groups = records.groups(client.api4(*records.GROUPS[:2], **records.GROUPS[2]))
        if unknown := sorted(set(audience) - groups.keys()):
            what = f"CiviCRM has no group {', '.join(unknown)}."
            raise UserError(what, next_step="name a group by its name, such as solidarity_network or chapter_COR06.")
        known = kinds.load(context.settings.connector_mappings).kinds
        if said["kind"] not in known:
            raise UserError(f"There is no kind {said['kind']}.", next_step=f"take one of: {', '.join(sorted(known))}.")
        number = writing.write(
            client,
            author=int(said.pop("author")),
            state=DRAFT if draft else READY,
            audience=[groups[name].id for name in audience],
            **said,
        )
        page = client.page(f"civicrm/activity/view?action=view&reset=1&id={number}")
    if as_json:
        _print({"alert": number, "state": DRAFT if draft else READY, "page": page})
    else:
        click.echo(f"Alert {number} is written: {page}")


@alert.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
@click.pass_obj
def list_(context: Context, as_json: bool) -> None:
    """Alerts that are not closed or withdrawn, and where each stands; numbers and states only."""
    with context.client() as client:
        states = (*activities.AT_WORK, DRAFT)
        select = ["id", *(f"{ALERT}.{name}" for name in ("Kind", "State", "Count", "Delivered", "Actions", "Said"))]
        of_type = [["activity_type_id:name", "=", ALERT], ["is_deleted", "=", False]]
        where = [*of_type, [f"{ALERT}.State", "IN", list(states)]]
        rows = client.api4("Activity", "get", select=select, where=where, orderBy={"id": "DESC"})
    found = [{name.removeprefix(f"{ALERT}.").lower(): value for name, value in row.items()} for row in rows]
    if as_json:
        _print({"alerts": found})
        return
    for row in found:
        click.echo(f"{row['id']:>6}  {row['kind']:<12} {row['state']:<10} {row['said'] or ''}")
    if not found:
        click.echo("No alert is open.")


def _print(found: object) -> None:
    click.echo(json.dumps(found, ensure_ascii=False))
