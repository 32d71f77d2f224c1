"""What holds for every roster, every CiviCRM and every memory: staff's work survives, and nothing is done twice."""

from hypothesis import assume, given, strategies as st

from connector.leavings import REMOVED, group_field, removal_after
from connector.plan import Action
from connector.sync.plan import Verdict, settle_field

from .builders import ANNA, Remembered, decided, found, mapping, memory, person, place, wanted

GROUPS = ("chapter_COR06", "chapter_WIE01", "members_at_large")
STATUSES = ("Added", "Removed", "Pending", "")
values = st.sampled_from([None, "Cork", "Leeds", "Ghent"])
forgotten = object()
remembered = st.sampled_from([forgotten, None, "Cork", "Leeds", "Ghent"])
winners = st.sampled_from(["roster", "civicrm", "ask"])


def known(value) -> Remembered:
    return memory({} if value is forgotten else {"city": value})


@st.composite
def places(draw):
    """A person's places in some groups, and what is remembered of them."""
    found, agreed = [], {}
    for group in GROUPS:
        status = draw(st.sampled_from(STATUSES))
        count = draw(st.integers(0, 2)) if status == REMOVED else draw(st.integers(0, 1))
        removals = tuple(range(31, 31 + count))
        if status:
            day = f"2026-03-0{draw(st.integers(1, 9))}" if removals else ""
            method = draw(st.sampled_from(["API", "Email", "Web"])) if removals else ""
            found.append(place(group, status, removals=removals, days=(day,) * len(removals), method=method))
        told = draw(st.sampled_from(["", "Added", removal_after(0), removal_after(31)]))
        if told:
            agreed[group_field(group)] = told
    return found, agreed


@given(roster=values, civicrm=values, agreed=remembered, wins=winners)
def test_a_staff_edit_is_overwritten_only_where_the_mapping_says_so(roster, civicrm, agreed, wins) -> None:
    verdict = settle_field(roster, civicrm, known(agreed), ANNA, "city", wins)
    edited = agreed is not forgotten and civicrm != agreed
    if verdict is Verdict.UPDATE and edited:
        assert wins == "roster"
        assert roster != agreed  # the roster changed too: staff's edit alone is never undone


@given(roster=values, civicrm=values, agreed=remembered, wins=winners)
def test_nothing_that_civicrm_holds_is_erased(roster, civicrm, agreed, wins) -> None:
    verdict = settle_field(roster, civicrm, known(agreed), ANNA, "city", wins)
    assert roster or verdict is Verdict.SAME


@given(roster=values, civicrm=values, agreed=remembered, wins=winners)
def test_after_a_field_was_written_there_is_nothing_to_do(roster, civicrm, agreed, wins) -> None:
    assume(settle_field(roster, civicrm, known(agreed), ANNA, "city", wins) is Verdict.UPDATE)
    assert settle_field(roster, roster, known(roster), ANNA, "city", wins) is Verdict.SAME


@given(roster=values, civicrm=values, agreed=remembered, wins=winners)
def test_what_is_kept_or_asked_today_is_kept_or_asked_tomorrow(roster, civicrm, agreed, wins) -> None:
    row = (wanted(**({"city": roster} if roster else {})), found(person(place(GROUPS[0], "Added"), city=civicrm)))
    used, before = mapping(city=wins), {} if agreed is forgotten else {"city": agreed}
    first = decided([row], memory(before), used)
    assume(not any(change.acts for change in first.changes))
    after = before | {field: value for _, field, value in first.agreed}
    assert decided([row], memory(after), used).changes == first.changes


@given(there=places(), opted_out=st.booleans(), city=values, wins=winners)
def test_deciding_after_carrying_out_the_decision_finds_nothing_to_do(there, opted_out, city, wins) -> None:
    groups, agreed = there
    before, used = person(*groups, opted_out=opted_out, city=city), mapping(city=wins)
    first = decided([(wanted(city="Cork"), found(before))], memory(agreed), used)
    after, learned = carried_out(before, agreed, first)
    second = decided([(wanted(city="Cork"), found(after))], memory(learned), used)
    assert [change for change in second.changes if change.acts] == []


@given(there=places(), opted_out=st.booleans())
def test_nobody_who_left_or_opted_out_is_added(there, opted_out) -> None:
    groups, agreed = there
    by_persons = [one for one in groups if one.status == REMOVED and one.method != "API"]
    assume(by_persons or opted_out)
    decision = decided([(wanted(), found(person(*groups, opted_out=opted_out)))], memory(agreed))
    assert Action.ADD not in {change.action for change in decision.changes}


@given(there=places())
def test_only_places_that_a_roster_gave_are_taken_away(there) -> None:
    groups, agreed = there
    decision = decided([(wanted(), found(person(*groups)))], memory(agreed))
    taken = {part.field for change in decision.changes if change.action is Action.REMOVE for part in change.fields}
    added = {group_field(one.group) for one in groups if one.status == "Added"}
    assert taken <= added & set(agreed)


@given(there=places())
def test_a_row_that_disappeared_touches_only_added_places_that_a_roster_gave(there) -> None:
    groups, agreed = there
    changes = decided([], memory(agreed), absent=(person(*groups),)).changes
    added = {group_field(one.group) for one in groups if one.status == "Added"}
    assert {part.field for change in changes for part in change.fields} <= added & set(agreed)


def carried_out(before, agreed, decision):
    """The person and what is remembered, after an apply wrote all of this decision."""
    fields, groups = dict(before.fields), dict(before.groups)
    learned = agreed | {field: value for _, field, value in decision.agreed}
    for change in decision.changes:
        for part in change.fields if change.acts else ():
            name = part.field.removeprefix("group:")
            if change.entity != "GroupContact":
                fields[part.field] = learned[part.field] = part.after
            elif change.action is Action.ADD:
                old = groups.get(name)
                groups[name] = place(name, "Added", removals=old.removals if old else ())
                learned[part.field] = "Added"
            else:
                past = groups[name].removals
                learned[part.field] = removal_after(past[-1] if past else 0)
                groups[name] = place(
                    name, REMOVED, removals=(*past, 99), days=("2026-04-01",) * (len(past) + 1), method="API"
                )
    return person(*groups.values(), opted_out=before.opted_out, **fields), learned
