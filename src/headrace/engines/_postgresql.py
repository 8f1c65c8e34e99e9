"""What is in a PostgreSQL database, from its own catalogues: only what the connected user may see."""

# ruff: noqa: S608 - statements are put together from texts of this file alone; values are bound, names quoted

from typing import TYPE_CHECKING, Any

from headrace.model.database import (
    Column,
    ColumnStatistics,
    DatabaseGroup,
    DatabaseUser,
    Privilege,
    Statistics,
    Table,
    TableFilter,
)

if TYPE_CHECKING:
    import psycopg

MOST = 10_000  # rows of a list that has no pages
MOST_COUNTED = 200  # columns that are counted

SCHEMAS = """
    n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND has_schema_privilege(n.oid, 'USAGE')
"""
TABLES = f"""
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {SCHEMAS}
    AND (has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
         OR has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'))
"""
FACTS = """
    n.nspname, c.relname, c.relkind IN ('v', 'm'), obj_description(c.oid, 'pg_class'),
    CASE WHEN c.relkind IN ('r', 'p', 'm') AND c.reltuples >= 0 THEN c.reltuples::int8 END,
    (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
    CASE WHEN c.relkind IN ('r', 'p', 'm') THEN pg_total_relation_size(c.oid) END, pg_get_userbyid(c.relowner)
"""
NAMES = """
    (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
"""
COLUMNS = """
    SELECT a.attname, a.attnum, format_type(a.atttypid, a.atttypmod), t.typname, t.typcategory,
           col_description(a.attrelid, a.attnum), NOT a.attnotnull
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = %(table)s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
KEY = """
    SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
    WHERE i.indrelid = %(table)s AND i.indisprimary ORDER BY array_position(i.indkey::int2[], a.attnum)
"""
USERS = "SELECT rolname, coalesce(rolvaliduntil > now(), true) FROM pg_roles WHERE rolcanlogin ORDER BY rolname"
GROUPS = """
    SELECT g.rolname, coalesce(array_agg(u.rolname::text ORDER BY u.rolname) FILTER (WHERE u.oid IS NOT NULL), '{}')
    FROM pg_roles g LEFT JOIN pg_auth_members m ON m.roleid = g.oid LEFT JOIN pg_roles u ON u.oid = m.member
    WHERE NOT g.rolcanlogin AND g.rolname !~ '^pg_' GROUP BY g.rolname ORDER BY g.rolname
"""
GRANTS = """
    SELECT coalesce(r.rolname, 'PUBLIC'), CASE WHEN r.rolcanlogin THEN 'user' ELSE 'group' END,
           array_agg(g.privilege_type ORDER BY g.privilege_type),
           coalesce(array_agg(g.privilege_type ORDER BY g.privilege_type) FILTER (WHERE g.is_grantable), '{}')
    FROM aclexplode((%(acl)s)::aclitem[]) g LEFT JOIN pg_roles r ON r.oid = g.grantee
    GROUP BY 1, 2 ORDER BY 1
