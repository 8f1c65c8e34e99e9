"""Every output format, written by us and read back by a library that nobody here wrote, value by value.

A table of values (`CASES`) meets a table of readers (`READERS`, one for each format). A format joins by existing: it
must have a reader here, and then meets every value of the kinds that it claims.
"""

# ruff: noqa: DTZ001 - times without a zone are among the values

import base64
import collections
import csv
import datetime as dt
import decimal
import enum
import io
import json
import math
import re
import subprocess
import sys
import uuid
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import python_calamine
import shapely
import starlette.datastructures
import starlette.responses
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from headrace.formats import FORMATS, Unserializable, encode
from headrace.registry import UnknownName

BERLIN = dt.timezone(dt.timedelta(hours=1))
TEXTS = [
    "",
    "plain",
    None,
    "Zürich 東京 🚲",
    'a "quoted", cell',
    "two\nlines",
    "<script>alert('x')</script>",
    " blank ",
    "NA",
]
ID = uuid.UUID("12345678-1234-5678-1234-567812345678")


class Colour(enum.Enum):
    RED = "red"


@dataclass
class Case:
    """A table, and its columns as plain Python values."""

    value: Any
    columns: dict[str, list[Any]]
    rows: int | None = None


def frame(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame(columns)


CASES: dict[str, Callable[[], Case]] = {
    "integers": lambda: Case(
        frame(
            a=pd.Series([0, -(2**63), 2**63 - 1], dtype="int64"),
            b=pd.Series([0, 2**64 - 1, 2**53 + 1], dtype="uint64"),
            c=pd.Series([-128, 0, 127], dtype="int8"),
        ),
        {"a": [0, -(2**63), 2**63 - 1], "b": [0, 2**64 - 1, 2**53 + 1], "c": [-128, 0, 127]},
    ),
    "integers over 64 bits": lambda: Case(
        frame(a=pd.Series([2**70, -(2**80), 1], dtype=object)), {"a": [2**70, -(2**80), 1]}
    ),
    "floats": lambda: Case(
        frame(a=[0.1, -1e300, np.nan, 5e-324], b=np.array([0.5, 1.5, np.nan, -2], "float32")),
        {"a": [0.1, -1e300, None, 5e-324], "b": [0.5, 1.5, None, -2.0]},
    ),
    "missing by every name": lambda: Case(
        frame(
            a=pd.array([1, None, 3], "Int64"),
            b=pd.array([True, None, False], "boolean"),
            c=pd.array([0.5, None, 1.5], "Float64"),
            d=[None, None, None],
            e=pd.Series([pd.NA, "x", None], dtype="object"),
        ),
        {
            "a": [1, None, 3],
            "b": [True, None, False],
            "c": [0.5, None, 1.5],
            "d": [None] * 3,
            "e": [None, "x", None],
        },
    ),
    "truth": lambda: Case(frame(a=[True, False]), {"a": [True, False]}),
    "text": lambda: Case(frame(a=TEXTS, b=pd.Series(TEXTS, dtype=object)), {"a": TEXTS, "b": TEXTS}),
    "text in one column": lambda: Case(frame(a=["", None, "x"]), {"a": ["", None, "x"]}),
    "times": lambda: Case(
        frame(
            a=pd.Series([pd.Timestamp("2024-02-29T12:30:00.5"), pd.NaT, pd.Timestamp("1900-01-01")], dtype="M8[us]"),
            b=pd.Series([pd.Timestamp("2024-02-29"), pd.Timestamp("2024-03-01"), pd.NaT], dtype="M8[s]"),
        ),
        {
            "a": [dt.datetime(2024, 2, 29, 12, 30, 0, 500000), None, dt.datetime(1900, 1, 1)],
            "b": [dt.datetime(2024, 2, 29), dt.datetime(2024, 3, 1), None],
        },
    ),
    "nanoseconds": lambda: Case(
        frame(a=pd.Series([pd.Timestamp("2024-01-01T00:00:00.123456789"), pd.Timestamp("2024-01-01")], dtype="M8[ns]")),
        {"a": [pd.Timestamp("2024-01-01T00:00:00.123456789"), pd.Timestamp("2024-01-01")]},
    ),
    "times with a zone": lambda: Case(
        frame(
            a=pd.to_datetime(["2024-01-01T00:00", "2024-07-01T00:00", None]).tz_localize("Europe/Berlin"),
            b=pd.to_datetime(["2024-01-01T00:00", None, "2024-07-01T00:00"]).tz_localize("America/St_Johns"),
            c=pd.to_datetime(["2024-01-01T00:00", "2024-07-01T00:00:00.25", None], format="ISO8601").tz_localize("UTC"),
        ),
        {
            "a": [
                dt.datetime(2024, 1, 1, tzinfo=BERLIN),
                dt.datetime(2024, 7, 1, tzinfo=dt.timezone(dt.timedelta(hours=2))),
                None,
            ],
            "b": [
                dt.datetime(2024, 1, 1, tzinfo=dt.timezone(-dt.timedelta(hours=3, minutes=30))),
                None,
                dt.datetime(2024, 7, 1, tzinfo=dt.timezone(-dt.timedelta(hours=2, minutes=30))),
            ],
            "c": [dt.datetime(2024, 1, 1, tzinfo=dt.UTC), dt.datetime(2024, 7, 1, 0, 0, 0, 250000, dt.UTC), None],
        },
    ),
    "dates, times of day and durations": lambda: Case(
        frame(
            a=[dt.date(2024, 2, 29), None],
            b=[dt.time(12, 30), dt.time(23, 59, 59, 5)],
            c=pd.to_timedelta(["1 day 02:03:04.5", None]),
        ),
        {
            "a": [dt.date(2024, 2, 29), None],
            "b": [dt.time(12, 30), dt.time(23, 59, 59, 5)],
            "c": [dt.timedelta(days=1, hours=2, minutes=3, seconds=4, milliseconds=500), None],
        },
    ),
    "decimals": lambda: Case(
        frame(a=[decimal.Decimal("0.10"), None, decimal.Decimal("-12345678901234567890.12")]),
        {"a": [decimal.Decimal("0.10"), None, decimal.Decimal("-12345678901234567890.12")]},
    ),
    "bytes": lambda: Case(frame(a=[b"\x00\xff", b"", None]), {"a": [b"\x00\xff", b"", None]}),
    "nested": lambda: Case(
        frame(
            a=[[1, 2], [], None],
            b=[{"x": 1, "y": [0.5]}, {"x": None, "y": []}, None],
            c=[np.array([1.5, 2.5]), np.array([]), None],
        ),
        {
            "a": [[1, 2], [], None],
            "b": [{"x": 1, "y": [0.5]}, {"x": None, "y": []}, None],
            "c": [[1.5, 2.5], [], None],
        },
    ),
    "categories": lambda: Case(
        frame(
            a=pd.Categorical(["x", None, "<y>"]),
            b=pd.Categorical([3, 1, 3], categories=[1, 2, 3], ordered=True),
            c=pd.Categorical(pd.to_datetime(["2024-01-01", None, "2024-01-02"])),
        ),
        {"a": ["x", None, "<y>"], "b": [3, 1, 3], "c": [dt.datetime(2024, 1, 1), None, dt.datetime(2024, 1, 2)]},
    ),
    "periods and intervals": lambda: Case(
        frame(a=pd.period_range("2024-01", periods=2, freq="M"), b=pd.interval_range(0, 2)),
        {"a": [pd.Period("2024-01", "M"), pd.Period("2024-02", "M")], "b": [pd.Interval(0, 1), pd.Interval(1, 2)]},
    ),
    "no rows": lambda: Case(frame(a=pd.Series([], dtype="int64"), b=pd.Series([], dtype="M8[ns]")), {"a": [], "b": []}),
    "no rows and no types": lambda: Case(frame(a=[], b=[]), {"a": [], "b": []}),
    "no columns": lambda: Case(pd.DataFrame(), {}, rows=0),
    "names that repeat": lambda: Case(
        pd.DataFrame([[1, 2, 3, 4]], columns=["a", "a", "a.1", "a"]), {"a": [1], "a.2": [2], "a.1": [3], "a.3": [4]}
    ),
    "names that are no text": lambda: Case(
        pd.DataFrame([[1, 2, 3]], columns=pd.Index([0, None, 2.5], dtype=object)), {"0": [1], "None": [2], "2.5": [3]}
    ),
    "names of several levels": lambda: Case(
        pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "x"), ("a", 1)])), {"a_x": [1], "a_1": [2]}
    ),
    "names in other scripts": lambda: Case(
        pd.DataFrame([[1, 2, 3]], columns=["<b>&", 'é "q", 東', ""]), {"<b>&": [1], 'é "q", 東': [2], "": [3]}
    ),
    "a series": lambda: Case(pd.Series([1, 2], name="n"), {"n": [1, 2]}),
    "a series without a name": lambda: Case(pd.Series(["x"]), {"value": ["x"]}),
    "an index": lambda: Case(pd.Index([1, 2], name="n"), {"n": [1, 2]}),
    "rows picked out": lambda: Case(frame(a=[1, 2, 3, 4])[::2], {"a": [1, 3]}),
    "a polars frame": lambda: Case(
        pl.DataFrame({"a": [1, None], "b": ["x", None], "c": [dt.datetime(2024, 1, 1), None], "d": [[1], []]}),
        {"a": [1, None], "b": ["x", None], "c": [dt.datetime(2024, 1, 1), None], "d": [[1], []]},
    ),
    "a polars lazy frame": lambda: Case(pl.LazyFrame({"a": [1]}), {"a": [1]}),
    "polars categories": lambda: Case(
        pl.DataFrame({"a": pl.Series(["x", "y"], dtype=pl.Categorical)}), {"a": ["x", "y"]}
    ),
    "an Arrow table": lambda: Case(
        pa.table(
            {
                "a": pa.array([1, None], pa.int16()),
                "b": pa.array(["x", "y"]).dictionary_encode(),
                "c": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
                "d": pa.array([b"\x01", None], pa.binary()),
                "e": pa.array([dt.time(1, 2, 3), None], pa.time64("us")),
                "f": pa.array([decimal.Decimal("1.50"), None], pa.decimal128(5, 2)),
                "g": pa.nulls(2),
                "h": pa.array(["v", None], pa.large_string()),
                "i": pa.array([float("nan"), 0.5]),
            }
        ),
        {
            "a": [1, None],
            "b": ["x", "y"],
            "c": [[("k", 1)], None],
            "d": [b"\x01", None],
            "e": [dt.time(1, 2, 3), None],
            "f": [decimal.Decimal("1.50"), None],
            "g": [None, None],
            "h": ["v", None],
            "i": [None, 0.5],
        },
    ),
    "an Arrow record batch": lambda: Case(pa.record_batch({"a": [1, 2]}), {"a": [1, 2]}),
    "an Arrow table in chunks": lambda: Case(
        pa.concat_tables([pa.table({"a": [1]}), pa.table({"a": [2]})]), {"a": [1, 2]}
    ),
    "objects of several types": lambda: Case(
        frame(a=[1, "two", None, 2.5], b=[ID, ID, None, ID]), {"a": [1, "two", None, 2.5], "b": [ID, ID, None, ID]}
    ),
    "sparse": lambda: Case(frame(a=pd.arrays.SparseArray([1, 0, 0])), {"a": [1, 0, 0]}),
    "wide floats": lambda: Case(frame(a=np.array([1.5, 2], "longdouble")), {"a": [1.5, 2.0]}),
    "Arrow's own types": lambda: Case(
        frame(
            a=pd.array([[1], None], dtype=pd.ArrowDtype(pa.list_(pa.int64()))),
            b=pd.array([dt.datetime(2024, 1, 1), None], dtype=pd.ArrowDtype(pa.timestamp("us", "UTC"))),
            c=pd.array(["x", None], dtype="string[pyarrow]"),
        ),
        {"a": [[1], None], "b": [dt.datetime(2024, 1, 1, tzinfo=dt.UTC), None], "c": ["x", None]},
    ),
    "dates far away": lambda: Case(
        frame(a=[dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31)]),
        {"a": [dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31)]},
    ),
    "names that pandas and others have": lambda: Case(
        frame(active_geometry_name=[1], slice=[2], column_names=[3], original=[4], savefig=[5], shape=[6], columns=[7]),
        {
            "active_geometry_name": [1],
            "slice": [2],
            "column_names": [3],
            "original": [4],
            "savefig": [5],
            "shape": [6],
            "columns": [7],
        },
    ),
    "totals of groups": lambda: Case(
        frame(k=["a", "b"], v=[1, 2]).groupby("k").agg(["sum", "max"]).reset_index(),
        {"k_": ["a", "b"], "v_sum": [1, 2], "v_max": [1, 2]},
    ),
    "infinities": lambda: Case(frame(a=[np.inf, -np.inf, 0.0]), {"a": [np.inf, -np.inf, 0.0]}),
}


