"""SQL and the tasks that it runs as: the methods that `Client` has of them."""

import datetime as dt
import io
import json
import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, TypedDict, get_args
from urllib.parse import quote

import httpx

from headrace.client.casing import snake
from headrace.client.queries import bound
from headrace.client.result import Failed, checked, sentence, unanswered
from headrace.errors import Invalid
from headrace.model.statement import Dialect

if TYPE_CHECKING:
    import pyarrow as pa

Record = dict[str, Any]
Rows = Literal["arrow", "pandas", "polars", "json"]
Progress = Callable[[int, int], None]  # rows and bytes so far

FILES = ("csv", "geojson", "ndjson", "parquet", "xlsx")  # formats that rows come in as the bytes of a file
SECONDS = 1000  # that a statement may take, with the way there and back
PAUSES = (0, 0.1, 0.4, 1.5)  # seconds between looks at a task whose answer broke off
TASK_ID = "x-tiledb-cloud-task-id"
LINE = re.compile(r"^Line (\d+), column \d+:$", re.MULTILINE)


class SQLParameters(TypedDict, total=False):
    """A statement as `run_sql` sends it; `SQLParameters(query="SELECT 1")` is a dict.

    Values of `parameters` go in place of each `?`. `result_format` is arrow or json, json where it is left out;
    `store_results` keeps the result for `task_result`; `output_uri` names an array that the rows are written into.
    """

    query: str
    name: str
    output_uri: str
    store_results: bool
    dont_download_results: bool
    result_format: str
    init_commands: list[str]
    parameters: list[Any]
    resource_class: str
    task_graph_uuid: str
    client_node_uuid: str
    stream: bool
    dialect: Dialect


