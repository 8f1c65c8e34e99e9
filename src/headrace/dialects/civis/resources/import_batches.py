"""Imports of many files into one table that is there already, each its own only run. Not served yet."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from headrace.api.operation import Later
from headrace.api.resource import Resource
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import Hidden, Id, JobState
from headrace.dialects.civis.resources.imports import LATER, Delimiter
from headrace.model.page import Page, Slice
from headrace.services.call import Call


class BatchPage(Page, frozen=True, kw_only=True):
    """A page of batches."""

    limit: Annotated[int, Meta(ge=1, le=50, description="Number of results to return.")] = 20
    order: Annotated[Literal["updated_at", "created_at"], Meta(description="The field on which to order.")] = (  # type: ignore[assignment]
        "updated_at"
    )


class BatchListed(Wire, frozen=True, kw_only=True):
    """A batch, as lists show it."""

    id: int
    schema: str
    table: str
    remote_host_id: int
    state: JobState
    started_at: datetime | None
    finished_at: datetime | None
    error: str | None


class Batch(BatchListed, frozen=True, kw_only=True):
    """A batch of files, and how far its import has come."""

    hidden: bool


class BatchCreate(Wire, frozen=True, kw_only=True):
    """Files to load into a table."""

    file_ids: Annotated[list[Id], Meta(min_length=1, max_length=10_000, description="The IDs of the files.")]
    schema: Annotated[str, Meta(min_length=1, description="The schema of the destination table.")]
    table: Annotated[str, Meta(min_length=1, description="The destination table, which is there already.")]
    remote_host_id: Annotated[Id, Meta(description="The ID of the database.")]
    credential_id: Annotated[Id, Meta(description="The ID of the credential of the database.")]
    column_delimiter: Annotated[Delimiter | None, Meta(description="`comma` unless told.")] = None
    first_row_is_header: Annotated[bool | None, Meta(description="False unless told.")] = None
    compression: Annotated[Literal["gzip", "zip", "none"] | None, Meta(description="`gzip` unless told.")] = None
    hidden: Hidden = False


resource = Resource("/imports/batches", Batch, later=LATER)


@resource.get()
def list_batches(call: Call, page: BatchPage, hidden: Hidden = False) -> Later[Slice[BatchListed]]:
    """List batch imports."""


@resource.post(status=201)
def create_batch(call: Call, body: BatchCreate) -> Later[Batch]:
    """Load files into a table."""


@resource.get("/{id}")
def get_batch(call: Call, id: Id) -> Later[Batch]:
    """Get a batch import, and how far it has come."""
