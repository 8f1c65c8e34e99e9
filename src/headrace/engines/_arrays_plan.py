"""Which cells and columns of each array a statement needs, read from its tree.

The full WHERE stays in the statement, so what is found here need only be a superset: a comparison that is not
understood costs time, never truth. Where TileDB and DuckDB compare differently - NaN, NULL, the empty string -
nothing is pushed.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from msgspec import Struct
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope

from headrace.engines._arrays_columns import Column
from headrace.engines._arrays_ranges import MAX_RANGES, Range, Selection, intersect, merge
from headrace.engines._arrays_session import Session, Target

MAX_LISTED = 1000  # values of an IN that go into a condition
FLIPPED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.LT: exp.GT,
    exp.GT: exp.LT,
    exp.LTE: exp.GTE,
    exp.GTE: exp.LTE,
    exp.EQ: exp.EQ,
    exp.NEQ: exp.NEQ,
}
SIGNS: dict[type[exp.Expr], str] = {exp.LT: "<", exp.LTE: "<=", exp.EQ: "==", exp.GT: ">", exp.GTE: ">=", exp.NEQ: "!="}
UNKNOWN: Any = object()
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - TileDB's datetimes have no zone


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
    if _starred(tree, reference):
        return columns
    names: set[str] = set()
    for column in tree.find_all(exp.Column):
        table = column.table.lower()
        if not table or table == reference.alias.lower() or column.args.get("db"):
            names.add(column.name.lower())
        names.update(part.name.lower() for part in column.parts[:-1] if part.name)
    for join in tree.find_all(exp.Join):
        names.update(identifier.name.lower() for identifier in join.args.get("using") or [])
    chosen = [column for column in columns if column.name.lower() in names]
    return chosen or [min(columns, key=lambda column: column.width)]


def _starred(tree: exp.Expr, reference: Reference) -> bool:
    for join in tree.find_all(exp.Join):
        if join.method.upper() == "NATURAL":
            return True
    if any(True for _ in tree.find_all(exp.Columns, exp.Pivot)):
        return True
    for star in tree.find_all(exp.Star):
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
    return any(
        not column.table and column.name.lower() == reference.alias.lower() for column in tree.find_all(exp.Column)
    )


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
) -> "Comparisons | None":
    """The comparisons of the SELECT that the table stands in."""
    try:
        scopes = traverse_scope(tree)
    except (SqlglotError, RecursionError):
        return None
    for scope in scopes:
        if any(source is reference.node for source in scope.sources.values()):
            return Comparisons(reference, columns, session, scope, sparse=sparse)
    return None


class Comparisons:
    """Reads the comparisons of one SELECT that are about one array."""

    def __init__(
        self, reference: Reference, columns: list[Column], session: Session, scope: Scope, *, sparse: bool
    ) -> None:
        self.reference, self.session, self.scope, self.sparse = reference, session, scope, sparse
        self.columns = {column.name.lower(): column for column in columns}
        self.alone = len(scope.selected_sources) == 1

    def exact(self) -> bool:
        """Whether the selection is all that WHERE says, so that nothing is left to filter."""
        return all(self._exact(conjunct) for conjunct in self._conjuncts())

    def _exact(self, node: exp.Expr) -> bool:
        node = _unwrap(node) or node
        if isinstance(node, exp.In):
            column, values = self.column(node.this), node.expressions
            listed = not (node.args.get("query") or node.args.get("unnest") or node.args.get("field"))
            constants = [self.constant(value) for value in values] if column and listed else [UNKNOWN]
            return column is not None and len(values) <= MAX_RANGES and all(_whole(column, c) for c in constants)
        if isinstance(node, exp.Between):
            column = self.column(node.this)
            ends = (self.constant(node.args["low"]), self.constant(node.args["high"])) if column else ()
            return column is not None and all(_whole(column, end) for end in ends)
        found = self._comparison(node)
        if found is None:
            return False
        column, kind, constant = found
        value = self.constant(constant)
        if column.dimension:
            return kind is not exp.NEQ and _whole(column, value)
        return self.sparse and condition_value(column, kind, value, top=True) is not None

    def deletion(self) -> str | None:
        """All that WHERE says as a condition; None where TileDB cannot say it."""
        parts = [self._whole_condition(conjunct) for conjunct in self._conjuncts()]
        said = [part for part in parts if part]
        if len(said) != len(parts):
            return None
        if said:
            return " and ".join(said)
        # Everything: a comparison that holds for every cell.
        first = next((c for c in self.columns.values() if c.dimension and c.family == "number"), None)
        if first is None or first.dtype.kind == "f":
            return None
        return f"{_named(first)} >= {np.iinfo(first.dtype).min}"

    def _whole_condition(self, node: exp.Expr) -> str | None:
        node = _unwrap(node) or node
        if isinstance(node, exp.And | exp.Or):
            left, right = self._whole_condition(node.left), self._whole_condition(node.right)
            word = "and" if isinstance(node, exp.And) else "or"
            return f"(({left}) {word} ({right}))" if left and right else None
        if isinstance(node, exp.Between):
            low = exp.GTE(this=node.this, expression=node.args["low"])
            high = exp.LTE(this=node.this, expression=node.args["high"])
            parts = [self._whole_condition(low), self._whole_condition(high)]
            return f"({parts[0]} and {parts[1]})" if all(parts) else None
        mentioned = [self.column(column) for column in node.find_all(exp.Column)]
        # TileDB 2.30 deletes NULLs with whatever a condition on their attribute deletes.
        if any(column is None or column.nullable for column in mentioned):
            return None
        return self._condition(node)

    def selection(self) -> Selection:
        """The ranges and the condition."""
        conjuncts = list(self._conjuncts())
        ranges: dict[str, list[Range]] = {}
        conditions: list[str] = []
        for conjunct in conjuncts:
            for name, some in self._ranges(conjunct).items():
                ranges[name] = intersect(ranges[name], some) if name in ranges else some
            if self.sparse and (condition := self._condition(conjunct, top=True)):
                conditions.append(condition)
        return Selection(ranges=ranges, condition=" and ".join(conditions) or None, limit=self._limit())

    def _limit(self) -> int | None:
        """A LIMIT that ends the reading, where no row after it can matter."""
        select = self.scope.expression
        if not isinstance(select, exp.Select) or not self.alone or not (limit := select.args.get("limit")):
            return None
        if any(select.args.get(part) for part in ("order", "group", "distinct", "having", "windows", "qualify")):
            return None
        if select.find(exp.AggFunc, exp.Window) or not isinstance(limit.expression, exp.Literal):
            return None
        return int(limit.expression.this) if limit.expression.this.isdigit() else None

    def _conjuncts(self) -> Iterator[exp.Expr]:
        select = self.scope.expression
        if not isinstance(select, exp.Select):
            return
        joins: list[exp.Join] = select.args.get("joins") or []
        if any(join.method.upper() in ("ASOF", "POSITIONAL") for join in joins):
            return  # they choose among the rows, so rows that WHERE drops count
        if where := select.args.get("where"):
            yield from _flatten(where.this)
        if all(not join.side and join.kind.upper() in ("", "INNER", "CROSS") and not join.method for join in joins):
            for join in joins:
                if on := join.args.get("on"):
                    yield from _flatten(on)

    def column(self, node: exp.Expr | None) -> Column | None:
        """The array's column that this is, and nothing else."""
        node = _unwrap(node)
        if not isinstance(node, exp.Column) or node.args.get("db") or isinstance(node.this, exp.Star):
            return None
        table = node.table
        if table:
            return self.columns.get(node.name.lower()) if table.lower() == self.reference.alias.lower() else None
        return self.columns.get(node.name.lower()) if self.alone else None

    def _ranges(self, node: exp.Expr) -> dict[str, list[Range]]:
        """What a comparison says of dimensions; nothing where it says nothing certain."""
        node = _unwrap(node) or node
        if isinstance(node, exp.And):
            made = dict(self._ranges(node.left))
            for name, some in self._ranges(node.right).items():
                made[name] = intersect(made[name], some) if name in made else some
            return made
        if isinstance(node, exp.Or):
            left, right = self._ranges(node.left), self._ranges(node.right)
            return {name: merge(left[name] + right[name]) for name in left.keys() & right.keys()}
        if isinstance(node, exp.In):
            return self._listed(node)
        if isinstance(node, exp.Between):
            column = self.column(node.this)
            if column is None or not column.dimension:
                return {}
            low = self._bound(column, node.args["low"], up=False)
            high = self._bound(column, node.args["high"], up=True)
            if low is UNKNOWN or high is UNKNOWN:
                return {}
            return {column.name: [(low, high)] if low <= high else []}
        return self._compared(node)

    def _compared(self, node: exp.Expr) -> dict[str, list[Range]]:
        found = self._comparison(node)
        if found is None:
            return {}
        column, kind, constant = found
        if not column.dimension or kind is exp.NEQ:
            return {}
        low = UNKNOWN if kind in (exp.LT, exp.LTE) else self._bound(column, constant, up=False)
        high = UNKNOWN if kind in (exp.GT, exp.GTE) else self._bound(column, constant, up=True)
        if low is UNKNOWN and high is UNKNOWN:
            return {}
        if column.family != "text" and column.dtype.kind in "iu":
            # A strict bound that is whole is not part of it; one with a fraction was rounded inwards.
            value = comparable(column, self.constant(constant))
            if kind is exp.LT and high == value:
                high -= 1
            if kind is exp.GT and low == value:
                low += 1
        if kind is exp.EQ and (low is UNKNOWN or high is UNKNOWN):
            return {}
        if low is not UNKNOWN and high is not UNKNOWN and low > high:
            return {column.name: []}
        return {column.name: [(None if low is UNKNOWN else low, None if high is UNKNOWN else high)]}

    def _comparison(self, node: exp.Expr) -> tuple[Column, type[exp.Expr], exp.Expr] | None:
        kind = type(node)
        if kind not in SIGNS or not isinstance(node, exp.Binary):
            return None
        if (column := self.column(node.left)) is not None:
            return column, kind, node.right
        if (column := self.column(node.right)) is not None:
            return column, FLIPPED[kind], node.left
        return None

    def _listed(self, node: exp.In) -> dict[str, list[Range]]:
        if node.args.get("query") or node.args.get("unnest") or node.args.get("field"):
            return {}
        subject = _unwrap(node.this)
        if isinstance(subject, exp.Tuple):
            rows = [_unwrap(value) for value in node.expressions]
            if not all(isinstance(row, exp.Tuple) for row in rows):
                return {}
            made: dict[str, list[Range]] = {}
            for i, part in enumerate(subject.expressions):
                values = [row.expressions[i] for row in rows if row and len(row.expressions) > i]
                if len(values) == len(rows) and (points := self._points(part, values)) is not None:
                    made.update(points)
            return made
        return self._points(node.this, node.expressions) or {}

    def _points(self, subject: exp.Expr, values: list[exp.Expr]) -> dict[str, list[Range]] | None:
        column = self.column(subject)
        if column is None or not column.dimension:
            return None
        points: list[Range] = []
        for value in values:
            low, high = self._bound(column, value, up=False), self._bound(column, value, up=True)
            if low is UNKNOWN or high is UNKNOWN:
                return None
            if low <= high:
                points.append((low, high))
        return {column.name: merge(points)}

    def _bound(self, column: Column, node: exp.Expr, *, up: bool) -> Any:  # noqa: ANN401 - any cell
        """A value of the dimension that is not within the bound: rounded down for an upper one, up for a lower."""
        return bound(column, self.constant(node), up=up)

    def constant(self, node: exp.Expr) -> Any:  # noqa: ANN401 - any value of SQL
        """The value of an expression without columns; UNKNOWN where that is not certain."""
        node = _unwrap(node) or node
        if isinstance(node, exp.Literal):
            return node.this if node.is_string else _number(node.this)
        if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal) and not node.this.is_string:
            return -_number(node.this.this)
        if isinstance(node, exp.Boolean):
            return bool(node.this)
        if node.find(
            exp.Column, exp.Query, exp.Anonymous, exp.AggFunc, exp.Window, exp.Star, exp.Null, exp.Placeholder
        ):
            return UNKNOWN
        if not isinstance(node, FOLDED) or not all(isinstance(part, FOLDED) for part in node.find_all(exp.Expr)):
            return UNKNOWN
        return self._folded(node)

    def _folded(self, node: exp.Expr) -> Any:  # noqa: ANN401 - any value of SQL
        import duckdb

        # On a cursor of its own: what fails in a transaction ends it.
        with self.session.connection.cursor() as cursor:
            try:
                row = cursor.execute(f"SELECT {node.sql('duckdb')}").fetchone()
            except duckdb.Error:
                return UNKNOWN
        return UNKNOWN if row is None or row[0] is None else row[0]

    def _condition(self, node: exp.Expr, *, top: bool = False) -> str | None:
        """The comparison in TileDB-Py's words, or None."""
        node = _unwrap(node) or node
        if isinstance(node, exp.And):
            parts = [self._condition(node.left, top=top), self._condition(node.right, top=top)]
            return " and ".join(part for part in parts if part) or None
        if isinstance(node, exp.Or):
            left, right = self._condition(node.left), self._condition(node.right)
            return f"(({left}) or ({right}))" if left and right else None
        if isinstance(node, exp.Between):
            low = exp.GTE(this=node.this, expression=node.args["low"])
            high = exp.LTE(this=node.this, expression=node.args["high"])
            parts = [self._condition(low, top=top), self._condition(high, top=top)]
            return f"({' and '.join(part for part in parts if part)})" if any(parts) else None
        if isinstance(node, exp.In):
            return self._in_condition(node, top=top)
        found = self._comparison(node)
        if found is None or (top and found[0].dimension):
            return None
        column, kind, constant = found
        text = condition_value(column, kind, self.constant(constant), top=top)
        return None if text is None else f"{_named(column)} {SIGNS[kind]} {text}"

    def _in_condition(self, node: exp.In, *, top: bool) -> str | None:
        column = self.column(node.this)
        if column is None or (top and column.dimension) or node.args.get("query") or node.args.get("unnest"):
            return None
        values = [condition_value(column, exp.EQ, self.constant(value), top=top) for value in node.expressions]
        if not values or len(values) > MAX_LISTED or any(value is None for value in values):
            return None
        # TileDB-Py takes a dimension in a list under this name alone.
        return f"attr({column.stored!r}) in [{', '.join(value for value in values if value)}]"