# What a format can say of a value: the expected value as its reader gives it.


def in_arrow(column: list[Any]) -> list[Any]:
    """Types are kept; what Arrow has no type for, or a column of several types, is JSON text."""
    kinds = {type(v) for v in column if v is not None}
    large = any(isinstance(v, int) and not -(2**63) <= v < 2**64 for v in column)
    if len(kinds) > 1 or large:
        return [v if v is None or isinstance(v, str) else json.dumps(v) for v in column]
    if kinds == {pd.Interval}:
        return [{"left": v.left, "right": v.right} for v in column]
    return [v.ordinal if isinstance(v, pd.Period) else v for v in column]


def in_json(value: Any) -> Any:
    """JSON's types, as they are documented in headrace/formats/json.py."""
    match value:
        case float() if not np.isfinite(value):
            return None
        case pd.Timedelta() | dt.timedelta():
            return pd.Timedelta(value).isoformat()
        case pd.Timestamp() | dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
        case decimal.Decimal() | uuid.UUID() | pd.Period() | pd.Interval():
            return str(value)
        case bytes():
            return base64.b64encode(value).decode()
        case list() | tuple():
            return [in_json(v) for v in value]
        case dict():
            return {k: in_json(v) for k, v in value.items()}
    return value


def in_text(value: Any) -> str:
    """One cell of text."""
    match value:
        case None:
            return ""
        case float() if math.isnan(value):
            return ""
        case bool():
            return str(value).lower()
        case list() | dict():
            return json.dumps(in_json(value), separators=(",", ":"))
        case float():
            return repr(value)
    shown = in_json(value)
    return shown if isinstance(shown, str) else str(value)


