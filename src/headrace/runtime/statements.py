"""The program `sql` of workers: one job in, rows out in the format that was asked for.

A worker keeps one connection for the folders that it was lent. Each job has a cursor of its own, so that temporary
tables and variables end with it.
"""

from collections.abc import Sequence
from contextlib import closing
from importlib import import_module
from typing import Any

import msgspec

from headrace.errors import Invalid
from headrace.model.query import Job
from headrace.runtime.ahead import ahead
from headrace.runtime.sink import Sink

# What a worker has at hand; nothing of it is known to the layer that this is in.
_engines: Any = import_module("headrace.engines")
_duckdb: Any = import_module("headrace.engines._duckdb")
_formats: Any = import_module("headrace.formats")

AHEAD = 4  # record batches that are made while one is written
PLAIN = frozenset({"python_pickle", "tiledb_json", "bytes"})  # what values of Python are written in, not tables

_open: dict[str, Any] = {}  # a connection, once there is a job; by what it was opened for
_ready: dict[str, Any] = {}  # a cursor that stands in this schema and that no job has had
_last: list[Any] = []  # the schema and the connection of the last job


def run(arguments: dict[str, Any], sink: Sink, wanted: Sequence[str]) -> Any:  # noqa: ANN401 - formats' Encoded
    """Run a job and write its rows. `wanted` are formats that rows are written in, the first that can."""
    return answer(msgspec.convert(arguments, Job), sink, wanted)


def answer(job: Job, sink: Sink, wanted: Sequence[str], tile: tuple[int, int, int] | None = None) -> Any:  # noqa: ANN401
    """Run a job and write its rows, for a map tile where there is one."""
    cursor = _cursor(job)
    try:
        if job.reads:
            cursor.execute("BEGIN TRANSACTION READ ONLY")
        name = "tiledb" if job.query.dialect == "mysql" else "duckdb"
        return write(_engines.ENGINES[name].run(cursor, job.query), sink, wanted, tile)
    finally:
        cursor.close()


def write(rows: Any, sink: Sink, wanted: Sequence[str], tile: tuple[int, int, int] | None = None) -> Any:  # noqa: ANN401 - Arrow's table or reader, formats' Encoded
    """Write rows; as an Arrow stream while they come, in any other format once they are all there. Raises Invalid."""
    import pyarrow as pa

    if list(wanted[:1]) == ["arrow"]:
        sink.head = _formats.Encoded("arrow", _formats.FORMATS["arrow"].media_type)
        writer = pa.ipc.new_stream(sink, rows.schema)
        if isinstance(rows, pa.Table):
            writer.write_table(rows, _duckdb.ROWS)
        else:
            with closing(ahead(rows, AHEAD)) as batches:
                for batch in batches:
                    writer.write_batch(batch)
        writer.close()  # not where rows failed: it writes the end by which a stream is known to be whole
        return sink.head
    table = rows.read_all() if isinstance(rows, pa.RecordBatchReader) else rows
    if wanted and wanted[0] in PLAIN:
        return _write_plain(table, sink, wanted[0])
    try:
        return _formats.encode(table, wanted, tile, sink)
    except _formats.Unserializable as wrong:
        raise Invalid(str(wrong).replace("The udf returned", "The statement gave", 1)) from wrong


def _write_plain(table: Any, sink: Sink, name: str) -> Any:  # noqa: ANN401
    """Rows in a format that functions answer in too: as a list of dicts, or as the bytes of an Arrow stream."""
    from headrace.runtime.pickled import failure, values

    codec = values.codec_of(name)
    sink.head = _formats.Encoded(name, codec.media_type)
    try:
        if name == "bytes":
            values.write("arrow", table, sink)
        else:
            values.write(name, table.to_pylist(), sink)
    except failure.Failed as wrong:
        raise Invalid(wrong.message) from wrong
    return sink.head


def rest() -> None:
    """Make ready the cursor of the next job: to stand in a schema takes as long as a small statement."""
    if _last and not _ready:
        _ready[_last[0]] = _made(_last[0], _last[1])


def _cursor(job: Job) -> Any:  # noqa: ANN401 - of DuckDB
    connection, home = _connection(job), job.home or ""
    _last[:] = [home, connection]
    ready = _ready.pop(home, None)
    _ready.clear()
    return ready or _made(home, connection)


def _made(home: str, connection: Any) -> Any:  # noqa: ANN401 - of DuckDB
    cursor = connection.cursor()
    if home:
        cursor.execute(f"USE {_duckdb.quoted(home)}")
    return cursor


def _connection(job: Job) -> Any:  # noqa: ANN401 - of DuckDB
    key = repr((job.schemas, job.memory, job.threads))
    if key not in _open:
        _open.clear()
        _ready.clear()
        _open[key] = _duckdb.connect(job.schemas, memory=job.memory, threads=job.threads)
    return _open[key]
