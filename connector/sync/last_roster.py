"""The day on which a roster of a chapter's members was last applied, on the chapter: staff see it in their list."""

from connector import clock
from connector.civicrm.client import CiviClient
from connector.plan import Plan
from connector.sync.mapping import Mapping
from connector.sync.rows import ALL

FIELD = "Solidarity_Chapter.Last_Roster_On"


def note(client: CiviClient, mapping: Mapping, plan: Plan) -> None:
    """Write today into the chapters of this plan's scope; nothing for other rosters than those of people.

    A site that an older version set up has no such field, and ignores it.
    """
    if mapping.entity != "Individual":
        return
    own = [] if ALL in plan.scope else [["external_identifier", "IN", list(plan.scope)]]
    where = [["contact_sub_type:name", "CONTAINS", "Solidarity_Chapter"], *own]
    client.api4("Organization", "update", where=where, values={FIELD: clock.now().date().isoformat()})