@dataclass
class Reader:
    """How a format's bytes are read: columns of values, and what is expected of a column and its name."""

    read: Callable[[bytes], dict[str, list[Any]]]
    expect: Callable[[list[Any]], list[Any]]
    name: Callable[[str], str] = str


def read_arrow(table: pa.Table) -> dict[str, list[Any]]:
    return dict(zip(table.column_names, (column.to_pylist() for column in table.columns), strict=True))


def read_json(data: bytes) -> dict[str, list[Any]]:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    rows = json.loads(data, parse_constant=refuse)
    assert isinstance(rows, list)
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


def read_csv(data: bytes) -> dict[str, list[Any]]:
    names, *rows = csv.reader(io.StringIO(data.decode(), newline=""))
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


class Page(HTMLParser):
    """The cells of a page's table, and every tag there is."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self._inside = False
        self.feed(data.decode())

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
            self._inside = True

    def handle_endtag(self, tag):
        self._inside = self._inside and tag not in ("td", "th")

    def handle_data(self, data):
        if self._inside:
            self.rows[-1][-1] += data


def read_html(data: bytes) -> dict[str, list[Any]]:
    page = Page(data)
    assert page.tags <= {"meta", "style", "table", "thead", "tbody", "tr", "th", "td"}
    names, *rows = page.rows
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


def as_text(column: list[Any]) -> list[str]:
    return [in_text(value) for value in column]


def read_ndjson(data: bytes) -> dict[str, list[Any]]:
    assert data.endswith(b"\n") or not data
    return read_json(b"[" + b",".join(data.split(b"\n")[:-1]) + b"]")


NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def read_xml(data: bytes) -> dict[str, list[Any]]:
    root = etree.fromstring(data)
    assert root.tag == "data"
    assert {row.tag for row in root} <= {"row"}
    names = [cell.tag for cell in root[0]] if len(root) else []
    columns = {name: [row[place].text or "" for row in root] for place, name in enumerate(names)}
    assert all([cell.tag for cell in row] == names for row in root)
    return columns


class Same:
    """Equal to every text that is this number."""

    def __init__(self, number: float) -> None:
        self.number = number

    def __eq__(self, text: object) -> bool:
        return float(text) == self.number

    __hash__ = None


def in_xml(column: list[Any]) -> list[Any]:
    """Text, with U+FFFD for what XML has no form for; a float is any text that is read back as the same."""
    return [Same(v) if isinstance(v, float) and not math.isnan(v) else NO_XML.sub("\ufffd", in_text(v)) for v in column]


def xml_name(name: str) -> str:
    name = re.sub(r"[^\w.-]", "_", name)
    return name if re.match(r"[^\d.-]", name) else f"_{name}"


def read_excel(data: bytes) -> dict[str, list[Any]]:
    book = python_calamine.load_workbook(io.BytesIO(data))
    assert book.sheet_names == ["udf"]
    names, *rows = book.get_sheet_by_index(0).to_python(skip_empty_area=False) or [[]]
    # It does not say that there are rows at the end of which every cell is empty; the sheet does.
    sheet = zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml")
    there = int(re.search(rb'<dimension ref="A1:[A-Z]+(\d+)"', sheet)[1]) - 1
    assert sheet.count(b"<row ") == (there + 1 if names else 0)
    rows += [[""] * len(names)] * (there - len(rows))
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


def in_excel(column: list[Any]) -> list[Any]:
    """Excel's types, as headrace/formats/excel.py has them; both nothing and no text are an empty cell."""
    there = [v for v in column if v is not None and v == v]  # noqa: PLR0124
    kinds = {type(v) for v in there}
    if kinds and kinds <= {int} | {np.int64}:
        own = all(abs(v) < 10**15 for v in there)
    elif kinds <= {bool, float}:
        own = len(kinds) < 2
    elif kinds == {decimal.Decimal}:
        own = all(len(str(v).lstrip("-0.").replace(".", "")) <= 15 for v in there)
    elif kinds == {dt.timedelta}:
        own = all(v >= dt.timedelta(0) and not v.microseconds % 1000 for v in there)
    elif kinds == {dt.time}:
        own = all(not v.microsecond % 1000 for v in there)
    elif kinds == {dt.date}:
        own = all(v >= dt.date(1900, 3, 1) for v in there)
    elif kinds == {dt.datetime}:
        whole = all(not v.microsecond % 1000 for v in there)
        own = whole and all(v.tzinfo is None and v >= dt.datetime(1900, 3, 1) for v in there)
    else:
        own = False
    if not own:
        return [re.sub(r"[\ufffe\uffff]", lambda c: f"_x{ord(c[0]):X}_", in_text(v)) for v in column]
    return ["" if v is None or v != v else in_text(v) if v in (math.inf, -math.inf) else one(v) for v in column]  # noqa: PLR0124


