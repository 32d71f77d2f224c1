"""The checks behind `solidarity doctor`: each looks at one thing and says in words who does what about it.

Reads only. What a key may do is asked of CiviCRM itself, which answers for the key that asks.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connector import clock, lockdown
from connector.civicrm.client import Call, CiviClient
from connector.civicrm.records import IDENTITY, check_identity
from connector.errors import ConnectorError, UserError
from connector.lockdown import Lockdown
from connector.mail import Mailer
from connector.plan import Action
from connector.setup import run as setup_run
from connector.setup.wanted import Setup

OLDEST_GOOD, OLDEST = (6, 10), (5, 77)

# What every run needs: what CiviCRM is asked whether we may do it, and the permission that gives it. OTHER stands for
# any contact but our own.
OTHER = "other"
NEEDED: tuple[tuple[str, str, dict[str, Any], str], ...] = (
    ("Individual", "create", {"last_name": "?"}, "add contacts"),
    ("Contact", "update", {"id": OTHER}, "edit all contacts"),
    ("Group", "create", {"title": "?", "group_type:name": ["Mailing List"]}, "access CiviMail"),
)
# How many of the things that set-up would make are named; `setup plan` names them all.
SHOWN = 5
# After this time without a run, cron is not there. An alert that waits so long is told of as a problem too.
LATELY = timedelta(minutes=15)
_JOBS = "the administrator sets it to run always: Administer, System Settings, Scheduled Jobs"
# What only an administrator may do: a runtime key that can has too much power if it leaks.
TOO_MUCH = (
    ("Setting", "get"),
    ("CustomField", "create"),
    ("RelationshipType", "create"),
    ("User", "create"),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. next_step: empty when there is nothing to do."""

    check: str
    ok: bool
    found: str
    next_step: str = ""

    def as_json(self) -> dict[str, Any]:
        """The finding for `--json`."""
        return {"check": self.check, "ok": self.ok, "found": self.found, "next_step": self.next_step}


def run(runtime: CiviClient, setup: CiviClient | None, wanted: Setup) -> list[Finding]:
    """All findings. setup: a connection under the set-up key, which some checks need.

    Raises UserError when a key is not accepted, TransientError when CiviCRM is away.
    """
    me, other = check_identity(runtime.multi(IDENTITY))
    found = [Finding("runtime key", True, f"CiviCRM knows it as contact {me}")]
    found += [needed(runtime, other), powers(runtime), time_zone(runtime, me)]
    if setup is None:
        told = "CIVICRM_SETUP_KEY is not set: role, set-up and version were not looked at"
        found.append(Finding("set-up key", True, told))
        return found
    found.append(identity_of_setup_key(setup, me))
    found.append(version(setup))
    found += role(setup, me, wanted)
    found += [drift(setup, wanted), mail_run(setup, clock.now())]
    return found


def mail(mailer: Callable[[], Mailer] | None) -> Finding:
    """Whether the mail server takes our log-in. mailer: how to reach it, None where no mail is sent."""
    if mailer is None:
        return Finding("mail", True, "SMTP_URL is not set: no mail is sent")
    try:
        mailer().check()
    except ConnectorError as error:
        return Finding("mail", False, error.what, error.next_step)
    return Finding("mail", True, "the mail server takes us")


def mail_run(setup: CiviClient, now: datetime) -> Finding:
    """Whether CiviCRM sends its mailings by itself. Its job for that is off in a fresh CiviCRM. now: aware UTC."""
    where = [["api_entity", "=", "Job"], ["api_action", "=", "process_mailing"], ["is_active", "=", True]]
    since = (now - LATELY).strftime("%Y-%m-%d %H:%M:%S+00:00")
    found = setup.multi(
        {
            "jobs": ("Job", "get", {"select": ["run_frequency"], "where": where}),
            "lately": ("Job", "get", {"select": ["id"], "where": [*where, ["last_run", ">=", since]]}),
        }
    )
    how = {row["run_frequency"] for row in found["jobs"]}
    if not how:
        return Finding("mail run", False, "the job Send Scheduled Mailings is off: no alert would go out", _JOBS)
    if "Always" not in how:
        often = " and ".join(sorted(map(str, how))).lower()
        return Finding("mail run", False, f"the job Send Scheduled Mailings runs {often}: alerts would wait", _JOBS)
    if not found["lately"]:
        minutes = int(LATELY.total_seconds()) // 60
        what = f"the job Send Scheduled Mailings has not run for {minutes} minutes"
        return Finding("mail run", False, what, "the administrator lets cron run CiviCRM's jobs every minute or two")
    return Finding("mail run", True, "CiviCRM sends its mailings by itself, each time its jobs run")


def locked(now: Lockdown | None) -> Finding:
    """Whether everything that syncs or sends stands still."""
    if now is None:
        return Finding("lock-down", True, "off")
    return Finding("lock-down", False, now.in_words(), f"{lockdown.END} when the danger is over")


