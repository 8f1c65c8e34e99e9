"""Map pages of data sets."""

import sqlalchemy as sa
from alembic import op

from headrace.db.columns import Id, Moment

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """To this version."""
    op.create_table(
        "map_pages",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_map_pages_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_map_pages"),
        sa.UniqueConstraint("digest", name="uq_map_pages_digest"),
    )
    op.create_index("ix_map_pages_owner_id", "map_pages", ["owner_id"], unique=False)
    op.create_index("ix_map_pages_created_at", "map_pages", ["created_at"], unique=False)
