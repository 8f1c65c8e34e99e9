"""SQL as tasks: what a worker is told of a statement, and which schemas of the warehouse it is lent.

As of arrays and files (`lending.py`), the names of schemas are looked for among the words of the statement.
"""

import re
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from headrace.db import lakes
from headrace.errors import Forbidden, Invalid, TooLarge
from headrace.model.object import Level
from headrace.model.query import Job, Query, Schema
from headrace.model.statement import FORGETS, Saved, writes
from headrace.model.task import LAKE as LENDING
from headrace.model.task import Detail, Type
from headrace.runtime.sandbox import LAKE
from headrace.runtime.wire import Lent
from headrace.services import namespaces, room, schemas
from headrace.services.call import Call
from headrace.services.lending import WRITING, Lending
from headrace.services.tasks import Wanted
from headrace.settings import CORES

WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.@-]*")
THREADS = 4
FOR_ROWS = 0.6  # of a worker's memory; the rest is for what Python and Arrow hold
MOST_PARAMETERS = 65_535
CATALOGUE = "catalogue.sqlite"
# What every commit writes: to the catalogue of a schema; to an array, its fragments, schemas and metadata. The
# catalogue is looked at last: it has what was in its index before that goes.
WRITTEN = (f"{CATALOGUE}-shm", CATALOGUE, "__commits", "__fragments", "__schema", "__meta")
# What a result depends on besides those: files, other hosts, the clock and chance.
ELSEWHERE = re.compile(
    r"/mount|(?<!tiledb)://|\b(now|today|current_\w+|localtime\w*|get_current_\w+|sysdate|curdate|curtime|utc_\w+"
    r"|unix_timestamp|random|rand|setseed|uuid\w*|gen_random_uuid|nextval|tablesample|using\s+sample)\b",
    re.IGNORECASE,
)
# What tells of a catalogue itself, which changes without a snapshot: snapshots expire.
OF_CATALOGUE = re.compile(r"\bducklake_", re.IGNORECASE)


class Statement(Struct, frozen=True, kw_only=True):
    """SQL that somebody asked for."""

    query: str
    init: tuple[str, ...] = ()
    parameters: tuple[Any, ...] = ()
    dialect: str = "mysql"
    output_uri: str | None = None
    row_limit: int | None = None
    reads: bool = False  # whether it may write to no schema


def prepare(
    call: Call,
    statement: Statement,
    *,
    namespace: str,
    formats: tuple[str, ...] = ("arrow",),
    result_format: str = "arrow",
    name: str | None = None,
    keeps: bool = False,
    graph_uid: str | None = None,
    node_uid: str | None = None,
    resource_class: str | None = None,
) -> Wanted:
    """The task of a statement. Blocks.

    Raises NotFound for a namespace, TooLarge and Invalid for what is not taken, Forbidden for what a narrower token
    does not open.
    """
    namespace = namespaces.check(call, namespace)
    settings = call.platform.settings
    texts = (*statement.init, statement.query)
    if sum(map(len, texts)) > settings.sql_kb << 10:
        raise TooLarge(f"A statement, with what goes before it, has at most {settings.sql_kb} KiB (HEADRACE_SQL_KB).")
    if not statement.query.strip():
        raise Invalid("The statement is empty.")
    if len(statement.parameters) > MOST_PARAMETERS:
        raise Invalid(f"A statement takes at most {MOST_PARAMETERS:,} parameters.")
    if not call.opens(WRITING) and (statement.output_uri or any(map(writes, texts))):
        raise Forbidden(f"The token reads arrays and the warehouse alone; a statement that writes wants {WRITING}.")
    home, lent, found, of_schemas = _schemas(call, texts, reads=statement.reads)
    lending = Lending(call, namespace)
    lending.add_all(texts, output_uri=statement.output_uri)
    query = Query(
        text=statement.query,
        dialect=statement.dialect,
        init=list(statement.init),
        parameters=list(statement.parameters),
        places=list(lending.places.values()),
        output_uri=statement.output_uri,
        row_limit=statement.row_limit,
    )
    every = (*lent, *lending.lent.values())
    full = room.of_statement(call, texts, every, of_schemas, output=bool(statement.output_uri))
    job = Job(
        query=query,
        schemas=found,
        home=home,
        result_format=result_format,
        memory=int((settings.call_memory_mb << 20) * FOR_ROWS),
        threads=min(CORES, THREADS),
    )
    return Wanted(
        type=Type.SQL,
        namespace=namespace,
        name=name,
        program="sql",
        arguments=msgspec.to_builtins(job, builtin_types=(bytes,)),
        formats=formats,
        lent=every,
        full=full,
        arrays=tuple(lending.arrays),
        ended=lending.settle,
        detail=Detail(
            query=statement.query,
            init_commands=list(statement.init),
            parameters=list(statement.parameters),
            resource_class=resource_class,
            output_uri=statement.output_uri,
        ),
        result_format=result_format,
        keeps=keeps,
        graph_uid=graph_uid,
        node_uid=node_uid,
        shares=True,
    )


