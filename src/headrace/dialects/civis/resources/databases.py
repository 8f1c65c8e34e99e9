"""Databases: the remote hosts that say what is in them. The ID of a database is that of its remote host."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from headrace import engines
from headrace.api.operation import Later
from headrace.api.resource import Resource
from headrace.dialects.civis import table_shapes
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import Hidden, Id
from headrace.dialects.civis.table_shapes import Table, TableFound, TableListed
from headrace.dialects.civis.traits.membership import ProjectListed
from headrace.model import database
from headrace.model.database import WAREHOUSE, TableFilter
from headrace.model.object import Level
from headrace.model.page import Page, Slice
from headrace.services import databases, hosts, tables
from headrace.services.call import Call
from headrace.services.hosts import DATABASE

CredentialId = Annotated[Id | None, Meta(description="The credential; your own one for that database, if unsaid.")]
SchemaName = Annotated[str, Meta(min_length=1, max_length=200, description="The name of the schema.")]
TableName = Annotated[str, Meta(min_length=1, max_length=200, description="The name of the table.")]
Contained = Annotated[str | None, Meta(description="Only what has this text in its name.")]
MOST = 10_000  # tables in a list without pages
NO_PROJECTS = "Tables are not put in projects here; the scripts that make and read them can be."
NO_GRAPHS = "No graphs are drawn of how a database fares; its own monitoring has them."
NO_SCANS = (
    "Scans are not needed here, and are no jobs: a listing asks the database itself, and `POST /tables/{id}/refresh` "
    "counts what is in a table."
)


class Database(Wire, frozen=True, kw_only=True):
    """A database."""

    id: int
    name: str
    adapter: str
    cluster_identifier: str | None
    host: str | None
    port: int | None
    database_name: str | None
    managed: Annotated[bool, Meta(description="Whether it comes with this server.")]


class Schema(Wire, frozen=True, kw_only=True):
    """A schema of a database."""

    schema: str


class TableInSchema(Wire, frozen=True, kw_only=True):
    """A table of a schema."""

    name: str
    schema: str
    is_view: bool
    database_id: int


class TableChange(Wire, frozen=True, kw_only=True):
    """What to change of a table; null is no change."""

    credential_id: CredentialId = None
    description: Annotated[str, Meta(max_length=100_000, description="What the table holds.")] | None = None


class Scan(Wire, frozen=True, kw_only=True):
    """A schema to scan."""

    schema: SchemaName
    stats_priority: Literal["flag", "block", "queue"] | None = None


class ScanJob(Wire, frozen=True, kw_only=True):
    """A scan."""

    job_id: int
    run_id: int


class Privilege(Wire, frozen=True, kw_only=True):
    """What a user or group of the database may do."""

    grantee: str
    grantee_type: str
    privileges: list[str]
    grantable_privileges: list[str]


class DatabaseUser(Wire, frozen=True, kw_only=True):
    """A user of the database."""

    username: str
    active: bool


class DatabaseGroup(Wire, frozen=True, kw_only=True):
    """A group of the database."""

    group_name: str
    members: list[str]


class WhitelistedIpListed(Wire, frozen=True, kw_only=True):
    """Addresses that are to reach a database, as lists show them."""

    id: int
    remote_host_id: int
    security_group_id: str | None
    subnet_mask: str
    created_at: datetime
    updated_at: datetime


class WhitelistedIp(WhitelistedIpListed, frozen=True, kw_only=True):
    """Addresses that are to reach a database."""

    authorized_by: str
    is_active: Annotated[bool, Meta(description="False: the firewall of the database is not this server's.")]


class Subnet(Wire, frozen=True, kw_only=True):
    """Addresses to write down."""

    subnet_mask: Annotated[str, Meta(min_length=1, max_length=100, description="A network, as 203.0.113.0/24.")]


class AdvancedSettings(Wire, frozen=True, kw_only=True):
    """What may be set of a database."""

    export_caching_enabled: Annotated[bool, Meta(description="Whether exports may be answered from an earlier one.")]


class AdvancedSettingsChange(Wire, frozen=True, kw_only=True):
    """What to change of them; null is no change."""

    export_caching_enabled: bool | None = None


class StatusGraphs(Wire, frozen=True, kw_only=True):
    """Pictures of how a database fares."""

    cpu_graph_url: str | None
    disk_graph_url: str | None
    queue_length_graph_url: str | None
    status_graph_url: str | None
    maintenance_graph_url: str | None
    query_duration_graph_url: str | None


class ByName(Page, frozen=True, kw_only=True):
    """A page of the tables of a database."""

    limit: Annotated[int, Meta(ge=1, le=1000, description="Number of results to return.")] = 200
    order: Annotated[Literal["name"], Meta(description="The field on which to order.")] = "name"  # type: ignore[assignment]
    order_dir: Annotated[Literal["asc", "desc"], Meta(description="Direction in which to sort.")] = "asc"


resource = Resource("/databases", Database)


@resource.get()
def list_databases(call: Call) -> list[Database]:
    """List databases."""
    return [_shown(host) for host in hosts.list_hosts(call, databases=True)]


@resource.get("/{id}")
def get_database(call: Call, id: Id) -> Database:
    """Show database information."""
    return _shown(hosts.get_host(call, id, DATABASE))


@resource.get("/{id}/schemas")
def list_schemas(call: Call, id: Id, name: Contained = None, credential_id: CredentialId = None) -> list[Schema]:
    """List schemas in this database."""
    return [Schema(schema=schema) for schema in databases.list_schemas(call, id, credential_id, name)]


@resource.post("/{id}/schemas/scan", status=201, later=NO_SCANS)
def scan_schema(call: Call, id: Id, body: Scan) -> Later[ScanJob]:
    """Scan a schema. Not served, nor needed: a listing asks the database itself."""
    hosts.get_host(call, id, DATABASE)


@resource.get("/{id}/schemas/{schema_name}/tables")
def list_tables_of_schema(
    call: Call, id: Id, schema_name: SchemaName, credential_id: CredentialId = None
) -> list[TableInSchema]:
    """List tables in this schema."""
    wanted = TableFilter(schema=schema_name, limit=MOST)
    return [
        TableInSchema(name=one.table.name, schema=one.table.schema, is_view=one.table.is_view, database_id=id)
        for one in tables.list_tables(call, wanted, id, credential_id).items
        if one.table.schema == schema_name
    ]


@resource.get("/{id}/schemas/{schema_name}/tables/{table_name}")
def get_table(
    call: Call, id: Id, schema_name: SchemaName, table_name: TableName, credential_id: CredentialId = None
) -> Table:
    """Show basic table info."""
    return table_shapes.whole(tables.find_table(call, id, schema_name, table_name, credential_id))


@resource.patch("/{id}/schemas/{schema_name}/tables/{table_name}")
def update_table(call: Call, id: Id, schema_name: SchemaName, table_name: TableName, body: TableChange) -> Table:
    """Update a table: what is said of it here. The database itself is not changed."""
    hosts.get_host(call, id, DATABASE, Level.WRITE)  # before the database itself is asked
    seen = tables.find_table(call, id, schema_name, table_name, body.credential_id)
    return table_shapes.whole(tables.update_table(call, seen, body.description))


@resource.get("/{id}/schemas/{schema_name}/tables/{table_name}/projects")
def list_table_projects(
    call: Call, id: Id, schema_name: SchemaName, table_name: TableName, hidden: Hidden = False
) -> list[ProjectListed]:
    """List the projects a table belongs to: none, as tables are not put in projects."""
    hosts.get_host(call, id, DATABASE)
    return []


@resource.put("/{id}/schemas/{schema_name}/tables/{table_name}/projects/{project_id}", later=NO_PROJECTS)
def add_table_to_project(call: Call, id: Id, schema_name: SchemaName, table_name: TableName, project_id: Id) -> None:
    """Add a table to a project. Not served."""
    hosts.get_host(call, id, DATABASE)


@resource.delete("/{id}/schemas/{schema_name}/tables/{table_name}/projects/{project_id}", later=NO_PROJECTS)
def remove_table_from_project(
    call: Call, id: Id, schema_name: SchemaName, table_name: TableName, project_id: Id
) -> None:
    """Remove a table from a project. Not served."""
    hosts.get_host(call, id, DATABASE)


@resource.get("/{id}/tables")
def list_tables(call: Call, id: Id, page: ByName, name: Contained = None) -> Slice[TableListed]:
    """List tables in the specified database; `GET /tables` has more filters."""
    wanted = TableFilter(
        contains=name,
        order="name",
        descending=page.order_dir == "desc",
        limit=page.limit,
        offset=page.offset,
    )
    found = tables.list_tables(call, wanted, id)
    return Slice([table_shapes.listed(one) for one in found.items], found.total)


@resource.get("/{id}/tables-search")
def search_tables(
    call: Call,
    id: Id,
    name: Contained = None,
    column_name: Annotated[str | None, Meta(description="Only tables with a column of this name.")] = None,
) -> list[TableFound]:
    """Search the tables of the specified database by their names and those of their columns."""
    wanted = TableFilter(contains=name, column=column_name, with_columns=True, order="name", limit=MOST)
    return [table_shapes.found(one) for one in tables.list_tables(call, wanted, id).items]


@resource.get("/{id}/table_privileges/{schema_name}/{table_name}")
def list_table_privileges(
    call: Call, id: Id, schema_name: SchemaName, table_name: TableName, credential_id: CredentialId = None
) -> list[Privilege]:
    """Show table privileges."""
    return _privileges(databases.list_privileges(call, id, credential_id, schema_name, table_name))


@resource.get("/{id}/schema_privileges/{schema_name}")
def list_schema_privileges(
    call: Call, id: Id, schema_name: SchemaName, credential_id: CredentialId = None
) -> list[Privilege]:
    """Show schema privileges."""
    return _privileges(databases.list_privileges(call, id, credential_id, schema_name))


@resource.get("/{id}/users")
def list_users(
    call: Call,
    id: Id,
    active: Annotated[bool, Meta(description="Those who may log in, or those who no more may.")] = True,
) -> list[DatabaseUser]:
    """Show list of database users."""
    found = databases.list_users(call, id, active=active)
    return [DatabaseUser(username=user.username, active=user.active) for user in found]


@resource.get("/{id}/groups")
def list_groups(call: Call, id: Id) -> list[DatabaseGroup]:
    """List groups in the specified database."""
    found = databases.list_groups(call, id)
    return [DatabaseGroup(group_name=group.name, members=list(group.members)) for group in found]


@resource.get("/{id}/whitelist-ips")
def list_whitelist_ips(call: Call, id: Id) -> list[WhitelistedIpListed]:
    """List whitelisted IPs for the specified database."""
    return [
        WhitelistedIpListed(**{name: getattr(ip, name) for name in WhitelistedIpListed.__struct_fields__})
        for ip in databases.list_ips(call, id)
    ]


@resource.post("/{id}/whitelist-ips", status=201)
def add_whitelist_ip(call: Call, id: Id, body: Subnet) -> WhitelistedIp:
    """Whitelist an IP address: it is written down for who keeps the database's firewall."""
    return _ip(databases.add_ip(call, id, body.subnet_mask))


