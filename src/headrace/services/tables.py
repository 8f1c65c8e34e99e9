"""Tables of databases.

A table is asked of its database each time, as the caller's credential sees it. What stays here is its id, what users
say of it, and what was counted in it.
"""

from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from headrace.db import seen_tables as rows
from headrace.errors import Forbidden, HostFailed, Invalid, LoginRefused, NotFound
from headrace.model.database import KnownTable, RemoteHost, Statistics, Table, TableFilter
from headrace.model.object import Level
from headrace.model.page import Slice
from headrace.services import changes, connections, credentials, hosts
from headrace.services.call import Call
from headrace.services.hosts import DATABASE

MOST_DATABASES = 10  # asked for one list


class Seen(Struct, frozen=True, kw_only=True):
    """A table as its database describes it, and as it is known here."""

    known: KnownTable
    table: Table

    @property
    def description(self) -> str | None:
        """What users say of it, else its database."""
        return self.known.description if self.known.description is not None else self.table.description

    @property
    def statistics(self) -> Statistics | None:
        """What was counted at the last refresh; for who may read what is in the table."""
        counted = self.known.statistics
        return msgspec.convert(counted, Statistics) if counted is not None and self.table.readable else None


def list_tables(
    call: Call, wanted: TableFilter, database_id: int | None = None, credential_id: int | None = None
) -> Slice[Seen]:
    """A page of the tables of a database: the one named, or that of the credential, or all that the caller's own open.

    Of several, those that cannot be asked are left out. Raises as `connections.catalogue`; Invalid for too many.
    """
    if credential_id is not None and database_id is None:
        database_id = credentials.get_credential(call, credential_id).remote_host_id
        if database_id is None:
            raise NotFound(f"The credential {credential_id} is for no database; name one with `database_id`.")
    if database_id is not None:
        host = hosts.get_host(call, database_id, DATABASE)
        with connections.catalogue(call, host, credential_id) as catalogue:
            found, total = catalogue.list_tables(wanted)
        return Slice(_seen(call, host.id, found), total)
    databases = hosts.list_hosts(call, databases=True)
    if len(databases) > MOST_DATABASES:
        raise Invalid(f"Name one of your {len(databases)} databases, with `database_id`; at most 10 are asked at once.")
    everything = msgspec.structs.replace(wanted, limit=wanted.offset + wanted.limit, offset=0)
    answers = [_ask(call, host, everything) for host in databases]
    merged = [(host, table) for host, found, _ in answers for table in found]
    names = ("schema", "name") if wanted.order == "schema" else ("name", "schema")
    merged.sort(key=lambda one: tuple(getattr(one[1], name) for name in names), reverse=wanted.descending)
    page = merged[wanted.offset : wanted.offset + wanted.limit]
    seen = {host.id: _seen(call, host.id, [table for other, table in page if other is host]) for host, _ in page}
    by_name = {(one.known.remote_host_id, one.table.schema, one.table.name): one for of in seen.values() for one in of}
    items = [by_name[host.id, table.schema, table.name] for host, table in page]
    return Slice(items, sum(total for _, _, total in answers))


def get_table(call: Call, table_id: int) -> Seen:
    """The table of that id, with its columns. Raises NotFound where the caller's credential does not see it."""
    known = _known(call, table_id)
    return find_table(call, known.remote_host_id, known.schema, known.name)


def find_table(call: Call, database_id: int, schema: str, name: str, credential_id: int | None = None) -> Seen:
    """The table of that name, with its columns. Raises NotFound where the credential does not see it."""
    host = hosts.get_host(call, database_id, DATABASE)
    with connections.catalogue(call, host, credential_id) as catalogue:
        table = catalogue.describe_table(schema, name)
    if table is None:
        raise NotFound(f"There is no table {name[:60]!r} in the schema {schema[:60]!r} that this credential may see.")
    return _seen(call, host.id, [table])[0]


def update_table(call: Call, seen: Seen, description: str | None = None, **settings: Any) -> Seen:  # noqa: ANN401
    """Change what is said of a table of a database that the caller may write. None is no change."""
    known = seen.known
    given = {name: value for name, value in settings.items() if value is not None}
    with call.platform.db.begin() as connection:
        hosts.find_host(connection, call, known.remote_host_id, DATABASE, Level.WRITE)
        values: dict[str, Any] = {"settings": {**known.settings, **given}}
        if description is not None:
            values["description"] = description
        rows.update(connection, known.id, **values)
        before = {"description": known.description, **known.settings}
        after = {**before, **given, **({"description": description} if description is not None else {})}
        name = f"{known.schema}.{known.name}"
        changes.record(connection, call, "update", "table", known.id, before, after, name=name)
        found = rows.read(connection, known.id)
    return Seen(known=found or known, table=seen.table)


def refresh(call: Call, table_id: int) -> Seen:
    """Count what is in a table, now, and remember it. Raises HostFailed where that takes too long."""
    known = _known(call, table_id)
    host = hosts.get_host(call, known.remote_host_id, DATABASE)
    with connections.catalogue(call, host) as catalogue:
        table = catalogue.describe_table(known.schema, known.name)
        if table is None:
            raise _missing(table_id)
        if not table.readable:
            raise Forbidden("Your credential may see this table, and not read what is in it.")
        counted = catalogue.count(table)
    with call.platform.db.begin() as connection:
        values = {"statistics": msgspec.to_builtins(counted), "refreshed_at": datetime.now(UTC)}
        rows.update(connection, table_id, **values)
        return Seen(known=rows.read(connection, table_id) or known, table=table)


def require_table(call: Call, table_id: int, level: Level = Level.READ) -> None:
    """Raise NotFound where the caller may not see the database of a table, or nobody saw a table of that id.

    Raises Forbidden where they may not do so much with the database.
    """
    hosts.get_host(call, _known(call, table_id).remote_host_id, DATABASE, level)


def _ask(call: Call, host: RemoteHost, wanted: TableFilter) -> tuple[RemoteHost, list[Table], int]:
    try:
        with connections.catalogue(call, host) as catalogue:
            return (host, *catalogue.list_tables(wanted))
    except (LoginRefused, HostFailed, Forbidden, Invalid):
        return (host, [], 0)


def _seen(call: Call, database_id: int, tables: list[Table]) -> list[Seen]:
    names = [(table.schema, table.name) for table in tables]
    with call.platform.db.read() as connection:
        known = rows.find(connection, database_id, names)
    if len(known) < len(set(names)):
        with call.platform.db.begin() as connection:
            known = rows.remember(connection, database_id, names)
    return [Seen(known=known[table.schema, table.name], table=table) for table in tables]


def _known(call: Call, table_id: int) -> KnownTable:
    _ = call.user
    with call.platform.db.read() as connection:
        known = rows.read(connection, table_id)
    if known is None:
        raise _missing(table_id)
    try:
        hosts.get_host(call, known.remote_host_id, DATABASE)
    except NotFound:
        raise _missing(table_id) from None
    return known


def _missing(table_id: int) -> NotFound:
    return NotFound(f"There is no table {table_id} that you may see.")
