"""The comparisons of one SELECT that are about one array: as ranges, as a condition, and what of them is exact."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from headrace.engines._arrays_columns import Column
from headrace.engines._arrays_constants import UNKNOWN, bound, comparable, condition_value, constant, unwrap, whole
from headrace.engines._arrays_ranges import MAX_RANGES, Range, Selection, intersect, merge
from headrace.engines._arrays_session import Session

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


class Comparisons:
    """Reads the comparisons of one SELECT that are about one array."""

    def __init__(self, alias: str, columns: list[Column], session: Session, scope: Scope, *, sparse: bool) -> None:
        self.alias, self.session, self.scope, self.sparse = alias.lower(), session, scope, sparse
        self.columns = {column.name.lower(): column for column in columns}
        self.alone = len(scope.selected_sources) == 1

    def exact(self) -> bool:
        """Whether the selection is all that WHERE says, so that nothing is left to filter."""
        return all(self._exact(conjunct) for conjunct in self._conjuncts()) and self.selection().apart

    def settle(self) -> None:
        """Take from WHERE what the selection says exactly: it is read so, and need not be looked at again."""
        select = self.scope.expression
        where = select.args.get("where") if isinstance(select, exp.Select) and self.alone else None
        if where is None or select.args.get("joins"):
            return
        parts = list(_flatten(where.this))
        left = [part for part in parts if not self._exact(part)]
        if len(left) < len(parts):
            select.set("where", exp.Where(this=exp.and_(*left, copy=False)) if left else None)

    def _exact(self, node: exp.Expr) -> bool:
        node = unwrap(node) or node
        if isinstance(node, exp.In):
            column, values = self.column(node.this), node.expressions
            listed = not (node.args.get("query") or node.args.get("unnest") or node.args.get("field"))
            constants = [self.constant(value) for value in values] if column and listed else [UNKNOWN]
            return column is not None and len(values) <= MAX_RANGES and all(whole(column, c) for c in constants)
        if isinstance(node, exp.Between):
            column = self.column(node.this)
            ends = (self.constant(node.args["low"]), self.constant(node.args["high"])) if column else ()
            return column is not None and all(whole(column, end) for end in ends)
        found = self._comparison(node)
        if found is None:
            return False
        column, kind, constant = found
        value = self.constant(constant)
        if column.dimension:
            return kind is not exp.NEQ and whole(column, value)
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
        node = unwrap(node) or node
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
        node = unwrap(node)
        if not isinstance(node, exp.Column) or node.args.get("db") or isinstance(node.this, exp.Star):
            return None
        table = node.table
        if table:
            return self.columns.get(node.name.lower()) if table.lower() == self.alias else None
        return self.columns.get(node.name.lower()) if self.alone else None

    def _ranges(self, node: exp.Expr) -> dict[str, list[Range]]:
        """What a comparison says of dimensions; nothing where it says nothing certain."""
        node = unwrap(node) or node
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
        subject = unwrap(node.this)
        if isinstance(subject, exp.Tuple):
            rows = [unwrap(value) for value in node.expressions]
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
        return constant(node, self.session.connection)

    def _condition(self, node: exp.Expr, *, top: bool = False) -> str | None:
        """The comparison in TileDB-Py's words, or None."""
        node = unwrap(node) or node
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