def _whole(column: Column, value: Any) -> bool:  # noqa: ANN401 - any value of SQL
    """Whether ranges on this dimension say exactly what a comparison with the value says."""
    if not column.dimension or column.family not in ("number", "date") or column.dtype.kind not in "iu":
        return False
    return comparable(column, value) is not UNKNOWN


FOLDED = (
    exp.Literal,
    exp.Neg,
    exp.Cast,
    exp.DataType,
    exp.DataTypeParam,
    exp.Add,
    exp.Sub,
    exp.Mul,
    exp.Paren,
    exp.Interval,
    exp.Var,
    exp.DateAdd,
    exp.DateSub,
    exp.TsOrDsToDate,
    exp.Date,
    exp.Identifier,
)


def _named(column: Column) -> str:
    return f"{'dim' if column.dimension else 'attr'}({column.stored!r})"


def _flatten(node: exp.Expr) -> Iterator[exp.Expr]:
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, exp.Paren):
            waiting.append(node.this)
        elif isinstance(node, exp.And):
            waiting.extend((node.right, node.left))
        else:
            yield node


def _unwrap(node: exp.Expr | None) -> exp.Expr | None:
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def _number(text: str) -> int | Decimal:
    try:
        return int(text)
    except ValueError:
        return Decimal(text)


