"""The connector's own small database: what it remembers of past runs, what Stripe told, and who is at work on what.

It holds keyed fingerprints, CiviCRM ids and counts, never a person's data: the whole file could be published without
naming anyone. SQLite in WAL mode by default, PostgreSQL by DATABASE_URL.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from connector.errors import TransientError, UserError

_MIGRATING = 7_163_001  # a number of our own among PostgreSQL's advisory locks
HEAD = "0005"  # the newest of connector/migrations/versions


class Moment(sa.TypeDecorator[datetime]):
    """A moment that comes back as it was put: aware, in UTC.

    SQLite gives it back without a zone, and PostgreSQL in the zone that its server lives in.
    """

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: sa.Dialect) -> datetime | None:
        """Times without a zone are a mistake of ours."""
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, _dialect: sa.Dialect) -> datetime | None:
        """SQLite's are UTC, because only such were put."""
        if value is None or value.tzinfo is None:
            return value.replace(tzinfo=UTC) if value else None
        return value.astimezone(UTC)


metadata = sa.MetaData()
# which CiviCRM row a roster row became: the key is a keyed hash of the mapping's name and the row's key
links = sa.Table(
    "links",
    metadata,
    sa.Column("mapping", sa.String(64), primary_key=True),
    sa.Column("key_hash", sa.String(32), primary_key=True),
    sa.Column("entity_id", sa.Integer, nullable=False),
)
# the keyed hash of the value that roster and CiviCRM last agreed on, for each field of each row of CiviCRM
fingerprints = sa.Table(
    "fingerprints",
    metadata,
    sa.Column("entity", sa.String(32), primary_key=True),
    sa.Column("entity_id", sa.Integer, primary_key=True),
    sa.Column("field", sa.String(128), primary_key=True),
    sa.Column("value_hash", sa.String(32), nullable=False),
    sqlite_with_rowid=False,  # kept in the order of the key: two thirds of the size, read in two thirds of the time
)
# every plan that was shown and every apply: counts and the keyed hashes of the changes shown
runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("mapping", sa.String(64), nullable=False),
    sa.Column("scope", sa.JSON, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),  # planned, applying, applied, trial, failed
    sa.Column("checksum", sa.String(16), nullable=False),
    sa.Column("shown", sa.LargeBinary, nullable=False),
    sa.Column("row_count", sa.Integer, nullable=False),
    sa.Column("counts", sa.JSON, nullable=False),
    sa.Column("forced", sa.JSON, nullable=False),
    sa.Column("at", Moment, nullable=False),
)
# who is at work on what, and until when CiviCRM may still be busy with it although its sender is gone
leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", sa.String(128), primary_key=True),
    sa.Column("holder", sa.String(36), nullable=False),
    sa.Column("until", Moment, nullable=False),
)
# what Stripe's webhooks told: ids and money; connector/inbox.py says what becomes of a row
inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("event_id", sa.String(255), nullable=False, unique=True),
    sa.Column("type", sa.String(128), nullable=False),
    sa.Column("object_id", sa.String(255), nullable=False),
    sa.Column("root", sa.String(255), nullable=False, index=True),
    sa.Column("livemode", sa.Boolean, nullable=False),
    sa.Column("account", sa.String(255), nullable=False),
    sa.Column("api_version", sa.String(64), nullable=False),
    sa.Column("created", Moment, nullable=False),
    sa.Column("amount", sa.BigInteger),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),  # waiting, working, done, ignored, parked
    sa.Column("why", sa.String(255), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("received", Moment, nullable=False),
    sa.Column("due", Moment, nullable=False),
    sa.Index("inbox_due", "state", "due"),
)
# what the apply of a roster that was handed in is about to write: keyed hashes of rows, ids, names of fields, lines
untold = sa.Table(
    "untold",
    metadata,
    sa.Column("activity", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("parts", sa.JSON, nullable=False),
)
# which Checkout Session a form of the giving page opened: the key is a hash of the form's number and what it said
checkouts = sa.Table(
    "checkouts",
    metadata,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("session", sa.String(255), nullable=False, index=True),  # empty until Stripe answered
    sa.Column("at", Moment, nullable=False),
)
# hashes of links that open only once
used_links = sa.Table(
    "used_links",
    metadata,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("at", Moment, nullable=False),
)
# what the page of the fund shows: sums, as the worker last counted them
progress = sa.Table(
    "progress",
    metadata,
    sa.Column("fund", sa.String(64), primary_key=True),
    sa.Column("numbers", sa.JSON, nullable=False),
    sa.Column("at", Moment, nullable=False),
)
# contributions whose receipt CiviCRM sends: `sending` is written before the request, so that it is never sent twice
receipts = sa.Table(
    "receipts",
    metadata,
    sa.Column("contribution", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("state", sa.String(16), nullable=False),  # sending, sent, refused
    sa.Column("at", Moment, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Run:
    """One apply that ended: what was counted before it, and when (aware UTC)."""

    mapping: str
    state: str
    counts: Mapping[str, int]
    at: datetime


class Store:
    """An open database, brought up to date. Transactions are short: none is held over a request to anyone."""

    def __init__(self, url: str) -> None:
        """Open `url` (an SQLAlchemy URL) and run the migrations. Raises UserError when it cannot be opened."""
        self.engine = _engine(url)
        try:
            _migrate(self.engine)
        except BaseException as error:
            self.engine.dispose()
            if not isinstance(error, sa.exc.DatabaseError):
                raise
            raise UserError(
                f"The connector's database cannot be opened ({type(error.orig).__name__}).",
                next_step="the administrator checks DATABASE_URL and the rights on its file or server.",
            ) from None
        sa.event.listen(self.engine, "handle_error", _tell)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def ping(self) -> None:
        """Raise TransientError when the database does not answer, as everything here does."""
        self.read(sa.select(sa.literal(1)))

    def read(self, statement: sa.Select[*tuple[Any, ...]]) -> Sequence[sa.Row[*tuple[Any, ...]]]:
        """All rows of a select."""
        with self.engine.connect() as connection:
            return connection.execute(statement).all()

    def runs_since(self, moment: datetime) -> list[Run]:
        """The applies of every flow that ended since then, oldest first."""
        wanted = sa.and_(runs.c.state.not_in(("planned", "unfinished")), runs.c.at >= moment)
        query = sa.select(runs.c.mapping, runs.c.state, runs.c.counts, runs.c.at).where(wanted).order_by(runs.c.id)
        return [Run(row.mapping, row.state, row.counts, row.at) for row in self.read(query)]

    def write(self, *statements: sa.Executable) -> None:
        """Run statements in one transaction."""
        with self.engine.begin() as connection:
            for statement in statements:
                connection.execute(statement)

    def put(self, table: sa.Table, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert rows, replacing those with the same primary key, in one transaction."""
        rows = list(rows)
        if not rows:
            return
        insert = _upsert(self.engine, table)
        keys = [column.name for column in table.primary_key]
        rest = {column.name: insert.excluded[column.name] for column in table.columns if column.name not in keys}
        with self.engine.begin() as connection:
            connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=rest), rows)


@contextmanager
def opened(url: str) -> Iterator[Store]:
    """A Store that is closed at the end."""
    store = Store(url)
    try:
        yield store
    finally:
        store.close()


def _engine(url: str) -> sa.Engine:
    try:
        parsed = sa.make_url(url)
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")  # the one that `several` installs
        engine = sa.create_engine(parsed)
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ModuleNotFoundError):
        raise UserError("DATABASE_URL is not usable.", next_step="see DATABASE_URL in .env.example.") from None
    if engine.dialect.name == "sqlite":
        _keep_private(parsed.database)
        sa.event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _tell(context: Any) -> None:
    """A database that is locked, full or away is no mistake of ours, and may come back."""
    if isinstance(context.sqlalchemy_exception, sa.exc.OperationalError):
        raise TransientError(
            f"The connector's database does not answer ({type(context.original_exception).__name__}).",
            next_step="nothing is lost; if it lasts the administrator looks at its server or disk.",
        ) from None


def _upsert(engine: sa.Engine, table: sa.Table) -> Any:
    """An insert that can say what to do with rows that are there; each dialect has its own, slow to load."""
    if engine.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    return insert(table)


def _keep_private(database: str | None) -> None:
    """Only the user who runs the connector may read its database (SQLite gives its companion files the same mode)."""
    if not database or database == ":memory:":
        return
    path = Path(database)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        path.chmod(0o600)
    except OSError as error:
        raise UserError(
            f"The connector's database file cannot be written ({error.strerror}).",
            next_step="the administrator checks DATABASE_URL and the rights on its folder.",
        ) from None


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA busy_timeout=5000")  # first: the next one may have to wait already
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


def _migrate(engine: sa.Engine) -> None:
    """Bring the tables up to date. Alembic is slow to load, so a database that is up to date does without it."""
    try:
        with engine.connect() as connection:
            if connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() == HEAD:
                return
    except (sa.exc.OperationalError, sa.exc.ProgrammingError):
        pass  # no such table yet, or no such server, which the next statement says better
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            # Python's driver begins no transaction before CREATE TABLE: two processes at once, or a kill between two
            # tables, would leave a database that nobody can open again.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            # Two machines that start at once: the second waits, then finds the tables.
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATING)))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
