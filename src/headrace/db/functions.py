"""Queries of registered functions."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from headrace.db.tables import functions
from headrace.model.function import Function, Type

FUNCTION = [functions.c[name] for name in Function.__struct_fields__]


def insert(connection: Connection, **values: Any) -> Function:  # noqa: ANN401 - columns of the table
    """A new function."""
    return _function(connection.execute(functions.insert().values(values).returning(*FUNCTION)).mappings().one())


def update(connection: Connection, function_id: int, **values: Any) -> Function:  # noqa: ANN401
    """The function after the change."""
    statement = functions.update().where(functions.c.id == function_id).values(values).returning(*FUNCTION)
    return _function(connection.execute(statement).mappings().one())


def find(connection: Connection, namespace: str, name: str) -> Function | None:
    """The function of a namespace with that name, whoever asks."""
    statement = select(*FUNCTION).where(functions.c.namespace == namespace, functions.c.name == name)
    row = connection.execute(statement).mappings().one_or_none()
    return _function(row) if row else None


def read(connection: Connection, ids: Sequence[int]) -> list[Function]:
    """These functions, in this order; those that are gone are left out."""
    rows = connection.execute(select(*FUNCTION).where(functions.c.id.in_(ids))).mappings()
    found = {row["id"]: _function(row) for row in rows}
    return [found[one] for one in ids if one in found]


def code_of(connection: Connection, function_id: int) -> bytes:
    """Its pickle."""
    return connection.execute(select(functions.c.code).where(functions.c.id == function_id)).scalar_one()


def _function(row: Any) -> Function:  # noqa: ANN401 - a row
    values: dict[str, Any] = {**row, "type": Type(row["type"])}
    return Function(**values)
