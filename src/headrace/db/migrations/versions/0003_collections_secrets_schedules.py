"""Collections with their session tokens, secrets, schedules, logins; every udf is in a collection."""

import uuid
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from headrace.db.columns import Id, Moment

revision = "0003"
down_revision = "0001"


def upgrade() -> None:
    """To this version."""
    op.create_table(
        "collections",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("access_scope", sa.Text(), nullable=False),
        sa.Column("public_read", sa.Boolean(), nullable=False),
        sa.Column("dashboard_body", sa.Text(), nullable=True),
        sa.Column("preview_image_url", sa.Text(), nullable=True),
        sa.Column("passcode", sa.Text(), nullable=True),
        sa.Column("share_digest", sa.String(length=64), nullable=True),
        sa.Column("share_secret", sa.LargeBinary(), nullable=True),
        sa.Column("share_client_id", sa.Text(), nullable=True),
        sa.Column("bundle", sa.Text(), nullable=True),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_collections_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_collections"),
        sa.UniqueConstraint("uid", name="uq_collections_uid"),
        sa.UniqueConstraint("share_digest", name="uq_collections_share_digest"),
        sa.UniqueConstraint("owner_id", "name", name="uq_collections_owner_id_name"),
    )
    _give_everyone_a_default()
    with op.batch_alter_table("jobs") as jobs:
        jobs.add_column(sa.Column("collection_id", Id, nullable=True))
        jobs.add_column(sa.Column("udf_type", sa.Text(), nullable=True))
        jobs.drop_constraint("uq_jobs_owner_id_kind_slug", type_="unique")
        jobs.create_unique_constraint(
            "uq_jobs_owner_id_kind_collection_id_slug", ["owner_id", "kind", "collection_id", "slug"]
        )
        jobs.create_foreign_key("fk_jobs_collection_id", "collections", ["collection_id"], ["id"], ondelete="CASCADE")
        jobs.create_index("ix_jobs_collection_id", ["collection_id"])
    op.execute(
        "UPDATE jobs SET collection_id = (SELECT c.id FROM collections c WHERE c.owner_id = jobs.owner_id) "
        "WHERE kind = 'udf'"
    )
    op.create_table(
        "session_tokens",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("collection_id", Id, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collections.id"], name="fk_session_tokens_collection_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_session_tokens"),
        sa.UniqueConstraint("digest", name="uq_session_tokens_digest"),
    )
    op.create_index("ix_session_tokens_collection_id", "session_tokens", ["collection_id"])
    op.add_column("runs", sa.Column("collection_id", Id, nullable=True))
    there = sa.text("collection_id IS NOT NULL")
    op.create_index(
        "ix_runs_collection_id_started_at",
        "runs",
        ["collection_id", "started_at"],
        sqlite_where=there,
        postgresql_where=there,
    )
    op.create_table(
        "secrets",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_secrets_owner_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_secrets"),
        sa.UniqueConstraint("owner_id", "scope", "name", name="uq_secrets_owner_id_scope_name"),
    )
    op.create_table(
        "schedules",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("udf_id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        *(sa.Column(part, sa.JSON(), nullable=False) for part in PARTS),
        sa.Column("arguments", sa.JSON(), nullable=True),
        sa.Column("last_run", Moment, nullable=True),
        sa.Column("next_run", Moment, nullable=True),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_schedules_owner_id"),
        sa.ForeignKeyConstraint(["udf_id"], ["jobs.id"], name="fk_schedules_udf_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_schedules"),
        sa.UniqueConstraint("uid", name="uq_schedules_uid"),
    )
    for column in ("owner_id", "udf_id", "next_run"):
        op.create_index(f"ix_schedules_{column}", "schedules", [column])
    op.create_table(
        "logins",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("key_id", Id, nullable=False),
        sa.Column("access_key_id", Id, nullable=True),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("challenge", sa.Text(), nullable=False),
        sa.Column("code_digest", sa.String(length=64), nullable=True),
        sa.Column("refresh_digest", sa.String(length=64), nullable=True),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_logins_user_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["key_id"], ["api_keys.id"], name="fk_logins_key_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["access_key_id"], ["api_keys.id"], name="fk_logins_access_key_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_logins"),
        sa.UniqueConstraint("code_digest", name="uq_logins_code_digest"),
        sa.UniqueConstraint("refresh_digest", name="uq_logins_refresh_digest"),
    )
    for column in ("user_id", "key_id", "access_key_id"):
        op.create_index(f"ix_logins_{column}", "logins", [column])


PARTS = ("minute", "hour", "day_of_month", "month", "day_of_week")


def _give_everyone_a_default() -> None:
    connection, now = op.get_bind(), datetime.now(UTC)
    columns = {
        "uid": sa.String(36),
        "owner_id": Id,
        "name": sa.Text(),
        "access_scope": sa.Text(),
        "public_read": sa.Boolean(),
        "created_at": Moment,
        "updated_at": Moment,
    }
    table = sa.table("collections", *(sa.column(name, type_) for name, type_ in columns.items()))
    same = {"name": "default", "access_scope": "team", "public_read": False, "created_at": now, "updated_at": now}
    people = connection.execute(sa.text("SELECT id FROM users")).scalars().all()
    if people:
        connection.execute(table.insert(), [{"uid": str(uuid.uuid4()), "owner_id": one, **same} for one in people])
