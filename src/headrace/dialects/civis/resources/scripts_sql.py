"""SQL scripts: a query, the database that it is asked of, and how its result is written."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import Id
from headrace.dialects.civis.script import Code, Label, Script, declare, scripts
from headrace.dialects.civis.traits.runs import Run, takes_errors
from headrace.model.job import Kind

MegaBytes = Annotated[int, Meta(ge=1, le=1 << 20)]


class CsvSettings(Wire, frozen=True, kw_only=True):
    """How the result is written."""

    include_header: Annotated[bool, Meta(description="Whether the file begins with the names of columns.")] = True
    compression: Annotated[Literal["gzip", "zip", "none"], Meta(description="How the file is compressed.")] = "gzip"
    column_delimiter: Annotated[Literal["comma", "tab", "pipe"], Meta(description="What parts the columns.")] = "comma"
    unquoted: Annotated[bool, Meta(description="Whether values are not quoted.")] = False
    force_multifile: Annotated[bool, Meta(description="Whether to write several files.")] = False
    filename_prefix: Annotated[Label | None, Meta(description="With what the name of a file begins.")] = None
    max_file_size: Annotated[MegaBytes | None, Meta(description="MB of a file, where there are several.")] = None


class Sql(Script, frozen=True, kw_only=True):
    """A SQL script."""

    sql: Annotated[Code, Meta(description="The raw SQL query for the script.")]
    expanded_arguments: Annotated[dict[str, Any], Meta(description="What can be put into the query.")]
    remote_host_id: Annotated[Id | None, Meta(description="The database that the query is asked of.")] = None
    credential_id: Annotated[Id | None, Meta(description="The credential that it is asked with.")] = None
    code_preview: Annotated[str | None, Meta(description="The query with the arguments put in.")]
    csv_settings: CsvSettings = CsvSettings()


class SqlOutput(Wire, frozen=True, kw_only=True):
    """A file that a run wrote."""

    output_name: str
    file_id: int
    path: Annotated[str, Meta(description="The address that the file is read from for a time.")]


class SqlRun(Run, frozen=True, kw_only=True):
    """A run of a SQL script."""

    sql_id: Annotated[int, Meta(description="The ID of the script.")]
    output: list[SqlOutput] = []
    output_cached_on: datetime | None = None


SQL = declare(
    Kind.SQL,
    Sql,
    code="sql",
    required="name sql remote_host_id credential_id",
    fields="name parent_id user_context params arguments schedule notifications next_run_at time_zone hidden "
    "target_project_id sql remote_host_id credential_id csv_settings running_as_id",
)
resource = scripts(SQL, SqlRun, "sql_id", traits=[takes_errors])
