"""Statements that are no queries: SET, SHOW, DESCRIBE, CREATE, DROP, INSERT, UPDATE, DELETE."""

import fnmatch
import os
import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pyarrow as pa
from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from headrace.engines import _arrays_cells, _arrays_create, _arrays_query, _arrays_write, _mysql, _problems
from headrace.engines import _arrays_plan as plan
from headrace.engines._arrays_query import NOTHING, Rows
from headrace.engines._arrays_read import Opened
from headrace.engines._arrays_session import Session, Target
from headrace.errors import Forbidden, Invalid

MAX_DELETED = 1000  # cells by their places
KNOWN = "there are SELECT, INSERT, UPDATE, DELETE, CREATE TABLE, DROP TABLE, SET, SHOW, DESCRIBE and EXPLAIN"
QUERIES = ("SELECT", "WITH", "(", "VALUES")


def execute(session: Session, text: str, tokens: list[Token], raw: list[Token]) -> Rows:
    """The rows of one statement in MySQL's dialect; `raw` are its tokens before variables were put in."""
    first = tokens[0].text.upper()
    if first == "SET":
        return _set(session, text, raw)
    if first in ("SHOW", "DESCRIBE", "DESC") or (first == "EXPLAIN" and not _explains(tokens)):
        return _show(session, text, tokens)
    if _arrays_create.is_creation(tokens):
        return _create(session, text, tokens)
    if first not in (*QUERIES, "EXPLAIN", "CREATE", "DROP", "INSERT", "REPLACE", "UPDATE", "DELETE"):
        raise _problems.at(text, tokens[0].start, f"{first[:40]} is not for statements here: {KNOWN}.")
    if first == "EXPLAIN":
        return _explain(session, text, tokens[1:])
    tree = _mysql.parse(text, tokens)
    if isinstance(tree, exp.Query | exp.Values):
        _mysql.name_columns(text, tokens, tree)
        _mysql.put_right(tree)
        return _arrays_query.rows(session, tree, text)
    change: Callable[[Session, Any, str], Rows] | None = CHANGES.get(type(tree))
    if change is None:
        raise _problems.at(text, tokens[0].start, f"{first[:40]} is not for statements here: {KNOWN}.")
    _mysql.put_right(tree)
    return change(session, tree, text)


def _explains(tokens: Sequence[Token]) -> bool:
    return len(tokens) > 1 and tokens[1].text.upper() in QUERIES


def _explain(session: Session, text: str, tokens: list[Token]) -> Rows:
    tree = _mysql.parse(text, tokens)
    _mysql.put_right(tree)
    result = _arrays_query.run(session, tree, text, explain=True)
    return _arrays_query.answer(session, result, text)


def _set(session: Session, text: str, tokens: list[Token]) -> Rows:
    """`SET @a = 1, @b := 2`, `SET mytile_x = y`."""
    i = 1
    while i < len(tokens):
        if tokens[i].text.upper() in ("SESSION", "LOCAL") and tokens[i].token_type is not TokenType.STRING:
            i += 1
        variable = i < len(tokens) and tokens[i].token_type is TokenType.PARAMETER
        i += variable
        if i + 2 > len(tokens):
            raise _problems.at(text, tokens[-1].start, "SET gives a value to an @variable or to an option of mytile.")
        name = tokens[i]
        end, depth = i + 2, 0
        while end < len(tokens) and (depth or tokens[end].token_type is not TokenType.COMMA):
            depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(tokens[end].token_type, 0)
            end += 1
        value = tokens[i + 2 : end]
        if tokens[i + 1].token_type not in (TokenType.EQ, TokenType.COLON_EQ) or not value:
            raise _problems.at(text, name.start, "SET gives a value to an @variable or to an option of mytile.")
        if variable and name.token_type is not TokenType.PARAMETER:
            session.variables[name.text.lower()] = _value(session, text, value)
        elif not variable and name.text.lower().startswith("mytile_"):
            _set_option(session, text, name, value)
        else:
            raise _problems.at(text, name.start, "SET is for @variables and for options that begin with mytile_.")
        i = end + 1
    return NOTHING


