"""Imports of one file that its maker sends to an address, as clients of 2017 load tables. Not served yet."""

from typing import Annotated

from msgspec import Meta

from headrace.api.operation import Later
from headrace.api.resource import Resource
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import Hidden, Id
from headrace.dialects.civis.resources.imports import (
    IMPORT,
    LATER,
    Delimiter,
    Diststyle,
    ExistingRows,
    ImportRun,
)
from headrace.dialects.civis.traits.runs import logs, runs
from headrace.services.call import Call


class FileImport(Wire, frozen=True, kw_only=True):
    """Where to send the file, and then what to call."""

    id: int
    upload_uri: Annotated[str, Meta(description="The address that takes the file.")]
    run_uri: Annotated[str, Meta(description="The address whose POST starts the import.")]
    upload_fields: Annotated[dict[str, str] | None, Meta(description="What to send along where it is a form.")]


class FileImportCreate(Wire, frozen=True, kw_only=True):
    """An import of one file to make."""

    schema: Annotated[str, Meta(min_length=1, description="The schema of the destination table.")]
    name: Annotated[str, Meta(min_length=1, description="The name of the destination table.")]
    remote_host_id: Annotated[Id, Meta(description="The ID of the database.")]
    credential_id: Annotated[Id, Meta(description="The ID of the credential of the database.")]
    max_errors: Annotated[int, Meta(ge=0, description="Rows to leave out before the import fails.")] | None = None
    existing_table_rows: Annotated[
        ExistingRows | None, Meta(description="What to do with rows that the table has; `fail` unless told.")
    ] = None
    diststyle: Diststyle | None = None
    distkey: str | None = None
    sortkey1: str | None = None
    sortkey2: str | None = None
    column_delimiter: Annotated[Delimiter | None, Meta(description="It is found out where it is not told.")] = None
    first_row_is_header: Annotated[bool | None, Meta(description="It is found out where it is not told.")] = None
    multipart: Annotated[bool | None, Meta(description="Whether to send the file as a form.")] = None
    escaped: Annotated[bool | None, Meta(description="Whether a backslash escapes in the file.")] = None
    hidden: Hidden = False


resource = Resource(
    "/imports/files", FileImport, traits=[runs(IMPORT, ImportRun, "import_id"), logs(IMPORT)], later=LATER
)


@resource.post(status=201)
def create_file_import(call: Call, body: FileImportCreate) -> Later[FileImport]:
    """Create an import of one file, and say where to send it."""
