"""Which cells and columns of each array a statement needs, read from its tree.

What is found here need only be a superset, for WHERE is looked at again: a comparison that is not understood costs
time, never truth. Only what is known to be read exactly is taken from WHERE (`Comparisons.settle`). Where TileDB and
DuckDB compare differently - NaN, NULL, the empty string - nothing is pushed.
"""

from collections.abc import Iterator

from msgspec import Struct
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import traverse_scope

from headrace.engines._arrays_columns import Column
from headrace.engines._arrays_comparisons import Comparisons
from headrace.engines._arrays_ranges import Selection
from headrace.engines._arrays_session import Session, Target


class Reference(Struct, frozen=True, kw_only=True):
    """A table of a statement that is an array."""

    node: exp.Table
    target: Target
    alias: str  # that columns are qualified by


def find(tree: exp.Expr, session: Session) -> list[Reference]:
    """The tables of a tree that are places of the session."""
    hidden = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    found: list[Reference] = []
    for node in tree.find_all(exp.Table):
        name = node.name
        if node.args.get("db") or (name.lower() in hidden and "://" not in name):
            continue
        if (target := session.find(name)) is not None:
            found.append(Reference(node=node, target=target, alias=node.alias or name))
    return found


def used(tree: exp.Expr, reference: Reference, columns: list[Column]) -> list[Column]:
    """The columns that the statement can mean; at least one, since a table has rows."""
    nodes = list(tree.walk())  # once: to walk takes longer than to look
    if _starred(nodes, reference):
        return columns
    names: set[str] = set()
    for column in (node for node in nodes if isinstance(node, exp.Column)):
        table = column.table.lower()
        if not table or table == reference.alias.lower() or column.args.get("db"):
            names.add(column.name.lower())
        names.update(part.name.lower() for part in column.parts[:-1] if part.name)
    for join in (node for node in nodes if isinstance(node, exp.Join)):
        names.update(identifier.name.lower() for identifier in join.args.get("using") or [])
    chosen = [column for column in columns if column.name.lower() in names]
    return chosen or [min(columns, key=lambda column: column.width)]


def _starred(nodes: list[exp.Expr], reference: Reference) -> bool:
    if any(isinstance(node, exp.Join) and node.method.upper() == "NATURAL" for node in nodes):
        return True
    if any(isinstance(node, exp.Columns | exp.Pivot) for node in nodes):
        return True
    for star in (node for node in nodes if isinstance(node, exp.Star)):
        if isinstance(star.parent, exp.Count):
            continue
        if isinstance(star.parent, exp.Column) and star.parent.table:
            if star.parent.table.lower() == reference.alias.lower():
                return True
            continue
        select = star.find_ancestor(exp.Select)
        if select is None:
            return True
        sources = [select.args.get("from_") or select.args.get("from"), *(select.args.get("joins") or [])]
        tables = [t for source in sources if source is not None for t in _direct(source)]
        if any(table is reference.node for table in tables) or not tables:
            return True
    # A whole row as a value, as DuckDB has it: SELECT t FROM t.
    alias = reference.alias.lower()
    return any(isinstance(node, exp.Column) and not node.table and node.name.lower() == alias for node in nodes)


def _direct(source: exp.Expr) -> Iterator[exp.Table]:
    for table in source.find_all(exp.Table):
        inside = table.find_ancestor(exp.Subquery, exp.Select)
        if inside is None or inside is source.find_ancestor(exp.Subquery, exp.Select):
            yield table


def select(tree: exp.Expr, reference: Reference, columns: list[Column], session: Session, *, sparse: bool) -> Selection:
    """What of the array the statement needs."""
    reader = comparisons(tree, reference, columns, session, sparse=sparse)
    return reader.selection() if reader else Selection()


def comparisons(
    tree: exp.Expr, reference: Reference, columns: list[Column], session: Session, *, sparse: bool
) -> Comparisons | None:
    """The comparisons of the SELECT that the table stands in."""
    try:
        scopes = traverse_scope(tree)
    except (SqlglotError, RecursionError):
        return None
    for scope in scopes:
        if any(source is reference.node for source in scope.sources.values()):
            return Comparisons(reference.alias, columns, session, scope, sparse=sparse)
    return None
