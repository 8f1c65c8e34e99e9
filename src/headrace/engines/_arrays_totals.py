"""Whole aggregates over one array, answered by TileDB from the totals that it keeps with each tile.

Where TileDB's answer and SQL's may differ - a sum that does not fit, NaN among the values - nothing is answered here,
and the cells are read.
"""

import math
from typing import Any

import numpy as np
import pyarrow as pa
from msgspec import Struct
from sqlglot import exp

from headrace.engines import _arrays_plan as plan
from headrace.engines._arrays_columns import NUMBERS, Column
from headrace.engines._arrays_ranges import Selection
from headrace.engines._arrays_read import LAYOUTS, Opened, boxes, tiledb_range
from headrace.engines._arrays_session import Session

WORDS: dict[type[exp.Expr], str] = {exp.Sum: "sum", exp.Avg: "mean", exp.Min: "min", exp.Max: "max", exp.Count: "count"}
REFUSED = (
    "joins",
    "group",
    "having",
    "qualify",
    "distinct",
    "windows",
    "laterals",
    "sample",
    "pivots",
    "with_",
    "with",
)
LIMITS = ("limit", "offset")
LARGE = 1e290  # floating point; as many as an array can hold of less than this do not run over


class _Total(Struct, frozen=True, kw_only=True):
    name: str
    word: str
    column: Column | None  # None: COUNT(*)


def answer(tree: exp.Expr, reference: plan.Reference, opened: Opened, session: Session) -> pa.Table | None:
    """One row of totals; None where the statement asks for something else."""
    if not isinstance(tree, exp.Select) or any(tree.args.get(part) for part in (*REFUSED, *LIMITS, "order")):
        return None
    source = tree.args.get("from_") or tree.args.get("from")
    if source is None or source.this is not reference.node:
        return None
    totals = [_total(selected, reference, opened) for selected in tree.expressions]
    if not totals or any(total is None for total in totals):
        return None
    reader = plan.comparisons(tree, reference, opened.columns, session, sparse=opened.sparse)
    if reader is None or not reader.exact():
        return None
    return _answer([total for total in totals if total], opened, reader.selection())


def _total(selected: exp.Expr, reference: plan.Reference, opened: Opened) -> _Total | None:
    name, node = (selected.alias, selected.this) if isinstance(selected, exp.Alias) else ("", selected)
    word = WORDS.get(type(node))
    if word is None or not name or node.expressions or getattr(node.this, "expressions", None):
        return None
    if word == "count" and isinstance(node.this, exp.Star | exp.Literal):
        return _Total(name=name, word=word, column=None)
    if not isinstance(node.this, exp.Column):
        return None
    table = node.this.table.lower()
    if table and table != reference.alias.lower():
        return None
    column = next((c for c in opened.columns if c.name.lower() == node.this.name.lower()), None)
    if column is None:
        return None
    if word == "count":
        return (
            _Total(name=name, word=word, column=column if column.nullable and column.family == "number" else None)
            if (not column.nullable or column.family == "number")
            else None
        )
    plain = column.family == "number" and column.datatype in NUMBERS
    return _Total(name=name, word=word, column=column) if plain and not column.dimension else None


