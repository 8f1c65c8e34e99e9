"""Queries of JSON values."""

from typing import Any

from sqlalchemy import Connection, select

from headrace.db.tables import json_values
from headrace.model.value import JsonValue

VALUE = [json_values.c[name] for name in JsonValue.__struct_fields__]


def insert(connection: Connection, **values: Any) -> JsonValue:  # noqa: ANN401
    """A new value."""
    return JsonValue(**connection.execute(json_values.insert().values(values).returning(*VALUE)).mappings().one())


def find(connection: Connection, value_id: int) -> JsonValue | None:
    """The value of that id, whoever asks."""
    row = connection.execute(select(*VALUE).where(json_values.c.id == value_id)).mappings().one_or_none()
    return JsonValue(**row) if row else None
