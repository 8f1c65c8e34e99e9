"""Queries: SQL that runs at once, and the first rows of its result. Declared, and not served yet."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from headrace.api.operation import Later
from headrace.api.resource import Resource
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import Archived, Hidden, Id, JobState, LevelWord, Moment
from headrace.dialects.civis.shapes import Author
from headrace.dialects.civis.traits.runs import Run, State, logs, runs
from headrace.model.object import Kind, Noun
from headrace.model.page import Page, Slice
from headrace.services.call import Call

LATER = "Queries are not served yet: what runs SQL on databases comes with a later version of Headrace."
QUERY = Noun("query", Kind.JOB, ("query",))


class QueryPage(Page, frozen=True, kw_only=True):
    """A page of queries."""

    limit: Annotated[int, Meta(ge=1, le=50, description="Number of results to return.")] = 20
    order: Annotated[Literal["created_at", "started_at"], Meta(description="The field on which to order.")] = (  # type: ignore[assignment]
        "created_at"
    )


class QueryResult(Wire, frozen=True, kw_only=True):
    """What is shown of a query everywhere."""

    id: int
    database: Annotated[int, Meta(description="The ID of the database.")]
    sql: str
    credential: int | None
    result_rows: Annotated[list[list[str | None]] | None, Meta(description="The first rows; cells are text or null.")]
    result_columns: list[str] | None
    error: str | None
    exception: Annotated[str | None, Meta(description="The error again, under its name of 2017.")]
    started_at: datetime | None
    finished_at: datetime | None
    state: JobState
    script_id: int | None
    created_at: datetime
    updated_at: datetime
    last_run_id: int | None
    archived: bool
    report_id: int | None


class QueryListed(QueryResult, frozen=True, kw_only=True):
    """A query, as lists show it."""

    preview_rows: int


class Query(QueryResult, frozen=True, kw_only=True):
    """A query."""

    hidden: bool
    name: str | None
    author: Author


class QueryStarted(QueryListed, frozen=True, kw_only=True):
    """A query that was started, and how its whole result is written."""

    hidden: bool
    my_permission_level: LevelWord
    interactive: bool | None
    include_header: bool
    compression: str
    column_delimiter: str
    unquoted: bool
    filename_prefix: str | None


class QueryCreate(Wire, frozen=True, kw_only=True):
    """SQL to run."""

    database: Annotated[Id, Meta(description="The ID of the database.")]
    sql: Annotated[str, Meta(min_length=1, max_length=10_000_000, description="The SQL.")]
    credential: Annotated[Id | None, Meta(description="The ID of the credential; your default one unless told.")] = None
    hidden: Hidden = False
    interactive: Annotated[bool | None, Meta(description="Taken and not heeded.")] = None
    preview_rows: Annotated[int, Meta(ge=0, le=1000, description="How many rows to show.")]
    include_header: bool | None = None
    compression: Literal["gzip", "zip", "none"] | None = None
    column_delimiter: Literal["comma", "tab", "pipe"] | None = None
    unquoted: bool | None = None
    filename_prefix: str | None = None


class QueryRun(Run, frozen=True, kw_only=True):
    """A run of a query."""

    query_id: int


resource = Resource("/queries", Query, traits=[runs(QUERY, QueryRun, "query_id"), logs(QUERY)], later=LATER)


@resource.get()
def list_queries(
    call: Call,
    page: QueryPage,
    query: Annotated[str | None, Meta(description="Only SQL with these words; `?` and `*` stand for others.")] = None,
    database_id: Annotated[Id | None, Meta(description="The database ID.")] = None,
    credential_id: Annotated[Id | None, Meta(description="The credential ID.")] = None,
    author_id: Annotated[Id | None, Meta(description="The author of the query.")] = None,
    created_before: Moment | None = None,
    created_after: Moment | None = None,
    started_before: Moment | None = None,
    started_after: Moment | None = None,
    state: Annotated[list[State] | None, Meta(description="Only queries whose last run is in one of these.")] = None,
    exclude_results: Annotated[bool, Meta(description="Whether to leave out the rows.")] = False,
    hidden: Hidden = False,
    archived: Archived = "",
) -> Later[Slice[QueryListed]]:
    """List queries."""


@resource.post(status=200)
def create_query(call: Call, body: QueryCreate) -> Later[QueryStarted]:
    """Run SQL."""


@resource.get("/{id}")
def get_query(call: Call, id: Id) -> Later[Query]:
    """Get a query, its state and the first rows of its result."""


@resource.delete("/{id}", status=200)
def archive_query(call: Call, id: Id) -> Later[Query]:
    """Archive a query."""


@resource.put("/{id}/scripts/{script_id}")
def set_query_script(call: Call, id: Id, script_id: Id) -> Later[Query]:
    """Say which script a query became."""