@resource.get("/{id}/whitelist-ips/{whitelisted_ip_id}")
def get_whitelist_ip(call: Call, id: Id, whitelisted_ip_id: Id) -> WhitelistedIp:
    """View details about a whitelisted IP."""
    return _ip(databases.get_ip(call, id, whitelisted_ip_id))


@resource.delete("/{id}/whitelist-ips/{whitelisted_ip_id}")
def remove_whitelist_ip(call: Call, id: Id, whitelisted_ip_id: Id) -> None:
    """Remove a whitelisted IP address."""
    databases.remove_ip(call, id, whitelisted_ip_id)


@resource.get("/{id}/advanced-settings")
def get_advanced_settings(call: Call, id: Id) -> AdvancedSettings:
    """Get the advanced settings for this database."""
    return _settings(hosts.get_host(call, id, DATABASE))


@resource.patch("/{id}/advanced-settings")
def update_advanced_settings(call: Call, id: Id, body: AdvancedSettingsChange) -> AdvancedSettings:
    """Update the advanced settings for this database."""
    now = _settings(hosts.get_host(call, id, DATABASE)).export_caching_enabled
    enabled = now if body.export_caching_enabled is None else body.export_caching_enabled
    return _settings(databases.set_export_caching(call, id, enabled=enabled))


