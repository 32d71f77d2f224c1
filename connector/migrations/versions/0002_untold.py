"""What an apply is about to write and has yet to tell on the contacts."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create its table; connector/store.py says what it holds."""
    op.create_table(
        "untold",
        sa.Column("activity", sa.Integer, primary_key=True),
        sa.Column("parts", sa.JSON, nullable=False),
    )
