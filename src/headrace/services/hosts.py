"""Remote hosts: databases, buckets, mail servers and repositories that people registered, reached by engines."""

from datetime import UTC, datetime

from sqlalchemy import Connection

from headrace import engines
from headrace.db import hosts as rows
from headrace.db import objects as queries
from headrace.engines import Target
from headrace.errors import Conflict, NotFound
from headrace.model.database import WAREHOUSE, RemoteHost
from headrace.model.object import Kind, Level, Noun
from headrace.model.page import Page
from headrace.services import changes, objects
from headrace.services.call import Call
from headrace.services.objects import Wanted

HOST = Noun("remote host", Kind.DATABASE)
DATABASE = Noun("database", Kind.DATABASE)
EVERY = Page(limit=10_000, order="name", order_dir="asc")  # of lists that the protocol does not page


def create_host(call: Call, *, name: str, type: str, url: str, description: str | None = None) -> RemoteHost:
    """A new host of the caller's. Raises Invalid for a type that is not served, and for a URL that is not of it."""
    with call.platform.db.begin() as connection:
        return insert_host(connection, call, name=name, type=type, url=url, description=description)


def insert_host(
    connection: Connection, call: Call, *, name: str, type: str, url: str, description: str | None = None
) -> RemoteHost:
    """The same, within a transaction."""
    _check(type, url)
    now = datetime.now(UTC)
    values = {"name": name, "type": type, "url": url, "description": description}
    host = rows.insert(connection, owner_id=call.user.id, created_at=now, updated_at=now, settings={}, **values)
    changes.record(connection, call, "create", Kind.DATABASE, host.id, None, values, name=name)
    return host


def get_host(call: Call, host_id: int, noun: Noun = HOST, level: Level = Level.READ) -> RemoteHost:
    """A host that the caller may do so much with; as a database, one that is. Raises NotFound, Forbidden."""
    with call.platform.db.read() as connection:
        return find_host(connection, call, host_id, noun, level)


def find_host(
    connection: Connection, call: Call, host_id: int, noun: Noun = HOST, level: Level = Level.READ
) -> RemoteHost:
    """The same, within a transaction, for who may do so much with it. Raises NotFound, Forbidden."""
    missing = NotFound(f"There is no {noun.word} {host_id} that you may see.")
    found = rows.read(connection, [host_id])
    if not found or (noun is DATABASE and found[0].type not in engines.databases()):
        raise missing
    objects.require(connection, call, noun, host_id, level)
    return found[0]


def list_hosts(call: Call, type: str | None = None, *, databases: bool = False) -> list[RemoteHost]:
    """The hosts that the caller may see, by name: all of them, those of a type, or the databases."""
    more = [rows.of_types([type])] if type is not None else []
    more += [rows.of_types(engines.databases())] if databases else []
    with call.platform.db.read() as connection:
        found = objects.list_ids(connection, call, HOST, Wanted(), EVERY, *more)
        return rows.read(connection, found.items)


def update_host(call: Call, host_id: int, **given: str | None) -> RemoteHost:
    """Change the name, type, url or description of a host that the caller may write.

    Who gave a password for the old address has to give it again for another. Raises Conflict for the warehouse.
    """
    with call.platform.db.begin() as connection:
        before = find_host(connection, call, host_id, HOST, Level.WRITE)
        _not_the_warehouse(before)
        _check(str(given.get("type", before.type)), str(given.get("url", before.url)))
        queries.update(connection, HOST, host_id, updated_at=datetime.now(UTC), **given)
        old = {field: getattr(before, field) for field in given}
        changes.record(connection, call, "update", Kind.DATABASE, host_id, old, dict(given), name=before.name)
        return rows.read(connection, [host_id])[0]


def delete_host(call: Call, host_id: int) -> None:
    """Forget a host that the caller manages. The credentials for it stay with their owners, and are for none."""
    with call.platform.db.begin() as connection:
        before = find_host(connection, call, host_id, HOST, Level.MANAGE)
        _not_the_warehouse(before)
        rows.release_credentials(connection, host_id)
        objects.delete(connection, call, HOST, host_id, {"type": before.type, "url": before.url})


def locate(type: str, url: str) -> Target:
    """Where a host of that type and URL is. Raises Invalid."""
    return engines.of_type(type).locate(url)


def target_of(host: RemoteHost) -> Target:
    """Where a host is."""
    return locate(host.type, host.url)


def _check(type: str, url: str) -> None:
    locate(type, url)
    if type == WAREHOUSE:  # everybody sees what is of this type
        raise Conflict("There is one warehouse, and it comes with the server.")


def _not_the_warehouse(host: RemoteHost) -> None:
    if host.type == WAREHOUSE:
        raise Conflict("The warehouse comes with the server; it is not changed and not removed.")
