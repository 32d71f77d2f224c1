"""Which contributions the connector made: payment → contribution. What was made and is gone was deleted by somebody."""

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from connector.store import Store, links

MAPPING = "stripe"


def known(store: Store, payments: Iterable[str]) -> dict[str, int]:
    """The contributions that were made for these payments."""
    query = sa.select(links.c.key_hash, links.c.entity_id)
    some = sa.and_(links.c.mapping == MAPPING, links.c.key_hash.in_(sorted(payments)))
    return {row.key_hash: row.entity_id for row in store.read(query.where(some))}


def all_known(store: Store) -> list[str]:
    """Everything that something was made for."""
    return [row.key_hash for row in store.read(sa.select(links.c.key_hash).where(links.c.mapping == MAPPING))]


def keep(store: Store, found: Mapping[str, int]) -> None:
    """Remember payment → contribution."""
    store.put(links, ({"mapping": MAPPING, "key_hash": key, "entity_id": id_} for key, id_ in found.items()))


def forget(store: Store, payment: str) -> None:
    """A person wants a deleted contribution entered again."""
    store.write(sa.delete(links).where(links.c.mapping == MAPPING, links.c.key_hash == payment))
