"""Imports of CSV files that are kept here or on a storage host, as clients of today load tables. Not served yet."""

from typing import Annotated, Literal

from msgspec import Meta

from headrace.api.operation import Later
from headrace.api.resource import Resource
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import Hidden, Id, LevelWord
from headrace.dialects.civis.resources.imports import IMPORT, LATER, Delimiter, Diststyle
from headrace.dialects.civis.traits.archive import archivable
from headrace.dialects.civis.traits.runs import Run, logs, runs
from headrace.errors import NotServed
from headrace.services.call import Call

Rows = Literal["fail", "truncate", "append", "drop", "upsert"]


class StoragePath(Wire, frozen=True, kw_only=True):
    """Files on a storage host."""

    storage_host_id: Id
    credential_id: Id
    file_paths: list[str]


class CsvSource(Wire, frozen=True, kw_only=True):
    """What to read: files that are kept here, or files on a storage host."""

    file_ids: Annotated[list[Id], Meta(max_length=10_000, description="The IDs of the files.")] | None = None
    storage_path: StoragePath | None = None


class CsvDestination(Wire, frozen=True, kw_only=True):
    """The table to write."""

    schema: Annotated[str, Meta(min_length=1)]
    table: Annotated[str, Meta(min_length=1)]
    remote_host_id: Id
    credential_id: Id
    primary_keys: Annotated[list[str] | None, Meta(description="The columns by which `upsert` knows a row.")] = None
    last_modified_keys: Annotated[list[str] | None, Meta(description="The columns that tell the later row.")] = None


class TableColumn(Wire, frozen=True, kw_only=True):
    """A column of the table."""

    name: str
    sql_type: str | None = None


class RedshiftOptions(Wire, frozen=True, kw_only=True):
    """How Amazon Redshift is to keep the table."""

    diststyle: Diststyle | None = None
    distkey: str | None = None
    sortkeys: list[str | None] | None = None


class CsvImportChange(Wire, frozen=True, kw_only=True):
    """What to change of an import; null is no change."""

    name: Annotated[str, Meta(max_length=200, description="The name of the import.")] | None = None
    source: CsvSource | None = None
    destination: CsvDestination | None = None
    first_row_is_header: bool | None = None
    column_delimiter: Delimiter | None = None
    escaped: Annotated[bool | None, Meta(description="Whether a backslash escapes in the files.")] = None
    compression: Literal["gzip", "none"] | None = None
    existing_table_rows: Annotated[Rows | None, Meta(description="What to do with rows that the table has.")] = None
    max_errors: Annotated[int, Meta(ge=0, description="Rows to leave out before the import fails.")] | None = None
    table_columns: list[TableColumn] | None = None
    loosen_types: Annotated[bool | None, Meta(description="Whether columns may be wider than they need be.")] = None
    execution: Annotated[
        Literal["immediate", "delayed"] | None, Meta(description="`immediate` fails at once where it is busy.")
    ] = None
    redshift_destination_options: RedshiftOptions | None = None


class CsvImportPut(Wire, frozen=True, kw_only=True):
    """Everything of an import."""

    name: Annotated[str, Meta(max_length=200, description="The name of the import.")] | None = None
    source: CsvSource
    destination: CsvDestination
    first_row_is_header: Annotated[bool, Meta(description="Whether the first row holds the names of columns.")]
    column_delimiter: Delimiter | None = None
    escaped: Annotated[bool | None, Meta(description="Whether a backslash escapes in the files.")] = None
    compression: Literal["gzip", "none"] | None = None
    existing_table_rows: Annotated[Rows | None, Meta(description="What to do with rows that the table has.")] = None
    max_errors: Annotated[int, Meta(ge=0, description="Rows to leave out before the import fails.")] | None = None
    table_columns: list[TableColumn] | None = None
    loosen_types: Annotated[bool | None, Meta(description="Whether columns may be wider than they need be.")] = None
    execution: Annotated[
        Literal["immediate", "delayed"] | None, Meta(description="`immediate` fails at once where it is busy.")
    ] = None
    redshift_destination_options: RedshiftOptions | None = None


class CsvImportCreate(CsvImportPut, frozen=True, kw_only=True):
    """An import to make."""

    hidden: Hidden | None = False


class CsvImport(Wire, frozen=True, kw_only=True):
    """An import of CSV files."""

    id: int
    name: str
    source: CsvSource
    destination: CsvDestination
    first_row_is_header: bool
    column_delimiter: Delimiter
    escaped: bool
    compression: Literal["gzip", "none"]
    existing_table_rows: Rows
    max_errors: int | None
    table_columns: list[TableColumn] | None
    loosen_types: bool
    execution: str
    redshift_destination_options: RedshiftOptions | None
    hidden: bool
    my_permission_level: LevelWord


class CsvImportRun(Run, frozen=True, kw_only=True):
    """A run of an import of CSV files."""

    csv_import_id: int


def read(call: Call, import_id: int) -> CsvImport:
    """An import as this wire has it."""
    raise NotServed(LATER)


resource = Resource(
    "/imports/files/csv",
    CsvImport,
    traits=[runs(IMPORT, CsvImportRun, "csv_import_id"), logs(IMPORT), archivable(IMPORT, read, CsvImport)],
    later=LATER,
)


@resource.post(status=201)
def create_csv_import(call: Call, body: CsvImportCreate) -> Later[CsvImport]:
    """Create an import of CSV files."""


@resource.get("/{id}")
def get_csv_import(call: Call, id: Id) -> Later[CsvImport]:
    """Get an import of CSV files."""


@resource.put("/{id}")
def replace_csv_import(call: Call, id: Id, body: CsvImportPut) -> Later[CsvImport]:
    """Replace everything of an import of CSV files."""


@resource.patch("/{id}")
def update_csv_import(call: Call, id: Id, body: CsvImportChange) -> Later[CsvImport]:
    """Update some of an import of CSV files."""


@resource.delete("/{id}")
def archive_csv_import(call: Call, id: Id) -> None:
    """Archive an import of CSV files, as `PUT .../archive` does."""
