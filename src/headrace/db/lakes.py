"""Catalogues of the warehouse in PostgreSQL: for each schema of ours one there, and two roles that reach no other.

    lake_<id>                          what DuckLake keeps of the schema, owned by the role that writes
    headrace_<database>_<id>_w, .._r   roles that may write it, and read it; named after the database's own number too,
                                       since roles belong to all databases of a server

Workers never have the passwords: the server logs in for them (`relay.py`).
"""

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection, text

if TYPE_CHECKING:
    import psycopg

LOCK = 7_241_908_312  # an advisory lock's number on PostgreSQL, beside that of migrations
CONNECTIONS = 64  # of one role
LOOKING = "headrace: last snapshots"  # the name of connections, for who looks at PostgreSQL's activity
SECONDS = 2  # that a look at the last snapshot takes at the most
ABLE = text("""
    select (rolcreaterole or rolsuper) and has_database_privilege(current_database(), 'CREATE')
    from pg_roles where rolname = current_user
""")
# Its time besides its number: a catalogue that was restored counts on from an earlier one. And the first of those that
# are kept, for snapshots that expire leave the last as it was. As text that is short whatever the table has become.
LAST = """
    select left(snapshot_id::text, 40), left(snapshot_time::text, 40),
        (select left(min(snapshot_id)::text, 40) from {0}.ducklake_snapshot)
    from {0}.ducklake_snapshot order by snapshot_id desc limit 1
"""


class Roles(Struct, frozen=True):
    """Who reaches the catalogue of one schema."""

    namespace: str  # the schema of PostgreSQL
    writer: str
    reader: str


def able(connection: Connection) -> bool:
    """Whether catalogues can be here: in PostgreSQL, by a user who may make roles and schemas."""
    return connection.dialect.name == "postgresql" and bool(connection.execute(ABLE).scalar())


def namespace(schema_id: int) -> str:
    """The schema of PostgreSQL that describes a schema of the warehouse."""
    return f"lake_{schema_id}"


def numbered(namespace: str) -> int:
    """The id of the schema of the warehouse that a schema of PostgreSQL describes."""
    return int(namespace.removeprefix("lake_"))


def roles_of(connection: Connection, schema_id: int) -> Roles:
    """The names that go with a schema of the warehouse."""
    number = connection.execute(text("select oid from pg_database where datname = current_database()")).scalar_one()
    return _roles(int(number), schema_id)


def lay(connection: Connection, schema_id: int, writer_password: str, reader_password: str) -> Roles:
    """See that the schema and its roles are there, with these passwords."""
    connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    roles = roles_of(connection, schema_id)
    for role, password in ((roles.writer, writer_password), (roles.reader, reader_password)):
        there = connection.execute(text("select 1 from pg_roles where rolname = :role"), {"role": role}).scalar()
        verb = "alter" if there else "create"
        secret = _verifier(connection, role, password)
        _do(connection, f"{verb} role {_quoted(role)} login connection limit {CONNECTIONS} password '{secret}'")
        _do(connection, f"alter role {_quoted(role)} set lock_timeout = '15s'")
    # As a member of the role that owns it, this server can drop the catalogue.
    _do(connection, f"grant {_quoted(roles.writer)} to current_user")
    _do(connection, f"create schema if not exists {roles.namespace} authorization {_quoted(roles.writer)}")
    _do(connection, f"grant usage on schema {roles.namespace} to {_quoted(roles.reader)}")
    _do(
        connection,
        f"alter default privileges for role {_quoted(roles.writer)} in schema {roles.namespace} "
        f"grant select on tables to {_quoted(roles.reader)}",
    )
    return roles


def holds(connection: Connection, roles: Roles) -> bool:
    """Whether anybody has written to the schema."""
    found = connection.execute(text("select to_regclass(:name)"), {"name": f"{roles.namespace}.ducklake_metadata"})
    return found.scalar() is not None


def connect(url: str) -> "psycopg.Connection":
    """A connection that reads a catalogue, for `last_snapshot`. Raises psycopg.Error."""
    import psycopg

    options = f"-c statement_timeout={SECONDS * 1000} -c default_transaction_read_only=on"
    return psycopg.connect(url, autocommit=True, options=options, connect_timeout=SECONDS, application_name=LOOKING)


def last_snapshot(connection: "psycopg.Connection", schema_id: int) -> str | None:
    """What tells the state of a catalogue from any other; None where nobody has written to it. Raises psycopg.Error."""
    import psycopg

    try:
        row = connection.execute(LAST.format(namespace(schema_id)).encode()).fetchone()
    except psycopg.errors.UndefinedTable:
        return None
    return " ".join(map(str, row)) if row else None


def drop(connection: Connection, schema_id: int) -> None:
    """Drop the catalogue of a schema, and its roles, whoever is connected."""
    roles = roles_of(connection, schema_id)
    names = [
        one
        for one in (roles.writer, roles.reader)
        if connection.execute(text("select 1 from pg_roles where rolname = :role"), {"role": one}).scalar()
    ]
    _do(connection, f"drop schema if exists {roles.namespace} cascade")
    for one in names:
        # What the role may by default belongs to it, and would keep it.
        _do(connection, f"grant {_quoted(one)} to current_user")
        _do(connection, f"drop owned by {_quoted(one)} cascade")
    for one in names:
        _do(connection, f"drop role {_quoted(one)}")


def _roles(number: int, schema_id: int) -> Roles:
    base = f"headrace_{number}_{schema_id}"
    return Roles(namespace(schema_id), f"{base}_w", f"{base}_r")


def _verifier(connection: Connection, role: str, password: str) -> str:
    """What PostgreSQL keeps of a password, made here so that its log never has the password itself."""
    driver: Any = connection.connection.driver_connection
    return driver.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()


def _do(connection: Connection, statement: str) -> None:
    connection.execute(sa.DDL(statement.replace("%", "%%")))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
