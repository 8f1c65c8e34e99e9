"""Searching all objects that a person may see, of every kind, in one statement that is built once."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, bindparam, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from headrace.db import objects, runs
from headrace.db import tables as t
from headrace.db.objects import ME, literal
from headrace.model.object import SEARCHED, TYPES, Kind
from headrace.model.run import Entry
from headrace.model.search import Found, Hit, Wish, counts_of

COLUMNS = [name for name in Hit.__struct_fields__ if name != "last_run"]
SORTS = ("type", "owner_id", "archived")
OWNERS = bindparam("owners", type_=sa.BigInteger, expanding=True)
NOBODY = sa.literal_column("0", sa.BigInteger)


def search(connection: Connection, user_id: int, wish: Wish, *, order: str, offset: int, limit: int) -> Found:
    """What a user may see and wishes for: best first, the latest change first, or by name."""
    texts = {f"word{n}": word for n, word in enumerate(wish.words)} | {"text": " ".join(wish.words)}
    asked: dict[str, Any] = {
        "types": None if wish.types is None else [*wish.types],
        "owners": None if wish.owner_ids is None else [*wish.owner_ids],
        "archived": wish.archived,
        "state": wish.state,
    }
    values = {name: value for name, value in asked.items() if value is not None}
    statement = _statement(len(wish.words), frozenset(values), order)
    rows = connection.execute(statement, {"me": user_id, "offset": offset, "limit": limit} | texts | values).all()
    hits = [Hit(**dict(zip(COLUMNS, row, strict=False))) for row in rows if row.number is None]
    numbers = [(row.type, bool(row.archived), row.owner_id, row.number) for row in rows if row.number is not None]
    total, counts = counts_of(numbers, wish, user_id)
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


@lru_cache(128)
def _statement(words: int, given: frozenset[str], order: str) -> sa.Select[*tuple[Any, ...]]:
    """A page of what is found, and besides it how much there is of each sort, in rows that have a number.

    Building it takes longer than asking it, so it is kept. What somebody sees is put aside before names are looked at:
    most see little of all that there is, and that is cheaper to say than whether a name has the words.
    """
    found = _found(words, has_state="state" in given)
    of = found.c
    matches: list[sa.ColumnElement[bool]] = []
    if "types" in given:
        matches.append(of.type.in_(bindparam("types", type_=sa.Text, expanding=True)))
    if "owners" in given:
        matches.append(of.owner_id.in_(OWNERS))
    if "archived" in given:
        matches.append(of.archived == bindparam("archived", type_=sa.Boolean))
    hits = select(*(of[name] for name in COLUMNS), sa.null().cast(sa.BigInteger).label("number")).where(*matches)
    page = hits.order_by(*_order(of, order)).limit(bindparam("limit")).offset(bindparam("offset")).subquery()
    # Whose something is matters where it is the caller's or somebody's that is asked for; all others are one.
    whose = [(of.owner_id == ME, ME), *([(of.owner_id.in_(OWNERS), of.owner_id)] if "owners" in given else [])]
    sort = {"type": of.type, "owner_id": sa.case(*whose, else_=NOBODY), "archived": of.archived}
    sorts = select(*(value.label(name) for name, value in sort.items())).subquery()
    columns = [sorts.c[name] if name in sort else sa.null().label(name) for name in COLUMNS]
    numbers = select(*columns, sa.func.count()).group_by(*sorts.c)
    both = sa.union_all(select(page), numbers).subquery()
    return select(both).order_by(*_order(both.c, order))


def _found(words: int, *, has_state: bool) -> sa.CTE:
    """What has the words in its name, of all that somebody may see."""
    given = objects.given()
    kinds = [_of_kind(kind, given) for kind in ([Kind.JOB] if has_state else SEARCHED)]
    if has_state:
        kinds = [kind.where(t.jobs.c.state == bindparam("state", type_=sa.Text)) for kind in kinds]
    seen = sa.union_all(*kinds).cte("seen").prefix_with("MATERIALIZED")
    name = sa.func.lower(seen.c.name)
    matches = [Place(name, _lowered(f"word{n}")) > sa.literal_column("0") for n in range(words)]
    score = sa.literal_column("1.0", sa.Float)
    if words:
        text = _lowered("text")
        begins = Place(name, text) == sa.literal_column("1")
        score = sa.case((name == text, score), (begins, sa.literal_column("0.75")), else_=sa.literal_column("0.5"))
    return select(*seen.c, score.label("score")).where(*matches).cte("found").prefix_with("MATERIALIZED")


def _of_kind(kind: Kind, given: sa.CTE) -> sa.Select[*tuple[Any, ...]]:
    """Everything of one kind that somebody may see, in the shape that all kinds share."""
    table = objects.TABLES[kind]
    is_job = kind is Kind.JOB
    words = {noun.jobs[0] if is_job else kind: word for word, noun in TYPES.items() if noun.kind is kind}
    told = [(table.c.kind == literal(run_by), literal(word)) for run_by, word in words.items()] if is_job else []
    columns: list[Any] = [
        (sa.case(*told) if is_job else literal(words[kind])).label("type"),
        table.c.id,
        table.c.name,
        table.c.owner_id,
        table.c.updated_at,
        table.c.archived,
        (table.c.public_read if is_job else sa.false()).label("public"),
        (table.c.auto_share if kind is Kind.PROJECT else sa.null().cast(sa.Boolean)).label("auto_share"),
    ]
    is_given = table.c.id.in_(select(given.c.object_id).where(given.c.kind == literal(kind)))
    matches = [table.c.kind.in_([literal(run_by) for run_by in words])] if is_job else []
    return select(*columns).where(sa.or_(table.c.owner_id == ME, is_given), sa.not_(table.c.hidden), *matches)


def _order(of: sa.sql.ColumnCollection[str, Any], by: str) -> list[sa.ColumnElement[Any]]:
    """The order of what is found; a tie goes by type and id."""
    first = {"score": [of.score.desc(), of.updated_at.desc()], "updated_at": [of.updated_at.desc()], "name": [of.name]}
    return [*first[by], of.type, of.id]


def _lowered(name: str) -> sa.ScalarSelect[str]:
    """A value in small letters; as a query of its own, so that the database says it once and not for each row."""
    return select(sa.func.lower(bindparam(name, type_=sa.Text))).scalar_subquery()


class Place(FunctionElement[int]):
    """Where in a text another begins, counted from 1; 0 where it is not in it."""

    name = "place"
    type = sa.Integer()
    inherit_cache = True


@compiles(Place, "sqlite")
def _instr(place: Place, compiler: sa.sql.compiler.SQLCompiler, **more: Any) -> str:  # noqa: ANN401
    return f"instr({compiler.process(place.clauses, **more)})"


@compiles(Place, "postgresql")
def _strpos(place: Place, compiler: sa.sql.compiler.SQLCompiler, **more: Any) -> str:  # noqa: ANN401
    return f"strpos({compiler.process(place.clauses, **more)})"