def one(value: Any) -> Any:
    return float(value) if isinstance(value, int | decimal.Decimal) and not isinstance(value, bool) else value


READERS = {
    "parquet": Reader(lambda data: read_arrow(pq.read_table(io.BytesIO(data))), in_arrow),
    "feather": Reader(lambda data: read_arrow(pa.ipc.open_file(data).read_all()), in_arrow),
    "arrow": Reader(lambda data: read_arrow(pa.ipc.open_stream(data).read_all()), in_arrow),
    "json": Reader(read_json, lambda column: [in_json(v) for v in column]),
    "csv": Reader(read_csv, as_text),
    "html": Reader(read_html, as_text),
    "ndjson": Reader(read_ndjson, lambda column: [in_json(v) for v in column]),
    "xml": Reader(read_xml, in_xml, xml_name),
    "excel": Reader(read_excel, in_excel),
    "xlsx": Reader(read_excel, in_excel),
}
TABLES = [name for name in FORMATS.names if "frame" in FORMATS[name].kinds and name not in ("geojson", "mvt", "svg")]
NAMELESS = ("json", "ndjson", "xml")  # without a row, they cannot name the columns
TEXT = ["json", "ndjson", "csv", "html", "xml", "excel"]


def written(value: Any, format_: str, tile: tuple[int, int, int] | None = None) -> bytes:
    sink = io.BytesIO()
    encoded = encode(value, [format_], tile, sink)
    assert (encoded.format, encoded.media_type) == (format_, FORMATS[format_].media_type)
    return sink.getvalue()


def test_every_table_format_has_a_reader_here():
    assert set(TABLES) == set(READERS)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_read_back_value_by_value(name, case):
    made = CASES[case]()
    reader = READERS[name]
    got = reader.read(written(made.value, name))
    got = {column: values for column, values in got.items() if not column.startswith("__index_level_")}
    if name in NAMELESS and not any(made.columns.values()):
        assert got == {}
        return
    assert list(got) == [reader.name(column) for column in made.columns]
    for column, values in made.columns.items():
        assert [canonical(v) for v in got[reader.name(column)]] == [canonical(v) for v in reader.expect(values)], column


def canonical(value: Any) -> Any:
    """Equal for equal values: an instant is an instant in any zone, a number a number in any width."""
    match value:
        case dt.date() if not isinstance(value, dt.datetime):
            return ("instant", pd.Timestamp(value))
        case pd.Timestamp() | dt.datetime():
            stamp = pd.Timestamp(value)
            return ("instant", stamp.tz_convert("UTC") if stamp.tz else stamp)
        case pd.Timedelta() | dt.timedelta():
            return ("duration", pd.Timedelta(value))
        case float() if value != value:  # noqa: PLR0124
            return None
        case dict():
            return {k: canonical(v) for k, v in value.items()}
        case list() | tuple():
            return [canonical(v) for v in value]
    return value


