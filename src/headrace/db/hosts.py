"""Queries of remote hosts, of the addresses that are said to reach them, and of storage hosts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from headrace.db.tables import credentials, remote_hosts, storage_hosts, users, whitelisted_ips
from headrace.model.database import (
    DATABASE_CREDENTIAL,
    WAREHOUSE,
    WAREHOUSE_URL,
    RemoteHost,
    StorageHost,
    WhitelistedIp,
)

HOST = [remote_hosts.c[name] for name in RemoteHost.__struct_fields__]
STORAGE = [storage_hosts.c[name] for name in StorageHost.__struct_fields__]
IP = [whitelisted_ips.c[name] for name in WhitelistedIp.__struct_fields__]


def insert(connection: Connection, **values: Any) -> RemoteHost:  # noqa: ANN401
    """A new remote host."""
    return RemoteHost(**connection.execute(remote_hosts.insert().values(values).returning(*HOST)).mappings().one())


def read(connection: Connection, ids: Sequence[int]) -> list[RemoteHost]:
    """These remote hosts, in this order; those that are gone are left out."""
    rows = connection.execute(select(*HOST).where(remote_hosts.c.id.in_(ids))).mappings()
    found = {row["id"]: RemoteHost(**row) for row in rows}
    return [found[one] for one in ids if one in found]


def of_types(types: Sequence[str]) -> sa.ColumnElement[bool]:
    """Those of one of these types."""
    return remote_hosts.c.type.in_(types)


def at(owner_id: int, url: str, type_: str) -> sa.ColumnElement[bool]:
    """Those of an owner with that URL and type."""
    return sa.and_(remote_hosts.c.owner_id == owner_id, remote_hosts.c.url == url, remote_hosts.c.type == type_)


def insert_warehouse(connection: Connection, owner_id: int, now: datetime) -> None:
    """The database that comes with the server, in an owner's name."""
    values = {"owner_id": owner_id, "name": "warehouse", "type": WAREHOUSE, "url": WAREHOUSE_URL, "settings": {}}
    connection.execute(remote_hosts.insert().values(**values, created_at=now, updated_at=now))


def insert_warehouse_credential(connection: Connection, user_id: int, now: datetime) -> None:
    """What a user has for that database from the start: their own name, and no password."""
    warehouse = select(remote_hosts.c.id).where(remote_hosts.c.type == WAREHOUSE)
    for host_id in connection.execute(warehouse).scalars():
        username = select(users.c.username).where(users.c.id == user_id).scalar_subquery()
        values = {"owner_id": user_id, "name": "default", "type": DATABASE_CREDENTIAL, "username": username}
        more = {"secret": b"", "remote_host_id": host_id, "is_default": True, "settings": {}}
        connection.execute(credentials.insert().values(**values, **more, created_at=now, updated_at=now))


def release_credentials(connection: Connection, remote_host_id: int) -> None:
    """Let the credentials for a host be for none."""
    held = credentials.c.remote_host_id == remote_host_id
    connection.execute(credentials.update().where(held).values(remote_host_id=None))


def list_ips(connection: Connection, remote_host_id: int) -> list[WhitelistedIp]:
    """The addresses that reach a host, the oldest first."""
    of_host = whitelisted_ips.c.remote_host_id == remote_host_id
    rows = connection.execute(select(*IP).where(of_host).order_by(whitelisted_ips.c.id)).mappings()
    return [WhitelistedIp(**row) for row in rows]


def find_ip(connection: Connection, remote_host_id: int, ip_id: int) -> WhitelistedIp | None:
    """One of them."""
    return next((one for one in list_ips(connection, remote_host_id) if one.id == ip_id), None)


def insert_ip(connection: Connection, **values: Any) -> WhitelistedIp:  # noqa: ANN401
    """One more."""
    return WhitelistedIp(**connection.execute(whitelisted_ips.insert().values(values).returning(*IP)).mappings().one())


def delete_ip(connection: Connection, ip_id: int) -> None:
    """One fewer."""
    connection.execute(whitelisted_ips.delete().where(whitelisted_ips.c.id == ip_id))


def insert_storage(connection: Connection, **values: Any) -> StorageHost:  # noqa: ANN401
    """A new storage host."""
    return StorageHost(**connection.execute(storage_hosts.insert().values(values).returning(*STORAGE)).mappings().one())


def read_storage(connection: Connection, ids: Sequence[int]) -> list[StorageHost]:
    """These storage hosts, in this order; those that are gone are left out."""
    rows = connection.execute(select(*STORAGE).where(storage_hosts.c.id.in_(ids))).mappings()
    found = {row["id"]: StorageHost(**row) for row in rows}
    return [found[one] for one in ids if one in found]
