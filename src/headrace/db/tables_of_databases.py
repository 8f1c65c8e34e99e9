"""The tables of databases and stores elsewhere, what was seen in them, and the credentials that open them."""

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Index, Table

from headrace.db.columns import NEVER_TWICE, Id, Moment, Text, key, owned
from headrace.db.metadata import metadata

remote_hosts = Table(
    "remote_hosts",
    metadata,
    *owned(),
    Column("type", Text, nullable=False),  # one of an engine's types
    Column("url", Text, nullable=False),
    Column("description", Text),
    Column("settings", sa.JSON, nullable=False, server_default="{}"),
    **NEVER_TWICE,
)

whitelisted_ips = Table(
    "whitelisted_ips",
    metadata,
    key(),
    Column("remote_host_id", Id, ForeignKey("remote_hosts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("subnet_mask", Text, nullable=False),
    Column("security_group_id", Text),
    Column("authorized_by", Text, nullable=False),
    Column("is_active", sa.Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

# What listings of databases saw, so that a table has an id that stays; what is in it is asked of its database.
database_tables = Table(
    "database_tables",
    metadata,
    key(),
    Column("remote_host_id", Id, ForeignKey("remote_hosts.id", ondelete="CASCADE"), nullable=False),
    Column("schema", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text),
    Column("settings", sa.JSON, nullable=False, server_default="{}"),  # keys and ontology, as users say they are
    Column("statistics", sa.JSON(none_as_null=True)),  # of the last refresh
    Column("refreshed_at", Moment),
    sa.UniqueConstraint("remote_host_id", "schema", "name"),
    **NEVER_TWICE,
)

credentials = Table(
    "credentials",
    metadata,
    *owned(),
    Column("type", Text, nullable=False),
    Column("username", Text, nullable=False),
    Column("secret", sa.LargeBinary, nullable=False),  # the password, encrypted; empty where there is none
    Column("description", Text),
    Column("remote_host_id", Id, ForeignKey("remote_hosts.id"), index=True),
    Column("is_default", sa.Boolean, nullable=False),
    Column("settings", sa.JSON, nullable=False, server_default="{}"),
    **NEVER_TWICE,
)
Index("ix_credentials_owner_id_type", credentials.c.owner_id, credentials.c.type)

storage_hosts = Table(
    "storage_hosts",
    metadata,
    *owned(),
    Column("provider", Text, nullable=False),
    Column("bucket", Text, nullable=False),
    Column("options", sa.JSON, nullable=False, server_default="{}"),
    **NEVER_TWICE,
)