# The same frame again, for readers that know pandas' metadata


@pytest.mark.parametrize("name", ["parquet", "feather"])
@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(3),
        pd.RangeIndex(3, name="n"),
        pd.RangeIndex(5, 11, 2),
        pd.Index(["x", "y", "z"]),
        pd.DatetimeIndex(["2024-01-01", "2024-01-02", "2024-01-03"], name="day"),
        pd.MultiIndex.from_tuples([(1, "a"), (1, "b"), (2, "a")], names=["n", None]),
    ],
    ids=lambda index: f"{type(index).__name__}-{index.name}",
)
def test_pandas_reads_the_same_frame_back(name, index):
    kinds = pd.DataFrame(
        {
            "a": [1, 2, 3],
            "b": pd.Categorical(["x", "y", "x"], ordered=True),
            "c": pd.date_range("2024-01-01", periods=3, tz="Europe/Berlin"),
            "d": pd.array([1, None, 3], "Int64"),
            "e": ["x", None, "y"],
            "f": pd.period_range("2024-01", periods=3, freq="M"),
        },
        index=index,
    )
    read = {"parquet": pd.read_parquet, "feather": pd.read_feather}[name]
    pd.testing.assert_frame_equal(read(io.BytesIO(written(kinds, name))), kinds)


@pytest.mark.parametrize("name", TEXT)
def test_text_has_a_named_index_as_its_first_columns_and_no_other(name):
    read = READERS[name].read
    named = pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", "y"], name="key"))
    assert next(iter(read(written(named, name)).items())) == ("key", ["x", "y"])
    levels = pd.DataFrame({"a": [1]}, index=pd.MultiIndex.from_tuples([(1, "u")], names=["k", "l"]))
    assert list(read(written(levels, name))) == ["k", "l", "a"]
    assert list(read(written(pd.DataFrame({"a": [1, 2]}, index=["x", "y"]), name))) == ["a"]
    assert list(read(written(named.reset_index().groupby("key").sum(), name))) == ["key", "a"]


def test_pandas_and_polars_read_csv_and_json():
    small = pd.DataFrame({"a": [1, 2], "b": ["x", 'y "z", \n'], "c": [0.5, -1e-7]})
    for data, read in (
        (written(small, "csv"), pd.read_csv),
        (written(small, "json"), pd.read_json),
        (written(small, "csv"), lambda file: pl.read_csv(file).to_pandas()),
        (written(small, "json"), lambda file: pl.read_json(file).to_pandas()),
    ):
        pd.testing.assert_frame_equal(read(io.BytesIO(data)), small, check_dtype=False)


# Excel


def sheet_of(value: Any) -> list[list[Any]]:
    book = openpyxl.load_workbook(io.BytesIO(written(value, "excel")))
    return [[cell.value for cell in row] for row in book.active]


def test_a_text_that_looks_like_a_formula_is_a_text():
    texts = ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://example.org")', "\t=1", "|cmd"]
    book = openpyxl.load_workbook(io.BytesIO(written(frame(**{"=x": texts}), "excel")))
    for cell, expected in zip(book.active["A"], ["=x", *texts], strict=True):
        assert (cell.value, cell.data_type) in ((expected, "s"), (expected, "inlineStr"))
    sheet = zipfile.ZipFile(io.BytesIO(written(frame(**{"=x": texts}), "excel"))).read("xl/worksheets/sheet1.xml")
    assert b"<f" not in sheet


def test_excel_tells_an_empty_text_from_nothing_and_keeps_blanks_and_breaks():
    texts = frame(a=["", None, " x ", "l\nm\r\n"])
    assert sheet_of(texts) == [["a"], [""], [None], [" x "], ["l\nm\r\n"]]
    with zipfile.ZipFile(io.BytesIO(written(texts, "excel"))) as book:
        sheet = etree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    # Excel itself drops blanks at the ends of a text that does not say so; these readers do not.
    assert {text.get("{http://www.w3.org/XML/1998/namespace}space") for text in sheet.iter("{*}t")} == {"preserve"}


def test_excel_shows_times_as_times():
    times = frame(
        a=pd.Series([dt.datetime(2024, 2, 29, 12, 30)], dtype="M8[s]"), b=[dt.date(2024, 2, 29)], c=[dt.time(12, 30)],
        d=[dt.timedelta(hours=30)],
    )  # fmt: skip
    book = openpyxl.load_workbook(io.BytesIO(written(times, "excel")))
    assert [(cell.value, cell.number_format) for cell in book.active[2]] == [
        (dt.datetime(2024, 2, 29, 12, 30), "yyyy\\-mm\\-dd\\ hh:mm:ss"),
        (dt.datetime(2024, 2, 29), "yyyy\\-mm\\-dd"),
        (dt.time(12, 30), "hh:mm:ss.000"),
        (dt.timedelta(hours=30), "[h]:mm:ss.000"),
    ]