@resource.put("/{id}/advanced-settings")
def replace_advanced_settings(call: Call, id: Id, body: AdvancedSettings) -> AdvancedSettings:
    """Edit the advanced settings for this database."""
    return _settings(databases.set_export_caching(call, id, enabled=body.export_caching_enabled))


@resource.get("/{id}/status_graphs/timeframe/{timeframe}", later=NO_GRAPHS)
def get_status_graphs(
    call: Call, id: Id, timeframe: Literal["1_hour", "4_hours", "1_day", "2_days", "1_week"]
) -> Later[StatusGraphs]:
    """Get the status graphs for this database. Not served: they are pictures by one vendor of its own databases."""
    hosts.get_host(call, id, DATABASE)


def _shown(host: database.RemoteHost) -> Database:
    target = hosts.target_of(host)
    own = host.type == WAREHOUSE
    return Database(
        id=host.id,
        name=host.name,
        adapter=engines.of_type(host.type).adapter,
        cluster_identifier=None,
        host=None if own else target.host,
        port=None if own else target.port,
        database_name=host.name if own else target.path.strip("/"),
        managed=own,
    )


def _privileges(found: list[database.Privilege]) -> list[Privilege]:
    return [
        Privilege(
            grantee=one.grantee,
            grantee_type=one.grantee_type,
            privileges=list(one.privileges),
            grantable_privileges=list(one.grantable),
        )
        for one in found
    ]


def _ip(found: database.WhitelistedIp) -> WhitelistedIp:
    return WhitelistedIp(**{name: getattr(found, name) for name in WhitelistedIp.__struct_fields__})


def _settings(host: database.RemoteHost) -> AdvancedSettings:
    return AdvancedSettings(export_caching_enabled=bool(host.settings.get("export_caching", False)))
