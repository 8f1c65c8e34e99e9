"""Queries that hold for objects of every kind: who may see them, with whom they are shared, on which shelf they are.

Selecting is selecting what a person may see: `permitted` is the one expression that says so, for every list, count
and search.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from headrace.db import tables as t
from headrace.db.tables import group_members, groups, project_objects, projects, shares, users
from headrace.model.database import WAREHOUSE
from headrace.model.object import SEARCHED, TYPES, Kind, Level, Noun, Object, Share
from headrace.model.page import Page

TABLES: dict[Kind, sa.Table] = {
    Kind.JOB: t.jobs,
    Kind.FILE: t.files,
    Kind.PROJECT: projects,
    Kind.CREDENTIAL: t.credentials,
    Kind.DATABASE: t.remote_hosts,
    Kind.STORAGE_HOST: t.storage_hosts,
    Kind.TEMPLATE: t.templates,
    Kind.JSON_VALUE: t.json_values,
    Kind.ARRAY: t.arrays,
    Kind.SCHEMA: t.schemas,
    Kind.FUNCTION: t.functions,
    Kind.TASK_GRAPH: t.registered_graphs,
}
Matches = Iterable[sa.ColumnElement[bool]]
Who = int | sa.BindParameter[int]  # a user's id, or its place in a statement that is kept
ME = sa.bindparam("me", type_=sa.BigInteger)  # whoever asks a statement that is kept
EVERYBODYS = "everybodys"  # what is open to all, among the ways in which something is open to somebody
OPEN_TO_ALL = {
    Kind.DATABASE: (t.remote_hosts, t.remote_hosts.c.type == WAREHOUSE),
    Kind.ARRAY: (t.arrays, t.arrays.c.public_read),
}


def table_of(noun: Noun) -> sa.Table:
    """The table that its objects are kept in."""
    return TABLES[noun.kind]


def narrowed(noun: Noun) -> list[sa.ColumnElement[bool]]:
    """What tells the noun's objects from others in their table."""
    return [t.jobs.c.kind.in_(noun.jobs)] if noun.jobs else []


def permitted(kind: Kind, user_id: int, level: Level = Level.READ) -> sa.ColumnElement[bool]:
    """The objects with which a user may do that much.

    Their own, those shared with them or with a group of theirs, and those in a project that shares what is in it and
    is theirs or shared with them. Everybody may see the database that comes with the server, and arrays that are
    public.
    """
    table = TABLES[kind]
    ids = [select(some.c.object_id).where(some.c.level >= level) for some in _given(kind, user_id)]
    return sa.or_(table.c.owner_id == user_id, table.c.id.in_(sa.union_all(*ids)))


def shared_with(kind: Kind, user_id: int, level: Level = Level.READ) -> sa.ColumnElement[bool]:
    """The objects that others share with a user in so many words, or with a group or a project of theirs."""
    table = TABLES[kind]
    given = [some for some in _given(kind, user_id) if some.name != EVERYBODYS]
    ids = [select(some.c.object_id).where(some.c.level >= level) for some in given]
    return sa.and_(table.c.owner_id != user_id, table.c.id.in_(sa.union_all(*ids)))


def level_of(connection: Connection, noun: Noun, object_id: int, user_id: int) -> Level | None:
    """The most that a user may do with an object; None where they may not see it, or it is not there."""
    return levels_of(connection, noun, [object_id], user_id).get(object_id)


def levels_of(connection: Connection, noun: Noun, ids: Sequence[int], user_id: int) -> dict[int, Level]:
    """The most that a user may do with each of these objects; those that they may not see are left out."""
    table = table_of(noun)
    among = [table.c.id.in_(ids), *narrowed(noun)]
    owned = select(table.c.id.label("object_id"), _whole(Level.MANAGE)).where(table.c.owner_id == user_id, *among)
    # Asked for by the object, each of these walks an index; what is given to somebody in all may be very much.
    given = [
        select(some.c.object_id, some.c.level).where(
            some.c.object_id.in_(select(table.c.id).where(*among) if narrowed(noun) else ids)
        )
        for some in _given(noun.kind, user_id)
    ]
    found = sa.union_all(owned, *given).subquery()
    statement = select(found.c.object_id, sa.func.max(found.c.level)).group_by(found.c.object_id)
    return {object_id: Level(level) for object_id, level in connection.execute(statement)}


@cache  # for a statement like this, building takes longer than asking
def given() -> sa.CTE:
    """What is open to ME though it is not theirs, of every kind: kinds, ids and levels, put aside once."""
    ways = [select(some.c.kind, some.c.object_id, some.c.level) for some in _given(None, ME)]
    return sa.union_all(*ways).cte("given").prefix_with("MATERIALIZED")


