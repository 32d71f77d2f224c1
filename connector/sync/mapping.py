"""What a mapping says, frozen; the rest of sync works with it. Which words its file may use stands in mapping_file."""

import re
from collections.abc import Iterable, Mapping as MappingType
from dataclasses import dataclass

from connector.civicrm.schema import owner
from connector.plan import Limits

WINS = ("roster", "civicrm", "ask")
KEEP, TAKE_OUT = "keep", "take out of group"
PLEDGE = "Pledge"
# what CiviCRM makes the schedule of a pledge from
PLEDGE_NEEDS = ("amount", "installments", "frequency_unit", "frequency_interval", "start_date")
ENTITIES = ("Individual", "Organization", "Household", PLEDGE)
_PLACE = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class Source:
    """Where one CiviCRM field gets its value. columns: headings, of which a roster has one."""

    columns: tuple[str, ...] = ()
    clean: tuple[str, ...] = ()
    choices: MappingType[str, str] | None = None
    always: str | None = None
    required: bool = False
    wins: str = ""


@dataclass(frozen=True, slots=True)
class GroupRule:
    """Where the person of a row is mailed. name: a template over the row's cells; default: for rows without a cell.

    network: the group at the top of the tree that nobody who left it is added to again.
    """

    name: str
    default: str
    network: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The headings that the name is made from."""
        return tuple(dict.fromkeys(_PLACE.findall(self.name)))


@dataclass(frozen=True, slots=True)
class OwnGroupRule:
    """The mailing group that a row makes. name, title: templates; parent: gives the group's name that it hangs below.

    closed: gives `yes` for a row whose group is not made any more.
    """

    name: str
    title: str
    parent: Source
    closed: Source | None

    @property
    def columns(self) -> tuple[str, ...]:
        """The headings that name and title are made from."""
        return tuple(dict.fromkeys(_PLACE.findall(self.name + self.title)))


@dataclass(frozen=True, slots=True)
class RelationshipRule:
    """How the row's contact (a) belongs to another (b). kind: gives the type; to: gives b's external identifier."""

    kind: Source
    to: Source


@dataclass(frozen=True, slots=True)
class CheckRule:
    """A relationship of another contact (a) to the row's (b), only compared. who: gives a's external identifier."""

    kind: Source
    who: Source


@dataclass(frozen=True, slots=True)
class Example:
    """A row and what must come of it; checked by the tests."""

    row: MappingType[str, str]
    gives: MappingType[str, str]


@dataclass(frozen=True, slots=True)
class Mapping:
    """A whole mapping. fields: CiviCRM field → its source. match: which fields find a contact, in this order.

    look_alike: which fields make a contact so similar that a person has to decide, when no rule of match found any.

    entity: what a row makes, as API v4 calls it. scope: a column, "" when the mapping has only one scope, `all`.
    contact: for what belongs to a contact, gives that contact's external identifier.
    """

    name: str
    about: str
    entity: str
    contact_sub_type: str
    key: tuple[str, ...]
    scope: str
    match: tuple[tuple[str, ...], ...]
    look_alike: tuple[tuple[str, ...], ...]
    fields: MappingType[str, Source]
    contact: Source | None
    group: GroupRule | None
    own_group: OwnGroupRule | None
    relationships: tuple[RelationshipRule, ...]
    checks: tuple[CheckRule, ...]
    when_row_disappears: str
    limits: Limits
    examples: tuple[Example, ...]

    @property
    def entities(self) -> frozenset[str]:
        """The entities whose fields the mapping names."""
        return frozenset({self.entity, *(owner(self.entity, path)[0] for path in self.fields)})

    @property
    def remembered_as(self) -> str:
        """Under which entity values are remembered: all kinds of contacts share one."""
        return PLEDGE if self.entity == PLEDGE else "Contact"

    def wins(self, field: str) -> str:
        """Who is right about a field when both sides changed."""
        return self.fields[field].wins

    @property
    def relationship_types(self) -> tuple[str, ...]:
        """The names (a to b) of all types that the mapping can make."""
        return _types(rule.kind for rule in self.relationships)

    @property
    def checked_types(self) -> tuple[str, ...]:
        """The names (a to b) of all types that are only compared."""
        return _types(rule.kind for rule in self.checks)

    @property
    def columns(self) -> tuple[tuple[str, ...], ...]:
        """Every column that the mapping reads, each as the headings that it may have."""
        sources = [*self.fields.values(), *([self.contact] if self.contact else [])]
        sources += [source for rule in self.relationships for source in (rule.kind, rule.to)]
        sources += [source for check in self.checks for source in (check.kind, check.who)]
        single = [*self.key, *([self.scope] if self.scope else []), *(self.group.columns if self.group else ())]
        if self.own_group:
            sources += [self.own_group.parent, *([self.own_group.closed] if self.own_group.closed else [])]
            single += self.own_group.columns
        read = [source.columns for source in sources if source.columns]
        known = {heading for headings in read for heading in headings}
        return tuple(dict.fromkeys([*read, *((heading,) for heading in single if heading not in known)]))


def _types(kinds: Iterable[Source]) -> tuple[str, ...]:
    named = [[kind.always] if kind.always else list((kind.choices or {}).values()) for kind in kinds]
    return tuple(dict.fromkeys(name for names in named for name in names if name))
