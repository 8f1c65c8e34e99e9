"""Searching all objects that a person may see, of every kind, in one statement where they are few."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from headrace.db import objects, runs
from headrace.db import tables as t
from headrace.model.object import SEARCHED, TYPES, Kind
from headrace.model.run import Entry
from headrace.model.search import Found, Hit, Wish, counts_of

FEW = 2_000  # hits that are read at once


def search(connection: Connection, user_id: int, wish: Wish, *, order: str, offset: int, limit: int) -> Found:
    """What a user may see and wishes for: best first, the latest change first, or by name."""
    everything = sa.union_all(*(_of_kind(kind, user_id, wish) for kind in SEARCHED)).subquery()
    of = everything.c
    by = {"score": [of.score.desc(), of.updated_at.desc()], "updated_at": [of.updated_at.desc()], "name": [of.name]}
    columns = [of[name] for name in Hit.__struct_fields__ if name != "last_run"]
    ordered = select(*columns).order_by(*by[order], of.type, of.id)
    # Of few, the counts are taken here: for PostgreSQL, planning is half of what each of two statements costs.
    hits = [Hit(**row) for row in connection.execute(ordered.limit(FEW + 1)).mappings()]
    if len(hits) <= FEW:
        counted = Counter((hit.type, hit.archived, hit.owner_id) for hit in hits)
        total, counts = counts_of([(*group, n) for group, n in counted.items()], wish, user_id)
        return Found(hits=[hit for hit in hits if wish.takes(hit)][offset : offset + limit], total=total, counts=counts)
    groups = (of.type, of.archived, of.owner_id)
    grouped = connection.execute(select(*groups, sa.func.count()).group_by(*groups))
    total, counts = counts_of(
        [(type_, bool(archived), owner, n) for type_, archived, owner, n in grouped], wish, user_id
    )
    matches: list[sa.ColumnElement[bool]] = []
    if wish.owner_ids is not None:
        matches.append(of.owner_id.in_(wish.owner_ids))
    if wish.types is not None:
        matches.append(of.type.in_(wish.types))
    if wish.archived is not None:
        matches.append(of.archived if wish.archived else sa.not_(of.archived))
    page = ordered.where(*matches).offset(offset).limit(limit)
    hits = [Hit(**row) for row in connection.execute(page).mappings()] if total > offset else []
    return Found(hits=hits, total=total, counts=counts)


def last_runs(connection: Connection, job_ids: Sequence[int], user_id: int) -> dict[int, Entry]:
    """The last run of each of these jobs; of a udf, of those that the user may see."""
    open_ = sa.or_(t.jobs.c.kind != "udf", runs.visible_to(user_id))
    latest = (
        select(t.runs.c.id)
        .where(t.runs.c.job_id == t.jobs.c.id, open_)
        .order_by(t.runs.c.started_at.desc(), t.runs.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    ids = select(latest).where(t.jobs.c.id.in_(job_ids))
    found = connection.execute(select(*runs.ENTRY).where(t.runs.c.id.in_(ids))).mappings()
    return {row["job_id"]: runs.entry(row) for row in found}


def _of_kind(kind: Kind, user_id: int, wish: Wish) -> sa.Select[*tuple[Any, ...]]:
    """Everything of one kind that has the words in its name, in the shape that all kinds share."""
    table = objects.TABLES[kind]
    is_job = kind is Kind.JOB
    words = {noun.jobs[0] if is_job else kind: word for word, noun in TYPES.items() if noun.kind is kind}
    type_ = sa.case(words, value=table.c.kind) if is_job else sa.literal(words[kind])
    matches = [table.c.kind.in_(words)] if is_job else []
    matches += [table.c.name.icontains(word, autoescape=True) for word in wish.words]
    if wish.state is not None:
        matches.append(table.c.state == wish.state if is_job else sa.false())
    columns: list[Any] = [
        type_.label("type"),
        table.c.id,
        table.c.name,
        table.c.owner_id,
        table.c.updated_at,
        table.c.archived,
        (table.c.public_read if is_job else sa.false()).label("public"),
        (table.c.auto_share if kind is Kind.PROJECT else sa.null().cast(sa.Boolean)).label("auto_share"),
        _score(table, " ".join(wish.words)).label("score"),
    ]
    return select(*columns).where(objects.permitted(kind, user_id), sa.not_(table.c.hidden), *matches)


def _score(table: sa.Table, text: str) -> sa.ColumnElement[float]:
    if not text:
        return sa.literal(1.0, sa.Float)
    is_so = sa.func.lower(table.c.name) == sa.func.lower(text)
    return sa.case((is_so, 1.0), (table.c.name.istartswith(text, autoescape=True), 0.75), else_=0.5)