def needed(runtime: CiviClient, other: int) -> Finding:
    """What the runtime key must be able to do. getActions is of no use here: it lists Contact.update for everybody."""
    calls: dict[str, Call] = {}
    for entity, action, values, permission in NEEDED:
        real = {name: other if value == OTHER else value for name, value in values.items()}
        calls[permission] = (entity, "checkAccess", {"action": action, "values": real})
    missing = sorted(permission for permission, rows in runtime.multi(calls).items() if not rows[0]["access"])
    return Finding(
        "permissions of the runtime key",
        not missing,
        f"missing: {', '.join(missing)}" if missing else "it may do what the connector does",
        "the administrator adds them to its role" if missing else "",
    )


def powers(runtime: CiviClient) -> Finding:
    """What the runtime key must not be able to do."""
    entities = sorted({entity for entity, _ in TOO_MUCH})
    calls: dict[str, Call] = {entity: (entity, "getActions", {"select": ["name"]}) for entity in entities}
    may = {entity: {row["name"] for row in rows} for entity, rows in runtime.multi(calls).items()}
    much = sorted(f"{entity}.{action}" for entity, action in TOO_MUCH if action in may[entity])
    return Finding(
        "powers of the runtime key",
        not much,
        f"it may do what only an administrator should: {', '.join(much)}" if much else "no administrator's powers",
        "the administrator takes the 'administer …' permissions from its role" if much else "",
    )


def time_zone(runtime: CiviClient, me: int) -> Finding:
    """In which zone CiviCRM shows timestamps to the runtime key, found by asking for the same moment in each zone."""
    (own,) = runtime.api4("Contact", "get", select=["modified_date"], where=[["id", "=", me]])
    offsets = [timedelta(minutes=30 * half_hours) for half_hours in range(-24, 29)]
    calls: dict[str, Call] = {
        _offset(offset): (
            "Contact",
            "get",
            {
                "select": ["id"],
                "where": [["id", "=", me], ["modified_date", "=", f"{own['modified_date']}{_offset(offset)}"]],
            },
        )
        for offset in offsets
    }
    there = [name for name, rows in runtime.multi(calls).items() if rows]
    if there == ["+00:00"]:
        return Finding("time zone", True, "timestamps come in UTC")
    return Finding(
        "time zone",
        False,
        f"timestamps come in {' or '.join(there) or 'a zone that could not be found out'}",
        "the administrator leaves the time zone of the connector's user empty and sets the server's to UTC",
    )


def identity_of_setup_key(setup: CiviClient, runtime_contact: int) -> Finding:
    """The two keys must belong to two users, so that the one can be taken away after set-up."""
    me, _ = check_identity(setup.multi(IDENTITY))
    if me == runtime_contact:
        return Finding("set-up key", False, "it is the runtime key's user", "the administrator makes two users")
    return Finding("set-up key", True, f"CiviCRM knows it as contact {me}; take it away when set-up is done")


def version(setup: CiviClient) -> Finding:
    """The site's release."""
    (domain,) = setup.api4("Domain", "get", select=["version"], limit=1)
    text = str(domain["version"])
    release = tuple(int(part) for part in text.split(".")[:2])
    if release < OLDEST:
        raise UserError(
            f"CiviCRM {text} is too old: the connector refuses releases before {OLDEST[0]}.{OLDEST[1]}.",
            next_step="the administrator updates CiviCRM.",
        )
    if release < OLDEST_GOOD:
        return Finding("version", False, f"CiviCRM {text} gets no security fixes", "the administrator updates CiviCRM")
    return Finding("version", True, f"CiviCRM {text}")


def role(setup: CiviClient, runtime_contact: int, wanted: Setup) -> Iterator[Finding]:
    """The permissions of the runtime key's role by name, on sites that keep roles in CiviCRM (Standalone)."""
    try:
        users = setup.api4("User", "get", select=["roles", "timezone"], where=[["contact_id", "=", runtime_contact]])
        roles = [one for user in users for one in user.get("roles") or ()]
        rows = setup.api4("Role", "get", select=["permissions"], where=[["id", "IN", roles]])
    except UserError:
        return  # WordPress and Drupal keep users and roles themselves
    has = {permission for row in rows for permission in row["permissions"] or ()}
    missing, much = sorted(wanted.permissions - has), sorted(has - wanted.permissions)
    told = [f"missing: {', '.join(missing)}"] * bool(missing) + [f"too many: {', '.join(much)}"] * bool(much)
    fix = "the administrator corrects the role; mappings/setup.toml lists what it needs"
    yield Finding("role", not told, "; ".join(told) or "exactly what is needed", fix if told else "")


def drift(setup: CiviClient, wanted: Setup) -> Finding:
    """What set-up would make or ask."""
    changes = setup_run.look(setup, wanted).changes
    if not changes:
        return Finding("set-up", True, "everything is there")
    names = ", ".join(f"{change.entity} {change.key}" for change in changes[:SHOWN])
    names += f" and {len(changes) - SHOWN} more" if len(changes) > SHOWN else ""
    ask = any(change.action is Action.ASK for change in changes)
    return Finding("set-up", False, names, f"the administrator runs `solidarity setup {'plan' if ask else 'apply'}`")


def _offset(offset: timedelta) -> str:
    minutes = int(offset.total_seconds()) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
