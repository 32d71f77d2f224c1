"""What sync remembers: which record a row became, and the last value that roster and CiviCRM agreed on.

Only keyed hashes are kept, so the store names nobody; losing it is safe, because matching finds the records again.
"""

import hashlib
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import sqlalchemy as sa

from connector.store import Store, fingerprints, links

Agreement = tuple[int, str, str | None]  # id in CiviCRM, field, value
BYTES = 16  # 128 bits: short enough for 100,000 of them, long enough that none is ever equal by chance
BLOCK = 64  # bytes that SHA-256 takes at a time
CHUNK = 500  # SQLite's default limit of variables in one statement is far above this
# In place of a field: the hash of all that was last remembered together of a record. It makes one hash out of a dozen
# where nothing changed, and is true however many mappings share the record: each of them writes it anew.
TOGETHER = "*"


class Hasher:
    """Keyed hashes (HMAC-SHA-256, RFC 2104) under the fingerprint key, which does not rotate with other secrets."""

    def __init__(self, key: str) -> None:
        block = key.encode() if len(key.encode()) <= BLOCK else hashlib.sha256(key.encode()).digest()
        # Both halves of an HMAC begin with the key: hashed once here, a hash takes a third of hmac.digest's time.
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block.ljust(BLOCK, b"\0")))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block.ljust(BLOCK, b"\0")))

    def __call__(self, *parts: object) -> bytes:
        """The hash of these parts, as bytes. Parts are kept apart, so that ("ab", "c") differs from ("a", "bc")."""
        return bytes.fromhex(self.hex(*parts))

    def hex(self, *parts: object) -> str:
        """The hash as it is stored."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update("\x1f".join(map(str, parts)).encode())
        outer.update(inner.digest())
        return outer.hexdigest()[: 2 * BYTES]


class Memory:
    """The remembered values of some records. `load` makes it, `keep` stores new ones.

    Single values are read from the store when one of them is asked for: an unchanged roster never does.
    """

    def __init__(self, store: Store, hasher: Hasher, entity: str, ids: Sequence[int]) -> None:
        self._store, self._hasher, self._entity, self._ids = store, hasher, entity, ids
        together = self._read(ids, fingerprints.c.field == TOGETHER)
        self._together = {entity_id: value_hash for (entity_id, _), value_hash in together.items()}
        self._singles: dict[int, Mapping[tuple[int, str], str]] = {}  # number of the piece of `ids` → what is in it

    def knows(self, entity_id: int, field: str) -> bool:
        """True when both sides agreed on this field before."""
        return self._single(entity_id, field) is not None

    def agreed(self, entity_id: int, field: str, value: str | None) -> bool:
        """True when `value` is what both sides last agreed on."""
        known = self._single(entity_id, field)
        return known is not None and known == _of_one(self._hasher, self._entity, (entity_id, field, value))

    def news(self, agreed: Sequence[Agreement]) -> Sequence[Agreement]:
        """All that both sides agree on about one record, unless just this was the last that was remembered of it."""
        if not agreed:
            return ()
        return () if self._together.get(agreed[0][0]) == _of_all(self._hasher, self._entity, agreed) else agreed

    def _single(self, entity_id: int, field: str) -> str | None:
        piece = (bisect_right(self._ids, entity_id) - 1) // CHUNK
        if piece not in self._singles:
            self._singles[piece] = self._read(self._ids[piece * CHUNK : (piece + 1) * CHUNK]) if piece >= 0 else {}
        return self._singles[piece].get((entity_id, field))

    def _read(self, ids: Sequence[int], *only: sa.ColumnElement[bool]) -> dict[tuple[int, str], str]:
        table, found = fingerprints, {}
        for start in range(0, len(ids), CHUNK):
            some = table.c.entity_id.in_(ids[start : start + CHUNK])
            query = sa.select(table.c.entity_id, table.c.field, table.c.value_hash)
            rows = self._store.read(query.where(table.c.entity == self._entity, some, *only))
            found.update({(entity_id, field): value_hash for entity_id, field, value_hash in rows})
        return found


Remember = Callable[[Iterable[int]], Memory]  # what is remembered of the records with these ids


def key_hash(hasher: Hasher, mapping: str, key: str) -> str:
    """The name under which a row is linked to its record."""
    return hasher.hex("link", mapping, key.casefold())


def load(store: Store, hasher: Hasher, entity: str, ids: Iterable[int]) -> Memory:
    """Read what is remembered of these rows of CiviCRM."""
    return Memory(store, hasher, entity, sorted(set(ids)))


def keep(store: Store, hasher: Hasher, entity: str, agreed: Iterable[Agreement]) -> None:
    """Remember (id, field, value) as agreed on."""
    of_record: defaultdict[int, list[Agreement]] = defaultdict(list)
    hashes: dict[tuple[int, str], str] = {}
    for one in agreed:
        of_record[one[0]].append(one)
        hashes[one[0], one[1]] = _of_one(hasher, entity, one)
    hashes |= {(id_, TOGETHER): _of_all(hasher, entity, together) for id_, together in of_record.items()}
    store.put(
        fingerprints,
        (
            {"entity": entity, "entity_id": entity_id, "field": field, "value_hash": value_hash}
            for (entity_id, field), value_hash in hashes.items()
        ),
    )


def _of_one(hasher: Hasher, entity: str, one: Agreement) -> str:
    entity_id, field, value = one
    return hasher.hex(entity, entity_id, field, value or "")


def _of_all(hasher: Hasher, entity: str, agreed: Sequence[Agreement]) -> str:
    """The hash of all agreements on one record, in whatever order they come."""
    pairs = sorted((field, value or "") for _, field, value in agreed)
    return hasher.hex(entity, agreed[0][0], TOGETHER, *(part for pair in pairs for part in pair))


def load_links(store: Store, mapping: str) -> dict[str, int]:
    """key_hash → id in CiviCRM, for every row that this mapping ever applied."""
    query = sa.select(links.c.key_hash, links.c.entity_id).where(links.c.mapping == mapping)
    return {row.key_hash: row.entity_id for row in store.read(query)}


def keep_links(store: Store, mapping: str, found: Mapping[str, int]) -> None:
    """Remember key_hash → id in CiviCRM."""
    store.put(links, ({"mapping": mapping, "key_hash": key, "entity_id": id_} for key, id_ in found.items()))
