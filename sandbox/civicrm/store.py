"""Rows in memory, with unique keys and indexes that compare text the way MySQL's utf8mb4_unicode_ci does.

The lowest layer: it knows no field types and no CiviCRM, only ids, values and keys.
"""

import unicodedata
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sandbox.civicrm.errors import ALREADY_EXISTS, ApiError

Row = dict[str, Any]


def fold(value: Any) -> Any:
    """The form in which the database compares: no case, no accents, no trailing spaces."""
    if not isinstance(value, str):
        return value
    if value.isascii():
        return value.lower().rstrip(" ")
    plain = unicodedata.normalize("NFKD", value.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c)).rstrip(" ")


@dataclass
class Table:
    """The rows of one table, by id."""

    unique: tuple[tuple[str, ...], ...] = ()
    indexed: tuple[str, ...] = ()
    rows: dict[int, Row] = field(default_factory=dict)
    next_id: int = 1
    _keys: dict[tuple[str, ...], dict[Hashable, int]] = field(default_factory=dict)
    _index: dict[str, dict[Hashable, dict[int, None]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._keys = {columns: {} for columns in self.unique}
        self._index = {column: {} for column in self.indexed}

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows.values())

    def add_index(self, column: str) -> None:
        """Find rows by this column quickly from now on."""
        index = self._index[column] = {}
        for row in self:
            index.setdefault(fold(row.get(column)), {})[row["id"]] = None
        self.indexed = (*self.indexed, column)

    def get(self, row_id: Any) -> Row | None:
        """The row with this id."""
        return self.rows.get(row_id) if isinstance(row_id, int) else None

    def find(self, column: str, value: Any) -> list[Row]:
        """The rows where an indexed column has this value, in the order of their ids."""
        if value is None:
            return []
        return [self.rows[i] for i in sorted(self._index[column].get(fold(value), ()))]

    def first(self, **values: Any) -> Row | None:
        """The first row with all these values; for small tables."""
        return next((row for row in self if all(row.get(k) == v for k, v in values.items())), None)

    def insert(self, values: Row) -> Row:
        """Store a new row, or refuse it for a key that is taken."""
        # As in InnoDB, an id is used up even when the row is then refused.
        row_id, self.next_id = self.next_id, self.next_id + 1
        self._claim(row_id, values)
        row = {"id": row_id, **values}
        self.rows[row_id] = row
        for column, index in self._index.items():
            index.setdefault(fold(row.get(column)), {})[row_id] = None
        return row

    def update(self, row: Row, values: Row) -> None:
        """Change columns of a row, keys and indexes included."""
        row_id = row["id"]
        old_keys = {columns: _key(row, columns) for columns in self.unique}
        self._claim(row_id, {**row, **values})
        for columns, old in old_keys.items():
            if old is not None and old != _key({**row, **values}, columns):
                self._keys[columns].pop(old, None)
        for column, index in self._index.items():
            if column in values and fold(values[column]) != fold(row.get(column)):
                index[fold(row.get(column))].pop(row_id, None)
                index.setdefault(fold(values[column]), {})[row_id] = None
        row.update(values)

    def delete(self, row: Row) -> None:
        """Remove a row from the table, its keys and its indexes."""
        for columns, keys in self._keys.items():
            key = _key(row, columns)
            if key is not None:
                keys.pop(key, None)
        for column, index in self._index.items():
            index[fold(row.get(column))].pop(row["id"], None)
        del self.rows[row["id"]]

    def _claim(self, row_id: int, values: Row) -> None:
        wanted = [(columns, key) for columns in self.unique if (key := _key(values, columns)) is not None]
        if any(self._keys[columns].get(key, row_id) != row_id for columns, key in wanted):
            raise ApiError(ALREADY_EXISTS)
        for columns, key in wanted:
            self._keys[columns][key] = row_id


def _key(values: Row, columns: Iterable[str]) -> Hashable | None:
    """None when any column is NULL: NULLs never collide in a unique index."""
    key = tuple(fold(values.get(column)) for column in columns)
    return None if None in key else key