def _set_option(session: Session, text: str, name: Token, value: list[Token]) -> None:
    given = "".join(token.text for token in value)
    try:
        session.set_option(name.text.lower(), given)
    except Invalid as error:
        raise _problems.at(text, name.start, error.message) from None


def _value(session: Session, text: str, tokens: list[Token]) -> Any:  # noqa: ANN401 - any value of SQL
    select = _mysql.token(TokenType.SELECT, "SELECT", tokens[0])
    bound = _mysql.bind(text, [select, *tokens], [], session.variables)
    tree = _mysql.parse(text, bound)
    _mysql.put_right(tree)
    rows = _arrays_query.rows(session, tree, text)
    table = _arrays_query.table(rows)
    if table.num_columns != 1 or table.num_rows > 1:
        raise _problems.at(text, tokens[0].start, "A variable holds one value.")
    return table.column(0)[0].as_py() if table.num_rows else None


def _show(session: Session, text: str, tokens: list[Token]) -> Rows:
    words = [token.text.upper() for token in tokens]
    like = tokens[words.index("LIKE") + 1].text if "LIKE" in words[:-1] else "%"
    if words[0] != "SHOW" or words[1:2] in (["COLUMNS"], ["FIELDS"]) or words[1:3] == ["FULL", "COLUMNS"]:
        named = next((i + 1 for i, word in enumerate(words) if word in ("FROM", "IN")), 1)
        if named >= len(tokens):
            raise _problems.at(text, tokens[0].start, "Say which table.")
        return _describe(session, text, _name(tokens[named:]))
    if words[1:3] == ["CREATE", "TABLE"] and len(tokens) > 3:
        return _show_create(session, text, _name(tokens[3:]))
    if "TABLES" in words[1:3]:
        return _tables(session, like)
    if "STATUS" in words[1:3]:
        import tiledb

        version = ".".join(map(str, tiledb.libtiledb.version()))
        return _pairs({"mytile_tiledb_version": version}, like)
    if "VARIABLES" in words[1:3]:
        return _pairs(session.options, like)
    if words[1:2] in (["DATABASES"], ["SCHEMAS"]):
        rows = session.connection.execute(
            "SELECT database_name FROM duckdb_databases() WHERE NOT internal AND database_name <> current_database() "
            "AND NOT starts_with(database_name, '__ducklake') ORDER BY 1"
        ).fetchall()
        return pa.table({"Database": pa.array([row[0] for row in rows if _like(row[0], like)], pa.string())})
    told = "SHOW is for TABLES, CREATE TABLE, COLUMNS, DATABASES, STATUS and VARIABLES."
    raise _problems.at(text, tokens[0].start, told)


def _name(tokens: Sequence[Token]) -> str:
    parts = [tokens[0].text]
    for dot, part in zip(tokens[1::2], tokens[2::2], strict=False):
        if dot.token_type is not TokenType.DOT:
            break
        parts.append(part.text)
    return ".".join(parts)


def _like(value: str, pattern: str) -> bool:
    translated = re.sub(
        r"\\(.)|([%_*?\[])", lambda m: f"[{m[1]}]" if m[1] else {"%": "*", "_": "?"}.get(m[2], f"[{m[2]}]"), pattern
    )
    return fnmatch.fnmatch(value.lower(), translated.lower())


def _pairs(values: dict[str, str], like: str) -> pa.Table:
    chosen = {name: value for name, value in values.items() if _like(name, like)}
    names = pa.array(list(chosen), pa.string())
    return pa.table({"Variable_name": names, "Value": pa.array(list(chosen.values()), pa.string())})


def _tables(session: Session, like: str) -> pa.Table:
    rows = session.connection.execute(
        "SELECT database_name || '.' || table_name FROM duckdb_tables() WHERE NOT internal AND NOT temporary "
        "AND NOT starts_with(database_name, '__ducklake') ORDER BY 1"
    ).fetchall()
    names = sorted(session.names()) + [row[0] for row in rows]
    return pa.table({"Tables": pa.array([name for name in names if _like(name, like)], pa.string())})


