"""Groups along the axes of a dense array: numpy adds up each box as it is read, and DuckDB has the parts.

A statement that mentions attributes in sums, averages, counts and extremes alone, and ranges that are read exactly,
needs no cell: for each value of the dimensions that it mentions elsewhere, a part of every total is enough. The rest of
it - what it groups by, HAVING, ORDER BY - stays DuckDB's, over the parts.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from msgspec import Struct
from sqlglot import exp

from headrace.engines._arrays_columns import NUMBERS, Column, to_arrow
from headrace.engines._arrays_comparisons import Comparisons
from headrace.engines._arrays_ranges import Selection
from headrace.engines._arrays_read import (
    BATCH,
    BOX,
    NONE,
    Opened,
    Stream,
    arrow_schema,
    axis,
    box_cells,
    boxes,
    buffer,
    cut,
    length,
)

Reduce = Callable[..., np.ndarray]
CLAUSES = {"expressions", "from_", "where", "group", "having", "order", "limit", "offset"}
AGGREGATES = (exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Count)
# What may stand around totals and dimensions: what looks at one row, and never at how many there are.
PLAIN = (
    *(
        exp.Alias,
        exp.Identifier,
        exp.Column,
        exp.Literal,
        exp.Paren,
        exp.Boolean,
        exp.Null,
        exp.DataType,
        exp.DataTypeParam,
    ),
    *(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg, exp.Cast, exp.Abs, exp.Round, exp.Floor),
    *(exp.Ceil, exp.Sqrt, exp.Coalesce, exp.Case, exp.If, exp.And, exp.Or, exp.Not, exp.Is, exp.Between, exp.In),
    *(exp.DataType, exp.DataTypeParam, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE),
    *(exp.Group, exp.Having, exp.Order, exp.Ordered),
)


class Part(Struct, frozen=True):
    """A column of parts: of an attribute, or of the number of cells."""

    name: str
    word: str  # sum, high, low, min, max, count
    column: Column | None = None


class Groups(Struct, frozen=True, kw_only=True):
    """What is read of an array instead of its cells."""

    kept: list[Column]  # dimensions
    parts: list[Part]
    changes: list[tuple[exp.Expr, exp.Expr]]  # a total of the statement, and the same over parts

    def put(self) -> None:
        """Make the statement one over parts."""
        for total, over_parts in self.changes:
            total.replace(over_parts)


def find(reader: Comparisons, opened: Opened) -> Groups | None:
    """How the SELECT is answered from parts; None where it needs cells."""
    select = reader.scope.expression
    if opened.sparse or not reader.alone or not _is_plain(select, reader) or not reader.exact():
        return None
    aliases = {selected.alias.lower() for selected in select.expressions}
    kept: set[str] = set()
    totals: list[tuple[exp.Expr, Column | None]] = []
    for part in _looked_at(select):
        for node in part.walk(prune=lambda node: isinstance(node, AGGREGATES)):
            if isinstance(node, AGGREGATES):
                if (column := _column_of(node, reader)) is False:
                    return None
                totals.append((node, column))
            elif not isinstance(node, PLAIN) or (isinstance(node, exp.In) and not node.expressions):
                return None
            elif isinstance(node, exp.Column):
                column = reader.column(node)
                if column is None and (node.table or node.name.lower() not in aliases):
                    return None
                if column is not None:
                    if not column.dimension:
                        return None
                    kept.add(column.name)
    dimensions = [column for column in opened.dimensions if column.name in kept]
    if len(dimensions) == len(opened.dimensions) or not (totals or select.args.get("group")):
        return None
    parts: dict[str, Part] = {}
    changes = [(node, _over_parts(node, column, parts)) for node, column in totals]
    if not (parts or dimensions) or any(name.lower() in reader.columns for name in parts):
        return None
    return Groups(kept=dimensions, parts=list(parts.values()), changes=changes)


def _is_plain(select: exp.Expr, reader: Comparisons) -> bool:
    if not isinstance(select, exp.Select) or any(given and name not in CLAUSES for name, given in select.args.items()):
        return False
    source = select.args["from_"].this if select.args.get("from_") else None
    if not isinstance(source, exp.Table) or any(
        given and name not in ("this", "alias") for name, given in source.args.items()
    ):
        return False
    if (alias := source.args.get("alias")) is not None and alias.args.get("columns"):
        return False
    group = select.args.get("group")
    if group is not None and any(given and name != "expressions" for name, given in group.args.items()):
        return False
    for selected in select.expressions:
        # The name of a column is that of what it was made of, and some clauses take one of the table for one of these.
        if isinstance(selected, exp.Alias):
            own = isinstance(selected.this, exp.Column) and selected.this.name.lower() == selected.alias.lower()
            if selected.alias.lower() in reader.columns and not own:
                return False
        elif not isinstance(selected, exp.Column):
            return False
    return True


def _looked_at(select: exp.Expr) -> Iterator[exp.Expr]:
    yield from select.expressions
    yield from (part for name in ("group", "having", "order") if (part := select.args.get(name)) is not None)


def _column_of(node: exp.Expr, reader: Comparisons) -> Any:  # noqa: ANN401 - Column, None for rows, False for no part
    if node.expressions:
        return False
    counted = isinstance(node, exp.Count)
    if counted and isinstance(node.this, exp.Star | exp.Literal):
        return None
    column = reader.column(node.this) if isinstance(node.this, exp.Column) else None
    if column is None or column.nullable:
        return False
    if counted:
        return None if column.dimension or column.datatype in NUMBERS else False
    plain = column.family == "number" and column.datatype in NUMBERS and not column.dimension
    return column if plain else False


def _over_parts(node: exp.Expr, column: Column | None, parts: dict[str, Part]) -> exp.Expr:
    """The total as one of its parts."""

    def of(word: str) -> exp.Expr:
        name = f"__{word}_{column.name if column and word != 'count' else ''}"
        parts[name] = Part(name, word, None if word == "count" else column)
        return exp.column(exp.to_identifier(name, quoted=True))

    if column is None:
        rows = exp.Coalesce(this=exp.Sum(this=of("count")), expressions=[exp.Literal.number(0)])
        return exp.cast(rows, exp.DataType.Type.BIGINT, copy=False)
    if isinstance(node, exp.Min | exp.Max):
        return type(node)(this=of("min" if isinstance(node, exp.Min) else "max"))
    if column.dtype.itemsize < 8 or column.dtype.kind == "f":
        total: exp.Expr = exp.Sum(this=of("sum"))
    else:  # the sum of a box may take more than 64 bits, and those of its halves do not
        high = exp.Mul(this=exp.Sum(this=of("high")), expression=exp.Literal.number(2**32))
        total = exp.Paren(this=exp.Add(this=high, expression=exp.Sum(this=of("low"))))
    if isinstance(node, exp.Sum):
        return total
    ends = [exp.cast(one, exp.DataType.Type.DOUBLE, copy=False) for one in (total, exp.Sum(this=of("count")))]
    return exp.Paren(this=exp.Div(this=ends[0], expression=ends[1], typed=False, safe=False))


class Parts(Stream):
    """The parts of groups as DuckDB scans them."""

    def __init__(self, opened: Opened, groups: Groups, selection: Selection) -> None:
        super().__init__(opened, groups.kept, selection)
        self.groups = groups
        names = {column.name for column in groups.kept}
        self.away = tuple(i for i, column in enumerate(opened.dimensions) if column.name not in names)

    def schema(self) -> pa.Schema:
        """Dimensions, then parts."""
        schema = arrow_schema(self.groups.kept)
        for part in self.groups.parts:
            schema = schema.append(pa.field(part.name, _type(part)))
        return schema

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The parts of one box after another."""
        ranges = boxes(self.opened, self.selection)
        if ranges is None:
            return
        schema = self.schema()
        attributes = list({part.column.name: part.column for part in self.groups.parts if part.column}.values())
        # Of a cell, and its share of the parts that it goes into.
        parts = 8 * len(schema) / math.prod(length(ranges[i]) for i in self.away)
        row = sum(column.width for column in attributes) + math.ceil(parts)
        widest = max((column.width for column in attributes), default=1)
        most = min(self.opened.piece // row, buffer(min(self.opened.piece, BOX)) // widest)
        for box in cut(self.opened, ranges, max(1, most)):
            cells = box_cells(self.opened, attributes, box)
            piece = pa.RecordBatch.from_arrays(self._box(box, cells), schema=schema)
            for start in range(0, piece.num_rows, BATCH):
                yield piece.slice(start, BATCH)

    def _box(self, box: Any, cells: dict[str, Any]) -> list[pa.Array]:  # noqa: ANN401 - ranges by dimension
        counts = [length(ranges) for ranges in box]
        sizes = [counts[i] for i in range(len(counts)) if i not in self.away]
        made: list[pa.Array] = []
        for i, column in enumerate(self.groups.kept):
            at = next(j for j, dimension in enumerate(self.opened.dimensions) if dimension.name == column.name)
            values = np.concatenate([axis(low, high, column.dtype) for low, high in box[at]])
            values = np.tile(np.repeat(values, math.prod(sizes[i + 1 :])), math.prod(sizes[:i]))
            made.append(to_arrow(column, values, NONE, NONE))
        order = "F" if self.opened.layout == "col-major" else "C"
        for part in self.groups.parts:
            if part.column is None:
                found = np.full(math.prod(sizes), math.prod(counts[i] for i in self.away), np.int64)
            else:
                values = cells[part.column.stored][0].view(part.column.dtype).reshape(counts, order=order)
                found = np.ascontiguousarray(_reduced(part, values, self.away)).ravel()
            made.append(pa.array(found, _type(part)))
        return made


def _type(part: Part) -> pa.DataType:
    if part.word in ("min", "max") and part.column is not None:
        return part.column.arrow
    return pa.float64() if part.column is not None and part.column.dtype.kind == "f" else pa.int64()


def _reduced(part: Part, values: np.ndarray, away: tuple[int, ...]) -> np.ndarray:
    with np.errstate(all="ignore"):
        if part.word == "min":  # NaN is the largest number, as DuckDB has it
            return np.fmin.reduce(values, axis=away)
        if part.word == "max":
            return np.maximum.reduce(values, axis=away)
        if part.word in ("high", "low"):
            values = values >> 32 if part.word == "high" else values & 0xFFFFFFFF
        return np.add.reduce(values, axis=away, dtype=np.float64 if values.dtype.kind == "f" else np.int64)