@cache
def managed() -> sa.CTE:
    """What ME manages, of every kind: kinds and ids, each once."""
    more = given()
    owned = [
        select(literal(kind).label("kind"), table.c.id.label("object_id")).where(table.c.owner_id == ME)
        for kind, table in TABLES.items()
    ]
    shared = select(more.c.kind, more.c.object_id).where(more.c.level >= int(Level.MANAGE))
    return sa.union(*owned, shared).cte("managed").prefix_with("MATERIALIZED")


def _given(kind: Kind | None, user_id: Who) -> list[sa.Subquery]:
    """Kinds, ids and levels of objects, by each way in which what is not theirs is open to somebody.

    Of one kind, or of every kind (None); what is open to all then of those alone that people search for.
    """
    direct = select(shares.c.kind, shares.c.object_id, shares.c.level).where(*_of(shares, kind), _granted(user_id))
    if kind is Kind.PROJECT:
        return [direct.subquery()]
    within = project_objects.join(
        projects, sa.and_(projects.c.id == project_objects.c.project_id, projects.c.auto_share)
    )
    member = (project_objects.c.kind, project_objects.c.object_id)
    mine = select(*member, _whole(Level.MANAGE)).select_from(within)
    mine = mine.where(*_of(project_objects, kind), projects.c.owner_id == user_id)
    shared = sa.and_(shares.c.kind == Kind.PROJECT, shares.c.object_id == projects.c.id)
    theirs = select(*member, shares.c.level).select_from(within.join(shares, shared))
    theirs = theirs.where(*_of(project_objects, kind), _granted(user_id))
    ways = [one.subquery() for one in (direct, mine, theirs)]
    return ways + [_everybodys(one) for one in OPEN_TO_ALL if one is kind or (kind is None and one in SEARCHED)]


def _everybodys(kind: Kind) -> sa.Subquery:
    table, matches = OPEN_TO_ALL[kind]
    columns = (literal(kind).label("kind"), table.c.id.label("object_id"), _whole(Level.READ))
    return select(*columns).where(matches).subquery(EVERYBODYS)


def _of(table: sa.Table, kind: Kind | None) -> list[sa.ColumnElement[bool]]:
    return [] if kind is None else [table.c.kind == kind]


def _granted(user_id: Who) -> sa.ColumnElement[bool]:
    of_theirs = select(group_members.c.group_id).where(group_members.c.user_id == user_id)
    return sa.or_(shares.c.user_id == user_id, shares.c.group_id.in_(of_theirs))


def literal(word: str) -> sa.ColumnClause[str]:
    """A word of our own as it stands: each that is bound costs time at every execution."""
    return sa.literal_column(f"'{word}'", sa.Text)


def _whole(level: Level) -> sa.Label[int]:
    return sa.literal_column(str(int(level)), sa.Integer).label("level")


def find(connection: Connection, noun: Noun, object_id: int) -> Object | None:
    """What every object has, of this one, whoever asks."""
    table = table_of(noun)
    columns = [table.c[name] for name in Object.__struct_fields__]
    row = connection.execute(select(*columns).where(table.c.id == object_id, *narrowed(noun))).mappings().one_or_none()
    return Object(**row) if row else None


def update(connection: Connection, noun: Noun, object_id: int, **values: Any) -> None:  # noqa: ANN401
    """Change columns of an object."""
    table = table_of(noun)
    connection.execute(table.update().where(table.c.id == object_id).values(values))


def delete(connection: Connection, noun: Noun, object_id: int) -> None:
    """Remove an object, from its projects and from whom it was shared with too."""
    table = table_of(noun)
    forget(connection, noun.kind, select(table.c.id).where(table.c.id == object_id))
    connection.execute(table.delete().where(table.c.id == object_id))


def forget(connection: Connection, kind: Kind, ids: sa.Select[Any]) -> None:
    """Forget with whom these objects were shared, in which projects they were and how they were called.

    They are about to go, and SQLite may give the ids to others.
    """
    for link in (shares, project_objects, t.favorites):
        connection.execute(link.delete().where(link.c.kind == kind, link.c.object_id.in_(ids)))
    types = [word for word, noun in TYPES.items() if noun.kind is kind]
    connection.execute(t.aliases.delete().where(t.aliases.c.object_type.in_(types), t.aliases.c.object_id.in_(ids)))


def ids_of_owner(connection: Connection, kind: Kind, owner_id: int) -> list[int]:
    """The objects of a kind that are a user's own."""
    table = TABLES[kind]
    return list(connection.execute(select(table.c.id).where(table.c.owner_id == owner_id)).scalars())


