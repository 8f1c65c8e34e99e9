"""Constants of SQL as an array has them: the ends of ranges on dimensions, and values in TileDB's conditions."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlglot import exp

from headrace.engines._arrays_columns import Column

if TYPE_CHECKING:
    import duckdb

UNKNOWN: Any = object()
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - TileDB's datetimes have no zone
FINER = re.compile(r"\.\d{7}")  # than microseconds
FINE = {"us": 1, "ns": 10**3}  # of a microsecond; what is finer still is shown rounded, and not pushed
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


def unwrap(node: exp.Expr | None) -> exp.Expr | None:
    """What stands in parentheses."""
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def constant(node: exp.Expr, connection: "duckdb.DuckDBPyConnection") -> Any:  # noqa: ANN401 - any value of SQL
    """The value of an expression without columns; UNKNOWN where that is not certain."""
    node = unwrap(node) or node
    if isinstance(node, exp.Literal):
        return node.this if node.is_string else _number(node.this)
    if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal) and not node.this.is_string:
        return -_number(node.this.this)
    if isinstance(node, exp.Boolean):
        return bool(node.this)
    if node.find(exp.Column, exp.Query, exp.Anonymous, exp.AggFunc, exp.Window, exp.Star, exp.Null, exp.Placeholder):
        return UNKNOWN
    if not isinstance(node, FOLDED) or not all(isinstance(part, FOLDED) for part in node.find_all(exp.Expr)):
        return UNKNOWN
    return _folded(node, connection)


def _folded(node: exp.Expr, connection: "duckdb.DuckDBPyConnection") -> Any:  # noqa: ANN401 - any value of SQL
    import duckdb

    # On a cursor of its own: what fails in a transaction ends it.
    with connection.cursor() as cursor:
        try:
            row = cursor.execute(f"SELECT {node.sql('duckdb')}").fetchone()
        except duckdb.Error:
            return UNKNOWN
    return UNKNOWN if row is None or row[0] is None else row[0]


def _number(text: str) -> int | Decimal:
    try:
        return int(text)
    except ValueError:
        return Decimal(text)


def whole(column: Column, value: Any) -> bool:  # noqa: ANN401 - any value of SQL
    """Whether ranges on this dimension say exactly what a comparison with the value says."""
    if not column.dimension or column.family not in ("number", "date") or column.dtype.kind not in "iu":
        return False
    return comparable(column, value) is not UNKNOWN


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
