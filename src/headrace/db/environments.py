"""Queries of environments."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from headrace.db.tables import environments
from headrace.model.environment import Environment, State
from headrace.model.page import Slice

ENVIRONMENT = [environments.c[name] for name in Environment.__struct_fields__]
UNDER_WAY = (State.PENDING, State.BUILDING)


def insert(connection: Connection, **values: Any) -> Environment:  # noqa: ANN401
    """A new environment."""
    row = connection.execute(environments.insert().values(values).returning(*ENVIRONMENT)).mappings().one()
    return _read(row)


def change(connection: Connection, *matches: sa.ColumnElement[bool], **values: Any) -> Environment | None:  # noqa: ANN401
    """Change the environment that matches; None where none does."""
    statement = environments.update().where(*matches).values(values).returning(*ENVIRONMENT)
    row = connection.execute(statement).mappings().one_or_none()
    return _read(row) if row else None


def delete(connection: Connection, environment_id: int) -> None:
    """Remove an environment."""
    connection.execute(environments.delete().where(environments.c.id == environment_id))


def find(connection: Connection, *matches: sa.ColumnElement[bool]) -> Environment | None:
    """The environment that matches."""
    row = connection.execute(select(*ENVIRONMENT).where(*matches)).mappings().one_or_none()
    return _read(row) if row else None


def list_of(connection: Connection, owner_id: int, offset: int, limit: int) -> Slice[Environment]:
    """The environments of an owner, by name."""
    mine = environments.c.owner_id == owner_id
    rows = connection.execute(
        select(*ENVIRONMENT).where(mine).order_by(environments.c.name).offset(offset).limit(limit)
    )
    return Slice([_read(row) for row in rows.mappings()], count_of(connection, owner_id))


def count_of(connection: Connection, owner_id: int) -> int:
    """How many environments an owner has."""
    mine = environments.c.owner_id == owner_id
    return connection.execute(select(sa.func.count()).select_from(environments).where(mine)).scalar_one()


def next_to_build(connection: Connection) -> Environment | None:
    """The environment that has waited for its build longest. One that is `building` was given up by a dead server."""
    waiting = environments.c.state.in_(UNDER_WAY)
    statement = select(*ENVIRONMENT).where(waiting).order_by(environments.c.updated_at, environments.c.id).limit(1)
    row = connection.execute(statement).mappings().one_or_none()
    return _read(row) if row else None


def digests(connection: Connection) -> set[str]:
    """The folders that environments use."""
    return set(connection.execute(select(environments.c.digest).where(environments.c.digest.is_not(None))).scalars())


def renew(connection: Connection, lost: set[str]) -> None:
    """Have environments built again whose folders are not there."""
    connection.execute(environments.update().where(environments.c.digest.in_(lost)).values(state=State.PENDING))


def _read(row: Any) -> Environment:  # noqa: ANN401 - a row's mapping
    values: dict[str, Any] = dict(row)
    values["state"] = State(values["state"])
    return Environment(**values)
