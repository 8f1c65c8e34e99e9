"""Queries of templates."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from headrace.db.tables import jobs, templates
from headrace.model.template import Template

_made = jobs.alias()
_ELSEWHERE = {
    "job_kind": jobs.c.kind,
    "settings": jobs.c.settings,
    "uses": select(sa.func.count()).where(_made.c.template_id == templates.c.id).scalar_subquery(),
}
TEMPLATE = [
    _ELSEWHERE[name].label(name) if name in _ELSEWHERE else templates.c[name] for name in Template.__struct_fields__
]


def insert(connection: Connection, **values: Any) -> int:  # noqa: ANN401
    """A new template; its id."""
    return connection.execute(templates.insert().values(values).returning(templates.c.id)).scalar_one()


def read(connection: Connection, ids: Sequence[int]) -> list[Template]:
    """These templates, in this order; those that are gone are left out."""
    statement = select(*TEMPLATE).join(jobs, jobs.c.id == templates.c.job_id).where(templates.c.id.in_(ids))
    found = {row["id"]: Template(**row) for row in connection.execute(statement).mappings()}
    return [found[one] for one in ids if one in found]
