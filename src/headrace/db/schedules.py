"""Queries of schedules."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from headrace.db.tables import jobs, schedules
from headrace.model.schedule import Schedule

_SCHEDULES = select(
    *(jobs.c.uid.label(name) if name == "udf_uid" else schedules.c[name] for name in Schedule.__struct_fields__)
).join(jobs, jobs.c.id == schedules.c.udf_id)


def insert_schedule(connection: Connection, **values: Any) -> int:  # noqa: ANN401 - columns of the table
    """A new schedule; its id."""
    return connection.execute(schedules.insert().values(values).returning(schedules.c.id)).scalar_one()


def update_schedule(connection: Connection, schedule_id: int, **values: Any) -> None:  # noqa: ANN401
    """Change a schedule."""
    connection.execute(schedules.update().where(schedules.c.id == schedule_id).values(values))


def delete_schedule(connection: Connection, schedule_id: int) -> None:
    """Forget a schedule."""
    connection.execute(schedules.delete().where(schedules.c.id == schedule_id))


def find_schedule(connection: Connection, *matches: sa.ColumnElement[bool]) -> Schedule | None:
    """The schedule that matches."""
    row = connection.execute(_SCHEDULES.where(*matches)).mappings().one_or_none()
    return Schedule(**row) if row else None


def list_schedules(connection: Connection, *matches: sa.ColumnElement[bool]) -> list[Schedule]:
    """The schedules that match, the oldest first."""
    rows = connection.execute(_SCHEDULES.where(*matches).order_by(schedules.c.id)).mappings()
    return [Schedule(**row) for row in rows]


def count_schedules(connection: Connection, owner_id: int) -> int:
    """How many schedules somebody has."""
    return connection.execute(
        select(sa.func.count()).select_from(schedules).where(schedules.c.owner_id == owner_id)
    ).scalar_one()
