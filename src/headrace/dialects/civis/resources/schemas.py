"""Schemas of the warehouse: what their owners share, and who may read and write the tables in them."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from headrace.api.resource import Resource
from headrace.dialects.civis.codec import Wire
from headrace.dialects.civis.fields import Id
from headrace.dialects.civis.traits.sharing import shares
from headrace.dialects.civis.traits.transfer import transferable
from headrace.model.object import Object
from headrace.services import schemas
from headrace.services.call import Call

SchemaName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,62}$",
        description="Letters, digits and _.- after a letter; unique on this server.",
    ),
]


class Schema(Wire, frozen=True, kw_only=True):
    """A schema of the warehouse. Statements call its tables `name.table`."""

    id: int
    name: str
    owner_id: int
    created_at: datetime
    updated_at: datetime


class SchemaCreate(Wire, frozen=True, kw_only=True):
    """A schema to make."""

    name: SchemaName


resource = Resource("/schemas", Schema, traits=[shares(schemas.SCHEMA), transferable(schemas.SCHEMA)])


@resource.get()
def list_schemas(call: Call) -> list[Schema]:
    """List the schemas of the warehouse that you may see."""
    return [_shown(one) for one in schemas.list_schemas(call)]


@resource.post(status=201)
def create_schema(call: Call, body: SchemaCreate) -> Schema:
    """Create a schema in the warehouse."""
    return _shown(schemas.create_schema(call, body.name))


@resource.get("/{id}")
def get_schema(call: Call, id: Id) -> Schema:
    """Get a schema of the warehouse."""
    return _shown(schemas.get_schema(call, id))


@resource.delete("/{id}", status=204)
def delete_schema(call: Call, id: Id) -> None:
    """Delete a schema with every table in it."""
    schemas.delete_schema(call, id)


def _shown(one: Object) -> Schema:
    return Schema(id=one.id, name=one.name, owner_id=one.owner_id, created_at=one.created_at, updated_at=one.updated_at)
