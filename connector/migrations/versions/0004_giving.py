"""What the pages for givers remember: Checkouts, used links, the fund's numbers; and receipts on their way."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create them; connector/store.py says what is in them."""
    at = sa.DateTime(timezone=True)
    op.create_table(
        "checkouts",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("session", sa.String(255), nullable=False, index=True),
        sa.Column("at", at, nullable=False),
    )
    op.create_table(
        "used_links", sa.Column("key", sa.String(64), primary_key=True), sa.Column("at", at, nullable=False)
    )
    op.create_table(
        "progress",
        sa.Column("fund", sa.String(64), primary_key=True),
        sa.Column("numbers", sa.JSON, nullable=False),
        sa.Column("at", at, nullable=False),
    )
    op.create_table(
        "receipts",
        sa.Column("contribution", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("at", at, nullable=False),
    )