"""
# What a type is in words that hold for every database; a type of another category is text to most readers.
GENERIC = {"B": "boolean", "S": "string", "E": "string"}
NUMBERS = {"int2": "integer", "int4": "integer", "int8": "integer", "float4": "float", "float8": "float"}
TIMES = {"date": "date", "time": "time", "timetz": "time"}


class Catalogue:
    """What one user sees of a database."""

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self._connection = connection

    def list_schemas(self, contains: str | None) -> list[str]:
        """The schemas that the user may look into."""
        matches = " AND strpos(lower(n.nspname), lower(%(text)s)) > 0" if contains else ""
        statement = f"SELECT n.nspname FROM pg_namespace n WHERE {SCHEMAS} {matches} ORDER BY 1 LIMIT {MOST}"
        return [row[0] for row in self._rows(statement, text=contains)]

    def list_tables(self, wanted: TableFilter) -> tuple[list[Table], int]:
        """A page of the tables and views that the user may use in some way."""
        matches, values = _matches(wanted)
        direction = "DESC" if wanted.descending else "ASC"
        columns = ("n.nspname", "c.relname") if wanted.order == "schema" else ("c.relname", "n.nspname")
        # Names compare without regard to capitals, and the one that is spelled as asked for comes first.
        exact = "(n.nspname = %(schema)s) DESC NULLS LAST, (c.relname = %(name)s) DESC NULLS LAST"
        values |= {"schema": wanted.schema, "name": wanted.name, "limit": wanted.limit, "offset": wanted.offset}
        order = ", ".join(f'{column} COLLATE "C" {direction}' for column in columns)
        names = NAMES if wanted.with_columns else "NULL"
        statement = (
            f"SELECT {FACTS}, {names} {TABLES} {matches} ORDER BY {exact}, {order} LIMIT %(limit)s OFFSET %(offset)s"
        )
        found = [_table(row[:8], column_names=tuple(row[8] or ())) for row in self._rows(statement, **values)]
        total = self._rows(f"SELECT count(*) {TABLES} {matches}", **values)[0][0]
        return found, total

    def describe_table(self, schema: str, name: str) -> Table | None:
        """A table with its columns and, where it is a view, what it is defined as."""
        view = "CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END"
        readable = "has_table_privilege(c.oid, 'SELECT')"
        rows = self._rows(
            f"SELECT {FACTS}, {view}, {readable}, c.oid {TABLES} AND n.nspname = %(schema)s AND c.relname = %(name)s",
            schema=schema,
            name=name,
        )
        if not rows:
            return None
        facts, (definition, may_read, table) = rows[0][:8], rows[0][8:]
        columns = tuple(
            Column(
                name=column,
                order=order,
                sql_type=sql_type,
                generic_type=_generic(type_, category),
                description=description,
                nullable=nullable,
            )
            for column, order, sql_type, type_, category, description, nullable in self._rows(COLUMNS, table=table)
        )
        key = tuple(row[0] for row in self._rows(KEY, table=table))
        return _table(facts, columns=columns, primary_key=key, definition=definition, readable=may_read)

    def count(self, table: Table) -> Statistics:
        """Count the rows, and in each of the first columns the values and the different ones."""
        from psycopg import sql

        columns = table.columns[:MOST_COUNTED]
        counted: list[sql.Composable] = [sql.SQL("count(*)")]
        for column in columns:
            name = sql.Identifier(column.name)
            counted.append(sql.SQL("count({0}), count(DISTINCT {0}::text)").format(name))
        statement = sql.SQL("SELECT {} FROM {}").format(
            sql.SQL(", ").join(counted), sql.Identifier(table.schema, table.name)
        )
        row = self._rows(statement)[0]
        pairs = zip(columns, row[1::2], row[2::2], strict=True)
        return Statistics(
            rows=row[0],
            columns={
                column.name: ColumnStatistics(values=values, distinct=distinct + (values < row[0]))
                for column, values, distinct in pairs
            },
        )

    def list_users(self) -> list[DatabaseUser]:
        """The roles that may log in."""
        return [DatabaseUser(username=name, active=active) for name, active in self._rows(f"{USERS} LIMIT {MOST}")]

    def list_groups(self) -> list[DatabaseGroup]:
        """The roles that nobody logs in as, but those that PostgreSQL brings."""
        return [
            DatabaseGroup(name=name, members=tuple(members)) for name, members in self._rows(f"{GROUPS} LIMIT {MOST}")
        ]

    def list_privileges(self, schema: str, table: str | None) -> list[Privilege] | None:
        """Who was granted what; where nothing was granted, what holds by default."""
        if table is None:
            acl = f"coalesce(n.nspacl, acldefault('n', n.nspowner)) FROM pg_namespace n WHERE {SCHEMAS}"
        else:
            acl = f"coalesce(c.relacl, acldefault('r', c.relowner)) {TABLES} AND c.relname = %(table)s"
        found = self._rows(f"SELECT {acl} AND n.nspname = %(schema)s", schema=schema, table=table)
        if not found:
            return None
        return [
            Privilege(grantee=grantee, grantee_type=kind, privileges=tuple(granted), grantable=tuple(grantable))
            for grantee, kind, granted, grantable in self._rows(GRANTS, acl=found[0][0])
        ]

    def _rows(self, statement: Any, **values: Any) -> list[Any]:  # noqa: ANN401 - text or composed
        return self._connection.execute(statement, values).fetchall()


def _matches(wanted: TableFilter) -> tuple[str, dict[str, Any]]:
    found: list[str] = []
    values: dict[str, Any] = {}
    for column, name, text in (("n.nspname", "schema_like", wanted.schema), ("c.relname", "name_like", wanted.name)):
        if text is not None:
            found.append(f"AND lower({column}) LIKE lower(%({name})s)")
            values[name] = _pattern(text)
    if wanted.search:
        found.append("AND strpos(lower(n.nspname || '.' || c.relname), lower(%(search)s)) > 0")
        values["search"] = wanted.search
    if wanted.contains:
        found.append("AND strpos(lower(c.relname), lower(%(contains)s)) > 0")
        values["contains"] = wanted.contains
    if wanted.column is not None:
        found.append(
            "AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
            "AND lower(a.attname) = lower(%(column)s))"
        )
        values["column"] = wanted.column
    return " ".join(found), values


def _pattern(text: str) -> str:
    """A pattern of LIKE in which nothing but `*` and `%` stands for other text."""
    return text.replace("\\", "\\\\").replace("_", "\\_").replace("*", "%")


def _table(facts: Any, **more: Any) -> Table:  # noqa: ANN401 - a row
    schema, name, is_view, description, rows, column_count, size, owner = facts
    return Table(
        schema=schema,
        name=name,
        is_view=is_view,
        description=description,
        rows=rows,
        column_count=column_count,
        size=size,
        owner=owner,
        **more,
    )


def _generic(type_: str, category: str) -> str:
    if category == "N":
        return NUMBERS.get(type_, "decimal")
    if category == "D":
        return TIMES.get(type_, "timestamp")
    return GENERIC.get(category, "other")
