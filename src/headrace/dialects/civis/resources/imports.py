"""Imports: what copies tables between databases, spreadsheets and files. Declared, and not served yet."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from headrace.api.operation import Later
from headrace.api.resource import Resource
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import Archived, AuthorFilter, Fifty, Hidden, Id, LevelWord, Moment, Name
from headrace.dialects.civis.shapes import Author, LastRun, Notifications, Schedule
from headrace.dialects.civis.traits.archive import archivable
from headrace.dialects.civis.traits.membership import in_projects
from headrace.dialects.civis.traits.runs import Run, RunPage, cancellable, logs
from headrace.dialects.civis.traits.sharing import shares
from headrace.dialects.civis.traits.transfer import transferable
from headrace.errors import NotServed
from headrace.model.object import Kind, Noun
from headrace.model.page import Slice
from headrace.services.call import Call

LATER = "Imports are not served yet: what loads data into tables comes with a later version of Headrace."
IMPORT = Noun("import", Kind.JOB, ("import",))

Delimiter = Literal["comma", "tab", "pipe"]
Diststyle = Literal["even", "all", "key"]
ExistingRows = Literal["fail", "truncate", "append", "drop"]
SyncType = Annotated[
    str,
    Meta(
        max_length=64,
        description="Options are: Dbsync, AutoImport, GdocImport, GdocExport, Salesforce, SilverpopDataImport and "
        "SilverpopContactImport.",
    ),
]
TimeZone = Annotated[str, Meta(max_length=64, description="The time zone of the schedule.")] | None


class Side(Wire, frozen=True, kw_only=True):
    """Where an import reads or writes."""

    remote_host_id: Id
    credential_id: Id
    additional_credentials: list[Id] = []


class SideNamed(Side, frozen=True, kw_only=True):
    """The same, with the name of the remote host."""

    name: str | None


class TableNamed(Wire, frozen=True, kw_only=True):
    """A table of a database."""

    schema: str
    table: str
    use_without_schema: bool = False


class Worksheet(Wire, frozen=True, kw_only=True):
    """A sheet of a spreadsheet."""

    spreadsheet: str
    spreadsheet_id: str | None = None
    worksheet: str
    worksheet_id: int | None = None


class SyncedFile(Wire, frozen=True, kw_only=True):
    """A file that a sync reads."""

    id: int
    name: str | None = None


class SyncDestination(Wire, frozen=True, kw_only=True):
    """Where a sync writes: one of these, or a path as it was written in 2017."""

    database_table: TableNamed | None = None
    google_worksheet: Worksheet | None = None
    path: Annotated[str | None, Meta(description="`schema.table`, or the name of a sheet.")] = None


class SyncOrigin(SyncDestination, frozen=True, kw_only=True):
    """Where a sync reads."""

    file: SyncedFile | None = None


class SyncSource(SyncOrigin, frozen=True, kw_only=True):
    """Where a sync reads, as it is shown."""

    id: int | None


class SyncOptions(Wire, frozen=True, kw_only=True):
    """How a sync treats what it finds."""

    max_errors: int | None = None
    existing_table_rows: ExistingRows | None = None
    first_row_is_header: bool | None = None
    diststyle: Diststyle | None = None
    distkey: str | None = None
    sortkey1: str | None = None
    sortkey2: str | None = None
    column_delimiter: Delimiter | None = None
    column_overrides: dict[str, Any] | None = None
    escaped: bool | None = None
    identity_column: str | None = None
    last_modified_column: str | None = None
    row_chunk_size: int | None = None
    wipe_destination_table: bool | None = None
    truncate_long_lines: bool | None = None
    invalid_char_replacement: str | None = None
    verify_table_row_counts: bool | None = None
    partition_column_name: str | None = None
    partition_schema_name: str | None = None
    partition_table_name: str | None = None
    partition_table_partition_column_min_name: str | None = None
    partition_table_partition_column_max_name: str | None = None
    mysql_catalog_matches_schema: bool | None = None
    chunking_method: str | None = None
    export_action: str | None = None
    sql_query: str | None = None
    contact_lists: str | None = None
    soql_query: str | None = None
    include_deleted_records: bool | None = None


class SyncCreate(Wire, frozen=True, kw_only=True):
    """What one sync of an import reads and writes."""

    source: SyncOrigin
    destination: SyncDestination
    advanced_options: SyncOptions | None = None


class SyncChange(Wire, frozen=True, kw_only=True):
    """What to change of a sync; null is no change."""

    source: SyncOrigin | None = None
    destination: SyncDestination | None = None
    advanced_options: SyncOptions | None = None


class Sync(Wire, frozen=True, kw_only=True):
    """One table, sheet or file that an import copies."""

    id: int
    source: SyncSource
    destination: SyncDestination
    advanced_options: SyncOptions


class SyncArchive(Wire, frozen=True, kw_only=True):
    """Whether a sync is to be left out."""

    status: Annotated[bool | None, Meta(description="The desired archived status of the sync.")] = None


class ImportListed(Wire, frozen=True, kw_only=True):
    """An import, as lists show it."""

    id: int
    name: str
    source: SideNamed | None
    destination: SideNamed | None
    sync_type: str
    is_outbound: bool
    job_type: str | None
    state: str
    created_at: datetime
    updated_at: datetime
    last_run: LastRun | None
    user: Author
    schedule: Schedule
    time_zone: str
    archived: bool


class Import(ImportListed, frozen=True, kw_only=True):
    """An import."""

    parent_id: int | None
    syncs: list[Sync]
    running_as: Author
    next_run_at: datetime | None
    notifications: Notifications
    hidden: bool
    my_permission_level: LevelWord


class ImportPut(Wire, frozen=True, kw_only=True):
    """Everything of an import."""

    name: Annotated[Name, Meta(description="The name of the import.")]
    source: Side | None = None
    destination: Side | None = None
    sync_type: SyncType
    parent_id: Annotated[Id | None, Meta(description="The job whose success starts this one.")] = None
    is_outbound: Annotated[bool, Meta(description="Whether it copies out of a database.")]
    schedule: Schedule | None = None
    next_run_at: Moment | None = None
    notifications: Notifications | None = None
    time_zone: TimeZone = None


class ImportCreate(ImportPut, frozen=True, kw_only=True):
    """An import to make."""

    hidden: Hidden = False


class ImportChange(Wire, frozen=True, kw_only=True):
    """What to change of an import; null is no change."""

    name: Annotated[Name | None, Meta(description="The name of the import.")] = None
    source: Side | None = None
    destination: Side | None = None
    running_as_id: Id | None = None
    schedule: Schedule | None = None
    next_run_at: Moment | None = None
    notifications: Notifications | None = None
    time_zone: TimeZone = None


class ImportRun(Run, frozen=True, kw_only=True):
    """A run of an import."""

    import_id: int


class ImportStarted(Wire, frozen=True, kw_only=True):
    """Which run was started."""

    run_id: int


def read(call: Call, import_id: int) -> Import:
    """An import as this wire has it."""
    raise NotServed(LATER)


resource = Resource(
    "/imports",
    Import,
    traits=[
        cancellable(IMPORT),
        logs(IMPORT),
        shares(IMPORT),
        in_projects(IMPORT),
        transferable(IMPORT),
        archivable(IMPORT, read, Import),
    ],
    later=LATER,
)


@resource.get()
def list_imports(
    call: Call,
    page: Fifty,
    type: Annotated[str | None, Meta(description="Only imports of these types, with commas between.")] = None,
    destination: Annotated[str | None, Meta(description="Only imports into these remote hosts.")] = None,
    source: Annotated[str | None, Meta(description="Only imports out of these remote hosts.")] = None,
    status: Annotated[str | None, Meta(description="Only imports in these states, with commas between.")] = None,
    author: AuthorFilter = None,
    hidden: Hidden = False,
    archived: Archived = "",
) -> Later[Slice[ImportListed]]:
    """List imports."""


@resource.post(status=201)
def create_import(call: Call, body: ImportCreate) -> Later[Import]:
    """Create an import."""


@resource.get("/{id}")
def get_import(call: Call, id: Id) -> Later[Import]:
    """Get an import."""


@resource.put("/{id}")
def replace_import(call: Call, id: Id, body: ImportPut) -> Later[Import]:
    """Replace everything of an import."""


@resource.patch("/{id}")
def update_import(call: Call, id: Id, body: ImportChange) -> Later[Import]:
    """Update some of an import."""


@resource.post("/{id}/runs", status=202)
def start_import(call: Call, id: Id) -> Later[ImportStarted]:
    """Run an import."""


@resource.get("/{id}/runs")
def list_import_runs(call: Call, id: Id, page: RunPage) -> Later[Slice[ImportRun]]:
    """List the runs of an import."""


@resource.post("/{id}/syncs", status=201)
def create_sync(call: Call, id: Id, body: SyncCreate) -> Later[Sync]:
    """Create a sync of an import."""


@resource.put("/{id}/syncs/{sync_id}")
def replace_sync(call: Call, id: Id, sync_id: Id, body: SyncCreate) -> Later[Sync]:
    """Replace everything of a sync."""


@resource.patch("/{id}/syncs/{sync_id}")
def update_sync(call: Call, id: Id, sync_id: Id, body: SyncChange) -> Later[Sync]:
    """Update some of a sync."""


@resource.delete("/{id}/syncs/{sync_id}")
def delete_sync(call: Call, id: Id, sync_id: Id) -> None:
    """Leave a sync out of its import, as `PUT .../archive` does."""


@resource.put("/{id}/syncs/{sync_id}/archive")
def archive_sync(call: Call, id: Id, sync_id: Id, body: SyncArchive) -> Later[Sync]:
    """Update the archive status of a sync."""
