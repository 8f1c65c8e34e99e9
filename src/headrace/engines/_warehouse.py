"""What is in the schemas of the warehouse, from the catalogue that each DuckLake keeps of itself.

Read-only, as who may do nothing else, and no SQL of anybody's runs here. The tables are those of the DuckLake
specification, version 1: what holds now has no `end_snapshot`.
"""

import re
from collections.abc import Sequence
from fnmatch import translate
from pathlib import Path
from typing import Any

from headrace.errors import HostFailed
from headrace.model.database import (
    Column,
    DatabaseGroup,
    DatabaseUser,
    OpenSchema,
    Privilege,
    Statistics,
    Table,
    TableFilter,
)
from headrace.store import catalogues

SECONDS = 5  # that a commit under way is waited for
GENERIC = {
    "boolean": "boolean",
    "varchar": "string",
    "json": "string",
    "uuid": "string",
    "float32": "float",
    "float64": "float",
    "date": "date",
    "time": "time",
}
TABLES = """
    SELECT s.schema_name, t.table_id, t.table_name, 0, NULL, x.record_count, x.file_size_bytes
    FROM ducklake_table t JOIN ducklake_schema s ON s.schema_id = t.schema_id AND s.end_snapshot IS NULL
    LEFT JOIN ducklake_table_stats x ON x.table_id = t.table_id
    WHERE t.end_snapshot IS NULL
    UNION ALL
    SELECT s.schema_name, v.view_id, v.view_name, 1, v.sql, NULL, NULL
    FROM ducklake_view v JOIN ducklake_schema s ON s.schema_id = v.schema_id AND s.end_snapshot IS NULL
    WHERE v.end_snapshot IS NULL LIMIT 10000
"""
COLUMNS = """
    SELECT table_id, column_name, column_order, column_type, nulls_allowed FROM ducklake_column
    WHERE end_snapshot IS NULL AND parent_column IS NULL ORDER BY table_id, column_order
"""
COMMENTS = "SELECT object_id, value FROM ducklake_tag WHERE end_snapshot IS NULL AND key = 'comment'"


class Catalogue:
    """What somebody sees of the warehouse: the schemas that are open to them."""

    def __init__(self, schemas: Sequence[OpenSchema]) -> None:
        self._schemas = schemas

    def list_schemas(self, contains: str | None) -> list[str]:
        """The schemas, by name."""
        return sorted(one.name for one in self._schemas if (contains or "").lower() in one.name.lower())

    def list_tables(self, wanted: TableFilter) -> tuple[list[Table], int]:
        """A page of the tables and views."""
        schemas = [schema for schema in self._schemas if _like(schema.name, wanted.schema)]
        found = [table for schema in schemas for table in _tables(schema) if _fits(table, wanted)]

        def order(table: Table) -> tuple[str, ...]:
            names = (table.schema, table.name)
            return names if wanted.order == "schema" else names[::-1]

        found.sort(key=order, reverse=wanted.descending)
        found.sort(key=lambda table: (table.schema == wanted.schema, table.name == wanted.name), reverse=True)
        return found[wanted.offset : wanted.offset + wanted.limit], len(found)

    def describe_table(self, schema: str, name: str) -> Table | None:
        """One table with its columns."""
        of_name = (table for one in self._schemas if one.name == schema for table in _tables(one))
        return next((table for table in of_name if table.name == name), None)

    def count(self, table: Table) -> Statistics:
        """What the catalogue itself counts: rows. What is in the columns is told by SQL."""
        return Statistics(rows=table.rows or 0, columns={})

    def list_users(self) -> list[DatabaseUser]:
        """Those that schemas are open to, of the ones that may be seen."""
        names = {one.grantee for schema in self._schemas for one in schema.privileges if one.grantee_type == "user"}
        return [DatabaseUser(username=name, active=True) for name in sorted(names)]

    def list_groups(self) -> list[DatabaseGroup]:
        """Likewise; who is in them is told by this server's own groups."""
        names = {one.grantee for schema in self._schemas for one in schema.privileges if one.grantee_type == "group"}
        return [DatabaseGroup(name=name, members=()) for name in sorted(names)]

    def list_privileges(self, schema: str, table: str | None) -> list[Privilege] | None:
        """Who may do what with a schema, and so with every table in it."""
        for one in self._schemas:
            if one.name == schema and (table is None or self.describe_table(schema, table) is not None):
                return list(one.privileges)
        return None