def bound(column: Column, value: Any, *, up: bool) -> Any:  # noqa: ANN401 - any value of SQL
    """What a value is on a dimension: a lower bound is rounded up and an upper one down, where cells lie so."""
    if column.family == "text":
        # An empty string may be written as one NUL.
        plain = isinstance(value, str) and value and value.isascii() and value[0] != "\0"
        return value if plain else UNKNOWN
    number = comparable(column, value)
    if number is UNKNOWN:
        return UNKNOWN
    if column.dtype.kind == "f":
        # As DuckDB compares, the constant is rounded to the column's type; a neighbour more is sure to be enough.
        away = np.nextafter(column.dtype.type(number), column.dtype.type(np.inf if up else -np.inf))
        return float(away) if np.isfinite(away) else UNKNOWN
    if isinstance(number, Decimal):
        return int(number.to_integral_value("ROUND_FLOOR" if up else "ROUND_CEILING"))
    return number


def comparable(column: Column, value: Any) -> Any:  # noqa: ANN401 - any value of SQL
    """The constant as a number of what the dimension counts, with a fraction where it lies between two."""
    if value is UNKNOWN or value is None or isinstance(value, bool | bytes):
        return UNKNOWN
    if column.family == "date" and column.unit != "Y":
        return _moment(column, value)
    if not isinstance(value, int | float | Decimal) or column.family not in ("number", "date"):
        return UNKNOWN
    number = Decimal(str(value)) if isinstance(value, float) else value
    if isinstance(number, Decimal) and not number.is_finite():
        return UNKNOWN
    return number - 1970 if column.family == "date" else number