def _array(session: Session, text: str, name: str) -> Target | None:
    target = session.find(name)
    if target is None and "://" in name:
        raise session.missing(text, name)
    return target if target and target.place.kind == "array" and not target.metadata else None


def _describe(session: Session, text: str, name: str) -> pa.Table:
    if (target := _array(session, text, name)) is not None:
        columns = session.open(target).columns
        return _described(
            [(c.name, _arrays_create.mysql_type(c), c.nullable, "PRI" if c.dimension else "") for c in columns]
        )
    tree = exp.select("*").from_(exp.to_table(name) if "://" not in name else exp.to_identifier(name, quoted=True))
    result = _arrays_query.run(session, tree.limit(0), text)
    return _described([(c[0], str(c[1]).lower(), True, "") for c in result.description or []])


def _described(rows: list[tuple[str, str, bool, str]]) -> pa.Table:
    text = pa.string()
    return pa.table(
        {
            "Field": pa.array([row[0] for row in rows], text),
            "Type": pa.array([row[1] for row in rows], text),
            "Null": pa.array(["YES" if row[2] else "NO" for row in rows], text),
            "Key": pa.array([row[3] for row in rows], text),
            "Default": pa.array([None] * len(rows), text),
            "Extra": pa.array([""] * len(rows), text),
        }
    )


def _show_create(session: Session, text: str, name: str) -> pa.Table:
    target = _array(session, text, name)
    if target is None:
        raise _problems.near(text, name, "SHOW CREATE TABLE is for arrays.")
    opened = session.open(target)
    made = _arrays_create.show(opened.array, opened.columns, target.place.uri)
    return pa.table({"Table": pa.array([name]), "Create Table": pa.array([made])})


def _create(session: Session, text: str, tokens: list[Token]) -> Rows:
    """Make an array; where it is there already, or no columns are named, give it the table's name."""
    import tiledb

    made = _arrays_create.read(text, tokens)
    uri = str(made.options.get("uri") or made.name)
    if uri not in session.places and uri not in session.aliases:
        raise session.missing(text, uri)
    key = str(made.options.get("encryption_key") or "")
    opened_at = int(made.options["open_at"]) if made.options.get("open_at") else None
    found = session.find(uri)
    assert found is not None
    target = Target(place=found.place, timestamp=opened_at or found.timestamp, key=key or found.key)
    if not found.place.exists:
        if not made.columns:
            raise session.missing(text, uri)
        if not found.place.writable:
            raise Forbidden(f"You may not create `{uri}`.")
        context = session.context(target)
        schema = _arrays_create.schema(made, text, context)
        try:
            tiledb.Array.create(found.place.path, schema, ctx=context)
        except tiledb.TileDBError as error:
            said = str(error)
            if "already exists" not in said:
                raise Invalid(f"`{uri}` could not be made: {_problems.told(error)}.") from None
            if not made.if_not_exists:
                raise _problems.near(text, uri, f"`{uri}` exists already.") from None
        place = msgspec.structs.replace(found.place, exists=True)
        session.places[place.uri] = place
        target = msgspec.structs.replace(target, place=place)
    elif made.columns and made.name == uri and not made.if_not_exists:
        raise _problems.near(text, uri, f"`{uri}` exists already.")
    if made.name != target.place.uri or target.key or target.timestamp:
        session.aliases[made.name.lower()] = target
    session.open(target)
    return NOTHING


def _insert(session: Session, tree: exp.Insert, text: str) -> Rows:
    table, names = tree.this, []
    if isinstance(table, exp.Schema):
        names = [column.name for column in table.expressions]
        table = table.this
    target = _written(session, text, table)
    if target is None:
        return _plain(session, tree, text)
    if tree.args.get("on_conflict") or tree.args.get("conflict") or tree.args.get("returning"):
        raise _problems.near(
            text, "ON", "What an array holds at a cell is replaced; ON DUPLICATE KEY has no place here."
        )
    _arrays_write.insert(session, target, names, tree.expression, text)
    return NOTHING


