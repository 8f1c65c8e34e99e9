"""SQL on this wire (TileDB protocol notes 2.1)."""

from functools import partial
from typing import Any

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response

from headrace.api.operation import Operation, describe
from headrace.api.presence import while_connected
from headrace.api.streams import read_body
from headrace.dialects.tiledb.answer import TYPES, respond, written_as
from headrace.dialects.tiledb.codec import Codec, Wire
from headrace.model.statement import Dialect
from headrace.services import queries
from headrace.services.call import Call
from headrace.services.queries import Statement
from headrace.services.tasks import Tasks

# What no published client asks for: files that rows are saved as.
FILES = frozenset({"csv", "geojson", "ndjson", "parquet", "xlsx"})


class SQLParameters(Wire, frozen=True, kw_only=True):
    """A statement, what goes before it in its session, and what is to become of its rows."""

    query: str
    name: str | None = None
    init_commands: list[str] | None = None
    parameters: list[Any] | None = None
    result_format: str | None = None  # JSON where it is not given
    store_results: bool | None = None
    dont_download_results: bool | None = None
    output_uri: str | None = None
    resource_class: str | None = None
    task_graph_uuid: str | None = None
    client_node_uuid: str | None = None
    stream: bool | None = None
    dialect: Dialect | None = None  # mysql where it is not given: of published clients, none gives it


_read = Codec().reader(SQLParameters)


class SqlRoutes:
    """The route, over the tasks that it starts."""

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks

    def operations(self) -> list[Operation]:
        """The one route."""
        return [
            describe(
                "POST",
                "/v1/sql/{namespace}",
                self.run_sql,
                raw=True,
                body=SQLParameters,
                media_types=tuple(TYPES.values()),
                tags=("sql",),
            )
        ]

    async def run_sql(self, call: Call, request: Request, namespace: str) -> Response:
        """Run a statement, charged to a namespace; its rows come in the format that is asked for.

        Nothing is negotiated by `Accept`, which clients send without a thought. What gives no rows is answered by none,
        in the same format. With `task_graph_uuid` and `client_node_uuid`, a request that is sent again after its
        connection broke is answered by what the first one ran. With `stream`, more rows than a megabyte are sent while
        they are made: where the statement fails after that the answer breaks off before its end, and its task says why.
        """
        settings = call.platform.settings
        asked = _read(await read_body(request, settings.body_mb << 20, settings.body_seconds))
        wanted = await anyio.to_thread.run_sync(partial(_prepare, call, namespace, asked))
        node = asked.task_graph_uuid and asked.client_node_uuid
        # Published clients send a statement anew when its answer breaks off, so that none of theirs is sent so unasked.
        streams = asked.stream and not asked.dont_download_results and not node
        done = await while_connected(request, (self._tasks.stream if streams else self._tasks.run)(call, wanted))
        return await respond(request, done, download=not asked.dont_download_results)


def _prepare(call: Call, namespace: str, asked: SQLParameters) -> Any:  # noqa: ANN401 - services' Wanted
    statement = Statement(
        query=asked.query,
        init=tuple(asked.init_commands or ()),
        parameters=tuple(asked.parameters or ()),
        dialect=asked.dialect or "mysql",
        output_uri=asked.output_uri or None,
    )
    return queries.prepare(
        call,
        statement,
        namespace=namespace,
        formats=(_written(asked.result_format),),
        result_format=asked.result_format or "json",
        name=asked.name,
        keeps=bool(asked.store_results),
        graph_uid=asked.task_graph_uuid or None,
        node_uid=asked.client_node_uuid or None,
        resource_class=asked.resource_class,
    )


def _written(asked: str | None) -> str:
    return asked if asked in FILES else written_as(asked, "json")