def on_shelf(noun: Noun, *, archived: bool | None, hidden: bool | None) -> list[sa.ColumnElement[bool]]:
    """What is archived or hidden, what is not, or both (None)."""
    table = table_of(noun)
    wanted = ((table.c.archived, archived), (table.c.hidden, hidden))
    return [column if value else sa.not_(column) for column, value in wanted if value is not None]


def by_author(noun: Noun, author: str) -> sa.ColumnElement[bool]:
    """What belongs to one of these users, named by id, username or e-mail, with commas between."""
    return table_of(noun).c.owner_id.in_(ids_of_users(author))


def ids_of_users(named: str) -> sa.Select[Any]:
    """The ids of these users, named by id, username or e-mail, with commas between."""
    names = [name.strip() for name in named.split(",") if name.strip()]
    numbers = [int(name) for name in names if name.isascii() and name.isdigit() and len(name) < 10]
    called = sa.or_(users.c.username.in_(names), users.c.email.in_([name.lower() for name in names]))
    return select(users.c.id).where(sa.or_(users.c.id.in_(numbers), called))


def named_like(noun: Noun, text: str) -> sa.ColumnElement[bool]:
    """What has this text in its name, in capitals or small letters."""
    return table_of(noun).c.name.icontains(text, autoescape=True)


def count(connection: Connection, noun: Noun, matches: Matches) -> int:
    """How many of the noun's objects match."""
    statement = select(sa.func.count()).select_from(table_of(noun)).where(*narrowed(noun), *matches)
    return connection.execute(statement).scalar_one()


def ids_of_page(
    connection: Connection, noun: Noun, matches: Matches, page: Page, by: sa.ColumnElement[Any] | None = None
) -> list[int]:
    """The ids of one page of the noun's objects that match, in the page's order or that of `by`; a tie goes by id."""
    table = table_of(noun)
    column = by if by is not None else table.c.get(page.order or "", table.c.id)
    order = (column.asc(), table.c.id.asc()) if page.order_dir == "asc" else (column.desc(), table.c.id.desc())
    statement = select(table.c.id).where(*narrowed(noun), *matches).order_by(*order)
    return list(connection.execute(statement.limit(page.limit).offset(page.offset)).scalars())


def list_shares(connection: Connection, kind: Kind, object_id: int) -> list[Share]:
    """Who may do what with an object besides its owner, each once with the most they may; users and then groups."""
    direct = (sa.null(), sa.and_(shares.c.kind == kind, shares.c.object_id == object_id))
    in_projects = (
        select(project_objects.c.project_id)
        .join(projects, projects.c.id == project_objects.c.project_id)
        .where(project_objects.c.kind == kind, project_objects.c.object_id == object_id, projects.c.auto_share)
    )
    through = (shares.c.object_id, sa.and_(shares.c.kind == Kind.PROJECT, shares.c.object_id.in_(in_projects)))
    best: dict[tuple[int | None, int | None], Share] = {}
    for project_id, matches in (direct, through):
        statement = (
            select(shares.c.level, shares.c.user_id, shares.c.group_id, users.c.name, groups.c.name, project_id)
            .outerjoin(users, users.c.id == shares.c.user_id)
            .outerjoin(groups, groups.c.id == shares.c.group_id)
            .where(matches)
        )
        for level, user_id, group_id, user, group, project in connection.execute(statement):
            share = Share(
                level=Level(level), user_id=user_id, group_id=group_id, name=user or group, project_id=project
            )
            known = best.get((user_id, group_id))
            if known is None or share.level > known.level:
                best[user_id, group_id] = share
    for owner in connection.execute(
        select(projects.c.owner_id, users.c.name, projects.c.id)
        .join(users, users.c.id == projects.c.owner_id)
        .where(projects.c.id.in_(in_projects))
    ):
        best[owner[0], None] = Share(level=Level.MANAGE, user_id=owner[0], name=owner[1], project_id=owner[2])
    return sorted(best.values(), key=lambda share: (share.group_id is not None, share.name, share.user_id or 0))


def put_share(connection: Connection, kind: Kind, object_id: int, level: Level, **grantee: int) -> None:
    """Let a user or a group (`user_id` or `group_id`) do so much with an object, in place of what they might before."""
    delete_share(connection, kind, object_id, **grantee)
    connection.execute(shares.insert().values(kind=kind, object_id=object_id, level=int(level), **grantee))


def delete_share(connection: Connection, kind: Kind, object_id: int, **grantee: int) -> bool:
    """Take back what a user or a group may do. Whether there was anything."""
    matches = [shares.c[name] == value for name, value in grantee.items()]
    statement = shares.delete().where(shares.c.kind == kind, shares.c.object_id == object_id, *matches)
    return connection.execute(statement).rowcount > 0