def test_characters_that_xml_cannot_hold_are_spelled_in_excel():
    texts = ["\x01", "\x1f", "_x0041_", "_x0041_x0042_", "_x005F_", "_", "\ud7ff\U0001f6b2"]
    assert read_excel(written(frame(a=texts), "excel")) == {"a": texts}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (lambda: pd.DataFrame({"a": np.zeros(1_048_576, "int8")}), ["1,048,575 rows", "1,048,576", "csv or parquet"]),
        (lambda: pd.DataFrame(np.zeros((1, 16_385))), ["16,384 columns", "16,385"]),
        (lambda: frame(note=["x" * 32_768]), ["32,767 characters", "'note'", "32,768"]),
        (lambda: frame(note=["🚲" * 16_384]), ["32,767 characters", "32,768"]),
        (lambda: frame(**{"n" * 40_000: [1]}), ["name of a column", "40,000"]),
    ],
    ids=["rows", "columns", "a text", "a text of pairs", "a name"],
)
def test_what_is_over_a_limit_of_excels_is_refused_in_a_sentence(value, words):
    with pytest.raises(Unserializable) as refused:
        written(value(), "excel")
    assert all(word in str(refused.value) for word in words), refused.value


def test_as_much_as_excel_holds_is_written():
    assert sheet_of(frame(a=["x" * 32_767, "é" * 32_767])) == [["a"], ["x" * 32_767], ["é" * 32_767]]
    wide = read_excel(written(pd.DataFrame(np.arange(16_384)[None]), "excel"))
    assert list(wide.items())[-1] == ("16383", [16383.0])


# XML


def test_xml_tells_an_empty_text_from_nothing():
    rows = etree.fromstring(written(frame(a=["", None]), "xml"))
    assert [cell.attrib for row in rows for cell in row] == [{}, {NIL: "true"}]


def test_pandas_reads_xml():
    small = pd.DataFrame({"a": [1, 2], "b": ["x & <y>", "é"], "c": [0.5, None]})
    pd.testing.assert_frame_equal(pd.read_xml(io.BytesIO(written(small, "xml"))), small, check_dtype=False)


def test_names_that_become_the_same_stay_apart_in_xml():
    names = ["a b", "a-b", "a_b", "a.b", "1", "_1", "xml:lang", "<b>", "-", ""]
    row = etree.fromstring(written(pd.DataFrame([range(len(names))], columns=names), "xml"))[0]
    assert [cell.tag for cell in row] == [
        "a_b", "a-b", "a_b.1", "a.b", "_1", "_1.1", "xml_lang", "_b_", "_-", "_",
    ]  # fmt: skip
    assert [cell.text for cell in row] == [str(place) for place in range(len(names))]


def test_a_list_is_ndjson_too():
    assert written([1, {"a": [1]}, "x\ny", None], "ndjson") == b'1\n{"a":[1]}\n"x\\ny"\nnull\n'
    assert pl.read_ndjson(written(frame(a=[1, 2], b=["x", None]), "ndjson")).to_dicts() == [
        {"a": 1, "b": "x"},
        {"a": 2, "b": None},
    ]
    assert pd.read_json(io.BytesIO(written(frame(a=[1, 2]), "ndjson")), lines=True)["a"].tolist() == [1, 2]
    with pytest.raises(Unserializable, match="a table or a list"):
        written({"a": 1}, "ndjson")


# Large frames take faster ways, which must lead to the same place


@pytest.fixture(scope="module")
def large() -> pd.DataFrame:
    rows = 30_000
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "a": np.arange(rows),
            "b": np.where(rng.random(rows) < 0.1, np.nan, rng.normal(size=rows)),
            "c": rng.choice(["", "plain", 'q"uo,te', "<b>", "line\nbreak", "\r", "\t", " é "], rows),
            "d": pd.date_range("2020-01-01", periods=rows, freq="37s"),
            "e": pd.date_range("2020-01-01", periods=rows, freq="1h", tz="Europe/Berlin"),
            "f": rng.random(rows) < 0.5,
            "g": pd.Categorical(rng.choice(["x", "y"], rows)),
            "h": pd.array(np.where(rng.random(rows) < 0.5, None, 7), "Int64"),
            "i": pd.date_range("2020-01-01", periods=rows, freq="1ms").where(rng.random(rows) < 0.9),
            "j": rng.integers(-100, 100, rows).astype("int8"),
            "k": pd.interval_range(0, rows),
            "l": pd.period_range("2000-01", periods=rows, freq="D"),
        }
    )


@pytest.mark.parametrize("name", TEXT)
def test_a_large_frame_reads_as_its_parts_do(name, large):
    read = READERS[name].read
    whole = read(written(large, name))
    parts = [read(written(large.iloc[start : start + 10_000], name)) for start in range(0, len(large), 10_000)]
    assert list(whole) == list(large.columns)
    for column in large.columns:
        assert whole[column] == [value for part in parts for value in part[column]], column


@pytest.mark.parametrize("name", TEXT)
def test_a_large_frame_of_picked_rows_has_no_other_columns(name, large):
    picked = large.loc[np.arange(len(large)) % 7 != 0, ["a", "d"]]
    whole = READERS[name].read(written(picked, name))
    assert list(whole) == ["a", "d"]
    assert [int(value) for value in whole["a"]] == picked["a"].tolist()


@pytest.mark.parametrize("name", TEXT)
def test_a_large_frame_of_unusual_values_reads_as_its_parts_do(name):
    one = pd.DataFrame(
        {
            "a": [[1], [2, None], None],
            "b": [decimal.Decimal("1.10"), None, decimal.Decimal(2)],
            "c": [1, "x", None],
            "d": [np.inf, -np.inf, np.nan],
            "e": [b"x", None, b""],
            "f": pd.to_timedelta([1, None, 2], unit="s"),
            "g": [dt.date(2024, 1, 1), None, dt.date(1, 1, 1)],
        }
    )
    read = READERS[name].read
    part = read(written(one, name))
    whole = read(written(pd.concat([one] * 10_000, ignore_index=True), name))
    for column in one.columns:
        assert whole[column] == part[column] * 10_000, column


