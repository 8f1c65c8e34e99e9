"""What a key is for, where it is for less than everything; what somebody marked to find again; how large arrays are."""

import sqlalchemy as sa
from alembic import op

from headrace.db.columns import Id, Moment

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """To this version: keys that there are open everything, and arrays are measured when they are next written to."""
    op.add_column("api_keys", sa.Column("scopes", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("arrays", sa.Column("size", sa.BigInteger(), nullable=True))
    op.create_table(
        "favorites",
        sa.Column("user_id", Id, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("object_id", Id, nullable=False),
        sa.Column("added_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "kind", "object_id"),
    )
    op.create_index("ix_favorites_kind_object_id", "favorites", ["kind", "object_id"])