def _moment(column: Column, value: Any) -> Any:  # noqa: ANN401 - any value of SQL
    text = isinstance(value, str)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip()) if FINER.search(value) is None else None
        except ValueError:
            return UNKNOWN
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - as above
    if not isinstance(value, datetime) or value.tzinfo is not None:
        return UNKNOWN
    micro = (value - EPOCH) // timedelta(microseconds=1)
    unit = column.unit
    if unit in FINE:
        return micro * FINE[unit] if abs(micro * FINE[unit]) < 2**62 else UNKNOWN
    moment = np.datetime64(micro, "us")
    units = moment.astype(f"M8[{unit}]")
    whole = units.astype("M8[us]") == moment
    if text and not whole:
        return UNKNOWN  # DuckDB makes a date of the text, however fine it is
    return int(units.astype(np.int64)) if whole else int(units.astype(np.int64)) + Decimal("0.5")


FINER = re.compile(r"\.\d{7}")  # than microseconds
FINE = {"us": 1, "ns": 10**3}  # of a microsecond; what is finer still is shown rounded, and not pushed


def condition_value(column: Column, kind: type[exp.Expr], value: Any, *, top: bool) -> str | None:  # noqa: ANN401
    """The constant of a condition as TileDB-Py reads it, where TileDB compares as DuckDB does; else None."""
    if value is UNKNOWN or value is None or (column.nullable and kind is exp.NEQ):
        return None
    if column.family == "text":
        return repr(value) if isinstance(value, str) and value.isascii() and value.strip("\0") == value != "" else None
    if column.family == "label":
        labels = column.labels.to_pylist() if column.labels is not None else []
        return repr(value) if kind is exp.EQ and isinstance(value, str) and value in labels else None
    if column.family == "bool":
        return repr(int(value)) if kind is exp.EQ and value in (0, 1) and not isinstance(value, str) else None
    if column.family != "number" or isinstance(value, bool | str | bytes | date):
        return None
    if column.dtype.kind == "f":
        # NaN is no number in TileDB. In DuckDB it is the largest, but not where a comparison is all of a conjunct: that
        # one DuckDB leaves to Arrow, before it sees the rows.
        if (kind in (exp.GT, exp.GTE, exp.NEQ) and not top) or column.dtype != np.float64:
            return None
        return repr(float(value))
    if not isinstance(value, int):
        return None
    info = np.iinfo(column.dtype)
    return repr(value) if info.min <= value <= info.max else None