def _written(session: Session, text: str, table: exp.Expr) -> Target | None:
    """The array that a statement writes to; None where it is another table."""
    name = table.name
    target = None if table.args.get("db") else session.find(name)
    if target is None:
        if "://" in name:
            raise session.missing(text, name)
        return None
    if target.place.kind != "array" or target.metadata or target.timestamp:
        raise _problems.near(text, name, f"`{name}` can only be read.")
    if not target.place.exists:
        raise session.missing(text, name)
    if not target.place.writable:
        raise Forbidden(f"You may read `{target.place.uri}`, and not write to it.")
    return target


def _plain(session: Session, tree: exp.Expr, text: str) -> Rows:
    """A change to a table that is no array, which DuckDB makes."""
    result = _arrays_query.run(session, tree, text)
    result.fetchall()
    return NOTHING


def _made(session: Session, tree: exp.Create, text: str) -> Rows:
    if tree.kind not in ("TABLE", "VIEW"):
        raise _problems.near(text, str(tree.kind), "CREATE is for tables and views.")
    table = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    if "://" in table.name:
        raise _problems.near(text, "TABLE", "An array is made by CREATE TABLE with ENGINE=MyTile at its end.")
    check_schema(session, tree, text)
    for one in list(tree.find_all(exp.EngineProperty, exp.CharacterSetProperty, exp.CollateProperty)):
        one.pop()
    return _plain(session, tree, text)


def check_schema(session: Session, tree: exp.Expr | None, text: str) -> None:
    """What is made without a schema would be gone with the session, unless it is said to be temporary."""
    if not isinstance(tree, exp.Create) or tree.find(exp.TemporaryProperty) is not None:
        return
    if tree.kind not in ("TABLE", "VIEW", "FUNCTION", "MACRO", "TYPE", "SEQUENCE"):
        return
    table = tree.find(exp.Table)
    if table is not None and "memory" in (table.db.lower(), table.catalog.lower()):
        told = "Say a schema of the warehouse: what is made in memory is gone with the worker."
        raise _problems.near(text, "memory", told)
    row = session.connection.execute("SELECT current_database()").fetchone()
    if table is not None and not table.args.get("db") and row and row[0] in ("memory", "temp"):
        told = f"Say in which schema, as in CREATE {tree.kind} name.{table.name}; or say CREATE TEMP {tree.kind}."
        raise _problems.near(text, table.name, told)


def _dropped(session: Session, tree: exp.Drop, text: str) -> Rows:
    tables: list[exp.Expr] = tree.args["tables"]
    if any(session.find(table.name) or "://" in table.name for table in tables if not table.args.get("db")):
        for table in tables:
            _drop(session, tree, table, text)
        return NOTHING
    return _plain(session, tree, text)


def _drop(session: Session, tree: exp.Drop, table: exp.Expr, text: str) -> Rows:
    import tiledb

    name = table.name
    if table.args.get("db") or (session.find(name) is None and "://" not in name):
        return _plain(session, tree, text)
    target = session.find(name)
    if target is None or not target.place.exists:
        if tree.args.get("exists"):
            return NOTHING
        raise session.missing(text, name)
    session.aliases.pop(name.lower(), None)
    if not session.on("mytile_delete_arrays"):
        return NOTHING  # as MyTile has it: the table goes, the array stays
    if not target.place.writable:
        raise Forbidden(f"You may read `{target.place.uri}`, and not delete it.")
    try:
        tiledb.Array.delete_array(target.place.path, ctx=session.context(target))
    except tiledb.TileDBError as error:
        raise Invalid(f"`{target.place.uri}` could not be deleted: {_problems.told(error)}.") from None
    if os.path.isdir(target.place.path) and not os.listdir(target.place.path):  # noqa: PTH112, PTH208 - may be a URI
        os.rmdir(target.place.path)  # noqa: PTH106 - as above
    session.places[target.place.uri] = msgspec.structs.replace(target.place, exists=False)
    return NOTHING


