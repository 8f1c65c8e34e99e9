"""Where a schema of the warehouse is described, and where its Parquet is."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """To this version: those that there are stay in their folders."""
    op.add_column("schemas", sa.Column("catalogue", sa.String(12), nullable=False, server_default="sqlite"))
    op.add_column("schemas", sa.Column("storage", sa.String(12), nullable=False, server_default="folder"))
