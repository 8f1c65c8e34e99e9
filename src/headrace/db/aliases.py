"""Queries of aliases. Who may see an alias is who may see the object that it names."""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from headrace.db import objects
from headrace.db.tables import aliases
from headrace.model.alias import Alias
from headrace.model.object import TYPES, Kind
from headrace.model.page import Page, Slice

ALIAS = [aliases.c[name] for name in Alias.__struct_fields__]


def insert(connection: Connection, **values: Any) -> Alias:  # noqa: ANN401
    """A new alias."""
    return Alias(**connection.execute(aliases.insert().values(values).returning(*ALIAS)).mappings().one())


def update(connection: Connection, alias_id: int, **values: Any) -> Alias:  # noqa: ANN401
    """Change an alias."""
    statement = aliases.update().where(aliases.c.id == alias_id).values(values).returning(*ALIAS)
    return Alias(**connection.execute(statement).mappings().one())


def delete(connection: Connection, alias_id: int) -> None:
    """Remove an alias."""
    connection.execute(aliases.delete().where(aliases.c.id == alias_id))


def find(connection: Connection, **values: Any) -> Alias | None:  # noqa: ANN401
    """The alias with these values, whoever asks."""
    matches = [aliases.c[name] == value for name, value in values.items()]
    row = connection.execute(select(*ALIAS).where(*matches)).mappings().one_or_none()
    return Alias(**row) if row else None


def list_visible(connection: Connection, user_id: int, types: Collection[str], page: Page) -> Slice[Alias]:
    """A page of the aliases of these types whose objects a user may see."""
    by_kind: dict[Kind, list[str]] = {}
    for type_ in types:
        by_kind.setdefault(TYPES[type_].kind, []).append(type_)
    seen = [_seen(kind, user_id, among) for kind, among in by_kind.items()]
    matches = sa.or_(sa.false(), *seen)
    column = aliases.c.object_type if page.order == "object_type" else aliases.c.id
    order = (column.asc(), aliases.c.id.asc()) if page.order_dir == "asc" else (column.desc(), aliases.c.id.desc())
    rows = connection.execute(select(*ALIAS).where(matches).order_by(*order).limit(page.limit).offset(page.offset))
    items = [Alias(**row) for row in rows.mappings()]
    if page.page_num == 1 and len(items) < page.limit:  # a first page that is not full is all there is
        return Slice(items, len(items))
    total = connection.execute(select(sa.func.count()).select_from(aliases).where(matches)).scalar_one()
    return Slice(items, total)


def _seen(kind: Kind, user_id: int, types: list[str]) -> sa.ColumnElement[bool]:
    table = objects.TABLES[kind]
    ids = select(table.c.id).where(objects.permitted(kind, user_id))
    return sa.and_(aliases.c.object_type.in_(types), aliases.c.object_id.in_(ids))