def _answer(totals: list[_Total], opened: Opened, selection: Selection) -> pa.Table | None:
    import tiledb

    ranges = boxes(opened, selection)
    wanted: dict[str, set[str]] = {}
    for total in totals:
        if total.column:
            words = wanted.setdefault(total.column.stored, set())
            words |= {total.word} if total.word != "count" else set()
            # They tell whether a sum ran over, which it does not: TileDB goes on with the largest number.
            words |= {"min", "max"} if total.word != "count" and _runs_over(total.column) else set()
            # The sum tells whether there is NaN among what the smallest and the largest are of.
            words |= {"sum"} if total.word in ("min", "max") and total.column.dtype.kind == "f" else set()
            words |= {"null_count"} if total.column.nullable else set()
    if opened.sparse and _counted(totals):  # of one attribute, of the cheapest where none is asked about
        some = next((c for c in opened.columns if not c.dimension and not c.var), opened.columns[-1])
        wanted.setdefault(next(iter(wanted), some.stored), set()).add("count")
    found: dict[str, dict[str, Any]] = {}
    if ranges is not None and wanted:
        try:
            found = _ask(opened, ranges, selection.condition, wanted)
        except tiledb.TileDBError:
            return None  # the cells are read, and say what is wrong, if it still is
    if ranges is None:
        rows = 0
    elif opened.sparse:
        rows = next((words["count"] for words in found.values() if "count" in words), 1)
    else:
        rows = math.prod(sum(high - low + 1 for low, high in some) for some in ranges)
    arrays = [_value(total, found, rows) for total in totals]
    if any(array is None for array in arrays):
        return None
    return pa.Table.from_arrays([a for a in arrays if a is not None], names=[total.name for total in totals])


def _counted(totals: list[_Total]) -> bool:
    """Whether TileDB must count: an average, a smallest or a largest tells by itself that there are no rows.

    Whole numbers that are added up are counted, since so many of them may be too much.
    """
    columns = [total.column for total in totals]
    telling = any(total.word in ("mean", "min", "max") for total in totals)
    added = any(t.word in ("sum", "mean") and t.column is not None and t.column.dtype.kind != "f" for t in totals)
    return added or not telling or any(column is None or column.nullable for column in columns)


def _ask(
    opened: Opened, ranges: list[list[tuple[Any, Any]]], condition: str | None, wanted: dict[str, set[str]]
) -> dict[str, dict[str, Any]]:
    import tiledb
    from tiledb.main import PyAgg

    layout = LAYOUTS["unordered" if opened.sparse else "row-major"]
    asked = {name: tuple(sorted(words)) for name, words in wanted.items()}
    query = PyAgg(opened.context, opened.array, layout, asked)
    subarray = tiledb.Subarray(opened.array, opened.context)
    subarray.add_ranges(
        [[tiledb_range(column, r) for r in some] for column, some in zip(opened.dimensions, ranges, strict=True)]
    )
    query.set_subarray(subarray)
    if condition:
        query.set_cond(tiledb.QueryCondition(condition, opened.context))
    return query.get_aggregate()


def _value(total: _Total, found: dict[str, dict[str, Any]], rows: int) -> pa.Array | None:
    if total.column is None:
        return pa.array([rows], pa.int64())
    got = found.get(total.column.stored, {})
    there = rows - int(got.get("null_count") or 0)
    if total.word == "count":
        return pa.array([there], pa.int64())
    floating = total.column.dtype.kind == "f"
    type_ = total.column.arrow
    if total.word in ("sum", "mean"):
        type_ = pa.float64() if floating or total.word == "mean" else pa.int64()
    if there == 0:
        return pa.nulls(1, type_)
    if total.word == "mean" and not math.isfinite(got["mean"]):
        return None  # of no rows, too
    if not _is_sure(total, got, rows):
        return None
    value = got[total.word]
    if value is None:
        return None
    return pa.array([total.column.dtype.type(value) if total.word in ("min", "max") else value], type_)


def _is_sure(total: _Total, got: dict[str, Any], rows: int) -> bool:
    """Whether nothing ran over: what TileDB adds up beyond a type's end is wrong, and looks like any number."""
    assert total.column is not None
    if any(found is None for found in got.values()):
        return False
    if total.column.dtype.kind == "f":  # and NaN it compares in its own way
        return all(abs(found) < LARGE for found in got.values())
    if total.word not in ("sum", "mean"):
        return True
    ends = np.iinfo(total.column.dtype)
    return max(abs(int(got.get("min", ends.min))), abs(int(got.get("max", ends.max)))) * rows < 2**63


def _runs_over(column: Column) -> bool:
    """Whether there may be enough of its values for that; of narrow ones, the count tells."""
    return column.dtype.kind == "f" or column.dtype.itemsize == 8
