"""What sync remembers: which record a row became, and the last value that roster and CiviCRM agreed on.

Only keyed hashes are kept, so the store names nobody; losing it is safe, because matching finds the records again.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping

import sqlalchemy as sa

from connector.store import Store, fingerprints, links

Agreement = tuple[int, str, str | None]  # id in CiviCRM, field, value
BYTES = 16  # 128 bits: short enough for 100,000 of them, long enough that none is ever equal by chance
BLOCK = 64  # bytes that SHA-256 takes at a time
CHUNK = 500  # SQLite's default limit of variables in one statement is far above this


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
    """The remembered values of some records. Pure: `load` reads them, `keep` stores new ones."""

    def __init__(self, hasher: Hasher, entity: str, values: Mapping[tuple[int, str], str]) -> None:
        self._hasher, self._entity, self._values = hasher, entity, values

    def knows(self, entity_id: int, field: str) -> bool:
        """True when both sides agreed on this field before."""
        return (entity_id, field) in self._values

    def agreed(self, entity_id: int, field: str, value: str | None) -> bool:
        """True when `value` is what both sides last agreed on."""
        known = self._values.get((entity_id, field))
        return known is not None and known == self._hasher.hex(self._entity, entity_id, field, value or "")


Remember = Callable[[Iterable[int]], Memory]  # what is remembered of the records with these ids


def key_hash(hasher: Hasher, mapping: str, key: str) -> str:
    """The name under which a row is linked to its record."""
    return hasher.hex("link", mapping, key.casefold())


def load(store: Store, hasher: Hasher, entity: str, ids: Iterable[int]) -> Memory:
    """Read what is remembered of these rows of CiviCRM."""
    table, values = fingerprints, {}
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), CHUNK):
        some = table.c.entity_id.in_(wanted[start : start + CHUNK])
        query = sa.select(table.c.entity_id, table.c.field, table.c.value_hash).where(table.c.entity == entity, some)
        values.update({(entity_id, field): value_hash for entity_id, field, value_hash in store.read(query)})
    return Memory(hasher, entity, values)


def keep(store: Store, hasher: Hasher, entity: str, agreed: Iterable[Agreement]) -> None:
    """Remember (id, field, value) as agreed on."""
    store.put(
        fingerprints,
        (
            {
                "entity": entity,
                "entity_id": entity_id,
                "field": field,
                "value_hash": hasher.hex(entity, entity_id, field, value or ""),
            }
            for entity_id, field, value in agreed
        ),
    )


def load_links(store: Store, mapping: str) -> dict[str, int]:
    """key_hash → id in CiviCRM, for every row that this mapping ever applied."""
    query = sa.select(links.c.key_hash, links.c.entity_id).where(links.c.mapping == mapping)
    return {row.key_hash: row.entity_id for row in store.read(query)}


def keep_links(store: Store, mapping: str, found: Mapping[str, int]) -> None:
    """Remember key_hash → id in CiviCRM."""
    store.put(links, ({"mapping": mapping, "key_hash": key, "entity_id": id_} for key, id_ in found.items()))
