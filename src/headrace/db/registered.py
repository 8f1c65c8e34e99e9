"""Queries of what is registered under a name in a namespace."""

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection, select

from headrace.db.objects import table_of
from headrace.db.tables import functions
from headrace.model.object import Noun
from headrace.model.registered import Registered

Kept = TypeVar("Kept", bound=Registered)


def insert(connection: Connection, noun: Noun, kept: type[Kept], **values: Any) -> Kept:  # noqa: ANN401 - columns
    """A new object of the noun."""
    statement = table_of(noun).insert().values(values).returning(*_columns(noun, kept))
    return _read(kept, connection.execute(statement).one())


def update(connection: Connection, noun: Noun, kept: type[Kept], object_id: int, **values: Any) -> Kept:  # noqa: ANN401
    """The object after the change."""
    table = table_of(noun)
    statement = table.update().where(table.c.id == object_id).values(values).returning(*_columns(noun, kept))
    return _read(kept, connection.execute(statement).one())


def find(connection: Connection, noun: Noun, kept: type[Kept], namespace: str, name: str) -> Kept | None:
    """The object of a namespace with that name, whoever asks."""
    table = table_of(noun)
    statement = select(*_columns(noun, kept)).where(table.c.namespace == namespace, table.c.name == name)
    row = connection.execute(statement).one_or_none()
    return None if row is None else _read(kept, row)


def read(connection: Connection, noun: Noun, kept: type[Kept], ids: Sequence[int]) -> list[Kept]:
    """These objects of the noun, in this order; those that are gone are left out."""
    statement = select(*_columns(noun, kept)).where(table_of(noun).c.id.in_(ids))
    found = {one.id: one for one in (_read(kept, row) for row in connection.execute(statement))}
    return [found[one] for one in ids if one in found]


def code_of(connection: Connection, function_id: int) -> bytes:
    """The pickle of a function."""
    return connection.execute(select(functions.c.code).where(functions.c.id == function_id)).scalar_one()


def _columns(noun: Noun, kept: type[Kept]) -> list[sa.Column[Any]]:
    return [table_of(noun).c[name] for name in kept.__struct_fields__]


def _read(kept: type[Kept], row: sa.Row[Any]) -> Kept:
    return msgspec.convert(dict(zip(kept.__struct_fields__, row, strict=True)), kept)
