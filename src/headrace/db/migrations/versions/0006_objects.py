"""Objects of every kind: names, shares, projects, files, credentials, databases, templates; the log of changes."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from headrace.db.columns import Id, Moment

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """To this version."""
    op.create_table(
        "changes",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("user_id", Id, nullable=True),
        sa.Column("key_id", Id, nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("object_id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("before", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("after", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_changes"),
    )
    op.create_index("ix_changes_at", "changes", ["at"])
    op.create_index("ix_changes_kind_object_id", "changes", ["kind", "object_id"])
    op.create_index("ix_changes_user_id", "changes", ["user_id"])
    op.create_table(
        "aliases",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("owner_id", Id, nullable=False),
        sa.Column("object_type", sa.String(length=32), nullable=False),
        sa.Column("object_id", Id, nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_aliases_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_aliases"),
        sa.UniqueConstraint("object_type", "alias", name="uq_aliases_object_type_alias"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_aliases_object_type_object_id", "aliases", ["object_type", "object_id"])
    op.create_table(
        "files",
        *_owned(),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("blob", sa.Text(), nullable=True),
        sa.Column("parts", sa.Integer(), nullable=True),
        sa.Column("sizes", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("expires_at", Moment, nullable=True),
        sa.Column("detected", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_files_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_files"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_files_blob", "files", ["blob"])
    op.create_index("ix_files_expires_at", "files", ["expires_at"])
    op.create_index("ix_files_owner_id", "files", ["owner_id"])
    op.create_index("ix_files_updated_at", "files", ["updated_at"])
    op.create_table(
        "json_values",
        *_owned(),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_json_values_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_json_values"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_json_values_owner_id", "json_values", ["owner_id"])
    op.create_index("ix_json_values_updated_at", "json_values", ["updated_at"])
    op.create_table(
        "projects",
        *_owned(),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("auto_share", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_projects_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_projects"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_projects_owner_id", "projects", ["owner_id"])
    op.create_index("ix_projects_updated_at", "projects", ["updated_at"])
    op.create_table(
        "remote_hosts",
        *_owned(),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("settings", sa.JSON(), server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_remote_hosts_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_remote_hosts"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_remote_hosts_owner_id", "remote_hosts", ["owner_id"])
    op.create_index("ix_remote_hosts_updated_at", "remote_hosts", ["updated_at"])
    op.create_table(
        "shares",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("object_id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=True),
        sa.Column("group_id", Id, nullable=True),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint("(user_id IS NULL) <> (group_id IS NULL)", name="one_grantee"),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name="fk_shares_group_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_shares_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_shares"),
        sa.UniqueConstraint("kind", "object_id", "group_id", name="uq_shares_kind_object_id_group_id"),
        sa.UniqueConstraint("kind", "object_id", "user_id", name="uq_shares_kind_object_id_user_id"),
    )
    op.create_index("ix_shares_group_id_kind", "shares", ["group_id", "kind"])
    op.create_index("ix_shares_user_id_kind", "shares", ["user_id", "kind"])
    op.create_table(
        "storage_hosts",
        *_owned(),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("bucket", sa.Text(), nullable=False),
        sa.Column("options", sa.JSON(), server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_storage_hosts_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_storage_hosts"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_storage_hosts_owner_id", "storage_hosts", ["owner_id"])
    op.create_index("ix_storage_hosts_updated_at", "storage_hosts", ["updated_at"])
    op.create_table(
        "credentials",
        *_owned(),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("remote_host_id", Id, nullable=True),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("settings", sa.JSON(), server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_credentials_owner_id"),
        sa.ForeignKeyConstraint(["remote_host_id"], ["remote_hosts.id"], name="fk_credentials_remote_host_id"),
        sa.PrimaryKeyConstraint("id", name="pk_credentials"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_credentials_owner_id", "credentials", ["owner_id"])
    op.create_index("ix_credentials_owner_id_type", "credentials", ["owner_id", "type"])
    op.create_index("ix_credentials_remote_host_id", "credentials", ["remote_host_id"])
    op.create_index("ix_credentials_updated_at", "credentials", ["updated_at"])
    op.create_table(
        "database_tables",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("remote_host_id", Id, nullable=False),
        sa.Column("schema", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("settings", sa.JSON(), server_default="{}", nullable=False),
        sa.Column("statistics", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("refreshed_at", Moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["remote_host_id"], ["remote_hosts.id"], name="fk_database_tables_remote_host_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_database_tables"),
        sa.UniqueConstraint("remote_host_id", "schema", "name", name="uq_database_tables_remote_host_id_schema_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "project_objects",
        sa.Column("project_id", Id, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("object_id", Id, nullable=False),
        sa.Column("added_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name="fk_project_objects_project_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", "kind", "object_id", name="pk_project_objects"),
    )
    op.create_index("ix_project_objects_kind_object_id", "project_objects", ["kind", "object_id"])
    op.create_table(
        "whitelisted_ips",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("remote_host_id", Id, nullable=False),
        sa.Column("subnet_mask", sa.Text(), nullable=False),
        sa.Column("security_group_id", sa.Text(), nullable=True),
        sa.Column("authorized_by", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["remote_host_id"], ["remote_hosts.id"], name="fk_whitelisted_ips_remote_host_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_whitelisted_ips"),
    )
    op.create_index("ix_whitelisted_ips_remote_host_id", "whitelisted_ips", ["remote_host_id"])
    op.create_table(
        "templates",
        *_owned(),
        sa.Column("job_id", Id, nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("ui_report_id", Id, nullable=True),
        sa.Column("settings", sa.JSON(), server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_templates_job_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_templates_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_templates"),
        sa.UniqueConstraint("job_id", name="uq_templates_job_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_templates_owner_id", "templates", ["owner_id"])
    op.create_index("ix_templates_updated_at", "templates", ["updated_at"])
    with op.batch_alter_table("jobs", table_kwargs={"sqlite_autoincrement": True}) as jobs:
        jobs.add_column(sa.Column("name", sa.Text(), server_default="", nullable=False))
        jobs.add_column(sa.Column("archived", sa.Boolean(), server_default=sa.false(), nullable=False))
        jobs.add_column(sa.Column("hidden", sa.Boolean(), server_default=sa.false(), nullable=False))
        jobs.add_column(sa.Column("state", sa.Text(), server_default="idle", nullable=False))
        jobs.add_column(sa.Column("parent_id", Id, nullable=True))
        jobs.add_column(sa.Column("template_id", Id, nullable=True))
        jobs.add_column(sa.Column("running_as_id", Id, nullable=True))
        jobs.add_column(sa.Column("next_run_at", Moment, nullable=True))
        jobs.add_column(sa.Column("settings", sa.JSON(), server_default="{}", nullable=False))
        jobs.create_index("ix_jobs_kind_updated_at", ["kind", "updated_at"])
        jobs.create_index("ix_jobs_parent_id", ["parent_id"])
        jobs.create_index("ix_jobs_template_id", ["template_id"])
        jobs.create_index("ix_jobs_updated_at", ["updated_at"])
        jobs.create_foreign_key("fk_jobs_running_as_id", "users", ["running_as_id"], ["id"])
        jobs.create_foreign_key("fk_jobs_parent_id", "jobs", ["parent_id"], ["id"], ondelete="SET NULL")
    op.execute("UPDATE jobs SET name = slug")
    _lay_the_warehouse()


def _lay_the_warehouse() -> None:
    """The database that every server has, and a credential for it of every user there is; none at a first start."""
    op.execute(
        "INSERT INTO remote_hosts (owner_id, name, type, url, created_at, updated_at) "
        "SELECT id, 'warehouse', 'RemoteHostTypes::Warehouse', 'warehouse:', updated_at, updated_at "
        "FROM users WHERE admin ORDER BY id LIMIT 1"
    )
    credentials = sa.text(
        "INSERT INTO credentials "
        "(owner_id, name, type, username, secret, remote_host_id, is_default, created_at, updated_at) "
        "SELECT users.id, 'default', 'Database', users.username, :none, remote_hosts.id, :yes, "
        "users.updated_at, users.updated_at FROM users, remote_hosts"
    )
    nothing, yes = sa.bindparam("none", b"", sa.LargeBinary), sa.bindparam("yes", True, sa.Boolean)
    op.execute(credentials.bindparams(nothing, yes))


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
