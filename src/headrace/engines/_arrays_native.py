"""Statements in DuckDB's own dialect: the text stays as it is, and what it names as tables is put under those names."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sqlglot import Dialect, exp
from sqlglot.errors import SqlglotError

from headrace.engines import _arrays_plan as plan
from headrace.engines import _arrays_query, _arrays_statements, _arrays_totals, _guard, _mysql, _problems
from headrace.engines._arrays_query import NOTHING, Rows
from headrace.engines._arrays_ranges import Selection
from headrace.engines._arrays_read import Stream
from headrace.engines._arrays_session import Session, Target
from headrace.engines._duckdb import persist

if TYPE_CHECKING:
    import duckdb

DIALECT = Dialect.get_or_raise("duckdb")
UNMANAGED = "Only who manages a schema may expire its snapshots and clean up their files, which nothing brings back."
CHANGING = ("INSERT", "UPDATE", "DELETE", "DROP")


def execute(session: Session, text: str, parameters: Sequence[Any]) -> Rows:
    """The rows of the last statement of a text. Raises SqlError and other kinds of Invalid."""
    named = _named(session, text)
    statements = _guard.check(session.connection, text, frozenset(name.lower() for name in named))
    asked = [len(statement.named_parameters) for statement in statements]
    if sum(asked) != len(parameters):
        message = f"The statement has {sum(asked)} `?` and was given {len(parameters)} parameters."
        raise _problems.SqlError(message)
    rows: Rows = NOTHING
    for i, (statement, count) in enumerate(zip(statements, asked, strict=True)):
        taken, parameters = parameters[:count], parameters[count:]
        rows = _one(session, text, statement, list(taken), named)
        if i < len(statements) - 1 and not hasattr(rows, "num_rows"):
            rows = NOTHING
    return rows


def _named(session: Session, text: str) -> dict[str, Target]:
    """The places that the text may mean, by the name as it stands there."""
    found: dict[str, Target] = {}
    for uri in session.places:
        for match in re.finditer(re.escape(uri) + r"(@\d+|@metadata)?", text):
            if (target := session.find(match[0])) is not None:
                found[match[0]] = target
    return found


def _one(
    session: Session, text: str, statement: "duckdb.Statement", parameters: list[Any], named: dict[str, Target]
) -> Rows:
    import duckdb

    kind = statement.type.name
    mentioned = {name: target for name, target in named.items() if name in statement.query}
    tree, tokens = _tree(statement.query) if mentioned or kind == "CREATE" else (None, [])
    if mentioned and kind in CHANGING and tree is not None and _changed(session, tree):
        bound = _mysql.bind(statement.query, tokens, parameters, {})
        parsed = _mysql.parse(statement.query, bound, DIALECT)
        return _arrays_statements.CHANGES[type(parsed)](session, parsed, statement.query)
    if kind == "TRANSACTION":
        return _transaction(session, text, statement.query)
    if kind == "CALL" and session.begun:  # files are deleted at once, and what names them would be rolled back
        raise _problems.near(text, "CALL", "CALL stands by itself: COMMIT or ROLLBACK what was begun first.")
    if kind == "CREATE":
        _check_kept(statement.query, text)
        _arrays_statements.check_schema(session, tree, text)
    total = _register(session, tree, mentioned, text, whole=not parameters)
    if total is not None:
        return total
    queries = kind in ("SELECT", "EXPLAIN")
    session.again = (lambda: session.connection.execute(statement, parameters)) if queries else None
    try:
        result = persist(lambda: session.connection.execute(statement, parameters), writes=not queries)
    except duckdb.Error as error:
        if kind == "CALL" and "read-only" in str(error):
            raise _problems.near(text, "CALL", UNMANAGED) from None
        raise _arrays_query.read_problem(session, error, text) from None
    if queries:
        return _arrays_query.answer(session, result, text)
    if kind == "CALL":  # it is done once its rows were taken, which a statement after it counts on
        return result.to_arrow_table()
    if "returning" in statement.query.lower():
        return _arrays_query.answer(session, result, text)
    result.fetchall()
    return NOTHING


def _check_kept(statement: str, text: str) -> None:
    """Nothing is made in the memory of the worker, where the next statement would find it."""
    words = [word.lower() for word, _, _ in _guard.read(statement)]
    if any(word in ("memory", "system") and after == "." for word, after in pairwise(words)):
        raise _problems.near(
            text, "memory", "Say a schema of the warehouse: what is made in memory is gone with the worker."
        )


def _transaction(session: Session, text: str, statement: str) -> Rows:
    """Begin one, or end the one that was begun here: one that was there before is the caller's, and stays."""
    import duckdb

    first = _guard.read(statement)[0][0].upper()
    begins = first in ("BEGIN", "START")
    if not begins and not session.begun:
        raise _problems.near(text, first, "There is no transaction to end; BEGIN one first.")
    try:
        session.connection.execute(statement)
    except duckdb.Error as error:
        raise _problems.of_duckdb(error, text) from None
    session.begun = begins
    return NOTHING


def _tree(text: str) -> tuple[exp.Expr | None, list[Any]]:
    """As sqlglot reads it; None where it does not, which costs speed alone."""
    try:
        tokens = DIALECT.tokenize(text)
        trees = DIALECT.parser().parse(tokens, text)
    except (SqlglotError, RecursionError):
        return None, []
    tree = trees[0] if trees else None
    return (None if isinstance(tree, exp.Command) else tree), tokens


def _changed(session: Session, tree: exp.Expr) -> bool:
    """Whether what the statement changes is a place."""
    if isinstance(tree, exp.Drop):
        return any(session.find(table.name) is not None for table in tree.args["tables"])
    table = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    return isinstance(table, exp.Table) and session.find(table.name) is not None


def _register(
    session: Session, tree: exp.Expr | None, named: dict[str, Target], text: str, *, whole: bool
) -> Rows | None:
    """Put what is named under its name. The totals of one array, where the statement asks for nothing else."""
    references = [] if tree is None else plan.find(tree, session)
    for name, target in named.items():
        if not target.place.exists:
            raise session.missing(text, name)
        if target.metadata:
            session.connection.register(name, _arrays_query.metadata(session, target))
            continue
        if target.place.kind == "file":
            session.show_file(target.place)
            continue
        opened = session.open(target)
        own = [reference for reference in references if reference.node.name == name]
        columns, selection = opened.columns, Selection()
        if tree is not None and isinstance(tree, exp.Query) and len(own) == 1:
            if whole and len(references) == 1:
                total = _arrays_totals.answer(tree, own[0], opened, session)
                if total is not None:
                    return total
            columns = plan.used(tree, own[0], opened.columns)
            selection = plan.select(tree, own[0], opened.columns, session, sparse=opened.sparse)
        stream = Stream(opened, columns, selection)
        session.connection.register(name, stream)
        session.streams.append(stream)
    return None
