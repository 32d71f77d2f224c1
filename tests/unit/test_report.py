"""The plan as JSON, CSV and a page: golden files, and what no cell may do to whoever opens them."""

import csv
import html
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from connector import report
from connector.plan import Action, Brake, Change, FieldChange, Plan

from .builders import change
from .site import GOLDEN

INPUT = GOLDEN / "report" / "members.json"


def plan_in(path: Path) -> tuple[Plan, str]:
    """The plan that `as_json` gives this file for, and its checksum."""
    held = json.loads(path.read_text(encoding="utf-8"))
    changes = [
        Change(
            Action(one["action"]),
            one["entity"],
            one["key"],
            one["reason"],
            one["id"],
            one["line"],
            fields=tuple(FieldChange(name, **values) for name, values in one["fields"].items()),
        )
        for one in held["changes"]
    ]
    brakes = tuple(Brake(**one) for one in held["brakes"])
    return Plan(held["flow"], tuple(changes), tuple(held["scope"]), held["rows"], brakes), held["checksum"]


def of(*changes: Change) -> Plan:
    return Plan("members", changes, ("COR06",), len(changes))


def cells(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


@pytest.mark.parametrize(("ending", "writer"), [("csv", report.as_csv), ("html", report.as_html)])
def test_a_plan_becomes_what_is_expected(ending, writer, request: pytest.FixtureRequest) -> None:
    expected = INPUT.with_suffix(f".{ending}")
    became = writer(*plan_in(INPUT))
    if request.config.getoption("--golden-update"):
        expected.write_bytes(became.encode())
    assert became == expected.read_bytes().decode()


def test_json_holds_all_of_the_plan() -> None:
    assert json.loads(report.as_json(*plan_in(INPUT))) == json.loads(INPUT.read_text(encoding="utf-8"))
    assert json.loads(report.as_json(of(), done={"create": 1}))["done"] == {"create": 1}


def test_every_action_has_its_words_and_its_place() -> None:
    assert set(report.TOLD) == set(Action)
    every = [change(action, f"M{number}") for number, action in enumerate(Action)]
    assert [section.action for section in report.sections(every)] == list(report.TOLD)
    for action in Action:
        assert report.TOLD[action][0] in html.unescape(report.as_html(of(*every)))


def test_rows_stand_together_by_what_happens_and_why() -> None:
    found = report.sections(
        [
            change(Action.REFUSE, "M9", entity="row", reason="Email is no address", line=9),
            *(change(Action.REFUSE, f"M{line}", entity="row", reason="a twin", line=line) for line in (2, 3, 4)),
            change(Action.REFUSE, "M5", entity="row", reason="no key", line=5),
            change(Action.CREATE, "M1"),
        ]
    )
    assert [(one.action, one.reason, [row.line for row in one.changes]) for one in found] == [
        (Action.CREATE, "because", [None]),
        (Action.REFUSE, "a twin", [2, 3, 4]),
        (Action.REFUSE, "", [5, 9]),
    ]


def test_no_change_is_lost_in_the_sections() -> None:
    plan, _ = plan_in(INPUT)
    told = [row for section in report.sections(plan.changes) for row in section.changes]
    assert sorted(map(str, told)) == sorted(map(str, plan.changes))


def test_the_summary_counts_groups_by_themselves() -> None:
    made = [change(Action.CREATE, "M1"), change(Action.CREATE, "M1", entity="Group"), change(Action.ASK, "M2")]
    assert [words for _, words in report.summary(made)] == ["1 new", "1 group", "1 asked"]
    assert [words for _, words in report.summary(made * 1000)] == ["1,000 new", "1,000 groups", "1,000 asked"]
    assert report.summary([]) == ()


@pytest.mark.parametrize("start", list("=+-@\t\r\n＝＋－＠"))
def test_no_cell_of_the_csv_is_a_formula(start: str) -> None:
    evil = f"{start}1+1"
    text = report.as_csv(of(change(Action.UPDATE, evil, FieldChange(evil, evil, evil), reason=evil, entity=evil)), evil)
    (row,) = cells(text)
    assert {name for name, cell in row.items() if cell == f"'{evil}"} == set(report.COLUMNS) - {"action", "id", "line"}


def test_the_csv_is_what_a_spreadsheet_reads() -> None:
    odd = 'Zoë "the\nlast"; =1+1, حداد'
    text = report.as_csv(of(change(Action.UPDATE, "M1", FieldChange("last_name", None, odd), line=2)), "c0ffee")
    assert text.startswith('\ufeff"action","entity","key","id","line","field","before","after","reason","plan"\r\n')
    assert text.endswith("\r\n")
    (row,) = cells(text)
    assert row["after"] == odd
    assert (row["before"], row["id"], row["line"], row["plan"]) == ("", "", "2", "c0ffee")


def test_a_line_of_the_csv_is_a_field_and_a_refused_row_has_one_too() -> None:
    two = (FieldChange("city", "Cork", "Leeds"), FieldChange("last_name", None, "Haddad"))
    refused = Change(Action.REFUSE, "row", "M2", "no key", line=3)
    rows = cells(report.as_csv(of(change(Action.UPDATE, "M1", *two), refused)))
    assert [(row["key"], row["field"], row["reason"]) for row in rows] == [
        ("M1", "city", "because"),
        ("M1", "last_name", "because"),
        ("M2", "", "no key"),
    ]


class Page(HTMLParser):
    """What a browser would make of a page: its elements, and the text inside <bdi>."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.isolated: list[str] = []
        self._inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag == "bdi"

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.isolated.append(data)


EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&"


def test_nothing_in_a_roster_becomes_html() -> None:
    row = change(Action.UPDATE, EVIL, FieldChange(EVIL, EVIL, EVIL), reason=EVIL, entity=EVIL, line=2)
    plan = Plan(EVIL, (row, change(Action.ASK, "M2")), (EVIL,), 1, (Brake(EVIL, EVIL),))
    page = Page(report.as_html(plan, EVIL))
    assert not {"script", "img"} & {tag for tag, _ in page.elements}
    # mapping, scope, brake, reason, key, before, after
    assert page.isolated.count(EVIL) == 7


def test_the_page_asks_nobody_for_anything() -> None:
    page = Page(report.as_html(*plan_in(INPUT)))
    assert not {"script", "link", "img", "iframe", "form", "base"} & {tag for tag, _ in page.elements}
    assert {
        name for _, attributes in page.elements for name in attributes if name in ("src", "style", "onclick")
    } == set()
    links = [attributes["href"] for tag, attributes in page.elements if tag == "a"]
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    assert links
    assert all(link and link.removeprefix("#") in ids for link in links)
    assert not re.search(r"url\(|@import", report.as_html(*plan_in(INPUT)))


def test_values_of_any_direction_stand_by_themselves() -> None:
    values = FieldChange("last_name", "حداد", "חדד")
    page = Page(report.as_html(of(change(Action.UPDATE, "م1", values, reason="الاسم is empty"))))
    assert {"حداد", "חדד", "م1", "الاسم is empty"} <= set(page.isolated)


def test_what_steers_a_terminal_or_turns_a_line_becomes_visible() -> None:
    assert report.plain("a\x1b[2Jb\u202ec\u2067d") == "a\ufffd[2Jb\ufffdc\ufffdd"
    assert report.plain("نیم\u200cفاصله") == "نیم\u200cفاصله"


def test_a_long_section_is_counted_on_the_page_and_whole_in_the_csv() -> None:
    plan = of(*(change(Action.CREATE, f"M{number}") for number in range(report.ON_PAGE + 5)))
    page = report.as_html(plan)
    assert "… and 5 more" in page
    assert page.count("<tr>") == report.ON_PAGE + 1
    assert len(cells(report.as_csv(plan))) == report.ON_PAGE + 5


def test_a_page_about_nothing_says_so() -> None:
    assert "Nothing to do" in report.as_html(of())


@pytest.mark.parametrize("writer", [report.as_json, report.as_csv, report.as_html, report.as_details])
def test_what_was_done_to_read_the_file_is_in_every_form_of_the_plan(writer) -> None:
    note = "not written in UTF-8 (line 2); read as Windows-1256 (Arabic)"
    assert note in writer(of(Change(Action.NOTE, "roster", "", note)))