def _updated(session: Session, tree: exp.Update, text: str) -> Rows:
    """The rows that WHERE finds are written again, with other values."""
    target = _written(session, text, tree.this)
    if target is None:
        return _plain(session, tree, text)
    opened = session.open(target)
    if opened.sparse and opened.array.schema.allows_duplicates:
        told = f"`{target.place.uri}` keeps several cells at one place, so none of them can be replaced."
        raise _problems.near(text, "UPDATE", told)
    given: dict[str, exp.Expr] = {}
    for assigned in tree.expressions:
        given[assigned.this.name.lower()] = assigned.expression
    columns = {column.name.lower(): column for column in opened.columns}
    for name in given:
        if name not in columns:
            raise _problems.near(text, name, f"`{target.place.uri}` has no column `{name}`.")
        if columns[name].dimension:
            raise _problems.near(text, name, f"`{name}` is a dimension: it says where a cell is, and stays.")
    selected = [given.get(c.name.lower()) or exp.column(c.name, quoted=True) for c in opened.columns]
    select = exp.Select(expressions=[one.copy() for one in selected]).from_(tree.this.copy())
    if where := tree.args.get("where"):
        select.set("where", where.copy())
    _arrays_write.insert(session, target, [], select, text)
    return NOTHING


def _deleted(session: Session, tree: exp.Delete, text: str) -> Rows:
    """By a condition that TileDB keeps beside the array; where it cannot say WHERE, by the places of the cells."""
    import tiledb

    target = _written(session, text, tree.this)
    if target is None:
        return _plain(session, tree, text)
    opened = session.open(target)
    if not opened.sparse:
        told = "A dense array has a value at every cell, so none can be deleted; UPDATE it."
        raise _problems.near(text, "DELETE", told)
    select = exp.select("*").from_(tree.this.copy())
    if where := tree.args.get("where"):
        select.set("where", where.copy())
    reader = plan.comparisons(select, plan.find(select, session)[0], opened.columns, session, sparse=True)
    condition = reader.deletion() if reader else None
    if condition is None:
        condition = _of_places(session, opened, select, text)
    if not condition:
        return NOTHING
    writing = session.open(target, "d", _arrays_write.moment(target.place.path))
    try:
        array: Any = writing.array
        array.query(cond=condition).submit()
    except tiledb.TileDBError as error:
        raise Invalid(f"`{target.place.uri}` could not be changed: {_problems.told(error)}.") from None
    finally:
        writing.array.close()
    return NOTHING


def _of_places(session: Session, opened: Opened, select: exp.Select, text: str) -> str:
    """A condition on the dimensions of the cells that WHERE finds."""
    if opened.array.schema.allows_duplicates:
        told = "Where an array keeps several cells at one place, they are deleted by comparisons with constants alone."
        raise _problems.near(text, "WHERE", told)
    dimensions = opened.dimensions
    select.set("expressions", [exp.column(column.name, quoted=True) for column in dimensions])
    result = _arrays_query.run(session, select.limit(MAX_DELETED + 1), text)
    cells = _arrays_query.table(_arrays_query.answer(session, result, text))
    if cells.num_rows > MAX_DELETED:
        told = f"Such a WHERE deletes at most {MAX_DELETED:,} cells; compare columns that take no NULL with constants."
        raise _problems.near(text, "WHERE", told)
    values = [_arrays_cells.points(column, cells.column(i)) for i, column in enumerate(dimensions)]
    named = [f"dim({column.name!r})" for column in dimensions]
    places = (
        " and ".join(f"{n} == {v!r}" for n, v in zip(named, row, strict=True)) for row in zip(*values, strict=True)
    )
    return " or ".join(f"({place})" for place in places)


CHANGES: dict[type[exp.Expr], Callable[[Session, Any, str], Rows]] = {
    exp.Insert: _insert,
    exp.Create: _made,
    exp.Drop: _dropped,
    exp.Update: _updated,
    exp.Delete: _deleted,
}
