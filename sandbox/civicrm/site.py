"""One CiviCRM site: its tables, settings and dialect, and who is calling it.

Every part of the API gets a `Call` (the site plus the caller); all state of the stand-in hangs here and nowhere else.
"""

from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any

from sandbox.civicrm import dates
from sandbox.civicrm.schema import CONTACT_ENTITIES, Field, core_fields, custom_field, extends
from sandbox.civicrm.store import Table

EVERYTHING = "all CiviCRM permissions and ACLs"
_IMPLIED_BY = {
    "view all contacts": ("edit all contacts",),
    "administer CiviCRM data": ("administer CiviCRM", "administer search_kit"),
    "manage campaign": ("administer CiviCampaign",),
    "manage own afform": ("administer afform",),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """The user behind a key (or nobody), with what the roles allow at this moment."""

    contact_id: int | None
    permissions: frozenset[str]
    zone: tzinfo = UTC

    def may(self, permission: str) -> bool:
        """Whether the roles give this permission, by name or by one that implies it."""
        wanted = {permission, EVERYTHING, *_IMPLIED_BY.get(permission, ())}
        return not wanted.isdisjoint(self.permissions)


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs between 6.18 on Standalone and 5.77 on WordPress."""

    wordpress: bool = False

    @property
    def version(self) -> str:
        """The release, as Domain tells it."""
        return "5.77.0" if self.wordpress else "6.18.0"


def _tables() -> dict[str, Table]:
    return {
        "Contact": Table(unique=(("external_identifier",),), indexed=("external_identifier", "api_key")),
        "Email": Table(indexed=("contact_id", "email")),
        "Phone": Table(indexed=("contact_id", "phone")),
        "Address": Table(indexed=("contact_id",)),
        "Group": Table(unique=(("name",), ("title",)), indexed=("name",)),
        "GroupNesting": Table(indexed=("child_group_id", "parent_group_id")),
        "GroupContact": Table(unique=(("contact_id", "group_id"),), indexed=("contact_id", "group_id")),
        "SubscriptionHistory": Table(indexed=("contact_id", "group_id")),
        "RelationshipType": Table(unique=(("name_a_b",), ("name_b_a",))),
        "Relationship": Table(indexed=("contact_id_a", "contact_id_b")),
        "Pledge": Table(indexed=("contact_id",)),
        "PledgePayment": Table(indexed=("pledge_id", "contribution_id")),
        "Contribution": Table(unique=(("trxn_id",), ("invoice_id",)), indexed=("contact_id", "trxn_id", "invoice_id")),
        "ContributionRecur": Table(unique=(("trxn_id",), ("invoice_id",)), indexed=("contact_id", "processor_id")),
        "ContributionSoft": Table(indexed=("contribution_id",)),
        "FinancialTrxn": Table(),
        "EntityFinancialTrxn": Table(indexed=("entity_id",)),
        "Campaign": Table(unique=(("name",), ("external_identifier",))),
        "FinancialType": Table(),
        "FinancialAccount": Table(),
        "EntityFinancialAccount": Table(),
        "SavedSearch": Table(unique=(("name",),)),
        "ContactType": Table(unique=(("name",),)),
        "CustomGroup": Table(unique=(("title", "extends"), ("name", "extends"))),
        "CustomField": Table(unique=(("label", "custom_group_id"), ("name", "custom_group_id"))),
        "OptionGroup": Table(unique=(("name",),), indexed=("name",)),
        "OptionValue": Table(indexed=("option_group_id",)),
        "Country": Table(),
        "Domain": Table(),
        "Role": Table(),
        "User": Table(unique=(("username",),), indexed=("contact_id",)),
        "UserRole": Table(indexed=("user_id",)),
        "Activity": Table(),
        "File": Table(),
        "EntityFile": Table(indexed=("file_id", "entity_id")),
        "SearchDisplay": Table(),
        "Afform": Table(unique=(("name",),)),
        "AfformSubmission": Table(),
        "Navigation": Table(),
        "MessageTemplate": Table(),
        "Mailing": Table(indexed=("name",)),
        "MailingGroup": Table(indexed=("mailing_id",)),
        "MailingJob": Table(indexed=("mailing_id",)),
        "MailingRecipient": Table(indexed=("mailing_id",)),
        "MailingEventQueue": Table(indexed=("mailing_id", "job_id")),
        "MailingEventDelivered": Table(indexed=("event_queue_id",)),
        "MailingEventBounce": Table(indexed=("event_queue_id",)),
        "MailingEventUnsubscribe": Table(indexed=("event_queue_id",)),
        "SiteEmailAddress": Table(),
        "Job": Table(),
    }


@dataclass
class Site:
    """All state of one stand-in."""

    dialect: Dialect = field(default_factory=Dialect)
    tables: dict[str, Table] = field(default_factory=_tables)
    settings: dict[str, Any] = field(default_factory=dict)
    # Custom groups whose database triggers were rebuilt (System.flush): only these move a contact's modified_date.
    triggers: set[str] = field(default_factory=set)
    # Loser -> survivor of each merge.
    merged: dict[int, int] = field(default_factory=dict)
    # Smart group -> whom its search found when it was last asked.
    smart: dict[int, set[int]] = field(default_factory=dict)
    # Bytes of each row of File.
    contents: dict[int, bytes] = field(default_factory=dict)
    # Token of each submitted form -> what it made, for the files that follow.
    submitted: dict[str, dict[str, Any]] = field(default_factory=dict)
    # Cookie of each session -> its user.
    sessions: dict[str, int] = field(default_factory=dict)
    # Where its mail goes: smtp://…
    smtp: str = ""
    # Its own address, for the links in its mails.
    url: str = ""
    # Rises when custom data changes shape; see `fields`.
    custom_version: int = 0
    _fields: dict[str, tuple[int, dict[str, Field]]] = field(default_factory=dict)

    def table(self, entity: str) -> Table:
        """An entity's table; all contact types share one."""
        return self.tables["Contact" if entity in CONTACT_ENTITIES else entity]

    def fields(self, entity: str) -> dict[str, Field]:
        """Core and custom fields by name; remembered until custom data changes shape."""
        version, known = self._fields.get(entity, (-1, {}))
        if version != self.custom_version:
            known = {**core_fields(entity), **self._custom_fields(entity)}
            self._fields[entity] = (self.custom_version, known)
        return known

    def _custom_fields(self, entity: str) -> dict[str, Field]:
        groups = {g["id"]: g for g in self.table("CustomGroup") if extends(g, entity) and g.get("is_active", True)}
        made = (
            custom_field(groups[f["custom_group_id"]], f)
            for f in self.table("CustomField")
            if f["custom_group_id"] in groups and f.get("is_active", True)
        )
        return {f.name: f for f in made}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as a browser sends it."""

    name: str
    mime_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """The site as one caller sees it during one API call."""

    site: Site
    caller: Caller
    # How a change of a group is written down in SubscriptionHistory.
    method: str = "API"
    # The administrator's own password, which making a user asks for.
    actor_password: str | None = None
    # The file that came with the request.
    upload: Upload | None = None

    @property
    def zone(self) -> tzinfo:
        """The caller's time zone."""
        return self.caller.zone

    def show(self, kind: Field, value: Any) -> Any:
        """A held value as the API answers it."""
        if kind.data_type == "Timestamp" and not kind.naive and isinstance(value, str):
            return dates.show_timestamp(value, self.zone)
        return value
