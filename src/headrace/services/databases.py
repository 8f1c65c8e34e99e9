"""Databases: remote hosts that say what is in them, each to whom its credential lets in."""

import ipaddress
from datetime import UTC, datetime

from headrace.db import hosts as rows
from headrace.db import objects as queries
from headrace.errors import Invalid, NotFound
from headrace.model.database import (
    DatabaseGroup,
    DatabaseUser,
    Login,
    Privilege,
    RemoteHost,
    TableFilter,
    WhitelistedIp,
)
from headrace.model.object import Kind, Level
from headrace.services import changes, connections, hosts
from headrace.services.call import Call
from headrace.services.hosts import DATABASE

MOST = 1000  # data sets in one list


def list_schemas(call: Call, database_id: int, credential_id: int | None, contains: str | None) -> list[str]:
    """The schemas of a database that the login sees. Raises NotFound, LoginRefused, HostFailed, Forbidden, Busy."""
    host = hosts.get_host(call, database_id, DATABASE)
    with connections.catalogue(call, host, credential_id) as found:
        return found.list_schemas(contains)


def list_users(call: Call, database_id: int, *, active: bool) -> list[DatabaseUser]:
    """Who may log in to a database, or might once."""
    host = hosts.get_host(call, database_id, DATABASE)
    with connections.catalogue(call, host) as found:
        return [user for user in found.list_users() if user.active == active]


def list_groups(call: Call, database_id: int) -> list[DatabaseGroup]:
    """The groups of a database."""
    host = hosts.get_host(call, database_id, DATABASE)
    with connections.catalogue(call, host) as found:
        return found.list_groups()


def list_privileges(
    call: Call, database_id: int, credential_id: int | None, schema: str, table: str | None = None
) -> list[Privilege]:
    """Who may do what with a schema, or a table in it. Raises NotFound where the login sees none of that name."""
    host = hosts.get_host(call, database_id, DATABASE)
    with connections.catalogue(call, host, credential_id) as found:
        privileges = found.list_privileges(schema, table)
    if privileges is None:
        what = f"schema {schema[:60]!r}" if table is None else f"table {table[:60]!r} in the schema {schema[:60]!r}"
        raise NotFound(f"There is no {what} that this credential may see.")
    return privileges


def list_data_sets(
    call: Call, host_id: int, *, credential_id: int | None, login: Login | None, text: str | None, schemas: bool
) -> list[tuple[str, bool]]:
    """Names of what a host has to import from, and whether each is a table; the schemas alone where asked for."""
    host = hosts.get_host(call, host_id)
    with connections.catalogue(call, host, credential_id, login) as found:
        if schemas:
            return [(name, False) for name in found.list_schemas(text)][:MOST]
        tables, _ = found.list_tables(TableFilter(search=text, limit=MOST))
        return [(f"{table.schema}.{table.name}", True) for table in tables]


def list_ips(call: Call, database_id: int) -> list[WhitelistedIp]:
    """The addresses that are written down for a database."""
    with call.platform.db.read() as connection:
        hosts.find_host(connection, call, database_id, DATABASE)
        return rows.list_ips(connection, database_id)


def get_ip(call: Call, database_id: int, ip_id: int) -> WhitelistedIp:
    """One of them. Raises NotFound."""
    with call.platform.db.read() as connection:
        hosts.find_host(connection, call, database_id, DATABASE)
        return _ip(rows.find_ip(connection, database_id, ip_id), ip_id)


def add_ip(call: Call, database_id: int, subnet_mask: str) -> WhitelistedIp:
    """Write down addresses from which a database may be reached. Its firewall is not this server's, and is not asked.

    Raises Invalid for what is no network.
    """
    try:
        subnet = str(ipaddress.ip_network(subnet_mask.strip()))
    except ValueError:
        raise Invalid(f"{subnet_mask[:60]!r} is no network; 203.0.113.0/24 is one.") from None
    now = datetime.now(UTC)
    with call.platform.db.begin() as connection:
        hosts.find_host(connection, call, database_id, DATABASE, Level.WRITE)
        made = rows.insert_ip(
            connection,
            remote_host_id=database_id,
            subnet_mask=subnet,
            security_group_id=None,
            authorized_by=call.user.username,
            is_active=False,
            created_at=now,
            updated_at=now,
        )
        changes.record(connection, call, "add", Kind.DATABASE, database_id, None, {"subnet_mask": subnet})
        return made


def remove_ip(call: Call, database_id: int, ip_id: int) -> None:
    """Strike it out. Raises NotFound."""
    with call.platform.db.begin() as connection:
        hosts.find_host(connection, call, database_id, DATABASE, Level.WRITE)
        before = _ip(rows.find_ip(connection, database_id, ip_id), ip_id)
        rows.delete_ip(connection, ip_id)
        changes.record(connection, call, "remove", Kind.DATABASE, database_id, {"subnet_mask": before.subnet_mask})


def set_export_caching(call: Call, database_id: int, *, enabled: bool) -> RemoteHost:
    """Whether exports of a database may be answered from an earlier one."""
    with call.platform.db.begin() as connection:
        before = hosts.find_host(connection, call, database_id, DATABASE, Level.WRITE)
        settings = {**before.settings, "export_caching": enabled}
        queries.update(connection, DATABASE, database_id, settings=settings, updated_at=datetime.now(UTC))
        changes.record(connection, call, "update", Kind.DATABASE, database_id, before.settings, settings)
        return rows.read(connection, [database_id])[0]


def _ip(found: WhitelistedIp | None, ip_id: int) -> WhitelistedIp:
    if found is None:
        raise NotFound(f"There are no addresses {ip_id} written down for this database.")
    return found
