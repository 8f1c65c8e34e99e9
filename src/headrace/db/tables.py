"""Every table. One schema for SQLite and PostgreSQL; `migrations/` is its history."""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Index, Table
from sqlalchemy.exc import DontWrapMixin

from headrace.errors import Invalid

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = sa.MetaData(naming_convention=NAMING)


class Moment(sa.types.TypeDecorator[datetime]):
    """A moment in UTC, to the microsecond. SQLite knows no time zones: it is kept without one, and read with it."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Into the database."""
        return value.astimezone(UTC).replace(tzinfo=None) if value and dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Out of the database."""
        return value.replace(tzinfo=UTC) if value and dialect.name == "sqlite" else value


class Unstorable(Invalid, DontWrapMixin):
    """A text contains a NUL character or half a surrogate pair, which no text here may have."""


class Text(sa.types.TypeDecorator[str]):
    """Text that both databases keep and search for. Raises Unstorable for what only one of them would take."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """Into the database."""
        if value is None:
            return None
        if "\0" in value:
            raise Unstorable
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError as half:
                raise Unstorable from half
        return value


class Line(Text):
    """Text of at most `length` characters."""

    impl = sa.String
    cache_ok = True


# A rowid of SQLite is an INTEGER; only that makes it count up by itself.
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def key() -> Column[int]:
    """The column `id`."""
    return Column("id", Id, primary_key=True, autoincrement=True)


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
    sa.UniqueConstraint("owner_id", "kind", "collection_id", "slug"),
)
Index("ix_jobs_owner_id_updated_at", jobs.c.owner_id, jobs.c.updated_at)

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

runs = Table(
    "runs",
    metadata,
    key(),
    Column("uid", Line(36), nullable=False, unique=True),
    Column("state", Text, nullable=False),
    Column("job_id", Id),  # no foreign key: the history of a job outlives it
    Column("job_name", Text),
    Column("version", sa.Integer),
    Column("code_hash", Line(64), nullable=False),
    Column("owner_id", Id, nullable=False),
    Column("caller_id", Id),
    Column("token_id", Id),
    Column("collection_id", Id),  # where the call came by a collection's token
    Column("door", Text, nullable=False),
    Column("format", Text),
    Column("cache", Text, nullable=False),
    Column("status", sa.Integer, nullable=False),
    Column("size", sa.BigInteger, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment, nullable=False),
    *(
        Column(f"{part}_ms", sa.Float, nullable=False)
        for part in ("queue", "start", "import", "user", "encode", "total")
    ),
    Column("error_class", Text),
    Column("error", Text),
)
# Lists come newest first, and a row is somebody's as owner or as caller.
Index("ix_runs_owner_id_started_at", runs.c.owner_id, runs.c.started_at)
Index("ix_runs_caller_id_started_at", runs.c.caller_id, runs.c.started_at)
Index("ix_runs_job_id_started_at", runs.c.job_id, runs.c.started_at)
Index("ix_runs_started_at", runs.c.started_at)
IN_COLLECTION = sa.text("collection_id IS NOT NULL")
Index(
    "ix_runs_collection_id_started_at",
    runs.c.collection_id,
    runs.c.started_at,
    sqlite_where=IN_COLLECTION,
    postgresql_where=IN_COLLECTION,
)
# The few that did not succeed are looked for among very many that did.
OTHER_THAN_SUCCEEDED = sa.text("state <> 'succeeded'")
for name, *columns in (
    ("ix_runs_other_owner_id_started_at", runs.c.owner_id, runs.c.started_at),
    ("ix_runs_other_caller_id_started_at", runs.c.caller_id, runs.c.started_at),
    ("ix_runs_other_started_at", runs.c.started_at),
):
    Index(name, *columns, sqlite_where=OTHER_THAN_SUCCEEDED, postgresql_where=OTHER_THAN_SUCCEEDED)

run_logs = Table(
    "run_logs",
    metadata,
    Column("uid", Line(36), primary_key=True),
    Column("stdout", Text, nullable=False),
    Column("stderr", Text, nullable=False),
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
