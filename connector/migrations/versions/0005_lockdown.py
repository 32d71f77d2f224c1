"""The switch of the lock-down: one row, off."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create it; connector/lockdown.py says what is in it."""
    made = op.create_table(
        "lockdown",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("since", sa.DateTime(timezone=True)),
        sa.Column("why", sa.String(120), nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("told", sa.Integer, nullable=False),
    )
    op.bulk_insert(made, [{"id": 1, "since": None, "why": "", "turn": 0, "told": 0}])
