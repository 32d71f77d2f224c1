"""Sums and counts over groups of rows: `SUM(field) AS name` and `COUNT(field) AS name` together with groupBy."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sandbox.civicrm.errors import ApiError
from sandbox.civicrm.paths import Reader, column
from sandbox.civicrm.site import Call
from sandbox.civicrm.store import Row

_FUNCTION = re.compile(r"(SUM|COUNT)\((\S+)\) AS (\w+)")


def grouped(call: Call, entity: str, rows: list[Row], select: list[str], by: list[str]) -> list[Row]:
    """One row for each group, in the order in which the groups came; a selected field is that of the group's first."""
    keys = [_reader(call, entity, name) for name in by]
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(key(row) for key in keys), []).append(row)
    readers = {name: _reader(call, entity, name) for name in select if not _FUNCTION.fullmatch(name)}
    return [_row(call, entity, group, select, readers) for group in groups.values()]


def _row(call: Call, entity: str, group: list[Row], select: list[str], readers: Mapping[str, Reader]) -> Row:
    answer: Row = {}
    for name in select:
        if found := _FUNCTION.fullmatch(name):
            values = [value for row in group if (value := _reader(call, entity, found[2])(row)) is not None]
            total = sum((Decimal(str(value)) for value in values), Decimal(0)) if found[1] == "SUM" else len(values)
            answer[found[3]] = float(total) if isinstance(total, Decimal) else total
        else:
            answer[name] = readers[name](group[0])
    return answer


def _reader(call: Call, entity: str, name: str) -> Reader:
    found = column(call, entity, name, {})
    if found is None:
        raise ApiError(f"Invalid field '{name}'")
    return found.read