def _tables(schema: OpenSchema) -> list[Table]:
    """The tables of a schema with their columns; none where nobody has written to it yet. Raises HostFailed."""
    read = _read_postgresql if schema.namespace else _read_sqlite
    found = read(schema)
    if found is None:
        return []
    rows, columns, comments = found
    by_table: dict[int, list[Column]] = {}
    for table_id, name, order, sql_type, nullable in columns:
        column = Column(
            name=name, order=order, sql_type=sql_type, generic_type=_generic(sql_type), nullable=bool(nullable)
        )
        by_table.setdefault(table_id, []).append(column)
    return [_table(schema, row, by_table.get(row[1], []), dict(comments)) for row in rows]


def _read_sqlite(schema: OpenSchema) -> list[list[Any]] | None:
    file = Path(schema.catalogue.removeprefix("sqlite:///"))
    if not file.exists():
        return None
    try:
        return catalogues.read(file, (TABLES, COLUMNS, COMMENTS))
    except HostFailed as wrong:
        raise HostFailed(f"The catalogue of the schema {schema.name!r} cannot be read: {wrong.message}.") from wrong


def _read_postgresql(schema: OpenSchema) -> list[list[Any]] | None:
    import psycopg
    from psycopg import sql

    settings = f"-c statement_timeout={SECONDS * 1000} -c default_transaction_read_only=on"
    try:
        with psycopg.connect(schema.catalogue, options=settings, connect_timeout=SECONDS) as connection:
            name = sql.Identifier(schema.namespace)
            connection.execute(sql.SQL("SET search_path = {}").format(name))
            return [connection.execute(text.encode()).fetchall() for text in (TABLES, COLUMNS, COMMENTS)]
    except psycopg.errors.UndefinedTable:
        return None
    except psycopg.Error as wrong:
        raise HostFailed(
            f"The catalogue of the schema {schema.name!r} cannot be read; try again in a moment."
        ) from wrong


def _table(schema: OpenSchema, row: Any, columns: list[Column], comments: dict[int, str]) -> Table:  # noqa: ANN401
    inner, table_id, name, is_view, definition, records, size = row
    return Table(
        schema=schema.name,
        name=name if inner == "main" else f"{inner}.{name}",
        is_view=bool(is_view),
        description=comments.get(table_id),
        rows=records,
        column_count=len(columns) or None,
        size=size,
        owner=schema.owner,
        column_names=tuple(column.name for column in columns),
        columns=tuple(columns),
        definition=definition,
        readable=True,
    )


def _fits(table: Table, wanted: TableFilter) -> bool:
    full = f"{table.schema}.{table.name}".lower()
    return (
        _like(table.schema, wanted.schema)
        and _like(table.name, wanted.name)
        and (wanted.search or "").lower() in full
        and (wanted.contains or "").lower() in table.name.lower()
        and (wanted.column is None or wanted.column.lower() in {name.lower() for name in table.column_names})
    )


def _like(text: str, pattern: str | None) -> bool:
    """Whether a text is of a pattern in which `*` and `%` stand for any other text."""
    if pattern is None:
        return True
    escaped = pattern.replace("%", "*").replace("[", "[[]").replace("?", "[?]")
    return re.match(translate(escaped), text, re.IGNORECASE) is not None


def _generic(sql_type: str) -> str:
    base = sql_type.partition("(")[0].lower()
    if base.startswith(("int", "uint")):
        return "integer"
    if base.startswith("timestamp"):
        return "timestamp"
    return "decimal" if base == "decimal" else GENERIC.get(base, "other")
