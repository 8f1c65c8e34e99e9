"""Tables of databases on this wire (Civis protocol notes 5.14)."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta

from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.shapes import LastRun
from headrace.model import database
from headrace.services.tables import Seen


class TableTag(Wire, frozen=True, kw_only=True):
    """A tag of a table."""

    id: int
    name: str


class TableListed(Wire, frozen=True, kw_only=True):
    """A table, as lists show it."""

    id: int
    database_id: int
    schema: str
    name: str
    description: str | None
    is_view: bool
    row_count: Annotated[int | None, Meta(description="As last counted, else as the database estimates it.")]
    column_count: int | None
    size_mb: float | None
    owner: str | None
    distkey: str | None
    sortkeys: str | None
    refresh_status: Annotated[str, Meta(description="`current` where it was counted once, `stale` else.")]
    last_refresh: datetime | None
    refresh_id: str | None
    last_run: LastRun | None
    table_tags: list[TableTag]


class TableFound(TableListed, frozen=True, kw_only=True):
    """A table, as searches show it."""

    column_names: list[str]


class Column(Wire, frozen=True, kw_only=True):
    """A column of a table. What was not counted is null or empty."""

    name: str
    civis_data_type: Annotated[str, Meta(description="The type in words that hold for every database.")]
    sql_type: str
    sample_values: list[str]
    encoding: str | None
    description: str | None
    order: int
    min_value: str | None
    max_value: str | None
    avg_value: float | None
    stddev: float | None
    value_distribution_percent: dict[str, Any]
    coverage_count: Annotated[int | None, Meta(description="Values that are not null, as last counted.")]
    null_count: int | None
    possible_dependent_variable_types: list[str]
    useable_as_independent_variable: bool
    useable_as_primary_key: bool
    value_distribution: dict[str, Any]
    distinct_count: Annotated[int | None, Meta(description="Different values, null among them, as last counted.")]


class TableWithOntology(TableListed, frozen=True, kw_only=True):
    """A table with what users say of it."""

    data_updated_at: datetime | None
    schema_updated_at: datetime | None
    primary_keys: list[str]
    last_modified_keys: list[str]
    ontology_mapping: dict[str, Any]


class Table(TableWithOntology, frozen=True, kw_only=True):
    """A table with its columns."""

    columns: list[Column]
    joins: list[dict[str, Any]]
    multipart_key: list[str]
    enhancements: list[dict[str, Any]]
    view_def: str | None
    table_def: str | None
    outgoing_table_matches: list[dict[str, Any]]


def listed(seen: Seen) -> TableListed:
    """A table as lists show it."""
    return TableListed(**_facts(seen))


def found(seen: Seen) -> TableFound:
    """A table as searches show it."""
    return TableFound(**_facts(seen), column_names=list(seen.table.column_names))


def with_ontology(seen: Seen) -> TableWithOntology:
    """A table with what users say of it."""
    return TableWithOntology(**_facts(seen), **_said(seen))


def whole(seen: Seen) -> Table:
    """A table with its columns."""
    return Table(
        **_facts(seen),
        **_said(seen),
        columns=columns(seen),
        joins=[],
        multipart_key=list(seen.table.primary_key) if len(seen.table.primary_key) > 1 else [],
        enhancements=[],
        view_def=seen.table.definition,
        table_def=None,
        outgoing_table_matches=[],
    )


def columns(seen: Seen) -> list[Column]:
    """The columns of a table, in its order."""
    return [_column(seen, column) for column in seen.table.columns]


def _facts(seen: Seen) -> dict[str, Any]:
    table, known, counted = seen.table, seen.known, seen.statistics
    return {
        "id": known.id,
        "database_id": known.remote_host_id,
        "schema": table.schema,
        "name": table.name,
        "description": seen.description,
        "is_view": table.is_view,
        "row_count": counted.rows if counted else table.rows,
        "column_count": table.column_count,
        "size_mb": None if table.size is None else table.size / 1_000_000,
        "owner": table.owner,
        "distkey": None,
        "sortkeys": None,
        "refresh_status": "current" if known.refreshed_at else "stale",
        "last_refresh": known.refreshed_at,
        "refresh_id": None,
        "last_run": None,
        "table_tags": [],
    }


def _said(seen: Seen) -> dict[str, Any]:
    said = seen.known.settings
    return {
        "data_updated_at": None,
        "schema_updated_at": None,
        "primary_keys": said.get("primary_keys", list(seen.table.primary_key)),
        "last_modified_keys": said.get("last_modified_keys", []),
        "ontology_mapping": said.get("ontology_mapping", {}),
    }


def _column(seen: Seen, column: database.Column) -> Column:
    statistics = seen.statistics
    counted = statistics.columns.get(column.name) if statistics else None
    rows = statistics.rows if statistics else 0
    unique = counted is not None and counted.values == counted.distinct == rows
    return Column(
        name=column.name,
        civis_data_type=column.generic_type,
        sql_type=column.sql_type,
        sample_values=[],
        encoding=None,
        description=column.description,
        order=column.order,
        min_value=None,
        max_value=None,
        avg_value=None,
        stddev=None,
        value_distribution_percent={},
        coverage_count=counted.values if counted else None,
        null_count=rows - counted.values if counted else None,
        possible_dependent_variable_types=[],
        useable_as_independent_variable=False,
        useable_as_primary_key=column.name in seen.table.primary_key or unique,
        value_distribution={},
        distinct_count=counted.distinct if counted else None,
    )