class Tasks:
    """Statements and tasks, over what a client sends with."""

    url: str
    last_task_id: str | None = None  # of the statement that ran last
    _http: httpx.Client
    _username: str | None = None

    def namespace(self) -> str:
        """Who is charged where nobody is named: the username of the key's owner."""
        if self._username is None:
            self._username = str(checked(self._get("/v1/user")).json()["username"])
        return self._username

    def sql(
        self,
        query: str,
        *,
        parameters: Mapping[str, Any] | Sequence[Any] | None = None,
        init: Sequence[str] | None = None,
        dialect: Dialect = "duckdb",
        namespace: str | None = None,
        result: str = "arrow",
        name: str | None = None,
        output_uri: str | None = None,
        keep: bool = False,
        progress: Progress | None = None,
    ) -> Any:  # noqa: ANN401 - as `result` says
        """Run a statement over the warehouse and arrays, and give its rows.

        Parameters
        ----------
        query : str
            The statement: `SELECT * FROM sales WHERE amount > :least`.
        parameters : mapping or sequence, optional
            A value for each `:name` (or `$name`), or for each `?` in order.
        init : sequence of str, optional
            Statements that run before it in the same session.
        dialect : {'duckdb', 'mysql'}, optional
            Whose SQL it is: that of the warehouse, or that of arrays as the published clients write it.
        namespace : str, optional
            Who is charged: an organization of yours, else you.
        result : {'arrow', 'pandas', 'polars', 'json'}, optional
            What the rows are given as; csv, ndjson, geojson, parquet and xlsx give the bytes of such a file.
        name : str, optional
            What the task is called in lists.
        output_uri : str, optional
            An array, tiledb://..., that the rows are written into.
        keep : bool, optional
            Keep the result for a week, for `task_result(client.last_task_id)`.
        progress : callable, optional
            Is told rows and bytes while they come.

        Raises:
        ------
        Failed
            With the server's sentence, the line and a caret where the statement is wrong; `lineno` is the line.
        Invalid
            For a name without a value, or a result that there is not.

        """
        if result not in (*get_args(Rows), *FILES):
            raise Invalid(f"`result` is one of {', '.join((*get_args(Rows), *FILES))}, and not {result!r}.")
        text, values = bound(query, dialect, parameters)
        asked: Record = {
            "query": text,
            "parameters": values,
            "init_commands": list(init or ()),
            "dialect": dialect,
            "result_format": result if result in ("json", *FILES) else "arrow",
            "store_results": keep,
            "name": name,
            "output_uri": output_uri,
            "stream": True,
        }
        asked = {key: value for key, value in asked.items() if value is not None}
        with self._statement(namespace or self.namespace(), asked) as answer:
            if result in ("json", *FILES):
                body = b"".join(_pieces(answer, progress))
                return json.loads(body) if result == "json" else body
            table = _table(answer, progress)
        if result == "pandas":
            return table.to_pandas()
        if result == "polars":
            import polars as pl

            return pl.from_arrow(table)
        return table

    def run_sql(
        self, namespace: str, sql: SQLParameters | Mapping[str, Any], accept_encoding: str | None = None
    ) -> Any:  # noqa: ANN401 - as the format says
        """Run a statement as the wire has it: `run_sql("ada", {"query": "SELECT 1 AS n"})` gives `[{"n": 1}]`.

        JSON is given as its values, Arrow as a table, any other format as bytes, and None where nothing came.
        `accept_encoding` is what the answer may be compressed with: gzip, deflate or identity. Raises Failed.
        """
        headers = {"Accept-Encoding": accept_encoding} if accept_encoding else {}
        with self._statement(namespace, dict(sql), headers) as answer:
            return _value(answer.headers.get("content-type", ""), answer.read())

    def task_id_get(self, id: str) -> Record:
        """A task: id, status, type, namespace, start_time, finish_time, duration (ns), sql_query, logs ...

        Raises Failed for one that is not there, or not there for you.
        """
        return checked(self._get(f"/v1/task/{quote(id, safe='')}")).json()

    def task_id_result_get(self, id: str, accept_encoding: str | None = None) -> Any:  # noqa: ANN401 - as `run_sql`
        """The kept result of a task, as `run_sql` gives it. Raises Failed where it was not kept, or no longer."""
        headers = {"Accept-Encoding": accept_encoding} if accept_encoding else {}
        answer = checked(self._get(f"/v1/task/{quote(id, safe='')}/result", headers=headers))
        if answer.status_code == 202:
            raise Failed(f"The task {id} still runs; ask again for its result when it has ended.", 202)
        return _value(answer.headers.get("content-type", ""), answer.content)

    def tasks_get(
        self,
        *,
        namespace: str | None = None,
        created_by: str | None = None,
        array: str | None = None,
        start: int | dt.datetime | None = None,
        end: int | dt.datetime | None = None,
        page: int | None = None,
        per_page: int | None = None,
        type: str | None = None,
        exclude_type: Sequence[str] | None = None,
        file_type: Sequence[str] | None = None,
        exclude_file_type: Sequence[str] | None = None,
        status: str | None = None,
        search: str | None = None,
        orderby: str | None = None,
    ) -> Record:
        """A page of the tasks that you may see, the newest first: `array_tasks` and `pagination_metadata`.

        `start` and `end` are moments, or seconds since 1970; `array` is a URI or a name; `type` is SQL, UDF,
        GENERIC_UDF, QUERY; `status` is RUNNING, COMPLETED, FAILED; `orderby` is start_time or name.
        """
        given = {
            "namespace": namespace,
            "created_by": created_by,
            "array": array,
            "start": _seconds(start),
            "end": _seconds(end),
            "page": page,
            "per_page": per_page,
            "type": type,
            "exclude_type": ",".join(exclude_type) if exclude_type else None,
            "file_type": list(file_type) if file_type else None,
            "exclude_file_type": list(exclude_file_type) if exclude_file_type else None,
            "status": status,
            "search": search,
            "orderby": orderby,
        }
        return checked(self._get("/v1/tasks", params={k: v for k, v in given.items() if v is not None})).json()

    def cancel_task(self, id: str) -> Record:
        """End a task that waits or runs, now: `{"uid": ..., "state": "cancelled", "is_cancel_requested": True}`.

        Whoever waits for it gets an error that says so. Raises Failed with status 409 for one that ended before.
        """
        answer = checked(self._ask("POST", f"/api/runs/{quote(id, safe='')}/cancel"))
        return {snake(name): value for name, value in answer.json().items()}

    task, task_result, tasks = task_id_get, task_id_result_get, tasks_get

    @contextmanager
    def _statement(
        self, namespace: str, asked: Record, headers: Mapping[str, str] | None = None
    ) -> Generator[httpx.Response]:
        """The answer to a statement while it comes. Raises Failed for one that is an error, or breaks off."""
        path = f"{self.url}/v1/sql/{quote(namespace, safe='')}"
        waits = httpx.Timeout(SECONDS, connect=20)
        begun = False
        try:
            with self._http.stream("POST", path, json=asked, headers=headers, timeout=waits) as answer:
                self.last_task_id = answer.headers.get(TASK_ID)
                if not answer.is_success:
                    answer.read()
                    raise _failed(answer)
                begun = True
                yield answer
        except httpx.TransportError as away:
            raise (self._reason() if begun else None) or unanswered(self.url, away) from away

    def _reason(self) -> Failed | None:
        """Why the last statement's answer broke off, as its task says; None where that ended well, or says nothing."""
        for pause in PAUSES:  # the row is written when the connection has ended
            time.sleep(pause)
            task = self.task_id_get(self.last_task_id or "")
            if task["status"] not in ("QUEUED", "RUNNING"):
                said = task.get("status_message")
                return _told(said, 0) if said else None
        return None

    def _get(self, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - as httpx takes them
        return self._ask("GET", path, **options)

    def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - as httpx takes them
        try:
            return self._http.request(method, self.url + path, **options)
        except httpx.TransportError as away:
            raise unanswered(self.url, away) from away


def _seconds(moment: int | dt.datetime | None) -> int | None:
    return int(moment.timestamp()) if isinstance(moment, dt.datetime) else moment


def _failed(answer: httpx.Response) -> Failed:
    try:
        message = str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        message = sentence(answer)
    return _told(message, answer.status_code, answer)


def _told(message: str, status: int, answer: httpx.Response | None = None) -> Failed:
    found = LINE.search(message)
    return Failed(message, status, int(found[1]) if found else None, response=answer)


def _pieces(answer: httpx.Response, progress: Progress | None) -> Iterator[bytes]:
    size = 0
    for piece in answer.iter_bytes():
        size += len(piece)
        yield piece
        if progress:
            progress(0, size)


def _table(answer: httpx.Response, progress: Progress | None) -> "pa.Table":
    """The rows of an Arrow stream, read while it comes."""
    import pyarrow as pa

    body = _Body(answer)
    try:
        with pa.ipc.open_stream(io.BufferedReader(body, 1 << 20)) as reader:
            batches: list[pa.RecordBatch] = []
            rows = 0
            for batch in reader:
                batches.append(batch)
                rows += batch.num_rows
                if progress:
                    progress(rows, body.size)
            body.finish()
            return pa.Table.from_batches(batches, reader.schema)
    except pa.ArrowInvalid as cut:
        if body.size == 0:
            return pa.table({})
        raise Failed(f"What the server sent is no whole Arrow stream: {cut}.", answer.status_code) from cut


class _Body(io.RawIOBase):
    """What comes of an answer, as a file."""

    def __init__(self, answer: httpx.Response) -> None:
        self._pieces = answer.iter_bytes()
        self._left = memoryview(b"")
        self.size = 0

    def readable(self) -> bool:
        return True

    def finish(self) -> None:
        """Read what comes after the last row: its task has ended when the answer has, and it ends with who leaves."""
        for piece in self._pieces:
            self.size += len(piece)

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - a buffer
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = memoryview(piece)
            self.size += len(piece)
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


def _value(media_type: str, body: bytes) -> Any:  # noqa: ANN401 - any JSON value, or a table
    if not body:
        return None
    if media_type.startswith("application/json"):
        return json.loads(body)
    if media_type.startswith("application/vnd.apache.arrow.stream"):
        import pyarrow as pa

        return pa.ipc.open_stream(body).read_all()
    return body