class Ready(Struct, frozen=True, kw_only=True):
    """A saved query as a call of it runs."""

    job: dict[str, Any]  # what the program `query` is given beside the values of a call
    lent: tuple[Lent, ...]
    reads: tuple[str, ...]  # paths whose changes make another result
    catalogues: tuple[int, ...]  # schemas in PostgreSQL whose next snapshots do
    unheld: tuple[str, ...]  # paths that make it another one once they are there: of schemas that are empty
    keeps: bool  # whether no change of its result escapes those


def prepare_saved(call: Call, text: str, saved: Saved) -> Ready:
    """A saved query over what its owner, whose call this is, may see; it reads, and writes nothing. Blocks.

    Raises NotFound, Invalid and TooLarge as `prepare` does.
    """
    statement = Statement(query=text, dialect=saved.dialect, reads=True)
    wanted = prepare(call, statement, namespace=call.user.username)
    job = msgspec.convert(wanted.arguments, Job)
    query = replace(job.query, places=[replace(one, writable=False) for one in job.query.places])
    job = replace(job, query=query, reads=saved.dialect == "duckdb" and not query.places)
    lent = tuple(replace(one, writable=False) for one in wanted.lent)
    lake = call.platform.settings.home / LENDING
    reads = [f"{lake / one.path}/{name}" for one in lent for name in WRITTEN]
    folders = {f"{LAKE}/{one.at}": str(lake / one.path) for one in lent}
    # Nothing in its folder says that one in PostgreSQL is empty no more: the folder, which is there, has it asked.
    unheld = [folders[one.path] + ("" if one.catalogue else f"/{CATALOGUE}") for one in job.schemas if not one.held]
    catalogues = [lakes.numbered(one.catalogue) for one in job.schemas if one.catalogue]
    return Ready(
        job={"job": msgspec.to_builtins(job, builtin_types=(bytes,)), "saved": msgspec.to_builtins(saved)},
        lent=lent,
        reads=tuple(reads),
        catalogues=tuple(catalogues),
        unheld=tuple(unheld),
        keeps=not ELSEWHERE.search(text)
        and not (catalogues and OF_CATALOGUE.search(text))
        and all(one.path.startswith(f"{LAKE}/") for one in query.places),
    )


def _schemas(call: Call, texts: tuple[str, ...], *, reads: bool) -> tuple[str, list[Lent], list[Schema], set[int]]:
    """The schema that names without one are looked up in, all that the statements name, and whose they may write to."""
    found_words = [word for text in texts for word in WORD.findall(text)]
    words = {part for word in found_words for part in (word, *re.split(r"[.-]", word))}
    own, named = schemas.named_in(call, words)
    lent: list[Lent] = []
    found: list[Schema] = []
    least = Level.MANAGE if any(map(FORGETS.search, texts)) else Level.WRITE
    for schema, level in sorted(named.items(), key=lambda one: one[0].id):
        writable = level >= least and call.opens(WRITING) and not reads
        folders, told = schemas.lend(call, schema, writable=writable)
        lent += folders
        found.append(told)
    return own.name, lent, found, {one.owner_id for one, level in named.items() if level >= Level.WRITE}
