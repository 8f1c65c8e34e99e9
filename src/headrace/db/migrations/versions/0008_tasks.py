"""Tasks, runs that are under way, and the schemas of the warehouse."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from headrace.db.columns import Id, Moment

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """To this version."""
    with op.batch_alter_table("runs") as runs:
        runs.alter_column("finished_at", existing_type=Moment(), nullable=True)
    op.create_table(
        "tasks",
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("type", sa.String(length=24), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("started_at", Moment, nullable=False),
        sa.Column("server", sa.String(length=36), nullable=False),
        sa.Column("result_format", sa.String(length=24), nullable=True),
        sa.Column("kept_until", Moment, nullable=True),
        sa.Column("graph_uid", sa.String(length=36), nullable=True),
        sa.Column("node_uid", sa.String(length=36), nullable=True),
        sa.Column("arrays", sa.JSON(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("uid", name="pk_tasks"),
    )
    op.create_index("ix_tasks_owner_id_started_at", "tasks", ["owner_id", "started_at"])
    op.create_index("ix_tasks_namespace_started_at", "tasks", ["namespace", "started_at"])
    op.create_index("ix_tasks_graph_uid", "tasks", ["graph_uid"])
    op.create_index("ix_tasks_kept_until", "tasks", ["kept_until"])
    op.create_table(
        "schemas",
        *_owned(),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_schemas_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_schemas"),
        sa.UniqueConstraint("name", name="uq_schemas_name"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_schemas_owner_id", "schemas", ["owner_id"])
    op.create_index("ix_schemas_updated_at", "schemas", ["updated_at"])
    _functions()
    op.create_table(
        "arrays",
        *_owned(),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("storage", sa.Text(), nullable=False),
        sa.Column("file_type", sa.String(length=40), nullable=True),
        sa.Column("file_properties", sa.JSON(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("readme", sa.Text(), nullable=True),
        sa.Column("license_id", sa.Text(), nullable=True),
        sa.Column("license_text", sa.Text(), nullable=True),
        sa.Column("access_credentials_name", sa.Text(), nullable=True),
        sa.Column("read_only", sa.Boolean(), nullable=False),
        sa.Column("public_read", sa.Boolean(), nullable=False),
        sa.Column("last_accessed_at", Moment, nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_arrays_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_arrays"),
        sa.UniqueConstraint("uid", name="uq_arrays_uid"),
        sa.UniqueConstraint("namespace", "name", name="uq_arrays_namespace_name"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_arrays_owner_id", "arrays", ["owner_id"])
    op.create_index("ix_arrays_updated_at", "arrays", ["updated_at"])
    op.create_table(
        "array_activity",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("array_id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=True),
        sa.Column("at", Moment, nullable=False),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("task_uid", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(["array_id"], ["arrays.id"], name="fk_array_activity_array_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_array_activity_user_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_array_activity"),
        sa.UniqueConstraint("uid", name="uq_array_activity_uid"),
    )
    op.create_index("ix_array_activity_at", "array_activity", ["at"])
    op.create_index("ix_array_activity_array_id_id", "array_activity", ["array_id", "id"])
    op.create_index("ix_array_activity_user_id_array_id_id", "array_activity", ["user_id", "array_id", "id"])
    _graphs()


def _graphs() -> None:
    op.create_table(
        "task_graphs",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_task_graphs_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_task_graphs"),
        sa.UniqueConstraint("uid", name="uq_task_graphs_uid"),
    )
    op.create_index("ix_task_graphs_owner_id", "task_graphs", ["owner_id"])
    op.create_index("ix_task_graphs_namespace", "task_graphs", ["namespace"])
    op.create_table(
        "graph_logs",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=True),
        sa.Column("ended_at", Moment, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("nodes", sa.Text(), nullable=False),
        sa.Column("graph_uid", sa.String(length=36), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("server", sa.String(length=36), nullable=True),
        sa.Column("rounds", sa.Integer(), nullable=False),
        sa.Column("round_at", Moment, nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_graph_logs_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_graph_logs"),
        sa.UniqueConstraint("uid", name="uq_graph_logs_uid"),
    )
    op.create_index("ix_graph_logs_created_at", "graph_logs", ["created_at"])
    op.create_index("ix_graph_logs_graph_uid", "graph_logs", ["graph_uid"])
    op.create_index("ix_graph_logs_owner_id_created_at", "graph_logs", ["owner_id", "created_at"])
    op.create_index("ix_graph_logs_namespace_created_at", "graph_logs", ["namespace", "created_at"])
    op.create_index("ix_graph_logs_server_state", "graph_logs", ["server", "state"])
    op.create_table(
        "registered_graphs",
        *_owned(),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("readme", sa.Text(), nullable=True),
        sa.Column("license_id", sa.Text(), nullable=True),
        sa.Column("license_text", sa.Text(), nullable=True),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("nodes", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_registered_graphs_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_registered_graphs"),
        sa.UniqueConstraint("uid", name="uq_registered_graphs_uid"),
        sa.UniqueConstraint("namespace", "name", name="uq_registered_graphs_namespace_name"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_registered_graphs_owner_id", "registered_graphs", ["owner_id"])
    op.create_index("ix_registered_graphs_updated_at", "registered_graphs", ["updated_at"])


def _owned() -> list[sa.Column[Any]]:
    return [
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("archived", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("hidden", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
    ]


def _functions() -> None:
    op.create_table(
        "functions",
        *_owned(),
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("type", sa.String(length=24), nullable=False),
        sa.Column("language", sa.String(length=24), nullable=False),
        sa.Column("version", sa.String(length=24), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("readme", sa.Text(), nullable=True),
        sa.Column("license_id", sa.Text(), nullable=True),
        sa.Column("license_text", sa.Text(), nullable=True),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("code", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_functions_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_functions"),
        sa.UniqueConstraint("namespace", "name", name="uq_functions_namespace_name"),
        sa.UniqueConstraint("uid", name="uq_functions_uid"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_functions_owner_id", "functions", ["owner_id"])
    op.create_index("ix_functions_updated_at", "functions", ["updated_at"])
