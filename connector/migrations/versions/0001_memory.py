"""What sync remembers: links, fingerprints, runs and leases."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the first four tables; connector/store.py says what each is for."""
    op.create_table(
        "links",
        sa.Column("mapping", sa.String(64), primary_key=True),
        sa.Column("key_hash", sa.String(32), primary_key=True),
        sa.Column("entity_id", sa.Integer, nullable=False),
    )
    op.create_table(
        "fingerprints",
        sa.Column("entity", sa.String(32), primary_key=True),
        sa.Column("entity_id", sa.Integer, primary_key=True),
        sa.Column("field", sa.String(128), primary_key=True),
        sa.Column("value_hash", sa.String(32), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("mapping", sa.String(64), nullable=False),
        sa.Column("scope", sa.JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("checksum", sa.String(16), nullable=False),
        sa.Column("shown", sa.LargeBinary, nullable=False),
        sa.Column("row_count", sa.Integer, nullable=False),
        sa.Column("counts", sa.JSON, nullable=False),
        sa.Column("forced", sa.JSON, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(128), primary_key=True),
        sa.Column("holder", sa.String(36), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
    )