@pytest.mark.parametrize("name", TABLES)
def test_a_large_frame_is_never_held_as_text_as_a_whole(name, large):
    class Pieces:
        closed = False

        def __init__(self) -> None:
            self.sizes: list[int] = []

        def write(self, data) -> int:
            self.sizes.append(len(memoryview(data).cast("B")))
            return self.sizes[-1]

        def tell(self) -> int:
            return sum(self.sizes)

        def flush(self) -> None:
            """Nothing is held back."""

        def writable(self) -> bool:
            return True

        def readable(self) -> bool:
            return False

        def seekable(self) -> bool:
            return False

    sink = Pieces()
    encode(pd.concat([large] * 10, ignore_index=True), [name], None, sink)
    assert max(sink.sizes) < sum(sink.sizes) / 2


# Plain values


@dataclass
class Point:
    x: int
    y: float


PLAIN = {
    "text": ("é <b>", "é <b>"),
    "integer": (2**63, 2**63),
    "large integer": (2**200, 2**200),
    "large integers inside": ({"a": [2**200]}, {"a": [2**200]}),
    "float": (0.1, 0.1),
    "not a number": (math.nan, None),
    "truth": (True, True),
    "list": ([1, None, "x", [2.5]], [1, None, "x", [2.5]]),
    "tuple": ((1, 2), [1, 2]),
    "set": ({1}, [1]),
    "numbers as keys": ({1: "a"}, {"1": "a"}),
    "nested nothing": ({"a": math.inf, "b": [math.nan]}, {"a": None, "b": [None]}),
    "numpy scalars": (
        {"a": np.int64(1), "b": np.float32(0.5), "c": np.bool_(True), "d": np.str_("x")},
        {"a": 1, "b": 0.5, "c": True, "d": "x"},
    ),
    "numpy scalar": (np.int64(5), 5),
    "numpy time": ([np.datetime64("2024-01-01T00:00:00"), np.datetime64("NaT")], ["2024-01-01T00:00:00", None]),
    "array inside": ({"a": np.array([1, 2]), "b": np.array([[0.5, math.nan]])}, {"a": [1, 2], "b": [[0.5, None]]}),
    "array of one dimension": (np.array([1, 2]), [1, 2]),
    "array of times": (np.array(["2024-01-01", "NaT"], "M8[D]"), ["2024-01-01", None]),
    "array of no dimension": (np.array(5), 5),
    "array of text": (np.array(["a", "b"]), ["a", "b"]),
    "array of objects": (np.array([1, "b", None], dtype=object), [1, "b", None]),
    "pandas scalars": (
        {
            "a": pd.Timestamp("2024-01-01"),
            "b": pd.NaT,
            "c": pd.NA,
            "d": pd.Timedelta("1s"),
            "e": pd.Period("2024", "Y"),
        },
        {"a": "2024-01-01T00:00:00", "b": None, "c": None, "d": "P0DT0H0M1S", "e": "2024"},
    ),
    "pandas timestamp": (pd.Timestamp("2024-01-01", tz="UTC"), "2024-01-01T00:00:00+00:00"),
    "frame inside": ({"a": pd.DataFrame({"x": [1.5, None]})}, {"a": [{"x": 1.5}, {"x": None}]}),
    "series inside": ({"a": pd.Series([1, 2])}, {"a": [1, 2]}),
    "polars inside": ({"a": pl.DataFrame({"x": [1]}), "b": pl.Series([1])}, {"a": [{"x": 1}], "b": [1]}),
    "geometry inside": ({"a": shapely.Point(1, 2)}, {"a": {"type": "Point", "coordinates": [1.0, 2.0]}}),
    "time": (dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC), "2024-01-01T12:00:00Z"),
    "date": (dt.date(2024, 1, 1), "2024-01-01"),
    "decimal": (decimal.Decimal("1.10"), "1.10"),
    "uuid": (ID, str(ID)),
    "member": (Colour.RED, "red"),
    "value class": (Point(1, 0.5), {"x": 1, "y": 0.5}),
    "value classes inside": ([Point(1, 0.5)], [{"x": 1, "y": 0.5}]),
    "bytes inside": ({"a": b"\x00"}, {"a": "AA=="}),
    "range inside": ({"a": range(3)}, {"a": [0, 1, 2]}),
    "generator inside": ({"a": (n for n in (1, 2))}, {"a": [1, 2]}),
    "complex": ([1 + 2j], [[1.0, 2.0]]),
    "ordered": (collections.OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
    "counted": (collections.Counter("aab"), {"a": 2, "b": 1}),
}


@pytest.mark.parametrize("case", PLAIN)
def test_a_plain_value_is_json(case):
    value, expected = PLAIN[case]
    assert json.loads(written(value, "json")) == expected


@pytest.mark.parametrize(
    "value", [object(), {"a": object()}, {(1, 2): 3}, [lambda: 1], "\ud800", {"a": {1, "x"}.__iter__().__class__}]
)
def test_what_json_has_no_form_for_is_refused_in_a_sentence(value):
    with pytest.raises(Unserializable, match=r"written as (json|JSON).*\."):
        written(value, "json")


@pytest.mark.parametrize("name", TABLES)
def test_text_that_is_no_unicode_is_refused(name):
    with pytest.raises(Unserializable):
        written(pd.DataFrame({"a": pd.Series(["\ud800"], dtype=object)}), name)


