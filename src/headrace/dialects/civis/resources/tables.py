"""Tables of databases."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from headrace.api.operation import Later
from headrace.api.resource import Resource
from headrace.dialects.civis import table_shapes
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import Hidden, Id
from headrace.dialects.civis.resources.databases import NO_PROJECTS, NO_SCANS, ScanJob, SchemaName, TableName
from headrace.dialects.civis.table_shapes import Column, Table, TableListed, TableWithOntology
from headrace.dialects.civis.traits.membership import ProjectListed
from headrace.model.database import TableFilter
from headrace.model.object import Level
from headrace.model.page import Page, Slice
from headrace.services import hosts, tables
from headrace.services.call import Call
from headrace.services.hosts import DATABASE

Pattern = (
    Annotated[str, Meta(max_length=1000, description="Only those of this name; % and * stand for any text.")] | None
)
Names = Annotated[list[Annotated[str, Meta(max_length=1000)]], Meta(max_length=1600)]
NO_TAGS = "Tables have no tags here."


class BySchema(Page, frozen=True, kw_only=True):
    """A page of tables."""

    limit: Annotated[int, Meta(ge=1, le=1000, description="Number of results to return.")] = 50
    order: Annotated[Literal["schema", "name", "search"], Meta(description="The field on which to order.")] = "schema"  # type: ignore[assignment]
    order_dir: Annotated[Literal["asc", "desc"], Meta(description="Direction in which to sort.")] = "asc"


class ByColumn(Page, frozen=True, kw_only=True):
    """A page of columns."""

    limit: Annotated[int, Meta(ge=1, le=50, description="Number of results to return.")] = 50
    order: Annotated[Literal["name", "order"], Meta(description="The field on which to order.")] = "name"  # type: ignore[assignment]
    order_dir: Annotated[Literal["asc", "desc"], Meta(description="Direction in which to sort.")] = "asc"


class Filters(Struct, frozen=True, kw_only=True):
    """Which tables a list is to hold."""

    database_id: Annotated[Id | None, Meta(description="The database; all that your credentials open, if unsaid.")] = (
        None
    )
    schema: Pattern = None
    name: Pattern = None
    search: Annotated[str, Meta(max_length=1000, description="Only those with this in `schema.name`.")] | None = None
    table_tag_ids: Annotated[list[Id] | None, Meta(description="Only those with one of these tags.")] = None
    credential_id: Annotated[Id | None, Meta(description="The credential to ask with; your own one, if unsaid.")] = None


class TableChange(Wire, frozen=True, kw_only=True):
    """What to change of a table; null is no change."""

    ontology_mapping: Annotated[dict[str, Any] | None, Meta(description="What columns mean: key to name.")] = None
    description: Annotated[str, Meta(max_length=100_000, description="What the table holds.")] | None = None
    primary_keys: Annotated[Names | None, Meta(description="Columns that together tell one row from others.")] = None
    last_modified_keys: Annotated[Names | None, Meta(description="Columns that tell when a row changed.")] = None


class TableScan(Wire, frozen=True, kw_only=True):
    """A table to scan."""

    database_id: Id
    schema: SchemaName
    table_name: TableName
    stats_priority: Literal["flag", "block", "queue"] | None = None


class Tagged(Wire, frozen=True, kw_only=True):
    """A table and its tag."""

    id: int
    table_tag_id: int


resource = Resource("/tables", Table)


@resource.post("/scan", status=201, later=NO_SCANS)
def scan_table(call: Call, body: TableScan) -> Later[ScanJob]:
    """Scan a table. Not served, nor needed: a listing asks the database itself."""
    hosts.get_host(call, body.database_id, DATABASE)


@resource.get()
def list_tables(call: Call, page: BySchema, filters: Filters) -> Slice[TableListed]:
    """List tables, as your credential for their database sees them. The one that is spelled as asked comes first."""
    if filters.table_tag_ids:
        return Slice([], 0)
    wanted = TableFilter(
        schema=filters.schema,
        name=filters.name,
        search=filters.search,
        order="name" if page.order == "name" else "schema",
        descending=page.order_dir == "desc",
        limit=page.limit,
        offset=page.offset,
    )
    found = tables.list_tables(call, wanted, filters.database_id, filters.credential_id)
    return Slice([table_shapes.listed(one) for one in found.items], found.total)


@resource.get("/{id}")
def get_table(call: Call, id: Id) -> Table:
    """Show basic table info."""
    return table_shapes.whole(tables.get_table(call, id))


@resource.patch("/{id}")
def update_table(call: Call, id: Id, body: TableChange) -> TableWithOntology:
    """Update a table: what is said of it here. The database itself is not changed."""
    tables.require_table(call, id, Level.WRITE)  # before anybody's database is asked
    changed = tables.update_table(
        call,
        tables.get_table(call, id),
        body.description,
        ontology_mapping=body.ontology_mapping,
        primary_keys=body.primary_keys,
        last_modified_keys=body.last_modified_keys,
    )
    return table_shapes.with_ontology(changed)


@resource.get("/{id}/columns")
def list_columns(
    call: Call,
    id: Id,
    page: ByColumn,
    name: Annotated[str | None, Meta(description="Only the columns of this name.")] = None,
) -> Slice[Column]:
    """List columns in the specified table."""
    found = table_shapes.columns(tables.get_table(call, id))
    chosen = [column for column in found if name is None or column.name.lower() == name.lower()]
    chosen.sort(key=lambda column: getattr(column, page.order), reverse=page.order_dir == "desc")
    return Slice(chosen[page.offset : page.offset + page.limit], len(chosen))


@resource.post("/{id}/refresh", status=200)
def refresh_table(call: Call, id: Id) -> Table:
    """Request a refresh for column and table statistics: what is in the table is counted at once."""
    return table_shapes.whole(tables.refresh(call, id))


@resource.put("/{id}/tags/{table_tag_id}", later=NO_TAGS)
def add_tag(call: Call, id: Id, table_tag_id: Id) -> Later[Tagged]:
    """Add a tag to a table. Not served."""
    tables.require_table(call, id, Level.WRITE)


@resource.delete("/{id}/tags/{table_tag_id}", status=200, later=NO_TAGS)
def remove_tag(call: Call, id: Id, table_tag_id: Id) -> None:
    """Remove a tag from a table. Not served."""
    tables.require_table(call, id, Level.WRITE)


@resource.get("/{id}/projects")
def list_projects(call: Call, id: Id, hidden: Hidden = False) -> list[ProjectListed]:
    """List the projects a table belongs to: none, as tables are not put in projects."""
    tables.require_table(call, id)
    return []


@resource.put("/{id}/projects/{project_id}", later=NO_PROJECTS)
def add_to_project(call: Call, id: Id, project_id: Id) -> None:
    """Add a table to a project. Not served."""
    tables.require_table(call, id)


@resource.delete("/{id}/projects/{project_id}", later=NO_PROJECTS)
def remove_from_project(call: Call, id: Id, project_id: Id) -> None:
    """Remove a table from a project. Not served."""
    tables.require_table(call, id)
