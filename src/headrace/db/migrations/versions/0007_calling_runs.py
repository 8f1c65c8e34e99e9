"""The run that a run was called by."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """To this version."""
    op.add_column("runs", sa.Column("parent_uid", sa.String(length=36), nullable=True))
    nested = sa.text("parent_uid IS NOT NULL")
    op.create_index("ix_runs_parent_uid", "runs", ["parent_uid"], sqlite_where=nested, postgresql_where=nested)