@pytest.mark.parametrize("name", TEXT)
def test_ranges_as_categories_are_text(name):
    cut = pd.DataFrame({"a": pd.cut([1, 5], [0, 3, 6])})
    assert READERS[name].read(written(cut, name)) == {"a": ["(0, 3]", "(3, 6]"]}


def test_complex_numbers_are_pairs():
    numbers = pd.DataFrame({"a": np.array([1j, 2])})
    assert json.loads(written(numbers, "json")) == [{"a": [0.0, 1.0]}, {"a": [2.0, 0.0]}]
    assert pd.read_parquet(io.BytesIO(written(numbers, "parquet")))["a"].tolist() == ["[0.0,1.0]", "[2.0,0.0]"]


def test_a_value_that_holds_itself_is_refused():
    value: list[Any] = []
    value.append(value)
    with pytest.raises(Unserializable):
        written(value, "json")


def test_html_is_a_page_for_text_and_escaped_for_everything_else():
    assert written("<h1>Mine</h1>", "html") == b"<h1>Mine</h1>"
    page = Page(written({"a": "<script>alert(1)</script>"}, "html"))
    assert "script" not in page.tags


def test_the_first_format_that_takes_the_value_is_written():
    table, array, number = pd.DataFrame({"a": [1]}), np.zeros((2, 2)), 5

    def chosen(value, *formats, tile=None):
        return encode(value, formats, tile, io.BytesIO()).format

    assert chosen(table, "npy", "tiff", "parquet", "json") == "parquet"
    assert chosen(array, "npy", "tiff", "parquet", "json") == "npy"
    assert chosen((array, [0, 0, 1, 1]), "npy", "tiff", "parquet", "json") == "tiff"
    assert chosen(number, "npy", "tiff", "parquet", "json") == "json"
    assert chosen(array, "tiff", "parquet", "json") == "tiff"
    assert chosen(table, "geojson", "json", "png") == "json"
    assert chosen(SHAPE, "geojson", "json", "png") == "geojson"
    assert chosen(table, "geojson", "png") == "geojson"
    assert chosen(SHAPE, "png", "mvt", tile=(0, 0, 0)) == "mvt"
    assert chosen(SHAPE, "mvt", "geojson") == "geojson"
    assert chosen(number, "tiff", "parquet") == "parquet"


SHAPE = shapely.Point(1, 2)


def test_a_refusal_names_the_type_what_was_asked_and_what_would_do():
    with pytest.raises(Unserializable) as refused:
        encode(pd.DataFrame({"a": [1]}), ["png", "mvt"], None, io.BytesIO())
    for word in ("DataFrame", "png or mvt", "parquet", "csv"):
        assert word in str(refused.value)
    with pytest.raises(Unserializable, match=r"object.*nor in any other format"):
        encode(object(), ["json"], None, io.BytesIO())
    with pytest.raises(Unserializable, match=r"tile"):
        encode(SHAPE, ["mvt"], None, io.BytesIO())


def test_an_unknown_format_is_refused_with_those_there_are():
    with pytest.raises(UnknownName, match=r"'sas'.*parquet"):
        encode(1, ["sas"], None, io.BytesIO())


class Response:
    """What web frameworks return."""

    status_code = 200
    headers = starlette.datastructures.MutableHeaders({"content-type": "image/svg+xml", "x-own": "1"})
    body = b"<svg/>"


def test_bytes_and_responses_pass_as_they_are():
    def passed(value):
        sink = io.BytesIO()
        encoded = encode(value, ["json"], None, sink)
        return sink.getvalue(), encoded.media_type

    assert passed(b"\x00") == (b"\x00", "application/octet-stream")
    assert passed(bytearray(b"x"))[0] == passed(memoryview(b"x"))[0] == passed(io.BytesIO(b"x"))[0] == b"x"
    response = starlette.responses.HTMLResponse("<p>", headers={"X-Own": "1"})
    assert passed(response) == (b"<p>", "text/html; charset=utf-8")
    assert passed(Response()) == (b"<svg/>", "image/svg+xml")
    assert passed(None) == (b"", "application/json")


def test_naming_formats_imports_nothing_heavy():
    code = """
import sys
from headrace.formats import FORMATS
for name in FORMATS.names:
    FORMATS[name].media_type
heavy = {"numpy", "pandas", "pyarrow", "polars", "shapely", "geopandas", "rasterio", "PIL", "xarray", "imagecodecs"}
sys.exit(f"imported {heavy & sys.modules.keys()}" if heavy & sys.modules.keys() else 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# Any values at all

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
)


@settings(deadline=None)
@given(values)
def test_any_plain_value_is_read_back_from_json(value):
    if value is not None:
        assert json.loads(written(value, "json")) == in_json(value)


columns = st.one_of(
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=3, max_size=3),
    st.lists(st.floats(), min_size=3, max_size=3),
    st.lists(
        st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")), min_size=3, max_size=3
    ),
    st.lists(st.booleans(), min_size=3, max_size=3),
    st.lists(st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1)), min_size=3, max_size=3),
)


@settings(deadline=None, max_examples=40)
@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1), columns, min_size=1
    )
)
@pytest.mark.parametrize("name", ["json", "ndjson", "csv", "parquet", "html", "xml", "excel"])
def test_any_frame_is_read_back(name, made):
    reader = READERS[name]
    got = reader.read(written(pd.DataFrame(made), name))
    if name == "xml":
        assert len(got) == len(made)
    else:
        assert list(got) == [in_excel([column])[0] for column in made] if name == "excel" else list(made)
    for column, expected in zip(got.values(), made.values(), strict=True):
        assert [canonical(v) for v in column] == [canonical(v) for v in reader.expect(expected)]
