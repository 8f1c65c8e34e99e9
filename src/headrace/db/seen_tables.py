"""Queries of the tables of databases that listings saw: their ids, and what users say of them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from headrace.db.tables import database_tables
from headrace.model.database import KnownTable

COLUMNS = [database_tables.c[name] for name in KnownTable.__struct_fields__]
Name = tuple[str, str]  # schema and table
STEP = 400  # names in one statement


def remember(connection: Connection, remote_host_id: int, names: Sequence[Name]) -> dict[Name, KnownTable]:
    """These tables of a database, by name; those that were never seen are from now on."""
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
    found = find(connection, remote_host_id, names)
    if new := [name for name in dict.fromkeys(names) if name not in found]:
        rows = [
            {"remote_host_id": remote_host_id, "schema": schema, "name": name, "settings": {}} for schema, name in new
        ]
        for start in range(0, len(rows), STEP):
            # Another listing may have seen them meanwhile.
            connection.execute(insert(database_tables).on_conflict_do_nothing().values(rows[start : start + STEP]))
        found |= find(connection, remote_host_id, new)
    return found


def find(connection: Connection, remote_host_id: int, names: Sequence[Name]) -> dict[Name, KnownTable]:
    """Those of these tables that were seen."""
    wanted, found = set(names), dict[Name, KnownTable]()
    tables = sorted({name for _, name in names})
    for start in range(0, len(tables), STEP):
        some = database_tables.c.name.in_(tables[start : start + STEP])
        statement = select(*COLUMNS).where(database_tables.c.remote_host_id == remote_host_id, some)
        for row in connection.execute(statement).mappings():
            if (row["schema"], row["name"]) in wanted:
                found[row["schema"], row["name"]] = KnownTable(**row)
    return found


def read(connection: Connection, table_id: int) -> KnownTable | None:
    """The table of that id."""
    row = connection.execute(select(*COLUMNS).where(database_tables.c.id == table_id)).mappings().one_or_none()
    return KnownTable(**row) if row else None


def update(connection: Connection, table_id: int, **values: Any) -> None:  # noqa: ANN401
    """Change what is said of a table."""
    connection.execute(database_tables.update().where(database_tables.c.id == table_id).values(values))
