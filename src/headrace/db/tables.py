"""Every table, those of its neighbours too. One schema for SQLite and PostgreSQL; `migrations/` is its history."""

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Index, Table

from headrace.db.columns import NEVER_TWICE, Id, Line, Moment, Text, key, owned, shelf
from headrace.db.metadata import metadata
from headrace.db.tables_of_databases import credentials, database_tables, remote_hosts, storage_hosts, whitelisted_ips
from headrace.db.tables_of_runs import (
    IN_COLLECTION,
    OTHER_THAN_SUCCEEDED,
    graph_logs,
    run_logs,
    runs,
    task_graphs,
    tasks,
)

# What stands in the neighbours, and is looked for here.
__all__ = [
    "IN_COLLECTION",
    "OTHER_THAN_SUCCEEDED",
    "credentials",
    "database_tables",
    "graph_logs",
    "remote_hosts",
    "run_logs",
    "runs",
    "storage_hosts",
    "task_graphs",
    "tasks",
    "whitelisted_ips",
]

users = Table(
    "users",
    metadata,
    key(),
    Column("name", Text, nullable=False),
    Column("username", Text, nullable=False, unique=True),
    Column("email", Text, nullable=False, unique=True),  # in lower case
    Column("admin", sa.Boolean, nullable=False, default=False),
    Column("active", sa.Boolean, nullable=False, default=True),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
)
groups = Table(
    "groups",
    metadata,
    key(),
    Column("name", Text, nullable=False, unique=True),
    Column("slug", Text, nullable=False, unique=True),
    Column("description", Text),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

group_members = Table(
    "group_members",
    metadata,
    Column("group_id", Id, ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True),
)

api_keys = Table(
    "api_keys",
    metadata,
    key(),
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("digest", Line(64), nullable=False, unique=True),
    Column("hint", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("revoked_at", Moment),
    Column("last_used_at", Moment),
    Column("scopes", sa.JSON(none_as_null=True)),  # NULL: it opens what its owner may open
)

collections = Table(
    "collections",
    metadata,
    key(),
    Column("uid", Line(36), nullable=False, unique=True),
    Column("owner_id", Id, ForeignKey("users.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("access_scope", Text, nullable=False),
    Column("public_read", sa.Boolean, nullable=False, default=False),
    Column("dashboard_body", Text),
    Column("preview_image_url", Text),
    Column("passcode", Text),  # an argon2 hash
    Column("share_digest", Line(64), unique=True),
    Column("share_secret", sa.LargeBinary),  # the share token's text, encrypted
    Column("share_client_id", Text),
    Column("bundle", Text),  # what of an imported bundle is no udf, as JSON
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    sa.UniqueConstraint("owner_id", "name"),
)

session_tokens = Table(
    "session_tokens",
    metadata,
    key(),
    Column("digest", Line(64), nullable=False, unique=True),
    Column("collection_id", Id, ForeignKey("collections.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    key(),
    Column("uid", Line(36), nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("slug", Text, nullable=False),
    Column("owner_id", Id, ForeignKey("users.id"), nullable=False),
    Column("version", sa.Integer, nullable=False),
    Column("public_read", sa.Boolean, nullable=False, default=False),
    Column("public_list", sa.Boolean, nullable=False, default=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("collection_id", Id, ForeignKey("collections.id", ondelete="CASCADE"), index=True),  # every udf has one
    Column("udf_type", Text),
    # What every kind but a udf has besides; a udf is called by its slug.
    Column("name", Text, nullable=False, server_default=""),
    *shelf(),
    Column("state", Text, nullable=False, server_default="idle"),  # of the last run
    Column("parent_id", Id, ForeignKey("jobs.id", ondelete="SET NULL"), index=True),
    Column("template_id", Id, index=True),  # the template that it was made from
    Column("running_as_id", Id, ForeignKey("users.id")),
    Column("next_run_at", Moment),
    # What the kind alone has (services/scripts.py); last, since lists do not read it. Code is in job_versions.
    Column("settings", sa.JSON, nullable=False, server_default="{}"),
    sa.UniqueConstraint("owner_id", "kind", "collection_id", "slug"),
    **NEVER_TWICE,
)
Index("ix_jobs_owner_id_updated_at", jobs.c.owner_id, jobs.c.updated_at)
Index("ix_jobs_kind_updated_at", jobs.c.kind, jobs.c.updated_at)
Index("ix_jobs_updated_at", jobs.c.updated_at)

job_versions = Table(
    "job_versions",
    metadata,
    Column("job_id", Id, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("version", sa.Integer, primary_key=True),
    Column("body", Text, nullable=False),
    Column("author_id", Id, ForeignKey("users.id"), nullable=False),
    Column("created_at", Moment, nullable=False),
)

access_tokens = Table(
    "access_tokens",
    metadata,
    key(),
    Column("digest", Line(64), nullable=False, unique=True),
    Column("secret", sa.LargeBinary, nullable=False),  # the token's text, encrypted (docs/decisions/0001)
    Column("udf_id", Id, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("owner_id", Id, ForeignKey("users.id"), nullable=False, index=True),
    Column("client_id", Text),
    Column("cache", sa.Boolean, nullable=False),
    Column("enabled", sa.Boolean, nullable=False),
    Column("public_read", sa.Boolean),
    Column("access_scope", Text),
    Column("metadata_json", sa.JSON(none_as_null=True)),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("last_used_at", Moment),
)

secrets = Table(
    "secrets",
    metadata,
    key(),
    Column("owner_id", Id, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("scope", Text, nullable=False),  # environment, user
    Column("name", Text, nullable=False),
    Column("secret", sa.LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    sa.UniqueConstraint("owner_id", "scope", "name"),
)

schedules = Table(
    "schedules",
    metadata,
    key(),
    Column("uid", Line(36), nullable=False, unique=True),
    Column("owner_id", Id, ForeignKey("users.id"), nullable=False, index=True),
    Column("udf_id", Id, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("description", Text),
    Column("enabled", sa.Boolean, nullable=False),
    *(Column(part, sa.JSON, nullable=False) for part in ("minute", "hour", "day_of_month", "month", "day_of_week")),
    Column("arguments", sa.JSON(none_as_null=True)),
    Column("last_run", Moment),
    Column("next_run", Moment),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
)
Index("ix_schedules_next_run", schedules.c.next_run)

logins = Table(
    "logins",
    metadata,
    key(),
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("key_id", Id, ForeignKey("api_keys.id", ondelete="CASCADE"), nullable=False, index=True),  # what proved it
    Column("access_key_id", Id, ForeignKey("api_keys.id", ondelete="CASCADE"), index=True),  # what it gave
    Column("client_id", Text, nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("challenge", Text, nullable=False),
    Column("code_digest", Line(64), unique=True),
    Column("refresh_digest", Line(64), unique=True),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

environments = Table(
    "environments",
    metadata,
    key(),
    Column("owner_id", Id, ForeignKey("users.id"), nullable=False),
    Column("name", Line(64), nullable=False),
    Column("requirements", sa.JSON, nullable=False),  # the lines that the owner wrote
    Column("python", Line(16)),  # the version that the owner asked for
    Column("state", Line(16), nullable=False, index=True),
    Column("build", sa.Integer, nullable=False),  # how many builds were asked for
    Column("digest", Line(64)),  # the folder that calls use: of the last build that went well
    Column("pins", sa.JSON, nullable=False),  # what lies in that folder
    Column("size", sa.BigInteger, nullable=False),  # bytes of that folder
    Column("error", Text),
    Column("log", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("built_at", Moment),
    sa.UniqueConstraint("owner_id", "name"),
)

map_pages = Table(
    "map_pages",
    metadata,
    key(),
    Column("digest", Line(64), nullable=False, unique=True),
    Column("owner_id", Id, ForeignKey("users.id"), nullable=False, index=True),
    Column("body", Text, nullable=False),  # what it shows, as JSON (model/map_page.py)
    Column("created_at", Moment, nullable=False, index=True),
)

projects = Table(
    "projects",
    metadata,
    *owned(),
    Column("description", Text, nullable=False),
    Column("note", Text),
    Column("auto_share", sa.Boolean, nullable=False),  # who may see the project may see what is in it
    **NEVER_TWICE,
)

project_objects = Table(
    "project_objects",
    metadata,
    Column("project_id", Id, ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", Line(16), primary_key=True),
    Column("object_id", Id, primary_key=True),  # no foreign key: it is in the table that the kind names
    Column("added_at", Moment, nullable=False),
)
Index("ix_project_objects_kind_object_id", project_objects.c.kind, project_objects.c.object_id)

favorites = Table(  # what a user marked, to find it again
    "favorites",
    metadata,
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", Line(16), primary_key=True),
    Column("object_id", Id, primary_key=True),  # no foreign key: it is in the table that the kind names
    Column("added_at", Moment, nullable=False),
)
Index("ix_favorites_kind_object_id", favorites.c.kind, favorites.c.object_id)
shares = Table(
    "shares",
    metadata,
    key(),
    Column("kind", Line(16), nullable=False),
    Column("object_id", Id, nullable=False),
    Column("user_id", Id, ForeignKey("users.id", ondelete="CASCADE")),
    Column("group_id", Id, ForeignKey("groups.id", ondelete="CASCADE")),
    Column("level", sa.SmallInteger, nullable=False),  # model/object.py: Level
    sa.CheckConstraint("(user_id IS NULL) <> (group_id IS NULL)", name="one_grantee"),
    sa.UniqueConstraint("kind", "object_id", "user_id"),
    sa.UniqueConstraint("kind", "object_id", "group_id"),
)
Index("ix_shares_user_id_kind", shares.c.user_id, shares.c.kind)
Index("ix_shares_group_id_kind", shares.c.group_id, shares.c.kind)

changes = Table(
    "changes",
    metadata,
    key(),
    Column("at", Moment, nullable=False, index=True),
    Column("user_id", Id, index=True),  # no foreign keys: the log outlives what it tells of
    Column("key_id", Id),
    Column("address", Text),
    Column("action", Line(32), nullable=False),
    Column("kind", Line(16), nullable=False),
    Column("object_id", Id, nullable=False),
    Column("name", Text),
    Column("before", sa.JSON(none_as_null=True)),
    Column("after", sa.JSON(none_as_null=True)),
)
Index("ix_changes_kind_object_id", changes.c.kind, changes.c.object_id)

files = Table(
    "files",
    metadata,
    *owned(),
    Column("description", Text),
    Column("state", Line(16), nullable=False),  # empty, partial, whole, expired
    Column("size", sa.BigInteger, nullable=False),
    Column("blob", Text, index=True),  # the prefix of the keys of its bytes in the store
    Column("parts", sa.Integer),  # how many a multipart upload has
    Column("sizes", sa.JSON(none_as_null=True)),  # the bytes of each part, where it is whole
    Column("expires_at", Moment, index=True),
    Column("detected", sa.JSON(none_as_null=True)),  # header, delimiter, compression and columns of a table in it
    **NEVER_TWICE,
)

templates = Table(
    "templates",
    metadata,
    *owned(),
    Column("job_id", Id, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("note", Text),
    Column("ui_report_id", Id),
    Column("settings", sa.JSON, nullable=False, server_default="{}"),
    **NEVER_TWICE,
)

aliases = Table(
    "aliases",
    metadata,
    key(),
    Column("owner_id", Id, ForeignKey("users.id"), nullable=False),
    Column("object_type", Line(32), nullable=False),
    Column("object_id", Id, nullable=False),
    Column("alias", Text, nullable=False),
    Column("display_name", Text),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    sa.UniqueConstraint("object_type", "alias"),
    **NEVER_TWICE,
)
Index("ix_aliases_object_type_object_id", aliases.c.object_type, aliases.c.object_id)

json_values = Table(
    "json_values",
    metadata,
    *owned(),
    Column("value", Text, nullable=False),  # as it came, since JSON of either database would reorder it
    **NEVER_TWICE,
)

arrays = Table(
    "arrays",
    metadata,
    *owned(),
    Column("uid", Line(36), nullable=False, unique=True),
    Column("namespace", Text, nullable=False),  # a username or the slug of a group, as it is called by
    Column("storage", Text, nullable=False),  # where it lies; empty: in a folder of the server's
    Column("file_type", Line(40)),
    Column("file_properties", sa.JSON, nullable=False),
    Column("description", Text),
    Column("tags", sa.JSON, nullable=False),
    Column("readme", Text),
    Column("license_id", Text),
    Column("license_text", Text),
    Column("access_credentials_name", Text),
    Column("read_only", sa.Boolean, nullable=False),
    Column("public_read", sa.Boolean, nullable=False),
    Column("last_accessed_at", Moment),
    Column("size", sa.BigInteger),  # bytes, of one in a folder of the server's, when it was last written to
    sa.UniqueConstraint("namespace", "name"),
    **NEVER_TWICE,
)

array_activity = Table(  # what was done with arrays, and by whom
    "array_activity",
    metadata,
    key(),
    Column("uid", Line(36), nullable=False, unique=True),
    Column("array_id", Id, ForeignKey("arrays.id", ondelete="CASCADE"), nullable=False),
    Column("user_id", Id, ForeignKey("users.id", ondelete="SET NULL")),
    Column("at", Moment, nullable=False),
    Column("event", Line(40), nullable=False),
    Column("task_uid", Line(36)),
)
Index("ix_array_activity_at", array_activity.c.at)
Index("ix_array_activity_array_id_id", array_activity.c.array_id, array_activity.c.id)
Index("ix_array_activity_user_id_array_id_id", array_activity.c.user_id, array_activity.c.array_id, array_activity.c.id)

schemas = Table(  # of the warehouse: each is a DuckLake of its own
    "schemas",
    metadata,
    *owned(),
    Column("catalogue", Line(12), nullable=False, server_default="sqlite"),  # or postgresql: where it is described
    Column("storage", Line(12), nullable=False, server_default="folder"),  # or store: where its Parquet is
    sa.UniqueConstraint("name"),
    **NEVER_TWICE,
)

registered_graphs = Table(  # that clients run
    "registered_graphs",
    metadata,
    *owned(),
    Column("uid", Line(36), nullable=False, unique=True),
    Column("namespace", Text, nullable=False),
    Column("readme", Text),
    Column("license_id", Text),
    Column("license_text", Text),
    Column("tags", sa.JSON, nullable=False),
    Column("nodes", Text, nullable=False),  # as JSON, as they came
    sa.UniqueConstraint("namespace", "name"),
    **NEVER_TWICE,
)

functions = Table(  # that clients registered as pickles
    "functions",
    metadata,
    *owned(),
    Column("uid", Line(36), nullable=False, unique=True),
    Column("namespace", Text, nullable=False),  # a username or the slug of a group, as it is called by
    Column("type", Line(24), nullable=False),
    Column("language", Line(24), nullable=False),
    Column("version", Line(24), nullable=False),  # of the Python that pickled it
    Column("environment", Text, nullable=False),
    Column("readme", Text),
    Column("license_id", Text),
    Column("license_text", Text),
    Column("tags", sa.JSON, nullable=False),
    Column("source", Text),  # for people alone
    Column("code", sa.LargeBinary, nullable=False),  # last, since lists do not read it
    sa.UniqueConstraint("namespace", "name"),
    **NEVER_TWICE,
)
